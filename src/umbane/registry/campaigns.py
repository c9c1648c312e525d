"""Campaigns: every meter of a vending key is to get another one, because a key management centre said so.

The centre's plan says which; here the new key's name is added, the old one gets its end, and the change is planned for
each meter. What a purchase makes of that is policy. The same plan may be applied again, for meters that were between
two keys the first time: it does what is left to do, which may be nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from umbane.db import Connection, Database
from umbane.errors import InputError
from umbane.registry.changes import record
from umbane.registry.errors import NotFoundError, RegistryInputError, TransitionError
from umbane.registry.keychanges import plan_keys
from umbane.registry.keys import KeyRevision, Realm, SupplyGroup, year_of
from umbane.registry.roles import Scope
from umbane.registry.utilities import (
    add_key_revisions,
    end_key_revision,
    hold_utility,
    key_revisions,
    supply_groups,
)
from umbane.security import CampaignPlan, CentreCard, DocumentError, VendingKeyName, read_campaign
from umbane.security.documents import instant, instant_text
from umbane.sts import TI

__all__ = ["CampaignReport", "apply_campaign", "trusted_plan", "try_campaign"]

ACTION: Final = "utility.campaign"
"""What the record of changes calls it."""

STANDING: Final = """
SELECT id, coalesce(pending_ti, ti), CASE
    WHEN key_phase <> 'settled' AND (pending_sgc, pending_krn, pending_kt) = ($5, $6, $7) THEN 'on_the_way'
    WHEN key_phase = 'issued' AND (pending_sgc, pending_krn, pending_kt) = ($2, $3, $4) THEN 'unsettled'
    WHEN key_phase = 'settled' OR (pending_sgc, pending_krn, pending_kt) = ($2, $3, $4) THEN 'due'
    ELSE 'elsewhere' END
FROM registry.meter WHERE utility_id = $1 AND state <> 'scrapped' AND (
    (sgc, krn, kt) = ($2, $3, $4)
    OR key_phase <> 'settled' AND (pending_sgc, pending_krn, pending_kt) = ($2, $3, $4)
) ORDER BY id FOR NO KEY UPDATE"""
EARLIER: Final = """
SELECT details ->> 'made_at' FROM registry.change
WHERE utility_id = $1 AND object = $1 AND action = $2 AND details ->> 'keys_of' = $3"""


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """What became of the meters that have the old key, or were to get it.

    Attributes:
        group: the supply group that they leave.
        due: for which the change is planned now: they get the new key with their next purchase.
        on_the_way: for which it was planned, or issued, before.
        elsewhere: which are on the way to a third key, and stay so.
        unsettled: whose tokens to the old key are out; once that is settled or abandoned, the plan is applied again.
    """

    group: SupplyGroup
    due: int
    on_the_way: int
    elsewhere: int
    unsettled: int


def trusted_plan(text: bytes, card: bytes) -> CampaignPlan:
    """The plan in a document, when the centre of a card made it.

    Raises:
        RegistryInputError: it isn't a plan, or another centre's, or was altered; or the card is none.
    """
    try:
        centre = CentreCard.read(card)
    except (DocumentError, InputError) as error:
        raise RegistryInputError("card", str(error), "give the card that the centre was founded with") from None
    try:
        return read_campaign(text, centre)
    except DocumentError as error:
        raise RegistryInputError("plan", str(error), "have it from the centre again") from None


class _UndoneError(Exception):
    """Takes a report out of a transaction, which is rolled back."""

    def __init__(self, report: CampaignReport) -> None:
        super().__init__()
        self.report = report


async def try_campaign(database: Database, scope: Scope, plan: CampaignPlan, at: datetime) -> CampaignReport:
    """What a plan would do: it is done, and undone. Arguments and errors are those of ``apply_campaign``."""

    async def work(tx: Connection) -> CampaignReport:
        raise _UndoneError(await apply_campaign(tx, scope, plan, at))

    try:
        return await database.run(work)
    except _UndoneError as undone:
        return undone.report


async def apply_campaign(tx: Connection, scope: Scope, plan: CampaignPlan, at: datetime) -> CampaignReport:
    """Let all meters of the plan's old key be due for its new one.

    Args:
        tx: a transaction.
        scope: whose meters, and who does it.
        plan: of a centre that is trusted.
        at: the moment.

    Raises:
        NotFoundError: the utility hasn't this supply group, or not the old key.
        TransitionError: the plan is for the other realm, has not begun, is older than one that was applied, or the new
            key is known as something else.
    """
    await hold_utility(tx, scope.utility_id)
    group = await fitting_group(tx, scope.utility_id, plan)
    await require_its_turn(tx, scope.utility_id, plan, at)
    new, changed = await name_keys(tx, scope, plan)
    rows = await tx.fetch(STANDING, scope.utility_id, *numbers(plan.old), *numbers(plan.new))
    due = [(meter_id, new.for_meter(TI(ti))) for meter_id, ti, standing in rows if standing == "due"]
    await plan_keys(tx, scope, [it[0] for it in due], [it[1] for it in due], at, plan.reason)
    if changed or due:
        details = {
            "keys_of": keys_of(plan), "from": str(plan.old), "to": str(plan.new), "meters": len(due),
            "centre": plan.centre, "made_at": instant_text(plan.made_at), "reason": plan.reason,
        }  # fmt: skip
        await record(tx, scope, ACTION, [(scope.utility_id, details)])
    count = Counter(str(standing) for _, _, standing in rows)
    return CampaignReport(group, *(count[it] for it in ("due", "on_the_way", "elsewhere", "unsettled")))


async def fitting_group(tx: Connection, utility_id: UUID, plan: CampaignPlan) -> SupplyGroup:
    """The supply group that the meters leave, when it and that of the new key are of the plan's realm."""
    groups = {it.sgc: it for it in await supply_groups(tx, utility_id)}
    for sgc in (plan.new.sgc, plan.old.sgc):
        if sgc not in groups:
            raise NotFoundError("supply group", sgc)
        if groups[sgc].realm != Realm(plan.realm):
            raise TransitionError(
                f"the plan is for the {plan.realm} realm, and supply group {sgc} is of the {groups[sgc].realm} realm"
            )
    return groups[plan.old.sgc]


async def require_its_turn(tx: Connection, utility_id: UUID, plan: CampaignPlan, at: datetime) -> None:
    """Refuse a plan that has not begun, and one that a newer one took the place of."""
    if at < plan.start:
        raise TransitionError(f"the plan begins at {instant_text(plan.start)}: apply it from then on")
    for (made_at,) in await tx.fetch(EARLIER, utility_id, ACTION, keys_of(plan)):
        if plan.made_at < instant(made_at):
            newer = f"one of {made_at} was applied, and this one is of {instant_text(plan.made_at)}"
            raise TransitionError(f"the plan is too old: {newer}")


async def name_keys(tx: Connection, scope: Scope, plan: CampaignPlan) -> tuple[KeyRevision, bool]:
    """Let the new key have its name and the old one its end; answer the new one, and whether anything changed."""
    known = {VendingKeyName(it.sgc, it.krn, it.kt): it for it in await key_revisions(tx, scope.utility_id)}
    old, new = known.get(plan.old), known.get(plan.new)
    if old is None:
        raise NotFoundError("key revision", plan.old)
    ends = old.active_until is None or old.active_until > plan.cut_off
    if ends:
        await end_key_revision(tx, scope, (old.sgc, old.kt, old.krn), plan.cut_off)
    if new is not None:
        require_same(new, plan)
        return new, ends
    added = KeyRevision(
        plan.new.sgc, plan.new.kt, plan.new.krn, plan.dkga, plan.base_date, plan.ken, Realm(plan.realm), plan.label,
        plan.start,
    )  # fmt: skip
    await add_key_revisions(tx, scope, [added])
    return added, True


def require_same(known: KeyRevision, plan: CampaignPlan) -> None:
    """Refuse a new key that the registry knows as something else."""
    here, there = ((it.dkga, it.base_date, it.ken) for it in (known, plan))
    if here != there:
        words = f"{known.dkga.name}, base {year_of(known.base_date)}, KEN {known.ken}"
        raise TransitionError(f"{plan.new} is known here as {words}, and the plan says something else of it")


def keys_of(plan: CampaignPlan) -> str:
    """Whose plans follow each other: those for one kind of keys of one supply group."""
    return f"{plan.old.sgc} {plan.old.kt.name}"


def numbers(name: VendingKeyName) -> tuple[int, int, int]:
    """A vending key as the database names it."""
    return name.sgc.value, name.krn.value, int(name.kt)
