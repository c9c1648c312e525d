"""`umbane prism`: a module of ours behind the PrismToken interface, for vending systems that speak it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from umbane.cli.module import FILE, opened_at, with_place
from umbane.cli.settings import Fields, read_fields
from umbane.errors import InputError, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from umbane.security import SecurityModule
    from umbane.security.prism.connection import Address
    from umbane.security.prism.keys import KeyTable

__all__ = ["command", "read_setting"]

NEEDED: Final = {"listen", "certificate", "key", "realm", "users", "keys"}
KNOWN: Final = NEEDED | {"clients", "name"}
LAST_PORT: Final = 0xFFFF


@click.group()
def command() -> None:
    """Let vending systems that speak the PrismToken interface (Thrift over TLS) use a module of ours.

    \b
    umbane prism password                      what is kept of a password, for the file
    umbane prism serve prism.yaml --at module/socket
    umbane prism fingerprint server.pem        what a client pins
    """  # noqa: D301 - click's mark for lines that stay as they are


@command.command()
def password() -> None:
    """Ask for a password, and print what is kept of it."""
    from umbane.security.prism.users import hashed_password

    click.echo(hashed_password(click.prompt("Password", hide_input=True, confirmation_prompt=True)))


@command.command()
@click.argument("certificate", type=FILE)
def fingerprint(certificate: Path) -> None:
    """Print the SHA-256 of a CERTIFICATE in PEM: what a client pins."""
    import ssl
    from hashlib import sha256

    try:
        content = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii").strip())
    except ValueError:
        raise InputError("certificate", f"{certificate} is none", "give a file with one certificate in PEM") from None
    click.echo(sha256(content).hexdigest())


@command.command()
@click.argument("setting", type=FILE)
@with_place
def serve(setting: Path, *, at: str, certificate: Path | None, key: Path | None, authority: Path | None) -> None:
    """Serve the interface as the YAML file SETTING says, in front of the module at --at, until somebody stops it."""
    asyncio.run(_serve(read_setting(setting), lambda: opened_at(at, certificate, key, authority)))


class Setting:
    """A file of settings.

    Raises:
        InputError: it lacks something, or says what can't be.
    """

    def __init__(self, fields: Fields) -> None:
        from umbane.security.prism.tls import Identity

        fields.require(NEEDED, KNOWN)
        self.listen = _address(fields.text("listen"))
        self.identity = Identity(fields.file("certificate"), fields.file("key"))
        self.clients, self.name = fields.optional_file("clients"), fields.text("name", "umbane")
        if not isinstance(fields.found["users"], dict):
            raise InputError("users", "they are in another form", "give each in a line of its own, as name: hash")
        self.users = {str(user): str(kept) for user, kept in fields.found["users"].items()}
        self.table: KeyTable = fields.keys()


def read_setting(path: Path) -> Setting:
    """Read a file of settings.

    Raises:
        InputError: it isn't one.
    """
    return Setting(read_fields(path))


def _address(text: str) -> "Address":
    """Where to listen."""
    from umbane.security.prism.connection import Address

    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise InputError("listen", f"{shown(text)} is no address", "give host:port, as 127.0.0.1:9443")
    return Address(host, int(port))


async def _serve(setting: Setting, opening: "Callable[[], AbstractAsyncContextManager[SecurityModule]]") -> None:
    """Serve until the end."""
    import signal

    from umbane.security.prism.desk import Desk
    from umbane.security.prism.serving import serve_prism
    from umbane.security.prism.tls import server_context
    from umbane.security.prism.users import Sessions

    context, end = server_context(setting.identity, setting.clients), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with opening() as module:
        status = await module.status()
        if status.realm is not setting.table.realm:
            problem = f"the module {status.name} is of the {status.realm} realm"
            raise InputError("realm", problem, f"say realm: {status.realm}, or serve another module")
        desk = Desk(module, setting.table, Sessions(setting.users), name=setting.name)
        async with AsyncExitStack() as stack:
            try:
                where = await stack.enter_async_context(serve_prism(desk, context, setting.listen))
            except OSError as error:
                host, port, _ = setting.listen
                problem = f"can't listen at {host}:{port} ({error.strerror or error})"
                raise InputError("listen", problem, "give an address of this machine that is free") from None
            click.echo(
                f"The module {status.name} listens at {where.host}:{where.port} with {len(setting.table.keys)} keys"
            )
            await end.wait()
