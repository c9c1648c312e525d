"""What the tests of the interface share: a module with a server in front of it, and clients."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from tests.security.support import KEYS
from umbane.security import Realm, SecurityModule, Vault, open_software_module
from umbane.security.prism.client import Credentials, PrismClient
from umbane.security.prism.connection import Address, Link
from umbane.security.prism.desk import Desk
from umbane.security.prism.keys import KeyTable, PrismKey
from umbane.security.prism.serving import Limits, serve_prism
from umbane.security.prism.tls import Identity, Trust, server_context
from umbane.security.prism.users import Sessions, hashed_password

USER: Final = Credentials("till", "a password of tests")
NOW: Final = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


@cache
def users() -> dict[str, str]:
    """Who may sign in."""
    return {USER.username: hashed_password(USER.password, cost=4)}


def table(realm: Realm = Realm.TEST) -> KeyTable:
    """The contract's keys, as the other side knows them."""
    keys = (held.key for held in KEYS.values())
    return KeyTable(realm, [PrismKey(key.sgc, key.krn, key.kt, key.dkga, key.base_date, key.ken) for key in keys])


def desk_of(module: SecurityModule, clock: Callable[[], datetime] = lambda: NOW, kind: type[Desk] = Desk) -> Desk:
    """A desk in front of a module."""
    return kind(module, table(), Sessions(users()), name="tested", clock=clock)


class Files:
    """Certificates in a folder."""

    def __init__(self, certificate: Path, key: Path, authority: Path) -> None:
        self.identity, self.authority = Identity(certificate, key), authority
        self.sockets: list[Path] = []

    @property
    def pinned(self) -> str:
        """The fingerprint of the certificate."""
        return sha256(
            load_pem_x509_certificate(self.identity.certificate.read_bytes()).public_bytes(Encoding.DER)
        ).hexdigest()

    def socket(self, folder: Path) -> Path:
        """A place for a socket, whose name must be short: in the folder for temporary files, named for this one."""
        self.sockets.append(Path(tempfile.gettempdir()) / f"umbane-{sha256(str(folder).encode()).hexdigest()[:12]}")
        return self.sockets[-1]

    def clear(self) -> None:
        """Remove what sockets leave behind."""
        for path in self.sockets:
            path.unlink(missing_ok=True)

    def link(self, address: Address, seconds: float = 20.0) -> Link:
        """A way to a server on this machine."""
        return Link(address, Trust(pinned=self.pinned), None, seconds)


@asynccontextmanager
async def desk_in(folder: Path, kind: type[Desk] = Desk) -> AsyncIterator[Desk]:
    """A desk in front of a module with the contract's keys."""
    async with open_software_module("behind", folder, Vault(Realm.TEST, KEYS.values())) as module:
        yield desk_of(module, kind=kind)


@asynccontextmanager
async def served(files: Files, folder: Path, limits: Limits | None = None) -> AsyncIterator[Address]:
    """A module behind a server, and where that listens: a socket on this machine, for tests reach no network."""
    address = Address("127.0.0.1", path=files.socket(folder))
    context = server_context(files.identity)
    async with desk_in(folder) as desk, serve_prism(desk, context, address, limits=limits or Limits()) as where:
        yield where


@asynccontextmanager
async def client_of(files: Files, address: Address) -> AsyncIterator[PrismClient]:
    """A client, which hangs up at the end."""
    client = PrismClient(files.link(address), USER, 2)
    try:
        yield client
    finally:
        await client.close()


def new_message() -> str:
    """The id of a message."""
    return f"till.7-{uuid4().hex[:20]}"
