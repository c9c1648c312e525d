"""`umbane serve`: the API, in front of the database that the environment names."""

import asyncio
import socket
import sys
from collections.abc import Coroutine
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from umbane.cli.chosen import SEEN, Choice, open_chosen
from umbane.cli.module import FILE
from umbane.cli.sealing import read_seal_key, with_seal_key
from umbane.cli.signing import signer_for, with_audit_key
from umbane.cli.where import here
from umbane.db import open_database
from umbane.errors import InputError
from umbane.registry import utilities

if TYPE_CHECKING:
    from umbane.api import Listening
    from umbane.audit import Signer
    from umbane.db import Database
    from umbane.security import Vault

__all__ = ["command", "published_keys"]

T = TypeVar("T")

MOST_WORKERS: Final = 32


class Keys(NamedTuple):
    """Of the server itself: what seals second factors, if there is any, and what signs the log."""

    seal: bytes | None
    signer: "Signer"


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen at. Others can reach any but this."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--socket", type=click.Path(path_type=Path), help="A Unix socket to listen at, instead of an address.")
@click.option(
    "--module",
    default="module",
    show_default=True,
    help="A folder: modules in this process, for test keys. Or a file that names a PKCS#11 token or a PrismToken; or "
    "unix:PATH or tls://HOST:PORT: see umbane module.",
)
@click.option("--module-certificate", type=FILE, help="For a module at tls://: the certificate to show.")
@click.option("--module-key", type=FILE, help="For a module at tls://: its private key.")
@click.option("--module-authority", type=FILE, help="For a module at tls://: who issued the module's certificate.")
@click.option(
    SEEN,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    envvar="UMBANE_MODULE_SEEN",
    help="For a module in another process: remembers how far it was, so that an older copy of it is refused. "
    "Without it: a file beside the folder for data.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    help="Processes that serve at this address.",
)
@with_seal_key
@with_audit_key
@click.option("--quiet", is_flag=True, help="Don't write a line for each request.")
@click.option("--inherited", type=int, hidden=True, help="The number of a socket that listens already.")
def command(
    host: str, port: int, socket: Path | None, module: str, workers: int, *, seal_key: Path | None,
    audit_key: Path | None, quiet: bool, inherited: int | None, module_certificate: Path | None,
    module_key: Path | None, module_authority: Path | None, module_seen: Path | None,
) -> None:  # fmt: skip
    """Serve the API over HTTP, on loopback.

    Unless --module says otherwise, tokens are made in this process with published test keys: no meter in a street
    accepts them. Keys of the production realm are only in hardware, or in a module of its own, which umbane module
    runs. People can sign in when there is a seal key; umbane people seal-key makes one.
    """
    from umbane.api import Listening

    at, key = Listening(host, port, socket), read_seal_key(seal_key)
    choice = Choice.of(module, module_certificate, module_key, module_authority, module_seen)
    if choice.folder:
        _make(choice.folder)
    signer = signer_for(audit_key, choice.folder)
    with _listening(at, inherited) as made:
        if workers == 1 or inherited is not None:
            _run(_serve(at, made, choice, workers, Keys(key, signer), quiet=quiet))
        elif code := _supervise(at, made, workers, quiet=quiet):
            raise SystemExit(code)


def _make(folder: Path) -> None:
    """Make the folder of the journals, if it isn't there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("--module", f"{folder} can't be made ({error.strerror})", "name another folder") from error


def _listening(at: "Listening", inherited: int | None) -> AbstractContextManager[socket.socket]:
    """The socket to serve at: one of our own, or that of the process that started this one."""
    from umbane.api import listening

    return listening(at) if inherited is None else nullcontext(socket.socket(fileno=inherited))


def _run(work: Coroutine[Any, Any, T]) -> T:
    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def _supervise(at: "Listening", made: socket.socket, workers: int, *, quiet: bool) -> int:
    """Let several processes serve, with the words of this one's own command line."""
    from umbane.api.supervising import Supervisor

    params = click.get_current_context().params | {"inherited": made.fileno(), "quiet": None}
    options = [f"--{name.replace('_', '-')}={it}" for name, it in params.items() if it is not None]
    options += ["--quiet"] if quiet else []
    click.echo(f"Serving at {at} in {workers} processes. Ctrl+C stops them.", err=True)
    return _run(Supervisor([sys.executable, "-m", "umbane", "serve", *options], made, workers).run())


async def _serve(
    at: "Listening", made: socket.socket, choice: Choice, workers: int, keys: Keys, *, quiet: bool
) -> None:
    """Open everything, serve as one of so many processes, and close everything."""
    from umbane.api import make_app, serve
    from umbane.api.modules import clear_up
    from umbane.api.outside import Outside
    from umbane.api.supervising import watch_parent
    from umbane.vending import collect_seldom, open_engine

    watch_parent()
    async with open_database(here(), migrating=True) as database:
        vault = await published_keys(database)
        async with open_chosen(choice, vault) as (module, place), open_engine(database, module) as engine:
            if place == 1 and (own := choice.own(vault)):
                await clear_up(database, own, beyond=workers)
            collect_seldom()
            words = f"Serving at {at}; the document is at {at}/openapi.json. Ctrl+C stops it."
            ready = partial(click.echo, words, err=True) if workers == 1 else bool
            log, at_once = None if quiet else sys.stderr, 2 if workers == 1 else 1
            async with Outside() as outside:
                app = make_app(
                    engine, seal_key=keys.seal, outside=outside, signer=keys.signer, log=log, at_once=at_once
                )
                await serve(app, at, made, ready)


async def published_keys(database: "Database") -> "Vault":
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
