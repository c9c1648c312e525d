"""A meter's change of key: planned, issued as tokens, settled when something shows that they went in, or abandoned.

Until it is settled nobody knows which of two keys the meter has, so both are kept. All works on many meters at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from umbane.audit import Fact, append
from umbane.db import Connection, Table, columns
from umbane.registry.errors import NotFoundError, TransitionError
from umbane.registry.keys import KeyParameters, KeyPhase, key_parameters
from umbane.registry.models import MeterState
from umbane.registry.roles import Scope
from umbane.registry.store import KEY_COLUMNS, explained

__all__ = ["KeyEvent", "abandon_keys", "key_events", "mark_issued", "plan_keys", "settle_keys"]

WANTED: Final = Table("", {"id": "uuid"} | dict.fromkeys(KEY_COLUMNS, "integer"))
EVENTS: Final = Table(
    "registry.key_event",
    {"utility_id": "uuid", "meter_id": "uuid", "at": "timestamptz", "by": "text", "event": "text"}
    | dict.fromkeys(KEY_COLUMNS, "integer")
    | {"words": "text"},
)
EVENT_WIDTH: Final = 6 + len(KEY_COLUMNS)
PENDING: Final = ", ".join(f"pending_{it}" for it in KEY_COLUMNS)
HELD: Final = f"""
SELECT id, pan, state, key_phase, {PENDING}
FROM registry.meter WHERE utility_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE"""  # noqa: S608 - our columns
AWAITING: Final = f"""
UPDATE registry.meter m SET key_phase = $9, {", ".join(f"pending_{it} = new.{it}" for it in KEY_COLUMNS)}
FROM {WANTED.rows} WHERE m.utility_id = $8 AND m.id = new.id"""  # noqa: S608 - our columns
CLEARING: Final = f"""
UPDATE registry.meter SET key_phase = 'settled', {", ".join(f"pending_{it} = NULL" for it in KEY_COLUMNS)}
WHERE utility_id = $1 AND id = ANY($2)"""  # noqa: S608 - our columns
SETTLING: Final = CLEARING.replace("SET", f"SET {', '.join(f'{it} = pending_{it}' for it in KEY_COLUMNS)},", 1)
HISTORY: Final = f"""
SELECT at, by, event, words, {", ".join(KEY_COLUMNS)}
FROM registry.key_event WHERE utility_id = $1 AND meter_id = $2 ORDER BY id"""  # noqa: S608 - our columns


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One step of a meter's change of key.

    Attributes:
        at, by: when, and by whom.
        event: planned, issued, settled or abandoned.
        words: the evidence, or the reason.
        key: the key that it is about.
    """

    at: datetime
    by: str
    event: str
    words: str
    key: KeyParameters


async def plan_keys(  # noqa: PLR0913, PLR0917 - which, what, when, why
    tx: Connection,
    scope: Scope,
    meter_ids: Sequence[UUID],
    keys: Sequence[KeyParameters],
    at: datetime,
    reason: str,
) -> None:
    """Say which key each meter is to have; a plan that led to no tokens yet is replaced.

    Raises:
        NotFoundError: there is no such meter or supply group.
        TransitionError: a meter is scrapped, or its key-change tokens are out.
    """
    held = await _held(tx, scope, meter_ids)
    _require(held, {KeyPhase.SETTLED, KeyPhase.PLANNED}, "has key-change tokens out: settle or abandon them first")
    await _await(tx, scope, meter_ids, keys, KeyPhase.PLANNED)
    await _note(tx, scope, meter_ids, keys, at, KeyPhase.PLANNED, reason)


async def mark_issued(  # noqa: PLR0913, PLR0917 - which, what, when, why
    tx: Connection,
    scope: Scope,
    meter_ids: Sequence[UUID],
    keys: Sequence[KeyParameters],
    at: datetime,
    words: str,
) -> None:
    """Say that the tokens for these keys are out. Printing the same ones again is nothing new.

    Raises:
        NotFoundError: there is no such meter or supply group.
        TransitionError: a meter is scrapped, or tokens for another key are out.
    """
    held = await _held(tx, scope, meter_ids)
    fresh = []
    for meter_id, key in zip(meter_ids, keys, strict=True):
        row = held[meter_id]
        if row["key_phase"] != KeyPhase.ISSUED:
            fresh.append((meter_id, key))
        elif _pending(row) != key:
            raise TransitionError(f"meter {row['pan']} has tokens out for another key: settle or abandon them first")
    _require({it: held[it] for it, _ in fresh}, {KeyPhase.SETTLED, KeyPhase.PLANNED}, "")
    ids, wanted = [it[0] for it in fresh], [it[1] for it in fresh]
    await _await(tx, scope, ids, wanted, KeyPhase.ISSUED)
    await _note(tx, scope, ids, wanted, at, KeyPhase.ISSUED, words)


async def settle_keys(tx: Connection, scope: Scope, meter_ids: Sequence[UUID], at: datetime, evidence: str) -> None:
    """Say that meters have the key that was issued for them, because something shows it: it becomes the current one.

    Raises:
        NotFoundError: there is no such meter.
        TransitionError: no tokens are out for one.
    """
    held = await _held(tx, scope, meter_ids)
    _require(held, {KeyPhase.ISSUED}, "has no key-change tokens out")
    await tx.execute(SETTLING, scope.utility_id, [*meter_ids])
    await _note(tx, scope, meter_ids, [_pending(held[it]) for it in meter_ids], at, KeyPhase.SETTLED, evidence)


async def abandon_keys(tx: Connection, scope: Scope, meter_ids: Sequence[UUID], at: datetime, reason: str) -> None:
    """Say that meters keep the key they have: the tokens were never made, or never went in.

    Raises:
        NotFoundError: there is no such meter.
        TransitionError: no other key is meant for one.
    """
    held = await _held(tx, scope, meter_ids)
    _require(held, {KeyPhase.PLANNED, KeyPhase.ISSUED}, "has no other key to come")
    await tx.execute(CLEARING, scope.utility_id, [*meter_ids])
    await _note(tx, scope, meter_ids, [_pending(held[it]) for it in meter_ids], at, "abandoned", reason)


async def key_events(connection: Connection, utility_id: UUID, meter_id: UUID) -> list[KeyEvent]:
    """Every step of every change of a meter's key, in their order."""
    rows = await connection.fetch(HISTORY, utility_id, meter_id)
    return [KeyEvent(at, by, event, words, key_parameters(*key)) for at, by, event, words, *key in rows]


async def _held(tx: Connection, scope: Scope, meter_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """The meters of these ids, which nobody else changes until the transaction ends."""
    held = {row["id"]: row for row in await tx.fetch(HELD, scope.utility_id, [*meter_ids])}
    if missing := next((it for it in meter_ids if it not in held), None):
        raise NotFoundError("meter", missing)
    return held


def _require(held: Mapping[UUID, asyncpg.Record], phases: set[KeyPhase], otherwise: str) -> None:
    """Raise unless every meter is in one of these phases and still exists."""
    for row in held.values():
        if row["state"] == MeterState.SCRAPPED:
            raise TransitionError(f"meter {row['pan']} is scrapped")
        if row["key_phase"] not in phases:
            raise TransitionError(f"meter {row['pan']} {otherwise}")


def _pending(row: asyncpg.Record) -> KeyParameters:
    return key_parameters(*(row[f"pending_{it}"] for it in KEY_COLUMNS))


async def _await(
    tx: Connection, scope: Scope, meter_ids: Sequence[UUID], keys: Sequence[KeyParameters], phase: KeyPhase
) -> None:
    """Let keys be pending for meters."""
    rows = [(meter_id, *key.columns()) for meter_id, key in zip(meter_ids, keys, strict=True)]
    with explained():
        await tx.execute(AWAITING, *columns(rows, 1 + len(KEY_COLUMNS)), scope.utility_id, phase)


async def _note(  # noqa: PLR0913, PLR0917 - a row's columns
    tx: Connection,
    scope: Scope,
    meter_ids: Sequence[UUID],
    keys: Sequence[KeyParameters],
    at: datetime,
    event: str,
    words: str,
) -> None:
    """Add events to the record, and tell the log."""
    rows = [
        (scope.utility_id, meter_id, at, scope.by, event, *key.columns(), words)
        for meter_id, key in zip(meter_ids, keys, strict=True)
    ]
    await EVENTS.insert(tx, *columns(rows, EVENT_WIDTH))
    says = {"utility": str(scope.utility_id), "by": scope.by, "event": str(event), "words": words}
    await append(tx, [
        Fact("key_change", at, says | {"meter": str(meter_id), "key": str(key)})
        for meter_id, key in zip(meter_ids, keys, strict=True)
    ])  # fmt: skip
