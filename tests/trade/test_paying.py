"""Commission that vendors get: out of the house, or towards what they owe for sales."""

from datetime import timedelta

import pytest

from tests.registry.town import NOW, new_id
from tests.trade.agreed import accrued, agree, number
from tests.vending.shop import Shop, proven
from umbane.ledger import DuplicateEntryError
from umbane.registry import RegistryInputError
from umbane.trade.errors import TradeInputError, TradeStateError
from umbane.trade.paying import Settlement, owed, settle

TOMORROW = NOW + timedelta(days=1)
BALANCE = """SELECT coalesce(sum(p.amount), 0)::bigint
    FROM ledger.entry e, unnest(e.accounts, e.amounts) AS p(account, amount)
    JOIN ledger.account a ON a.id = p.account WHERE e.utility_id = $1 AND a.kind = '{}'"""


@pytest.fixture
async def earning(shop: Shop) -> Shop:
    """Give a shop that is owed 10.00 of commission, and owes 200.00 for a sale."""
    await agree(shop.town)
    await shop.buy(20_000)
    await accrued(shop.town, TOMORROW)
    return shop


async def test_out_of_the_house(earning: Shop) -> None:
    """What is paid out is owed no more, and leaves the house's money."""
    town = earning.town
    await town.does(settle, [Settlement(town.vendor.id, 600, "EFT 1", to_float=False)], TOMORROW)
    assert await town.reads(owed) == {town.vendor.id: 400}
    assert await number(town, BALANCE.format("cash")) == -600
    await proven(earning)


async def test_to_the_float(earning: Shop) -> None:
    """What is credited to a float lowers what the vendor owes for sales."""
    town = earning.town
    ids = await town.does(settle, [Settlement(town.vendor.id, 1_000, "March", to_float=True)], TOMORROW)
    assert len(ids) == 1
    assert await town.reads(owed) == {town.vendor.id: 0}
    assert await number(town, BALANCE.format("vendor_float")) == 19_000
    await proven(earning)


async def test_a_reference_is_paid_once(earning: Shop) -> None:
    """A payment whose reference the vendor has already is refused, to the float as well."""
    town = earning.town
    await town.does(settle, [Settlement(town.vendor.id, 300, "EFT 1", to_float=False)], TOMORROW)
    for to_float in (False, True):
        with pytest.raises(DuplicateEntryError):
            await town.does(settle, [Settlement(town.vendor.id, 300, "EFT 1", to_float=to_float)], TOMORROW)
    assert await town.reads(owed) == {town.vendor.id: 700}


async def test_no_more_than_is_owed(earning: Shop) -> None:
    """More than is owed isn't paid, be it at once or in parts, and nothing to whom nothing is owed."""
    vendor = earning.town.vendor.id
    for wanted in (
        [Settlement(vendor, 1_001, "EFT 1", to_float=False)],
        [Settlement(vendor, 600, "EFT 1", to_float=False), Settlement(vendor, 401, "EFT 2", to_float=True)],
        [Settlement(new_id(), 1, "EFT 1", to_float=False)],
    ):
        with pytest.raises(TradeStateError, match=r"0\.01 more than is owed"):
            await earning.town.does(settle, wanted, TOMORROW)
    assert await earning.town.reads(owed) == {vendor: 1_000}


@pytest.mark.parametrize("money", [0, -1])
def test_nothing_to_pay(money: int) -> None:
    """A payment of nothing, or of less, isn't one."""
    with pytest.raises(TradeInputError, match="money"):
        Settlement(new_id(), money, "EFT 1", to_float=False)


@pytest.mark.parametrize("reference", ["", " ", "=1+1", "a\nb"])
def test_no_reference(reference: str) -> None:
    """A payment without a reference that can be kept isn't one."""
    with pytest.raises(RegistryInputError, match="reference"):
        Settlement(new_id(), 1, reference, to_float=False)
