"""One database and one security module for the stories of a file: each story is a world of its own in it."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.database import HasSocket, administer, at, new_database, server, template
from tests.simulation.market import Market
from umbane.db import open_database
from umbane.security import open_software_module
from umbane.simulation.realm import vault_of
from umbane.sts import SGC

__all__ = ["server", "template"]

GROUPS = [SGC(201457), SGC(205900)]


@pytest.fixture(scope="module")
def market(server: HasSocket, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """Give a place where stories are played."""
    new_database(server, "simulation", template)
    folder = tmp_path_factory.mktemp("module")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        database = runner.run(stack.enter_async_context(open_database(at(server, "simulation"))))
        module = runner.run(stack.enter_async_context(open_software_module("stories", folder, vault_of(GROUPS))))
        yield Market(runner, database, module)
        runner.run(stack.aclose())
    administer(server, "DROP DATABASE simulation WITH (FORCE)")
