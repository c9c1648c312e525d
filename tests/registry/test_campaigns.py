"""Campaigns: what a centre's plan makes of a registry: once, in its turn, and in the right realm only."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.registry.town import GROUP, KEY, NEXT_KEY, NOW, Town, build, meter, revision
from umbane.registry import (
    KeyPhase,
    NotFoundError,
    RegistryInputError,
    SupplyGroup,
    TransitionError,
    abandon_keys,
    add_key_revisions,
    add_meters,
    add_supply_groups,
    end_key_revision,
    history,
    key_events,
    key_revisions,
    mark_issued,
    plan_keys,
    scrap_meter,
    settle_keys,
)
from umbane.registry import Realm as RegistryRealm
from umbane.registry import meter as meter_of
from umbane.registry.campaigns import apply_campaign, look_at_campaign, trusted_plan
from umbane.security import CampaignPlan, CentreIdentity, Realm, VendingKeyName, campaign_plan
from umbane.sts import DKGA, KEN, KRN, KT, SGC, TI, BaseDate

OLD = VendingKeyName(GROUP, KRN(1), KT.DUTK)
NEW = VendingKeyName(GROUP, KRN(2), KT.DUTK)
CUT_OFF = NOW + timedelta(days=60)
PLAN = CampaignPlan(
    "0123-4567", Realm.TEST, NOW, "found on the market", OLD, NEW, DKGA.KDF_HMAC_SHA256, BaseDate.Y2014, KEN(255),
    "a1b2c3", NOW, CUT_OFF, ("shop",),
)  # fmt: skip


async def apply(town: Town, plan: CampaignPlan = PLAN, at: datetime = NOW) -> tuple[int, int, int, int]:
    """Apply a plan; how many meters are due, on the way, elsewhere, and unsettled."""
    report = await town.does(apply_campaign, plan, at)
    assert report.group.sgc == GROUP
    return report.due, report.on_the_way, report.elsewhere, report.unsettled


async def state(town: Town) -> object:
    """Everything that a campaign may change."""
    revisions = await town.reads(key_revisions)
    events = [await town.reads(key_events, it.id) for it in (town.meter, town.stocked)]
    return revisions, events, await town.reads(history, town.id)


async def test_everything_that_is_due(town: Town) -> None:
    """Every meter of the old key is due for the new one, which has its name from now on; the old one has its end."""
    scrapped, other = meter(30), meter(31, key=replace(KEY, sgc=SGC(600675)))
    await town.does(add_supply_groups, [SupplyGroup(SGC(600675), "hill", RegistryRealm.TEST)])
    await town.does(add_meters, [scrapped, other])
    await town.does(scrap_meter, scrapped.id, "burnt")
    assert await apply(town) == (2, 0, 0, 0)
    for it in (town.meter, town.stocked):
        found = await town.reads(meter_of, it.id)
        assert (found.key, found.pending, found.key_phase) == (KEY, NEXT_KEY, KeyPhase.PLANNED)
        [event] = await town.reads(key_events, it.id)
        assert (event.event, event.words, event.by) == ("planned", PLAN.reason, "test")
    for it in (scrapped, other):
        assert (await town.reads(meter_of, it.id)).key_phase is KeyPhase.SETTLED
    old, new = await town.reads(key_revisions)
    assert old.active_until == CUT_OFF
    assert new == revision(2, active_from=NOW, module_key="123456 2 VUDK a1b2c3")
    told = (await town.reads(history, town.id))[-1]
    assert told.action == "utility.campaign"
    assert (told.details["meters"], told.details["centre"], told.by) == (2, PLAN.centre, "test")


async def test_twice(town: Town) -> None:
    """A plan that is applied again changes nothing at all."""
    await apply(town)
    before = await state(town)
    assert await apply(town, at=NOW + timedelta(days=1)) == (0, 2, 0, 0)
    assert await state(town) == before


async def test_what_was_between_two_keys(town: Town) -> None:
    """A meter whose tokens to the old key are out is left, and gets the new one when the plan comes again."""
    before = replace(KEY, krn=KRN(9))
    late = meter(40, key=before)
    await town.does(add_key_revisions, [revision(9)])
    await town.does(add_meters, [late])
    await town.does(mark_issued, [late.id], [KEY], NOW, "sale 1")
    assert await apply(town) == (2, 0, 0, 1)
    assert await apply(town) == (0, 2, 0, 1)
    await town.does(settle_keys, [late.id], NOW, "typed")
    assert await apply(town) == (1, 2, 0, 0)
    assert (await town.reads(meter_of, late.id)).pending == NEXT_KEY


async def test_what_was_meant_for_the_old_key(town: Town) -> None:
    """A meter that was to get the old key is to get the new one instead, with the tariff index that was meant."""
    first = meter(41, key=replace(KEY, krn=KRN(9)))
    await town.does(add_key_revisions, [revision(9)])
    await town.does(add_meters, [first])
    await town.does(plan_keys, [first.id], [replace(KEY, ti=TI(7))], NOW, "rotation")
    assert await apply(town) == (3, 0, 0, 0)
    assert (await town.reads(meter_of, first.id)).pending == replace(NEXT_KEY, ti=TI(7))


async def test_what_goes_elsewhere(town: Town) -> None:
    """A meter that is led to a third key already stays on that way; one that gave it up is caught by the next try."""
    third = replace(KEY, krn=KRN(3))
    await town.does(add_key_revisions, [revision(3)])
    await town.does(plan_keys, [town.stocked.id], [third], NOW, "moves to the hill")
    await town.does(mark_issued, [town.meter.id], [third], NOW, "sale 2")
    assert await apply(town) == (0, 0, 2, 0)
    await town.does(abandon_keys, [town.meter.id], NOW, "never typed")
    assert await apply(town) == (1, 0, 1, 0)


async def test_nothing_changes_but_the_end(town: Town) -> None:
    """A key that ends sooner than the plan says keeps its end, and a new one that is known as the same stays."""
    sooner = NOW + timedelta(days=3)
    await town.does(end_key_revision, (OLD.sgc, OLD.kt, OLD.krn), sooner)
    mine = revision(2)
    await town.does(add_key_revisions, [mine])
    await apply(town)
    old, new = await town.reads(key_revisions)
    assert old.active_until == sooner
    assert new == mine


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"realm": Realm.PRODUCTION}, TransitionError, "supply group 123456 is of the test realm"),
        ({"old": OLD._replace(sgc=SGC(777777))}, NotFoundError, "supply group 777777"),
        ({"new": NEW._replace(sgc=SGC(777777))}, NotFoundError, "supply group 777777"),
        ({"old": OLD._replace(krn=KRN(5))}, NotFoundError, "key revision SGC 123456 KRN 5 DUTK"),
        ({"start": NOW + timedelta(minutes=1)}, TransitionError, "begins at 2026-03-12T09:01:00Z"),
    ],
)
async def test_a_plan_that_does_not_fit(town: Town, wrong: dict[str, Any], error: type, words: str) -> None:
    """A plan for another realm, an unknown supply group or key, or a later time is refused, and nothing is changed."""
    before = await state(town)
    with pytest.raises(error, match=words):
        await apply(town, replace(PLAN, **wrong))
    assert await state(town) == before


@pytest.mark.parametrize(
    "other", [{"dkga": DKGA.DES}, {"base_date": BaseDate.Y2035}, {"ken": KEN(200)}]
)  # fmt: skip
async def test_a_key_known_as_something_else(town: Town, other: dict[str, Any]) -> None:
    """A plan whose new key the registry knows as something else is refused."""
    await town.does(add_key_revisions, [revision(2)])
    with pytest.raises(TransitionError, match="is known here as KDF_HMAC_SHA256, base 2014, KEN 255"):
        await apply(town, replace(PLAN, **other))


async def test_an_older_plan(town: Town) -> None:
    """After a newer plan for the same keys an older one is refused; one for other keys has nothing to do with it."""
    later = NOW + timedelta(days=1)
    third = NEW._replace(krn=KRN(3))
    newer = replace(PLAN, made_at=later, start=later, new=third)
    assert await apply(town, newer, later) == (2, 0, 0, 0)
    before = await state(town)
    with pytest.raises(TransitionError, match="too old: one of 2026-03-13T09:00:00Z was applied"):
        await apply(town, PLAN, later)
    assert await state(town) == before
    default = OLD._replace(kt=KT.DDTK)
    await town.does(add_key_revisions, [revision(1, kt=KT.DDTK)])
    assert await apply(town, replace(PLAN, old=default), later) == (0, 0, 0, 0)


async def test_only_ones_own(town: Town) -> None:
    """A plan is applied to the meters of one utility; another one that has such a supply group isn't touched."""
    other = await build(town.database, "hill", 2)
    assert await apply(town) == (2, 0, 0, 0)
    found = await other.reads(meter_of, other.meter.id)
    assert found.key_phase is KeyPhase.SETTLED
    assert await apply(other) == (2, 0, 0, 0)


async def test_a_trial(town: Town) -> None:
    """A trial tells what a plan would do, and changes nothing."""
    before = await state(town)
    report = await town.reads(look_at_campaign, PLAN, NOW)
    assert (report.due, report.group.name) == (2, "all")
    assert await state(town) == before


def test_whom_to_trust() -> None:
    """A plan is read with the card of the centre that made it; a wrong card and a wrong plan are told apart."""
    centre = CentreIdentity("centre", Realm.TEST, b"c" * 32)
    plan = replace(PLAN, centre=centre.card.fingerprint)
    text, card = campaign_plan(plan, centre), centre.card.text()
    assert trusted_plan(text, card) == plan
    for given, field in (((text, text), "card"), ((card, card), "plan"), ((text[:-1], card), "plan")):
        with pytest.raises(RegistryInputError) as refusal:
            trusted_plan(*given)
        assert refusal.value.field == field
