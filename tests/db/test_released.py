"""From the database of every released version to that of this one."""

import pytest

from tests.db.release import RELEASED, dump, fill, load
from tests.db.shape import shape
from umbane.db import Database, Server, open_database

RELEASES = {path.stem: path.read_text(encoding="utf-8") for path in RELEASED.glob("*.sql")}
KEPT = "SELECT json_agg(payload ORDER BY id)::text FROM db.job WHERE name = 'test.kept'"


@pytest.mark.parametrize("release", sorted(RELEASES))
async def test_from_every_release(release: str, empty_place: Server, database: Database) -> None:
    """A database of a released version is migrated to exactly the shape of a new one, and keeps its rows."""
    await load(empty_place, RELEASES[release])
    async with open_database(empty_place, migrating=True) as old:
        await fill(database)
        assert await shape(old) == await shape(database)
        kept = await old.run(lambda connection: connection.fetchval(KEPT))
        assert kept == await database.run(lambda connection: connection.fetchval(KEPT))


async def test_the_release_to_come(empty_place: Server, owner: Database) -> None:
    """What is written down at the next release is the database of today, with its rows."""
    await fill(owner)
    await load(empty_place, dump(owner))
    async with open_database(empty_place) as copy:
        assert await shape(copy) == await shape(owner)
        assert await copy.run(lambda it: it.fetchval(KEPT)) == await owner.run(lambda it: it.fetchval(KEPT))


async def test_shapes_differ(place: Server, owner: Database) -> None:
    """The comparison notices a column, an index and a comment-free change of a constraint."""
    before = await shape(owner)
    for change in (
        "ALTER TABLE db.job ADD COLUMN extra int",
        "CREATE INDEX extra ON db.job (enqueued_at)",
        "ALTER TABLE db.job ADD CHECK (attempts >= 0)",
        "ALTER TABLE db.job ALTER COLUMN attempts SET DEFAULT 1",
    ):
        async with open_database(place.as_owner()) as other:
            await other.run(lambda connection, sql=change: connection.execute(sql))  # type: ignore[misc]  # a loop's value
        after = await shape(owner)
        assert after != before
        before = after


def test_there_is_a_release() -> None:
    """There is a released version to migrate from."""
    assert RELEASES
