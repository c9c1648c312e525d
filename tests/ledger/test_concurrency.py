"""Many at once: floats are never overdrawn, and admit exactly what one after the other would."""

import asyncio
import random

import pytest

from tests.ledger.support import FLOAT, HOUSE, NOON, OTHER_FLOAT, Shop, minutes, numbered, open_shop
from tests.ledger.test_floats import greedy
from umbane.db import Database, Server, open_database
from umbane.ledger import BOOKS, AccountKey, Book, Demand, HoldError, HoldRequest, Kind, prove


async def sell(shop: Shop, amounts: list[int], order: list[tuple[int, bool]], key: AccountKey = FLOAT) -> None:
    """Sell what the float admits, and write down what was admitted in the order in which the float was locked."""
    admitted: list[tuple[int, bool]] = []

    async def work(book: Book) -> None:
        fits = await book.admit([Demand(shop.ids[key], amount) for amount in amounts])
        admitted[:] = zip(amounts, fits, strict=True)
        order.extend(admitted)
        await asyncio.sleep(0)
        await book.post([shop.sale(amount, key) for amount, fitted in admitted if fitted])

    await shop.run(work)


@pytest.mark.parametrize("size", [1, 7])
async def test_one_float_for_many(database: Database, size: int) -> None:
    """However many sell from one float at once, it admits in order exactly what fits, to the last cent."""
    chance = random.Random(size)  # noqa: S311 - which amounts is all the same
    shop = await open_shop(database, limit=5_000)
    batches = [[chance.randint(1, 150) for _ in range(size)] for _ in range(120 // size)]
    order: list[tuple[int, bool]] = []
    await asyncio.gather(*(sell(shop, amounts, order) for amounts in batches))
    assert [fits for _, fits in order] == greedy(5_000, [amount for amount, _ in order])
    assert sum(amount for amount, fits in order if fits) == 5_000 - await shop.free()
    assert (await prove(database, BOOKS)).holds


async def test_two_processes(database: Database, place: Server) -> None:
    """Two pools of connections, as two processes have them, sell a float to the last cent and not beyond."""
    shop = await open_shop(database, limit=997)
    order: list[tuple[int, bool]] = []
    async with open_database(place) as other:
        twin = Shop(other, shop.ids)
        await asyncio.gather(*(sell(one, [10] * 5, order) for _ in range(12) for one in (shop, twin)))
    assert sum(fits for _, fits in order) == 99
    assert await shop.free() == 7


async def test_two_floats_in_any_order(database: Database) -> None:
    """Lists that name two floats in opposite orders don't stop each other for good."""
    shop = await open_shop(database, limit=10**6)

    async def work(book: Book, keys: tuple[AccountKey, AccountKey]) -> None:
        await book.admit([Demand(shop.ids[key], 1) for key in keys])
        await asyncio.sleep(0)
        await book.post([shop.sale(1, key) for key in keys])

    both = [(FLOAT, OTHER_FLOAT), (OTHER_FLOAT, FLOAT)]
    await asyncio.gather(*(shop.run(lambda book, keys=keys: work(book, keys)) for keys in both * 20))  # type: ignore[misc]  # the keys of now
    assert (await shop.free(), await shop.free(OTHER_FLOAT)) == (10**6 - 40, 10**6 - 40)


async def test_floats_dont_wait_for_each_other(database: Database) -> None:
    """While one vendor's float is locked, others sell."""
    shop = await open_shop(database, limit=100)
    locked, sold = asyncio.Event(), asyncio.Event()

    async def slow(book: Book) -> None:
        await book.admit([Demand(shop.ids[FLOAT], 1)])
        locked.set()
        await asyncio.wait_for(sold.wait(), 10)
        await book.post([shop.sale(1)])

    async def quick() -> None:
        await locked.wait()
        await shop.post(shop.sale(1, OTHER_FLOAT))
        sold.set()

    await asyncio.gather(shop.run(slow), quick())
    assert await shop.free() == await shop.free(OTHER_FLOAT) == 99


async def test_the_same_accounts_at_once(database: Database) -> None:
    """Many who make the same accounts at once get the same numbers."""
    shop = await open_shop(database)
    keys = [AccountKey(Kind.ARREARS, "ZAR", numbered(number), "fee") for number in range(40)]

    async def make(seed: int) -> dict[AccountKey, int]:
        mixed = random.Random(seed).sample(keys, len(keys))  # noqa: S311 - which order is all the same
        return await shop.run(lambda book: book.accounts(mixed))

    first, *others = await asyncio.gather(*(make(seed) for seed in range(12)))
    assert all(other == first for other in others)
    assert len(set(first.values())) == len(keys)


async def test_a_hold_is_ended_by_one(database: Database) -> None:
    """Of many who post or void the same hold at once, one does."""
    shop = await open_shop(database, limit=1_000)
    await shop.run(lambda book: book.hold([HoldRequest(numbered(1), shop.ids[FLOAT], 100, NOON, minutes(1))]))

    async def post() -> bool:
        try:
            await shop.post(shop.sale(100, hold=numbered(1)))
        except HoldError:
            return False
        return True

    async def void() -> bool:
        try:
            await shop.run(lambda book: book.void([numbered(1)], NOON, "no answer"))
        except HoldError:
            return False
        return True

    done = await asyncio.gather(*(verb() for _ in range(8) for verb in (post, void)))
    assert sum(done) == 1
    assert await shop.look("SELECT held FROM ledger.balance WHERE account = $1", shop.ids[FLOAT]) == 0
    assert (await prove(database, BOOKS)).holds


async def test_the_same_entry_at_once(database: Database) -> None:
    """Of many who book the same entry at once, one does."""
    shop = await open_shop(database, limit=10**6)
    sale = shop.sale()
    done = await asyncio.gather(*(shop.post(sale) for _ in range(10)), return_exceptions=True)
    assert sum(it is None for it in done) == 1
    assert await shop.look("SELECT count(*) FROM ledger.entry WHERE utility_id = $1", HOUSE) == 1
    assert await shop.free() == 10**6 - 11_500
