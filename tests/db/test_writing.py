"""Several tables written to at one go."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from umbane.db import Change, Connection, Database, Rows, write
from umbane.db.batches import MANY
from umbane.db.errors import ConflictError

MAKE = """
CREATE TEMPORARY TABLE IF NOT EXISTS sold (id bigint PRIMARY KEY, name text, parts integer[] NOT NULL)
ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS told (at bigint GENERATED ALWAYS AS IDENTITY, words text) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS state (id bigint PRIMARY KEY, version integer) ON COMMIT DELETE ROWS;
DELETE FROM state; INSERT INTO state SELECT n, 7 FROM generate_series(1, 3) n"""
TEXTS = some.none() | some.text("aé—'\"\\{},\n", max_size=9)
SOLD = some.lists(some.tuples(TEXTS, some.lists(some.integers(-(2**31), 2**31 - 1), max_size=3)), max_size=5)
FEW = [(1, "a", [5, -5])]
LOST = [(number, None, [number]) for number in range(MANY)]


def moved(ids: list[int], version: int = 7) -> Change:
    """States that move on, each from this version."""
    sql = "UPDATE state SET version = version + 1 WHERE id = ANY ({0}::bigint[]) AND version = {1}"
    return Change(sql, (ids, version), len(ids))


async def does(owner: Database, work: Callable[[Connection], Awaitable[Any]]) -> tuple[list[Any], list[Any], list[Any]]:
    """What stands in the tables after some work."""

    async def all_of_it(connection: Connection) -> tuple[list[Any], ...]:
        await connection.execute(MAKE)
        await work(connection)
        found = [await connection.fetch(f"SELECT * FROM {it} ORDER BY 1") for it in ("sold", "told", "state")]  # noqa: S608 - our names
        return tuple([tuple(row) for row in rows] for rows in found)

    sold, told, states = await owner.run(all_of_it, attempts=1)
    return sold, told, states


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(given_rows=SOLD, more=some.sampled_from([0, MANY]), words=some.lists(TEXTS, max_size=2))
async def test_what_is_written_is_there(
    owner: Database, given_rows: list[tuple[str | None, list[int]]], more: int, words: list[str | None]
) -> None:
    """Few rows or many, with any text and arrays in them, come out unchanged, numbered by the server where it does."""
    rows = [(number, *it) for number, it in enumerate(given_rows)]
    rows += [(number, "x", [1]) for number in range(len(rows), len(rows) + more)]
    here, there = Rows("pg_temp.sold", rows), Rows("pg_temp.told", [(None, it) for it in words])
    sold, told, states = await does(owner, lambda tx: write(tx, here, moved([1, 2]), there))
    assert sold == rows
    assert [it for _, it in told] == words
    assert all(number for number, _ in told)
    assert states == [(1, 8), (2, 8), (3, 7)]


async def test_nothing_to_write(owner: Database) -> None:
    """Nothing, or tables without rows, is written without asking the server."""
    assert await does(owner, lambda tx: write(tx, Rows("pg_temp.nowhere", []))) == ([], [], [(1, 7), (2, 7), (3, 7)])
    assert await does(owner, write) == ([], [], [(1, 7), (2, 7), (3, 7)])


@pytest.mark.parametrize("change", [moved([1, 9]), moved([1, 2, 3], version=6), moved([1, 1])])
async def test_somebody_was_quicker(owner: Database, change: Change) -> None:
    """A change that doesn't touch as many rows as it must is an error, and all else that was written goes back."""
    with pytest.raises(ConflictError, match="since it was read"):
        await does(owner, lambda tx: write(tx, Rows("pg_temp.sold", FEW), change))


@pytest.mark.parametrize("rows", [[*FEW, *FEW], [*LOST, (0, None, [])], [(1, "a", None)], [(1, "a")]])
async def test_what_the_table_refuses(owner: Database, rows: list[tuple[Any, ...]]) -> None:
    """Rows that the table doesn't take are refused, few or many."""
    with pytest.raises(Exception, match=r"duplicate key|null value|number of (attributes|columns)|no binary|expected"):
        await does(owner, lambda tx: write(tx, Rows("pg_temp.sold", rows)))
