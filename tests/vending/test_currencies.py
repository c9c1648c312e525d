"""Money without minor units, with two digits and with three: the same engine, to the last unit of each."""

from datetime import UTC, datetime

import pytest

from tests.registry.town import TARIFFS, build, utility
from tests.vending.abroad import abroad, let, state_of
from tests.vending.laboratory import LaboratoryModule, read
from tests.vending.shop import open_shop, proven
from umbane.db import Database
from umbane.pricing import CURRENCIES, Arrears
from umbane.registry.utilities import zone_of
from umbane.sts import Credit
from umbane.vending import Buy, Code, Offer, Pay, Refused, Sold, last_response, offer, reprint, sales_of_meter

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
MONEY = [
    ("UGX", ("250.0", "750.9", "3360"), 20_000, "20000"),
    ("XAF", ("50", "79", "500"), 5_000, "5000"),
    ("JPY", ("19.5", "31.25", "0"), 777, "777"),
    ("EUR", ("0.15", "0.2875", "1.50"), 2_000, "20.00"),
    ("TND", ("0.0625", "0.182", "0.700"), 12_345, "12.345"),
    ("KWD", ("0.002", "0.01", "0.250"), 1_001, "1.001"),
]


@pytest.mark.parametrize(("currency", "prices", "money"), [it[:3] for it in MONEY], ids=[it[0] for it in MONEY])
async def test_a_day_of_trade(database: Database, currency: str, prices: tuple[str, str, str], money: int) -> None:
    """Trial, purchase by money and by units, debt, repetition, reprint: every unit of money is on a line and booked."""
    async with abroad(database, NOW, currency=currency, prices=prices) as shop:
        await let(shop.town, arrears=(Arrears("outstanding", money),))
        trial = await offer(shop.engine, shop.request(Buy(money=money, currency=currency)))
        assert isinstance(trial, Offer)
        sold = await shop.buy(money, "a")
        assert (sold.currency, sold.lines, sum(it.amount for it in sold.lines)) == (currency, trial.lines, money)
        token = read(shop.town.meter, sold.tokens[0].token)
        assert isinstance(token, Credit)
        assert token.units == sold.units > 0
        by_units = await shop.ask(Buy(units=37))
        assert isinstance(by_units, Sold)
        assert (by_units.units, sum(it.amount for it in by_units.lines)) == (37, by_units.tender)
        owed = (await state_of(shop)).arrears[0].owed
        too_much = await shop.ask(Pay(owed + 1))
        assert isinstance(too_much, Refused)
        assert too_much.remedy == f"pay up to {CURRENCIES[currency].show(owed)}"
        paid = await shop.ask(Pay(owed))
        assert isinstance(paid, Sold)
        assert (await state_of(shop)).arrears == ()
        assert await shop.look("SELECT posted FROM ledger.balance") == money + by_units.tender + owed
        assert await shop.look("SELECT string_agg(DISTINCT unit, ' ' ORDER BY unit) FROM ledger.account") in {
            f"{currency} kWh",
            f"kWh {currency}",
        }
        assert await shop.buy(money, "a") == sold == await reprint(shop.engine, shop.town.id, sold.id)
        assert await last_response(shop.engine, shop.town.id, shop.town.terminal.id) == paid
        await proven(shop)


@pytest.mark.parametrize(("currency", "prices", "money", "words"), MONEY, ids=[it[0] for it in MONEY])
async def test_the_least(
    database: Database, currency: str, prices: tuple[str, str, str], money: int, words: str
) -> None:
    """The least that a refusal names, in the form of its money, is sold; one unit of that money less is not."""
    assert words == CURRENCIES[currency].show(money)
    async with abroad(database, NOW, currency=currency, prices=prices) as shop:
        await let(shop.town, unpaid_charges=(("service", money),))
        refused = await shop.ask(Buy(money=1))
        assert isinstance(refused, Refused)
        assert refused.payable is not None
        least = refused.payable.minimum
        assert (refused.code, refused.remedy) == (
            Code.BELOW_MINIMUM,
            f"at least {CURRENCIES[currency].show(least)} {currency}",
        )
        assert isinstance(await shop.ask(Buy(money=least - 1)), Refused)
        assert isinstance(await shop.ask(Buy(money=least)), Sold)
        await proven(shop)


async def test_a_published_tariff(database: Database) -> None:
    """A tariff as it was published in Uganda, in whole shillings, sells what its own worked example says."""
    text = (TARIFFS / "ug-umeme-2021.yaml").read_text(encoding="utf-8")
    house = utility("umeme", currency=CURRENCIES["UGX"], zone=zone_of("Africa/Kampala"))
    town = await build(database, "umeme", 1, house, text)
    await let(town, arrears=())
    async with open_shop(town, LaboratoryModule(), currency="UGX") as shop:
        shop.now = datetime(2021, 3, 1, 9, tzinfo=UTC)
        sold = await shop.buy(20_000)
        amounts = {it.name: it.amount for it in sold.lines}
        assert (amounts["service"], amounts["lifeline"]) == (3360, 3750)
        assert max(abs(sold.units - 281), abs(amounts["vat"] - 3051)) <= 2, "as near as the published example is"
        assert await sales_of_meter(shop.engine, town.id, str(town.meter.pan.drn)) == [sold]
        await proven(shop)


async def test_two_currencies_in_one_house(database: Database) -> None:
    """Utilities with other money share a database and nothing else: each refuses the other's."""
    async with (
        abroad(database, NOW, currency="UGX", prices=("250", "750", "0")) as one,
        abroad(database, NOW, currency="TND", prices=("0.1", "0.2", "0")) as other,
    ):
        for shop, foreign in ((one, "TND"), (other, "UGX")):
            answer = await shop.ask(Buy(money=5_000, currency=foreign))
            assert isinstance(answer, Refused)
            assert answer.code is Code.WRONG_CURRENCY
            await shop.buy(5_000)
            await proven(shop)
