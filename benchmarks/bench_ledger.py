"""How fast the books are: entries booked in batches, the proof, and sums over what is open and what is closed.

An entry here is a sale: six postings in money and energy, a seventh on every tenth. Every commit is on the disk; the
database and whoever books share the machine. Rates are the best of several stretches of one run.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID

from benchmarks.places import throwaway
from benchmarks.result import Result
from umbane.db import Connection, Database, new_ids
from umbane.ledger import (
    BOOKS,
    ENERGY,
    AccountKey,
    CreditLimit,
    Demand,
    Entry,
    Kind,
    balance_at,
    close_period,
    open_book,
    prove,
    trial_balance,
)

ENTRIES: Final = int(os.environ.get("UMBANE_BENCH_ENTRIES", "100000"))
"""Entries for each rate; ten million show that nothing grows."""
BATCH: Final = 500
AT_ONCE: Final = 2
"""Batches under way, each on a connection of its own."""
STRETCHES: Final = 5
SINGLES: Final = 500
VENDORS: Final = 1_000
DEBTORS: Final = 100_000
PORTION: Final = 10_000
LOOKS: Final = 5

UTILITY: Final = UUID("01980000-0000-7000-8000-00000000aaaa")
NOON: Final = datetime(2026, 3, 12, 12, tzinfo=UTC)
CHANCE: Final = random.Random(62055)  # noqa: S311 - the same entries each time
HOUSE: Final = (
    AccountKey(Kind.REVENUE_ENERGY, "ZAR"),
    AccountKey(Kind.TAX, "ZAR", name="vat"),
    AccountKey(Kind.REVENUE_CHARGE, "ZAR", name="service"),
    AccountKey(Kind.ENERGY_TOKENS, ENERGY),
    AccountKey(Kind.ENERGY_SOLD, ENERGY),
)


def benchmarks() -> Iterator[Result]:
    """The figures of the room ``ledger``."""
    yield from asyncio.run(measured())


@dataclass
class Town:
    """The accounts of a town, and how many entries its books have."""

    database: Database
    floats: list[int]
    debts: list[int]
    house: list[int]
    booked: int = 0

    @property
    def now(self) -> datetime:
        """A moment after all that is booked: the town makes 12 entries a second."""
        return NOON + timedelta(seconds=self.booked / 12)

    def batch(self, size: int, floats: Sequence[int]) -> list[Entry]:
        """As many sales at this moment."""
        entries = [self.sale(number, CHANCE.choice(floats)) for number in new_ids(size)]
        self.booked += size
        return entries

    def sale(self, number: UUID, vendor: int) -> Entry:
        """A sale by one of the vendors."""
        energy, tax, charge, tokens, sold = self.house
        amount = CHANCE.randrange(1_000, 50_000)
        accounts, amounts = (
            [vendor, tax, charge, tokens, sold],
            [amount, -amount // 8, -500, amount // 30, -(amount // 30)],
        )
        if not CHANCE.randrange(10):
            accounts.append(CHANCE.choice(self.debts))
            amounts.append(-amount // 4)
        rest = amounts[0] + amounts[1] + amounts[2] + sum(amounts[5:])
        return Entry(number, self.now, "sale", [*accounts, energy], [*amounts, -rest])


async def measured() -> list[Result]:
    """Build a town, book its sales, prove its books, and read them."""
    async with throwaway() as database:
        town = await build(database)
        await rate(town, town.floats, ENTRIES // 10)  # what is read once is read
        many = await rate(town, town.floats, ENTRIES)
        one = await rate(town, town.floats[:1], ENTRIES)
        lonely = await latency(town)
        proof = await proof_rate(town)
        still_open = await reading(town)
        await close_period(database, UTILITY, town.now, town.now)
        closed = await reading(town)
        periods = await proof_rate(town)
    return [
        Result("ledger.post", round(many), "entries/s", ENTRIES),
        Result("ledger.post.hot_float", round(one), "entries/s", ENTRIES),
        Result("ledger.hot_float", round(one / many, 3), "ratio", ENTRIES),
        Result("ledger.post.single", lonely, "ms", SINGLES),
        Result("ledger.prove", proof, "entries/s", town.booked),
        Result("ledger.prove.closed", periods, "entries/s", town.booked),
        *(Result(f"ledger.{name}.open", value, "ms", town.booked) for name, value in still_open.items()),
        *(Result(f"ledger.{name}.closed", value, "ms", town.booked) for name, value in closed.items()),
    ]


async def build(database: Database) -> Town:
    """Make the accounts of a town, with credit for its vendors."""
    floats = [AccountKey(Kind.VENDOR_FLOAT, "ZAR", owner) for owner in new_ids(VENDORS)]
    debts = [AccountKey(Kind.ARREARS, "ZAR", owner, "fee") for owner in new_ids(DEBTORS)]
    found: dict[AccountKey, int] = {}
    for keys in ([*HOUSE, *floats], *(debts[start : start + PORTION] for start in range(0, DEBTORS, PORTION))):

        async def work(tx: Connection, keys: Sequence[AccountKey] = keys) -> dict[AccountKey, int]:
            return await (await open_book(tx, UTILITY)).accounts(keys)

        found |= await database.run(work)
    town = Town(database, [found[it] for it in floats], [found[it] for it in debts], [found[it] for it in HOUSE])
    limits = [CreditLimit(number, 10**14, NOON, "agreed") for number in town.floats]

    async def set_limits(tx: Connection) -> None:
        await (await open_book(tx, UTILITY)).set_credit_limits(limits)

    await database.run(set_limits)
    return town


async def book(town: Town, entries: Sequence[Entry]) -> None:
    """Ask the floats, and book."""

    async def work(tx: Connection) -> None:
        opened_book = await open_book(tx, UTILITY)
        fits = await opened_book.admit([Demand(it.accounts[0], it.amounts[0]) for it in entries])
        assert all(fits)
        await opened_book.post_sales(entries)

    await town.database.run(work)


async def rate(town: Town, floats: Sequence[int], entries: int) -> float:
    """Entries a second in the best stretch; the entries are at hand."""
    return max([await stretch(town, floats, entries // STRETCHES) for _ in range(STRETCHES)])


async def stretch(town: Town, floats: Sequence[int], entries: int) -> float:
    """Entries a second."""
    batches = iter([town.batch(BATCH, floats) for _ in range(max(entries // BATCH, AT_ONCE))])

    async def seller() -> int:
        done = 0
        for batch in batches:
            await book(town, batch)
            done += len(batch)
        return done

    start = time.perf_counter()
    done = sum(await asyncio.gather(*(seller() for _ in range(AT_ONCE))))
    return done / (time.perf_counter() - start)


async def latency(town: Town) -> float:
    """Milliseconds for one entry in a transaction of its own, by the median."""
    entries = town.batch(SINGLES, town.floats)
    return round(median([await seconds(book(town, [it])) for it in entries]) * 1000, 2)


async def seconds(work: Awaitable[object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    await work
    return time.perf_counter() - start


async def proof_rate(town: Town) -> float:
    """Entries a second of a whole proof."""
    start = time.perf_counter()
    proof = await prove(town.database, BOOKS)
    assert proof.holds
    return round(town.booked / (time.perf_counter() - start))


async def reading(town: Town) -> dict[str, float]:
    """Milliseconds for the balance of a float, of a house account, and for a trial balance: the best of several."""
    async with town.database.reading() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        looks: dict[str, Callable[[], Awaitable[object]]] = {
            "balance.float": lambda: balance_at(connection, UTILITY, town.floats[0], town.now),
            "balance.house": lambda: balance_at(connection, UTILITY, town.house[0], town.now),
            "trial_balance": lambda: trial_balance(connection, UTILITY, town.now),
        }
        return {
            name: round(min([await seconds(look()) for _ in range(LOOKS)]) * 1000, 1) for name, look in looks.items()
        }
