"""`umbane serve`: the API, in front of the database that the environment names."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from umbane.cli.where import here
from umbane.db import open_database
from umbane.errors import InputError
from umbane.registry import utilities

if TYPE_CHECKING:
    from umbane.api import Listening
    from umbane.db import Database
    from umbane.security import Vault

__all__ = ["command"]

SEAL_KEY: Final = "UMBANE_SEAL_KEY"
SEAL_BYTES: Final = 32


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen at. Others can reach any but this."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--socket", type=click.Path(path_type=Path), help="A Unix socket to listen at, instead of an address.")
@click.option(
    "--module",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("module"),
    show_default=True,
    help="The folder of the security module's journal.",
)
@click.option("--quiet", is_flag=True, help="Don't write a line for each request.")
def command(host: str, port: int, socket: Path | None, module: Path, *, quiet: bool) -> None:
    """Serve the API over HTTP, on loopback.

    Tokens are made by the software module with published test keys: no meter in a street accepts them. People can sign
    in when UMBANE_SEAL_KEY holds 64 hexadecimal digits, the key of their second factors.
    """
    from uvloop import new_event_loop

    from umbane.api import Listening

    module.mkdir(mode=0o700, parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(Listening(host, port, socket), module, quiet=quiet))


async def _serve(at: "Listening", folder: Path, *, quiet: bool) -> None:
    """Open everything, serve, and close everything."""
    from umbane.api import make_app, serve
    from umbane.security import open_software_module
    from umbane.vending import open_engine

    seal_key = _seal_key()
    async with (
        open_database(here(), migrating=True) as database,
        open_software_module("software", folder, await _vault(database)) as module,
        open_engine(database, module) as engine,
    ):
        where = f"unix:{at.socket}" if at.socket else f"http://{at.host}:{at.port}"
        click.echo(f"Serving at {where}; the document is at {where}/openapi.json. Ctrl+C stops it.", err=True)
        telling = asyncio.create_task(_tell(database, seal_key)) if seal_key else None
        try:
            await serve(make_app(engine, seal_key=seal_key, log=None if quiet else sys.stderr), at)
        finally:
            if telling:
                telling.cancel()


async def _tell(database: "Database", seal_key: bytes) -> None:
    """Tell others of sales until the server stops; what was begun then is done again by the next one."""
    import httpx

    from umbane.api.webhooks import Messenger
    from umbane.db import Worker, database_clock

    async with httpx.AsyncClient(trust_env=False) as http:
        messenger = Messenger(database, seal_key, http)
        worker = Worker(database, messenger.handlers(), f"serve:{os.getpid()}")
        await worker.run(database_clock(database), asyncio.Event())


async def _vault(database: "Database") -> "Vault":
    """The published test keys of every key revision that any utility here has in the test realm."""
    from umbane.registry import Realm, key_revisions
    from umbane.security import Realm as ModuleRealm
    from umbane.security import Vault, published_key

    async with database.reading() as connection:
        revisions = [
            it for utility in await utilities(connection) for it in await key_revisions(connection, utility.id)
        ]
    keys = {
        (it.sgc, it.krn, it.kt): published_key(
            it.sgc, it.krn, kt=it.kt, dkga=it.dkga, base_date=it.base_date, ken=it.ken
        )
        for it in revisions
        if it.realm is Realm.TEST
    }
    return Vault(ModuleRealm.TEST, keys.values())


def _seal_key() -> bytes | None:
    """The key of second factors, if the environment has one."""
    text = os.environ.get(SEAL_KEY)
    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != SEAL_BYTES:
        raise InputError(SEAL_KEY, "that is no key", f"give {2 * SEAL_BYTES} hexadecimal digits")
    return key
