"""The module in software, in this process."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import pytest

from tests.security.contract import ModuleContract
from tests.security.support import KEYS
from umbane.security import Realm, SoftwareModule, Vault, open_software_module


class Software:
    """A software module in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> AbstractAsyncContextManager[SoftwareModule]:
        """Open it."""
        return open_software_module("tested", self.folder, Vault(Realm.TEST, KEYS.values()))


class TestSoftwareModule(ModuleContract):
    """It keeps the contract."""

    @pytest.fixture
    def kind(self, tmp_path: Path) -> Callable[[], Software]:
        """Modules, each in a folder of its own."""
        numbers = count()
        return lambda: Software(tmp_path / str(next(numbers)))
