"""Shifts of cashiers: opened with a float, ended with a count, with every sale of a terminal in exactly one.

A shift ends by taking all sales of its terminal that no shift before it has, and all that were taken back since. So
selling costs nothing more, and a sale that commits while a shift ends is in this one or in the next, and never in both
or in none. What was sold before a shift was opened is shown apart: nobody expects its money in this drawer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from asyncpg import Record

from umbane.db import Connection, Table, columns, new_ids
from umbane.db.ids import uuid7s
from umbane.ledger.reading import unhurried
from umbane.registry import NotFoundError, Scope, utility
from umbane.registry.changes import record
from umbane.registry.texts import clean_or_none
from umbane.trade.errors import TradeInputError, TradeStateError

__all__ = ["Closing", "Ended", "Opening", "PayType", "close_shifts", "open_shifts"]

LOCKS: Final = 1414681670
"""Under which number whoever opens or ends a shift keeps others away from its terminal."""
SLACK: Final = timedelta(hours=1)
"""[choice] No sale is committed later than so long after it began."""
MILLISECOND: Final = timedelta(milliseconds=1)
TIME_BITS: Final = 80
"""Below the milliseconds of an identifier."""
PATIENCE: Final = 600.0
"""Seconds that whoever ends the shifts of a day waits for one statement."""
NO_CHANCE: Final = bytes(10)

LOCKING: Final = """
SELECT pg_advisory_xact_lock($1, ledger.lock_number(id)) FROM unnest($2::uuid[]) AS t(id) ORDER BY id"""
SHIFTS: Final = Table(
    "trade.shift",
    {"id": "uuid", "terminal_id": "uuid", "number": "integer", "operator_id": "uuid", "cash_float": "bigint"},
    same={"utility_id": "uuid", "opened_at": "timestamptz", "opened_by": "text"},
)
COUNTS: Final = Table(
    "trade.shift_count", {"shift_id": "uuid", "pay_type": "text", "amount": "bigint"}, same={"utility_id": "uuid"}
)
ENDS: Final = Table(
    "trade.shift_end",
    {"shift_id": "uuid", "expected": "bigint", "counted": "bigint", "reason": "text"},
    same={"utility_id": "uuid", "at": "timestamptz", "by": "text"},
)
# The last shift of each terminal, whether it has ended, and whether the operator may work there.
SITUATION: Final = """
SELECT t.id, t.code, o.name, t.blocked OR v.blocked, o.blocked, coalesce(o.vendor_id, t.vendor_id) = t.vendor_id,
    coalesce(s.number, 0), s.id IS NOT NULL AND e.shift_id IS NULL
FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS new(terminal_id, operator_id, place)
JOIN registry.terminal t ON t.utility_id = $1 AND t.id = new.terminal_id
JOIN registry.vendor v ON v.utility_id = $1 AND v.id = t.vendor_id
JOIN registry.operator o ON o.utility_id = $1 AND o.id = new.operator_id
LEFT JOIN LATERAL (
    SELECT l.id, l.number FROM trade.shift l WHERE l.utility_id = $1 AND l.terminal_id = t.id
    ORDER BY l.number DESC LIMIT 1
) AS s ON true
LEFT JOIN trade.shift_end e ON e.utility_id = $1 AND e.shift_id = s.id
ORDER BY place"""
TERMINALS: Final = "SELECT terminal_id FROM trade.shift WHERE utility_id = $1 AND id = ANY ($2::uuid[])"
# With the shift before it, and when the first one was opened.
OPEN: Final = """
SELECT s.id, s.terminal_id, s.opened_at, s.cash_float, coalesce(b.id, s.id), coalesce(b.opened_at, s.opened_at),
    f.opened_at, e.shift_id IS NOT NULL
FROM trade.shift s
JOIN trade.shift f ON f.utility_id = $1 AND f.terminal_id = s.terminal_id AND f.number = 1
LEFT JOIN trade.shift b ON b.utility_id = $1 AND b.terminal_id = s.terminal_id AND b.number = s.number - 1
LEFT JOIN trade.shift_end e ON e.utility_id = $1 AND e.shift_id = s.id
WHERE s.utility_id = $1 AND s.id = ANY ($2::uuid[])"""
# By indexes, whatever PostgreSQL believes of tables that were empty when it last looked; and in order, so that all is
# read before anything is written.
BY_INDEX: Final = "SET LOCAL enable_seqscan = off"
AS_USUAL: Final = "SET LOCAL enable_seqscan TO DEFAULT"
TAKING: Final = """
WITH ending AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
        AS e(shift_id, terminal_id, from_id, from_time, since)
)
INSERT INTO trade.shift_sale (utility_id, sale_id, taken_back, shift_id)
SELECT $1, s.id, false AS taken_back, e.shift_id FROM ending e
JOIN vending.message m ON m.utility_id = $1 AND m.terminal_id = e.terminal_id AND m.id >= e.from_id
JOIN vending.sale s ON s.utility_id = $1 AND s.id = m.id
WHERE s.at >= e.since AND NOT EXISTS (
    SELECT FROM trade.shift_sale t WHERE t.utility_id = $1 AND t.sale_id = s.id AND NOT t.taken_back)
UNION ALL
SELECT $1, s.id, true, e.shift_id FROM ending e
JOIN vending.reversal r ON r.utility_id = $1 AND r.at >= e.from_time AND r.at >= e.since
JOIN vending.sale s ON s.utility_id = $1 AND s.id = r.sale_id AND s.terminal_id = e.terminal_id
WHERE NOT EXISTS (
    SELECT FROM trade.shift_sale t WHERE t.utility_id = $1 AND t.sale_id = s.id AND t.taken_back)
ORDER BY id"""
ADDING: Final = """
INSERT INTO trade.shift_total (utility_id, shift_id, kind, early, sales, taken_back, tender, units, free_units)
SELECT $1, t.shift_id, s.kind, NOT t.taken_back AND s.at < h.opened_at, count(*) FILTER (WHERE NOT t.taken_back),
    count(*) FILTER (WHERE t.taken_back), sum(f.sign * s.tender), sum(f.sign * s.units), sum(f.sign * s.free_units)
FROM trade.shift_sale t
JOIN trade.shift h ON h.utility_id = $1 AND h.id = t.shift_id
JOIN vending.sale s ON s.utility_id = $1 AND s.id = t.sale_id
CROSS JOIN LATERAL (SELECT CASE WHEN t.taken_back THEN -1 ELSE 1 END AS sign) AS f
WHERE t.utility_id = $1 AND t.shift_id = ANY ($2::uuid[]) GROUP BY 2, 3, 4
RETURNING shift_id, early, tender"""


class PayType(StrEnum):
    """How money comes into a drawer. [choice] A sale doesn't say it: who counts does."""

    CASH = "cash"
    CARD = "card"
    CHEQUE = "cheque"
    MOBILE = "mobile"
    TRANSFER = "transfer"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Opening:
    """A shift that begins.

    Attributes:
        terminal_id: where.
        operator_id: who sits there.
        cash_float: minor units that were counted in the drawer.
    """

    terminal_id: UUID
    operator_id: UUID
    cash_float: int

    def __post_init__(self) -> None:
        if self.cash_float < 0:
            raise TradeInputError("float", f"{self.cash_float} can't lie in a drawer", "what was counted")


@dataclass(frozen=True, slots=True)
class Closing:
    """A shift that ends.

    Attributes:
        shift_id: which.
        counted: minor units by pay type, the float in the drawer included.
        reason: why that isn't what is expected, if it isn't.
    """

    shift_id: UUID
    counted: Mapping[PayType, int] = field(default_factory=dict)
    reason: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", clean_or_none("reason", self.reason))
        for pay_type, amount in self.counted.items():
            if amount < 0:
                raise TradeInputError(pay_type, f"{amount} can't be counted", "what is there")


@dataclass(frozen=True, slots=True)
class Ended:
    """A shift that has ended.

    Attributes:
        shift_id: which.
        expected: minor units that should lie in the drawer: its float and what was taken.
        counted: minor units that were counted.
    """

    shift_id: UUID
    expected: int
    counted: int


async def open_shifts(tx: Connection, scope: Scope, new: Sequence[Opening], now: datetime) -> list[UUID]:
    """Open shifts; answer their ids.

    Raises:
        NotFoundError: there is no such terminal or operator.
        TradeStateError: a shift is open there, the terminal or the operator is blocked, or the operator works for
            another vendor.
    """
    await tx.execute(LOCKING, LOCKS, [it.terminal_id for it in new])
    places = [it.terminal_id for it in new], [it.operator_id for it in new]
    rows = await tx.fetch(SITUATION, scope.utility_id, *places)
    if len(rows) < len(new):
        raise NotFoundError("terminal or operator", "of this id")
    if len(set(places[0])) < len(new):
        raise TradeStateError("a terminal is named twice: it has one shift at a time")
    for _, code, name, stopped, blocked, works_there, number, is_open in rows:
        wrong = {
            f"shift {number} of {code} is open: close it first": is_open,
            f"terminal {code} or its vendor is blocked": stopped,
            f"operator {name} is blocked": blocked,
            f"operator {name} works for another vendor": not works_there,
        }
        for problem in (words for words, holds in wrong.items() if holds):
            raise TradeStateError(problem)
    ids = new_ids(len(new))
    shifts = [
        (id_, it.terminal_id, row[6] + 1, it.operator_id, it.cash_float)
        for id_, it, row in zip(ids, new, rows, strict=True)
    ]
    await SHIFTS.insert(tx, *columns(shifts, 5), utility_id=scope.utility_id, opened_at=now, opened_by=scope.by)
    told = [(id_, {"terminal": row[1], "number": row[6] + 1, "operator": row[2], "float": it.cash_float})
            for id_, it, row in zip(ids, new, rows, strict=True)]  # fmt: skip
    await record(tx, scope, "shift.open", told)
    return ids


async def close_shifts(tx: Connection, scope: Scope, closings: Sequence[Closing], now: datetime) -> list[Ended]:
    """End shifts: what they sold is theirs from now on, and what was counted is held against it.

    Raises:
        NotFoundError: there is no such shift.
        TradeStateError: one has ended already, or doesn't come to what is expected and nobody says why.
    """
    ids = [it.shift_id for it in closings]
    terminals = [row[0] for row in await tx.fetch(TERMINALS, scope.utility_id, ids)]
    if len(terminals) < len(ids):
        raise NotFoundError("shift", "of this id, or one is named twice")
    await tx.execute(LOCKING, LOCKS, terminals)
    found = await tx.fetch(OPEN, scope.utility_id, ids)
    if any(row[7] for row in found):
        raise TradeStateError("the shift has ended already: what was counted stays")
    floats = {row[0]: row[3] for row in found}
    taken = await take_sales(tx, scope.utility_id, found)
    ended = [
        Ended(it.shift_id, floats[it.shift_id] + taken.get(it.shift_id, 0), sum(it.counted.values())) for it in closings
    ]
    show = (await utility(tx, scope.utility_id)).currency.show
    for it, closing in zip(ended, closings, strict=True):
        if it.counted != it.expected and not closing.reason:
            raise TradeStateError(f"{show(it.expected)} expected and {show(it.counted)} counted: say why")
    await write_ends(tx, scope, closings, ended, now)
    return ended


async def take_sales(tx: Connection, utility_id: UUID, found: Sequence[Record]) -> dict[UUID, int]:
    """Give shifts what they sold; answer how much money that was, without what was sold before they were opened."""
    windows = [
        (id_, terminal, before_slack(before), before_opened - SLACK, first)
        for id_, terminal, _, _, before, before_opened, first, _ in found
    ]
    await unhurried(tx)
    await tx.execute(BY_INDEX)
    await tx.execute(TAKING, utility_id, *columns(windows, 5), timeout=PATIENCE)
    sums = await tx.fetch(ADDING, utility_id, [row[0] for row in found], timeout=PATIENCE)
    await tx.execute(AS_USUAL)
    taken: dict[UUID, int] = {}
    for id_, early, tender in sums:
        taken[id_] = taken.get(id_, 0) + (0 if early else tender)
    return taken


def before_slack(id_: UUID) -> UUID:
    """An identifier that is less than all that were made so long before this one, or later."""
    return uuid7s(1, (id_.int >> TIME_BITS) - SLACK // MILLISECOND, NO_CHANCE)[0]


async def write_ends(
    tx: Connection, scope: Scope, closings: Sequence[Closing], ended: Sequence[Ended], now: datetime
) -> None:
    """Write down what was counted, and that the shifts have ended."""
    counts = [(it.shift_id, str(pay_type), amount) for it in closings for pay_type, amount in it.counted.items()]
    await COUNTS.insert(tx, *columns(counts, 3), utility_id=scope.utility_id)
    ends = [(it.shift_id, it.expected, it.counted, by.reason) for it, by in zip(ended, closings, strict=True)]
    await ENDS.insert(tx, *columns(ends, 4), utility_id=scope.utility_id, at=now, by=scope.by)
    told = [
        (it.shift_id, {"expected": it.expected, "counted": dict(by.counted), "reason": by.reason})
        for it, by in zip(ended, closings, strict=True)
    ]
    await record(tx, scope, "shift.close", told)
