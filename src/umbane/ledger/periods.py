"""Closing periods: nothing is booked into them any more, and their sums are kept, so that later ones stay quick."""

from datetime import datetime
from typing import Final
from uuid import UUID

from umbane.audit import Fact, append, moment
from umbane.db import Connection, Database
from umbane.ledger.reading import PATIENCE, unhurried
from umbane.ledger.words import in_words

__all__ = ["close_period", "mark_closed", "periods", "sum_periods"]

LOCK: Final = 1279607883
"""The advisory lock, beside that of `ledger.open_from`, that whoever sums periods holds."""

CLOSE: Final = "INSERT INTO ledger.period (utility_id, until, closed_at, note) VALUES ($1, $2, $3, $4)"
ALL: Final = """
SELECT p.until, p.closed_at, p.note, s.until IS NOT NULL FROM ledger.period AS p
LEFT JOIN ledger.period_summed AS s ON s.utility_id = p.utility_id AND s.until = p.until
WHERE p.utility_id = $1 ORDER BY p.until DESC LIMIT $2
"""
NEXT: Final = """
SELECT until, since FROM (
    SELECT until, coalesce(lag(until) OVER (ORDER BY until), '0001-01-01 00:00Z') AS since
    FROM ledger.period WHERE utility_id = $1
) AS p
WHERE NOT EXISTS (SELECT FROM ledger.period_summed AS s WHERE s.utility_id = $1 AND s.until = p.until)
ORDER BY until LIMIT 1
"""
SUM: Final = """
WITH posting AS (
    SELECT unnest(accounts) AS account, unnest(amounts) AS amount FROM ledger.entry
    WHERE utility_id = $1 AND at >= $2 AND at < $3
), turnover AS (
    SELECT account, coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint AS debits,
           coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS credits
    FROM posting GROUP BY account
), summed AS (
    INSERT INTO ledger.period_sum (utility_id, account, until, debits, credits, balance)
    SELECT $1, t.account, $3, t.debits, t.credits, t.debits - t.credits + coalesce(before.balance, 0)
    FROM turnover AS t LEFT JOIN LATERAL (
        SELECT b.balance FROM ledger.period_sum AS b
        WHERE b.utility_id = $1 AND b.account = t.account AND b.until < $3 ORDER BY b.until DESC LIMIT 1
    ) AS before ON true RETURNING account
)
INSERT INTO ledger.period_summed (utility_id, until, accounts) SELECT $1, $3, count(*) FROM summed
"""


async def close_period(
    database: Database, utility: UUID, until: datetime, closed_at: datetime, note: str | None = None
) -> None:
    """Close the books of a utility up to an instant, and sum what was closed. Sales go on meanwhile.

    From then on, what happened before the instant is booked at it, with a note.

    Args:
        database: where the books are.
        utility: whose they are.
        until: the first instant that stays open.
        closed_at: now; no period is closed before it is over.
        note: words for whoever reads the books.

    Raises:
        PeriodError: the period isn't over, or the books are closed beyond it already.
    """
    await database.run(lambda tx: mark_closed(tx, utility, until, closed_at, note))
    await sum_periods(database, utility)


async def mark_closed(
    tx: Connection, utility: UUID, until: datetime, closed_at: datetime, note: str | None = None
) -> None:
    """Close the books up to an instant within a transaction of the caller's, who has them summed afterwards.

    Raises:
        PeriodError: as `close_period`.
    """
    with in_words():
        await tx.execute(CLOSE, utility, until, closed_at, note)
    says = {"utility": str(utility), "until": moment(until), "note": note}
    await append(tx, [Fact("period", closed_at, says)])


async def sum_periods(database: Database, utility: UUID) -> list[datetime]:
    """Sum the closed periods that weren't, such as after a crash, and answer where they end."""

    async def sum_next(connection: Connection) -> datetime | None:
        await unhurried(connection)
        await connection.execute("SET LOCAL lock_timeout = 0")
        await connection.execute(
            "SELECT pg_advisory_xact_lock($1, ledger.lock_number($2))", LOCK, utility, timeout=PATIENCE
        )
        period = await connection.fetchrow(NEXT, utility)
        if period is None:
            return None
        until, since = period
        await connection.execute(SUM, utility, since, until, timeout=PATIENCE)
        return until  # type: ignore[no-any-return]  # a timestamptz column

    summed: list[datetime] = []
    while until := await database.run(sum_next):
        summed.append(until)
    return summed


async def periods(
    connection: Connection, utility: UUID, most: int = 1000
) -> list[tuple[datetime, datetime, str | None, bool]]:
    """The closed periods, the last one first: until when, closed when, the note, and whether it is summed."""
    return [tuple(row) for row in await connection.fetch(ALL, utility, most)]
