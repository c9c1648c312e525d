"""The file of a backup: whole and unaltered, or refused with the reason."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from umbane.db.archive import Header, body, verified, writing
from umbane.db.errors import BackupAlteredError, BackupError, BackupTruncatedError, NotABackupError

HEADER = Header(
    "2026-03-01T12:00:00+00:00", "0.1.0", 18, {1: "abc"}, {"db.job": 2}, {"db.job": "-17"}, {"db.job_id_seq": 2}
)
DUMP = b"PGDMP" + bytes(range(256)) * 8

fresh_each_time = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a good file."""
    return write(tmp_path / "good.backup")


def write(path: Path, header: Header = HEADER, dump: bytes = DUMP) -> Path:
    """Write a sealed file."""
    with writing(path) as writer:
        writer.begin(header)
        writer.write(dump)
    return path


def test_a_good_file(file: Path) -> None:
    """A file that was written is read as it was."""
    assert verified(file) == HEADER
    assert b"".join(body(file)) == DUMP


@pytest.mark.parametrize("dump", [b"", b"\n", b"\nUMBANE SEAL 00000000000000000000 \n", os.urandom(3_000_000)])
def test_any_content(tmp_path: Path, dump: bytes) -> None:
    """Whatever pg_dump writes comes back, even what looks like a seal, and more than one block."""
    file = write(tmp_path / "file", dump=dump)
    verified(file)
    assert b"".join(body(file)) == dump


def test_only_for_its_owner(file: Path) -> None:
    """A backup can be read by its owner only."""
    assert file.stat().st_mode & 0o777 == 0o600


@fresh_each_time
@given(data=some.data())
def test_cut_short(file: Path, data: some.DataObject) -> None:
    """A file that was cut anywhere is refused."""
    whole = file.read_bytes()
    cut = file.with_name("cut")
    cut.write_bytes(whole[: data.draw(some.integers(0, len(whole) - 1))])
    with pytest.raises((BackupTruncatedError, NotABackupError)):
        verified(cut)


@fresh_each_time
@given(data=some.data())
def test_altered(file: Path, data: some.DataObject) -> None:
    """A file in which any byte was altered is refused."""
    whole = bytearray(file.read_bytes())
    place = data.draw(some.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(some.integers(1, 255))
    altered = file.with_name("altered")
    altered.write_bytes(whole)
    with pytest.raises((BackupAlteredError, BackupTruncatedError, NotABackupError)):
        verified(altered)


@pytest.mark.parametrize(
    ("keep", "error"), [(-1, BackupTruncatedError), (200, BackupTruncatedError), (8, NotABackupError)]
)
def test_cuts_by_name(file: Path, keep: int, error: type[BackupError]) -> None:
    """A file without its end is called truncated; one without its beginning is no backup."""
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(error, match=r"the end of .* is missing; use another copy|isn't a backup"):
        verified(file)


@pytest.mark.parametrize("place", [20, 60, 300, 1000, -70, -3])
def test_alterations_by_name(file: Path, place: int) -> None:
    """A file with an altered header, content or seal is called altered."""
    whole = bytearray(file.read_bytes())
    whole[place] = ord("0") if whole[place] != ord("0") else ord("1")
    file.write_bytes(whole)
    with pytest.raises(BackupAlteredError, match="isn't what was once written; use another copy"):
        verified(file)


def test_missing_middle(file: Path) -> None:
    """A file that lacks some of its middle is called altered, although both ends are right."""
    whole = file.read_bytes()
    file.write_bytes(whole[:500] + whole[600:])
    with pytest.raises((BackupAlteredError, BackupTruncatedError)):
        verified(file)


def test_two_files_in_one(file: Path) -> None:
    """Two backups in one file are no backup."""
    file.write_bytes(file.read_bytes() * 2)
    with pytest.raises(BackupAlteredError):
        verified(file)


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"Dear Nomsa", b"UMBANE BACKUP", b"umbane backup 1\n", b"\n" * 999])
def test_never_a_backup(tmp_path: Path, content: bytes) -> None:
    """A file that was never a backup is told apart from one that is damaged."""
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(NotABackupError, match="isn't a backup that this Umbane reads; "):
        verified(file)


def test_of_a_newer_umbane(file: Path) -> None:
    """A file in a form to come asks for the Umbane that made it."""
    file.write_bytes(file.read_bytes().replace(b"BACKUP 1", b"BACKUP 2", 1))
    with pytest.raises(NotABackupError, match="use the newer Umbane that made it"):
        verified(file)


@pytest.mark.parametrize(("name", "reason"), [("nothing", "No such file"), (".", "Is a directory")])
def test_nothing_to_read(tmp_path: Path, name: str, reason: str) -> None:
    """A file that can't be read is refused with the reason."""
    with pytest.raises(NotABackupError, match=reason):
        verified(tmp_path / name)


def test_nothing_is_overwritten(file: Path) -> None:
    """A file that exists is never written over."""
    before = file.read_bytes()
    with pytest.raises(BackupError, match="exists; name a file that doesn't"):
        write(file, replace(HEADER, server=17))
    assert file.read_bytes() == before


def break_off(path: Path, error: BaseException) -> None:
    """Begin a file, and fail."""
    with writing(path) as writer:
        writer.begin(HEADER)
        raise error


@pytest.mark.parametrize("error", [ValueError("a bug"), BackupError("pg_dump failed", "?"), KeyboardInterrupt()])
def test_half_a_backup(tmp_path: Path, error: BaseException) -> None:
    """A backup that fails leaves no file behind."""
    with pytest.raises(type(error)):
        break_off(tmp_path / "file", error)
    assert list(tmp_path.iterdir()) == []


def test_no_folder(tmp_path: Path) -> None:
    """A file in a folder that doesn't exist is refused."""
    with pytest.raises(BackupError, match=r"can't be written \(No such file or directory\)"):
        write(tmp_path / "nowhere" / "file")
