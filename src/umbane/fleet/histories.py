"""What a meter was at any instant, and everything that happened to it, or at a place.

It is put together from what nobody can change: the registry's record, whoever wrote there, events, and steps of keys. A
change that an event told counts from when it happened, any other from when it was written down. What was taken back
never was.
"""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from umbane.db import Connection
from umbane.registry import KeyParameters, Meter, MeterState, key_events, meter_by_number, service_point, utility

__all__ = ["MeterAt", "Step", "meter_at", "meter_history", "place_history"]

RECORDED: Final = """
SELECT c.id, c.action, c.by, c.details, coalesce(e.at, c.at) AS at, e.message_id, e.body ->> 'reason' AS reason,
    e.contra_of IS NOT NULL OR b.id IS NOT NULL AS undone
FROM registry.change c
LEFT JOIN fleet.event e ON e.utility_id = c.utility_id AND (e.meter_id = c.object OR e.other_id = c.object)
    AND c.id = ANY (e.changes)
LEFT JOIN fleet.event b ON b.utility_id = e.utility_id AND b.contra_of = e.id
WHERE c.utility_id = $1 AND c.object = $2 AND c.details ? 'state' ORDER BY c.id"""
CAME: Final = """
SELECT coalesce((SELECT e.at FROM fleet.event e WHERE e.utility_id = $1 AND e.meter_id = $2 AND e.kind = 'stock'), c.at)
FROM registry.meter m JOIN registry.change c ON c.id = m.added_by WHERE m.utility_id = $1 AND m.id = $2"""
SERVED: Final = """
SELECT k.id, k.account_no, u.name FROM registry.contract k
JOIN registry.customer u ON u.utility_id = k.utility_id AND u.id = k.customer_id
WHERE k.utility_id = $1 AND k.service_point_id = $2 AND k.opened <= $3 AND (k.closed IS NULL OR k.closed >= $3)
ORDER BY k.opened DESC, k.id DESC LIMIT 1"""
AT_PLACE: Final = """
SELECT e.at, e.by, e.kind, e.message_id, e.body ->> 'reason' AS reason, m.drn, o.drn AS other, e.left_id = $2 AS leaves,
    e.contra_of IS NOT NULL OR b.id IS NOT NULL AS undone
FROM fleet.event e JOIN registry.meter m ON m.utility_id = e.utility_id AND m.id = e.meter_id
LEFT JOIN registry.meter o ON o.utility_id = e.utility_id AND o.id = e.other_id
LEFT JOIN fleet.event b ON b.utility_id = e.utility_id AND b.contra_of = e.id
WHERE e.utility_id = $1 AND (e.service_point_id = $2 OR e.left_id = $2) ORDER BY e.at, e.id"""


class MeterAt(Struct, frozen=True):
    """A meter at an instant.

    Attributes:
        pan: the 18 digits of its number.
        model: of it.
        state: what had become of it.
        since: when it came into that state and place, as far as the record goes.
        service_point_id: where it hung; None for one that hung nowhere.
        address: of that place.
        contract_id, account, customer: who paid there; None for a vacant place.
        key: that it was known to have; None for a time before the first change of key that is on record.
    """

    pan: str
    model: str | None
    state: MeterState
    since: datetime
    service_point_id: UUID | None
    address: str | None
    contract_id: UUID | None
    account: str | None
    customer: str | None
    key: KeyParameters | None


class Step(Struct, frozen=True):
    """One line of a history.

    Attributes:
        at: when it happened.
        by: who wrote it down.
        what: what happened, in few words.
        reason: why, or by which evidence.
        event: under which id it was told, if it was an event.
        undone: whether it was taken back, or takes something back.
    """

    at: datetime
    by: str
    what: str
    reason: str
    event: str | None = None
    undone: bool = False


async def meter_at(connection: Connection, utility_id: UUID, number: str, instant: datetime) -> MeterAt | None:
    """What a meter was at an instant, as it is known today; None before it was known at all.

    Raises:
        StsInputError, NotFoundError: it is no number, or the utility has no such meter.
    """
    it = await meter_by_number(connection, utility_id, number)
    changes = [row for row in await connection.fetch(RECORDED, utility_id, it.id) if not row["undone"]]
    came = await known_since(connection, utility_id, it, changes)
    if instant < came:
        return None
    state, place, since = standing(it, came, changes, instant)
    day = instant.astimezone((await utility(connection, utility_id)).zone).date()
    served = await connection.fetchrow(SERVED, utility_id, place, day) if place else None
    key = await key_at(connection, utility_id, it, instant)
    payer, account, customer = served or (None, None, None)
    address = (await service_point(connection, utility_id, place)).address if place else None
    return MeterAt(it.pan.digits, it.model, state, since, place, address, payer, account, customer, key)


async def known_since(connection: Connection, utility_id: UUID, it: Meter, changes: list[asyncpg.Record]) -> datetime:
    """Since when anything is known of a meter: it was stocked or registered, or told of earlier."""
    came: datetime = await connection.fetchval(CAME, utility_id, it.id)
    told: list[datetime] = [row["at"] for row in changes]
    return min([came, *told])


def standing(
    it: Meter, came: datetime, changes: list[asyncpg.Record], instant: datetime
) -> tuple[MeterState, UUID | None, datetime]:
    """State and place of a meter at an instant, and since when, from the record of its changes."""
    if not changes:
        return it.state, it.service_point_id, came
    first = json.loads(changes[0]["details"])
    state, place, since = first["state"][0], first["service_point_id"][0], came
    for row in changes:
        if row["at"] <= instant:
            details = json.loads(row["details"])
            state, place, since = details["state"][1], details["service_point_id"][1], row["at"]
    return MeterState(state), UUID(place) if place else None, since


async def key_at(connection: Connection, utility_id: UUID, it: Meter, instant: datetime) -> KeyParameters | None:
    """The key that a meter was known to have at an instant."""
    settled = [step for step in await key_events(connection, utility_id, it.id) if step.event == "settled"]
    before = [step for step in settled if step.at <= instant]
    if before:
        return before[-1].key
    return None if settled else it.key


async def meter_history(connection: Connection, utility_id: UUID, number: str) -> list[Step]:
    """Everything that happened to a meter, in its order.

    Raises:
        StsInputError, NotFoundError: it is no number, or the utility has no such meter.
    """
    it = await meter_by_number(connection, utility_id, number)
    changes = await connection.fetch(RECORDED, utility_id, it.id)
    steps = [Step(await known_since(connection, utility_id, it, changes), "registry", "became known", "")]
    for row in changes:
        details: dict[str, Any] = json.loads(row["details"])
        what = f"{row['action'].removeprefix('meter.')}: {details['state'][0]} → {details['state'][1]}"
        reason = row["reason"] or details.get("reason", "")
        steps.append(Step(row["at"], row["by"], what, reason, row["message_id"], row["undone"]))
    keys = await key_events(connection, utility_id, it.id)
    steps += [Step(key.at, key.by, f"key {key.event}: {key.key}", key.words) for key in keys]
    return sorted(steps, key=lambda step: step.at)


async def place_history(connection: Connection, utility_id: UUID, service_point_id: UUID) -> list[Step]:
    """The events at a place, in their order: which meters came and went, and who moved in."""
    rows = await connection.fetch(AT_PLACE, utility_id, service_point_id)
    return [Step(row["at"], row["by"], _at_place(row), row["reason"], row["message_id"], row["undone"]) for row in rows]


def _at_place(row: asyncpg.Record) -> str:
    """What happened, as seen from a place."""
    other = f" by {row['other']}" if row["other"] else ""
    leaves = " (to another place)" if row["leaves"] else ""
    return f"{row['kind'].replace('_', ' ')}: {row['drn']}{other}{leaves}"
