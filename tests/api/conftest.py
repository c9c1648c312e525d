"""The corner shop behind a real server on a Unix socket."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest

from tests.api.counter import Counter, open_counter
from tests.database import database, folder, place, quick_folder, server, template
from tests.registry.town import Town, build
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import open_shop
from umbane.db import Database

__all__ = ["database", "folder", "place", "server", "template"]


@pytest.fixture
async def town(database: Database) -> Town:
    """Give a utility with everything that it takes to sell."""
    return await build(database, "seaview", 1)


@pytest.fixture
def module() -> LaboratoryModule:
    """Give a module that has made nothing yet."""
    return LaboratoryModule()


@pytest.fixture
async def counter(town: Town, module: LaboratoryModule) -> AsyncIterator[Counter]:
    """Give the shop's counter: an HTTP client with the API key of its till."""
    folder = await asyncio.to_thread(quick_folder)
    async with open_shop(town, module) as shop, open_counter(shop, folder / "api") as opened:
        yield opened
    shutil.rmtree(folder)
