"""Meters: added to the store, hung, blocked, replaced, removed, scrapped."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.paging import PageQuery, Text, one_page
from umbane.api.managing.writing import once, reason_of
from umbane.api.rights import Right
from umbane.db import Connection, new_ids
from umbane.registry import (
    KeyParameters,
    Meter,
    NotFoundError,
    Scope,
    add_meters,
    block_meter,
    install_meter,
    key_revisions,
    meter,
    pan_of,
    remove_meter,
    replace_meter,
    restock_meter,
    scrap_meter,
    texts,
    unblock_meter,
)
from umbane.registry.keys import year_of
from umbane.registry.listing import METERS
from umbane.sts import EA, KRN, KT, SGC, TCT, TI, BaseDate, MeterPAN
from umbane.vending import last_minutes

__all__ = ["OPERATIONS", "KeyOut", "MeterOut", "Revision", "key_named", "key_out", "meter_out"]

Small = Annotated[int, Meta(ge=0, le=999)]


class Revision(wire.Asked, frozen=True, kw_only=True):
    """A key by its name."""

    sgc: Annotated[str, Meta(pattern=r"^[0-9]{6}$(?!\n)", description="supply group code")]
    krn: Annotated[int, Meta(ge=1, le=9)]
    ti: Annotated[int, Meta(ge=0, le=99)]
    kt: Annotated[int, Meta(ge=1, le=3)] = int(KT.DUTK)


class MeterIn(Revision, frozen=True, kw_only=True):
    """A meter for the store, with the key that its maker gave it."""

    number: wire.MeterNumber
    ea: Small = int(EA.STA)
    tct: Small = int(TCT.NUMERIC)
    model: Text | None = None


class Install(wire.Asked, frozen=True, tag="install", tag_field="kind"):
    """Hang it at a place; it serves the contract that is open there."""

    service_point_id: UUID


class Block(wire.Asked, frozen=True, tag="block", tag_field="kind"):
    """Sell nothing to it."""

    reason: wire.Reason


class Unblock(wire.Asked, frozen=True, tag="unblock", tag_field="kind"):
    """Sell to it again."""

    reason: wire.Reason


class Replace(wire.Asked, frozen=True, tag="replace", tag_field="kind"):
    """Take it down and hang another one in its place."""

    new_meter_id: UUID
    reason: wire.Reason


class Remove(wire.Asked, frozen=True, tag="remove", tag_field="kind"):
    """Take it down."""

    reason: wire.Reason


class Restock(wire.Asked, frozen=True, tag="restock", tag_field="kind"):
    """Put it back into the store."""


class Scrap(wire.Asked, frozen=True, tag="scrap", tag_field="kind"):
    """Put it away for ever."""

    reason: wire.Reason


class MoveIn(wire.Asked, frozen=True):
    """What becomes of a meter."""

    move: Install | Block | Unblock | Replace | Remove | Restock | Scrap


class KeyOut(wire.Told, frozen=True):
    """Everything about a decoder key but the key."""

    sgc: str
    krn: int
    ti: int
    kt: int
    base_date: int
    ken: int


class MeterOut(wire.Told, frozen=True):
    """A meter."""

    id: UUID
    pan: Annotated[str, Meta(description="18 digits")]
    number: Annotated[str, Meta(description="11 or 13 digits, as they stand on it")]
    state: str
    model: str | None
    ea: int
    tct: int
    key: KeyOut
    key_phase: Annotated[str, Meta(description="how far a change of its key is: settled, planned, issued")]
    pending: Annotated[KeyOut | None, Meta(description="the key it is to have, or may have already")]
    service_point_id: UUID | None
    contract_id: UUID | None
    last_tid: Annotated[datetime | None, Meta(description="the minute of its last token; it may lie ahead")]


class MetersPage(wire.Told, frozen=True):
    """A page of meters."""

    items: list[MeterOut]
    next_cursor: str | None


class AllMetersQuery(PageQuery, frozen=True):
    """Which meters?"""

    number: wire.MeterNumber | UnsetType = UNSET
    state: Literal["stocked", "installed", "blocked", "removed", "scrapped"] | None = None
    service_point_id: UUID | None = None
    contract_id: UUID | None = None


async def meters(desk: Desk, call: Call) -> Reply:
    """A page of them."""
    query: AllMetersQuery = call.query
    pan = None if query.number is UNSET else pan_of(query.number)
    where = {"service_point_id": query.service_point_id, "contract_id": query.contract_id}
    found, following = await one_page(desk, call, METERS, state=query.state, pan=pan, **where)
    async with desk.database.reading() as connection:
        return Reply(MetersPage(await meters_out(connection, call.who.utility_id, found), following))


async def one_meter(desk: Desk, call: Call) -> Reply:
    """One of them."""
    async with desk.database.reading() as connection:
        found = await meter(connection, call.who.utility_id, call.id("meter_id"))
        return Reply(await meter_out(connection, call.who.utility_id, found))


async def add_meter(desk: Desk, call: Call) -> Reply:
    """A new one, in the store."""
    body: MeterIn = call.body
    pan, ea, tct = MeterPAN(pan_of(body.number)), EA(body.ea), TCT(body.tct)
    model = texts.clean_or_none("model", body.model)

    async def work(tx: Connection, scope: Scope) -> MeterOut:
        new = Meter(new_ids(1)[0], pan, ea, tct, await key_named(tx, scope, body), model)
        await add_meters(tx, scope, [new])
        return await meter_out(tx, scope.utility_id, new)

    return await once(desk, call, MeterOut, work)


async def key_named(tx: Connection, scope: Scope, body: Revision) -> KeyParameters:
    """The parameters of the key that a body names."""
    wanted = SGC.parse(body.sgc), KT(body.kt), KRN(body.krn)
    for revision in await key_revisions(tx, scope.utility_id):
        if (revision.sgc, revision.kt, revision.krn) == wanted:
            return revision.for_meter(TI(body.ti))
    raise NotFoundError("key revision", f"SGC {wanted[0]} {wanted[1].name} KRN {wanted[2]}")


async def move_meter(desk: Desk, call: Call) -> Reply:
    """Let a meter go where the arrows lead."""
    meter_id = call.id("meter_id")
    return await once(desk, call, MeterOut, lambda tx, scope: moved(tx, scope, meter_id, call.body.move))


async def moved(tx: Connection, scope: Scope, meter_id: UUID, move: object) -> MeterOut:
    """The meter after a move; that which was hung, when it was replaced."""
    match move:
        case Install():
            it = await install_meter(tx, scope, meter_id, move.service_point_id)
        case Block():
            it = await block_meter(tx, scope, meter_id, reason_of(move.reason))
        case Unblock():
            it = await unblock_meter(tx, scope, meter_id, reason_of(move.reason))
        case Replace():
            it = await replace_meter(tx, scope, meter_id, move.new_meter_id, reason_of(move.reason))
        case Remove():
            it = await remove_meter(tx, scope, meter_id, reason_of(move.reason))
        case Scrap():
            it = await scrap_meter(tx, scope, meter_id, reason_of(move.reason))
        case _:
            it = await restock_meter(tx, scope, meter_id)
    return await meter_out(tx, scope.utility_id, it)


async def meter_out(connection: Connection, utility_id: UUID, it: Meter) -> MeterOut:
    """A meter as it is answered."""
    (told,) = await meters_out(connection, utility_id, [it])
    return told


async def meters_out(connection: Connection, utility_id: UUID, found: Sequence[Meter]) -> list[MeterOut]:
    """Meters as they are answered, each with the last TID that it had when it was taken over or that was sold to it."""
    sold = await last_minutes(connection, utility_id, [it.id for it in found])
    return [told(it, max(it.last_minute or 0, minute or 0)) for it, minute in zip(found, sold, strict=True)]


def told(it: Meter, minute: int) -> MeterOut:
    """A meter with its last TID, which is 0 before the first."""
    last = BaseDate.Y1993.start + timedelta(minutes=minute) if minute else None
    return MeterOut(
        it.id, it.pan.digits, str(it.pan.drn), it.state, it.model, int(it.ea), int(it.tct), key_out(it.key),
        it.key_phase, key_out(it.pending) if it.pending else None, it.service_point_id, it.contract_id, last,
    )  # fmt: skip


def key_out(it: KeyParameters) -> KeyOut:
    """Parameters of a key as they are answered."""
    return KeyOut(str(it.sgc), it.krn.value, it.ti.value, int(it.kt), year_of(it.base_date), it.ken.value)


READ: Final = (Right.READ_REGISTRY,)
DONE: Final = {201: MeterOut, 200: MeterOut}

OPERATIONS: Final = (
    Operation("all_meters", "GET", "/v1/registry/meters", "All meters", meters, {200: MetersPage}, READ,
        query=AllMetersQuery, problems=(422,)),
    Operation("meter", "GET", "/v1/registry/meters/{meter_id}", "A meter, with how its key stands", one_meter,
        {200: MeterOut}, READ, problems=(404, 422)),
    Operation("add_meter", "POST", "/v1/registry/meters", "Add a meter to the store", add_meter, DONE,
        (Right.WRITE_REGISTRY,), MeterIn, problems=(404, 409, 422), keyed=True),
    Operation("move_meter", "POST", "/v1/registry/meters/{meter_id}/moves", "Hang, block, replace or scrap a meter",
        move_meter, DONE, (Right.MOVE_METERS,), MoveIn, problems=(404, 409, 422), keyed=True),
)  # fmt: skip
