"""A real PostgreSQL server for tests: one for each process that runs tests, and a database of its own for each test.

A room's `conftest.py` imports the fixtures that it uses. Everything goes through a Unix socket. To run the tests with
another version of PostgreSQL, name the folder of its socket in UMBANE_TEST_SOCKET; its superuser has to be `postgres`.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import asyncpg
import psutil
import pytest

from umbane.db import Database, Server, connected, open_database
from umbane.db.embedded import DATABASE, ROLE, SUPERUSER, WORKER, EmbeddedServer
from umbane.db.errors import EmbeddedError

__all__ = [
    "HasSocket",
    "administer",
    "at",
    "by_owner",
    "database",
    "empty_place",
    "folder",
    "made",
    "new_database",
    "own",
    "owner",
    "place",
    "quick_folder",
    "server",
    "superusers",
    "template",
    "two_roles",
    "url",
]

NUMBERS = count(1)
TEMPLATE = "migrated"
PREFIX = "umbane-test-"
MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there has a name that nobody can guess
ENOUGH = 2 << 30


class HasSocket(Protocol):
    """A server, as far as a test needs to know it."""

    @property
    def socket_directory(self) -> Path:
        """The folder of its socket."""
        ...


@dataclass(frozen=True)
class OtherServer:
    """A server that somebody else takes care of."""

    socket_directory: Path


def at(server: HasSocket, name: str) -> Server:
    """The place of a database on a server, for the role that works and for the owner of the tables."""
    return Server(url(server, name, WORKER), url(server, name, ROLE))


def url(server: HasSocket, name: str, role: str) -> str:
    """Where a database on a server is, for a role."""
    return f"postgresql://{role}@/{name}?host={quote(str(server.socket_directory), safe='')}"


def superusers(place: Server) -> str:
    """Where a database of `at` is, for the superuser."""
    return place.url.replace(f"//{WORKER}@", f"//{SUPERUSER}@").replace(f"//{ROLE}@", f"//{SUPERUSER}@")


def two_roles(place: Server) -> Server:
    """The place of a database that was its owner's alone, for the role that works and for the owner."""
    return Server(place.url.replace(f"//{ROLE}@", f"//{WORKER}@"), place.url)


async def by_owner(database: Database, sql: str, *values: object) -> None:
    """Execute a statement as the owner of a database, whoever has it open."""
    async with connected(database.place.as_owner()) as owner:
        await owner.run(lambda tx: tx.execute(sql, *values))


def new_database(server: HasSocket, name: str, template: str = "template1") -> None:
    """Make a database in which nobody but its owner makes anything."""
    administer(
        server,
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",  # what a run left that was killed
        f"CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE} STRATEGY file_copy",
        f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
    )


def administer(server: HasSocket, *statements: str, name: str = SUPERUSER) -> None:
    """Execute statements as the superuser."""

    async def execute() -> None:
        connection = await asyncpg.connect(url(server, name, SUPERUSER))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


def quick_folder() -> Path:
    """Make a folder with a short name that any account may enter, in memory if there is room.

    No test cuts the power, and what survives a killed process does so in memory too; so nobody has to wait for a disk.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH
    made = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY if roomy else None))
    made.chmod(0o711)
    return made


def sweep(place: Path) -> None:
    """Stop the servers and remove the folders that test runs left behind which were killed."""
    for folder in place.glob(f"{PREFIX}*-*"):
        if not psutil.pid_exists(int(folder.name.split("-")[2])):
            for mark in folder.glob("*/umbane.lock"):
                with suppress(EmbeddedError):  # another run may be sweeping too
                    EmbeddedServer(mark.parent).stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a new folder on the disk, with a short name, that any account may enter."""
    made = Path(tempfile.mkdtemp(prefix="umbane-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """Give the folder of a server that was made and stopped, to copy from: that is quicker than to make another."""
    folder = quick_folder()
    server = EmbeddedServer(folder / "server")
    server.start()
    server.close()
    yield server.directory
    shutil.rmtree(folder)


@pytest.fixture
def own(made: Path) -> Iterator[EmbeddedServer]:
    """Give a server that belongs to this test alone, not started yet. It may be killed; it is stopped in the end."""
    folder = quick_folder()
    server = EmbeddedServer(folder / "server")
    subprocess.run(["/bin/cp", "-a", made, server.directory], check=True)
    yield server
    server.close()
    assert server.pid is None, "a test left its server running"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[HasSocket]:
    """Give the server for all tests of this process. It doesn't wait for the disk either."""
    if other := os.environ.get("UMBANE_TEST_SOCKET"):
        there = OtherServer(Path(other))
        role = "DO $$ BEGIN CREATE ROLE {} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$"
        administer(
            there,
            *map(role.format, (ROLE, WORKER)),
            f"DROP DATABASE IF EXISTS {DATABASE}",
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
        )
        yield there
        return
    sweep(MEMORY)
    sweep(Path(tempfile.gettempdir()))
    folder = quick_folder()
    server = EmbeddedServer(folder / "server")
    server.start()
    quick = "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET deadlock_timeout = 50"
    administer(server, *quick, "SELECT pg_reload_conf()")
    yield server
    server.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(server: HasSocket) -> str:
    """Give the name of a database that is migrated and otherwise empty, to copy from."""

    async def make() -> None:
        async with open_database(at(server, TEMPLATE), migrating=True):
            pass

    new_database(server, TEMPLATE)
    asyncio.run(make())
    return TEMPLATE


@pytest.fixture
def place(server: HasSocket, template: str) -> Iterator[Server]:
    """Give the place of a migrated database that belongs to this test alone."""
    yield from _made(server, template)


@pytest.fixture
def empty_place(server: HasSocket) -> Iterator[Server]:
    """Give the place of a database without any table, for its owner, who is the only one there."""
    for place in _made(server, "template1"):
        yield place.as_owner()


@pytest.fixture
async def database(place: Server) -> AsyncIterator[Database]:
    """Give a migrated database that belongs to this test alone."""
    async with open_database(place) as opened:
        yield opened


@pytest.fixture
async def owner(place: Server) -> AsyncIterator[Database]:
    """Give the same database as `database`, as the owner of its tables."""
    async with connected(place.as_owner()) as opened:
        yield opened


def _made(server: HasSocket, template: str) -> Iterator[Server]:
    name = f"test_{next(NUMBERS)}"
    new_database(server, name, template)
    yield at(server, name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")
