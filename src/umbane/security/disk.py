"""Files as a journal needs them: made for good, locked, written in place, and on the disk when it is said so."""

import fcntl
import os
from pathlib import Path
from typing import Final

from umbane.security.errors import ModuleBusyError

__all__ = ["lock", "open_file", "read_at", "sync", "sync_folder", "write_at"]

PRIVATE: Final = 0o600
"""A journal says who bought what: only its owner reads it."""

FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
"""What makes macOS empty the disk's own memory too, which its fsync doesn't."""


def open_file(path: Path) -> int:
    """Open a file for reading and writing; where there is none, make it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)


def lock(file: int, name: str) -> None:
    """Keep the file for this process, until it is closed or the process ends, however that may be.

    Raises:
        ModuleBusyError: another has it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ModuleBusyError(f"another process works with {name}: a module has one journal, and one process") from None


def read_at(file: int, size: int, offset: int) -> bytes:
    """Bytes of a file; fewer where it ends."""
    parts = []
    while size and (part := os.pread(file, size, offset)):
        parts.append(part)
        size, offset = size - len(part), offset + len(part)
    return b"".join(parts)


def write_at(file: int, content: bytes, offset: int) -> None:
    """Write bytes at a place of a file, all of them."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written


def sync(file: int) -> None:
    """Wait until what was written is on the disk."""
    if FULL_SYNC is not None:  # pragma: no cover - only on macOS
        fcntl.fcntl(file, FULL_SYNC)
    else:
        os.fdatasync(file)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
