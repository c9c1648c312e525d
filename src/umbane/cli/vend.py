"""`umbane vend`: sell from a file of purchases to virtual meters, and show what happened."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from umbane.simulation.story import Story

__all__ = ["command"]

PIPED_WIDTH = 100
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("purchases", type=FILE)
@click.option("--meters", type=FILE, help="Who has which meter [default: meters.csv beside PURCHASES].")
@click.option(
    "--tariffs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of tariff files [default: tariffs beside PURCHASES].",
)
@click.option("--html", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write a report here.")
@click.option("--quiet", is_flag=True, help="The summary only, no receipts.")
def command(purchases: Path, meters: Path | None, tariffs: Path | None, html: Path | None, quiet: bool) -> None:
    """Sell what PURCHASES asks for to virtual meters, hour by hour, and print the receipts.

    Meters and people are simulated, and the keys are of the test realm: no meter in the field takes the tokens.
    """
    from umbane.simulation.slips import slip
    from umbane.simulation.story import tell

    beside = purchases.parent
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Selling", total=None)
        story = tell(
            purchases,
            meters or beside / "meters.csv",
            tariffs or beside / "tariffs",
            on_line=lambda done, lines: progress.update(task, completed=done, total=lines),
        )
    if not quiet:
        for chapter in story.chapters:
            click.echo(slip(chapter))
    show_summary(story, Console(width=None if sys.stdout.isatty() else PIPED_WIDTH))
    if html:
        from umbane.simulation.report import report

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(report(story, source=purchases.name), encoding="utf-8")
        click.echo(f"Report: {html}")


def show_summary(story: "Story", console: Console) -> None:
    """The totals of a story: money by tariff, refusals, proofs."""
    from umbane.simulation.summary import dark_hours, proofs

    console.print(totals_table(story))
    tokens = sum(len(sale.deliveries) for sale in story.sales)
    console.print(
        f"{len(story.sales)} lines done with {tokens} tokens, {len(story.repeats)} came twice, "
        f"{len(story.refusals)} refused; {dark_hours(story)} hours without supply in {len(story.houses)} houses.\n",
        highlight=False,
        soft_wrap=True,
    )
    for proof in proofs(story):
        mark = "[green]✓[/]" if proof.holds else "[bold red]✗[/]"
        console.print(f"{mark} {proof.claim}: {proof.words}", highlight=False, soft_wrap=True)


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
        table.add_row(
            total.tariff.id,
            str(total.sales),
            total.tariff.currency.code,
            show(total.money),
            show(total.taxes),
            show(total.arrears),
            show_tenths(total.units),
            show_tenths(total.free_units),
        )
    return table
