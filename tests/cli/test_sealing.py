"""The key that seals second factors: made once, read by nobody else, and refused when it is none."""

import os
import re
from pathlib import Path

import pytest

from tests.cli.calls import done, refused
from umbane.db import Server


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (("", 0o600), "that is no key"),
        (("ab" * 31, 0o600), "that is no key"),
        (("zz" * 32, 0o600), "that is no key"),
        (("é" * 64, 0o600), "that is no key"),
        (("ab" * 32, 0o640), "others can read"),
        (("ab" * 32, 0o604), "others can read"),
        (("ab" * 32, 0o622), "others can read"),
    ],
)
@pytest.mark.parametrize("words", [["serve"], ["people", "totp", "thandi"]])
def test_bad_seal_keys(place: Server, tmp_path: Path, words: list[str], written: tuple[str, int], told: str) -> None:
    """A file that holds no key, or that others can read, isn't used."""
    file, (text, mode) = tmp_path / "key", written
    file.write_text(text)
    file.chmod(mode)
    assert told in refused(place, *words, "--seal-key", file)
    assert told in refused(place, *words, UMBANE_SEAL_KEY_FILE=str(file))


def test_a_new_seal_key(place: Server, tmp_path: Path) -> None:
    """A new key is in a file that only its owner can read, never in one that was there, and no two are the same."""
    files, usual = [tmp_path / "a", tmp_path / "b"], os.umask(0)
    said = [done(place, "people", "seal-key", it) for it in files]
    os.umask(usual)
    assert [it.stat().st_mode & 0o777 for it in files] == [0o600, 0o600]
    keys = [it.read_text().strip() for it in files]
    assert all(re.fullmatch("[0-9a-f]{64}", it) for it in keys)
    assert keys[0] != keys[1]
    assert not [it for it in said if keys[0] in it or keys[1] in it]
    assert "exists" in refused(place, "people", "seal-key", files[0])
    assert files[0].read_text().strip() == keys[0]
    assert "can't be made" in refused(place, "people", "seal-key", tmp_path / "no" / "key")


def test_before_everything(place: Server) -> None:
    """Without a utility the first step is told."""
    assert "umbane registry import utility FILE" in refused(place, "people", "list")
