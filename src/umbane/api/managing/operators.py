"""Who signs in, and what they may do: said by one, agreed to by another. Blocking somebody waits for nobody."""

from typing import Annotated, Final
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from umbane.api import wire
from umbane.api.accounts import set_blocked
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.paging import Edition, PageQuery, Text, one_page
from umbane.api.managing.writing import edition_of, held, once, reason_of
from umbane.api.peoplewire import Justified
from umbane.api.rights import Right
from umbane.db import Connection, new_ids
from umbane.registry import Act, Operator, Role, Scope, add_operator, operator, set_person, set_roles, texts
from umbane.registry.listing import OPERATORS

__all__ = ["OPERATIONS"]

Name = Annotated[str, Meta(min_length=1, max_length=30, description="to sign in with")]
Person = Annotated[
    str, Meta(min_length=1, max_length=30, description="a personnel number: all who have the same one are one person")
]
Roles = Annotated[list[Role], Meta(max_length=len(Role))]


class OperatorIn(Justified, frozen=True, kw_only=True):
    """Somebody who is to sign in; a password and a second factor are set at the server."""

    name: Name
    full_name: Text
    person: Person
    roles: Roles
    vendor_id: Annotated[UUID, Meta(description="for whom they work, if not for the utility")] | UnsetType = UNSET


class OperatorChange(Justified, frozen=True, kw_only=True):
    """What somebody may do from now on, and who they are."""

    person: Person
    roles: Roles
    edition: Edition


class BlockingIn(Justified, frozen=True, kw_only=True):
    """Whether somebody is kept from signing in."""

    blocked: bool
    edition: Edition


class OperatorOut(wire.Told, frozen=True):
    """Somebody who signs in; nothing that they sign in with."""

    id: UUID
    name: str
    full_name: str
    person: str
    roles: list[str]
    vendor_id: UUID | None
    blocked: bool
    has_password: bool
    has_second_factor: bool
    edition: str


class OperatorsPage(wire.Told, frozen=True):
    """A page of operators."""

    items: list[OperatorOut]
    next_cursor: str | None


async def operators(desk: Desk, call: Call) -> Reply:
    """Who signs in."""
    found, following = await one_page(desk, call, OPERATORS)
    return Reply(OperatorsPage([operator_out(it) for it in found], following))


async def add(desk: Desk, call: Call) -> Reply:
    """Somebody new."""
    body: OperatorIn = call.body
    full_name, roles = texts.clean("full_name", body.full_name), frozenset(body.roles)
    new = Operator(new_ids(1)[0], body.name, full_name, roles, body.vendor_id or None, person=body.person)

    async def work(tx: Connection, scope: Scope) -> OperatorOut:
        await add_operator(tx, scope, new)
        return operator_out(new)

    return await once(desk, call, OperatorOut, work, Act.OPERATORS)


async def change(desk: Desk, call: Call) -> Reply:
    """Other roles, or another person."""
    body: OperatorChange = call.body
    operator_id = call.id("operator_id")

    async def work(tx: Connection, scope: Scope) -> OperatorOut:
        old = await held(tx, scope, OPERATORS, operator_id, body.edition)
        if frozenset(body.roles) != old.roles:
            await set_roles(tx, scope, operator_id, body.roles)
        if body.person.lower() != old.person:
            await set_person(tx, scope, operator_id, body.person)
        return operator_out(await operator(tx, scope.utility_id, operator_id))

    return await once(desk, call, OperatorOut, work, Act.OPERATORS)


async def block(desk: Desk, call: Call) -> Reply:
    """Keep somebody from signing in at once; to let them again takes others."""
    body: BlockingIn = call.body
    operator_id, reason = call.id("operator_id"), reason_of(body.reason)

    async def work(tx: Connection, scope: Scope) -> OperatorOut:
        old = await held(tx, scope, OPERATORS, operator_id, body.edition)
        await set_blocked(tx, scope, old, blocked=body.blocked, reason=reason)
        return operator_out(await operator(tx, scope.utility_id, operator_id))

    return await once(desk, call, OperatorOut, work, None if body.blocked else Act.OPERATORS)


def operator_out(it: Operator) -> OperatorOut:
    """An operator as they are answered."""
    secrets = it.password_hash is not None, it.totp_secret is not None
    roles = sorted(map(str, it.roles))
    return OperatorOut(
        it.id, it.name, it.full_name, it.person, roles, it.vendor_id, it.blocked, *secrets, edition_of(it)
    )


READ, WRITE = (Right.READ_OPERATORS,), (Right.WRITE_OPERATORS,)
DONE: Final = {201: OperatorOut, 200: OperatorOut}
RULES: Final = (404, 409, 422)
ALL: Final = "/v1/registry/operators"
ONE: Final = ALL + "/{operator_id}"

OPERATIONS: Final = (
    Operation("operators", "GET", ALL, "Who signs in", operators, {200: OperatorsPage}, READ, query=PageQuery,
        problems=(422,)),
    Operation("add_operator", "POST", ALL, "Let somebody sign in", add, DONE, WRITE, OperatorIn, problems=RULES,
        keyed=True),
    Operation("change_operator", "PUT", ONE, "Say what somebody may do", change, DONE, WRITE, OperatorChange,
        problems=RULES, keyed=True),
    Operation("block_operator", "POST", ONE + "/blocking", "Keep somebody from signing in, or let them again", block,
        DONE, WRITE, BlockingIn, problems=RULES, keyed=True),
)  # fmt: skip
