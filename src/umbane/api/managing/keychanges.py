"""Changes of a meter's key: planned, settled when something shows that the tokens went in, or abandoned."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.meters import KeyOut, MeterOut, Revision, key_named, key_out, meter_out
from umbane.api.managing.writing import once, reason_of
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.registry import Scope, abandon_keys, key_events, meter, plan_keys, settle_keys

__all__ = ["OPERATIONS"]


class Plan(Revision, frozen=True, kw_only=True, tag="plan", tag_field="kind"):
    """Say which key it is to have; a plan that led to no tokens yet is replaced."""

    reason: wire.Reason


class Settle(wire.Asked, frozen=True, tag="settle", tag_field="kind"):
    """Say that it has the key whose tokens are out."""

    evidence: Annotated[str, Meta(min_length=1, max_length=200, description="what shows it")]


class Abandon(wire.Asked, frozen=True, tag="abandon", tag_field="kind"):
    """Say that it keeps the key it has."""

    reason: wire.Reason


class KeyChangeIn(wire.Asked, frozen=True):
    """What becomes of a meter's key."""

    change: Plan | Settle | Abandon


class KeyEventOut(wire.Told, frozen=True):
    """One step of a change of key."""

    at: datetime
    by: str
    event: Annotated[str, Meta(description="planned, issued, settled or abandoned")]
    words: Annotated[str, Meta(description="the evidence, or the reason")]
    key: KeyOut


class KeyEventsOut(wire.Told, frozen=True):
    """Every step of every change of a meter's key, in their order."""

    items: list[KeyEventOut]


async def change_key(desk: Desk, call: Call) -> Reply:
    """Take a step of a change of key."""
    meter_id, now = call.id("meter_id"), desk.now()

    async def work(tx: Connection, scope: Scope) -> MeterOut:
        await step(tx, scope, meter_id, call.body.change, now)
        return await meter_out(tx, scope.utility_id, await meter(tx, scope.utility_id, meter_id))

    return await once(desk, call, MeterOut, work)


async def step(tx: Connection, scope: Scope, meter_id: UUID, change: Plan | Settle | Abandon, now: datetime) -> None:
    """Plan, settle or abandon a key."""
    match change:
        case Plan():
            key = await key_named(tx, scope, change)
            await plan_keys(tx, scope, [meter_id], [key], now, reason_of(change.reason))
        case Settle():
            await settle_keys(tx, scope, [meter_id], now, reason_of(change.evidence))
        case Abandon():
            await abandon_keys(tx, scope, [meter_id], now, reason_of(change.reason))


async def events(desk: Desk, call: Call) -> Reply:
    """What became of a meter's keys."""
    house, meter_id = call.who.utility_id, call.id("meter_id")
    async with desk.database.reading() as connection:
        await meter(connection, house, meter_id)
        found = await key_events(connection, house, meter_id)
    return Reply(KeyEventsOut([KeyEventOut(it.at, it.by, it.event, it.words, key_out(it.key)) for it in found]))


KEYS: Final = "/v1/registry/meters/{meter_id}/key-changes"

OPERATIONS: Final = (
    Operation("key_changes", "GET", KEYS, "What became of a meter's keys", events, {200: KeyEventsOut},
        (Right.READ_REGISTRY,), problems=(404, 422)),
    Operation("change_key", "POST", KEYS, "Plan, settle or abandon a change of a meter's key", change_key,
        {201: MeterOut, 200: MeterOut}, (Right.CHANGE_KEYS,), KeyChangeIn, problems=(404, 409, 422), keyed=True),
)  # fmt: skip
