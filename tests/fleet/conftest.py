"""A database for each test, with a small town in it, and a shop that sells there."""

from collections.abc import AsyncIterator

import pytest

from tests.database import database, folder, made, own, place, server, template
from tests.registry.town import Town, build
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop
from umbane.db import Database

__all__ = ["database", "folder", "made", "own", "place", "server", "template"]


@pytest.fixture
async def town(database: Database) -> Town:
    """Give a utility with everything that it takes to sell."""
    return await build(database, "seaview", 1)


@pytest.fixture
def module() -> LaboratoryModule:
    """Give a module that has made nothing yet."""
    return LaboratoryModule()


@pytest.fixture
async def shop(town: Town, module: LaboratoryModule) -> AsyncIterator[Shop]:
    """Give the town's corner shop, open for business."""
    async with open_shop(town, module) as opened:
        yield opened
