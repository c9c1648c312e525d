"""Who changed what: rows are added beside every change, in its transaction, and nobody can touch them again.

Each is an entry of the log too. There what is said of people and their accounts is sealed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from umbane.audit import Fact, append
from umbane.db import Connection, Table
from umbane.registry.roles import Scope

__all__ = ["Change", "differences", "history", "record", "record_addition"]

CHANGES: Final = Table(
    "registry.change", {"utility_id": "uuid", "by": "text", "action": "text", "object": "uuid", "details": "jsonb"}
)
ADDED: Final = ("customer", "service_point", "contract", "meter", "vendor", "terminal")
"""Tables whose rows name the change that added them, many at a time."""

PRIVATE: Final = frozenset({"contract", "customer", "service_point"})
"""What changes of these say isn't for every reader of the log."""

NOW: Final = "SELECT now()"
ADDITION: Final = """
INSERT INTO registry.change (utility_id, by, action, details) VALUES ($1, $2, $3, $4) RETURNING id"""
ADDITIONS: Final = " UNION ALL ".join(
    f"SELECT added_by FROM registry.{it} WHERE utility_id = $1 AND id = $2"  # noqa: S608 - our tables
    for it in ADDED
)
HISTORY: Final = f"""
SELECT at, by, action, details FROM registry.change
WHERE utility_id = $1 AND (object = $2 OR id IN ({ADDITIONS})) ORDER BY id"""  # noqa: S608 - our tables


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the record.

    Attributes:
        at: when.
        by: who.
        action: what was done: "meter.install".
        details: what was different before and after, or whatever else says what happened.
    """

    at: datetime
    by: str
    action: str
    details: Mapping[str, Any]


async def record(tx: Connection, scope: Scope, action: str, changes: Iterable[tuple[UUID, Mapping[str, Any]]]) -> None:
    """Write down what was done to things, each by its id and with details."""
    listed = list(changes)
    ids, details = [it[0] for it in listed], [json.dumps(it[1], default=str) for it in listed]
    count = len(listed)
    await CHANGES.insert(tx, [scope.utility_id] * count, [scope.by] * count, [action] * count, ids, details)
    await tell(tx, scope, action, [(str(id_), text) for id_, text in zip(ids, details, strict=True)])


async def record_addition(tx: Connection, scope: Scope, action: str, details: Mapping[str, Any]) -> int:
    """Write down that many things were added at once; answer the number by which they name this."""
    text = json.dumps(details, default=str)
    number: int = await tx.fetchval(ADDITION, scope.utility_id, scope.by, action, text)
    await tell(tx, scope, action, [(None, text)])
    return number


async def tell(tx: Connection, scope: Scope, action: str, changes: Sequence[tuple[str | None, str]]) -> None:
    """Tell the log of changes: each by the id of what was changed, if it is one thing, and its details as JSON."""
    at: datetime = await tx.fetchval(NOW)
    await append(tx, [change_fact(scope, action, at, thing, text) for thing, text in changes])


async def tell_many(tx: Connection, scope: Scope, action: str, count: int, reason: str) -> None:
    """Tell the log of one act on many things, which a statement wrote down for each; of none it is told nothing."""
    if count:
        await tell(tx, scope, action, [(None, json.dumps({"count": count, "reason": reason}))])


def change_fact(scope: Scope, action: str, at: datetime, thing: str | None, text: str) -> Fact:
    """A change as the log has it."""
    says = {"utility": str(scope.utility_id), "by": scope.by, "action": action, "object": thing}
    if action.partition(".")[0] in PRIVATE:
        return Fact("change", at, says, text.encode())
    return Fact("change", at, says | {"details": json.loads(text, parse_float=str)})


def differences(before: object, after: object) -> dict[str, list[Any]]:
    """The fields in which two values of one type differ, each with what it was and what it is."""
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in before.__slots__)  # type: ignore[attr-defined] # a slotted dataclass
    return {name: [was, now] for name, was, now in pairs if was != now}


async def history(connection: Connection, utility_id: UUID, thing: UUID) -> list[Change]:
    """Everything that was done to one thing of a utility, in its order."""
    rows = await connection.fetch(HISTORY, utility_id, thing)
    return [Change(at, by, action, json.loads(details)) for at, by, action, details in rows]
