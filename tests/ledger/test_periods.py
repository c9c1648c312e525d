"""Periods: closed in order, final, and summed so that later sums stay quick."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.ledger.support import (
    CASH,
    FLOAT,
    HOUSE,
    NOON,
    OTHER_HOUSE,
    REVENUE,
    Shop,
    execute,
    minutes,
    numbered,
    open_shop,
)
from umbane.db import Connection, Database
from umbane.ledger import (
    BOOKS,
    EntryError,
    PeriodError,
    Reversal,
    balance_at,
    close_period,
    open_book,
    prove,
    sum_periods,
)
from umbane.ledger.periods import periods

LATER = minutes(10_000)
SUMS = "SELECT account, until, debits, credits, balance FROM ledger.period_sum ORDER BY until, account"


async def close(shop: Shop, until: float) -> None:
    """Close the books up to so many minutes after noon."""
    await close_period(shop.database, shop.utility, minutes(until), LATER)


async def test_sums_of_a_period(database: Database) -> None:
    """A closed period keeps debits, credits and the balance of each account that anything was booked on."""
    shop = await open_shop(database)
    cash, revenue = shop.ids[CASH], shop.ids[REVENUE]
    await shop.post(shop.entry((CASH, 70), (REVENUE, -70), at=minutes(-1)))
    await shop.post(shop.entry((CASH, -30), (REVENUE, 30), at=minutes(5)))
    await shop.post(shop.entry((CASH, 1), (REVENUE, -1), at=minutes(10)))
    await close(shop, 5)
    await close(shop, 10)
    await close(shop, 15)
    async with database.reading() as connection:
        assert [tuple(row) for row in await connection.fetch(SUMS)] == [
            (cash, minutes(5), 70, 0, 70),
            (revenue, minutes(5), 0, 70, -70),
            (cash, minutes(10), 0, 30, 40),
            (revenue, minutes(10), 30, 0, -40),
            (cash, minutes(15), 1, 0, 41),
            (revenue, minutes(15), 0, 1, -41),
        ]
        assert [until for until, *_ in await periods(connection, HOUSE)] == [minutes(15), minutes(10), minutes(5)]
        assert await periods(connection, OTHER_HOUSE) == []
    assert (await prove(database, BOOKS)).holds


async def test_an_empty_period(database: Database) -> None:
    """A period in which nothing happened is closed all the same."""
    shop = await open_shop(database)
    await close(shop, 0)
    await close(shop, 1)
    assert await shop.look("SELECT count(*) FROM ledger.period_summed WHERE accounts = 0") == 2


async def test_late_entries(database: Database) -> None:
    """What happened in a closed period is booked at the first open moment, and says when it happened and why."""
    shop = await open_shop(database, limit=10**6)
    await close(shop, 5)
    late, later, in_time = shop.sale(at=minutes(4.99)), shop.sale(at=NOON, note="upload"), shop.sale(at=minutes(5))
    await shop.post(late, later, in_time)
    async with database.reading() as connection:
        rows = await connection.fetch("SELECT at, happened_at, note FROM ledger.entry ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (minutes(5), minutes(4.99), "happened in a period that was closed"),
        (minutes(5), NOON, "upload; happened in a period that was closed"),
        (minutes(5), None, None),
    ]
    assert (await prove(database, BOOKS)).holds


async def test_a_late_reversal(database: Database) -> None:
    """An entry of a closed period is taken back in the open one."""
    shop = await open_shop(database, limit=10**6)
    sale = shop.sale()
    await shop.post(sale)
    await close(shop, 5)
    await shop.run(lambda book: book.reverse([Reversal(numbered(1), sale.id, minutes(3), "mistake")]))
    assert await shop.look("SELECT at FROM ledger.entry WHERE id = $1", numbered(1)) == minutes(5)
    assert (await prove(database, BOOKS)).holds


async def test_the_database_refuses_closed_dates(database: Database) -> None:
    """Whoever goes around the book can't date an entry into a closed period either."""
    shop = await open_shop(database)
    await close(shop, 5)
    sql = """INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts)
        VALUES ($1, $1, $2, 'sale', $3, '{5, -5}')"""
    accounts = [shop.ids[CASH], shop.ids[REVENUE]]
    with pytest.raises(PeriodError, match="dated before the books are open"):
        await execute(database, sql, HOUSE, minutes(4.99), accounts)
    await execute(database, sql, HOUSE, minutes(5), accounts)


@pytest.mark.parametrize(
    ("late_by", "note"), [(timedelta(0), "why"), (timedelta(minutes=-1), "why"), (timedelta(minutes=1), None)]
)
async def test_what_is_late(database: Database, late_by: timedelta, note: str | None) -> None:
    """A late entry happened before it counts, and says why."""
    shop = await open_shop(database, limit=10**6)
    with pytest.raises(EntryError, match="a late entry happened before it counts"):
        await shop.post(shop.sale(happened_at=NOON - late_by, note=note))


async def test_in_order(database: Database) -> None:
    """Periods are closed one after the other, never twice and never in between."""
    shop = await open_shop(database)
    await close(shop, 5)
    for until in (5, 4.99, -5):
        with pytest.raises(PeriodError, match="the books are closed until"):
            await close(shop, until)


@pytest.mark.parametrize("early", [timedelta(microseconds=1), timedelta(days=400)])
async def test_not_before_it_is_over(database: Database, early: timedelta) -> None:
    """A period that isn't over can't be closed."""
    shop = await open_shop(database)
    with pytest.raises(PeriodError, match="before it is over"):
        await close_period(database, HOUSE, NOON + early, NOON)
    await close_period(database, HOUSE, NOON, NOON, "to the moment")
    assert await shop.look("SELECT note FROM ledger.period") == "to the moment"


@pytest.mark.parametrize("until", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
async def test_moments_that_are_none(database: Database, until: datetime) -> None:
    """A period ends at a moment, not at the end of all days."""
    with pytest.raises(PeriodError, match="a period ends at a moment"):
        await close_period(database, HOUSE, until, until)


async def test_houses_close_by_themselves(database: Database) -> None:
    """Closing the books of one utility leaves those of another open."""
    shop, neighbour = await open_shop(database), await open_shop(database, OTHER_HOUSE, limit=10**6)
    await close(shop, 5)
    await neighbour.post(neighbour.sale())
    assert await shop.look("SELECT happened_at FROM ledger.entry") is None


async def test_sums_after_a_crash(database: Database) -> None:
    """A period that was closed and not summed doesn't disturb any sum, and is summed when somebody asks."""
    shop = await open_shop(database)
    await shop.post(shop.entry((CASH, 70), (REVENUE, -70)))
    sql = "INSERT INTO ledger.period (utility_id, until, closed_at) VALUES ($1, $2, $3)"
    for until in (minutes(1), minutes(2)):
        await execute(database, sql, HOUSE, until, LATER)

    async def balance() -> int:
        async with database.reading() as connection:
            return await balance_at(connection, HOUSE, shop.ids[CASH], LATER)

    assert await balance() == 70
    assert (await prove(database, BOOKS)).holds
    assert await sum_periods(database, HOUSE) == [minutes(1), minutes(2)]
    assert await sum_periods(database, HOUSE) == []
    assert await balance() == 70
    assert (await prove(database, BOOKS)).holds


async def test_two_who_sum_at_once(database: Database) -> None:
    """Two processes that sum the same periods take turns, and each is summed once."""
    shop = await open_shop(database)
    await shop.post(shop.entry((CASH, 70), (REVENUE, -70)))
    sql = "INSERT INTO ledger.period (utility_id, until, closed_at) VALUES ($1, $2, $3)"
    for until in range(1, 6):
        await execute(database, sql, HOUSE, minutes(until), LATER)
    done = await asyncio.gather(*(sum_periods(database, HOUSE) for _ in range(3)))
    assert sorted(until for each in done for until in each) == [minutes(until) for until in range(1, 6)]
    assert (await prove(database, BOOKS)).holds


async def test_whoever_books_is_waited_for(database: Database) -> None:
    """A period isn't closed while somebody books; what was begun before belongs to it, what comes after doesn't."""
    shop = await open_shop(database, limit=10**6)
    opened, closing = asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection) -> None:
        book = await open_book(connection, HOUSE)
        opened.set()
        await closing.wait()
        await asyncio.sleep(0.05)  # time for the other to be waiting
        await book.post([shop.sale()])

    async def close_meanwhile() -> None:
        await opened.wait()
        closing.set()
        await close(shop, 1)

    await asyncio.gather(database.run(slow), close_meanwhile())
    await shop.post(shop.sale())
    assert await shop.look("SELECT count(*) FROM ledger.entry WHERE at = $1 AND happened_at IS NULL", NOON) == 1
    assert (
        await shop.look("SELECT count(*) FROM ledger.entry WHERE at = $1 AND happened_at = $2", minutes(1), NOON) == 1
    )
    assert (await prove(database, BOOKS)).holds


async def test_closing_while_many_sell(database: Database) -> None:
    """Closing again and again while others sell loses nothing and lets nothing in late."""
    shop = await open_shop(database, limit=10**9)

    async def sell(number: int) -> None:
        for step in range(12):
            sales = [shop.sale(at=minutes(step + number / 10)) for _ in range(3)]

            await shop.post(*sales)

    async def close_often() -> None:
        for until in range(1, 8):
            await close(shop, until)

    await asyncio.gather(*(sell(number) for number in range(4)), close_often())
    assert await shop.look("SELECT count(*) FROM ledger.entry") == 4 * 12 * 3
    assert (await prove(database, BOOKS)).holds
    async with database.reading() as connection:
        posted = await balance_at(connection, HOUSE, shop.ids[FLOAT], LATER)
    assert posted == 4 * 12 * 3 * 11_500
