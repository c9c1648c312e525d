"""`umbane restore`: read a backup into an empty database."""

from datetime import datetime
from pathlib import Path

import click

from umbane.cli.where import here, using
from umbane.db import restore
from umbane.db.schema import known, waiting

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path) -> None:
    """Read a backup from FILE into an empty database, and check that every row has arrived.

    For a drill, let UMBANE_DATA name a folder that doesn't exist yet.
    """
    header = using(lambda database: restore(database, file), checked=False, making=True)
    made = datetime.fromisoformat(header.made_at)
    click.echo(f"Restored {sum(header.rows.values()):,} rows of {len(header.rows)} tables into {here()}.")
    click.echo(f"Every table is as it was on {made:%d %b %Y at %H:%M:%S} UTC.")
    if waiting(known(), header.migrations):
        click.echo("It was made by an older Umbane. Bring its tables up to date with: umbane db migrate")
