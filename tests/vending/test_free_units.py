"""Free units: once for an account and a month, with a purchase or on request, through any till."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from tests.registry.town import NOW, TSHWANE, Town
from tests.vending.abroad import let
from tests.vending.laboratory import LaboratoryModule, read
from tests.vending.shop import Shop, open_shop, proven
from umbane.registry import activate_tariff, add_tariff_version, change_state, change_tariff, contract
from umbane.sts import Credit
from umbane.vending import Buy, ClaimFree, Code, Refused, Sold, TokenKind

FREE = """free_units:
  units: 50
  label: Free units
  claim: with-purchase
  counts_toward_blocks: false

order:"""
LIFELINE = (
    TSHWANE.replace("id: za-tshwane-domestic", "id: lifeline").replace("order:", FREE, 1).partition("\nexamples:")[0]
)


@pytest.fixture
async def entitled(town: Town) -> Town:
    """Give a town whose household has a right to free units."""
    await town.does(add_tariff_version, LIFELINE + "\n")
    await replace(town, scope=replace(town.scope, by="another")).does(activate_tariff, "lifeline", "2025/26")
    await town.does(change_tariff, town.contract.id, "lifeline")
    await let(town, free_from=date(2026, 1, 1), arrears=())
    return town


@pytest.fixture
async def lifeline(entitled: Town, module: LaboratoryModule) -> AsyncIterator[Shop]:
    """Give a shop in that town."""
    async with open_shop(entitled, module) as opened:
        yield opened


def kinds(answer: object) -> list[str]:
    """The kinds of tokens in an answer."""
    assert isinstance(answer, Sold), answer
    return [it.kind for it in answer.tokens]


async def test_with_a_purchase(lifeline: Shop) -> None:
    """The first purchase of a month brings a token of free units, to be typed before the credit; the second doesn't."""
    first, second = await lifeline.buy(), await lifeline.buy()
    assert (kinds(first), kinds(second)) == ([TokenKind.FREE, TokenKind.CREDIT], [TokenKind.CREDIT])
    token = read(lifeline.town.meter, first.tokens[0].token)
    assert isinstance(token, Credit)
    assert (token.units, first.free_units) == (500, 500)
    await proven(lifeline)


async def test_on_request(lifeline: Shop) -> None:
    """Free units can be claimed without money, once a month, and again the next month."""
    first = await lifeline.ask(ClaimFree())
    second = await lifeline.ask(ClaimFree())
    lifeline.wait(days=31)
    third = await lifeline.ask(ClaimFree())
    assert (kinds(first), kinds(third)) == ([TokenKind.FREE], [TokenKind.FREE])
    assert isinstance(second, Refused)
    assert second.code is Code.NOTHING_DUE
    await proven(lifeline)


async def test_many_tills_at_once(lifeline: Shop) -> None:
    """Twenty claims at once, some of them purchases, give one token of free units."""
    orders = [ClaimFree() if place % 2 else Buy(money=10_000) for place in range(20)]
    answers = await asyncio.gather(*(lifeline.ask(order) for order in orders))
    given = [kind for it in answers if isinstance(it, Sold) for kind in kinds(it)]
    assert (given.count(TokenKind.FREE), given.count(TokenKind.CREDIT)) == (1, 10)
    assert await lifeline.look("SELECT count(*) FROM vending.free_claim") == 1
    await proven(lifeline)


async def test_a_state_that_forgot(lifeline: Shop) -> None:
    """Whatever the contract's state says, free units of a month that were claimed are not given again."""
    town = lifeline.town
    await lifeline.ask(ClaimFree())
    found = await town.reads(contract, town.contract.id)
    forgotten = structs.replace(found.state, free_claimed_on=None)
    await town.does(change_state, town.contract.id, found.version, forgotten, "a slip")
    answer = await lifeline.ask(ClaimFree())
    assert isinstance(answer, Refused)
    assert answer.code is Code.NOTHING_DUE
    assert kinds(await lifeline.buy()) == [TokenKind.CREDIT]
    await proven(lifeline)


async def test_the_month_is_the_utility_s(lifeline: Shop) -> None:
    """A month begins at midnight where the utility is: an hour before midnight UTC it has begun in Johannesburg."""
    lifeline.now = NOW.replace(month=3, day=31, hour=21, minute=59)
    await lifeline.ask(ClaimFree())
    lifeline.now = NOW.replace(month=3, day=31, hour=22, minute=0)
    assert kinds(await lifeline.ask(ClaimFree())) == [TokenKind.FREE]
    await proven(lifeline)
