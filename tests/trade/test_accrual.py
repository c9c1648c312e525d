"""What vendors have earned, out of the books and into them, each period once."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.registry.town import NOW, new_id
from tests.trade.agreed import CHAINS, SHOPS, accrued, agree, in_force, number, take_back
from tests.vending.shop import Shop, proven
from umbane.db import Connection
from umbane.ledger import close_period
from umbane.registry import Vendor, add_vendors
from umbane.trade.accrual import accrue, reckon
from umbane.trade.commission import Basis
from umbane.trade.paying import owed
from umbane.trade.periods import Period
from umbane.trade.schemefile import load_scheme
from umbane.trade.schemes import Term, set_terms
from umbane.vending import Pay, Sold

TODAY = date(2026, 3, 12)
ZONE = ZoneInfo("Africa/Johannesburg")
TOMORROW = NOW + timedelta(days=1)
PAYABLE = """SELECT -sum(l.amount)::bigint FROM ledger.line l JOIN ledger.account a ON a.id = l.account
    WHERE a.utility_id = $1 AND a.kind = 'commission_payable'"""
EXPENSE = """SELECT sum(p.amount)::bigint FROM ledger.entry e, unnest(e.accounts, e.amounts) AS p(account, amount)
    JOIN ledger.account a ON a.id = p.account WHERE e.utility_id = $1 AND a.kind = '{}'"""
ROWS = "SELECT count(*) FROM trade.accrual WHERE utility_id = $1"
LAST_ENTRY = "SELECT at FROM ledger.entry WHERE utility_id = $1 AND kind = 'commission' ORDER BY at DESC LIMIT 1"


async def test_a_day(shop: Shop) -> None:
    """A day's sales earn what the scheme says: 3.5 % of 200.00 and 5 % of the debt in it, with the tax in that."""
    await agree(shop.town)
    for _ in range(3):
        await shop.buy(20_000)
        shop.wait(minutes=5)
    day = next(it for it in await accrued(shop.town, TOMORROW) if it.period.first == TODAY)
    basis = day.earned.basis
    assert (basis.sales, basis.tender, basis.debt, basis.units) == (3, 60_000, 18_000, 1_193)
    assert [(line.name, line.amount) for line in day.earned.lines] == [("sales", 2_100), ("debt", 900), ("free", 0)]
    assert (day.commission, day.tax) == (2_609, 391)
    assert await number(shop.town, PAYABLE) == 3_000
    assert await number(shop.town, EXPENSE.format("commission")) == 2_609
    assert await number(shop.town, EXPENSE.format("commission_tax")) == 391
    await proven(shop)


async def test_what_is_net(shop: Shop) -> None:
    """What is net is what was taken, without taxes and debts."""
    await agree(shop.town, SHOPS.replace("of: tender", "of: net"))
    await shop.buy(20_000)
    [day] = [it for it in await accrued(shop.town, TOMORROW) if it.period.first == TODAY]
    tax = await number(shop.town, EXPENSE.format("tax"))
    assert tax < 0
    assert day.earned.basis.net == 20_000 - 6_000 + tax


async def test_payments_are_debt(shop: Shop) -> None:
    """A payment towards debts is taken money and collected debt, and carries no energy."""
    await agree(shop.town)
    assert isinstance(await shop.ask(Pay(10_000)), Sold)
    [day] = [it for it in await accrued(shop.town, TOMORROW) if it.period.first == TODAY]
    assert day.earned.basis == Basis(1, 10_000, 0, 10_000, 0, 0)


async def test_twice_is_once(shop: Shop) -> None:
    """To accrue again, or by two at once, books nothing more."""
    await agree(shop.town)
    await shop.buy()
    first, second = await asyncio.gather(accrued(shop.town, TOMORROW), accrued(shop.town, TOMORROW))
    assert {len(first), len(second)} == {0, 3}
    assert await accrued(shop.town, TOMORROW) == []
    assert await accrued(shop.town, TOMORROW, date(2026, 1, 1)) == []
    assert await number(shop.town, PAYABLE) == 1_000


async def test_killed_on_the_way(shop: Shop) -> None:
    """What is killed before it commits leaves no trace, and is done by the next try, once."""
    await agree(shop.town)
    await shop.buy()
    tries = []

    async def work(tx: Connection) -> None:
        tries.append(await tx.fetchval(ROWS, shop.town.id))
        await accrue(tx, shop.town.scope, TOMORROW)
        if len(tries) == 1:
            await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    await shop.town.database.run(work)
    assert tries == [0, 0]
    assert await number(shop.town, ROWS) == 3
    assert await number(shop.town, PAYABLE) == 1_000


async def test_not_before_it_is_over(shop: Shop) -> None:
    """A day is reckoned an hour after it is over where the utility is, and not before."""
    await agree(shop.town)
    await shop.buy()
    over = datetime(2026, 3, 12, 23, 0, tzinfo=UTC)
    assert [it.period.first for it in await accrued(shop.town, over - timedelta(seconds=1))] == [
        date(2026, 3, 10),
        date(2026, 3, 11),
    ]
    assert [it.period.first for it in await accrued(shop.town, over)] == [TODAY]


async def test_taken_back_before(shop: Shop) -> None:
    """A sale that was taken back before the day is reckoned earns nothing."""
    await agree(shop.town)
    kept = await shop.buy(10_000)
    await take_back(shop, await shop.buy(20_000))
    [day] = [it for it in await accrued(shop.town, TOMORROW) if it.period.first == TODAY]
    assert (day.earned.basis.sales, day.earned.basis.tender, day.earned.basis.taken_back) == (1, kept.tender, 1)
    assert await accrued(shop.town, TOMORROW) == []


async def test_taken_back_afterwards(shop: Shop) -> None:
    """A sale that is taken back after the day was booked is corrected at the next time, once."""
    await agree(shop.town)
    await shop.buy(10_000)
    shop.wait(minutes=5)
    sold = await shop.buy(20_000)
    await accrued(shop.town, TOMORROW)
    assert await number(shop.town, PAYABLE) == 1_500
    await take_back(shop, sold)
    later = TOMORROW + timedelta(hours=2)
    [correction] = await accrued(shop.town, later)
    assert (correction.period.first, correction.ordinal) == (TODAY, 1)
    assert correction.commission + correction.tax == -1_000
    assert await number(shop.town, PAYABLE) == 500
    assert await number(shop.town, LAST_ENTRY) == later
    assert await accrued(shop.town, later) == []
    await proven(shop)


async def test_taken_back_for_nothing(shop: Shop) -> None:
    """A correction that changes no amount is written down without an entry, once."""
    await agree(shop.town, SHOPS.replace("sale: {at_most: 25}", "whole: {at_least: 100, at_most: 100}"))
    sold = await shop.buy()
    await accrued(shop.town, TOMORROW)
    await take_back(shop, sold)
    [correction] = await accrued(shop.town, TOMORROW)
    assert (correction.commission, correction.tax, correction.moves_money) == (0, 0, False)
    assert await accrued(shop.town, TOMORROW) == []


async def test_days_without_a_sale(shop: Shop) -> None:
    """A day without a sale is reckoned once, and books nothing."""
    await agree(shop.town)
    assert [it.moves_money for it in await accrued(shop.town, NOW)] == [False, False]
    assert await accrued(shop.town, NOW) == []


async def test_in_a_closed_period(shop: Shop) -> None:
    """What belongs to a period of the books that is closed is booked at the first open moment."""
    await agree(shop.town)
    await shop.buy()
    closed = datetime(2026, 3, 13, tzinfo=UTC)
    await close_period(shop.town.database, shop.town.id, closed, TOMORROW)
    await accrued(shop.town, TOMORROW)
    assert await number(shop.town, LAST_ENTRY) == closed


async def test_by_bands_of_a_month(shop: Shop) -> None:
    """A scheme by the month reckons all of its energy and sales at once, and its tax on top."""
    await agree(shop.town, CHAINS, date(2026, 3, 1))
    for _ in range(3):
        await shop.buy(20_000)
        shop.wait(days=3)
    [month] = await accrued(shop.town, datetime(2026, 4, 1, 9, tzinfo=UTC))
    assert [(line.name, line.amount) for line in month.earned.lines] == [
        ("volume", 596),
        ("each", 45),
        ("limit", 49_359),
    ]
    assert (month.commission, month.tax) == (50_000, 7_500)


async def test_many_vendors_by_different_schemes(shop: Shop) -> None:
    """Each vendor earns by its own scheme, in one go, and whoever sells nothing earns what the scheme says of that."""
    town = shop.town
    other = Vendor(new_id(), "V-2", "Other Shop", 0)
    await town.does(add_vendors, [other])
    await agree(town)
    least = await in_force(town, CHAINS.replace("period: month", "period: day"))
    await town.does(set_terms, [Term(other.id, least, date(2026, 3, 12))], "agreed", NOW)
    await shop.buy()
    await accrued(town, TOMORROW)
    assert await town.reads(owed) == {town.vendor.id: 1_000, other.id: 57_500}


@pytest.mark.parametrize("seed", range(3))
async def test_random_days(shop: Shop, seed: int) -> None:
    """After random days of sales, some taken back, reckoned at random times, what is booked is what is earned."""
    chance, town = Random(seed), shop.town  # noqa: S311 - no secret hangs on it
    text = SHOPS if seed else CHAINS.replace("period: month", "period: day").replace("whole: {at_least: 500}", "")
    await agree(town, text)
    standing: list[Sold] = []
    for _ in range(25):
        match chance.random():
            case low if low < 0.5:
                standing.append(await shop.buy(chance.randint(5_000, 40_000)))
            case low if low < 0.7 and standing:
                await take_back(shop, standing.pop())
            case low if low < 0.8:
                await accrued(town, shop.now)
        shop.wait(hours=chance.randint(1, 30))
    await accrued(town, shop.now + timedelta(days=2))
    days = [date(2026, 3, 10) + timedelta(days=n) for n in range((shop.now.date() - date(2026, 3, 10)).days + 1)]
    wanted = [Period(town.vendor.id, it, it + timedelta(days=1), load_scheme(text)) for it in days]
    async with town.database.reading() as connection:
        every = await reckon(connection, town.id, ZONE, wanted)
    assert sum(it.basis.tender for it in every) == sum(it.tender for it in standing)
    assert await number(town, PAYABLE) == sum(it.total for it in every)
    await proven(shop)
