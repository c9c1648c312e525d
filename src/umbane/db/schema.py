"""Migrations: numbered SQL files that bring a database from any released version to this one, and never back."""

import hashlib
import random
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import asyncpg

from umbane import __version__
from umbane.db.connection import Connection
from umbane.db.database import DEFAULT_LIMITS, Database, Limits, connected
from umbane.db.errors import AccessError, MigrationChangedError, SchemaBehindError, SchemaError, SchemaNewerError
from umbane.db.place import OWNER_URL, Place
from umbane.db.rights import declared, grant, rights_of

__all__ = [
    "Migration",
    "applied",
    "give_rights",
    "in_order",
    "known",
    "make_ready",
    "migrate",
    "open_database",
    "waiting",
]

FILE_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql", re.ASCII)
LOCK: Final = 0x756D62616E65
"""The advisory lock that whoever migrates holds: "umbane" in ASCII."""
LONGEST: Final = 24 * 3600.0
"""Seconds that one migration may take."""

BOOK: Final = """
CREATE SCHEMA IF NOT EXISTS db;
CREATE TABLE IF NOT EXISTS db.migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    version    text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""
"""Where it is written down what was applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step.

    Attributes:
        number: its place in the order.
        name: the name of its file.
        sql: what it does, in one transaction.
    """

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hexadecimal digits."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@cache
def known() -> tuple[Migration, ...]:
    """The migrations of this Umbane, in their order."""
    folder = files("umbane.db") / "migrations"
    return in_order((file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir())


def in_order(texts: Iterable[tuple[str, str]]) -> tuple[Migration, ...]:
    """The migrations in files of these names, with these texts.

    Raises:
        SchemaError: a file has no number, or two have the same.
    """
    steps: dict[int, Migration] = {}
    for name, text in sorted(texts):
        number = int(matched[1]) if (matched := FILE_NAME.fullmatch(name)) else None
        if number is None or number in steps:
            raise SchemaError(f"the migration {name} has no number of its own", "name it like 0042_room_what.sql")
        steps[number] = Migration(number, name, text)
    return tuple(steps.values())


def waiting(steps: Sequence[Migration], book: Mapping[int, str]) -> list[Migration]:
    """Which steps are still to be taken.

    Args:
        steps: those that this Umbane knows, in their order.
        book: number and checksum of each that was applied.

    Raises:
        SchemaNewerError: one was applied that this Umbane doesn't know.
        MigrationChangedError: one was applied in another form, or later ones were applied without it.
    """
    if strangers := book.keys() - {step.number for step in steps}:
        raise SchemaNewerError(
            f"the database was changed by a newer Umbane: {__version__} doesn't know its migration {min(strangers)}",
            "use the newer one, or restore a backup from before the change",
        )
    last = max(book, default=0)
    for step in steps:
        if step.number <= last and book.get(step.number) != step.checksum:
            how = "was changed after it was applied" if step.number in book else "came after later ones were applied"
            raise MigrationChangedError(f"the migration {step.name} {how}", "install a released Umbane, unchanged")
    return [step for step in steps if step.number > last]


async def applied(connection: Connection) -> dict[int, str]:
    """Number and checksum of each migration that was applied to the database.

    Raises:
        AccessError: the role may not know.
    """
    with who_may():
        if await connection.fetchval("SELECT to_regclass('db.migration') IS NULL"):
            return {}
        return {row["number"]: row["checksum"] for row in await connection.fetch("SELECT * FROM db.migration")}


@contextmanager
def who_may() -> Iterator[None]:
    """Say how a role comes by a right that it hasn't."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise AccessError(
            f"this role has no right to that ({error.args[0]})",
            f"umbane db migrate gives it, as the owner of the tables; another server's is named in {OWNER_URL}",
        ) from error


async def migrate(database: Database, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """Apply every migration that waits, each in a transaction of its own; answer which they were.

    Two processes that do so at the same time take turns, and each step is taken once.

    Args:
        database: any database that is connected.
        steps: those to apply; all that this Umbane knows, unless others are given.

    Raises:
        SchemaError: the database isn't one that these steps lead to.
        AccessError: the role may not change the tables.
        asyncpg.PostgresError: a step fails; those before it stay applied.
    """
    every = known() if steps is None else steps
    async with database.reading() as connection:
        if not waiting(every, await applied(connection)):
            return []

    async def next_step(connection: Connection) -> Migration | None:
        await take_turns(connection)
        await connection.execute(BOOK)
        step = next(iter(waiting(every, await applied(connection))), None)
        if step:
            await connection.execute(step.sql, timeout=LONGEST)
            sql = "INSERT INTO db.migration (number, name, checksum, version) VALUES ($1, $2, $3, $4)"
            await connection.execute(sql, step.number, step.name, step.checksum, __version__)
        return step

    taken: list[Migration] = []
    with who_may():
        while step := await database.run(next_step):
            taken.append(step)
    return taken


async def take_turns(connection: Connection) -> None:
    """Wait until nobody else migrates."""
    await connection.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {round(LONGEST)}000")
    await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})", timeout=LONGEST)


async def give_rights(owner: Database, database: Database) -> None:
    """Give the role that works its rights and no other, unless that is so already, or there is but one role.

    Args:
        owner: the database, as its owner.
        database: the same, as the role that works.

    Raises:
        AccessError: the one isn't the owner.
    """
    role = await database.role()

    async def work(connection: Connection) -> None:
        await take_turns(connection)
        if role != await connection.fetchval("SELECT current_user") and await rights_of(connection, role) != declared():
            await grant(connection, role)

    with who_may():
        await owner.run(work)


async def make_ready(owner: Database, database: Database) -> list[Migration]:
    """Apply every migration that waits, and give the role that works its rights; answer which migrations they were.

    Raises:
        SchemaError, AccessError: as `migrate` and `give_rights`.
    """
    taken = await migrate(owner)
    await give_rights(owner, database)
    return taken


async def check_schema(database: Database) -> None:
    """Check that the tables in the database are those that this Umbane works with.

    Raises:
        SchemaError: they aren't.
    """
    async with database.reading() as connection:
        behind = waiting(known(), await applied(connection))
    if behind:
        names = f"{behind[0].name} and {len(behind) - 1} more" if len(behind) > 1 else behind[0].name
        raise SchemaBehindError(f"migrations wait to be applied: {names}", "make a backup, then: umbane db migrate")


@asynccontextmanager
async def open_database(
    place: Place,
    *,
    migrating: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    chance: Callable[[], float] = random.random,
) -> AsyncIterator[Database]:
    """Give the database at this place, with the tables that this Umbane works with.

    Args:
        place: where it is; our own server is started if need be, and stopped by the last who leaves.
        migrating: whether to apply the migrations that wait, instead of refusing.
        limits: how much of the server to take, and how long to wait.
        chance: a number from 0 to below 1 each time, by which pauses between tries are spread.

    Raises:
        SchemaError: the tables are not ours, or migrations wait.
        DatabaseError: the server is missing, too old, or doesn't let us in.
    """
    async with connected(place, limits, chance) as database:
        if migrating:
            async with connected(place.as_owner(), limits, chance) as owner:
                await make_ready(owner, database)
        await check_schema(database)
        yield database
