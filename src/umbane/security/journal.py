"""A module's journal on the disk: checked from its beginning when it is opened, and from then on only grown.

What lies before the mark was answered: it must be there, to the last byte. Behind the mark, whole batches are taken in,
for they may have been answered; an unfinished one at the very end never was, and is cut off.
"""

import io
import os
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from umbane.security.chain import SEAL, START, Batch, Entry, Position, Sealer, plain, sealed, unsealed
from umbane.security.disk import lock, open_file, read_at, sync, sync_folder, write_at
from umbane.security.errors import JournalError, OlderModuleError
from umbane.security.mark import Mark

__all__ = ["Journal"]


class Files(NamedTuple):
    """What is open, and for which process."""

    journal: int
    mark: Mark
    witness: Mark | None
    process: int


class Journal:
    """The journal of one module, open for one process at a time.

    Args:
        path: the file; made when it isn't there. The mark stands beside it.
        heading: the first entry of a new journal, which says whose it is.
        observe: is shown every batch: those from before, in their order, and then each one as it is written.
        sealer: makes the seals.
        witness: a second mark, somewhere else, which is there already unless the journal is new.

    Raises:
        ModuleBusyError: another process has it open.
        OlderModuleError: the witness has seen more of it.
        JournalError: it was altered, or can't be read or written.
    """

    def __init__(
        self,
        path: Path,
        heading: str,
        observe: Callable[[Batch], None],
        *,
        sealer: Sealer = plain,
        witness: Path | None = None,
    ) -> None:
        self.name, self.observe, self.sealer = path.name, observe, sealer
        self.end = self.kept = START
        self.starts, self.counts = array("Q"), array("Q")  # bytes and tokens before each batch
        self.files: Files | None = None
        self.failed, self.keeping = False, Lock()
        try:
            with self.guarded():
                self.open(path, Entry(0, heading), witness)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have it, when all is on the disk."""
        files = self.files
        try:
            if files and not self.failed and files.process == os.getpid():
                self.keep(self.end)
        finally:
            self.files = None
            if files:
                for mark in (files.mark, files.witness):
                    if mark:
                        mark.close()
                os.close(files.journal)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let nothing more happen after a failure: what is on the disk then is found out when it is opened again."""
        try:
            yield
        except OSError as error:
            self.failed = True
            raise JournalError(f"{self.name} can't be used: {error.strerror}; nothing is issued without it") from error
        except BaseException:
            self.failed = True
            raise

    def require_open(self) -> Files:
        """What is open.

        Raises:
            JournalError: it was closed, it failed, or this is a copy of the process that opened it.
        """
        if self.files is None or self.failed or self.files.process != os.getpid():
            raise JournalError(f"{self.name} is not open here: nothing is issued without it; open the module again")
        return self.files

    # ------------------------------------------------------------------------------------------------------- opening

    def open(self, path: Path, heading: Entry, witness: Path | None) -> None:
        """Make it or read it, and put it in order."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.files = opened(path, witness)
        marked = self.files.mark.read()
        self.read_through(marked)
        if self.files.witness:
            self.require_witnessed(self.files.witness.read())
        if self.end == START:
            self.begin(heading)
            for file in filter(None, (path, witness)):
                sync_folder(file.parent)
        self.settle(marked or START)

    def read_through(self, marked: Position | None) -> None:
        """Check every batch, and that the one the mark speaks of is among them."""
        reached = marked is None
        with open(self.require_open().journal, "rb", closefd=False) as lines:
            for batch in unsealed(self.name, lines, START, self.sealer):
                self.take(batch)
                reached |= batch.end == marked
        if marked is None and len(self.starts) > 1:
            raise JournalError(f"{self.name} has {self.end.tokens} tokens, but its mark is gone: was its end cut off?")
        if marked is not None and not reached:
            raise JournalError(
                f"{self.name}: by its mark, {marked.tokens} tokens end at byte {marked.size}, and from byte"
                f" {min(self.end.size, marked.size)} on it isn't so: it was cut off or altered, or one of them is older"
            )

    def require_witnessed(self, seen: Position | None) -> None:
        """Refuse a journal that isn't the one of which the witness has seen the most."""
        if seen is None and self.end != START:
            raise OlderModuleError(
                f"{self.name} has {self.end.tokens} tokens, but its witness saw nothing: it was emptied or replaced"
            )
        if seen is not None:
            self.require_holds(seen, "its witness")

    def require_holds(self, seen: Position, by: str) -> None:
        """Refuse to be an older journal, or another one, than somebody has seen.

        Args:
            seen: where it once ended.
            by: who says so, for the error.

        Raises:
            OlderModuleError: it never ended there.
        """
        if not self.holds(seen):
            raise OlderModuleError(
                f"{by} saw {self.name} at {seen.tokens} tokens and {seen.size} bytes, and it has {self.end.tokens} and"
                f" {self.end.size}, or others: an older copy was put in its place, and nothing is issued with it"
            )

    def holds(self, seen: Position) -> bool:
        """Whether it once ended there."""
        number = bisect_right(self.starts, seen.size) - 1
        if seen in {START, self.end}:
            return True
        if number < 1 or self.starts[number] != seen.size or self.counts[number] != seen.tokens:
            return False
        seal = read_at(self.require_open().journal, SEAL - 1, seen.size - SEAL)
        return seal.decode("ascii", "replace") == seen.seal

    def begin(self, heading: Entry) -> None:
        """Write the heading of a new journal, in the place of one that was never finished."""
        file = self.require_open().journal
        content, batch = sealed(START, [heading], self.sealer)
        if not content.startswith(read_at(file, len(content) + 1, 0)):
            raise JournalError(f"{self.name} is no journal, and it is not empty: it is left as it was")
        write_at(file, content, 0)
        self.take(batch)

    def settle(self, marked: Position) -> None:
        """Cut off what was never finished, and make sure that all the rest is on the disk.

        What lies behind the mark is written once more: after a disk's error, the system may show what isn't there.
        """
        files = self.require_open()
        os.ftruncate(files.journal, self.end.size)
        write_at(files.journal, read_at(files.journal, self.end.size - marked.size, marked.size), marked.size)
        self.keep(self.end)
        files.mark.sync()
        if files.witness:
            files.witness.write(self.end)
            files.witness.sync()

    # ------------------------------------------------------------------------------------------------------- working

    def append(self, entries: Sequence[tuple[int, str]]) -> int:
        """Write entries, or tuples like them, as one batch; the number of its first token.

        The module must not answer before it was kept, too.

        Raises:
            JournalError: it can't be written, or somebody else wrote to the file.
        """
        files = self.require_open()
        content, batch = sealed(self.end, entries, self.sealer)
        with self.guarded():
            self.require_untouched(files.journal)
            write_at(files.journal, content, self.end.size)
        self.take(batch)
        return batch.start.tokens

    def keep(self, position: Position) -> None:
        """Wait until all before a position is on the disk. One wait is for all that was written until it began.

        This, and nothing else, may be called by another thread.

        Raises:
            JournalError: it can't be kept.
        """
        with self.keeping:  # who waited first must not put the marks back behind who waited last
            if position.size <= self.kept.size:
                return
            files, end = self.require_open(), self.end
            with self.guarded():
                sync(files.journal)
                files.mark.write(end)
                if files.witness:
                    files.witness.write(end)
            self.kept = end

    def take(self, batch: Batch) -> None:
        """Know of a batch."""
        self.starts.append(batch.start.size)
        self.counts.append(batch.start.tokens)
        self.end = batch.end
        self.observe(batch)

    def check(self) -> None:
        """Look at the file as it is now.

        Raises:
            JournalError: somebody removed it or wrote to it.
        """
        with self.guarded():
            self.require_untouched(self.require_open().journal)

    def require_untouched(self, file: int) -> None:
        """Refuse to go on in a file that was removed, or that somebody else wrote to."""
        state = os.fstat(file)
        if not state.st_nlink or state.st_size != self.end.size:
            raise JournalError(f"{self.name} was removed or changed while the module works: nothing more is issued")

    # ------------------------------------------------------------------------------------------------------- reading

    def batches(self, count: int) -> Iterator[Batch]:
        """The batch with token number ``count`` and all later ones, each checked again.

        Raises:
            JournalError: one doesn't fit its seal any more.
        """
        number = max(bisect_right(self.counts, count) - 1, 0)
        while number < len(self.starts):
            yield self.batch(number)
            number += 1

    def batch(self, number: int) -> Batch:
        """One batch, by its place."""
        file, start = self.require_open().journal, self.starts[number]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else self.end.size
        with self.guarded():
            seal = read_at(file, SEAL - 1, start - SEAL).decode("ascii", "replace") if start else START.seal
            lines = io.BytesIO(read_at(file, end - start, start))
            for batch in unsealed(self.name, lines, Position(self.counts[number], start, seal), self.sealer):
                return batch
            raise JournalError(f"{self.name}: from byte {start} on, token {self.counts[number]}, it was altered")


def opened(path: Path, witness: Path | None) -> Files:
    """The files of a journal, locked."""
    with ExitStack() as stack:
        journal = open_file(path)
        stack.callback(os.close, journal)
        lock(journal, path.name)
        mark = Mark(path.with_suffix(".mark"))
        stack.callback(mark.close)
        files = Files(journal, mark, Mark(witness) if witness else None, os.getpid())
        stack.pop_all()
    return files
