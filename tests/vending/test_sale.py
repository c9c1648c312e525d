"""A purchase, from the money to the token, and every repetition of it."""

import pytest
from msgspec import structs

from tests.registry.town import pan
from tests.vending.laboratory import LaboratoryModule, read
from tests.vending.shop import Shop, proven
from umbane.sts import Credit
from umbane.vending import Buy, ClaimFree, Code, Pay, Refused, Sold, answer_to, last_response


async def test_a_purchase_by_money(shop: Shop, module: LaboratoryModule) -> None:
    """Money becomes a token that the meter's key reads as the units of the answer."""
    sold = await shop.buy(20_000)
    (issued,) = sold.tokens
    token = read(shop.town.meter, issued.token)
    assert isinstance(token, Credit)
    assert (token.units, sold.tender, module.count) == (sold.units, 20_000, 1)
    assert sum(line.amount for line in sold.lines) == 20_000
    await proven(shop)


async def test_a_purchase_by_units(shop: Shop) -> None:
    """Units become a token that carries them, for the least money that pays for them."""
    sold = await shop.ask(Buy(units=500))
    assert isinstance(sold, Sold)
    assert (sold.units, sold.tokens[0].units, sold.tender > 0) == (500, 500, True)
    await proven(shop)


async def test_a_repetition(shop: Shop, module: LaboratoryModule) -> None:
    """The same message again gets the same answer, read from the database, and no second token."""
    first = await shop.buy(message_id="a")
    shop.wait(days=400)
    second = await shop.buy(message_id="a")
    assert (first, second.repeated, module.count) == (second, True, 1)


async def test_a_repeated_refusal(shop: Shop) -> None:
    """A refusal is the outcome of its message: the same message is refused again."""
    first = await shop.ask(Buy(money=20_000), "a", meter=str(pan(99).drn))
    second = await shop.ask(Buy(money=20_000), "a", meter=str(pan(99).drn))
    assert isinstance(second, Refused)
    assert (first, second.code, second.repeated) == (second, Code.UNKNOWN_METER, True)
    await proven(shop)


async def test_another_body(shop: Shop) -> None:
    """The same message id with another amount is a conflict, and sells nothing."""
    await shop.buy(message_id="a")
    answer = await shop.ask(Buy(money=5_000), "a")
    assert isinstance(answer, Refused)
    assert (answer.code, await shop.look("SELECT count(*) FROM vending.sale")) == (Code.CONFLICT, 1)


async def test_another_way_of_writing(shop: Shop) -> None:
    """The same message with the meter's 18 digits instead of its 11, and in groups, is a repetition."""
    first = await shop.buy(message_id="a")
    digits = shop.town.meter.pan.digits
    assert await shop.buy(message_id="a", meter=f"{digits[:6]} {digits[6:]}") == first


async def test_one_meter_many_times(shop: Shop, module: LaboratoryModule) -> None:
    """Ten purchases for one meter in one call are ten tokens with growing TIDs, each priced after the one before."""
    answers = await shop.sell(*(shop.request(Buy(money=10_000)) for _ in range(10)))
    sold = [it for it in answers if isinstance(it, Sold)]
    minutes = [it.tokens[0].minute or 0 for it in sold]
    assert (len(sold), sorted(set(minutes)), module.count) == (10, minutes, 10)
    assert sold[0].units > sold[-1].units, "the later ones lie in a dearer block"
    await proven(shop)


async def test_one_message_twice_in_a_call(shop: Shop, module: LaboratoryModule) -> None:
    """The same message twice in one call is one sale with two equal answers; another body is a conflict."""
    one = shop.request(Buy(money=10_000), "a")
    other = shop.request(Buy(money=5_000), "a")
    first, second, third = await shop.sell(one, one, other)
    assert (first, module.count) == (second, 1)
    assert isinstance(third, Refused)
    assert third.code is Code.CONFLICT


async def test_members_don_t_concern_each_other(shop: Shop) -> None:
    """A member that is refused is that member's answer: the others of its batch are sold."""
    requests = [shop.request(Buy(money=1)), shop.request(Buy(money=20_000)), shop.request(Buy(money=1), meter="12")]
    first, second, third = await shop.sell(*requests)
    assert [getattr(it, "code", None) for it in (first, second, third)] == [
        Code.BELOW_MINIMUM,
        None,
        Code.BAD_METER_NUMBER,
    ]
    await proven(shop)


async def test_nothing_asked(shop: Shop) -> None:
    """No requests get no answers."""
    assert await shop.sell() == []


async def test_the_float(shop: Shop) -> None:
    """What a vendor sells is owed from its float."""
    await shop.buy(20_000)
    assert await shop.look("SELECT posted FROM ledger.balance") == 20_000


async def test_paying_a_debt(shop: Shop, module: LaboratoryModule) -> None:
    """Money for a debt lowers the debt, and no token is made; more than is owed is refused with what could be paid."""
    paid = await shop.ask(Pay(50_000))
    assert isinstance(paid, Sold)
    assert (paid.tokens, paid.tender, module.count) == ((), 50_000, 0)
    state = await shop.look("SELECT state FROM registry.contract")
    assert '"owed":35000' in state
    refused = await shop.ask(Pay(35_001))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.payable) == (Code.ABOVE_MAXIMUM, (1, 35_000))
    await shop.ask(Pay(35_000))
    assert (await shop.ask(Pay(1))) == await shop.ask(Pay(1))
    await proven(shop)


async def test_the_last_answer(shop: Shop) -> None:
    """A till can ask what its last message, or any other, was answered; what never came has no answer."""
    assert await last_response(shop.engine, shop.town.id, shop.town.terminal.id) is None
    first = await shop.buy(message_id="a")
    second = await shop.ask(ClaimFree(), "b")
    assert await last_response(shop.engine, shop.town.id, shop.town.terminal.id) == second
    assert await answer_to(shop.engine, shop.town.id, shop.town.terminal.id, "a") == first
    assert await answer_to(shop.engine, shop.town.id, shop.town.terminal.id, "c") is None


@pytest.mark.parametrize("message_id", ["", "x" * 65, "a\nb", "a\0b"])
async def test_no_message_id(shop: Shop, message_id: str) -> None:
    """What can't be a message id is refused, and nothing is kept of it."""
    answer = (await shop.sell(structs.replace(shop.request(Buy(money=20_000)), message_id=message_id)))[0]
    assert isinstance(answer, Refused)
    assert answer.code is Code.BAD_MESSAGE_ID
    assert await shop.look("SELECT count(*) FROM vending.message") == 0


async def test_a_clock_that_goes_back(shop: Shop) -> None:
    """When the clock steps back, TIDs go on growing, and none repeats."""
    minutes = []
    for hours in (0, -3, -5, 1, 8):
        shop.wait(hours=hours)
        minutes.append((await shop.buy(5_000)).tokens[0].minute or 0)
    assert minutes == sorted(set(minutes))
    await proven(shop)


async def test_the_reserved_minute(shop: Shop) -> None:
    """No purchase gets the minute 00:01 of the TID clock, which is kept for special tokens."""
    shop.now = shop.now.replace(hour=0, minute=0)
    first, second = await shop.buy(5_000), await shop.buy(5_000)
    assert ((second.tokens[0].minute or 0) - (first.tokens[0].minute or 0)) == 2
    await proven(shop)


async def test_no_digits_in_words(shop: Shop) -> None:
    """What an answer or a request looks like in a log shows the last four digits of a token at most."""
    sold = await shop.buy()
    digits = sold.tokens[0].token
    assert digits is not None
    assert digits.digits[-4:] in repr(sold)
    assert digits.digits not in repr(sold)
    assert digits.grouped not in f"{sold}"
