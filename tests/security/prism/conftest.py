"""Certificates for all tests of a process."""

from collections.abc import Iterator

import pytest

from tests.security.prism.town import Files
from tests.security.process.certificates import certificates


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    """A certificate, its key and its authority."""
    made = Files(*certificates(tmp_path_factory.mktemp("prism") / "certificates"))
    yield made
    made.clear()
