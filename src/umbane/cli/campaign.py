"""`umbane registry campaign`: a key management centre's plan, looked at and put into force."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from umbane.cli.where import plain, using
from umbane.cli.whose import by, of_utility, utility_named
from umbane.errors import InputError
from umbane.registry.texts import clean

if TYPE_CHECKING:
    from umbane.db import Connection, Database
    from umbane.registry import Utility
    from umbane.registry.campaigns import CampaignReport
    from umbane.security import CampaignPlan

__all__ = ["campaign"]

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
POLICIES = {
    "ask_first": "nothing is sold to such a meter before somebody fetched its key-change tokens",
    "bundle": "the next purchase of such a meter begins with its key-change tokens",
    "refuse": "nothing is sold to such a meter until its change of key is settled",
}
"""What a purchase makes of a change of key that is planned, by the utility's policy."""


@click.command()
@click.argument("plan", type=FILE)
@click.option("--card", type=FILE, required=True, help="The card of the key management centre that made the plan.")
@click.option("--apply", "really", is_flag=True, help="Do it, instead of only saying what it would do.")
@click.option("--reason", help="Why, for the record; needed with --apply.")
@of_utility
def campaign(plan: Path, card: Path, really: bool, reason: str | None, code: str | None) -> None:
    """Lead all meters of a key to another one, by the campaign PLAN that the key management centre made.

    Nothing is changed without --apply. Give the modules their new load files first. Over the API applying takes two
    people. Here it takes one, and an alarm says so as soon as there are two.
    """
    from umbane.registry.campaigns import trusted_plan

    if really and reason is None:
        raise InputError("--reason", "no reason is given", "say why the plan is applied")
    told = trusted_plan(plan.read_bytes(), card.read_bytes())
    words = clean("--reason", reason) if reason is not None else ""

    async def work(database: "Database") -> "tuple[Utility, CampaignReport]":
        return await looked_at(database, told, code) if not really else await applied(database, told, code, words)

    house, report = using(work)
    for line in lines(told, report, house, really=really):
        click.echo(plain(line))


async def looked_at(database: "Database", plan: "CampaignPlan", code: str | None) -> "tuple[Utility, CampaignReport]":
    """What the plan would do."""
    from umbane.registry.campaigns import look_at_campaign

    async with database.reading() as connection:
        house = await utility_named(connection, code)
        return house, await look_at_campaign(connection, house.id, plan, datetime.now(UTC))


async def applied(
    database: "Database", plan: "CampaignPlan", code: str | None, reason: str
) -> "tuple[Utility, CampaignReport]":
    """What it did."""
    from umbane.api import note_alone
    from umbane.registry import Scope
    from umbane.registry.campaigns import apply_campaign

    async def inside(tx: "Connection") -> "tuple[Utility, CampaignReport]":
        house = await utility_named(tx, code)
        scope = Scope(house.id, by())
        await note_alone(tx, scope, f"campaign from {plan.old} to {plan.new}: {reason}")
        return house, await apply_campaign(tx, scope, plan, datetime.now(UTC))

    return await database.run(inside)


def lines(plan: "CampaignPlan", report: "CampaignReport", house: "Utility", *, really: bool) -> list[str]:
    """What a plan says, and what becomes of the meters."""
    group, policy = report.group, house.policy.sale.key_change
    after = "applied" if really else "nothing was changed: with --apply it is"
    others = {
        "on their way to the new key already": report.on_the_way,
        "on their way to a third key, and stay so": report.elsewhere,
        "with tokens to the old key out: settle or abandon those, and apply the plan again": report.unsettled,
    }
    return [
        f"Plan of the centre with the card {plan.centre}, made {plan.made_at:%Y-%m-%d %H:%M} UTC: {plan.reason}",
        f"  from {plan.old}, which is used until {plan.cut_off:%Y-%m-%d %H:%M} UTC",
        f"  to   {plan.new}: {plan.label}, sent to {', '.join(plan.modules) or 'no module yet'}",
        f"Supply group {group.sgc} ({group.name}), {group.realm} realm, of {house.name}:",
        f"  {report.due:>9,} due for the new key",
        *(f"  {count:>9,} {words}" for words, count in others.items() if count),
        f"Policy {policy}: {POLICIES[policy]}.",
        f"{after[0].upper()}{after[1:]}.",
    ]
