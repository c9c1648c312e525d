"""Shifts: opened with a float, ended with a count, and every sale in exactly one."""

import asyncio
from datetime import timedelta
from random import Random

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import NOW, new_id
from tests.trade.agreed import number, take_back
from tests.trade.tills import Till, till_of
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop, proven
from umbane.registry import (
    NotFoundError,
    RegistryInputError,
    Terminal,
    Vendor,
    add_terminals,
    add_vendors,
    block_operator,
    block_terminal,
    history,
)
from umbane.trade.errors import TradeInputError, TradeStateError
from umbane.trade.shifts import Closing, Opening, PayType, close_shifts, open_shifts
from umbane.vending import Pay, Sold

IN_NONE = """SELECT count(*) FROM vending.sale s WHERE s.utility_id = $1
    AND NOT EXISTS (SELECT FROM trade.shift_sale t WHERE t.sale_id = s.id AND NOT t.taken_back)"""
TOTALS = """SELECT count(*) FROM (
    SELECT t.shift_id, sum(t.sales), sum(t.taken_back) FROM trade.shift_total t WHERE t.utility_id = $1 GROUP BY 1
    EXCEPT SELECT shift_id, count(*) FILTER (WHERE NOT taken_back), count(*) FILTER (WHERE taken_back)
    FROM trade.shift_sale GROUP BY 1) AS wrong"""


@pytest.fixture
async def till(shop: Shop) -> Till:
    """Give the shop's till with a cashier."""
    return await till_of(shop)


async def test_a_shift(till: Till) -> None:
    """A shift has what was sold in it, by kinds, and comes to its float and what was taken."""
    shift = await till.open(10_000)
    await till.shop.buy(20_000)
    till.shop.wait(minutes=5)
    await till.shop.buy(5_000)
    assert isinstance(await till.shop.ask(Pay(3_000)), Sold)
    till.shop.wait(hours=8)
    ended = await till.close(30_000, card=8_000)
    assert (ended.expected, ended.counted) == (38_000, 38_000)
    assert [(it.kind, it.early, it.sales, it.tender) for it in await till.taken(shift)] == [
        ("buy", False, 2, 25_000),
        ("pay", False, 1, 3_000),
    ]
    assert [(it.pay_type, it.amount) for it in await till.counted(shift)] == [("card", 8_000), ("cash", 30_000)]
    [told] = await till.shifts()
    assert (told.vendor, told.terminal, told.number, told.operator) == ("V-1", "T-1", 1, "thandi")
    assert (told.closed_at, told.expected, told.reason) == (till.shop.now, 38_000, None)
    await proven(till.shop)


async def test_a_difference_needs_a_reason(till: Till) -> None:
    """A count that isn't what is expected is refused without a reason, and kept with one."""
    shift = await till.open(10_000)
    await till.shop.buy(20_000)
    with pytest.raises(TradeStateError, match=r"300\.00 expected and 299\.00 counted"):
        await till.close(29_900)
    assert await till.taken(shift) == []
    ended = await till.close(29_900, "a note was torn")
    assert ended.counted - ended.expected == -100
    assert (await till.shifts())[0].reason == "a note was torn"


async def test_nothing_sold(till: Till) -> None:
    """A shift in which nothing was sold comes to its float."""
    shift = await till.open(0)
    assert (await till.close(0)).expected == 0
    assert await till.taken(shift) == []


async def test_one_after_the_other(till: Till) -> None:
    """Two shifts have what was sold in each, and what was sold between them stands apart in the second."""
    first = await till.open(0)
    await till.shop.buy(20_000)
    await till.close(20_000)
    till.shop.wait(minutes=5)
    await till.shop.buy(10_000)
    till.shop.wait(minutes=5)
    second = await till.open(0)
    till.shop.wait(minutes=5)
    await till.shop.buy(7_000)
    assert (await till.close(7_000)).expected == 7_000
    assert [(it.early, it.tender) for it in await till.taken(first)] == [(False, 20_000)]
    assert [(it.early, it.tender) for it in await till.taken(second)] == [(False, 7_000), (True, 10_000)]
    assert await number(till.shop.town, IN_NONE) == 0


async def test_what_was_sold_before_there_were_shifts(till: Till) -> None:
    """What was sold before the first shift of a terminal is in none."""
    await till.shop.buy(20_000)
    till.shop.wait(minutes=5)
    await till.open(0)
    assert (await till.close(0)).expected == 0
    assert await number(till.shop.town, IN_NONE) == 1


async def test_taken_back_within(till: Till) -> None:
    """A sale that is taken back in its own shift stands there twice, and its money isn't expected."""
    shift = await till.open(0)
    await take_back(till.shop, await till.shop.buy(20_000))
    assert (await till.close(0)).expected == 0
    [total] = await till.taken(shift)
    assert (total.sales, total.taken_back, total.tender, total.units) == (1, 1, 0, 0)


async def test_taken_back_later(till: Till) -> None:
    """A sale that is taken back in the next shift lowers what is expected there, and the first stays as it was."""
    first = await till.open(0)
    sold = await till.shop.buy(20_000)
    await till.close(20_000)
    second = await till.open(30_000)
    await take_back(till.shop, sold)
    assert (await till.close(10_000)).expected == 10_000
    assert [it.tender for it in await till.taken(first)] == [20_000]
    assert [(it.sales, it.taken_back, it.early, it.tender) for it in await till.taken(second)] == [
        (0, 1, False, -20_000)
    ]


async def test_one_shift_at_a_time(till: Till) -> None:
    """A terminal has one open shift, whoever asks for another, and the database refuses a second as well."""
    await till.open()
    with pytest.raises(TradeStateError, match="shift 1 of T-1 is open"):
        await till.open()
    row = """INSERT INTO trade.shift
        SELECT utility_id, $1, terminal_id, 2, operator_id, 0, opened_at, 'me' FROM trade.shift"""
    with pytest.raises(asyncpg.RestrictViolationError, match="has not ended"):
        await by_owner(till.shop.town.database, row, new_id())


async def test_two_open_at_once(till: Till) -> None:
    """Of two who open a shift at the same moment one does."""
    answers = await asyncio.gather(till.open(), till.open(), return_exceptions=True)
    assert sorted(type(it).__name__ for it in answers) == ["TradeStateError", "UUID"]


async def test_two_close_at_once(till: Till) -> None:
    """Of two who end a shift at the same moment one does, and the count stays as it was."""
    await till.open(0)
    answers = await asyncio.gather(till.close(0), till.close(5, "found"), return_exceptions=True)
    assert sorted(type(it).__name__ for it in answers) == ["Ended", "TradeStateError"]
    with pytest.raises(TradeStateError, match="ended already"):
        await till.close(0)


async def test_refused_openings(till: Till) -> None:
    """No shift is opened by nobody, nowhere, twice at once, at another vendor's till, or where something is blocked."""
    town, cashier = till.shop.town, till.cashier
    other = Vendor(new_id(), "V-2", "Other Shop", 0)
    await town.does(add_vendors, [other])
    elsewhere = Terminal(new_id(), other.id, "T-9")
    await town.does(add_terminals, [elsewhere])
    for opening, problem in (
        ([Opening(new_id(), cashier, 0)], NotFoundError),
        ([Opening(town.terminal.id, new_id(), 0)], NotFoundError),
        ([Opening(town.terminal.id, cashier, 0)] * 2, TradeStateError),
        ([Opening(elsewhere.id, cashier, 0)], TradeStateError),
    ):
        with pytest.raises(problem):
            await town.does(open_shifts, opening, NOW)
    await town.does(block_operator, cashier, blocked=True, reason="left")
    with pytest.raises(TradeStateError, match="operator thandi is blocked"):
        await till.open()
    await town.does(block_operator, cashier, blocked=False, reason="came back")
    await town.does(block_terminal, town.terminal.id, blocked=True, reason="stolen")
    with pytest.raises(TradeStateError, match="terminal T-1 or its vendor is blocked"):
        await till.open()
    assert await till.shifts() == []


async def test_refused_values(till: Till) -> None:
    """Less than nothing isn't counted, a reason has to be one that can be kept, and an unknown shift isn't ended."""
    for amount in (-1, -10_000):
        with pytest.raises(TradeInputError, match="float"):
            Opening(new_id(), new_id(), amount)
        with pytest.raises(TradeInputError, match="cash"):
            Closing(new_id(), {PayType.CASH: amount})
    with pytest.raises(RegistryInputError, match="reason"):
        Closing(new_id(), {}, "=SUM(A1)")
    shift = await till.open(0)
    for ids in ([new_id()], [shift, shift]):
        with pytest.raises(NotFoundError):
            await till.shop.town.does(close_shifts, [Closing(it) for it in ids], NOW)


async def test_it_is_on_record(till: Till) -> None:
    """Who opened and who ended a shift, with which float and which count, is on record."""
    shift = await till.open(10_000)
    await till.close(9_000, "a coin was lost")
    opened, closed = await till.shop.town.reads(history, shift)
    assert (opened.action, opened.details["float"], opened.details["operator"]) == ("shift.open", 10_000, "thandi")
    assert closed.action == "shift.close"
    assert closed.details == {"expected": 10_000, "counted": {"cash": 9_000}, "reason": "a coin was lost"}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE trade.shift SET cash_float = 0",
        "DELETE FROM trade.shift_sale",
        "UPDATE trade.shift_total SET tender = 0",
        "UPDATE trade.shift_count SET amount = 0",
        "DELETE FROM trade.shift_end",
        "INSERT INTO trade.shift_sale SELECT utility_id, gen_random_uuid(), false, shift_id FROM trade.shift_end",
        "INSERT INTO trade.shift_count SELECT utility_id, shift_id, 'card', 1 FROM trade.shift_end",
        "INSERT INTO trade.shift_total SELECT utility_id, shift_id, 'x', false, 1, 0, 0, 0, 0 FROM trade.shift_end",
    ],
)
async def test_what_has_ended_stays(till: Till, sql: str) -> None:
    """Nothing of a shift that has ended is changed, and nothing added, by nobody."""
    await till.open(0)
    await till.shop.buy(20_000)
    await till.close(20_000)
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await by_owner(till.shop.town.database, sql)


@pytest.mark.parametrize("seed", range(2))
async def test_sales_while_shifts_end(till: Till, seed: int) -> None:
    """Sales that commit while shifts end and begin are in exactly one each, and so is it that some were taken back."""
    chance, shop = Random(seed), till.shop  # noqa: S311 - no secret hangs on it
    await till.open(0)
    closing = True

    async def sell() -> None:
        for _ in range(20):
            sold = await shop.buy(chance.randint(2_000, 9_000))
            shop.wait(seconds=40)
            if chance.random() < 0.3:
                await take_back(shop, sold)

    async def change() -> None:
        while closing:
            await till.close(1, "whatever")
            await till.open(0)

    changing = asyncio.create_task(change())
    await sell()
    closing = False
    await changing
    await till.close(1, "the last")
    town = shop.town
    assert await number(town, IN_NONE) == 0
    assert await number(town, TOTALS) == 0
    backs = "SELECT count(*) FROM trade.shift_sale WHERE taken_back AND utility_id = $1"
    assert await number(town, backs) == await number(
        town, "SELECT count(*) FROM vending.reversal WHERE utility_id = $1"
    )
    sums = "SELECT sum(tender)::bigint FROM trade.shift_total WHERE utility_id = $1"
    float_ = "SELECT sum(posted)::bigint FROM ledger.balance WHERE utility_id = $1"
    assert await number(town, sums) == await number(town, float_)
    assert len(till.opened) > 1


async def test_a_sale_that_commits_after_the_end(till: Till) -> None:
    """A sale under way while its shift ends is in the next one, apart."""
    shop, town = till.shop, till.shop.town
    await till.open(0)
    begun, go_on = asyncio.Event(), asyncio.Event()

    class SlowModule(LaboratoryModule):
        async def issue(self, requests):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - as the module's own
            begun.set()
            await go_on.wait()
            return await super().issue(requests)

    async with open_shop(town, SlowModule(name="slow")) as slow:
        buying = asyncio.create_task(slow.buy(20_000))
        await begun.wait()
        shop.wait(minutes=1)
        await till.close(0)
        go_on.set()
        await buying
    second = await till.open(0)
    await till.close(0)
    assert [(it.early, it.tender) for it in await till.taken(second)] == [(True, 20_000)]
    assert await number(town, IN_NONE) == 0


async def test_a_long_time_between(till: Till) -> None:
    """What was sold days after the last shift ended isn't forgotten by the next."""
    await till.open(0)
    await till.close(0)
    till.shop.wait(days=3)
    await till.shop.buy(20_000)
    till.shop.wait(days=3)
    shift = await till.open(0)
    assert (await till.close(0)).expected == 0
    assert [(it.early, it.tender) for it in await till.taken(shift)] == [(True, 20_000)]
    assert (await till.shifts())[-1].opened_at == NOW + timedelta(days=6)
