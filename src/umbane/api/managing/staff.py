"""What the utility's own people look up: supply groups, names of keys, operators, and who changed what."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.paging import PageQuery, one_page
from umbane.api.rights import Right
from umbane.registry import Operator, history, key_revisions, supply_groups
from umbane.registry.keys import year_of
from umbane.registry.listing import OPERATORS

__all__ = ["OPERATIONS"]


class GroupOut(wire.Told, frozen=True):
    """A supply group."""

    sgc: str
    name: str
    realm: str


class RevisionOut(wire.Told, frozen=True):
    """A vending key by its name in a security module; never a bit of it."""

    sgc: str
    kt: int
    krn: int
    dkga: int
    base_date: int
    ken: int
    realm: str
    module_key: str
    active_from: datetime
    active_until: datetime | None


class KeysOut(wire.Told, frozen=True):
    """All supply groups and the names of their keys."""

    groups: list[GroupOut]
    revisions: list[RevisionOut]


class OperatorOut(wire.Told, frozen=True):
    """Somebody who signs in; nothing that they sign in with."""

    id: UUID
    name: str
    full_name: str
    roles: list[str]
    vendor_id: UUID | None
    blocked: bool
    has_password: bool
    has_second_factor: bool


class OperatorsPage(wire.Told, frozen=True):
    """A page of operators."""

    items: list[OperatorOut]
    next_cursor: str | None


class ChangeOut(wire.Told, frozen=True):
    """Something that was done."""

    at: datetime
    by: str
    action: str
    details: dict[str, Any]


class HistoryOut(wire.Told, frozen=True):
    """Everything that was done to a thing, in its order."""

    items: list[ChangeOut]


async def keys(desk: Desk, call: Call) -> Reply:
    """Supply groups and the names of keys."""
    house = call.who.utility_id
    async with desk.database.reading() as connection:
        groups, revisions = await supply_groups(connection, house), await key_revisions(connection, house)
    told = [
        RevisionOut(
            str(it.sgc), int(it.kt), it.krn.value, int(it.dkga), year_of(it.base_date), it.ken.value, it.realm,
            it.module_key, it.active_from, it.active_until,
        )
        for it in revisions
    ]  # fmt: skip
    return Reply(KeysOut([GroupOut(str(it.sgc), it.name, it.realm) for it in groups], told))


async def operators(desk: Desk, call: Call) -> Reply:
    """Who signs in."""
    found, following = await one_page(desk, call, OPERATORS)
    return Reply(OperatorsPage([operator_out(it) for it in found], following))


def operator_out(it: Operator) -> OperatorOut:
    """An operator as they are answered."""
    secrets = it.password_hash is not None, it.totp_secret is not None
    return OperatorOut(it.id, it.name, it.full_name, sorted(it.roles), it.vendor_id, it.blocked, *secrets)


async def changes(desk: Desk, call: Call) -> Reply:
    """Who changed what."""
    async with desk.database.reading() as connection:
        found = await history(connection, call.who.utility_id, call.id("thing_id"))
    return Reply(HistoryOut([ChangeOut(it.at, it.by, it.action, dict(it.details)) for it in found]))


OPERATIONS: Final = (
    Operation("keys", "GET", "/v1/registry/keys", "Supply groups and the names of their keys", keys, {200: KeysOut},
        (Right.READ_KEYS,)),
    Operation("operators", "GET", "/v1/registry/operators", "Who signs in", operators, {200: OperatorsPage},
        (Right.READ_OPERATORS,), query=PageQuery, problems=(422,)),
    Operation("history", "GET", "/v1/registry/history/{thing_id}", "Who changed what of a thing", changes,
        {200: HistoryOut}, (Right.READ_HISTORY,), problems=(422,)),
)  # fmt: skip
