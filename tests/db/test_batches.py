"""Statements on whole sets: a list for each column."""

import time
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from umbane.db import Database, Table, columns, new_ids, uuid7s
from umbane.db.connection import Connection
from umbane.db.ids import Growing

THINGS = Table("things", {"id": "bigint", "name": "text"})
MAKE = "CREATE TEMPORARY TABLE things (id bigint PRIMARY KEY, name text) ON COMMIT DROP"
ROWS = some.dictionaries(some.integers(-(2**63), 2**63 - 1), some.none() | some.text("aé—'\"\\{},\n", max_size=9))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(rows=ROWS)
async def test_what_is_inserted_is_there(owner: Database, rows: dict[int, str | None]) -> None:
    """Any number of rows, with any text, goes in by one statement and comes out unchanged."""

    async def work(connection: Connection) -> dict[int, str | None]:
        await connection.execute(MAKE)
        await THINGS.insert(connection, *columns(rows.items(), 2))
        return dict(map(tuple, await connection.fetch("SELECT id, name FROM things")))

    assert await owner.run(work) == rows


async def test_arrays_join_in_any_statement(owner: Database) -> None:
    """The rows of a table's arrays can be joined in an UPDATE."""

    async def work(connection: Connection) -> list[tuple[int, str]]:
        await connection.execute(MAKE)
        await THINGS.insert(connection, [1, 2, 3], ["a", "b", "c"])
        update = f"UPDATE things SET name = new.name FROM {THINGS.rows} WHERE things.id = new.id"  # noqa: S608 - our own words
        await connection.execute(update, [3, 1], ["z", "x"])
        return [tuple(row) for row in await connection.fetch("SELECT * FROM things ORDER BY id")]

    assert await owner.run(work) == [(1, "x"), (2, "b"), (3, "z")]


async def test_the_same_in_all_rows(owner: Database) -> None:
    """What is the same in all rows is given once, by its name."""
    same = Table("things", {"id": "bigint"}, same={"name": "text"})

    async def work(connection: Connection) -> list[tuple[int, str]]:
        await connection.execute(MAKE)
        await same.insert(connection, [1, 2], name="both")
        return [tuple(row) for row in await connection.fetch("SELECT * FROM things ORDER BY id")]

    assert await owner.run(work) == [(1, "both"), (2, "both")]


@pytest.mark.parametrize("given", [{}, {"name": "a", "more": 1}, {"nane": "a"}])
async def test_something_else_in_all_rows(owner: Database, given: dict[str, object]) -> None:
    """A value that the table doesn't have, or lacks, is refused."""
    same = Table("things", {"id": "bigint"}, same={"name": "text"})
    with pytest.raises(ValueError, match=r"the same in all rows of things are \['name'\], and not \["):
        await owner.run(lambda connection: same.insert(connection, [1, 2], **given))


@pytest.mark.parametrize("values", [([1, 2], ["a"]), ([], ["a"]), ([1], [])])
async def test_columns_of_different_lengths(owner: Database, values: tuple[list[int], list[str]]) -> None:
    """Lists of different lengths are refused; PostgreSQL would fill up the shorter one with NULL."""
    with pytest.raises(ValueError, match=r"things have different lengths: \[\d, \d\]"):
        await owner.run(lambda connection: THINGS.insert(connection, *values))


@pytest.mark.parametrize("rows", [[(1, "a"), (2,)], [(1,), (2, "b")], [(1, "a"), (2, "b", "c")]])
def test_rows_of_different_widths(rows: list[tuple[object, ...]]) -> None:
    """Rows of different widths are refused."""
    with pytest.raises(ValueError, match="argument"):
        columns(rows, 2)


def test_no_rows_are_empty_columns() -> None:
    """No rows make as many empty columns as are wanted."""
    assert columns([], 3) == [(), (), ()]


def test_a_table_tells_its_name() -> None:
    """A table is recognised by its name."""
    assert repr(THINGS) == "Table('things')"


@given(
    count=some.integers(0, 50),
    milliseconds=some.integers(0, 2**48 - 1),
    randomness=some.binary(min_size=10, max_size=10),
)
def test_identifiers_grow(count: int, milliseconds: int, randomness: bytes) -> None:
    """The identifiers of one call are different, growing, of version 7, and carry their moment."""
    ids = uuid7s(count, milliseconds, randomness)
    assert ids == sorted(set(ids))
    assert len(ids) == count
    assert {(it.version, it.variant, it.int >> 80) for it in ids} <= {(7, UUID(int=0x8 << 60).variant, milliseconds)}


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_new_identifiers(count: int) -> None:
    """New identifiers are different and growing, and carry the present."""
    before = time.time_ns() // 1_000_000
    ids = new_ids(count)
    assert ids == sorted(set(ids))
    assert len(ids) == count
    assert all(before <= it.int >> 80 <= time.time_ns() // 1_000_000 for it in ids)


def test_identifiers_of_later_moments_are_greater() -> None:
    """An identifier of a later millisecond is greater, whatever the randomness."""
    assert uuid7s(1, 1, b"\xff" * 10)[0] < uuid7s(1, 2, bytes(10))[0]


@pytest.mark.parametrize("count", [2, 5000])
def test_counting_never_runs_over(count: int) -> None:
    """The greatest randomness leaves room to count, and nothing spills into the time."""
    ids = uuid7s(count, 7, b"\xff" * 10)
    assert ids == sorted(set(ids))
    assert {it.int >> 80 for it in ids} == {7}


@given(some.lists(some.tuples(some.integers(1, 5), some.integers(1, 3)), min_size=2, max_size=20))
def test_ids_grow_whatever_the_clock_does(calls: list[tuple[int, int]]) -> None:
    """Identifiers of one process grow, whether its clock moves on, stands still or steps back."""
    moments = iter([moment for moment, _ in calls])
    growing = Growing(lambda: next(moments))
    ids = [id_ for _, count in calls for id_ in growing(count)]
    assert ids == sorted(set(ids))
    assert {it.version for it in ids} == {7}
