"""Everything that a sale is refused for, each by its own code, and with no trace of half a sale."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.registry.town import GROUP, KEY, NEXT_KEY, Town, meter, pan
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop, proven, set_float
from umbane.registry import (
    Realm,
    ServicePoint,
    SupplyGroup,
    add_meters,
    add_service_points,
    add_supply_groups,
    block_meter,
    change_policy,
    change_vendor,
    close_contract,
    end_key_revision,
    install_meter,
    plan_keys,
    remove_meter,
)
from umbane.sts import KRN, KT, SGC
from umbane.vending import Buy, ClaimFree, Code, Order, Pay, Refused, Sold

LATER = datetime(2027, 1, 1, tzinfo=UTC)
BUY = Buy(money=20_000)


async def refused(shop: Shop, order: Order = BUY, **fields: str) -> Code:
    """Why an order is refused; and nothing of it is left but the refusal."""
    made = await shop.engine.house.module.status()
    before = await shop.look(TRACES)
    answer = await shop.ask(order, **fields)
    assert isinstance(answer, Refused), answer
    assert (await shop.look(TRACES), (await shop.engine.house.module.status()).count) == (before, made.count)
    await proven(shop)
    return answer.code


TRACES = """
SELECT (SELECT count(*) FROM vending.sale) + (SELECT count(*) FROM ledger.entry) + (SELECT count(*) FROM vending.token)
    + (SELECT coalesce(sum(last_minute), 0) FROM registry.meter) + (SELECT sum(version) FROM registry.contract)"""


@pytest.mark.parametrize("number", ["", "12", "abc", "0" * 30, "１２３４５６７８９０３", "60072700000010012345"])
async def test_no_meter_number(shop: Shop, number: str) -> None:
    """What can't be a meter number is refused as such."""
    assert await refused(shop, meter=number) is Code.BAD_METER_NUMBER


async def test_a_wrong_check_digit(shop: Shop) -> None:
    """A meter number with a slip in it is refused by its check digit."""
    right = str(shop.town.meter.pan.drn)
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    assert await refused(shop, meter=wrong) is Code.WRONG_CHECK_DIGIT


async def test_an_unknown_meter(shop: Shop) -> None:
    """A meter that isn't this utility's is unknown, even if it is another's."""
    assert await refused(shop, meter=str(pan(77).drn)) is Code.UNKNOWN_METER


async def test_an_unknown_terminal(shop: Shop) -> None:
    """A till that isn't this utility's sells nothing, and nothing is kept of its message."""
    request = replace(shop.request(BUY), terminal_id=uuid4())
    (answer,) = await shop.sell(request)
    assert isinstance(answer, Refused)
    assert (answer.code, await shop.look("SELECT count(*) FROM vending.message")) == (Code.UNKNOWN_TERMINAL, 0)


async def test_a_blocked_vendor(shop: Shop) -> None:
    """A vendor who is blocked sells nothing."""
    await shop.town.does(change_vendor, replace(shop.town.vendor, blocked=True), "fraud")
    assert await refused(shop) is Code.SELLER_BLOCKED


async def test_a_blocked_meter(shop: Shop) -> None:
    """Nothing is sold to a meter that is blocked, but what is owed for it can be paid."""
    await shop.town.does(block_meter, shop.town.meter.id, "debts")
    assert await refused(shop) is Code.METER_BLOCKED
    assert isinstance(await shop.ask(Pay(10_000)), Sold)


async def test_a_removed_meter(shop: Shop) -> None:
    """Nothing is sold to a meter that was taken down."""
    await shop.town.does(remove_meter, shop.town.meter.id, "broken")
    assert await refused(shop) is Code.METER_NOT_INSTALLED


async def test_a_vacant_place(shop: Shop) -> None:
    """Nothing is sold to a meter that nobody has a contract for."""
    await shop.town.does(close_contract, shop.town.contract.id, shop.now.date())
    assert await refused(shop) is Code.NO_CONTRACT


async def test_no_key_for_the_supply_group(shop: Shop) -> None:
    """Nothing is sold under a key that the utility has no revision of."""
    other = SGC(999999)
    stranger = meter(3001, key=replace(KEY, sgc=other))
    place = ServicePoint(uuid4(), "13 Church Street")
    await shop.town.does(add_supply_groups, [SupplyGroup(other, "others", Realm.TEST)])
    await shop.town.does(add_service_points, [place])
    await shop.town.does(add_meters, [stranger])
    await shop.town.does(install_meter, stranger.id, place.id)
    assert await refused(shop, meter=str(stranger.pan.drn)) is Code.NO_KEY


async def test_a_key_that_ended(shop: Shop) -> None:
    """Nothing is sold under a key whose time is over."""
    await shop.town.does(end_key_revision, (GROUP, KT.DUTK, KRN(1)), shop.now)
    assert await refused(shop) is Code.KEY_EXPIRED


async def test_tids_beyond_the_ken(town: Town, module: LaboratoryModule) -> None:
    """Nothing is sold under a key whose expiry number the TID has passed."""
    old = replace(KEY, ken=type(KEY.ken)(0))
    await town.database.run(
        lambda tx: tx.execute("UPDATE registry.meter SET ken = $1 WHERE id = $2", old.ken.value, town.meter.id)
    )
    async with open_shop(town, module) as shop:
        assert await refused(shop) is Code.KEY_EXPIRED


@pytest.mark.parametrize("order", [Buy(money=1), Buy(money=1, currency="ZAR")])
async def test_too_little(shop: Shop, order: Buy) -> None:
    """Money that buys nothing is refused, and the answer says what would."""
    answer = await shop.ask(order)
    assert isinstance(answer, Refused)
    assert answer.payable is not None
    assert answer.code is Code.BELOW_MINIMUM
    assert isinstance(await shop.ask(Buy(money=answer.payable.minimum)), Sold)


async def test_more_than_the_tariff_allows(shop: Shop) -> None:
    """More money than one token holds is refused."""
    assert await refused(shop, Buy(money=10**12)) is Code.ABOVE_MAXIMUM


async def test_more_than_the_policy_allows(shop: Shop) -> None:
    """More money than the utility allows for one purchase is refused, and the answer says how much it may be."""
    await shop.town.does(change_policy, {"sale": {"largest_money": 10_000}})
    answer = await shop.ask(Buy(money=10_001))
    assert isinstance(answer, Refused)
    assert answer.payable is not None
    assert (answer.code, answer.payable.maximum) == (Code.ABOVE_MAXIMUM, 10_000)
    assert isinstance(await shop.ask(Buy(money=10_000)), Sold)


@pytest.mark.parametrize(
    "order", [Buy(), Buy(money=0), Buy(money=-5), Buy(units=0), Buy(money=5, units=5), Buy(money=True), Pay(0), Pay(-1)]
)
async def test_impossible_amounts(shop: Shop, order: Order) -> None:
    """Amounts that can't be are refused as such."""
    assert await refused(shop, order) is Code.BAD_REQUEST


@pytest.mark.parametrize("order", [Buy(money=20_000, currency="USD"), Pay(20_000, currency="zar")])
async def test_another_currency(shop: Shop, order: Order) -> None:
    """Money of another country, or of one that is misspelt, is refused."""
    assert await refused(shop, order) is Code.WRONG_CURRENCY


async def test_an_exhausted_float(shop: Shop) -> None:
    """What doesn't fit the vendor's float is refused; what fits is sold, to the last cent."""
    await set_float(shop.town, 25_000)
    await shop.buy(20_000)
    assert await refused(shop, Buy(money=5_001)) is Code.FLOAT_EXHAUSTED
    await shop.buy(5_000)


async def test_no_tariff_in_force(shop: Shop) -> None:
    """Nothing is sold on a day for which the tariff has no version."""
    shop.now = LATER
    assert await refused(shop) is Code.NO_PRICE


async def test_no_free_units(shop: Shop) -> None:
    """Who isn't entitled to free units gets none."""
    assert await refused(shop, ClaimFree()) is Code.NOTHING_DUE


async def test_nothing_owed(shop: Shop) -> None:
    """Who owes nothing can't pay."""
    await shop.ask(Pay(85_000))
    assert await refused(shop, Pay(1)) is Code.NOTHING_OWED


@pytest.mark.parametrize(("policy", "code"), [("ask_first", Code.KEY_CHANGE_DUE), ("refuse", Code.KEY_CHANGE_PENDING)])
async def test_a_change_of_key_ahead(shop: Shop, policy: str, code: Code) -> None:
    """A meter that is to get another key is sold nothing, where the policy says so."""
    await shop.town.does(change_policy, {"sale": {"key_change": policy}})
    await shop.town.does(plan_keys, [shop.town.meter.id], [NEXT_KEY], shop.now, "new year")
    assert await refused(shop) is code


async def test_a_clock_that_goes_back_over_a_month(shop: Shop) -> None:
    """Nothing is sold in a month before that of the last sale: the blocks of that month are over."""
    await shop.buy()
    shop.wait(days=-31)
    assert await refused(shop) is Code.NO_PRICE
