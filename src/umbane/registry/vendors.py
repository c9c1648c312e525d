"""Vendors and their terminals."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.registry.changes import differences, record, record_addition
from umbane.registry.models import Terminal, Vendor
from umbane.registry.roles import Scope
from umbane.registry.store import TERMINALS, VENDORS, explained, insert, one, terminal_from, vendor_from

__all__ = [
    "add_terminals",
    "add_vendors",
    "block_terminal",
    "change_vendor",
    "terminal",
    "terminals",
    "vendor",
    "vendor_by_code",
    "vendors",
]

VENDOR: Final = "SELECT * FROM registry.vendor WHERE utility_id = $1 AND id = $2"
BY_CODE: Final = "SELECT * FROM registry.vendor WHERE utility_id = $1 AND code = $2"
ALL: Final = "SELECT * FROM registry.vendor WHERE utility_id = $1 ORDER BY code"
TERMINAL: Final = "SELECT * FROM registry.terminal WHERE utility_id = $1 AND id = $2"
ITS_TERMINALS: Final = "SELECT * FROM registry.terminal WHERE utility_id = $1 AND vendor_id = $2 ORDER BY code"
LOCKED: Final = " FOR NO KEY UPDATE"
CHANGING: Final = """
UPDATE registry.vendor SET code = $3, name = $4, credit_limit = $5, blocked = $6 WHERE utility_id = $1 AND id = $2"""
BLOCKING: Final = "UPDATE registry.terminal SET blocked = $3 WHERE utility_id = $1 AND id = $2"


async def vendor(connection: Connection, utility_id: UUID, vendor_id: UUID) -> Vendor:
    """A vendor; NotFoundError when the utility has none of this id."""
    return vendor_from(await one(connection, "vendor", VENDOR, utility_id, vendor_id))


async def vendor_by_code(connection: Connection, utility_id: UUID, code: str) -> Vendor:
    """A vendor by its code; NotFoundError when the utility has none."""
    return vendor_from(await one(connection, "vendor", BY_CODE, utility_id, code))


async def vendors(connection: Connection, utility_id: UUID) -> list[Vendor]:
    """Every vendor of a utility, by their codes."""
    return [vendor_from(row) for row in await connection.fetch(ALL, utility_id)]


async def terminal(connection: Connection, utility_id: UUID, terminal_id: UUID) -> Terminal:
    """A terminal; NotFoundError when the utility has none of this id."""
    return terminal_from(await one(connection, "terminal", TERMINAL, utility_id, terminal_id))


async def terminals(connection: Connection, utility_id: UUID, vendor_id: UUID) -> list[Terminal]:
    """Every terminal of a vendor, by their codes."""
    return [terminal_from(row) for row in await connection.fetch(ITS_TERMINALS, utility_id, vendor_id)]


async def add_vendors(tx: Connection, scope: Scope, new: Sequence[Vendor]) -> None:
    """Add vendors.

    Raises:
        DuplicateError: a code is taken.
    """
    number = await record_addition(tx, scope, "vendor.add", {"codes": [it.code for it in new]})
    rows = [(it.id, it.code, it.name, it.credit_limit, it.blocked) for it in new]
    await insert(tx, VENDORS, scope.utility_id, [*zip(*rows, strict=True)], number)


async def add_terminals(tx: Connection, scope: Scope, new: Sequence[Terminal]) -> None:
    """Add terminals.

    Raises:
        DuplicateError: the vendor has one of this code.
        NotFoundError: there is no such vendor.
    """
    number = await record_addition(tx, scope, "terminal.add", {"codes": [it.code for it in new]})
    rows = [(it.id, it.vendor_id, it.code, it.blocked) for it in new]
    await insert(tx, TERMINALS, scope.utility_id, [*zip(*rows, strict=True)], number)


async def change_vendor(tx: Connection, scope: Scope, new: Vendor, reason: str) -> None:
    """Give a vendor another code, name or credit limit; block or unblock it.

    Raises:
        NotFoundError: there is none of this id.
        DuplicateError: the code is taken.
    """
    old = vendor_from(await one(tx, "vendor", VENDOR + LOCKED, scope.utility_id, new.id))
    with explained():
        await tx.execute(CHANGING, scope.utility_id, new.id, new.code, new.name, new.credit_limit, new.blocked)
    await record(tx, scope, "vendor.change", [(new.id, differences(old, new) | {"reason": reason})])


async def block_terminal(tx: Connection, scope: Scope, terminal_id: UUID, *, blocked: bool, reason: str) -> None:
    """Stop a terminal, or let it sell again.

    Raises:
        NotFoundError: there is none of this id.
    """
    old = terminal_from(await one(tx, "terminal", TERMINAL + LOCKED, scope.utility_id, terminal_id))
    await tx.execute(BLOCKING, scope.utility_id, terminal_id, blocked)
    details = {"blocked": [old.blocked, blocked], "reason": reason}
    await record(tx, scope, "terminal.block", [(terminal_id, details)])
