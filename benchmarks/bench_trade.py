"""How fast the trade is: what vendors earned in a day, out of the books, and a shift that ends.

A sale here is a row of `vending.sale` with its entry, booked by the triggers that book every entry; its tender is one
of twenty thousand. The database and whoever reckons share the machine.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from benchmarks.places import by_owner, throwaway
from benchmarks.result import Result
from umbane.db import Connection, Database, new_ids
from umbane.ledger import ENERGY, AccountKey, CreditLimit, Kind, open_book
from umbane.pricing import CURRENCIES
from umbane.registry import (
    Operator,
    Policy,
    Role,
    Scope,
    Terminal,
    Utility,
    Vendor,
    add_operator,
    add_terminals,
    add_utility,
    add_vendors,
)
from umbane.registry.policy import TariffPolicy
from umbane.registry.utilities import zone_of
from umbane.trade.accrual import accrue
from umbane.trade.schemes import Term, activate_schemes, propose_schemes, set_terms
from umbane.trade.shifts import Closing, Opening, close_shifts, open_shifts

SALES: Final = int(os.environ.get("UMBANE_BENCH_TRADE", "100000"))
"""Sales of the day; a million is a large utility's."""
VENDORS: Final = 200
PORTION: Final = 20_000
DAY: Final = date(2026, 3, 12)
BEGIN: Final = datetime(2026, 3, 12, tzinfo=UTC)
LATER: Final = BEGIN + timedelta(days=2)
LIMIT: Final = 10**13

SCHEME: Final = """
format: umbane-commission-1
id: {name}
version: "1"
title: Shops
currency: ZAR
valid_from: 2026-01-01
period: day
rounding: half-up
rounded: {rounded}
parts:
  - {{name: sales, label: a share of what was taken, percent: 3.5, of: net}}
  - {{name: debt, label: a share of debts, percent: 5, of: debt}}
  - {{name: each, label: for each sale, amount: 0.15, each: sale}}
tax: {{name: vat, percent: 15}}
"""

# A sixth of the tender is debt, where it is divided by seven.
LAYING: Final = """
WITH it AS MATERIALIZED (
    SELECT n, $2::timestamptz + n * interval '80 milliseconds' AS at, 2000 + n * 7919 % 20000 AS tender,
        (n * 31 % $6)::integer + 1 AS seller, CASE WHEN n % 7 = 0 THEN (2000 + n * 7919 % 20000) / 6 ELSE 0 END AS debt,
        (lpad(to_hex($7::bigint + n), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8'
            || lpad(to_hex(n), 15, '0'))::uuid AS id
    FROM generate_series($3::bigint, $4::bigint - 1) AS n
), message AS (
    INSERT INTO vending.message (utility_id, terminal_id, message_id, id, fingerprint, at)
    SELECT $1, ($8::uuid[])[seller], n::text, id, '\\x00000000000000000000000000000000', at FROM it
), sale AS (
    INSERT INTO vending.sale (utility_id, id, at, kind, terminal_id, vendor_id, meter_id, currency, tender, units,
        free_units, lines, released)
    SELECT $1, id, at, 'buy', ($8::uuid[])[seller], ($5::uuid[])[seller], $1, 'ZAR', tender, tender / 30, 0, '[]', true
    FROM it
)
INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts)
SELECT $1, id, at, 'buy',
    ARRAY[($9::integer[])[seller], $10, $11, $12, $13]::integer[]
        || CASE WHEN debt > 0 THEN ARRAY[$14::integer] ELSE '{}' END,
    ARRAY[tender, debt - tender + tender / 8, -(tender / 8), tender / 30, -(tender / 30)]::bigint[]
        || CASE WHEN debt > 0 THEN ARRAY[-debt]::bigint[] ELSE '{}' END
FROM it"""


class Town:
    """A utility with vendors who sold for a day."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.vendors = [Vendor(it, f"V-{n}", f"Shop {n}", LIMIT) for n, it in enumerate(new_ids(VENDORS))]
        ids = new_ids(VENDORS)
        self.tills = [Terminal(id_, it.id, "T-1") for id_, it in zip(ids, self.vendors, strict=True)]
        self.cashier = Operator(new_ids(1)[0], "thandi", "Thandi", frozenset({Role.CASHIER}))
        self.shifts = new_ids(0)

    async def build(self, tx: Connection) -> None:
        """Add everything, open a shift at every till, and let half of the vendors earn by each scheme."""
        policy = Policy(tariffs=TariffPolicy(second_person=False))
        home = Utility(new_ids(1)[0], "town", "Town", CURRENCIES["ZAR"], zone_of("UTC"), ("en",), policy)
        self.scope = scope = await add_utility(tx, "bench", home)
        await add_vendors(tx, scope, self.vendors)
        await add_terminals(tx, scope, self.tills)
        await add_operator(tx, scope, self.cashier)
        openings = [Opening(it.id, self.cashier.id, 0) for it in self.tills]
        self.shifts = await open_shifts(tx, scope, openings, BEGIN)
        texts = [SCHEME.format(name=f"by-{it}", rounded=it) for it in ("sale", "period")]
        schemes = await propose_schemes(tx, scope, texts, BEGIN)
        await activate_schemes(tx, scope, [(it.id, it.version) for it in schemes], BEGIN)
        terms = [Term(it.id, schemes[n % 2].id, DAY) for n, it in enumerate(self.vendors)]
        await set_terms(tx, scope, terms, "agreed", BEGIN)
        book = await open_book(tx, scope.utility_id)
        floats = [AccountKey(Kind.VENDOR_FLOAT, "ZAR", it.id) for it in self.vendors]
        house = [
            AccountKey(Kind.REVENUE_ENERGY, "ZAR"), AccountKey(Kind.TAX, "ZAR", name="vat"),
            AccountKey(Kind.ENERGY_TOKENS, ENERGY), AccountKey(Kind.ENERGY_SOLD, ENERGY),
            AccountKey(Kind.ARREARS, "ZAR", self.cashier.id, "debt"),
        ]  # fmt: skip
        numbers = await book.accounts([*floats, *house])
        self.floats, self.house = [numbers[it] for it in floats], [numbers[it] for it in house]
        await book.set_credit_limits([CreditLimit(it, LIMIT, BEGIN, "agreed") for it in self.floats])

    async def sell(self, since: int, until: int) -> None:
        """Lay down some sales."""
        begin = self.shifts[-1].int >> 80
        who = [it.id for it in self.vendors], VENDORS, begin, [it.id for it in self.tills], self.floats
        arguments = self.scope.utility_id, BEGIN, since, until, *who, *self.house
        await self.database.run(lambda tx: tx.execute(LAYING, *arguments, timeout=600))


def benchmarks() -> Iterator[Result]:
    """The figures of the room ``trade``."""
    yield from asyncio.run(measured())


async def measured() -> list[Result]:
    """Lay down a day, end all shifts, and reckon what was earned."""
    async with throwaway() as database:
        town = Town(database)
        await database.run(town.build)
        for since in range(0, SALES, PORTION):
            await town.sell(since, min(SALES, since + PORTION))
        await by_owner(database, "ANALYZE")
        closing = await timed(town, close)
        accruing = await timed(town, reckon)
    return [
        Result("trade.shifts", round(closing, 3), "s", SALES),
        Result("trade.accrual", round(accruing, 3), "s", SALES),
    ]


async def timed(town: Town, work) -> float:  # type: ignore[no-untyped-def] # noqa: ANN001 - either of the two below
    """Seconds that some work takes, its commit included."""
    begin = time.perf_counter()
    await town.database.run(lambda tx: work(tx, town.scope, town))
    return time.perf_counter() - begin


async def close(tx: Connection, scope: Scope, town: Town) -> None:
    """End all shifts of the day."""
    ended = await close_shifts(tx, scope, [Closing(it, {}, "bench") for it in town.shifts], LATER)
    assert sum(it.expected for it in ended) > SALES * 2000


async def reckon(tx: Connection, scope: Scope, _: Town) -> None:
    """Book what everybody earned in the day."""
    booked = await accrue(tx, scope, LATER)
    assert sum(it.earned.basis.sales for it in booked) == SALES
