"""A file that names a security module which isn't ours: a token of PKCS#11, or a PrismToken.

Wherever a command takes a module, it takes such a file. Secrets don't stand in it, but in files that only their owner
may read, or in the environment; the PIN of a token may be typed, too.
"""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from umbane.cli.settings import Fields, read_fields
from umbane.errors import InputError, shown
from umbane.ownfile import read_own_file

if TYPE_CHECKING:
    from umbane.security import Realm, SecurityModule
    from umbane.security.pkcs11 import TokenSetting
    from umbane.security.prism.client import Credentials
    from umbane.security.prism.connection import Link
    from umbane.security.prism.keys import KeyTable

__all__ = ["ModuleFile", "module_file"]

ALL: Final = frozenset({"kind", "name", "realm", "journal"})
TOKEN_NEEDED: Final = ALL | {"library"}
TOKEN_KNOWN: Final = TOKEN_NEEDED | {
    "token", "slot", "serial", "pin_file", "pin_variable", "sessions", "remember_meters", "remember_seconds",
}  # fmt: skip
PRISM_NEEDED: Final = ALL | {"host", "user", "password_file", "keys"}
PRISM_KNOWN: Final = PRISM_NEEDED | {
    "port", "pinned", "authority", "certificate", "key", "seconds", "connections",
}  # fmt: skip
MOST_SESSIONS: Final = 64
LONGEST: Final = 600
"""Seconds to wait for an answer."""


class ModuleFile(NamedTuple):
    """What such a file says."""

    name: str
    """What the module is called here."""
    realm: "Realm"
    folder: Path
    """Of its journal, or those of several processes that serve together."""
    open: "Callable[[str], AbstractAsyncContextManager[SecurityModule]]"
    """Opens it, with a journal of that name."""
    token: "TokenSetting | None" = None
    """If it is a token of PKCS#11."""


def module_file(text: str) -> ModuleFile | None:
    """What a file says that names a module; None if there is no file there.

    Raises:
        InputError: it isn't such a file, by the name of the field that is wrong.
    """
    path = Path(text)
    if not path.is_file():
        return None
    fields = read_fields(path)
    kind = KINDS.get(str(fields.found.get("kind")))
    if kind is None:
        problem = f"{path.name} says {shown(fields.found.get('kind'))}"
        raise InputError("kind", problem, f"say {' or '.join(KINDS)}")
    return kind(fields)


def token_file(fields: Fields) -> ModuleFile:
    """A token of PKCS#11."""
    fields.require(TOKEN_NEEDED, TOKEN_KNOWN)
    fields.one_of("token", "slot")
    setting, realm, folder = token_setting(fields), fields.realm(), fields.file("journal")
    meters = fields.number("remember_meters", 0)
    seconds, sessions = fields.number("remember_seconds", 300), fields.number("sessions", 4, 1, MOST_SESSIONS)

    def opened(name: str) -> "AbstractAsyncContextManager[SecurityModule]":
        from umbane.security.pkcs11 import CachePolicy, open_pkcs11_module

        policy = CachePolicy(meters, seconds)
        return open_pkcs11_module(name, folder, setting, realm=realm, remember=policy, sessions=sessions)

    return ModuleFile(fields.text("name"), realm, folder, opened, setting)


def token_setting(fields: Fields) -> "TokenSetting":
    """Which token, and where its PIN is; if nothing is said of that, somebody types it, once."""
    from umbane.security.pkcs11 import TokenSetting

    token, file, variable = fields.optional("token"), fields.optional_file("pin_file"), fields.optional("pin_variable")
    if file and variable:
        fields.one_of("pin_file", "pin_variable")
    return TokenSetting(
        fields.text("library"),
        token,
        file,
        fields.optional("serial"),
        None if token else fields.number("slot", 0),
        variable,
        None if file or variable else cache(partial(typed_pin, token or f"slot {fields.found['slot']}")),
    )


def typed_pin(token: str) -> str:
    """A PIN that is typed unseen. Nobody is asked who isn't there."""
    if not sys.stdin.isatty():
        remedy = "say pin_file or pin_variable, or start it at a terminal, in one process"
        raise InputError("pin_file", f"nobody is there to type the PIN of {token}", remedy)
    return str(
        click.prompt(f"PIN of {token}", hide_input=True, err=True)
    )  # pragma: no cover - nobody sits there in a test


def prism_file(fields: Fields) -> ModuleFile:
    """A PrismToken."""
    from umbane.security.prism.client import Credentials

    fields.require(PRISM_NEEDED, PRISM_KNOWN)
    table, link = fields.keys(), prism_link(fields)
    refusal = partial(InputError, "password_file")
    content = read_own_file(fields.file("password_file"), refusal, "name a file with the password on its first line")
    credentials = Credentials(fields.text("user"), content.partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace"))
    opened = partial(
        prism_opened,
        fields.file("journal"),
        link,
        credentials,
        table,
        fields.number("connections", 4, 1, MOST_SESSIONS),
    )
    return ModuleFile(fields.text("name"), table.realm, fields.file("journal"), opened)


def prism_link(fields: Fields) -> "Link":
    """How a PrismToken is reached, and how it is known."""
    from umbane.security.prism.connection import Address, Link
    from umbane.security.prism.tls import Identity, Trust, client_context

    fields.one_of("pinned", "authority")
    certificate, key = fields.optional_file("certificate"), fields.optional_file("key")
    if bool(certificate) != bool(key):
        raise InputError("certificate", "it takes two files", "say certificate and key, or neither")
    identity = Identity(certificate, key) if certificate and key else None
    trust = Trust(fields.optional_file("authority"), fields.optional("pinned"))
    client_context(trust, identity)  # what is wrong with it is said now
    address = Address(fields.text("host"), fields.number("port", 9443, 1, 65535))
    return Link(address, trust, identity, float(fields.number("seconds", 10, 1, LONGEST)))


@asynccontextmanager
async def prism_opened(  # noqa: PLR0917 - what such a module consists of
    folder: Path, link: "Link", credentials: "Credentials", table: "KeyTable", connections: int, name: str
) -> AsyncIterator["SecurityModule"]:
    """A PrismToken, after it let us in; when it doesn't answer, that is said, for it may come later.

    Raises:
        ApiError: it doesn't let us in.
    """
    from umbane.security import UnreachableError
    from umbane.security.prism.module import open_prism_module

    async with open_prism_module(name, folder, link, credentials, table, connections=connections) as module:
        try:
            await module.alerts()
        except UnreachableError as error:
            click.echo(f"note: {error}; until it does, it makes nothing", err=True)
        yield module


KINDS: Final = {"pkcs11": token_file, "prism": prism_file}
