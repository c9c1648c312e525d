"""The module in a process of its own, asked over a socket: it does all that any module does."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.security.contract import ModuleContract
from tests.security.process.support import loaded, served, unsealed
from umbane.security import SecurityModule


class Served:
    """A module that is served."""

    def __init__(self, folder: Path) -> None:
        self.folder = loaded(folder)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[SecurityModule]:
        """Serve it, and call it."""
        async with served(unsealed(self.folder)) as module:
            yield module

    def open(self) -> AbstractAsyncContextManager[SecurityModule]:
        """Open it."""
        return self.serve()


class TestRemoteModule(ModuleContract):
    """It keeps the contract."""

    @pytest.fixture
    def kind(self, tmp_path: Path) -> Callable[[], Served]:
        """Modules, each in a folder of its own."""
        numbers = count()
        return lambda: Served(tmp_path / str(next(numbers)))
