"""Past sales of a town, laid down by the ten thousand: rows of every table such as sales leave behind.

Each meter buys in its turn, round after round, over the ten months before this one. The tokens are those of a module
that is there no more. All is priced as the first block of the tariff has it, booked by the triggers that book every
entry, and moved on in the states of contracts and meters; so the proof of the books holds.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.bench_sale import GROUP, TARIFF, Town
from umbane.db import Connection, Database
from umbane.ledger import ENERGY, AccountKey, Kind, open_book

__all__ = ["lay_down"]

AT_A_TIME: Final = 20_000
AT_ONCE: Final = 2
MONTHS: Final = 10
PATIENCE: Final = 3600.0
DAYS: Final = 28
"""Of a month, on which somebody buys: every month has so many."""

HOUSE: Final = (
    AccountKey(Kind.REVENUE_ENERGY, "ZAR"),
    AccountKey(Kind.TAX, "ZAR", name="vat"),
    AccountKey(Kind.ENERGY_TOKENS, ENERGY),
    AccountKey(Kind.ENERGY_SOLD, ENERGY),
)

# Who buys at which place of a round, and how much: 2 to 8 kWh, a tenth at 137/46 cents, and 15 % VAT.
BUYERS: Final = """
CREATE TABLE buyer AS
SELECT place, r.id AS meter_id, r.contract_id, units, energy, round(energy * 0.15)::bigint AS vat
FROM (
    SELECT t.place - 1 AS place, drn, units, round(units * 137 / 46.0)::bigint AS energy
    FROM unnest($2::text[]) WITH ORDINALITY AS t (drn, place)
    CROSS JOIN LATERAL (SELECT 20 + t.place % 60 AS units) AS u
) AS it JOIN registry.meter AS r ON r.utility_id = $1 AND r.drn = it.drn"""
SELLERS: Final = """
CREATE TABLE seller AS
SELECT t.place - 1 AS place, r.id AS terminal_id, r.vendor_id, a.id AS account
FROM unnest($2::uuid[]) WITH ORDINALITY AS t (id, place)
JOIN registry.terminal AS r ON r.utility_id = $1 AND r.id = t.id
JOIN ledger.account AS a ON a.utility_id = $1 AND a.owner_id = r.vendor_id AND a.kind = 'vendor_float'"""
RETIRED: Final = "INSERT INTO vending.module (name, realm, reconciled) VALUES ('retired', 'test', $1) RETURNING id"
FIRST_MONTH: Final = "SELECT date_trunc('month', now(), 'UTC') - interval '1 month' * $1::integer"

# The sales with the numbers from $2 to below $3. Ids are those of their moments, as new_ids makes them.
LAYING: Final = """
WITH past AS MATERIALIZED (
    SELECT t.*, b.*, s.terminal_id, s.vendor_id, s.account, b.energy + b.vat AS tender,
        b.units * (round % $5 + 1) AS purchased, (
            lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
            || '8' || lpad(to_hex(n), 15, '0')
        )::uuid AS id, md5(n::text) AS chance
    FROM (
        SELECT n, n / $4 AS round, month::date AS month,
            month + interval '1 day' * $7 * (n / $4 % $5 + (n % $4)::float / $4) / $5 AS at
        FROM generate_series($2::bigint, $3::bigint - 1) AS n
        CROSS JOIN LATERAL (SELECT $6::timestamptz + interval '1 month' * (n / $4 / $5) AS month) AS it
    ) AS t JOIN buyer AS b ON b.place = n % $4 JOIN seller AS s ON s.place = n % $8
), message AS (
    INSERT INTO vending.message (utility_id, terminal_id, message_id, id, fingerprint, at)
    SELECT $1, terminal_id, 'past-' || n, id, decode(chance, 'hex'), at FROM past ORDER BY n
), sale AS (
    INSERT INTO vending.sale (
        utility_id, id, at, kind, terminal_id, vendor_id, meter_id, contract_id, currency, tender, units, free_units,
        tariff_id, tariff_version, lines, version, period_start, purchased, released
    )
    SELECT $1, id, at, 'buy', terminal_id, vendor_id, meter_id, contract_id, 'ZAR', tender, units, 0, $9, '2025/26',
        format(
            '[["energy","block 1","Electricity, 0–100 kWh",%s,%s,"137/46",true],'
            || '["tax","vat","VAT 15 %%",%s,%s,"3/20",false]]', energy, units, vat, energy
        )::json, round + 1, month, purchased, true FROM past ORDER BY n
), token AS (
    INSERT INTO vending.token (
        utility_id, sale_id, ordinal, module, number, request_id, meter_id, kind, units, minute, sgc, krn, kt, ti,
        digits
    )
    SELECT $1, id, 0, $10, n, chance::uuid, meter_id, 'credit', units, {minute}, $11, 1, 2, 1,
        '\\x00' || substr(decode(chance, 'hex'), 1, 8) FROM past ORDER BY n
)
INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts)
SELECT $1, id, at, 'buy', account || $12::integer[], ARRAY[tender, -energy, -vat, units, -units] FROM past ORDER BY n
""".replace("{minute}", "floor(extract(epoch FROM at - timestamptz '1993-01-01 00:00Z') / 60)")

# What a contract is left with after the last of the past sales: $2 of them.
BOUGHT: Final = """
UPDATE registry.contract AS c SET version = s.version, state = (c.state::jsonb || jsonb_build_object(
    'purchased', s.purchased, 'spent', s.tender * s.times, 'period_start', s.period_start))::json
FROM (
    SELECT DISTINCT ON (contract_id) contract_id, version, purchased, tender, period_start, purchased / units AS times
    FROM vending.sale WHERE utility_id = $1 ORDER BY contract_id, version DESC
) AS s WHERE c.utility_id = $1 AND c.id = s.contract_id"""


async def lay_down(database: Database, town: Town, sales: int) -> None:
    """Let a town have had so many sales.

    Args:
        database: of a town in which nothing was sold yet.
        town: who sells what to whom.
        sales: how many.
    """
    rounds = -(-sales // len(town.meters))
    in_a_month = -(-rounds // MONTHS)
    fixed = await database.run(lambda tx: prepare(tx, town, sales, -(-rounds // in_a_month)))
    first_month, module, house = fixed

    def portion(start: int) -> tuple[Any, ...]:
        return (
            *(town.utility_id, start, min(start + AT_A_TIME, sales), len(town.meters), in_a_month, first_month, DAYS),
            *(len(town.terminals), TARIFF, module, GROUP.value, house),
        )

    async def lay(starts: Iterator[int]) -> None:
        for start in starts:
            await database.run(lambda tx, start=start: tx.execute(LAYING, *portion(start)))  # type: ignore[misc] # of this turn

    starts = iter(range(0, sales, AT_A_TIME))
    await asyncio.gather(*(lay(starts) for _ in range(AT_ONCE)))
    await database.run(lambda tx: move_on(tx, town))


async def prepare(tx: Connection, town: Town, sales: int, months: int) -> tuple[datetime, int, list[int]]:
    """The month in which it all began, the module that made the tokens, and the accounts of the house."""
    book = await open_book(tx, town.utility_id)
    accounts = await book.accounts(HOUSE)
    await tx.execute(BUYERS, town.utility_id, town.meters)
    await tx.execute(SELLERS, town.utility_id, town.terminals)
    await tx.execute("ANALYZE buyer, seller")
    first_month = await tx.fetchval(FIRST_MONTH, months)
    return first_month.astimezone(UTC), await tx.fetchval(RETIRED, sales), [accounts[it] for it in HOUSE]


async def move_on(tx: Connection, town: Town) -> None:
    """Leave contracts as they are after all that."""
    await tx.execute("SET LOCAL statement_timeout = 0")
    await tx.execute(BOUGHT, town.utility_id, timeout=PATIENCE)
    await tx.execute("DROP TABLE buyer, seller")
