"""What is true of sales that are in order, for `books prove`: tokens, charges, counts, blocks, messages."""

from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.ledger import Claim, Wrong
from umbane.ledger.proof import PATIENCE, Check, Progress, first_wrong, sweep
from umbane.vending.debtclaims import DEBTS

__all__ = ["CLAIMS", "booked_tokens"]

AT_A_TIME: Final = 50_000
PAGES_AT_A_TIME: Final = 1000

NEXT: Final = """
SELECT id FROM vending.sale WHERE utility_id = $1 AND id > $2 ORDER BY id OFFSET $3 LIMIT 1"""
LAST: Final = "SELECT id FROM vending.sale WHERE utility_id = $1 ORDER BY id DESC LIMIT 1"

STRIDE: Final = "SELECT count(*) FROM vending.sale WHERE utility_id = $1 AND id > $2 AND id <= $3"

# Every sale in a stretch of ids, with what its tokens carry and what its entry says. Here and below, what belongs to a
# row is summed for each row: so PostgreSQL goes by an index, whatever it believes of how many rows there are.
BOOKED: Final = """
SELECT 'vending.sale', s.id, CASE
    WHEN p.money <> s.tender THEN 'took ' || s.tender || ', but ' || p.money || ' is booked'
    WHEN p.energy <> m.units THEN 'its tokens carry ' || m.units || ', but ' || p.energy || ' is booked'
    WHEN m.units < s.units + s.free_units THEN 'promised more units than its tokens carry'
    ELSE 'was charged for and has no token' END
FROM vending.sale s CROSS JOIN LATERAL (
    SELECT count(*) AS tokens, coalesce(sum(units), 0) AS units FROM vending.token t
    WHERE t.utility_id = s.utility_id AND t.sale_id = s.id
) m CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.amount) FILTER (WHERE a.kind = 'energy_tokens'), 0) AS energy,
        coalesce(sum(p.amount) FILTER (WHERE a.kind = 'vendor_float' AND a.owner_id = s.vendor_id), 0) AS money
    FROM ledger.entry e CROSS JOIN LATERAL unnest(e.accounts, e.amounts) AS p (account, amount)
    JOIN ledger.account a ON a.id = p.account WHERE e.utility_id = s.utility_id AND e.id = s.id
) p
WHERE s.utility_id = $1 AND s.id > $2 AND s.id <= $3 AND (
    p.money <> s.tender OR p.energy <> m.units OR m.units < s.units + s.free_units OR s.kind <> 'pay' AND m.tokens = 0)
ORDER BY s.id LIMIT 1"""

FOUNDED: Final = """
SELECT 'ledger.entry', e.id, 'moves energy into tokens and belongs to no sale'
FROM ledger.entry e JOIN ledger.account a ON a.utility_id = e.utility_id AND a.kind = 'energy_tokens'
WHERE e.utility_id = $1 AND e.at >= $2 AND e.at < $3 AND a.id = ANY(e.accounts) AND e.reverses IS NULL
    AND 0 = (SELECT count(*) FROM vending.sale s WHERE s.utility_id = e.utility_id AND s.id = e.id)
ORDER BY e.at, e.id LIMIT 1"""

REVERSED: Final = """
SELECT 'vending.sale', id, problem FROM (
    SELECT r.sale_id AS id, CASE WHEN e.reverses IS DISTINCT FROM r.sale_id THEN 'is taken back, and not in the books'
        WHEN (s.contract_id, s.version) IS DISTINCT FROM (r.contract_id, r.version)
            THEN 'is taken back from another account'
        ELSE 'is taken back, and its digits have left the house' END AS problem
    FROM vending.reversal r
    LEFT JOIN ledger.entry e ON e.utility_id = r.utility_id AND e.id = r.entry_id
    LEFT JOIN vending.sale s ON s.utility_id = r.utility_id AND s.id = r.sale_id
    WHERE e.reverses IS DISTINCT FROM r.sale_id OR s.released
        OR (s.contract_id, s.version) IS DISTINCT FROM (r.contract_id, r.version)
        OR EXISTS (SELECT FROM vending.release l WHERE l.utility_id = r.utility_id AND l.sale_id = r.sale_id)
    UNION ALL
    SELECT s.id, 'is taken back in the books alone'
    FROM ledger.entry e JOIN vending.sale s ON s.utility_id = e.utility_id AND s.id = e.reverses
    WHERE e.reverses IS NOT NULL
        AND NOT EXISTS (SELECT FROM vending.reversal r WHERE r.utility_id = s.utility_id AND r.sale_id = s.id)
) looked ORDER BY id LIMIT 1"""

FREE: Final = """
SELECT 'vending.sale', s.id, 'gave ' || s.free_units || ' free units, and no month is claimed by it'
FROM vending.sale s
WHERE s.utility_id = $1 AND s.id > $2 AND s.id <= $3 AND s.free_units > 0 AND s.kind IN ('buy', 'claim_free')
    AND 0 = (SELECT count(*) FROM vending.reversal r WHERE r.utility_id = s.utility_id AND r.sale_id = s.id)
    AND 0 = (
        SELECT count(*) FROM vending.free_claim c
        WHERE c.utility_id = s.utility_id AND c.contract_id = s.contract_id AND c.sale_id = s.id)
ORDER BY s.id LIMIT 1"""

# Below the mark every token of a module is in a sale or withheld: as many as were made.
COUNTED: Final = """
SELECT 'vending.module', m.name, 'made ' || m.reconciled || ' tokens, and the books know ' || k.known
FROM vending.module m CROSS JOIN LATERAL (
    SELECT (SELECT count(*) FROM vending.token t WHERE t.module = m.id AND t.number < m.reconciled)
        + (SELECT coalesce(sum(w.made), 0) FROM vending.withheld w WHERE w.module = m.id AND w.number < m.reconciled)
        AS known
) k WHERE k.known <> m.reconciled ORDER BY m.id LIMIT 1"""

BOTH: Final = """
SELECT 'vending.withheld', m.name || ' ' || w.number, 'is withheld, and in sale ' || t.sale_id
FROM vending.withheld w JOIN vending.module m ON m.id = w.module CROSS JOIN registry.utility u
JOIN vending.token t ON t.utility_id = u.id AND t.module = w.module
    AND t.number >= w.number AND t.number < w.number + w.made
ORDER BY w.module, w.number LIMIT 1"""

KNOWN: Final = """
SELECT (SELECT count(*) FROM vending.token t WHERE t.module = m.id)
    + (SELECT coalesce(sum(made), 0) FROM vending.withheld w WHERE w.module = m.id)
FROM vending.module m WHERE m.name = $1"""

# From one sale of a contract to the next: what was bought in the period grows by the units of the sale.
BLOCKS: Final = """
SELECT 'vending.sale', id,
    'sold ' || units || ', but the block count went from ' || purchased_before || ' to ' || purchased
FROM (
    SELECT id, kind, units, free_units, version, period_start, purchased, lag(version) OVER earlier AS version_before,
        lag(period_start) OVER earlier AS period_before, lag(purchased) OVER earlier AS purchased_before
    FROM vending.sale WHERE version IS NOT NULL
    WINDOW earlier AS (PARTITION BY utility_id, contract_id ORDER BY version)
) s
WHERE kind IN ('buy', 'claim_free') AND version = version_before + 1 AND period_start = period_before
    AND purchased - purchased_before NOT IN (units, units + free_units)
ORDER BY id LIMIT 1"""

# Sales that were taken back have moved their account there and back; what the utility changed later is its own.
ACCOUNTS: Final = """
SELECT 'registry.contract', c.account_no, 'sale ' || s.id || ' left ' || s.purchased
    || ' bought in the period, but the contract says ' || coalesce(c.state ->> 'purchased', '0')
FROM registry.contract c JOIN (
    SELECT DISTINCT ON (utility_id, contract_id) utility_id, contract_id, id, version, purchased FROM vending.sale s
    WHERE version IS NOT NULL
        AND NOT EXISTS (SELECT FROM vending.reversal r WHERE r.utility_id = s.utility_id AND r.sale_id = s.id)
    ORDER BY utility_id, contract_id, version DESC
) s ON s.utility_id = c.utility_id AND s.contract_id = c.id
WHERE coalesce((c.state ->> 'purchased')::bigint, 0) <> s.purchased AND c.version = s.version + 2 * (
    SELECT count(*) FROM vending.reversal u
    WHERE u.utility_id = c.utility_id AND u.contract_id = c.id AND u.version > s.version)
ORDER BY c.utility_id, c.account_no LIMIT 1"""

# Every message in a stretch of the table's pages: they have no order of their own that an index knows.
OUTCOMES: Final = """
SELECT 'vending.message', terminal_id || ' ' || message_id,
    CASE outcomes WHEN 0 THEN 'was never answered' ELSE 'has more than one outcome' END
FROM (
    SELECT *, (SELECT count(*) FROM vending.sale s WHERE s.utility_id = m.utility_id AND s.id = m.id)
        + (SELECT count(*) FROM vending.refusal r WHERE r.utility_id = m.utility_id AND r.id = m.id) AS outcomes
    FROM vending.message m WHERE ctid >= $1 AND ctid < $2
) looked WHERE outcomes <> 1 ORDER BY utility_id, terminal_id, message_id LIMIT 1"""
PAGES: Final = "SELECT pg_relation_size('vending.message') / current_setting('block_size')::bigint"
MESSAGES: Final = "SELECT count(*) FROM vending.message WHERE ctid >= $1 AND ctid < $2"

UNASKED: Final = """
SELECT 'vending.sale', s.id, 'answers no message' FROM vending.sale s
WHERE s.utility_id = $1 AND s.id > $2 AND s.id <= $3 AND 0 = (
    SELECT count(*) FROM vending.message m
    WHERE m.utility_id = s.utility_id AND m.terminal_id = s.terminal_id AND m.id = s.id)
ORDER BY s.id LIMIT 1"""


def stride(sql: str) -> Check:
    """A check that goes over all sales, utility by utility, in the order of their ids, some thousands at a time."""

    async def check(connection: Connection, progress: Progress) -> Wrong | None:
        for row in await connection.fetch("SELECT id FROM registry.utility ORDER BY id"):
            utility, since = row["id"], UUID(int=0)
            last: UUID | None = await connection.fetchval(LAST, utility)
            while last is not None and since < last:
                until = await connection.fetchval(NEXT, utility, since, AT_A_TIME) or last
                if wrong := await first_wrong(connection, sql, utility, since, until):
                    return wrong
                progress(await connection.fetchval(STRIDE, utility, since, until))
                since = until
        return None

    return check


async def outcomes(connection: Connection, progress: Progress) -> Wrong | None:
    """Go over all messages, some thousands of pages at a time."""
    pages = await connection.fetchval(PAGES)
    for page in range(0, pages, PAGES_AT_A_TIME):
        stretch = (page, 0), (page + PAGES_AT_A_TIME, 0)
        if wrong := await first_wrong(connection, OUTCOMES, *stretch):
            return wrong
        progress(await connection.fetchval(MESSAGES, *stretch))
    return None


def whole(sql: str, table: str) -> Check:
    """A check that is one statement over all rows of a table."""

    async def check(connection: Connection, progress: Progress) -> Wrong | None:
        progress(await connection.fetchval(f"SELECT count(*) FROM {table}", timeout=PATIENCE))  # noqa: S608 - our names
        return await first_wrong(connection, sql)

    return check


CLAIMS: Final = (
    Claim("sales booked", "Every sale has its tokens, and its entry books just what they carry.", stride(BOOKED)),
    Claim("sales founded", "Every entry that moves energy into tokens belongs to a sale.", sweep(FOUNDED)),
    Claim(
        "sales reversed",
        "Every sale that was taken back is taken back in the books, and no other.",
        whole(REVERSED, "vending.reversal"),
    ),
    Claim("free units", "Every sale that gave free units claims a month of the account.", stride(FREE)),
    Claim(
        "tokens counted",
        "Every token that a module counted is in one sale, or withheld.",
        whole(COUNTED, "vending.token"),
    ),
    Claim("withheld", "No token that is withheld is in a sale.", whole(BOTH, "vending.withheld")),
    Claim("blocks", "What was bought in a period is what was sold in it.", whole(BLOCKS, "vending.sale")),
    Claim("accounts", "Every account says what its last sale left it with.", whole(ACCOUNTS, "registry.contract")),
    DEBTS,
    Claim("outcomes", "Every message has one outcome.", outcomes),
    Claim("messages", "Every sale answers a message.", stride(UNASKED)),
)


async def booked_tokens(connection: Connection, module: str) -> int:
    """How many tokens of a module the books know: the module's own count, when nothing is under way."""
    found: int = await connection.fetchval(KNOWN, module, timeout=PATIENCE)
    return found
