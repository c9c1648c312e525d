"""A purchase, from the money to the token."""

from tests.vending.laboratory import LaboratoryModule, laboratory_key
from tests.vending.shop import Shop
from umbane.security import KeyName
from umbane.sts import Credit, decode
from umbane.vending import Buy, Code, Refused, Sold


async def test_a_purchase_by_money(shop: Shop, module: LaboratoryModule) -> None:
    """Money becomes a token that the meter's key reads as the units of the answer."""
    sold = await shop.buy(20_000)
    (issued,) = sold.tokens
    key = shop.town.meter.key
    token = decode(issued.token, laboratory_key(KeyName(key.sgc, key.krn, key.kt, key.ti), shop.town.meter.pan, shop.town.meter.ea))
    assert isinstance(token, Credit)
    assert (token.units, sold.tender, module.count) == (sold.units, 20_000, 1)
    assert sum(line.amount for line in sold.lines) == 20_000


async def test_a_repetition(shop: Shop, module: LaboratoryModule) -> None:
    """The same message again gets the same answer and no second token."""
    first, second = await shop.buy(message_id="a"), await shop.buy(message_id="a")
    assert (first, second.repeated, module.count) == (second, True, 1)


async def test_another_body(shop: Shop) -> None:
    """The same message id with another amount is a conflict, and sells nothing."""
    await shop.buy(message_id="a")
    answer = await shop.ask(Buy(money=5_000), "a")
    assert isinstance(answer, Refused)
    assert (answer.code, await shop.look("SELECT count(*) FROM vending.sale")) == (Code.CONFLICT, 1)


async def test_the_float(shop: Shop) -> None:
    """What a vendor sells is owed from its float."""
    await shop.buy(20_000)
    assert await shop.look("SELECT posted FROM ledger.balance") == 20_000


def is_sold(answer: object) -> bool:
    """Whether it is a sale."""
    return isinstance(answer, Sold)
