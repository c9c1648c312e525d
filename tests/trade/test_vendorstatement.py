"""The statement of a vendor: float and commission between two instants."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.registry.town import NOW
from tests.trade.agreed import accrued, agree, take_back
from tests.vending.shop import Shop
from umbane.trade.paying import Settlement, settle
from umbane.trade.vendorstatement import Movement, accounts_of, balance, movements, summed
from umbane.vending import Pay

TOMORROW = NOW + timedelta(days=1)
ZONE = ZoneInfo("Africa/Johannesburg")


class Told(NamedTuple):
    """An account of a statement."""

    kind: str
    opening: int
    closing: int
    lines: list[Movement]
    summed: list[Movement]


async def told(shop: Shop, since: datetime, until: datetime) -> list[Told]:
    """The accounts of a statement."""
    town, found = shop.town, []
    async with town.database.reading() as connection:
        for it in await accounts_of(connection, town.id, town.vendor.id):
            lines = [line async for line in movements(connection, town.id, it, since, until)]
            short = [line async for line in summed(movements(connection, town.id, it, since, until), ZONE)]
            ends = [await balance(connection, town.id, it, at) for at in (since, until)]
            found.append(Told(it.key.kind, ends[0], ends[1], lines, short))
    return found


async def test_float_and_commission(shop: Shop) -> None:
    """Sales of a day that follow each other are one line, everything else a line of its own, and balances add up."""
    await agree(shop.town)
    for money in (10_000, 20_000):
        await shop.buy(money)
        shop.wait(minutes=5)
    await shop.ask(Pay(3_000))
    shop.wait(days=1)
    await take_back(shop, await shop.buy(5_000))
    later = shop.now + timedelta(hours=1)
    await accrued(shop.town, later)
    await shop.town.does(settle, [Settlement(shop.town.vendor.id, 1_000, "March", to_float=True)], later)
    float_, commission = await told(shop, NOW, later + timedelta(days=1))
    assert (float_.kind, commission.kind) == ("vendor_float", "commission_payable")
    assert [(it.kind, it.count, it.amount, it.balance) for it in float_.summed] == [
        ("buy", 2, 30_000, 30_000),
        ("pay", 1, 3_000, 33_000),
        ("buy", 1, 5_000, 38_000),
        ("reversal", 1, -5_000, 33_000),
        ("commission.credit", 1, -1_000, 32_000),
    ]
    assert [(it.kind, it.amount) for it in commission.lines] == [("commission", -1_755), ("commission.credit", 1_000)]
    for it in (float_, commission):
        assert it.opening + sum(line.amount for line in it.lines) == it.closing
        assert sum(line.amount for line in it.summed) == sum(line.amount for line in it.lines)
        assert sum(line.count for line in it.summed) == len(it.lines)


async def test_days_of_the_utility(shop: Shop) -> None:
    """Sales on both sides of the utility's midnight are two lines."""
    shop.now = datetime(2026, 3, 12, 21, 59, tzinfo=UTC)
    await shop.buy(10_000)
    shop.wait(minutes=1)
    await shop.buy(10_000)
    [float_] = await told(shop, NOW, shop.now + timedelta(days=1))
    assert [it.count for it in float_.summed] == [1, 1]


async def test_at_any_instant(shop: Shop) -> None:
    """A statement has what lies between its instants, the first included and the last not, and opens with the rest."""
    await shop.buy(10_000)
    second = shop.now + timedelta(minutes=5)
    shop.wait(minutes=5)
    await shop.buy(20_000)
    [first_half] = await told(shop, NOW, second)
    [second_half] = await told(shop, second, TOMORROW)
    assert (first_half.opening, [it.amount for it in first_half.lines], first_half.closing) == (0, [10_000], 10_000)
    assert (second_half.opening, [it.amount for it in second_half.lines]) == (10_000, [20_000])


async def test_nothing_happened(shop: Shop) -> None:
    """An account on which nothing happened has no lines."""
    [float_] = await told(shop, NOW, TOMORROW)
    assert (float_.opening, float_.lines, float_.summed, float_.closing) == (0, [], [], 0)
