"""What tests of the log in a database have in common."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.audit.naive import mth
from tests.audit.test_heads import KEYS, SIGNER
from umbane.audit import Fact, Head, append, entries_from, last_head, sequence
from umbane.db import Connection, Database, connected

__all__ = ["LATER", "NOW", "alter", "fact", "last", "log", "look", "note", "placed", "signed_rightly"]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def fact(number: int) -> Fact:
    """Something that happened."""
    return Fact("thing", NOW, {"number": number})


async def note(database: Database, *numbers: int) -> None:
    """Write down things that happened together."""
    await database.run(lambda tx: append(tx, [fact(it) for it in numbers]))


async def placed(database: Database, *sizes: int) -> list[int]:
    """Write down batches of these sizes, with numbers that go on, and give them their places."""
    start = len(await log(database))
    for size in sizes:
        await note(database, *range(start, start + size))
        start += size
    return [await sequence(database, SIGNER, NOW)]


async def log(database: Database) -> list[bytes]:
    """All entries that have their places."""
    async with database.reading() as connection:
        return [it async for it in entries_from(connection)]


async def last(database: Database) -> Head:
    """The last head."""
    async with database.reading() as connection:
        head = await last_head(connection)
    assert head
    return head


async def signed_rightly(database: Database) -> int:
    """The last head is over all entries that have a place; how many those are."""
    entries, head = await log(database), await last(database)
    KEYS.require_signed(head)
    assert (head.size, head.root) == (len(entries), mth(entries))
    return head.size


async def look(database: Database, sql: str) -> Any:  # noqa: ANN401 - whatever there is
    """One value from the database."""
    async with database.reading() as connection:
        return await connection.fetchval(sql)


async def alter(database: Database, statements: Sequence[str]) -> None:
    """Do as somebody who has all rights, with the triggers out of the way."""

    async def work(tx: Connection) -> None:
        for table in ("batch", "tile", "head"):
            await tx.execute(f"ALTER TABLE audit.{table} DISABLE TRIGGER USER")
            await tx.execute(f"GRANT ALL ON audit.{table} TO CURRENT_USER")
        for it in statements:
            await tx.execute(it)
        for table in ("batch", "tile", "head"):
            await tx.execute(f"ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER stays")

    async with connected(database.place.as_owner()) as owner:
        await owner.run(work)
