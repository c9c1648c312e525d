"""Migrations: in order, once each, each whole or not at all, and never back."""

import asyncio
import re

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as some

from umbane.db import Database, Server, connected, migrate, open_database
from umbane.db.errors import MigrationChangedError, SchemaBehindError, SchemaError, SchemaNewerError
from umbane.db.schema import Migration, applied, in_order, known, waiting

STEPS = (
    Migration(1, "0001_test_one.sql", "CREATE TABLE one (n int); INSERT INTO one VALUES (1);"),
    Migration(2, "0002_test_two.sql", "UPDATE one SET n = n + 1; CREATE TABLE two (n int)"),
    Migration(5, "0005_test_five.sql", "UPDATE one SET n = n * 10"),
)
BOOK = {step.number: step.checksum for step in STEPS}


async def forge(place: Server, sql: str) -> None:
    """Change what is written down about migrations."""
    async with connected(place) as database:
        await database.run(lambda connection: connection.execute(sql))


# ------------------------------------------------------------------------------------------------------- which are next


@given(taken=some.integers(0, len(STEPS)))
def test_what_waits(taken: int) -> None:
    """After the first so many steps, the others wait, in their order."""
    book = {step.number: step.checksum for step in STEPS[:taken]}
    assert waiting(STEPS, book) == list(STEPS[taken:])


@pytest.mark.parametrize("number", [0, 3, 6, 9999])
def test_unknown_migration(number: int) -> None:
    """A migration that this Umbane doesn't know was applied by a newer one."""
    with pytest.raises(SchemaNewerError, match=f"newer Umbane: .* doesn't know its migration {number}; use the newer"):
        waiting(STEPS, BOOK | {number: "?"})


@pytest.mark.parametrize("number", [1, 2, 5])
def test_changed_migration(number: int) -> None:
    """A migration that isn't what it was when it was applied is named."""
    with pytest.raises(MigrationChangedError, match=f"000{number}_test_.*sql was changed after it was applied"):
        waiting(STEPS, BOOK | {number: "another"})


@pytest.mark.parametrize("number", [1, 2])
def test_late_migration(number: int) -> None:
    """A migration that comes before one that was applied is refused, not slipped in."""
    book = {other: checksum for other, checksum in BOOK.items() if other != number}
    with pytest.raises(MigrationChangedError, match=f"000{number}_test_.*sql came after later ones"):
        waiting(STEPS, book)


@pytest.mark.parametrize(
    "names",
    [
        ["1_test.sql"],
        ["0001_Test.sql"],
        ["0001_test.SQL"],
        ["0001.sql"],
        ["README.md"],
        ["0001_a.sql", "0001_b.sql"],
        ["٠٠٠١_test.sql"],
    ],
)
def test_wrong_names(names: list[str]) -> None:
    """A file without a number of its own is refused by its name."""
    with pytest.raises(SchemaError, match="has no number of its own"):
        in_order((name, "") for name in names)


def test_order() -> None:
    """Files are taken in the order of their numbers."""
    files = [(step.name, step.sql) for step in reversed(STEPS)]
    assert in_order(files) == STEPS


# ----------------------------------------------------------------------------------------------------------------- ours


@pytest.mark.parametrize("step", known(), ids=lambda step: step.name)
def test_our_own_are_transactions(step: Migration) -> None:
    """No migration of ours ends the transaction it runs in, or asks for what can't run in one."""
    sql = re.sub(r"--[^\n]*|\$(\w*)\$.*?\$\1\$|'[^']*'", "", step.sql, flags=re.DOTALL).upper()
    assert re.findall(r"\b(?:BEGIN|COMMIT|ROLLBACK|CONCURRENTLY|VACUUM|DROP DATABASE)\b", sql) == []


async def test_everything_in_its_room(database: Database) -> None:
    """Every table of ours lies in the schema of its room."""
    async with database.reading() as connection:
        assert await connection.fetch("SELECT * FROM pg_tables WHERE schemaname = 'public'") == []


# ---------------------------------------------------------------------------------------------------------------- apply


async def test_from_nothing(empty_place: Server) -> None:
    """An empty database takes every step once, in order, and a second time none."""
    async with connected(empty_place) as database:
        assert await migrate(database, STEPS) == list(STEPS)
        assert await migrate(database, STEPS) == []
        assert await database.run(applied) == BOOK
        assert await database.run(lambda it: it.fetchval("SELECT n FROM one")) == 20


async def test_on_the_way(empty_place: Server) -> None:
    """A database of an older version takes only the steps that it lacks."""
    async with connected(empty_place) as database:
        await migrate(database, STEPS[:1])
        assert await migrate(database, STEPS) == list(STEPS[1:])
        assert await database.run(lambda it: it.fetchval("SELECT n FROM one")) == 20


async def test_several_at_once(empty_place: Server) -> None:
    """Several that migrate at the same moment take turns, and each step is taken once."""
    async with connected(empty_place) as database, connected(empty_place) as other:
        taken = await asyncio.gather(*(migrate(it, STEPS) for it in (database, other, database, other)))
        assert sorted(step.number for steps in taken for step in steps) == [1, 2, 5]
        assert await database.run(lambda it: it.fetchval("SELECT n FROM one")) == 20


@pytest.mark.parametrize("broken", ["SELECT 1/0", "CREATE TABLE three (n int); INSERT INTO nowhere VALUES (1)", "?"])
async def test_a_step_that_fails(empty_place: Server, broken: str) -> None:
    """A step that fails leaves no trace; those before it stay, and the mended one goes on from there."""
    async with connected(empty_place) as database:
        with pytest.raises(asyncpg.PostgresError):
            await migrate(database, [STEPS[0], Migration(2, "0002_test_two.sql", broken), STEPS[2]])
        assert await database.run(applied) == {1: BOOK[1]}
        assert await database.run(lambda it: it.fetchval("SELECT to_regclass('three')")) is None
        assert await migrate(database, STEPS) == list(STEPS[1:])


# ----------------------------------------------------------------------------------------------------------------- open


async def test_open_an_empty_database(empty_place: Server) -> None:
    """A database without our tables isn't opened unless it is to be migrated."""
    with pytest.raises(SchemaBehindError, match=r"migrations wait to be applied: .*umbane db migrate"):
        async with open_database(empty_place):
            pass
    async with open_database(empty_place, migrating=True) as database:
        assert len(await database.run(applied)) == len(known())
    async with open_database(empty_place):
        pass


async def test_open_one_that_is_behind(place: Server) -> None:
    """The error for a database that is behind names the first migration that waits, alone when it is the only one."""
    last = known()[-1]
    await forge(place.as_owner(), f"DELETE FROM db.migration WHERE number = {last.number}")  # noqa: S608 - a number of ours
    with pytest.raises(SchemaBehindError, match=f"applied: {last.name}; make a backup"):
        async with open_database(place):
            pass


@pytest.mark.parametrize("migrating", [False, True])
async def test_open_one_that_is_newer(place: Server, *, migrating: bool) -> None:
    """A database that a newer Umbane has changed isn't touched."""
    await forge(
        place.as_owner(), "INSERT INTO db.migration (number, name, checksum, version) VALUES (9999, 'x', 'x', '99')"
    )
    with pytest.raises(SchemaNewerError):
        async with open_database(place, migrating=migrating):
            pass


@pytest.mark.parametrize("migrating", [False, True])
async def test_open_one_that_was_changed(place: Server, *, migrating: bool) -> None:
    """A database whose migrations aren't ours isn't touched."""
    await forge(place.as_owner(), "UPDATE db.migration SET checksum = 'x' WHERE number = 1")
    with pytest.raises(MigrationChangedError, match=r"0001_db_jobs.sql was changed"):
        async with open_database(place, migrating=migrating):
            pass
