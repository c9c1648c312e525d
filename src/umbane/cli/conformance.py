"""`umbane conformance`: vector files against our implementation of the standard."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from umbane.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from umbane.conformance import Report, Result, Tally
    from umbane.sts import StaTables

FAILURES_EXIT_CODE: Final = 1
FAILURES_SHOWN: Final = 25
"""More than these are only in the report."""

IDS_SHOWN: Final = 6
"""Names given as examples for each reason to skip."""

SUFFIXES: Final = (".json", ".html")


@click.group()
def command() -> None:
    """Run vector files against our implementation of the standard."""


def check_report(_context: click.Context, _parameter: click.Parameter, paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Refuse a report whose name doesn't say which form it is to have."""
    if wrong := [path for path in paths if path.suffix.lower() not in SUFFIXES]:
        raise click.BadParameter(f"{str(wrong[0])!r} ends with neither .json nor .html.")
    return paths


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--sta-tables",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The licensed EA07 tables; without, UMBANE_STA_TABLES names them, or the sample ones are used.",
)
@click.option(
    "--report",
    "reports",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    callback=check_report,
    help="Write a report to FILE.json (for machines) or FILE.html (for people); may be given twice.",
)
@click.pass_context
def run(context: click.Context, files: tuple[Path, ...], sta_tables: Path | None, reports: tuple[Path, ...]) -> None:
    """Run every vector in every FILE and say which passed, which failed, and which couldn't be run and why.

    Ends with 0 when no vector failed, with 1 when one did, and with 2 when a file is unusable.
    """
    from umbane.conformance import Report, load_vectors
    from umbane.conformance import run as run_files

    loaded = [load_vectors(file) for file in files]
    licensed = licensed_tables(sta_tables)
    results = list(run_files(loaded, licensed))
    report = Report(datetime.now(UTC), loaded, licensed.name if licensed else None, results)
    show(report)
    for path in reports:
        write(path, report)
    if report.tally.failed:
        context.exit(FAILURES_EXIT_CODE)


def licensed_tables(path: Path | None) -> "StaTables | None":
    """The licensed tables, if the option or the environment names a file that holds them.

    Raises:
        StaTablesError: the file can't be read, or holds tables that reproduce no published token.
    """
    from umbane.sts import load_sta_tables, recognise, sta_tables_from_environment

    tables = load_sta_tables(path) if path else sta_tables_from_environment(os.environ)
    return tables if tables and recognise(tables) == "production" else None


def write(path: Path, report: "Report") -> None:
    """Write the report in the form that its name asks for."""
    from umbane.conformance import as_html, as_json

    text = as_json(report) if path.suffix.lower() == ".json" else as_html(report)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("--report", f"{path} can't be written ({error.strerror})", "name a file that can") from error
    click.echo(f"Report written to {path}")


def show(report: "Report") -> None:
    """Print the report for the person at the terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    for file in report.files:
        console.print(words(console, f"{file.name}: {len(file.vectors)} vectors"))
    console.print(words(console, f"EA07 tables: {report.tables}\n"))
    console.print(table(console, report))
    show_failures(console, report)
    show_skipped(console, report)
    console.print(words(console, f"\n{sentence(report.tally)}", style="bold red" if report.tally.failed else "bold"))


def words(console: "Console", text: str, style: str = "") -> "RenderableType":
    """Text from a vector file, without anything that a terminal would obey or can't show."""
    from rich.text import Text

    visible = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
    return Text(visible.encode(console.encoding, "replace").decode(console.encoding), style=style)


def indented(console: "Console", text: str) -> "RenderableType":
    """Such text, two columns to the right."""
    from rich.padding import Padding

    return Padding(words(console, text), (0, 0, 0, 2), expand=False)


def table(console: "Console", report: "Report") -> "RenderableType":
    """A row for each group, and one for all."""
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False)
    tally = report.tally
    shown.add_column("group", footer="all", overflow="fold")
    for name, count in (("passed", tally.passed), ("failed", tally.failed), ("skipped", tally.skipped)):
        shown.add_column(name, footer=str(count), justify="right")
    for group, counts in report.by_group.items():
        shown.add_row(
            words(console, group), cell(counts.passed), cell(counts.failed, "bold red"), cell(counts.skipped, "yellow")
        )
    return shown


def cell(count: int, style: str = "") -> "RenderableType":
    """A count, where nothing is shown as nothing."""
    from rich.text import Text

    return Text(str(count) if count else "", style=style)


def show_failures(console: "Console", report: "Report") -> None:
    """Print what failed: what was expected, and what came out."""
    from umbane.conformance import Outcome

    failures = report.having(Outcome.FAILED)
    for failure in failures[:FAILURES_SHOWN]:
        console.print(words(console, f"\nfailed: {failure.vector.id} ({failure.vector.provenance})", style="bold red"))
        for line in explained(failure):
            console.print(indented(console, line))
    if len(failures) > FAILURES_SHOWN:
        console.print(f"\n… and {len(failures) - FAILURES_SHOWN} more failures, which --report shows")


def explained(failure: "Result") -> Iterable[str]:
    """Why a vector failed, a line for each thing."""
    from umbane.conformance.comparison import agrees
    from umbane.conformance.html import compact

    yield failure.reason
    for name, got in failure.got.items():
        if not agrees(expected := failure.expected[name], got):
            yield f"{name}: expected {compact(expected)}, got {compact(got)}"


def show_skipped(console: "Console", report: "Report") -> None:
    """Print why vectors were skipped, with some of their names."""
    from umbane.conformance import Outcome

    skipped = report.having(Outcome.SKIPPED)
    for reason, count in report.skip_reasons.items():
        names = [result.vector.id for result in skipped if result.reason == reason]
        more = ", …" if count > IDS_SHOWN else ""
        console.print(words(console, f"\nskipped {count}: {reason}", style="yellow"))
        console.print(indented(console, f"{', '.join(names[:IDS_SHOWN])}{more}"))


def sentence(tally: "Tally") -> str:
    """The outcome in one line."""
    return f"{tally.total} vectors: {tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped."
