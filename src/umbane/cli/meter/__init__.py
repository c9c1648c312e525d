"""`umbane meter`: a usable keypad of a virtual meter, with a house behind it and a shop next door."""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from rich.console import Console

    from umbane.cli.meter.session import Session

PROMPT: Final = "meter> "

WELCOME: Final = (
    "A virtual payment meter of the test realm: no meter in the field takes its tokens.",
    "Time stands still until you let it pass (+1h). Try: buy 10, type, on kettle, +2h, log. 'help' lists the rest.",
)
TOWN: Final = (
    "The virtual twin of a meter in the registry, of the test realm, kept in the database. Its tokens are sold there.",
    "Time stands still until you let it pass (+1h). Type 20 digits, or: on kettle, +2h, log. 'help' lists the rest.",
)
"""Paragraphs."""
OF_A_NEW_METER: Final = ("form", "ea", "mode", "start", "file")


@click.command()
@click.argument("number", required=False)
@click.option("--data", type=click.Path(path_type=Path), help="The folder of a demonstration that has meter NUMBER.")
@click.option("--form", type=click.Choice(["single", "three", "split"]), default="single", help="How it is built.")
@click.option("--ea", type=click.Choice(["7", "11"]), default="7", help="Its encryption algorithm.")
@click.option("--mode", type=click.Choice(["units", "currency", "time"]), default="units", help="What it is fed with.")
@click.option("--pack", metavar="NAME", default="umbane", help="Whose short codes it knows: a name, or a TOML file.")
@click.option("--start", type=click.DateTime(), help="When it is switched on (UTC); without: now.")
@click.option("--load", "file", metavar="FILE", type=click.Path(path_type=Path), help="Go on with a saved one.")
@click.pass_context
def command(  # the options of a new meter, and where to find one that is kept
    context: click.Context,
    *,
    number: str | None,
    data: Path | None,
    form: str,
    ea: str,
    mode: str,
    pack: str,
    start: datetime | None,
    file: Path | None,
) -> None:
    """Sit at the keypad of a virtual meter: a new one, or the twin of meter NUMBER in the registry.

    Type a 20-digit token or a short code as at a real meter, and words such as `buy 10` or `+1h` for everything
    around it. Without a terminal, commands are read from standard input, one a line.
    """
    from umbane.cli.meter.making import new_session
    from umbane.cli.meter.saving import load

    if number is not None:
        sit_down(context, number, data, pack)
        return
    if data is not None:
        raise click.UsageError("--data is where meter NUMBER is: give its number too")
    when = datetime.now(UTC).replace(second=0, microsecond=0) if start is None else start.replace(tzinfo=UTC)
    session = new_session(console(), form=form, ea=int(ea), mode=mode, pack=pack, start=when)
    if file is not None:
        load(session, file)
    converse(session)


def console() -> "Console":
    """Where the meter is drawn; what a terminal has no letters for becomes question marks."""
    from rich.console import Console

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False, soft_wrap=False)


def sit_down(context: click.Context, number: str, data: Path | None, pack: str) -> None:
    """Sit at a meter that is kept in a database."""
    from umbane.cli.meter.town import sitting_at

    for name in OF_A_NEW_METER:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError("a meter with a number is as it is: give nothing but --data and --pack")
    with sitting_at(number, data, console(), pack) as (session, keeper):
        converse(session, TOWN, keeper.keep)


def converse(
    session: "Session", welcome: Sequence[str] = WELCOME, after: "Callable[[Session], object]" = lambda _session: None
) -> None:
    """Welcome, obey line by line, say goodbye; Ctrl-C is a way to leave like any other."""
    from umbane.cli.meter.commands import obey

    session.picture()
    for paragraph in welcome:
        session.say(paragraph)
    try:
        for line in lines(session):
            obey(session, line)
            after(session)
            if session.done:
                break
    except KeyboardInterrupt:
        session.console.print()
    session.say("Goodbye. The meter was never real; the standard is.")


def lines(session: "Session") -> Iterator[str]:
    """What is typed, until there is no more."""
    if sys.stdin is None:  # the shell closed it
        return
    if sys.stdin.isatty():
        yield from typed_lines()
        return
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    for line in sys.stdin:
        session.console.print()
        session.say(f"{PROMPT}{line.rstrip()}", "bold")
        yield line


def typed_lines() -> Iterator[str]:
    """Lines from a terminal, with a prompt; Ctrl-D is the end."""
    import readline  # noqa: F401 - gives the prompt its history and its arrow keys

    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            click.echo()
            return
