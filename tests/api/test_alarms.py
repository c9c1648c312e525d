"""Alarms that nobody raises by hand: what others do that concerns a house."""

import pytest

from tests.registry.town import build
from umbane.api.alarms import note_shared
from umbane.db import Database
from umbane.registry import Realm, SupplyGroup, add_supply_groups
from umbane.sts import SGC


@pytest.mark.parametrize(("realm", "raised"), [(Realm.PRODUCTION, 1), (Realm.TEST, 0)])
async def test_a_supply_group_of_two_houses(database: Database, realm: Realm, raised: int) -> None:
    """Whoever gives a utility the supply group of another raises an alarm there, if meters in the field are in it."""
    ours, theirs = [await build(database, name, number) for number, name in enumerate(("seaview", "hillside"), 1)]
    for it in (theirs, ours):
        await it.does(add_supply_groups, [SupplyGroup(SGC(600_500), "New", realm)])
        await database.run(lambda tx, scope=it.scope: note_shared(tx, scope))  # type: ignore[misc] # bound at once
    async with database.reading() as connection:
        found = await connection.fetch("SELECT utility_id, kind, by, words FROM api.alarm")
    words = "another utility, seaview, has the supply group 600500"
    assert [tuple(it) for it in found] == [(theirs.id, "shared", "utility:seaview", words)] * raised
