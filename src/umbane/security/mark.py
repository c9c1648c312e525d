"""The mark beside a journal: how far it was when it last answered, so that a journal cut short is noticed.

One line, written in its place again and again: tokens and bytes of the journal, and the seal there. It is less than a
sector of a disk, which is written as a whole or not at all. It is not waited for: after a power cut it may be behind
the journal, but never ahead of it, for it is written when the journal's own words are on the disk.
"""

import fcntl
import os
import re
from pathlib import Path
from typing import Final

from umbane.security.chain import NUMBER, SEAL, Position
from umbane.security.disk import open_file, read_at, sync, write_at
from umbane.security.errors import JournalError

__all__ = ["Mark", "SharedMark"]

SIZE: Final = 15
"""Digits of a number of bytes."""

LENGTH: Final = len(f"{0:0{NUMBER}} {0:0{SIZE}} ") + SEAL
FORM: Final = re.compile(rf"(\d{{{NUMBER}}}) (\d{{{SIZE}}}) ([0-9a-f]{{{SEAL - 1}}})\n".encode())


class Mark:
    """The file with the mark.

    Raises:
        OSError: it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.file = open_file(path)

    def close(self) -> None:
        """Close the file."""
        os.close(self.file)

    def read(self) -> Position | None:
        """The mark; None if there never was one.

        Raises:
            JournalError: it was altered.
        """
        text = read_at(self.file, LENGTH + 1, 0)
        form = FORM.fullmatch(text)
        if text and not form:
            raise JournalError(
                f"{self.name} was altered: it says how far the journal was, and is no such line any more"
            )
        return Position(int(form[1]), int(form[2]), form[3].decode()) if form else None

    def write(self, position: Position) -> None:
        """Put the mark somewhere else."""
        line = f"{position.tokens:0{NUMBER}} {position.size:0{SIZE}} {position.seal}\n"
        write_at(self.file, line.encode(), 0)

    def sync(self) -> None:
        """Wait until it is on the disk."""
        sync(self.file)


class SharedMark(Mark):
    """A mark that several processes put further, and none of them back."""

    def read(self) -> Position | None:
        """As of a mark of one's own; nobody writes meanwhile."""
        fcntl.flock(self.file, fcntl.LOCK_SH)
        try:
            return super().read()
        finally:
            fcntl.flock(self.file, fcntl.LOCK_UN)

    def write(self, position: Position) -> None:
        """Put the mark further. It isn't waited for another who does so just now: that one is about as far."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            seen = super().read()
            if seen is None or seen.size < position.size:
                super().write(position)
        finally:
            fcntl.flock(self.file, fcntl.LOCK_UN)
