"""What vendors sold between two instants, out of the books: one statement for all of them.

A sale belongs to the instant at which its entry counts in the books. What was taken back counts as never sold.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.trade.commission import Basis, Group

__all__ = ["groups", "taken_back"]

PREFETCH: Final = 5000
PATIENCE: Final = 600.0
"""Seconds that whoever reckons commission waits for one statement."""

# By the sale where each is rounded: equal ones are one row. Else one row for each vendor.
SOLD: Final = """
WITH debt AS MATERIALIZED (
    SELECT l.entry_id, -sum(l.amount)::bigint AS amount
    FROM ledger.line l JOIN ledger.account a ON a.id = l.account AND a.kind = 'arrears'
    WHERE l.utility_id = $1 AND l.at >= $2 AND l.at < $3 GROUP BY l.entry_id
), sale AS (
    SELECT s.vendor_id, v.by_sale, s.tender, coalesce(d.amount, 0) AS debt,
        greatest(0, s.tender - t.amount - coalesce(d.amount, 0)) AS net,
        (s.tender > 0)::integer AS paid, (s.free_units > 0 AND s.kind <> 'give')::integer AS free,
        CASE WHEN s.tender > 0 THEN s.units ELSE 0 END AS units, r.sale_id IS NOT NULL AS back
    FROM ledger.entry e
    JOIN vending.sale s ON s.utility_id = e.utility_id AND s.id = e.id
    JOIN unnest($4::uuid[], $5::boolean[]) AS v(vendor_id, by_sale) ON v.vendor_id = s.vendor_id
    LEFT JOIN debt d ON d.entry_id = e.id
    LEFT JOIN vending.reversal r ON r.utility_id = e.utility_id AND r.sale_id = e.id
    CROSS JOIN LATERAL (
        SELECT coalesce(-sum(p.amount), 0)::bigint AS amount FROM unnest(e.accounts, e.amounts) AS p(account, amount)
        WHERE p.account = ANY ($6::integer[])
    ) AS t
    WHERE e.utility_id = $1 AND e.at >= $2 AND e.at < $3
)
SELECT vendor_id, by_sale, back, count(*) AS times, sum(paid)::bigint AS paid, sum(tender)::bigint AS tender,
    sum(net)::bigint AS net, sum(debt)::bigint AS debt, sum(free)::bigint AS free, sum(units)::bigint AS units
FROM sale GROUP BY vendor_id, by_sale, back, CASE WHEN by_sale THEN tender END, CASE WHEN by_sale THEN net END,
    CASE WHEN by_sale THEN debt END, CASE WHEN by_sale THEN free END"""
TAXES: Final = "SELECT coalesce(array_agg(id), '{}') FROM ledger.account WHERE utility_id = $1 AND kind = 'tax'"
# Few sales are taken back: all of those are looked at.
TAKEN_BACK: Final = """
SELECT a.vendor_id, a.first FROM vending.reversal r
JOIN vending.sale s ON s.utility_id = r.utility_id AND s.id = r.sale_id
JOIN ledger.entry e ON e.utility_id = r.utility_id AND e.id = r.sale_id
CROSS JOIN LATERAL (
    SELECT b.vendor_id, b.first, b.until FROM trade.accrual b
    WHERE b.utility_id = r.utility_id AND b.vendor_id = s.vendor_id AND b.since <= e.at AND b.ordinal = 0
    ORDER BY b.since DESC LIMIT 1
) AS a
WHERE r.utility_id = $1 AND e.at < a.until GROUP BY a.vendor_id, a.first
HAVING count(*) <> (
    SELECT l.taken_back FROM trade.accrual l WHERE l.utility_id = $1 AND l.vendor_id = a.vendor_id AND l.first = a.first
    ORDER BY l.ordinal DESC LIMIT 1)"""


async def groups(
    connection: Connection, utility_id: UUID, since: datetime, until: datetime, vendors: Mapping[UUID, bool]
) -> AsyncIterator[tuple[UUID, Group]]:
    """What these vendors sold from one instant to another, a little at a time; whoever sold nothing is left out.

    Args:
        connection: with a transaction.
        utility_id: whose vendors.
        since: the first instant.
        until: the first instant that doesn't belong to it.
        vendors: for each, whether sales are wanted one by one (equal ones as a group), or as a sum.
    """
    taxes = await connection.fetchval(TAXES, utility_id)
    arguments = (utility_id, since, until, list(vendors), list(vendors.values()), taxes)
    async for row in connection.cursor(SOLD, *arguments, prefetch=PREFETCH, timeout=PATIENCE):
        vendor_id, by_sale, back, times, *sums = row
        if back:
            yield vendor_id, (Basis(taken_back=times), 1)
        elif by_sale:
            energy = Basis(units=sums.pop())
            yield vendor_id, (Basis(*(it // times for it in sums)), times)
            yield vendor_id, (energy, 1)
        else:
            yield vendor_id, (Basis(*sums), 1)


async def taken_back(connection: Connection, utility_id: UUID) -> list[tuple[UUID, date]]:
    """The periods, by vendor and first day, of which more sales are taken back than was known when they were booked."""
    return [(vendor_id, first) for vendor_id, first in await connection.fetch(TAKEN_BACK, utility_id, timeout=PATIENCE)]
