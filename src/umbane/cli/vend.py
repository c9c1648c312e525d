"""`umbane vend`: sell from a file of purchases to virtual meters, and show what happened."""

import asyncio
import sys
from contextlib import AsyncExitStack, nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from umbane.cli.pages import make_room, write

if TYPE_CHECKING:
    from umbane.simulation.story import Cast, Story

__all__ = ["command"]

PIPED_WIDTH: Final = 100
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)
PAGE: Final = click.Path(dir_okay=False, path_type=Path)
KEPT: Final = click.Path(file_okay=False, path_type=Path)
FAILED: Final = 1
"""The exit code when a proof doesn't hold."""

MOST_NAMES: Final = 20
"""Refusals and households that are named in the summary; all of them stand in the report."""


@click.command()
@click.argument("purchases", type=FILE)
@click.option("--meters", type=FILE, help="Who has which meter [default: meters.csv beside PURCHASES].")
@click.option("--tariffs", type=FOLDER, help="A folder of tariff files [default: tariffs beside PURCHASES].")
@click.option("--data", type=KEPT, help="Where the books and the security module are kept [default: out/vend].")
@click.option("--html", type=PAGE, help="Write a report here.")
@click.option("--quiet", is_flag=True, help="The summary only, no receipts.")
def command(  # noqa: PLR0917 - click passes every parameter by its name
    purchases: Path, meters: Path | None, tariffs: Path | None, data: Path | None, html: Path | None, quiet: bool
) -> None:
    """Sell what PURCHASES asks for to virtual meters, hour by hour, and print the receipts.

    Each line is a message of its own to the engine that sells, and is booked once: the same file again gets the same
    digits, and nothing is sold twice. Meters and people are simulated, and the keys are of the test realm: no meter in
    the field takes the tokens. Ends with 1 if the figures don't add up.
    """
    from umbane.simulation.receipts import slip
    from umbane.simulation.story import read_cast
    from umbane.simulation.summary import proofs

    if html:
        make_room(html)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name that this terminal can't write is no reason to stop
    beside = purchases.parent
    cast = read_cast(purchases, meters or beside / "meters.csv", tariffs or beside / "tariffs")
    story = asyncio.run(tell(cast, data))
    if not quiet:
        for chapter in story.chapters:
            click.echo(slip(chapter))
    show_summary(story, Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False))
    if html:
        from umbane.simulation.report import report

        write(html, report(story, source=purchases.name))
        click.echo(f"Report: {html}")
    if not all(proof.holds for proof in proofs(story)):
        click.get_current_context().exit(FAILED)


async def tell(cast: "Cast", data: Path | None) -> "Story":
    """Open the books and a security module, and play a story."""
    from umbane.cli.places import module_name, of_another_age, place_below, usual_folder
    from umbane.db import Embedded, open_database
    from umbane.security import open_software_module
    from umbane.simulation.realm import vault_of
    from umbane.simulation.story import play

    folder = (data or usual_folder("vend")).absolute()
    module_folder = folder / "module"
    name = module_name(module_folder, "vend")
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Opening the books", total=None)
        async with AsyncExitStack() as stack:
            place = place_below(folder)
            is_ours = isinstance(place, Embedded) and place.directory.parent == folder
            with of_another_age(f"remove {folder} and sell again: it ends the same") if is_ours else nullcontext():
                database = await stack.enter_async_context(open_database(place, migrating=True))
            module = await stack.enter_async_context(open_software_module(name, module_folder, vault_of(cast.groups)))
            progress.update(task, description="Selling")
            watch = lambda done, lines: progress.update(task, completed=done, total=lines)  # noqa: E731 - a word
            return await play(cast, database, module, on_line=watch)


def show_summary(story: "Story", console: Console) -> None:
    """How it ended: money by tariff, who runs low, what was not sold, and whether it all adds up."""
    from umbane.simulation.summary import dark_hours, proofs

    console.print(totals_table(story))
    tokens = sum(len(sale.deliveries) for sale in story.sales)
    say(
        console,
        f"{len(story.sales)} lines done with {tokens} tokens, {len(story.repeats)} came twice, "
        f"{len(story.refusals)} refused; {dark_hours(story)} hours without supply in {len(story.houses)} houses.",
    )
    if before := sum(sale.sold_before for sale in story.sales):
        say(console, f"{before} of them were done by an earlier run: the same digits again, and nothing charged.")
    say(console, "")
    show_refusals(story, console)
    show_low(story, console)
    for proof in proofs(story):
        say(console, f"{'✓' if proof.holds else '✗'} {proof.claim}: {proof.words}", "" if proof.holds else "bold red")


def say(console: Console, words: str, style: str = "") -> None:
    """Print a line as it is: names of people and files are no markup."""
    console.print(Text(words, style), soft_wrap=True)


def show_refusals(story: "Story", console: Console) -> None:
    """What was not sold, once more in one place."""
    if story.refusals:
        say(console, "Not sold:", "bold")
    for refusal in story.refusals[:MOST_NAMES]:
        name = f" {refusal.purchase.id}" if refusal.purchase else ""
        say(console, f"  {refusal.where}{name}: {refusal.reason}")
    if len(story.refusals) > MOST_NAMES:
        say(console, f"  and {len(story.refusals) - MOST_NAMES} more, each with its reason above")
    say(console, "")


def show_low(story: "Story", console: Console) -> None:
    """The households that should buy soon, those in the dark first."""
    from umbane.simulation.shop import show_tenths
    from umbane.simulation.summary import endings

    low = sorted((ending for ending in endings(story) if ending.low), key=lambda ending: ending.house.meter.credit_wh)
    if low:
        say(console, f"Running low at the end, {story.end:%-d %B %Y}:", "bold")
    for ending in low[:MOST_NAMES]:
        meter = ending.house.meter
        light = "" if meter.connected else ", no light"
        say(
            console,
            f"  {ending.customer}, meter {meter.config.pan.drn}: {show_tenths(meter.credit_wh // 100)} kWh{light}",
        )
    if len(low) > MOST_NAMES:
        say(console, f"  and {len(low) - MOST_NAMES} more")
    say(console, "")


def totals_table(story: "Story") -> Table:
    """A row for each tariff."""
    from umbane.simulation.shop import show_tenths
    from umbane.simulation.summary import tariff_totals

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("tariff", overflow="fold")
    for heading in ("sales", "", "money", "taxes", "debts", "kWh", "free"):
        table.add_column(heading, justify="right", no_wrap=True)
    for total in tariff_totals(story):
        show = total.tariff.currency.show
        figures = [show(total.money), show(total.taxes), show(total.arrears)]
        figures += [show_tenths(total.units), show_tenths(total.free_units)]
        table.add_row(Text(total.tariff.id), str(total.sales), total.tariff.currency.code, *figures)
    return table
