"""Modules whose keys are in a token: the contract of all modules."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import pytest

from tests.security.contract import ModuleContract
from umbane.security import Realm, SecurityModule
from umbane.security.pkcs11 import CachePolicy, TokenSetting, open_pkcs11_module


class InToken:
    """A module with a journal in a folder and its keys in a token."""

    def __init__(self, folder: Path, setting: TokenSetting, policy: CachePolicy) -> None:
        self.folder, self.setting, self.policy = folder, setting, policy

    def open(self) -> AbstractAsyncContextManager[SecurityModule]:
        """Open it."""
        return open_pkcs11_module(
            "tested", self.folder, self.setting, realm=Realm.TEST, remember=self.policy, sessions=2
        )


class TestTokenModule(ModuleContract):
    """A module that asks its token for every key."""

    @pytest.fixture
    def kind(self, tmp_path: Path, token: TokenSetting) -> Callable[[], InToken]:
        """Each in a folder of its own."""
        number = count()
        return lambda: InToken(tmp_path / f"{next(number)}", token, CachePolicy())
