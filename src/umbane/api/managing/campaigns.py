"""Campaigns: a key management centre's plan, tried by one and put into force by two."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.writing import once
from umbane.api.peoplewire import Justified
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.registry import Act, Scope
from umbane.registry.campaigns import CampaignReport, apply_campaign, look_at_campaign, trusted_plan
from umbane.security import CampaignPlan

__all__ = ["OPERATIONS"]

Document = Annotated[str, Meta(min_length=1, max_length=16_384)]


class CampaignIn(Justified, frozen=True, kw_only=True):
    """A plan, and the card of the centre that is trusted to make one; whoever agrees compares its fingerprint."""

    plan: Document
    card: Document


class CampaignOut(wire.Told, frozen=True):
    """A plan, and what becomes of the meters that have the old key or were to get it."""

    centre: Annotated[str, Meta(description="the fingerprint of the centre's card")]
    made_at: datetime
    why: Annotated[str, Meta(description="what the centre says")]
    old: str
    new: str
    cut_off: Annotated[datetime, Meta(description="from then on nothing is sold under the old key")]
    sgc: Annotated[str, Meta(description="the supply group that they leave")]
    due: Annotated[int, Meta(description="meters that get the new key with their next purchase")]
    on_the_way: Annotated[int, Meta(description="for which the change was planned or issued before")]
    elsewhere: Annotated[int, Meta(description="on their way to a third key; they stay so")]
    unsettled: Annotated[int, Meta(description="with tokens to the old key out: apply it again when that is settled")]


async def trial(desk: Desk, call: Call) -> Reply:
    """What a plan would do."""
    plan = plan_in(call)
    async with desk.database.reading() as connection:
        return Reply(out(plan, await look_at_campaign(connection, call.who.utility_id, plan, desk.now())))


async def really(desk: Desk, call: Call) -> Reply:
    """Let the meters be due for their new key."""
    plan, now = plan_in(call), desk.now()

    async def work(tx: Connection, scope: Scope) -> CampaignOut:
        return out(plan, await apply_campaign(tx, scope, plan, now))

    return await once(desk, call, CampaignOut, work, Act.KEYS)


def plan_in(call: Call) -> CampaignPlan:
    """The plan of a body."""
    body: CampaignIn = call.body
    return trusted_plan(body.plan.encode(), body.card.encode())


def out(plan: CampaignPlan, report: CampaignReport) -> CampaignOut:
    """Both as they are answered."""
    return CampaignOut(
        plan.centre, plan.made_at, plan.reason, str(plan.old), str(plan.new), plan.cut_off, str(report.group.sgc),
        report.due, report.on_the_way, report.elsewhere, report.unsettled,
    )  # fmt: skip


CAMPAIGNS: Final = "/v1/registry/campaigns"

OPERATIONS: Final = (
    Operation("try_campaign", "POST", CAMPAIGNS + "/trial", "See what a centre's campaign plan would do", trial,
        {200: CampaignOut}, (Right.WRITE_KEYS,), CampaignIn, problems=(404, 409, 422)),
    Operation("apply_campaign", "POST", CAMPAIGNS, "Lead all meters of a key to another one, by a centre's plan",
        really, {201: CampaignOut, 200: CampaignOut}, (Right.WRITE_KEYS,), CampaignIn, problems=(404, 409, 422),
        keyed=True),
)  # fmt: skip
