"""A database with two small towns in it, for each test a copy of its own."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.database import administer, at, database, new_database, server
from tests.registry.town import Town, build
from umbane.db import Server, open_database
from umbane.db.database import Database
from umbane.db.embedded import EmbeddedServer

__all__ = ["database", "server"]

TOWNS = "two_towns"


@pytest.fixture(scope="session")
def towns(server: EmbeddedServer) -> list[Town]:
    """Build two towns once, in a database to copy from."""

    async def make() -> list[Town]:
        async with open_database(at(server, TOWNS), migrating=True) as made:
            return [await build(made, "seaview", 1), await build(made, "hilltop", 2)]

    new_database(server, TOWNS)
    return asyncio.run(make())


@pytest.fixture
def place(server: EmbeddedServer, towns: list[Town]) -> Iterator[Server]:
    """Give the place of a database with the two towns that belongs to this test alone."""
    assert towns
    name = "one_test"
    new_database(server, name, TOWNS)
    yield at(server, name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def town(database: Database, towns: list[Town]) -> Town:
    """Give the first town: one of everything that a utility has."""
    return replace(towns[0], database=database)


@pytest.fixture
def other(database: Database, towns: list[Town]) -> Town:
    """Give the second utility in the same database."""
    return replace(towns[1], database=database)
