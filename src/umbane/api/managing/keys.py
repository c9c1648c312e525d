"""Supply groups and the names of their keys; never a bit of a key."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from umbane.api import wire
from umbane.api.alarms import note_shared
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.moments import Moment, checked
from umbane.api.managing.paging import Edition, Text
from umbane.api.managing.writing import edition_of, once, reason_of
from umbane.api.peoplewire import Justified
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.errors import InputError, shown
from umbane.registry import (
    Act,
    KeyRevision,
    NotFoundError,
    Realm,
    Scope,
    StaleError,
    SupplyGroup,
    add_key_revisions,
    add_supply_groups,
    end_key_revision,
    hold_utility,
    key_revisions,
    supply_groups,
    texts,
)
from umbane.registry.keys import base_date_of, year_of
from umbane.sts import DKGA, KEN, KRN, KT, SGC

__all__ = ["OPERATIONS"]


class GroupIn(Justified, frozen=True, kw_only=True):
    """A group of meters that share vending keys."""

    sgc: Annotated[str, Meta(pattern=r"^[0-9]{6}$(?!\n)", description="its code")]
    name: Text
    realm: Annotated[Realm, Meta(description="which keys it may have")]


class RevisionIn(Justified, frozen=True, kw_only=True):
    """A vending key by its name in a security module, of the realm of its supply group."""

    krn: Annotated[int, Meta(ge=1, le=9)]
    kt: Annotated[int, Meta(ge=1, le=3)]
    dkga: Annotated[int, Meta(description="2 or 4")]
    base_date: Annotated[int, Meta(description="1993, 2014 or 2035")]
    ken: Annotated[int, Meta(ge=0, le=255)] = 255
    module_key: Text
    active_from: Moment
    active_until: Moment | UnsetType = UNSET


class EndingIn(Justified, frozen=True, kw_only=True):
    """From when on a key isn't used any more."""

    until: Moment
    edition: Edition


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
    edition: str


class KeysOut(wire.Told, frozen=True):
    """All supply groups and the names of their keys."""

    groups: list[GroupOut]
    revisions: list[RevisionOut]


async def keys(desk: Desk, call: Call) -> Reply:
    """Supply groups and the names of keys."""
    house = call.who.utility_id
    async with desk.database.reading() as connection:
        groups, revisions = await supply_groups(connection, house), await key_revisions(connection, house)
    return Reply(KeysOut([group_out(it) for it in groups], [revision_out(it) for it in revisions]))


async def add_group(desk: Desk, call: Call) -> Reply:
    """A new supply group, which has no key yet."""
    body: GroupIn = call.body
    new = SupplyGroup(SGC(int(body.sgc)), texts.clean("name", body.name), body.realm)

    async def work(tx: Connection, scope: Scope) -> GroupOut:
        await add_supply_groups(tx, scope, [new])
        await note_shared(tx, scope)
        return group_out(new)

    return await once(desk, call, GroupOut, work, Act.KEYS)


async def add_revision(desk: Desk, call: Call) -> Reply:
    """The name of a new key."""
    sgc = group_in(call)

    async def work(tx: Connection, scope: Scope) -> RevisionOut:
        await hold_utility(tx, scope.utility_id)
        group = next((it for it in await supply_groups(tx, scope.utility_id) if it.sgc == sgc), None)
        if group is None:
            raise NotFoundError("supply group", sgc)
        new = revision_from(call.body, group)
        await add_key_revisions(tx, scope, [new])
        return revision_out(new)

    return await once(desk, call, RevisionOut, work, Act.KEYS)


async def end_revision(desk: Desk, call: Call) -> Reply:
    """Let a key not be used from a moment on."""
    body: EndingIn = call.body
    key = group_in(call), KT(number_in(call, "kt", 3)), KRN(number_in(call, "krn", 9))
    until = checked("until", body.until)
    reason_of(body.reason)

    async def work(tx: Connection, scope: Scope) -> RevisionOut:
        await hold_utility(tx, scope.utility_id)
        old = await revision_of(tx, scope, key)
        if edition_of(old) != body.edition:
            raise StaleError("somebody changed this key revision since it was read")
        await end_key_revision(tx, scope, key, until)
        return revision_out(await revision_of(tx, scope, key))

    return await once(desk, call, RevisionOut, work, Act.KEYS)


async def revision_of(tx: Connection, scope: Scope, key: tuple[SGC, KT, KRN]) -> KeyRevision:
    """A key revision.

    Raises:
        NotFoundError: there is none.
    """
    for it in await key_revisions(tx, scope.utility_id):
        if (it.sgc, it.kt, it.krn) == key:
            return it
    raise NotFoundError("key revision", f"SGC {key[0]} {key[1].name} KRN {key[2]}")


def revision_from(body: RevisionIn, group: SupplyGroup) -> KeyRevision:
    """The key revision that a body describes."""
    base_date, ken = base_date_of(body.base_date), KEN(body.ken)
    since, until = checked("active_from", body.active_from), body.active_until or None
    if body.dkga not in {int(it) for it in DKGA}:
        raise InputError("dkga", f"{body.dkga} is none that is used", "give 2 or 4")
    if until is not None and checked("active_until", until) <= since:
        raise InputError("active_until", "that is before it may be used", "give a later moment, or none")
    names = group.sgc, KT(body.kt), KRN(body.krn), DKGA(body.dkga)
    module_key = texts.clean("module_key", body.module_key)
    return KeyRevision(*names, base_date, ken, group.realm, module_key, since, until)


def group_in(call: Call) -> SGC:
    """The supply group in a path."""
    return SGC(number_in(call, "sgc", 999_999))


def number_in(call: Call, name: str, most: int) -> int:
    """A number in a path."""
    text = call.path[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
        raise InputError(name, f"{shown(text)} is no such number", "give it as the list of keys has it")
    return int(text)


def group_out(it: SupplyGroup) -> GroupOut:
    """A supply group as it is answered."""
    return GroupOut(str(it.sgc), it.name, it.realm)


def revision_out(it: KeyRevision) -> RevisionOut:
    """A key revision as it is answered."""
    return RevisionOut(
        str(it.sgc), int(it.kt), it.krn.value, int(it.dkga), year_of(it.base_date), it.ken.value, it.realm,
        it.module_key, it.active_from, it.active_until, edition_of(it),
    )  # fmt: skip


WRITE: Final = (Right.WRITE_KEYS,)
RULES: Final = (404, 409, 422)
GROUPS: Final = "/v1/registry/supply-groups"
REVISIONS: Final = GROUPS + "/{sgc}/key-revisions"
REVISION: Final = {201: RevisionOut, 200: RevisionOut}

OPERATIONS: Final = (
    Operation("keys", "GET", "/v1/registry/keys", "Supply groups and the names of their keys", keys, {200: KeysOut},
        (Right.READ_KEYS,)),
    Operation("add_supply_group", "POST", GROUPS, "Add a supply group", add_group, {201: GroupOut, 200: GroupOut},
        WRITE, GroupIn, problems=(409, 422), keyed=True),
    Operation("add_key_revision", "POST", REVISIONS, "Add the name of a key of a supply group", add_revision, REVISION,
        WRITE, RevisionIn, problems=RULES, keyed=True),
    Operation("end_key_revision", "POST", REVISIONS + "/{kt}/{krn}/ending", "Let a key not be used from a moment on",
        end_revision, REVISION, WRITE, EndingIn, problems=RULES, keyed=True),
)  # fmt: skip
