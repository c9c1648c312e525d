"""What `umbane module` does with a module that a file names: its status, and keys on their way into a token."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from umbane.cli.modulefile import ModuleFile, module_file
from umbane.errors import InputError

if TYPE_CHECKING:
    from umbane.security import VendingKeyName
    from umbane.security.attesting import Statement
    from umbane.security.pkcs11 import TokenSetting

__all__ = ["load_into", "make_pair", "told_of"]


def told_of(file: ModuleFile) -> "Statement":
    """What a module says of itself; what somebody should see to is told at once."""
    from umbane.security.attesting import Statement

    async def asked() -> Statement:
        async with file.open(file.name) as module:
            for alert in await module.alerts():
                click.echo(f"alert: {alert.code}: {alert.words}")
            return Statement(await module.status(), await module.counters(), await module.quotas())

    return asyncio.run(asked())


def require_file(path: Path) -> ModuleFile:
    """What the file says.

    Raises:
        InputError: it names no module.
    """
    if file := module_file(str(path)):
        return file
    raise InputError("FILE", f"{path} is no file", "name one that names a module")


def token_of(file: ModuleFile) -> "TokenSetting":
    """The token that it is.

    Raises:
        InputError: it is none.
    """
    if file.token is None:
        raise InputError("kind", f"{file.name} is no token", "its keys are looked after where it is")
    return file.token


def make_pair(path: Path) -> str:
    """The public half of the pair to which keys for a token are wrapped, in PEM; the pair is made if there is none."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    from umbane.security.pkcs11 import TokenKeyError, TokenLoader

    with TokenLoader(token_of(require_file(path))) as loader:
        try:
            public_key = loader.public_key()
        except TokenKeyError:
            loader.make_pair()
            public_key = loader.public_key()
    return load_der_public_key(public_key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load_into(file: ModuleFile, wrapped_keys: bytes, published: Sequence["VendingKeyName"]) -> int:
    """Load keys into a token: wrapped ones, a line each, or published keys of the test realm; how many.

    Raises:
        TokenKeyError: a line is none, or is for another token; those before it are loaded.
        InputError: published keys are asked for a module of the production realm.
    """
    from umbane.security import Realm, published_key
    from umbane.security.pkcs11 import TokenLoader, WrappedKey, wrapped

    setting = token_of(file)
    if published and file.realm is not Realm.TEST:
        raise InputError("--published", f"{file.name} is of the {file.realm} realm", "wrap its keys at the centre")
    keys = [WrappedKey.parse(line) for line in wrapped_keys.decode("ascii", "replace").splitlines() if line.strip()]
    with TokenLoader(setting) as loader:
        keys += [wrapped(published_key(it.sgc, it.krn, kt=it.kt), loader.public_key()) for it in published]
        for key in keys:
            click.echo(f"{key.key.name}: check value {loader.load(key)}")
    return len(keys)
