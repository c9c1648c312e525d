"""The corner shop behind a real server on a Unix socket."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest

from tests.api.counter import Counter, open_counter
from tests.database import quick_folder
from tests.registry.town import Town
from tests.vending.conftest import database, folder, module, place, server, template, town
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import open_shop

__all__ = ["database", "folder", "module", "place", "server", "template", "town"]


@pytest.fixture
async def counter(town: Town, module: LaboratoryModule) -> AsyncIterator[Counter]:
    """Give the shop's counter: an HTTP client with the API key of its till."""
    folder = await asyncio.to_thread(quick_folder)
    async with open_shop(town, module) as shop, open_counter(shop, folder / "api") as opened:
        yield opened
    shutil.rmtree(folder)
