"""`umbane jobs`: look at the jobs in the queue, and try dead ones again."""

import json
from collections.abc import Sequence
from datetime import datetime

import click

from umbane.cli.where import plain, using
from umbane.db import Database, database_clock
from umbane.db.desk import JobState, JobView, dead_numbers, job_counts, look_up, look_up_all, try_again

__all__ = ["command"]

NUMBER = click.IntRange(1, 2**63 - 1)
STATES = click.Choice([str(state) for state in JobState])
MOMENTS = {
    JobState.WAITING: "due",
    JobState.TAKEN: "taken until",
    JobState.DONE: "done",
    JobState.DEAD: "dead since",
    JobState.RETRIED: "dead since",
}
"""What a job's moment means in each state."""


@click.group()
def command() -> None:
    """Look at the jobs in the queue, and try dead ones again."""


@command.command(name="list")
@click.option("--state", "states", type=STATES, multiple=True, help="Only jobs in this state. May be given again.")
@click.option("--name", help="Only jobs of this name.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
def list_(states: tuple[str, ...], name: str | None, limit: int) -> None:
    """List the newest jobs."""
    _list([JobState(state) for state in states], name, limit)


@command.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
def dead(limit: int) -> None:
    """List jobs that were given up, and why."""
    _list([JobState.DEAD], None, limit)


@command.command()
@click.argument("number", type=NUMBER)
def show(number: int) -> None:
    """Show everything about one job."""

    async def work(database: Database) -> JobView:
        now = await database_clock(database)()
        async with database.reading() as connection:
            return await look_up(connection, number, now)

    for line in _lines(using(work)):
        click.echo(line)


@command.command()
@click.argument("numbers", type=NUMBER, nargs=-1)
@click.option("--all", "every", is_flag=True, help="All dead jobs.")
def retry(numbers: tuple[int, ...], *, every: bool) -> None:
    """Enqueue dead jobs again, as new ones."""
    if bool(numbers) == every:
        raise click.UsageError("Give the numbers of dead jobs, or --all.")

    async def work(database: Database) -> dict[int, int]:
        now = await database_clock(database)()
        chosen = numbers
        if every:
            async with database.reading() as connection:
                chosen = tuple(await dead_numbers(connection))
        return await database.run(lambda connection: try_again(connection, chosen, now))

    found = using(work)
    for old, new in sorted(found.items()):
        click.echo(f"job {old} is enqueued again as {new}")
    if not found:
        click.echo("No job is dead.")


def _list(states: Sequence[JobState], name: str | None, limit: int) -> None:
    async def work(database: Database) -> tuple[list[JobView], dict[JobState, int]]:
        now = await database_clock(database)()
        async with database.reading() as connection:
            views = await look_up_all(connection, now, states=states, name=name, limit=limit)
            return views, await job_counts(connection, now)

    views, counts = using(work)
    if views:
        _print(views)
    click.echo(
        "In all: " + ", ".join(f"{count} {state}" for state, count in counts.items() if count) + "."
        if any(counts.values())
        else "There are no jobs."
    )


def _print(views: Sequence[JobView]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("job", justify="right")
    for title in ("state", "name", "when"):
        table.add_column(title, no_wrap=title == "state")
    table.add_column("tries", justify="right")
    table.add_column("problem", overflow="fold")
    for view in views:
        texts = str(view.number), view.state, view.name, _moment(view), str(view.attempts), view.problem or ""
        table.add_row(*(Text(plain(text)) for text in texts))
    Console(highlight=False).print(table)


def _lines(view: JobView) -> list[str]:
    """Everything about one job, a line for each thing."""
    facts = {
        "state": view.state,
        "name": view.name,
        "when": _moment(view),
        "enqueued": _time(view.enqueued_at),
        "tries": str(view.attempts),
        "worker": view.worker,
        "problem": view.problem,
        "enqueued again as": str(view.retried_as) if view.retried_as else None,
        "payload": json.dumps(view.payload, ensure_ascii=False),
    }
    return [f"job {view.number}", *(f"  {title:<18} {plain(text)}" for title, text in facts.items() if text)]


def _moment(view: JobView) -> str:
    return f"{MOMENTS[view.state]} {_time(view.moment)}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
