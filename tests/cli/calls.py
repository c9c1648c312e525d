"""Commands, as somebody calls them who has a database and nothing else."""

from pathlib import Path

from click.testing import CliRunner, Result

from umbane.cli import main
from umbane.db import Server

__all__ = ["call", "done", "refused"]


def call(place: Server, *words: str | Path, typed_in: str | None = None, **environment: str) -> Result:
    """Call a command."""
    env = {"UMBANE_DATABASE_URL": place.url, "UMBANE_SEAL_KEY": None, "UMBANE_SEAL_KEY_FILE": None, **environment}
    return CliRunner().invoke(main, [*map(str, words)], env=env, input=typed_in)


def done(place: Server, *words: str | Path, typed_in: str | None = None) -> str:
    """What a command says that does what it was asked for."""
    result = call(place, *words, typed_in=typed_in)
    assert result.exit_code == 0, result.output
    return result.output


def refused(place: Server, *words: str | Path, typed_in: str | None = None, **environment: str) -> str:
    """What a command says that doesn't."""
    result = call(place, *words, typed_in=typed_in, **environment)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())
