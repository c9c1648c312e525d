"""`umbane backup`: write the whole database into one file."""

from datetime import UTC, datetime
from pathlib import Path

import click

from umbane.cli.where import using
from umbane.db import backup

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path) -> None:
    """Write the whole database into FILE, as it is at one moment, while others go on working.

    The file is sealed: `umbane restore` notices when anything in it was lost or altered. It is not encrypted.
    """
    header = using(lambda database: backup(database, file, datetime.now(UTC)), checked=False, owning=True)
    count, size = sum(header.rows.values()), file.stat().st_size
    click.echo(f"Backed up {count:,} rows of {len(header.rows)} tables into {file} ({size:,} bytes).")
