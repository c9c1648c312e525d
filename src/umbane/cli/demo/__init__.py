"""`umbane demo`: a made-up town, a day of its trade over HTTP, and a server that stays up to be tried."""

import asyncio
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Final

import click

__all__ = ["command"]

FAILED: Final = 1
"""The exit code when a token was refused, an answer was a surprise, or the books aren't proven."""
STOPPED: Final = 130
"""The exit code when somebody stopped it in the middle of a day, as shells have it."""
FOLDER: Final = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--data", type=FOLDER, help="Where it keeps everything [default: out/demo].")
@click.option("--fresh", is_flag=True, help="Forget what is there, and begin with the first day.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where it listens [default: 8080, or any that is free].")
@click.option("--once/--stay", default=None, help="End after the day, or stay up [default: stay, at a terminal].")
@click.option(
    "--purchases", type=click.IntRange(10, 10_000), default=240, show_default=True, help="How many ordinary ones a day."
)
@click.option("--town", type=FOLDER, default=Path("examples/utility"), show_default=True, help="The town's files.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report with charts here.")
def command(
    data: Path | None,
    port: int | None,
    purchases: int,
    town: Path,
    html: Path | None,
    *,
    fresh: bool,
    once: bool | None,
) -> None:
    """Show all of Umbane at work in a made-up town.

    Starts PostgreSQL and the API on this machine, sells for a day over HTTP, types every token into a virtual meter,
    proves the books, and stays up for you to try. Called again, it goes on with the next day. The keys are of the test
    realm: no meter in a street takes the tokens.
    """
    from uvloop import new_event_loop

    from umbane.cli.demo.running import Wish, run
    from umbane.cli.pages import make_room
    from umbane.cli.places import usual_folder

    if html:
        make_room(html)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    stays = (sys.stdout.isatty() and "CI" not in os.environ) if once is None else not once
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        ended = runner.run(
            run(Wish(data or usual_folder("demo"), town, port, purchases, html, fresh=fresh, stays=stays))
        )
    if ended is None:
        raise SystemExit(STOPPED)
    if not ended:
        raise SystemExit(FAILED)
