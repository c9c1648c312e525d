"""What is true of debts, for `books prove`: what an account owes, or has left over, is what the books say."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.ledger import Claim, Wrong
from umbane.ledger.proof import PATIENCE, Progress, first_wrong

__all__ = ["DEBTS"]

AT_A_TIME: Final = 10_000
LAST: Final = UUID(int=(1 << 128) - 1)

# Accounts in the books that belong to no contract lie between two contracts, and are found in the window of the later.
WINDOW: Final = """
SELECT count(*), max(id::text) FROM (
    SELECT id FROM registry.contract WHERE utility_id = $1 AND id > $2 ORDER BY id LIMIT $3) AS contract"""

DIFFERING: Final = """
WITH contract AS MATERIALIZED (
    SELECT c.id, c.account_no, u.currency, c.state
    FROM registry.contract c JOIN registry.utility u ON u.id = c.utility_id
    WHERE c.utility_id = $1 AND c.id > $2 AND c.id <= $3
), owed AS (
    SELECT id AS owner_id, 'arrears' AS kind, debt.kind AS name, currency AS unit, sum(debt.owed)::bigint AS amount
    FROM contract CROSS JOIN json_to_recordset(state -> 'arrears') AS debt (kind text, owed bigint)
    GROUP BY id, debt.kind, currency
    UNION ALL
    SELECT id, 'customer_credit', '', currency, -(state ->> 'credit')::bigint FROM contract
    WHERE state ->> 'credit' IS NOT NULL
), booked AS (
    SELECT owner_id, kind, name, unit, (SELECT sum(amount)::bigint FROM ledger.line WHERE account = a.id) AS amount
    FROM ledger.account a
    WHERE utility_id = $1 AND owner_id > $2 AND owner_id <= $3 AND kind IN ('arrears', 'customer_credit')
)
SELECT 'registry.contract', coalesce(c.account_no, owner_id::text), CASE kind
    WHEN 'arrears' THEN 'owes ' || coalesce(o.amount, 0) || ' ' || unit || ' of the kind ' || name
    ELSE 'has ' || -coalesce(o.amount, 0) || ' ' || unit || ' left over' END
    || ', and the books say ' || CASE kind WHEN 'arrears' THEN 1 ELSE -1 END * coalesce(b.amount, 0)
FROM owed o FULL JOIN booked b USING (owner_id, kind, name, unit) LEFT JOIN contract c ON c.id = owner_id
WHERE coalesce(o.amount, 0) <> coalesce(b.amount, 0) ORDER BY owner_id, kind, name, unit LIMIT 1"""


async def are_booked(connection: Connection, progress: Progress) -> Wrong | None:
    """Hold contracts against their accounts in the books, some thousands at a time."""
    for [utility] in await connection.fetch("SELECT id FROM registry.utility ORDER BY id"):
        async for since, until, contracts in windows(connection, utility):
            if wrong := await first_wrong(connection, DIFFERING, utility, since, until):
                return wrong
            progress(contracts)
    return None


async def windows(connection: Connection, utility: UUID) -> AsyncIterator[tuple[UUID, UUID, int]]:
    """The ids of all contracts, cut where some thousands lie between, and how many they are."""
    since = UUID(int=0)
    while since < LAST:
        count, last = await connection.fetchrow(WINDOW, utility, since, AT_A_TIME, timeout=PATIENCE) or (0, None)
        until = UUID(last) if count == AT_A_TIME else LAST
        yield since, until, count
        since = until


DEBTS: Final = Claim("debts = books", "What every account owes or has left over is what the books say.", are_booked)
