"""The conditions under which every test of Umbane runs."""

import socket
import warnings

import pytest
from hypothesis import settings


@pytest.mark.parametrize("address", [("127.0.0.1", 9), ("::1", 9), ("localhost", 80)])
def test_no_connection(address: tuple[str, int]) -> None:
    """No test opens a connection, not even to its own machine."""
    with pytest.raises(RuntimeError, match="network"):
        socket.create_connection(address)


def test_no_listening() -> None:
    """No test waits for a connection."""
    with socket.socket() as listener, pytest.raises(RuntimeError, match="network"):
        listener.bind(("127.0.0.1", 0))


def test_no_datagram() -> None:
    """No test sends a datagram."""
    with socket.socket(type=socket.SOCK_DGRAM) as sender, pytest.raises(RuntimeError, match="network"):
        sender.sendto(b"?", ("127.0.0.1", 53))


@pytest.mark.parametrize("category", [UserWarning, DeprecationWarning, ResourceWarning])
def test_warnings_are_errors(category: type[Warning]) -> None:
    """A warning of any kind fails the test that caused it."""
    with pytest.raises(category):
        warnings.warn("look out", category, stacklevel=1)


def test_no_deadline() -> None:
    """A slow moment of the machine fails no property."""
    assert settings().deadline is None
