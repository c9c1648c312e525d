"""What happened to meters, as commands: telling it, carrying credit over, and reading it."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from umbane.cli.fleet_models import FILE, looking, shown_table, writing, yaml_of
from umbane.cli.where import plain, using
from umbane.cli.whose import by, moment_meant, of_utility, utility_named
from umbane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from umbane.db import Connection, Database
    from umbane.fleet import Carried, Event, MeterAt, Report, Step
    from umbane.registry import Scope, Utility
    from umbane.vending import Staff

__all__ = ["carry", "events", "history", "place", "tell"]

NOT_YET = 1
"""The exit code when credit is still to be carried over."""


@click.command()
@click.argument("file", type=FILE)
@of_utility
def tell(file: Path, code: str | None) -> None:
    """Record what happened to meters, from a YAML FILE with one event or a list of them.

    Each is done in a transaction of its own, in their order, once: told again it is only looked at. The first that
    can't be ends the command; what stands before it is done.
    """
    from umbane.fleet import read_report, record_event

    document = yaml_of(file)
    for report in [read_report(one) for one in (document if isinstance(document, list) else [document])]:
        doing = partial(told, record_event, report)
        for line in event_lines(writing(code, doing)):
            click.echo(plain(line))


async def told(
    verb: "Callable[..., Awaitable[Event]]", report: "Report", tx: "Connection", scope: "Scope", _house: "Utility"
) -> "Event":
    """Record one event, as it is told now."""
    return await verb(tx, scope, report, datetime.now(UTC))


def event_lines(done: "Event") -> list[str]:
    """What became of an event, and what is to be done next."""
    state = " → ".join(str(one or "new") for one in done.did["state"])
    known = " (told before)" if done.repeated else ""
    lines = [f"{done.report_id}: {done.kind.replace('_', ' ')}, meter {drn(done.meter)}: {state}{known}"]
    said = {what: words_of(done.did.get(what)) for what in ("account", "books", "tokens")}
    lines += [f"  {what}: {words}" for what, words in said.items() if words not in {"", "nothing", "none"}]
    if done.is_pending:
        lines.append(f"  next: umbane fleet carry {done.report_id} --module PLACE --engineer NAME --agreed NAME")
    return lines


def drn(pan: str) -> str:
    """A meter's number as it stands on it."""
    from umbane.sts import MeterPAN

    return str(MeterPAN(pan).drn)


def words_of(said: object) -> str:
    """What an event did, for people."""
    return " → ".join(str(it or "nobody") for it in said) if isinstance(said, list) else str(said or "")


@click.command()
@click.argument("event")
@click.option("--module", required=True, help="The folder of a module, a file that names one, or unix:PATH.")
@click.option("--engineer", required=True, help="The operator who asks for the token.")
@click.option("--agreed", multiple=True, help="An operator who agrees; as many as the policy wants.")
@of_utility
def carry(event: str, module: str, engineer: str, agreed: tuple[str, ...], code: str | None) -> None:
    """Make the token for what a replaced meter still had, or show it again: EVENT is the id under which it was told.

    Nobody shows here that they are who they are said to be, so an alarm says that it was done at the server.
    """
    done = using(lambda database: carried(database, event, module, engineer, agreed, code))
    if done.answer is None:
        click.echo("Nothing is to be carried over.")
        return
    from umbane.vending import Sold

    if not isinstance(done.answer, Sold):
        click.echo(plain(f"{done.answer.code}: {done.answer.problem}; {done.answer.remedy}"), err=True)
        raise SystemExit(NOT_YET)
    for token in done.answer.tokens:
        digits = token.token.grouped if token.token else "held back until it is confirmed"
        click.echo(f"{token.kind.replace('_', ' ')}  {token.units // 10}.{token.units % 10} kWh  {digits}")


async def carried(  # noqa: PLR0917 - as the command has them
    database: "Database", event: str, module: str, engineer: str, agreed: tuple[str, ...], code: str | None
) -> "Carried":
    """Open a module and finish an event."""
    from umbane.api import note_alone
    from umbane.cli.chosen import Choice, open_chosen
    from umbane.cli.serve import published_keys
    from umbane.fleet import carry_over
    from umbane.registry import Scope
    from umbane.vending import open_engine

    async with database.reading() as connection:
        scope = Scope((await utility_named(connection, code)).id, by())
        staff = await staff_of(connection, scope, engineer, agreed)
    vault = await published_keys(database)
    await database.run(lambda tx: note_alone(tx, scope, f"credit transfer token of event {event}, for {engineer}"))
    async with open_chosen(Choice.of(module), vault) as (opened, _), open_engine(database, opened) as engine:
        return await carry_over(engine, scope, event, staff)


async def staff_of(connection: "Connection", scope: "Scope", engineer: str, agreed: tuple[str, ...]) -> "Staff":
    """The operators who ask and agree."""
    from umbane.registry import operator_by_name
    from umbane.vending import Staff

    people = [await operator_by_name(connection, scope.utility_id, name) for name in (engineer, *agreed)]
    if blocked := [it.name for it in people if it.blocked]:
        raise InputError("operator", f"{', '.join(blocked)} may not work here", "name others")
    asking, *others = [Staff(it.person or it.name, it.roles) for it in people]
    return Staff(asking.name, asking.roles, tuple(others))


# ------------------------------------------------------------------------------------------------------------- reading


@click.command()
@click.option("--kind", help="Only these: install, replace, remove, ...")
@click.option("--pending", is_flag=True, help="Only those whose credit is still to be carried over.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@of_utility
def events(*, kind: str | None, pending: bool, limit: int, code: str | None) -> None:
    """List the last events, the newest first."""
    from umbane.fleet import events as all_events

    async def work(connection: "Connection", house: "Utility") -> "tuple[list[Event], Utility]":
        return await all_events(connection, house.id, kind=kind, pending=pending, most=limit), house

    found, house = looking(code, work)
    if not found:
        click.echo("No event was told that fits.")
        return
    rows = [
        (
            f"{it.at.astimezone(house.zone):%Y-%m-%d %H:%M}", it.report_id, it.kind.replace("_", " "), drn(it.meter),
            it.by, it.reason, note_of(it),
        )
        for it in found
    ]  # fmt: skip
    shown_table("when|event|what|meter|who|why|", rows)


def note_of(it: "Event") -> str:
    """What is to be known of an event before anything else."""
    if it.taken_back_by:
        return f"taken back by {it.taken_back_by}"
    if it.is_pending:
        return f"{it.credit // 10}.{it.credit % 10} kWh to be carried over"
    return f"by {drn(it.other)}" if it.other else ""


@click.command()
@click.argument("meter")
@click.option("--at", "instant", help="Only what it was then: 2026-03-12, or 2026-03-12T14:00.")
@of_utility
def history(meter: str, instant: str | None, code: str | None) -> None:
    """Show everything that happened to a METER, or what it was at an instant."""
    from umbane.fleet import meter_at, meter_history

    async def work(connection: "Connection", house: "Utility") -> "tuple[list[Step], MeterAt | None, Utility]":
        if instant is None:
            return await meter_history(connection, house.id, meter), None, house
        when = await moment_meant(connection, house, instant)
        return [], await meter_at(connection, house.id, meter, when), house

    steps, then, house = looking(code, work)
    if instant is None:
        tell_steps(steps, house)
    elif then is None:
        click.echo("It wasn't known then.")
    else:
        for line in card(then, house):
            click.echo(plain(line))


def card(it: "MeterAt", house: "Utility") -> list[str]:
    """What a meter was."""
    return [
        f"Meter     {drn(it.pan)}  ({it.model or 'unknown model'})",
        f"State     {it.state}, since {it.since.astimezone(house.zone):%Y-%m-%d %H:%M}",
        f"Place     {it.address or '–'}",
        f"Customer  {f'{it.customer}, account {it.account}' if it.account else '–'}",
        f"Key       {it.key or 'not on record'}",
    ]


@click.command()
@click.argument("where")
@of_utility
def place(where: str, code: str | None) -> None:
    """Show which meters came and went at a place, by an account number there or its id."""
    from umbane.fleet import place_history
    from umbane.fleet.work import place_named

    async def work(connection: "Connection", house: "Utility") -> "tuple[list[Step], Utility]":
        found = await place_named(connection, house.id, where)
        return await place_history(connection, house.id, found), house

    steps, house = looking(code, work)
    if steps:
        tell_steps(steps, house)
    else:
        click.echo("No event was told of this place.")


def tell_steps(steps: "list[Step]", house: "Utility") -> None:
    """Print a history."""
    rows = [
        (
            f"{it.at.astimezone(house.zone):%Y-%m-%d %H:%M}", it.what, it.event or "", it.by,
            f"{it.reason} (undone)" if it.undone else it.reason,
        )
        for it in steps
    ]  # fmt: skip
    shown_table("when|what|event|who|why", rows)
