"""The record of who changed what."""

from dataclasses import replace

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import Town, new_id
from umbane.registry import Vendor, add_vendors, change_vendor, history


async def test_in_order(town: Town) -> None:
    """A thing's history tells who did what to it when, from its addition on."""
    new = Vendor(new_id(), "B-1", "Bakery")
    await town.does(add_vendors, [new])
    limit = replace(new, credit_limit=5)
    await town.database.run(lambda tx: change_vendor(tx, replace(town.scope, by="operator:awa"), limit, "trusted"))
    first, second = await town.reads(history, new.id)
    assert (first.by, first.action, first.details) == ("test", "vendor.add", {"codes": ["B-1"]})
    assert (second.by, second.action) == ("operator:awa", "vendor.change")
    assert first.at < second.at


async def test_only_ones_own(town: Town, other: Town) -> None:
    """The history of a thing isn't told with the id of another utility."""
    assert await town.reads(history, town.vendor.id)
    assert await other.reads(history, town.vendor.id) == []
    assert await town.reads(history, new_id()) == []


async def test_with_the_change_or_not_at_all(town: Town) -> None:
    """A change that is rolled back leaves no row in the record."""
    before = await town.database.run(lambda tx: tx.fetchval("SELECT count(*) FROM registry.change"))
    with pytest.raises(ZeroDivisionError):
        await town.database.run(lambda tx: _change_and_fail(tx, town))
    assert await town.database.run(lambda tx: tx.fetchval("SELECT count(*) FROM registry.change")) == before


async def _change_and_fail(tx: object, town: Town) -> None:
    await change_vendor(tx, town.scope, replace(town.vendor, credit_limit=5), "x")  # type: ignore[arg-type] # a connection
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "sql", ["DELETE FROM registry.change", "UPDATE registry.change SET by = 'x'", "TRUNCATE registry.change"]
)
async def test_append_only(town: Town, sql: str) -> None:
    """Nobody takes a row out of the record, or changes one."""
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await by_owner(town.database, sql)
