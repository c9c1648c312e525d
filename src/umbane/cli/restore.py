"""`umbane restore`: read a backup into an empty database."""

from datetime import datetime
from pathlib import Path

import click

from umbane.cli.where import here, using
from umbane.db import Database, connected, restore
from umbane.db.archive import Header
from umbane.db.schema import give_rights, known, waiting

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path) -> None:
    """Read a backup from FILE into an empty database, and check that every row has arrived.

    For a drill, let UMBANE_DATA name a folder that doesn't exist yet.
    """
    header = using(lambda owner: _restore(owner, file), checked=False, making=True, owning=True)
    made = datetime.fromisoformat(header.made_at)
    click.echo(f"Restored {sum(header.rows.values()):,} rows of {len(header.rows)} tables into {here()}.")
    click.echo(f"Every table is as it was on {made:%d %b %Y at %H:%M:%S} UTC.")
    if waiting(known(), header.migrations):
        click.echo("It was made by an older Umbane. Bring its tables up to date with: umbane db migrate")


async def _restore(owner: Database, file: Path) -> Header:
    """Restore, and give the role that works its rights, unless they come with the migrations that wait."""
    header = await restore(owner, file)
    if not waiting(known(), header.migrations):
        async with connected(here()) as database:
            await give_rights(owner, database)
    return header
