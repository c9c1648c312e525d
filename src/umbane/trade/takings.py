"""What shifts took: by operator, kind and pay type, as it was when they ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.trade.shifts import PayType

__all__ = ["Counted", "Shift", "Taken", "counted", "members_of", "shifts", "taken"]

SHIFTS: Final = """
SELECT s.id, v.code, t.code, s.number, o.name, s.cash_float, s.opened_at, e.at, e.expected, e.counted, e.reason
FROM trade.shift s
JOIN registry.terminal t ON t.utility_id = $1 AND t.id = s.terminal_id
JOIN registry.vendor v ON v.utility_id = $1 AND v.id = t.vendor_id
JOIN registry.operator o ON o.utility_id = $1 AND o.id = s.operator_id
LEFT JOIN trade.shift_end e ON e.utility_id = $1 AND e.shift_id = s.id
WHERE s.utility_id = $1 AND (s.terminal_id = $2 OR $2 IS NULL) AND (s.id = ANY ($3) OR $3 IS NULL)
ORDER BY s.opened_at, s.id"""
TAKEN: Final = """
SELECT o.name, t.kind, t.early, sum(t.sales)::bigint, sum(t.taken_back)::bigint, sum(t.tender)::bigint,
    sum(t.units)::bigint, sum(t.free_units)::bigint
FROM trade.shift_total t JOIN trade.shift s ON s.utility_id = $1 AND s.id = t.shift_id
JOIN registry.operator o ON o.utility_id = $1 AND o.id = s.operator_id
WHERE t.utility_id = $1 AND t.shift_id = ANY ($2::uuid[])
GROUP BY o.name, t.kind, t.early ORDER BY o.name, t.early, t.kind"""
COUNTED: Final = """
SELECT o.name, c.pay_type, sum(c.amount)::bigint
FROM trade.shift_count c JOIN trade.shift s ON s.utility_id = $1 AND s.id = c.shift_id
JOIN registry.operator o ON o.utility_id = $1 AND o.id = s.operator_id
WHERE c.utility_id = $1 AND c.shift_id = ANY ($2::uuid[]) GROUP BY o.name, c.pay_type ORDER BY o.name, c.pay_type"""
MEMBERS: Final = """
WITH RECURSIVE inside AS (
    SELECT member_id FROM trade.batch_member WHERE utility_id = $1 AND batch_id = $2
    UNION ALL
    SELECT m.member_id FROM trade.batch_member m JOIN inside i ON m.utility_id = $1 AND m.batch_id = i.member_id
)
SELECT s.id FROM inside i JOIN trade.shift s ON s.utility_id = $1 AND s.id = i.member_id ORDER BY s.opened_at, s.id"""


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift.

    Attributes:
        id: which.
        vendor, terminal, number: the codes of where, and which shift there.
        operator: the name of who sat there.
        cash_float: minor units in the drawer when it was opened.
        opened_at: when.
        closed_at: when it ended; None while it is open, and with it the rest.
        expected: minor units that should lie in the drawer.
        counted: minor units that were counted.
        reason: why the two differ.
    """

    id: UUID
    vendor: str
    terminal: str
    number: int
    operator: str
    cash_float: int
    opened_at: datetime
    closed_at: datetime | None
    expected: int | None
    counted: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What an operator sold of a kind.

    Attributes:
        operator: whose shifts.
        kind: of the sales: "buy", "pay".
        early: whether it was sold before the shift was opened, and counts for nobody.
        sales: how many.
        taken_back: how many were taken back.
        tender: minor units that came in, without those that went back.
        units, free_units: tenths of a kWh, the same way.
    """

    operator: str
    kind: str
    early: bool
    sales: int
    taken_back: int
    tender: int
    units: int
    free_units: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What an operator counted of a pay type, in minor units; the floats of the shifts are in it."""

    operator: str
    pay_type: PayType
    amount: int


async def shifts(
    connection: Connection, utility_id: UUID, *, terminal_id: UUID | None = None, ids: Sequence[UUID] | None = None
) -> list[Shift]:
    """Shifts in the order of their beginnings: those of a terminal, or of these ids, or all."""
    return [Shift(*row) for row in await connection.fetch(SHIFTS, utility_id, terminal_id, ids)]


async def taken(connection: Connection, utility_id: UUID, shift_ids: Sequence[UUID]) -> list[Taken]:
    """What was sold in shifts that have ended, by operator and kind."""
    return [Taken(*row) for row in await connection.fetch(TAKEN, utility_id, shift_ids)]


async def counted(connection: Connection, utility_id: UUID, shift_ids: Sequence[UUID]) -> list[Counted]:
    """What was counted at the end of shifts, by operator and pay type."""
    rows = await connection.fetch(COUNTED, utility_id, shift_ids)
    return [Counted(operator, PayType(pay_type), amount) for operator, pay_type, amount in rows]


async def members_of(connection: Connection, utility_id: UUID, batch_id: UUID) -> list[UUID]:
    """The shifts of a batch, be it of sales or for the bank."""
    return [row[0] for row in await connection.fetch(MEMBERS, utility_id, batch_id)]
