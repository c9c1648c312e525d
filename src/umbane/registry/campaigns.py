"""Campaigns: every meter of a vending key is to get another one, because a key management centre said so.

The centre's plan says which; here the new key's name is added, the old one gets its end, and the change is planned for
each meter. What a purchase makes of that is policy. The same plan may be applied again, for meters that were between
two keys the first time: it does what is left to do, which may be nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.errors import InputError
from umbane.registry.changes import record
from umbane.registry.errors import NotFoundError, RegistryInputError, TransitionError
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

__all__ = ["CampaignReport", "apply_campaign", "look_at_campaign", "trusted_plan"]

LONGEST: Final = 3600.0
"""Seconds that the meters of one key may take: they are planned all at once, or none."""
ACTION: Final = "utility.campaign"
"""What the record of changes calls it."""

CONCERNED: Final = """
state <> 'scrapped' AND (
    (sgc, krn, kt) = ($2, $3, $4)
    OR key_phase <> 'settled' AND (pending_sgc, pending_krn, pending_kt) = ($2, $3, $4)
)"""
STANDING: Final = f"""
SELECT CASE
    WHEN key_phase <> 'settled' AND (pending_sgc, pending_krn, pending_kt) = ($5, $6, $7) THEN 'on_the_way'
    WHEN key_phase = 'issued' AND (pending_sgc, pending_krn, pending_kt) = ($2, $3, $4) THEN 'unsettled'
    WHEN key_phase = 'settled' OR (pending_sgc, pending_krn, pending_kt) = ($2, $3, $4) THEN 'due'
    ELSE 'elsewhere' END AS standing, count(*)
FROM registry.meter WHERE utility_id = $1 AND {CONCERNED} GROUP BY standing"""  # noqa: S608 - our words
PLANNING: Final = f"""
WITH held AS (
    SELECT id FROM registry.meter
    WHERE utility_id = $1 AND {CONCERNED} AND (key_phase = 'settled'
        OR key_phase = 'planned' AND (pending_sgc, pending_krn, pending_kt) = ($2, $3, $4))
    ORDER BY id FOR NO KEY UPDATE
), due AS (
    UPDATE registry.meter m SET key_phase = 'planned', pending_sgc = $5, pending_krn = $6, pending_kt = $7,
        pending_ti = coalesce(pending_ti, ti), pending_base_date = $8, pending_ken = $9
    FROM held WHERE m.utility_id = $1 AND m.id = held.id
    RETURNING m.id, pending_sgc, pending_krn, pending_ti, pending_kt, pending_base_date, pending_ken
), noted AS (
    INSERT INTO registry.key_event (utility_id, at, by, event, words, meter_id, sgc, krn, ti, kt, base_date, ken)
    SELECT $1, $10, $11, 'planned', $12, due.* FROM due
)
SELECT count(*) FROM due"""  # noqa: S608 - our words
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


async def look_at_campaign(
    connection: Connection, utility_id: UUID, plan: CampaignPlan, at: datetime
) -> CampaignReport:
    """What a plan would do; nothing is changed, and nobody waits.

    Args:
        connection: to read with.
        utility_id: whose meters.
        plan: of a centre that is trusted.
        at: the moment.

    Raises:
        NotFoundError: the utility hasn't this supply group, or not the old key.
        TransitionError: the plan is for the other realm, has not begun, is older than one that was applied, or the new
            key is known as something else.
    """
    group = await fitting_group(connection, utility_id, plan)
    await require_its_turn(connection, utility_id, plan, at)
    await named_keys(connection, utility_id, plan)
    rows = await connection.fetch(STANDING, utility_id, *numbers(plan.old), *numbers(plan.new), timeout=LONGEST)
    count = {str(standing): int(meters) for standing, meters in rows}
    return CampaignReport(group, *(count.get(it, 0) for it in ("due", "on_the_way", "elsewhere", "unsettled")))


async def apply_campaign(tx: Connection, scope: Scope, plan: CampaignPlan, at: datetime) -> CampaignReport:
    """Let all meters of the plan's old key be due for its new one.

    Args:
        tx: a transaction.
        scope: whose meters, and who does it.
        plan: of a centre that is trusted.
        at: the moment.

    Raises:
        NotFoundError, TransitionError: as ``look_at_campaign``.
    """
    await tx.execute("SET LOCAL statement_timeout = 0")
    await hold_utility(tx, scope.utility_id)
    report = await look_at_campaign(tx, scope.utility_id, plan, at)
    changed = await name_keys(tx, scope, plan)
    keys = scope.utility_id, *numbers(plan.old), *numbers(plan.new)
    what = year_of(plan.base_date), plan.ken.value, at, scope.by, plan.reason
    due: int = await tx.fetchval(PLANNING, *keys, *what, timeout=LONGEST) if report.due else 0
    if changed or due:
        details = {
            "keys_of": keys_of(plan), "from": str(plan.old), "to": str(plan.new), "meters": due,
            "centre": plan.centre, "made_at": instant_text(plan.made_at), "reason": plan.reason,
        }  # fmt: skip
        await record(tx, scope, ACTION, [(scope.utility_id, details)])
    return replace(report, due=due)


async def fitting_group(connection: Connection, utility_id: UUID, plan: CampaignPlan) -> SupplyGroup:
    """The supply group that the meters leave, when it and that of the new key are of the plan's realm."""
    groups = {it.sgc: it for it in await supply_groups(connection, utility_id)}
    for sgc in (plan.new.sgc, plan.old.sgc):
        if sgc not in groups:
            raise NotFoundError("supply group", sgc)
        if groups[sgc].realm != Realm(plan.realm):
            raise TransitionError(
                f"the plan is for the {plan.realm} realm, and supply group {sgc} is of the {groups[sgc].realm} realm"
            )
    return groups[plan.old.sgc]


async def require_its_turn(connection: Connection, utility_id: UUID, plan: CampaignPlan, at: datetime) -> None:
    """Refuse a plan that has not begun, and one that a newer one took the place of."""
    if at < plan.start:
        raise TransitionError(f"the plan begins at {instant_text(plan.start)}: apply it from then on")
    for (made_at,) in await connection.fetch(EARLIER, utility_id, ACTION, keys_of(plan)):
        if plan.made_at < instant(made_at):
            newer = f"one of {made_at} was applied, and this one is of {instant_text(plan.made_at)}"
            raise TransitionError(f"the plan is too old: {newer}")


async def named_keys(
    connection: Connection, utility_id: UUID, plan: CampaignPlan
) -> tuple[KeyRevision, KeyRevision | None]:
    """The old key, and the new one when it is known already."""
    known = {VendingKeyName(it.sgc, it.krn, it.kt): it for it in await key_revisions(connection, utility_id)}
    if plan.old not in known:
        raise NotFoundError("key revision", plan.old)
    if plan.new in known:
        require_same(known[plan.new], plan)
    return known[plan.old], known.get(plan.new)


async def name_keys(tx: Connection, scope: Scope, plan: CampaignPlan) -> bool:
    """Let the new key have its name and the old one its end; answer whether anything changed."""
    old, new = await named_keys(tx, scope.utility_id, plan)
    ends = old.active_until is None or old.active_until > plan.cut_off
    if ends:
        await end_key_revision(tx, scope, (old.sgc, old.kt, old.krn), plan.cut_off)
    if new is None:
        names = plan.new.sgc, plan.new.kt, plan.new.krn, plan.dkga, plan.base_date, plan.ken
        await add_key_revisions(tx, scope, [KeyRevision(*names, Realm(plan.realm), plan.label, plan.start)])
    return ends or new is None


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
