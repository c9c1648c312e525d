"""`umbane registry`: fill the registry from files, and find what is in it."""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from umbane.cli.campaign import campaign
from umbane.cli.floats import set_limits
from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, of_utility, utility_named
from umbane.db import Connection, Database
from umbane.errors import InputError
from umbane.registry import (
    Findings,
    Hit,
    ImportReport,
    Scope,
    change_policy,
    find,
    history,
    import_meters,
    import_utility,
    key_events,
    meter_by_number,
    supply_groups,
    utilities,
)
from umbane.registry import utility as utility_of
from umbane.registry.texts import clean

if TYPE_CHECKING:
    from umbane.registry import Meter, Utility

__all__ = ["command"]

WRONG: Final = 1
"""The exit code when a file has rows that are wrong, or nothing was found."""
SHOWN: Final = 20
"""Problems on the screen; a report has them all."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Fill the registry from files, and find what is in it."""


command.add_command(campaign)


# ------------------------------------------------------------------------------------------------------------- import


@command.group(name="import")
def import_() -> None:
    """Fill the registry from a file."""


@import_.command(name="utility")
@click.argument("file", type=FILE)
def import_utility_(file: Path) -> None:
    """Add a utility from a YAML file.

    It says the policy, keys by their names, tariffs, vendors with what they may owe, and operators.
    """

    async def work(database: Database) -> "Utility":
        async def inside(tx: Connection) -> "Utility":
            from umbane.api import note_shared

            scope = await import_utility(tx, by(), file)
            await note_shared(tx, scope)
            home = await utility_of(tx, scope.utility_id)
            await set_limits(tx, home, f"as {file.name} says")
            return home

        return await database.run(inside)

    added = using(work)
    click.echo(f"Added {plain(added.name)} ({added.code}), {added.currency.code}, {added.zone.key}.")
    click.echo(f"Next: umbane registry import meters FILE --utility {added.code}")


@import_.command(name="meters")
@click.argument("file", type=FILE)
@of_utility
@click.option("--dry-run", is_flag=True, help="Check everything and add nothing.")
@click.option("--good-rows-only", is_flag=True, help="Add the rows that are right, instead of none when one is wrong.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the problems here, as CSV.")
def import_meters_(file: Path, code: str | None, dry_run: bool, good_rows_only: bool, report: Path | None) -> None:
    """Add meters from a CSV file, with their places, contracts and customers.

    The first line names the columns; meter, sgc, krn and ti must be there. When a row is wrong, nothing is added and
    the exit code is 1.
    """

    async def work(database: Database) -> ImportReport:
        from umbane.api import note_alone
        from umbane.api.managing.imports import first_gift

        async with database.reading() as connection:
            whose = await utility_named(connection, code)
        if not dry_run and first_gift(file):
            words = f"debts or free units of {file.name}"
            await database.run(lambda tx: note_alone(tx, Scope(whose.id, by()), words))
        options = {"dry_run": dry_run, "good_rows_only": good_rows_only}
        today = datetime.now(UTC).astimezone(whose.zone).date()
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("Reading", total=None)
            show = lambda rows: progress.update(task, description=f"Reading: {rows:,} rows")  # noqa: E731 - a word
            return await import_meters(database, Scope(whose.id, by()), file, today=today, on_rows=show, **options)

    done = using(work)
    if report:
        _write_report(report, done)
    _tell(done, report)
    if done.bad_rows:
        raise SystemExit(WRONG)


def _write_report(path: Path, done: ImportReport) -> None:
    """Write the problems of an import into a file for spreadsheets."""
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "field", "problem", "remedy"))
            writer.writerows(done.problems)
    except OSError as error:
        raise InputError("--report", f"can't be written: {error.strerror}", "name a place to write to") from error


def _tell(done: ImportReport, report: Path | None) -> None:
    """Say what became of a file."""
    if done.problems:
        table = Table("line", "field", "what is wrong", "what to do", box=box.SIMPLE_HEAD, header_style="dim")
        table.columns[0].justify = "right"
        for it in done.problems[:SHOWN]:
            table.add_row(str(it.line), it.field, Text(plain(it.problem)), Text(plain(it.remedy)))
        console().print(table)
        if (more := done.problem_count - SHOWN) > 0:
            where = f"in {report}" if report else "with --report FILE"
            click.echo(f"and {more:,} more, {where}\n")
    words = "would be added" if done.dry_run else "added"
    told = f"{_rows(done.rows)}: {done.added:,} {words}"
    click.echo(f"{told}, {done.bad_rows:,} wrong." if done.bad_rows else f"{told}.")
    if done.bad_rows and not done.added and done.bad_rows < done.rows:
        click.echo("Correct them, or add the others with --good-rows-only.")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


# --------------------------------------------------------------------------------------------------------------- find


@command.command(name="find")
@click.argument("words", nargs=-1, required=True)
@of_utility
@click.option("--limit", type=click.IntRange(1, 300), default=20, show_default=True, help="At most so many.")
def find_(words: Sequence[str], code: str | None, limit: int) -> None:
    """Find customers and meters by whatever is known.

    A meter number in any form or its last digits, a name, an address, an account, a telephone number; small mistakes
    are forgiven. The exit code is 1 when nothing was found.
    """

    async def work(database: Database) -> Findings:
        async with database.reading() as connection:
            return await find(connection, (await utility_named(connection, code)).id, " ".join(words), limit)

    found = using(work)
    if found.hint:
        click.echo(found.hint, err=True)
    if not found.hits:
        click.echo("Nobody was found.", err=True)
        raise SystemExit(WRONG)
    table = Table("meter", "account", "name", "address", "", box=box.SIMPLE_HEAD, header_style="dim")
    for hit in found.hits:
        table.add_row(
            *(Text(plain(it)) for it in (hit.drn or "–", hit.account_no or "–", hit.name or "–")), *_rest(hit)
        )
    console().print(table)


def _rest(hit: Hit) -> tuple[Text, Text]:
    """Where somebody lives, and what is to be known before anything else."""
    notes = []
    if hit.meter_state and hit.meter_state != "installed":
        notes.append(str(hit.meter_state))
    if hit.closed:
        notes.append(f"moved out {hit.closed}")
    if "slip" in hit.why:
        notes.append("number differs by one slip")
    return Text(plain(hit.address or "–")), Text(", ".join(notes), style="yellow")


@command.command()
@click.argument("number")
@of_utility
def show(number: str, code: str | None) -> None:
    """Show a meter by its number: what it is, its keys, and who did what to it when."""

    async def work(database: Database) -> list[str]:
        async with database.reading() as connection:
            whose = await utility_named(connection, code)
            it = await meter_by_number(connection, whose.id, number)
            [hit] = (await find(connection, whose.id, it.pan.digits, 1)).hits
            events = await key_events(connection, whose.id, it.id)
            changes = await history(connection, whose.id, it.id)
        lines = [
            f"{change.at.astimezone(whose.zone):%Y-%m-%d %H:%M}  {change.action}, {change.by}" for change in changes
        ]
        keys = [
            f"{key.at.astimezone(whose.zone):%Y-%m-%d %H:%M}  {key.event}: {key.key}, {key.words}" for key in events
        ]
        return [*_card(it, hit), *(["", "Keys", *keys] if keys else []), "", "History", *lines]

    for line in using(work):
        click.echo(plain(line))


def _card(it: "Meter", hit: Hit) -> list[str]:
    """What a meter is, and whose."""
    about = {
        "Meter": f"{it.pan.drn}  (MeterPAN {it.pan})",
        "State": it.state,
        "Customer": f"{hit.name}, account {hit.account_no}" if hit.contract_id else "–",
        "Address": hit.address or "–",
        "Model": it.model or "–",
        "Tokens": f"EA {it.ea:02} ({it.ea.name}), TCT {it.tct:02}",
        "Key": str(it.key),
    }
    if it.pending:
        about["Pending"] = f"{it.pending}, {it.key_phase}"
    return [f"{name:9} {words}" for name, words in about.items()]


@command.command(name="utilities")
def utilities_() -> None:
    """List the utilities of this deployment."""

    async def work(database: Database) -> list[tuple[str, ...]]:
        async with database.reading() as connection:
            rows: list[tuple[str, ...]] = []
            for it in await utilities(connection):
                realms = sorted({str(group.realm) for group in await supply_groups(connection, it.id)})
                rows.append(
                    (it.code, plain(it.name), str(it.currency.code), it.zone.key, ", ".join(realms) or "no keys")
                )
            return rows

    rows = using(work)
    if not rows:
        click.echo("There is no utility yet. Add one with: umbane registry import utility FILE")
        return
    table = Table("code", "name", "currency", "time zone", "keys", box=box.SIMPLE_HEAD, header_style="dim")
    for row in rows:
        table.add_row(*row)
    console().print(table)


# ------------------------------------------------------------------------------------------------------------- policy


@command.command()
@click.option("--set", "file", type=FILE, help="A JSON file with another policy; what it leaves out is as usual.")
@click.option("--reason", help="Why, for the record; needed with --set.")
@of_utility
def policy(file: Path | None, reason: str | None, code: str | None) -> None:
    """Print what the utility leaves to choice, as JSON; or change it.

    Over the API a change takes two people. Here it takes one, and an alarm says so as soon as there are two.
    """
    wanted = _read_policy(file, reason) if file else None

    async def work(database: Database) -> str:
        async def inside(tx: Connection) -> str:
            from umbane.api import note_alone

            home = await utility_named(tx, code)
            if wanted is None:
                return home.policy.model_dump_json(indent=2)
            scope, (document, words) = Scope(home.id, by()), wanted
            await note_alone(tx, scope, f"another policy: {words}")
            return (await change_policy(tx, scope, document, words)).model_dump_json(indent=2)

        return await database.run(inside)

    click.echo(using(work))


def _read_policy(file: Path, reason: str | None) -> tuple[object, str]:
    """The policy of a file, and why it is to hold."""
    if reason is None:
        raise InputError("--reason", "no reason is given", "say why the policy is changed")
    try:
        document: object = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError("--set", f"{file} is no JSON in UTF-8", "begin with what this command prints") from error
    return document, clean("--reason", reason)
