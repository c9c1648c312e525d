"""Entries of the log: what they say, in bytes that can be written in one way only.

An entry is a JSON object: ASCII, its names in the order of the alphabet, no spaces, no fractions. So whoever knows what
an entry says knows its bytes, and with them its leaf.

What isn't for every reader of the log, such as the digits of a token, is *sealed*: the entry has the SHA-256 hash of a
salt and the value. The salt is kept beside the entry and never exported. Whoever is given one salt and the value can
check that one, and learns nothing of any other.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from umbane.errors import InputError, shown

__all__ = ["SALT_BYTES", "Fact", "canonical", "entries_of", "moment", "seal", "sealed_in", "written"]

SALT_BYTES: Final = 16
SEALED: Final = "sealed"
"""The name of what is sealed."""

Value = str | int | bool | None | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is to stand in the log.

    Attributes:
        kind: what happened, such as "approval".
        at: when, with its zone.
        says: whatever else it says, without the names "kind", "at" and "sealed".
        secret: bytes that are sealed, if anything is.
    """

    kind: str
    at: datetime
    says: Mapping[str, Value] = field(default_factory=dict)
    secret: bytes | None = field(default=None, repr=False)


def canonical(value: Value) -> bytes:
    """The one way to write a value.

    Raises:
        InputError: it holds something else than texts, whole numbers, truth, nothing, lists, and objects.
    """
    require_plain(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def require_plain(value: object) -> None:
    """Refuse what could be written in two ways."""
    match value:
        case str() | int() | None:  # True and False are whole numbers to Python
            return
        case list() | tuple():
            for it in value:
                require_plain(it)
        case dict() if all(isinstance(name, str) for name in value):
            for it in value.values():
                require_plain(it)
        case _:
            raise InputError("entry", f"{shown(value)} can't stand in it", "texts, whole numbers, lists and objects")


def moment(at: datetime) -> str:
    """A moment as entries have it: in UTC, to the microsecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def seal(salt: bytes, value: bytes) -> str:
    """What stands in an entry for a value that isn't for every reader."""
    return sha256(salt + value).hexdigest()


def written(facts: Sequence[Fact], chance: Callable[[int], bytes]) -> tuple[list[bytes], bytes]:
    """Entries as bytes, and the salts of what is sealed in them, one after the other.

    Args:
        facts: what is to be written.
        chance: so many random bytes.
    """
    entries, salts = [], b""
    for fact in facts:
        said: dict[str, Value] = {**fact.says, "kind": fact.kind, "at": moment(fact.at)}
        if fact.secret is not None:
            salt = chance(SALT_BYTES)
            salts += salt
            said[SEALED] = seal(salt, fact.secret)
        entries.append(canonical(said))
    return entries, salts


def entries_of(batch: bytes) -> list[bytes]:
    """The entries that were written together: a line each."""
    return batch.split(b"\n")


def sealed_in(said: Mapping[str, Any]) -> list[str]:
    """What is sealed in an entry, in the order of the salts."""
    parts = [said, *said.get("tokens", ())]
    return [part[SEALED] for part in parts if SEALED in part]
