"""A database for each test, and a small town in it."""

import pytest

from tests.database import database, place, server, template
from tests.registry.town import Town, build
from umbane.db import Database

__all__ = ["database", "place", "server", "template"]


@pytest.fixture
async def town(database: Database) -> Town:
    """Give a utility with a customer, a place, a contract, a meter that hangs there, one in the store, and a vendor."""
    return await build(database, "seaview", 1)


@pytest.fixture
async def other(database: Database) -> Town:
    """Give a second utility in the same database."""
    return await build(database, "hilltop", 2)
