"""The claims of the books themselves."""

from typing import Final

from umbane.db import Connection
from umbane.db.guards import known_guards, unguarded
from umbane.db.rights import declared, overreach
from umbane.ledger.proof import Claim, Progress, Wrong, first_wrong, sweep
from umbane.ledger.reading import utilities

__all__ = ["BOOKS"]

# The postings of a window.
POSTINGS: Final = """
WITH posting AS MATERIALIZED (
    SELECT at, id, unnest(accounts) AS account, unnest(amounts) AS amount FROM ledger.entry
    WHERE utility_id = $1 AND at >= $2 AND at < $3
)"""
UNBALANCED: Final = f"""{POSTINGS}, wrong AS MATERIALIZED (
    SELECT p.at, p.id, a.unit, CASE
        WHEN bool_or(amount IS NULL) THEN 'account ' || min(account) FILTER (WHERE amount IS NULL) || ' has no amount'
        WHEN bool_or(account IS NULL) THEN 'an amount of ' || min(amount) || ' has no account'
        WHEN unit IS NULL THEN 'account ' || min(account) || ' isn''t one of its utility'
        WHEN bool_or(amount = 0) THEN 'account ' || min(account) FILTER (WHERE amount = 0) || ' has an amount of zero'
        ELSE unit || ' sum to ' || sum(amount) || ', not to zero' END AS problem
    FROM posting p LEFT JOIN ledger.account a ON a.id = p.account AND a.utility_id = $1 GROUP BY p.at, p.id, a.unit
    HAVING unit IS NULL OR sum(amount) <> 0 OR bool_or(amount IS NULL OR amount = 0)
)
SELECT 'ledger.entry', id, problem FROM wrong ORDER BY at, id, unit NULLS FIRST LIMIT 1
"""  # noqa: S608 - our own words
UNLINED: Final = f"""{POSTINGS}, compared AS (
    SELECT p.at, p.id, account, amount, 1 AS more FROM posting p
    JOIN ledger.account a ON a.id = p.account AND a.utility_id = $1 AND a.owner_id <> $1
    UNION ALL
    SELECT at, entry_id, account, amount, -1 FROM ledger.line WHERE utility_id = $1 AND at >= $2 AND at < $3
), wrong AS MATERIALIZED (
    SELECT at, id, account, amount, 'there is no ' || CASE WHEN sum(more) > 0 THEN 'line for this' ELSE 'such' END
        || ' posting of ' AS problem
    FROM compared GROUP BY at, id, account, amount HAVING sum(more) <> 0
)
SELECT 'ledger.line', id || ' of account ' || account, problem || amount FROM wrong
ORDER BY at, id, account, problem LIMIT 1
"""  # noqa: S608 - our own words

NO_REVERSALS: Final = """
SELECT 'ledger.entry', e.id, CASE
    WHEN o.id IS NULL THEN 'takes back entry ' || e.reverses || ', which doesn''t exist'
    WHEN o.reverses IS NOT NULL THEN 'takes back entry ' || o.id || ', which is a reversal'
    WHEN e.times > 1 THEN 'takes back entry ' || o.id || ', which others take back too'
    ELSE 'isn''t the contra entry of ' || o.id END
FROM (
    SELECT *, count(*) OVER (PARTITION BY utility_id, reverses) AS times FROM ledger.entry WHERE reverses IS NOT NULL
) AS e LEFT JOIN ledger.entry AS o ON o.utility_id = e.utility_id AND o.id = e.reverses
WHERE o.id IS NULL OR o.reverses IS NOT NULL OR e.times > 1
   OR o.accounts <> e.accounts OR o.amounts <> ledger.negated(e.amounts)
ORDER BY e.utility_id, e.at, e.id LIMIT 1
"""

UNFOUNDED_PARTS: Final = """
WITH part AS (
    SELECT e.*, o.id AS debt, o.accounts AS whose, o.amounts AS owed FROM ledger.entry AS e
    LEFT JOIN ledger.entry AS o ON o.utility_id = e.utility_id AND o.id = e.source_id AND o.kind = 'debt'
    WHERE e.utility_id = $1 AND e.at >= $2 AND e.at < $3 AND e.kind = 'debt_taken_back'
), wrong AS MATERIALIZED (
    SELECT at, id, CASE
        WHEN debt IS NULL THEN 'takes back a part of ' || coalesce(source_id::text, 'nothing') || ', which is no debt'
        WHEN whose <> accounts OR amounts[1] >= 0 THEN 'isn''t a part of debt ' || debt
        WHEN owed[1] < (
            SELECT -sum(l.amount) FROM ledger.line AS l
            JOIN ledger.entry AS t ON t.utility_id = l.utility_id AND t.id = l.entry_id
            WHERE l.account = whose[1] AND (t.reverses = debt OR t.kind = 'debt_taken_back' AND t.source_id = debt)
        ) THEN 'is a part of debt ' || debt || ', of which more was taken back than there was' END AS problem
    FROM part
)
SELECT 'ledger.entry', id, problem FROM wrong WHERE problem IS NOT NULL ORDER BY at, id LIMIT 1
"""

UNPOSTED_HOLDS: Final = """
SELECT 'ledger.entry', e.id, CASE
    WHEN h.id IS NULL THEN 'posts hold ' || e.hold_id || ', which doesn''t exist'
    ELSE 'posts hold ' || h.id || ', which is ' || h.state || coalesce(' by entry ' || h.entry_id, '') END
FROM ledger.entry AS e LEFT JOIN ledger.hold AS h ON h.utility_id = e.utility_id AND h.id = e.hold_id
WHERE e.utility_id = $1 AND e.at >= $2 AND e.at < $3 AND e.hold_id IS NOT NULL
  AND (h.id IS NULL OR h.state <> 'posted' OR h.entry_id <> e.id)
ORDER BY e.at, e.id LIMIT 1
"""

UNFOUNDED_HOLDS: Final = """
SELECT 'ledger.hold', h.id, CASE
    WHEN e.id IS NULL THEN 'was posted by entry ' || h.entry_id || ', which doesn''t post it'
    ELSE 'was posted by entry ' || e.id || ', which has nothing on account ' || h.account END
FROM ledger.hold AS h
LEFT JOIN ledger.entry AS e ON e.utility_id = h.utility_id AND e.id = h.entry_id AND e.hold_id = h.id
WHERE h.state = 'posted' AND (e.id IS NULL OR h.account <> ALL (e.accounts))
ORDER BY h.utility_id, h.id LIMIT 1
"""

UNFOUNDED_BALANCES: Final = """
WITH guarded AS (
    SELECT a.utility_id, a.id AS account FROM ledger.account AS a JOIN ledger.kind AS k USING (kind) WHERE k.guarded
), computed AS (
    SELECT g.utility_id, g.account, coalesce(l.amount, 0) AS posted, coalesce(h.amount, 0) AS held,
           coalesce(c.amount, 0) AS credit_limit
    FROM guarded AS g
    LEFT JOIN (SELECT account, sum(amount) AS amount FROM ledger.line GROUP BY account) AS l USING (account)
    LEFT JOIN (
        SELECT account, sum(amount) AS amount FROM ledger.hold WHERE state = 'pending' GROUP BY account
    ) AS h USING (account)
    LEFT JOIN (
        SELECT DISTINCT ON (account) account, amount FROM ledger.credit_limit ORDER BY account, id DESC
    ) AS c USING (account)
)
SELECT 'ledger.balance', 'of account ' || coalesce(b.account, c.account), CASE
    WHEN b.account IS NULL THEN 'is missing'
    WHEN c.account IS NULL THEN 'belongs to no guarded account'
    WHEN b.utility_id <> c.utility_id THEN 'belongs to another utility'
    WHEN b.posted <> c.posted THEN 'says that ' || b.posted || ' was posted, and the postings sum to ' || c.posted
    WHEN b.held <> c.held THEN 'says that ' || b.held || ' is held, and the pending holds sum to ' || c.held
    WHEN b.credit_limit <> c.credit_limit
        THEN 'has a limit of ' || b.credit_limit || ', and ' || c.credit_limit || ' was set'
    ELSE 'is above its limit: ' || b.posted || ' posted and ' || b.held || ' held, of ' || b.credit_limit END
FROM ledger.balance AS b FULL JOIN computed AS c USING (account)
WHERE (b.utility_id, b.posted, b.held, b.credit_limit) IS DISTINCT FROM (c.utility_id, c.posted, c.held, c.credit_limit)
   OR b.posted + b.held > b.credit_limit
ORDER BY coalesce(b.account, c.account) LIMIT 1
"""

# A sum of no closed period would be taken for one as soon as a later one is closed.
STRAY_SUMS: Final = """
SELECT 'ledger.' || s.name, 'until ' || s.until, 'belongs to no period that is closed and summed'
FROM (
    SELECT utility_id, until, 'period_sum' AS name FROM ledger.period_sum
    UNION SELECT utility_id, until, 'period_summed' FROM ledger.period_summed
) AS s
WHERE NOT EXISTS (
    SELECT FROM ledger.period JOIN ledger.period_summed USING (utility_id, until)
    WHERE utility_id = s.utility_id AND until = s.until)
ORDER BY s.utility_id, s.until, s.name LIMIT 1
"""
PERIODS: Final = """
SELECT until, coalesce(lag(until) OVER (ORDER BY until), '0001-01-01 00:00Z') AS since
FROM ledger.period JOIN ledger.period_summed USING (utility_id, until) WHERE utility_id = $1 ORDER BY until
"""
WRONG_SUMS: Final = """
WITH posting AS (
    SELECT unnest(accounts) AS account, unnest(amounts) AS amount FROM ledger.entry
    WHERE utility_id = $1 AND at >= $2 AND at < $3
), computed AS (
    SELECT account, coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS debits,
           coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) AS credits
    FROM posting GROUP BY account
), kept AS (
    SELECT s.account, s.debits, s.credits, s.balance, coalesce((
        SELECT b.balance FROM ledger.period_sum AS b
        WHERE b.utility_id = $1 AND b.account = s.account AND b.until < $3 ORDER BY b.until DESC LIMIT 1), 0) AS before
    FROM ledger.period_sum AS s WHERE s.utility_id = $1 AND s.until = $3
)
SELECT 'ledger.period_sum', 'of account ' || account || ' until ' || $3, CASE
    WHEN k.debits IS NULL THEN 'is missing'
    WHEN c.debits IS NULL THEN 'belongs to no posting'
    WHEN k.debits <> c.debits THEN 'says that debits are ' || k.debits || ', and the postings sum to ' || c.debits
    WHEN k.credits <> c.credits THEN 'says that credits are ' || k.credits || ', and the postings sum to ' || c.credits
    ELSE 'ends at ' || k.balance || ', and not at ' || k.before + k.debits - k.credits END
FROM kept AS k FULL JOIN computed AS c USING (account)
WHERE (k.debits, k.credits) IS DISTINCT FROM (c.debits, c.credits) OR k.balance <> k.before + k.debits - k.credits
ORDER BY account LIMIT 1
"""


async def _guards(connection: Connection, progress: Progress) -> Wrong | None:
    guards = known_guards()
    progress(len(guards.triggers) + len(guards.functions))
    return next((Wrong(*it) for it in await unguarded(connection, guards)), None)


async def _rights(connection: Connection, progress: Progress) -> Wrong | None:
    progress(len(declared()))
    role = await connection.fetchval("SELECT current_user")
    return next((Wrong(*it) for it in await overreach(connection, role)), None)


async def _reversals(connection: Connection, progress: Progress) -> Wrong | None:
    progress(await connection.fetchval("SELECT count(*) FROM ledger.entry WHERE reverses IS NOT NULL"))
    return await first_wrong(connection, NO_REVERSALS)


async def _holds(connection: Connection, progress: Progress) -> Wrong | None:
    progress(await connection.fetchval("SELECT count(*) FROM ledger.hold"))
    return await first_wrong(connection, UNFOUNDED_HOLDS) or await sweep(UNPOSTED_HOLDS)(connection, lambda _: None)


async def _balances(connection: Connection, progress: Progress) -> Wrong | None:
    progress(await connection.fetchval("SELECT count(*) FROM ledger.balance"))
    return await first_wrong(connection, UNFOUNDED_BALANCES)


async def _periods(connection: Connection, progress: Progress) -> Wrong | None:
    for utility in await utilities(connection):
        for until, since in await connection.fetch(PERIODS, utility):
            if wrong := await first_wrong(connection, WRONG_SUMS, utility, since, until):
                return wrong
            progress(1)
    return await first_wrong(connection, STRAY_SUMS)


BOOKS: Final = (
    Claim(
        "guards",
        "Every guard of the tables is there, switched on, and as it was made; nothing else works there.",
        _guards,
    ),
    Claim(
        "rights",
        "The role that works here owns nothing and may do what it needs, so that it can't take the guards away.",
        _rights,
    ),
    Claim("entries", "Every entry sums to zero in each unit, on accounts of its own utility.", sweep(UNBALANCED)),
    Claim(
        "lines", "Every posting of an account with an owner has its line, and every line its posting.", sweep(UNLINED)
    ),
    Claim("reversals", "Every reversal is the contra entry of one that is no reversal, and the only one.", _reversals),
    Claim(
        "debts taken back",
        "What was taken back of a debt was put there before on the same accounts, and is no more than that.",
        sweep(UNFOUNDED_PARTS),
    ),
    Claim("holds", "Every hold that was posted has its entry, and every entry that posts a hold has that one.", _holds),
    Claim(
        "balances",
        "Every guarded account is what its postings, holds and limit make it, and within its limit.",
        _balances,
    ),
    Claim(
        "periods", "Every closed period has the sums of its postings, and leads from one balance to the next.", _periods
    ),
)
"""The claims of the ledger, in the order in which they lean on each other."""
