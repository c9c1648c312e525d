"""What every test of Umbane stands on: its hypothesis profile and a machine without a network."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.security.pkcs11.softhsm import require_softhsm, softhsm_in

# Machines are noisy, so no example has a deadline. The examples differ from run to run: pytest-randomly prints the
# seed of each run, and hypothesis prints the blob that repeats a failure.
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=50,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")

NETWORK = {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendmsg", "socket.sendto"}


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse every socket that could leave this machine; Python calls this for each audited event."""
    if event in NETWORK and getattr(arguments[0], "family", None) != socket.AF_UNIX:
        raise RuntimeError("a test reached for the network; tests of Umbane need none")


sys.addaudithook(_refuse_network)


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for tokens of PKCS#11: one for all tests of a process, for its library knows no other."""
    require_softhsm()
    with softhsm_in(tmp_path_factory.mktemp("softhsm")) as folder:
        yield folder
