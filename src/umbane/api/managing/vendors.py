"""Vendors and their terminals: who sells for the utility, and may they."""

from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.floats import VendorOut, let_owe, vendor_out, vendors_out
from umbane.api.managing.paging import Edition, PageQuery, Text, one_page
from umbane.api.managing.writing import edition_of, held, once, reason_of
from umbane.api.peoplewire import Evidence
from umbane.api.rights import Right
from umbane.db import Connection, new_ids
from umbane.registry import (
    Act,
    Scope,
    Terminal,
    Vendor,
    add_terminals,
    add_vendors,
    block_terminal,
    change_vendor,
    terminal,
    texts,
    vendor,
)
from umbane.registry.listing import TERMINALS, VENDORS

__all__ = ["OPERATIONS"]

Code = Annotated[str, Meta(min_length=1, max_length=40, description="the utility's own")]


class VendorIn(wire.Asked, frozen=True):
    """Somebody who sells for the utility; if they may owe anything, others have to agree."""

    code: Code
    name: Text
    credit_limit: Annotated[wire.MinorUnits, Meta(description="what they may owe at most, in minor units")] = 0
    reason: Annotated[str, Meta(max_length=200, description="for others who may have to agree")] = ""
    evidence: Evidence = ""


class VendorChange(wire.Asked, frozen=True):
    """Another code or name, and whether selling is stopped."""

    code: Code
    name: Text
    blocked: bool
    reason: wire.Reason
    edition: Edition


class VendorsPage(wire.Told, frozen=True):
    """A page of vendors."""

    items: list[VendorOut]
    next_cursor: str | None


class TerminalIn(wire.Asked, frozen=True):
    """A till of a vendor."""

    code: Code


class TerminalChange(wire.Asked, frozen=True):
    """Whether a till is stopped."""

    blocked: bool
    reason: wire.Reason
    edition: Edition


class TerminalOut(wire.Told, frozen=True):
    """A till of a vendor."""

    id: UUID
    vendor_id: UUID
    code: str
    blocked: bool
    edition: str


class TerminalsPage(wire.Told, frozen=True):
    """A page of terminals."""

    items: list[TerminalOut]
    next_cursor: str | None


async def vendors(desk: Desk, call: Call) -> Reply:
    """A page of them."""
    found, following = await one_page(desk, call, VENDORS)
    async with desk.database.reading() as connection:
        items = await vendors_out(connection, call.who.utility_id, found)
    return Reply(VendorsPage(items, following))


async def one_vendor(desk: Desk, call: Call) -> Reply:
    """One of them, with what is left of the float."""
    house = call.who.utility_id
    async with desk.database.reading() as connection:
        return Reply(await vendor_out(connection, house, await vendor(connection, house, call.id("vendor_id"))))


async def add_vendor(desk: Desk, call: Call) -> Reply:
    """A new one; what they may owe stands in the registry and in the books."""
    body: VendorIn = call.body
    new = Vendor(new_ids(1)[0], texts.code("code", body.code), texts.clean("name", body.name), body.credit_limit)

    async def work(tx: Connection, scope: Scope) -> VendorOut:
        await add_vendors(tx, scope, [new])
        await let_owe(tx, scope, new, desk.now(), "agreed when the vendor was added")
        return await vendor_out(tx, scope.utility_id, new)

    if new.credit_limit:
        reason_of(body.reason)
    return await once(desk, call, VendorOut, work, Act.CREDIT_LIMIT if new.credit_limit else None)


async def alter_vendor(desk: Desk, call: Call) -> Reply:
    """Another code or name; stop them, or let them sell again."""
    body: VendorChange = call.body
    code, name, reason = texts.code("code", body.code), texts.clean("name", body.name), reason_of(body.reason)

    async def work(tx: Connection, scope: Scope) -> VendorOut:
        old = await held(tx, scope, VENDORS, call.id("vendor_id"), body.edition)
        new = Vendor(old.id, code, name, old.credit_limit, body.blocked)
        await change_vendor(tx, scope, new, reason)
        return await vendor_out(tx, scope.utility_id, new)

    return await once(desk, call, VendorOut, work)


async def terminals(desk: Desk, call: Call) -> Reply:
    """A page of a vendor's."""
    found, following = await one_page(desk, call, TERMINALS, vendor_id=call.id("vendor_id"))
    return Reply(TerminalsPage([terminal_out(it) for it in found], following))


async def one_terminal(desk: Desk, call: Call) -> Reply:
    """One of them."""
    async with desk.database.reading() as connection:
        return Reply(terminal_out(await terminal(connection, call.who.utility_id, call.id("terminal_id"))))


async def add_terminal(desk: Desk, call: Call) -> Reply:
    """A new one."""
    new = Terminal(new_ids(1)[0], call.id("vendor_id"), texts.code("code", call.body.code))

    async def work(tx: Connection, scope: Scope) -> TerminalOut:
        await add_terminals(tx, scope, [new])
        return terminal_out(new)

    return await once(desk, call, TerminalOut, work)


async def alter_terminal(desk: Desk, call: Call) -> Reply:
    """Stop it, or let it sell again."""
    body: TerminalChange = call.body
    terminal_id, reason = call.id("terminal_id"), reason_of(body.reason)

    async def work(tx: Connection, scope: Scope) -> TerminalOut:
        await held(tx, scope, TERMINALS, terminal_id, body.edition)
        await block_terminal(tx, scope, terminal_id, blocked=body.blocked, reason=reason)
        return terminal_out(await terminal(tx, scope.utility_id, terminal_id))

    return await once(desk, call, TerminalOut, work)


def terminal_out(it: Terminal) -> TerminalOut:
    """A terminal as it is answered."""
    return TerminalOut(it.id, it.vendor_id, it.code, it.blocked, edition_of(it))


READ, WRITE = (Right.READ_VENDORS,), (Right.WRITE_VENDORS,)
VENDOR: Final = {201: VendorOut, 200: VendorOut}
TERMINAL: Final = {201: TerminalOut, 200: TerminalOut}
RULES: Final = (404, 409, 422)
ITS_TERMINALS: Final = "/v1/registry/vendors/{vendor_id}/terminals"

OPERATIONS: Final = (
    Operation("vendors", "GET", "/v1/registry/vendors", "All vendors", vendors, {200: VendorsPage}, READ,
        query=PageQuery, problems=(422,)),
    Operation("vendor", "GET", "/v1/registry/vendors/{vendor_id}", "A vendor, with what is left of the float",
        one_vendor, {200: VendorOut}, READ, problems=(404, 422)),
    Operation("add_vendor", "POST", "/v1/registry/vendors", "Add a vendor", add_vendor, VENDOR, WRITE, VendorIn,
        problems=(402, *RULES), keyed=True),
    Operation("change_vendor", "PUT", "/v1/registry/vendors/{vendor_id}", "Change, stop or free a vendor",
        alter_vendor, VENDOR, WRITE, VendorChange, problems=RULES, keyed=True),
    Operation("terminals", "GET", ITS_TERMINALS, "All terminals of a vendor", terminals, {200: TerminalsPage}, READ,
        query=PageQuery, problems=(422,)),
    Operation("terminal", "GET", "/v1/registry/terminals/{terminal_id}", "A terminal", one_terminal,
        {200: TerminalOut}, READ, problems=(404, 422)),
    Operation("add_terminal", "POST", ITS_TERMINALS, "Add a terminal", add_terminal, TERMINAL, WRITE, TerminalIn,
        problems=RULES, keyed=True),
    Operation("change_terminal", "PUT", "/v1/registry/terminals/{terminal_id}", "Stop or free a terminal",
        alter_terminal, TERMINAL, WRITE, TerminalChange, problems=RULES, keyed=True),
)  # fmt: skip
