"""`umbane reconcile`: a module's journal and counters, the books and the log, held against each other."""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from umbane.cli.where import plain, using
from umbane.db.desk import JobState, JobView, look_up

if TYPE_CHECKING:
    from umbane.db import Connection, Database
    from umbane.vending import Reconciliation

__all__ = ["command"]

DIFFERS: Final = 1
"""The exit code when the witnesses don't agree."""
LOOK: Final = 0.5
"""Seconds between two looks whether a job is done."""
MODULES: Final = "SELECT name FROM vending.module ORDER BY id"
COLUMNS: Final = "made", "units", "sold", "withheld", "open", "logged"


@click.command()
@click.option(
    "--module",
    help="Reconcile the module of this folder, of a file that names one, or at unix:PATH, here and with no server.",
)
@click.option(
    "--wait", type=click.FloatRange(0, 7200), default=60.0, show_default=True, help="Seconds for the servers."
)
def command(module: str | None, wait: float) -> None:
    """Hold modules, books and log against each other, token by token.

    The servers that have the modules do it, as they do every night. Whatever differs is named: the number of the token,
    its request, its sale. Then the exit code is 1.
    """
    if module is not None:
        found = using(lambda database: reconcile_here(database, module))
        for line in lines(found):
            click.echo(line)
        agrees = found.agrees
    else:
        agrees = using(lambda database: asked(database, wait))
    if not agrees:
        raise SystemExit(DIFFERS)


# ----------------------------------------------------------------------------------------------------------------- here


async def reconcile_here(database: "Database", place: str) -> "Reconciliation":
    """Open a module and reconcile it."""
    from umbane.api.reconciling import write_down
    from umbane.cli.chosen import Choice, open_chosen
    from umbane.cli.serve import published_keys
    from umbane.vending import open_engine, reconcile

    vault = await published_keys(database)
    async with open_chosen(Choice.of(place), vault) as (module, _), open_engine(database, module) as engine:
        found = await reconcile(engine)
        await write_down(engine, found)
        return found


def lines(found: "Reconciliation") -> list[str]:
    """What came of it, as a person reads it."""
    rows = [f"module {plain(found.module)}: {found.count} tokens"]
    if found.tallies:
        rows.append("  " + f"{'key':<14}" + "".join(f"{it:>10}" for it in COLUMNS))
    for tally in found.tallies.values():
        rows += ["  " + f"{tally.key:<14}" + "".join(f"{getattr(tally, it):>10}" for it in COLUMNS)]
    rows += [f"  DIFFERS  {plain(str(it))}" for it in found.differences]
    return [*rows, "The module, the books and the log agree." if found.agrees else "They don't agree."]


# -------------------------------------------------------------------------------------------------------------- servers


async def asked(database: "Database", wait: float) -> bool:
    """Ask the servers, wait for them, and tell what they found; whether all witnesses agree."""
    numbers = await database.run(ask_all)
    until = time.monotonic() + wait
    while True:
        views = await looked_up(database, numbers)
        if all(it.state in {JobState.DONE, JobState.DEAD} for it in views.values()) or time.monotonic() > until:
            break
        await asyncio.sleep(LOOK)
    for module, view in views.items():
        click.echo(f"module {plain(module)}: {verdict(view)}")
    if not views:
        click.echo("No module has made a token for these books.")
    return all(it.state is JobState.DONE for it in views.values())


async def ask_all(tx: "Connection") -> dict[str, int]:
    """Have every module reconciled; the numbers of the jobs."""
    from umbane.api.reconciling import ask_for

    now = await tx.fetchval("SELECT clock_timestamp()")
    return {row["name"]: await ask_for(tx, row["name"], now) for row in await tx.fetch(MODULES)}


async def looked_up(database: "Database", numbers: Mapping[str, int]) -> dict[str, JobView]:
    """How the jobs stand."""
    async with database.reading() as connection:
        now = await connection.fetchval("SELECT clock_timestamp()")
        return {module: await look_up(connection, number, now) for module, number in numbers.items()}


def verdict(view: JobView) -> str:
    """What became of a job, in words."""
    match view.state:
        case JobState.DONE:
            return "the module, the books and the log agree."
        case JobState.DEAD:
            return f"DIFFERS  {plain(view.problem or '')}"
        case _:
            return f"no server has answered yet; see umbane jobs show {view.number}, or name it with --module"
