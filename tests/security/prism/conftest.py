"""Certificates for all tests of a process."""

import pytest

from tests.security.prism.town import Files
from tests.security.process.certificates import certificates


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A certificate, its key and its authority."""
    return Files(*certificates(tmp_path_factory.mktemp("prism") / "certificates"))
