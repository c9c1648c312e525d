"""Tokens in the folder that all tests of a process share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.security.pkcs11.softhsm import loaded, new_token
from umbane.security.pkcs11 import TokenSetting


@pytest.fixture(scope="session")
def token(tokens: Path) -> TokenSetting:
    """A token with the contract's keys, which no test alters."""
    return loaded(new_token(tokens))


@pytest.fixture
def make_token(tokens: Path) -> Callable[[], TokenSetting]:
    """Makes tokens with nothing in them."""
    return lambda: new_token(tokens)
