"""The third step: every case is planned or refused, and plans are held against what the database alone knows."""

from datetime import timedelta

from umbane.pricing import LineKind
from umbane.vending import store
from umbane.vending.cases import Case
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.house import Turn
from umbane.vending.models import ClaimFree, TokenKind
from umbane.vending.planning import plan
from umbane.vending.plans import Plan

__all__ = ["judge"]


async def judge(turn: Turn) -> None:
    """Plan the cases of a turn, or let them be refused."""
    for case in turn.cases:
        if case.situation and not case.problem:
            decide(case)
    await check_free_months(turn)
    await warn(turn)


def decide(case: Case) -> None:
    """Plan a case by the rules."""
    if case.situation:
        try:
            case.plan = plan(case.request, case.situation)
        except RefusedError as error:
            case.problem = error


async def check_free_months(turn: Turn) -> None:
    """Give no free units for a month whose units were claimed, whatever the state of the contract says."""
    wanted = {}
    for case in turn.live:
        planned, situation = case.planned()
        if planned.free_month is not None and situation.contract_id:
            wanted[situation.contract_id, planned.free_month] = case
    if not wanted:
        return
    for key in await store.claimed_months(turn.tx, turn.utility_id, list(wanted)):
        case = wanted[key]
        if isinstance(case.request.order, ClaimFree):
            case.problem = RefusedError(Code.NOTHING_DUE, "this month's free units were claimed", "wait for the next")
        else:
            drop_free_units(case.planned()[0])


def drop_free_units(planned: Plan) -> None:
    """Take the free units out of a purchase."""
    planned.free_units, planned.free_month = 0, None
    planned.drafts = [it for it in planned.drafts if it.kind != TokenKind.FREE]
    planned.lines = tuple(it for it in planned.lines if it.kind is not LineKind.FREE)


async def warn(turn: Turn) -> None:
    """Say, where key-change tokens go out, how many purchases may not be typed in yet."""
    changing, days = {}, 0
    for case in turn.live:
        planned, situation = case.planned()
        if planned.new_key:
            changing[situation.meter_id] = planned
            days = situation.book.utility.policy.sale.unused_token_days
    if changing and days:
        recent = await store.recent_sales(turn.tx, turn.utility_id, list(changing), turn.now - timedelta(days=days))
        for meter_id, count in recent.items():
            words = f"purchases of the last {days} days: {count}; type what is left of them first"
            changing[meter_id].warnings.append(words)
