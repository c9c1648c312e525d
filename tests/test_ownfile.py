"""Files that only their owner may read."""

from functools import partial
from pathlib import Path

import pytest

from umbane.errors import InputError
from umbane.ownfile import LARGEST, read_own_file


def read(file: Path) -> bytes:
    """Read it, as somebody who calls what is in it a password."""
    return read_own_file(file, partial(InputError, "password"), "name another")


def test_own(tmp_path: Path) -> None:
    """A file of one's own is read, as far as a secret can be long."""
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_bytes(b"x" * (LARGEST + 1))
    assert read(file) == b"x" * LARGEST


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_others(tmp_path: Path, mode: int) -> None:
    """What others may read, write or run is refused with its remedy, and nothing of it is told."""
    file = tmp_path / "secret"
    file.write_text("1234")
    file.chmod(mode)
    with pytest.raises(InputError, match=r"^password: others can read .*; forbid it: chmod 600 ") as caught:
        read(file)
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("name", ["nothing", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    """What isn't there, or is no file, is refused with what the caller says would be right."""
    with pytest.raises(InputError, match=r"can't be read \(.*\); name another$"):
        read(tmp_path / name)
