"""What importing a room brings along, seen from a fresh interpreter."""

import subprocess
import sys

import pytest

from tests.project.tree import ROOT

SERVERS = {"argon2", "asyncpg", "httptools", "prometheus_client", "psutil", "starlette", "uvicorn", "uvloop"}
"""What a database, an API or a password needs, and nothing else."""
HEAVY = ["httpx", "jinja2", "matplotlib", "msgspec", "numpy", "pydantic", "rich", "yaml", *sorted(SERVERS)]


def brought_along(statement: str) -> set[str]:
    """The heavy libraries that are loaded after the statement ran in an interpreter of its own."""
    program = f"import sys; {statement}; print(*(name for name in {HEAVY} if name in sys.modules))"
    command = [sys.executable, "-W", "error", "-c", program]
    answer = subprocess.run(command, cwd=ROOT / "src", capture_output=True, check=True, text=True).stdout
    return set(answer.splitlines()[-1].split())


@pytest.mark.parametrize("room", ["umbane", "umbane.errors", "umbane.sts", "umbane.security", "umbane.cli"])
def test_light_rooms(room: str) -> None:
    """Importing the package, the token standard, what guards keys or the command line loads no heavy library."""
    assert brought_along(f"import {room}") == set()


@pytest.mark.parametrize("room", ["umbane.pricing", "umbane.meter"])
def test_no_charts_in_pure_rooms(room: str) -> None:
    """Importing prices or the meter loads neither NumPy nor the libraries that draw, print and fill in pages."""
    assert brought_along(f"import {room}") - {"msgspec", "pydantic", "yaml"} == set()


@pytest.mark.parametrize("command", ["conformance", "meter", "tariff"])
def test_commands_without_a_database(command: str) -> None:
    """Commands that work with files and meters alone load nothing that speaks with a database or serves an API."""
    assert brought_along(f"import umbane.cli.{command}") & SERVERS == set()


def test_the_client_alone() -> None:
    """Whoever buys over HTTP loads nothing of what sells."""
    assert brought_along("import umbane.client") & (SERVERS | {"numpy", "jinja2", "matplotlib"}) == set()


def test_help_loads_no_command() -> None:
    """`umbane --help` is written without loading any command."""
    assert brought_along("from umbane.cli import main; main(['--help'], standalone_mode=False)") == set()


def test_a_heavy_library_is_noticed() -> None:
    """The look-out sees NumPy when it is loaded."""
    assert "numpy" in brought_along("import numpy")
