"""A centre's campaign plan over the API: tried by one, applied by two, once."""

from dataclasses import replace
from typing import Any

import pytest

from tests.api.managing.desk import Clerk
from tests.registry.test_campaigns import PLAN
from umbane.security import CentreIdentity, Realm, campaign_plan
from umbane.sts import SGC

CAMPAIGNS = "/registry/campaigns"
CENTRE = CentreIdentity("centre", Realm.TEST, b"c" * 32)
TOLD = replace(PLAN, centre=CENTRE.card.fingerprint)
OTHER = CentreIdentity("centre", Realm.TEST, b"d" * 32)
LIVE = CentreIdentity("centre", Realm.PRODUCTION, b"c" * 32)
LIVE_TOLD = replace(PLAN, centre=LIVE.card.fingerprint, realm=Realm.PRODUCTION)


def asked(plan: bytes = campaign_plan(TOLD, CENTRE), card: bytes = CENTRE.card.text()) -> dict[str, Any]:
    """What is asked for."""
    return {"plan": plan.decode(), "card": card.decode(), "reason": "call from the centre", "evidence": "case 17"}


async def test_together(clerk: Clerk) -> None:
    """A trial changes nothing; two people apply the plan, and a second time it finds nothing left to do."""
    trial = await clerk.do(f"{CAMPAIGNS}/trial", asked(), status=200)
    assert (trial["due"], trial["sgc"], trial["centre"], trial["why"]) == (2, "123456", TOLD.centre, PLAN.reason)
    before = await clerk.get("/registry/keys")
    assert len(before["revisions"]) == 1
    assert await clerk.together(CAMPAIGNS, asked(), key="c") == trial
    assert await clerk.do(CAMPAIGNS, asked(), key="c", status=200) == trial
    after = await clerk.get("/registry/keys")
    assert [it["krn"] for it in after["revisions"]] == [1, 2]
    meters = await clerk.all_pages("/registry/meters")
    assert {it["key_phase"] for it in meters} == {"planned"}
    again = await clerk.do(f"{CAMPAIGNS}/trial", asked(), status=200)
    assert (again["due"], again["on_the_way"]) == (0, 2)


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (asked(campaign_plan(TOLD, CENTRE).replace(b"market", b"marked")), 422, "bad_value", "signature doesn't fit"),
        (asked(campaign_plan(TOLD, OTHER)), 422, "bad_value", "signature doesn't fit"),
        (asked(card=OTHER.card.text()), 422, "bad_value", "of another centre"),
        (asked(card=b"{}"), 422, "bad_value", "no umbane centre card"),
        (asked(CENTRE.card.text()), 422, "bad_value", "this is the umbane centre card"),
        (
            asked(campaign_plan(LIVE_TOLD, LIVE), LIVE.card.text()),
            409, "transition", "is of the test realm",
        ),
        (
            asked(campaign_plan(replace(TOLD, old=TOLD.old._replace(sgc=SGC(777777))), CENTRE)),
            404, "unknown_supply_group", "777777",
        ),
        (asked() | {"plan": ""}, 400, "bad_body", "plan"),
        (asked() | {"reason": " "}, 422, "bad_value", "nothing"),
    ],
)  # fmt: skip
async def test_refused(clerk: Clerk, body: dict[str, Any], status: int, code: str, words: str) -> None:
    """What isn't a plan of that centre for these meters is refused before anybody is asked."""
    problem = await clerk.refused(status, code, CAMPAIGNS, body)
    assert words in problem["detail"] or words == "nothing"
    assert await clerk.counter.shop.look("SELECT count(*) FROM api.approval") == 0
    assert len((await clerk.get("/registry/keys"))["revisions"]) == 1
