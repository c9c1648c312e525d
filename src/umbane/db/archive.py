"""The file of a backup: a line that says what it is, a line of JSON about it, what pg_dump wrote, and a seal.

The seal is the last line. It holds the number of bytes before it and their SHA-256, so that a file that was cut short
and one that was altered are told apart, and both are refused before anything is done with them.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

from umbane.db.errors import BackupAlteredError, BackupError, BackupTruncatedError, NotABackupError

__all__ = ["BLOCK", "Header", "Writer", "body", "verified", "writing"]

FIRST_LINE: Final = b"UMBANE BACKUP 1\n"
SEAL: Final = re.compile(rb"\nUMBANE SEAL (\d{20}) ([0-9a-f]{64})\n")
SEAL_LENGTH: Final = len(b"\nUMBANE SEAL ") + 20 + 1 + 64 + 1
BLOCK: Final = 1 << 20
LONGEST_HEADER: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says about itself.

    Attributes:
        made_at: when, in ISO 8601.
        umbane: the version of Umbane that made it.
        server: the major version of the PostgreSQL server that it was made from.
        migrations: number and checksum of each that was applied.
        rows: how many rows each table has.
        digests: a sum over all rows of each table.
        sequences: the last number that each sequence had given.
    """

    made_at: str
    umbane: str
    server: int
    migrations: Mapping[int, str]
    rows: Mapping[str, int]
    digests: Mapping[str, str]
    sequences: Mapping[str, int]


class Writer:
    """Writes the blocks of a backup and keeps count of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._length = 0

    def write(self, block: bytes) -> None:
        """Write some bytes."""
        self._file.write(block)
        self._digest.update(block)
        self._length += len(block)

    def begin(self, header: Header) -> None:
        """Write the first two lines."""
        self.write(FIRST_LINE)
        self.write(json.dumps(asdict(header)).encode() + b"\n")

    def seal(self) -> None:
        """Write the last line, and make sure that all of it is on the disk."""
        self._file.write(b"\nUMBANE SEAL %020d %s\n" % (self._length, self._digest.hexdigest().encode()))
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Give a writer for a new file, which gets its name only when it is whole.

    Raises:
        BackupError: the file exists, or can't be written.
    """
    part = path.with_name(f"{path.name}.part")
    if path.exists():
        raise BackupError(f"{path} exists", "name a file that doesn't")
    try:
        part.touch(mode=0o600)
        with part.open("wb") as file:
            writer = Writer(file)
            yield writer
            writer.seal()
        part.rename(path)
    except OSError as error:
        raise BackupError(
            f"{path} can't be written ({error.strerror})", "name a place with room to write to"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def verified(path: Path) -> Header:
    """Read all of a backup, and answer what it says about itself when it is whole and unaltered.

    Raises:
        NotABackupError: it isn't a backup.
        BackupTruncatedError: its end is missing.
        BackupAlteredError: it isn't what was written.
    """
    try:
        with path.open("rb") as file:
            return _verified(file, path)
    except OSError as error:
        raise NotABackupError(
            f"{path} can't be read ({error.strerror})", "name a file made by umbane backup"
        ) from error


def body(path: Path) -> Iterator[bytes]:
    """The blocks of what pg_dump wrote, from a backup that was verified."""
    with path.open("rb") as file:
        file.readline()
        file.readline()
        left = path.stat().st_size - SEAL_LENGTH - file.tell()
        while left and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


def _verified(file: BinaryIO, path: Path) -> Header:
    if (first := file.readline(len(FIRST_LINE))) != FIRST_LINE:
        newer = first.startswith(b"UMBANE BACKUP ")
        remedy = "use the newer Umbane that made it" if newer else "name a file made by umbane backup"
        raise NotABackupError(f"{path} isn't a backup that this Umbane reads", remedy)
    header = file.readline(LONGEST_HEADER)
    length = path.stat().st_size - SEAL_LENGTH
    file.seek(max(length, 0))
    seal = SEAL.fullmatch(file.read())
    if not seal or int(seal[1]) > length:
        raise BackupTruncatedError(f"the end of {path} is missing", "use another copy of it")
    if int(seal[1]) != length or _digest(file, length) != seal[2].decode():
        raise BackupAlteredError(f"{path} isn't what was once written", "use another copy of it")
    return _header(header)


def _digest(file: BinaryIO, length: int) -> str:
    """The SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    file.seek(0)
    while length and (block := file.read(min(BLOCK, length))):
        digest.update(block)
        length -= len(block)
    return digest.hexdigest()


def _header(line: bytes) -> Header:
    fields = json.loads(line)
    fields["migrations"] = {int(number): checksum for number, checksum in fields["migrations"].items()}
    return Header(**fields)
