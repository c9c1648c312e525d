"""A module behind the interface: our client and our server, over a real connection, held to the contract of all."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.security.contract import ModuleContract
from tests.security.prism.town import USER, Files, served, table
from umbane.security import SecurityModule
from umbane.security.prism.module import open_prism_module
from umbane.sts import StampedToken, Token


class Behind:
    """A module, a server in front of it, and a client as a module."""

    def __init__(self, folder: Path, files: Files) -> None:
        self.folder, self.files = folder, files

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SecurityModule]:
        """Open all three."""
        async with (
            served(self.files, self.folder / "there") as address,
            open_prism_module("tested", self.folder / "here", self.files.link(address), USER, table()) as module,
        ):
            yield module


class TestPrismModule(ModuleContract):
    """The contract; what the interface has no room for is said beside each test that differs."""

    @pytest.fixture
    def kind(self, tmp_path: Path, files: Files) -> Callable[[], Behind]:
        """Each in a folder of its own."""
        number = count()
        return lambda: Behind(tmp_path / f"{next(number)}", files)

    @staticmethod
    def told(token: Token) -> Token:
        """The interface doesn't tell an RND."""
        return replace(token, rnd=0) if isinstance(token, StampedToken) else token
