"""Quotes, reprints, confirmation, reversal, and whose digits these are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from msgspec import structs

from tests.registry.town import Town, new_id, pan
from tests.vending.laboratory import LaboratoryModule, LostReplyError
from tests.vending.shop import Shop, open_shop, proven
from umbane.db import Limits, Server, connected, open_database
from umbane.registry import change_policy, change_state, contract
from umbane.sts import Credit, TokenFormatError
from umbane.vending import (
    Buy,
    Code,
    Offer,
    Pay,
    Refused,
    Sold,
    UnknownSaleError,
    answer_to,
    confirm,
    offer,
    reprint,
    reverse,
    sales_of_meter,
    verify_token,
)

Verb = Callable[[Shop, str], Awaitable[Sold | Refused]]


@pytest.fixture
async def careful(town: Town, module: LaboratoryModule) -> AsyncIterator[Shop]:
    """Give a shop of a utility whose tokens leave the house when the seller confirms."""
    await town.does(change_policy, {"sale": {"release": "on_confirmation"}})
    async with open_shop(town, module) as opened:
        yield opened


async def confirmed(shop: Shop, message_id: str) -> Sold | Refused:
    """Confirm a message."""
    return await confirm(shop.engine, shop.town.id, shop.town.terminal.id, message_id)


async def reversed_(shop: Shop, message_id: str) -> Sold | Refused:
    """Take a message back."""
    return await reverse(shop.engine, shop.town.id, shop.town.terminal.id, message_id, "changed her mind")


def code(answer: object) -> Code:
    """Why it was refused."""
    assert isinstance(answer, Refused), answer
    return answer.code


async def test_a_trial(shop: Shop, module: LaboratoryModule) -> None:
    """A quote has the lines of the sale that follows, and leaves nothing behind."""
    found = await offer(shop.engine, shop.request(Buy(money=20_000), "a"))
    assert isinstance(found, Offer)
    traces = "SELECT (SELECT count(*) FROM vending.message) + (SELECT count(*) FROM ledger.entry WHERE kind <> 'debt')"
    assert (await shop.look(traces), module.count) == (0, 0)
    sold = await shop.buy(20_000, "a")
    assert (found.lines, found.units, found.tender, found.owed) == (sold.lines, sold.units, 20_000, 85_000)
    assert found.payable is not None
    assert found.payable.minimum <= 20_000 <= found.payable.maximum


@pytest.mark.parametrize(
    ("order", "expected"), [(Buy(money=1), Code.BELOW_MINIMUM), (Buy(money=10**8), Code.FLOAT_EXHAUSTED)]
)
async def test_a_trial_is_refused_like_a_sale(shop: Shop, order: Buy, expected: Code) -> None:
    """What would be refused as a sale is refused as a quote."""
    assert code(await offer(shop.engine, shop.request(order))) is expected
    assert code(await shop.ask(order)) is expected


async def test_a_trial_of_a_payment(shop: Shop) -> None:
    """A payment can be tried too; no tariff says how much it may be."""
    found = await offer(shop.engine, shop.request(Pay(100)))
    assert isinstance(found, Offer)
    assert (found.payable, found.tender) == (None, 100)


async def test_a_reprint(shop: Shop, module: LaboratoryModule) -> None:
    """A reprint has the same digits, and nothing is made for it."""
    sold = await shop.buy()
    assert (await reprint(shop.engine, shop.town.id, sold.id), module.count) == (sold, 1)
    assert await sales_of_meter(shop.engine, shop.town.id, str(shop.town.meter.pan.drn)) == [sold]
    with pytest.raises(UnknownSaleError):
        await reprint(shop.engine, new_id(), sold.id)


async def test_digits_are_held_back(careful: Shop) -> None:
    """Where the policy says so, nobody sees digits before the seller confirms; then everybody the same."""
    sold = await careful.buy(message_id="a")
    assert (sold.tokens[0].token, sold.released) == (None, False)
    assert (await reprint(careful.engine, careful.town.id, sold.id)).tokens[0].token is None
    after = await confirmed(careful, "a")
    assert isinstance(after, Sold)
    assert (after.tokens[0].token is not None, await confirmed(careful, "a")) == (True, after)
    assert await careful.buy(message_id="a") == after
    assert code(await reversed_(careful, "a")) is Code.RELEASED
    await proven(careful)


async def test_taking_back(careful: Shop) -> None:
    """A sale whose digits nobody saw can be taken back, once: all is as before, but its TID is used up."""
    before = await careful.look("SELECT state FROM registry.contract")
    sold = await careful.buy(message_id="a")
    answer = await reversed_(careful, "a")
    assert isinstance(answer, Sold)
    assert (answer.reversed, answer.tokens[0].token) == (True, None)
    assert await reversed_(careful, "a") == answer
    assert await careful.look("SELECT state FROM registry.contract") == before
    assert await careful.look("SELECT posted FROM ledger.balance") == 0
    assert code(await confirmed(careful, "a")) is Code.REVERSED
    assert ((await careful.buy()).tokens[0].minute or 0) > (sold.tokens[0].minute or 0)
    await proven(careful)


async def test_a_truthful_no(shop: Shop) -> None:
    """A sale whose digits left with its answer can't be taken back."""
    await shop.buy(message_id="a")
    assert code(await reversed_(shop, "a")) is Code.RELEASED
    assert isinstance(await confirmed(shop, "a"), Sold)
    await shop.ask(Pay(100), "paid")
    answer = await reversed_(shop, "paid")
    assert isinstance(answer, Refused)
    assert (answer.code, "digits" in answer.problem) == (Code.RELEASED, False)


async def test_only_the_last_is_taken_back(careful: Shop) -> None:
    """A sale that others followed on the same account stays, until those are taken back."""
    await careful.buy(message_id="a")
    await careful.buy(message_id="b")
    assert code(await reversed_(careful, "a")) is Code.LATER_SALES
    await proven(careful)


async def test_one_after_the_other_is_taken_back(careful: Shop) -> None:
    """When those that followed are taken back, the one before can be too; in the end all is as at the beginning."""
    before = await careful.look("SELECT state FROM registry.contract")
    for name in "abc":
        await careful.buy(message_id=name)
    for name, earlier in ("cb", "ba"):
        assert code(await reversed_(careful, earlier)) is Code.LATER_SALES
        assert isinstance(await reversed_(careful, name), Sold)
    await careful.buy(message_id="d")
    assert code(await reversed_(careful, "a")) is Code.LATER_SALES
    assert isinstance(await reversed_(careful, "d"), Sold)
    assert isinstance(await reversed_(careful, "a"), Sold)
    assert await careful.look("SELECT state FROM registry.contract") == before
    assert await careful.look("SELECT posted FROM ledger.balance") == 0
    await proven(careful)


async def test_an_account_that_the_utility_changed(careful: Shop) -> None:
    """A sale isn't taken back once the utility has changed the account: what it was before would undo that too."""
    town = careful.town
    await careful.buy(message_id="a")
    found = await town.reads(contract, town.contract.id)
    await town.does(
        change_state, found.id, found.version, structs.replace(found.state, connected_load=9_000), "a new supply"
    )
    assert code(await reversed_(careful, "a")) is Code.LATER_SALES
    await careful.buy(message_id="b")
    assert isinstance(await reversed_(careful, "b"), Sold)
    assert code(await reversed_(careful, "a")) is Code.LATER_SALES
    await proven(careful)


async def test_confirmed_and_taken_back_at_once(careful: Shop) -> None:
    """Of many who confirm and take back one sale at once, one kind wins: nobody gets digits of a sale undone."""
    await careful.buy(message_id="a")
    work = [confirmed(careful, "a") if place % 2 else reversed_(careful, "a") for place in range(16)]
    answers = await asyncio.gather(*work)
    shown = any(isinstance(it, Sold) and it.tokens[0].token for it in answers)
    undone = any(isinstance(it, Sold) and it.reversed for it in answers)
    assert shown != undone
    await proven(careful)


@pytest.mark.parametrize("verb", [confirmed, reversed_])
async def test_an_unknown_message(shop: Shop, verb: Verb) -> None:
    """What was never sold can be neither confirmed nor taken back."""
    await shop.ask(Buy(money=1), "refused")
    for message_id in ("a", "refused"):
        with pytest.raises(UnknownSaleError):
            await verb(shop, message_id)


async def test_our_digits(shop: Shop) -> None:
    """Digits that we issued are recognised: what they say, which sale they are from, and for how much."""
    sold = await shop.buy()
    digits = sold.tokens[0].token
    assert digits is not None
    verdict = await verify_token(shop.engine, shop.town.id, str(shop.town.meter.pan.drn), digits.grouped)
    assert verdict.origin is not None
    (reading,) = verdict.readings
    assert isinstance(reading.token, Credit)
    assert (reading.status, reading.token.units) == ("current", sold.units)
    origin = verdict.origin
    assert (origin.sale_id, origin.at, origin.tender, origin.vendor) == (sold.id, sold.at, 20_000, "V-1")
    assert (origin.number, origin.is_reversed, verdict.is_withheld) == (0, False, False)


async def test_strange_digits(shop: Shop) -> None:
    """Digits that we didn't issue say nothing under the meter's key, and have no origin."""
    verdict = await verify_token(shop.engine, shop.town.id, str(shop.town.meter.pan.drn), "1234 5678 9012 3456 7890")
    assert (verdict.readings, verdict.origin) == ((), None)
    stranger = await verify_token(shop.engine, shop.town.id, str(pan(55).drn), "12345678901234567890")
    assert (stranger.meter, stranger.origin) == ("", None)


async def test_withheld_digits(shop: Shop, module: LaboratoryModule) -> None:
    """Digits that were made and never given to anybody are known as such: whoever has them didn't buy them."""
    module.lose = 1
    with pytest.raises(LostReplyError):
        await shop.ask(Buy(money=20_000))
    shop.wait(minutes=1)
    await shop.buy()
    (_, _, (digits,)) = next(iter(module.made.values()))
    verdict = await verify_token(shop.engine, shop.town.id, str(shop.town.meter.pan.drn), digits.digits)
    assert (verdict.origin, verdict.is_withheld, len(verdict.readings)) == (None, True, 1)


async def test_no_digits(shop: Shop) -> None:
    """What can't be a token is refused as such."""
    with pytest.raises(TokenFormatError):
        await verify_token(shop.engine, shop.town.id, str(shop.town.meter.pan.drn), "123")


@pytest.mark.parametrize("message_id", ["", "a\0b", "\ud800", "x" * 100_000])
async def test_a_message_that_can_t_be(shop: Shop, message_id: str) -> None:
    """What can't be a message id never came, and was never sold."""
    assert await answer_to(shop.engine, shop.town.id, shop.town.terminal.id, message_id) is None
    for verb in (confirmed, reversed_):
        with pytest.raises(UnknownSaleError):
            await verb(shop, message_id)


@pytest.mark.parametrize("reason", ["", " ", "a\0b", "\ud800", "=1+1", "a\u202eb", "x" * 201])
async def test_a_reason_that_can_t_be_kept(careful: Shop, reason: str) -> None:
    """A sale is taken back for a reason that can be read, or not at all."""
    await careful.buy(message_id="a")
    answer = await reverse(careful.engine, careful.town.id, careful.town.terminal.id, "a", reason)
    assert code(answer) is Code.BAD_REQUEST
    assert await careful.look("SELECT count(*) FROM vending.reversal") == 0


async def test_trials_use_nothing_up(shop: Shop) -> None:
    """A quote makes no accounts, not even for a moment: their numbers would be used up by those who only ask."""
    number = "SELECT last_value FROM ledger.account_id_seq"
    async with connected(shop.town.database.place.as_owner()) as owner, owner.reading() as connection:
        before = await connection.fetchval(number)
        for order in (Buy(money=20_000), Pay(100)):
            assert isinstance(await offer(shop.engine, shop.request(order)), Offer)
        assert await connection.fetchval(number) == before


async def test_never_unknown(town: Town, module: LaboratoryModule) -> None:
    """Who asks for a message that another process works on waits for its answer, and isn't told that it never came."""
    async with open_shop(town, module) as shop, open_shop(town, LaboratoryModule("another")) as other:
        question = other.engine, town.id, town.terminal.id, "a"
        assert await answer_to(*question) is None
        module.awake.clear()
        sale = asyncio.create_task(shop.ask(Buy(money=20_000), "a"))
        await module.asked.wait()
        asked = asyncio.create_task(answer_to(*question))
        await asyncio.wait([asked], timeout=0.1)
        assert not asked.done()
        module.awake.set()
        assert await asked == await sale
        assert await shop.look("SELECT count(*) FROM vending.message") == 1
        await proven(shop)


async def test_not_for_ever(town: Town, module: LaboratoryModule, place: Server) -> None:
    """When a message is worked on for longer than anybody waits, it is in progress."""
    async with (
        open_database(place, limits=Limits(lock=0.1)) as impatient,
        open_shop(town, module) as shop,
        open_shop(replace(town, database=impatient), LaboratoryModule("another")) as other,
    ):
        module.awake.clear()
        sale = asyncio.create_task(shop.ask(Buy(money=20_000), "a"))
        await module.asked.wait()
        assert code(await answer_to(other.engine, town.id, town.terminal.id, "a")) is Code.IN_PROGRESS
        module.awake.set()
        assert isinstance(await sale, Sold)
