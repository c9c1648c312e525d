"""Keys on a sale: which one tokens are made under, and what a change of key does to the order of tokens."""

import pytest

from tests.registry.town import KEY, NEXT_KEY, NOW, Town, revision
from tests.vending.laboratory import LaboratoryModule, read
from tests.vending.shop import open_shop, proven
from umbane.registry import (
    EngineeringAction,
    KeyPhase,
    Role,
    add_key_revisions,
    change_policy,
    end_key_revision,
    meter,
    plan_keys,
    settle_keys,
)
from umbane.sts import Credit, KeyChangeSection
from umbane.vending import Buy, ChangeKey, Code, Engineer, Refused, Sold, Staff, TokenKind

ENGINEER = Staff("thandi", frozenset({Role.ENGINEER}))


@pytest.fixture
async def planned(town: Town) -> Town:
    """Give a town whose meter is to have another key."""
    await town.does(add_key_revisions, [revision(2)])
    await town.does(plan_keys, [town.meter.id], [NEXT_KEY], NOW, "new year")
    return town


def kinds(answer: object) -> list[str]:
    """The kinds of tokens in an answer."""
    assert isinstance(answer, Sold), answer
    return [it.kind for it in answer.tokens]


async def test_bundle(planned: Town, module: LaboratoryModule) -> None:
    """Where the policy bundles, the key-change tokens come first, and the credit is under the key they bring."""
    await planned.does(change_policy, {"sale": {"key_change": "bundle"}})
    async with open_shop(planned, module) as shop:
        sold = await shop.buy()
        assert kinds(sold) == [TokenKind.KEY_CHANGE, TokenKind.KEY_CHANGE, TokenKind.CREDIT]
        sections = [read(planned.meter, it.token) for it in sold.tokens[:2]]
        assert all(isinstance(it, KeyChangeSection) for it in sections)
        token = read(planned.meter, sold.tokens[2].token, NEXT_KEY)
        assert isinstance(token, Credit)
        assert token.units == sold.units
        assert sold.warnings
        found = await planned.reads(meter, planned.meter.id)
        assert (found.key, found.pending, found.key_phase) == (KEY, NEXT_KEY, KeyPhase.ISSUED)
        again = await shop.buy()
        assert [it.token for it in again.tokens[:2]] == [it.token for it in sold.tokens[:2]]
        await planned.does(settle_keys, [planned.meter.id], shop.now, "typed")
        assert kinds(await shop.buy()) == [TokenKind.CREDIT]
        await proven(shop)


async def test_ask_first(planned: Town, module: LaboratoryModule) -> None:
    """Where the policy asks first, anyone may fetch the key-change tokens; credit is then under the new key."""
    async with open_shop(planned, module) as shop:
        refused = await shop.ask(Engineer(EngineeringAction.CLEAR_TAMPER))
        assert isinstance(refused, Refused)
        assert refused.code is Code.NOT_PERMITTED
        changed = await shop.ask(ChangeKey())
        assert isinstance(changed, Sold)
        assert kinds(changed) == [TokenKind.KEY_CHANGE, TokenKind.KEY_CHANGE]
        sold = await shop.buy()
        assert isinstance(read(planned.meter, sold.tokens[0].token, NEXT_KEY), Credit)
        again = await shop.ask(ChangeKey())
        assert isinstance(again, Sold)
        assert [it.token for it in again.tokens] == [it.token for it in changed.tokens]
        await proven(shop)


async def test_tokens_that_may_lie_about(town: Town, module: LaboratoryModule) -> None:
    """Who fetches key-change tokens hears how many purchases may not be typed in yet, and that those would die."""
    async with open_shop(town, module) as shop:
        await shop.buy()
        await shop.buy()
        await town.does(add_key_revisions, [revision(2)])
        await town.does(plan_keys, [town.meter.id], [NEXT_KEY], shop.now, "new year")
        changed = await shop.ask(ChangeKey())
        assert isinstance(changed, Sold)
        assert any("30 days: 2" in it for it in changed.warnings)


async def test_the_newest_key(town: Town, module: LaboratoryModule) -> None:
    """Who may change keys gets the tokens to the newest key of the supply group; others don't, nor without a newer."""
    async with open_shop(town, module) as shop:
        nothing = await shop.ask(ChangeKey(), staff=ENGINEER)
        assert isinstance(nothing, Refused)
        assert nothing.code is Code.NO_KEY_CHANGE
        await town.does(add_key_revisions, [revision(2)])
        stranger = await shop.ask(ChangeKey())
        assert isinstance(stranger, Refused)
        assert stranger.code is Code.NOT_PERMITTED
        assert len(kinds(await shop.ask(ChangeKey(), staff=ENGINEER))) == 2
        assert (await town.reads(meter, town.meter.id)).pending == NEXT_KEY
        await proven(shop)


@pytest.mark.parametrize("policy", ["bundle", "ask_first"])
async def test_a_key_that_is_over(planned: Town, module: LaboratoryModule, policy: str) -> None:
    """A meter on its way from a key that ended gets credit under the new one; when that ends too, it gets none."""
    await planned.does(change_policy, {"sale": {"key_change": policy}})
    async with open_shop(planned, module) as shop:
        await shop.ask(ChangeKey())
        await planned.does(end_key_revision, (KEY.sgc, KEY.kt, KEY.krn), NOW)
        assert TokenKind.CREDIT in kinds(await shop.buy())
        await planned.does(end_key_revision, (KEY.sgc, KEY.kt, NEXT_KEY.krn), NOW)
        refused = await shop.ask(Buy(money=20_000))
        assert isinstance(refused, Refused)
        assert refused.code is Code.KEY_EXPIRED
