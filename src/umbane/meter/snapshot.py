"""A meter as JSON values, and back: everything that `step` needs to go on as if nothing had been."""

from dataclasses import replace
from typing import Final, cast

from umbane.errors import shown
from umbane.meter.config import MeterConfig
from umbane.meter.errors import SnapshotError
from umbane.meter.schema import Json, from_json, read_record, to_json
from umbane.meter.soundness import require_sound
from umbane.meter.state import State
from umbane.meter.validation import fingerprint
from umbane.sts import DecoderKey, StaTables

__all__ = ["Snapshot", "read_snapshot", "write_snapshot"]

Snapshot = dict[str, Json]

FORMAT: Final = "umbane.meter"
VERSION: Final = 1
LONGEST_KEY: Final = 32
"""Hexadecimal digits of 128 bits."""

FIELDS: Final = ("format", "version", "config", "state", "fingerprint", "key_bits")


def write_snapshot(config: MeterConfig, state: State, *, include_key: bool) -> Snapshot:
    """The meter as JSON values; without its key's bits, unless they are asked for."""
    described = to_json(state)
    key = cast("dict[str, Json]", cast("dict[str, Json]", described)["key"])
    bits = key.pop("value")
    return {
        "format": FORMAT,
        "version": VERSION,
        "config": to_json(config),
        "state": described,
        "fingerprint": fingerprint(state.key),
        "key_bits": f"{bits:x}" if include_key else None,
    }


def read_snapshot(data: object, key: DecoderKey | None, tables: StaTables) -> tuple[MeterConfig, State]:
    """The meter of a snapshot.

    Raises:
        SnapshotError: it isn't one, or not of this key; ``field`` is the path to what is wrong.
    """
    snapshot = opened(data)
    config = cast("MeterConfig", from_json(MeterConfig, snapshot["config"], "config"))
    state = cast("State", read_record(State, with_key_bits(snapshot, key), "state"))
    if snapshot["fingerprint"] != fingerprint(state.key):
        raise SnapshotError("fingerprint", "it is of another key", "give the key that is in this meter")
    require_sound(config, state, tables)
    state.log = state.log._replace(events=replace(state.log.events, capacity=config.log_capacity))
    intervals = replace(state.profile.intervals, capacity=config.profile.capacity)
    state.profile = state.profile._replace(intervals=intervals)
    return config, state


def opened(data: object) -> dict[str, object]:
    """The fields of a snapshot, after a look at what it says it is."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise SnapshotError("format", f"{shown(data)} is no snapshot of a meter", "give what snapshot() gave")
    if data.get("version") != VERSION:
        raise SnapshotError("version", f"{shown(data.get('version'))} isn't known", f"give one of version {VERSION}")
    for name in FIELDS:
        if name not in data:
            raise SnapshotError(name, "it is missing", "give a complete snapshot")
    return data


def with_key_bits(snapshot: dict[str, object], key: DecoderKey | None) -> dict[str, object]:
    """The state with the key's bits in their place: those in the snapshot, or those of the key that was given."""
    state = snapshot["state"]
    if not isinstance(state, dict) or not isinstance(register := state.get("key"), dict):
        raise SnapshotError("state.key", "it is missing", "give a complete snapshot")
    return state | {"key": register | {"value": bits_of(snapshot["key_bits"]) if key is None else key.value}}


def bits_of(text: object) -> int:
    """The key's bits from their hexadecimal digits; an error doesn't repeat them."""
    if text is None:
        raise SnapshotError("key_bits", "the snapshot holds no key", "give the meter's decoder key")
    if not isinstance(text, str) or len(text) > LONGEST_KEY or not set(text) <= set("0123456789abcdef") or not text:
        raise SnapshotError("key_bits", "they aren't hexadecimal digits", "give what snapshot() gave")
    return int(text, 16)
