"""The frame of the command line: names, errors without tracebacks, and readers that leave early."""

import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from tests.project.tree import ROOT
from umbane import __version__
from umbane.cli import COMMANDS, Commands, main
from umbane.errors import InputError, UmbaneError

UMBANE = [sys.executable, "-m", "umbane"]


def group_that_raises(error: Exception) -> click.Group:
    """A command line that fails with this error as soon as it is called."""

    def fail() -> None:
        raise error

    return Commands(invoke_without_command=True, callback=fail)


def test_help_names_every_command() -> None:
    """The help lists each command with what it is for."""
    answer = CliRunner().invoke(main, ["--help"])
    assert answer.exit_code == 0
    assert [name for name, words in COMMANDS.items() if name not in answer.output or words not in answer.output] == []


def test_version() -> None:
    """`umbane --version` is one line: the name and the version."""
    assert CliRunner().invoke(main, ["--version"]).output == f"umbane {__version__}\n"


@pytest.mark.parametrize("name", ["vendd", "Vend", "errors", "__init__", "../vend", ""])
def test_unknown_command(name: str) -> None:
    """Only a listed name is ever imported; any other is refused with exit code 2."""
    answer = CliRunner().invoke(main, [name])
    assert answer.exit_code == 2
    assert "No such command" in answer.output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_exists(name: str) -> None:
    """Each listed command can be loaded and explains itself."""
    answer = CliRunner().invoke(main, [name, "--help"])
    assert answer.exit_code == 0
    assert f"{name} [OPTIONS]" in answer.output


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UmbaneError("the module is busy"), "error: the module is busy\n"),
        (InputError("SGC", "has 5 digits", "write 6"), "error: SGC: has 5 digits; write 6\n"),
    ],
)
def test_our_errors_are_words(error: UmbaneError, words: str) -> None:
    """One of our own errors is one line on standard error and exit code 2, never a traceback."""
    answer = CliRunner().invoke(group_that_raises(error))
    assert answer.exit_code == 2
    assert answer.stderr == words
    assert answer.stdout == ""


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("a bug"), AssertionError()])
def test_bugs_stay_visible(error: Exception) -> None:
    """An error that is not ours is a bug and keeps its traceback."""
    assert CliRunner().invoke(group_that_raises(error)).exception is error


def test_a_reader_that_left() -> None:
    """When the reader of a pipe has gone, the command ends without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    answer = subprocess.run([*UMBANE, "--help"], cwd=ROOT / "src", stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert answer.returncode == 1
    assert answer.stderr == b""


def test_a_closed_standard_output() -> None:
    """A command whose standard output was closed by the shell ends without a word."""
    command = f'exec "{sys.executable}" -m umbane --help >&-'
    answer = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT / "src", capture_output=True, check=False)
    assert answer.stderr == b""
    assert answer.returncode == 0
