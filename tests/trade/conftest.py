"""A database for each test, with a small town in it, and a shop whose sales can be taken back."""

from collections.abc import AsyncIterator

import pytest

from tests.database import database, owner, place, server, template
from tests.registry.town import Town, build
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop
from umbane.db import Database
from umbane.registry import change_policy

__all__ = ["database", "owner", "place", "server", "template"]


@pytest.fixture
async def town(database: Database) -> Town:
    """Give a utility with everything that it takes to sell."""
    return await build(database, "seaview", 1)


@pytest.fixture
async def shop(town: Town) -> AsyncIterator[Shop]:
    """Give the town's corner shop, whose digits wait until they are confirmed."""
    await town.does(change_policy, {"sale": {"release": "on_confirmation"}})
    async with open_shop(town, LaboratoryModule()) as opened:
        yield opened
