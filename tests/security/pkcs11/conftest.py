"""One folder of tokens for all tests of a process, and tokens in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.security.pkcs11.softhsm import loaded, new_token, require_softhsm, softhsm_in
from umbane.security.pkcs11 import TokenSetting


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for tokens; what keeps them is told of it."""
    require_softhsm()
    with softhsm_in(tmp_path_factory.mktemp("softhsm")) as folder:
        yield folder


@pytest.fixture(scope="session")
def token(tokens: Path) -> TokenSetting:
    """A token with the contract's keys, which no test alters."""
    return loaded(new_token(tokens))


@pytest.fixture
def make_token(tokens: Path) -> Callable[[], TokenSetting]:
    """Makes tokens with nothing in them."""
    return lambda: new_token(tokens)
