"""What tills took on its way to the bank: shifts in sales batches, sales batches in bank batches.

A batch is whole when it is made, and stays. One that was wrong is made void, with a reason, and what was in it is free
for another. What stands in it is what was taken, without the floats that stay in the drawers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from asyncpg import Record

from umbane.db import Connection, Table, new_ids
from umbane.registry import DuplicateError, NotFoundError, Scope
from umbane.registry.changes import record
from umbane.registry.texts import clean
from umbane.trade.errors import TradeInputError, TradeStateError

__all__ = ["Batch", "BatchKind", "batches", "make_batch", "void_batch"]

LOCKS: Final = 1413628755
"""Under which number whoever makes batches of a utility, or makes one void, keeps others away."""

LOCKING: Final = "SELECT pg_advisory_xact_lock($1, ledger.lock_number($2))"
MEMBERS: Final = Table(
    "trade.batch_member", {"member_id": "uuid", "attempt": "smallint"}, same={"utility_id": "uuid", "batch_id": "uuid"}
)
MAKING: Final = """
INSERT INTO trade.batch (utility_id, id, kind, number, members, expected, counted, at, by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
VOIDING: Final = "INSERT INTO trade.batch_void (utility_id, batch_id, at, by, reason) VALUES ($1, $2, $3, $4, $5)"
# The batch that each thing is in: the last, if that isn't void.
STANDING: Final = """
LEFT JOIN LATERAL (
    SELECT m.attempt, b.number, v.batch_id IS NULL AS stands FROM trade.batch_member m
    JOIN trade.batch b ON b.utility_id = m.utility_id AND b.id = m.batch_id
    LEFT JOIN trade.batch_void v ON v.utility_id = m.utility_id AND v.batch_id = m.batch_id
    WHERE m.utility_id = $1 AND m.member_id = it.id ORDER BY m.attempt DESC LIMIT 1
) AS s ON true"""
SHIFTS: Final = f"""
SELECT it.id, e.expected - it.cash_float AS expected, e.counted - it.cash_float AS counted,
    e.shift_id IS NOT NULL AS whole, coalesce(s.attempt + 1, 0) AS attempt,
    CASE WHEN s.stands THEN s.number END AS number
FROM trade.shift it LEFT JOIN trade.shift_end e ON e.utility_id = it.utility_id AND e.shift_id = it.id {STANDING}
WHERE it.utility_id = $1 AND it.id = ANY ($2::uuid[])"""  # noqa: S608 - our own words
SALES_BATCHES: Final = f"""
SELECT it.id, it.expected, it.counted, v.batch_id IS NULL AS whole, coalesce(s.attempt + 1, 0) AS attempt,
    CASE WHEN s.stands THEN s.number END AS number
FROM trade.batch it LEFT JOIN trade.batch_void v ON v.utility_id = it.utility_id AND v.batch_id = it.id {STANDING}
WHERE it.utility_id = $1 AND it.id = ANY ($2::uuid[]) AND it.kind = 'sales'"""  # noqa: S608 - our own words
ALL: Final = f"""
SELECT it.id, it.kind, it.number, it.members, it.expected, it.counted, it.at, it.by, v.reason,
    CASE WHEN s.stands THEN s.number END
FROM trade.batch it LEFT JOIN trade.batch_void v ON v.utility_id = it.utility_id AND v.batch_id = it.id {STANDING}
WHERE it.utility_id = $1 ORDER BY it.at, it.id"""  # noqa: S608 - our own words


class BatchKind(StrEnum):
    """What is in a batch."""

    SALES = "sales"
    """Shifts."""
    BANK = "bank"
    """Sales batches: what is carried to the bank at once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch.

    Attributes:
        id, kind: which.
        number: by which people and the bank know it.
        members: how many shifts or sales batches are in it.
        expected: minor units that were taken by the books, without floats.
        counted: minor units that were counted, without floats.
        at, by: when and by whom it was made.
        void: why it is void; None while it stands.
        bank_batch: the number of the bank batch that has it; None for none.
    """

    id: UUID
    kind: BatchKind
    number: str
    members: int
    expected: int
    counted: int
    at: datetime
    by: str
    void: str | None = None
    bank_batch: str | None = None


async def make_batch(  # noqa: PLR0913, PLR0917 - of what, called how
    tx: Connection, scope: Scope, kind: BatchKind, number: str, members: Sequence[UUID], now: datetime
) -> Batch:
    """Make a batch of shifts that have ended, or a bank batch of sales batches.

    Raises:
        TradeInputError: it would be empty.
        DuplicateError: there is one of this number.
        NotFoundError: there is no such shift or sales batch, or one is named twice.
        TradeStateError: one hasn't ended, is void, or is in a batch already.
    """
    called, what = clean("number", number), "shift" if kind is BatchKind.SALES else "sales batch"
    if not members:
        raise TradeInputError("members", f"there is no {what} in it", "name at least one")
    await tx.execute(LOCKING, LOCKS, scope.utility_id)
    if any((it.kind, it.number) == (kind, called) for it in await batches(tx, scope.utility_id)):
        raise DuplicateError("number", f"there is a {kind} batch {called}", "give this one another number")
    found = await tx.fetch(SHIFTS if kind is BatchKind.SALES else SALES_BATCHES, scope.utility_id, members)
    if len(found) < len(members):
        raise NotFoundError(what, "of one of these ids, or one is named twice")
    require_free(what, found)
    expected, counted = sum(it["expected"] for it in found), sum(it["counted"] for it in found)
    [id_] = new_ids(1)
    made = Batch(id_, kind, called, len(found), expected, counted, now, scope.by)
    await tx.execute(MAKING, scope.utility_id, id_, kind, called, len(found), expected, counted, now, scope.by)
    rows = [it["id"] for it in found], [it["attempt"] for it in found]
    await MEMBERS.insert(tx, *rows, utility_id=scope.utility_id, batch_id=id_)
    details = {"kind": kind, "number": called, "members": sorted(members), "expected": expected, "counted": counted}
    await record(tx, scope, "batch.make", [(id_, details)])
    return made


def require_free(what: str, found: Sequence[Record]) -> None:
    """Refuse what can't be put in a batch.

    Raises:
        TradeStateError: one hasn't ended, is void, or is in a batch already.
    """
    for it in found:
        if not it["whole"]:
            raise TradeStateError(
                f"the {what} hasn't ended: close it first" if what == "shift" else f"the {what} is void"
            )
        if it["number"] is not None:
            raise TradeStateError(f"the {what} is in batch {it['number']} already")


async def void_batch(tx: Connection, scope: Scope, batch_id: UUID, reason: str, now: datetime) -> None:
    """Make a batch void: what was in it can be put in another.

    Raises:
        NotFoundError: there is no such batch.
        TradeStateError: it is void already, or in a bank batch that stands.
    """
    why = clean("reason", reason)
    await tx.execute(LOCKING, LOCKS, scope.utility_id)
    batch = next((it for it in await batches(tx, scope.utility_id) if it.id == batch_id), None)
    if batch is None:
        raise NotFoundError("batch", batch_id)
    if batch.void:
        raise TradeStateError(f"batch {batch.number} is void already: {batch.void}")
    if batch.bank_batch:
        raise TradeStateError(f"batch {batch.number} is in bank batch {batch.bank_batch}: make that void first")
    await tx.execute(VOIDING, scope.utility_id, batch_id, now, scope.by, why)
    await record(tx, scope, "batch.void", [(batch_id, {"number": batch.number, "reason": why})])


async def batches(connection: Connection, utility_id: UUID) -> list[Batch]:
    """Every batch of a utility, in the order in which they were made."""
    rows = await connection.fetch(ALL, utility_id)
    return [Batch(id_, BatchKind(kind), *rest) for id_, kind, *rest in rows]
