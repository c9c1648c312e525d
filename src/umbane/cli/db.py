"""`umbane db`: start, stop and look at the database, and bring its tables up to date."""

import asyncio
from collections.abc import Sequence

import click

from umbane.cli.where import here
from umbane.db import Database, Embedded, Place, connected, make_ready
from umbane.db.embedded import EmbeddedServer
from umbane.db.rights import declared, powers, rights_of
from umbane.db.schema import Migration, applied, known, waiting
from umbane.errors import InputError

__all__ = ["command"]

NOT_WELL = 1
"""The exit code of `umbane db status` when the database can't be used as it is."""
SIZE = "SELECT version(), pg_size_pretty(pg_database_size(current_database()))"


@click.group()
def command() -> None:
    """Start, stop and look at the database, and bring its tables up to date.

    Without further settings it is a PostgreSQL server of Umbane's own, which keeps everything under your folder for
    data, or under the one that UMBANE_DATA names. UMBANE_DATABASE_URL names any other server, PostgreSQL 15 or newer.
    """


@command.command()
def start() -> None:
    """Start Umbane's own server and leave it running.

    Other commands start it by themselves when they need it, and stop it when they end.
    """
    server = _own_server()
    server.start()
    server.keep()
    click.echo(f"The server in {server.directory} runs as process {server.pid}, until: umbane db stop")
    server.close()


@command.command()
def stop() -> None:
    """Stop Umbane's own server, unless another process uses it."""
    server = _own_server()
    if server.pid is None:
        click.echo(f"The server in {server.directory} doesn't run.")
        return
    server.stop()
    click.echo(f"The server in {server.directory} is stopped.")


@command.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Say where the database is, and whether it can be used as it is."""
    place = here()
    if isinstance(place, Embedded) and EmbeddedServer(place.directory).pid is None:
        click.echo(f"The server in {place.directory} doesn't run. Start it with: umbane db start")
        context.exit(NOT_WELL)
    behind = asyncio.run(_tell(place))
    if behind:
        click.echo("Apply them with: umbane db migrate")
        context.exit(NOT_WELL)


@command.command(name="migrate")
def migrate_() -> None:
    """Bring the tables up to date. There is no way back but a backup.

    It takes the role that owns the tables, and gives the one that works its rights. On a server that isn't Umbane's
    own, UMBANE_DATABASE_OWNER_URL names the one, and UMBANE_DATABASE_URL the other.
    """
    for step in asyncio.run(_make_ready(here())):
        click.echo(f"applied {step.name}")
    click.echo(f"The tables are up to date, at migration {known()[-1].number}.")


async def _make_ready(place: Place) -> list[Migration]:
    async with connected(place) as database, connected(place.as_owner()) as owner:
        return await make_ready(owner, database)


async def _tell(place: Place) -> bool:
    """Say what is there, and answer whether migrations wait."""
    async with connected(place) as database, connected(place.as_owner()) as owner:
        version, size = await _version_and_size(owner)
        async with owner.reading() as connection:
            book = await applied(connection)
        behind = waiting(known(), book)
        role = await _role(database)
    click.echo(f"{str(place).capitalize()} runs {version} and holds {size}.")
    if behind:
        click.echo(f"Its tables are {'not made yet' if not book else 'behind'}: {_count(behind)} to be applied.")
    else:
        click.echo(f"Its tables are up to date, at migration {max(book)}.")
        click.echo(role)
    return bool(behind)


async def _role(database: Database) -> str:
    """What the role that works could do to the tables."""
    role = await database.role()
    async with database.reading() as connection:
        above, rights = await powers(connection, role), await rights_of(connection, role)
    if above:
        return f'Umbane works here as {role}, which {above[0]}. See "Two roles" on the page about the database.'
    if rights != declared():
        return (
            f"Umbane works here as {role}, whose rights aren't what they should be. Mend them with: umbane db migrate"
        )
    return f"Umbane works here as {role}, which can't take away what guards the tables."


def _count(behind: Sequence[object]) -> str:
    return "1 migration waits" if len(behind) == 1 else f"{len(behind)} migrations wait"


async def _version_and_size(database: Database) -> tuple[str, str]:
    async with database.reading() as connection:
        row = await connection.fetchrow(SIZE)
    version, size = row or ("", "")
    return " ".join(version.split()[:2]), size


def _own_server() -> EmbeddedServer:
    place = here()
    if not isinstance(place, Embedded):
        raise InputError(
            "UMBANE_DATABASE_URL", "names a server that Umbane doesn't start or stop", "unset it to use Umbane's own"
        )
    return EmbeddedServer(place.directory)
