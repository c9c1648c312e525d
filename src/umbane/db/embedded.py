"""A PostgreSQL server of our own under one folder, started, shared and stopped by whoever needs it.

Processes share one server. Each holds a shared lock on `users.lock` for as long as it needs the server, and whoever
leaves as the last one stops it. The operating system drops these locks with the process: a killed one leaves none.
The server listens on no network; its socket is open to whoever may enter the folder.
"""

import errno
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from umbane.db.cluster import DATABASE, ROLE, SOCKET, SUPERUSER, WORKER, Cluster, failure, lives
from umbane.db.errors import DiskFullError, EmbeddedError, ServerInUseError
from umbane.db.programs import Programs

__all__ = ["DATABASE", "ROLE", "SOCKET", "SUPERUSER", "WORKER", "EmbeddedServer"]

PAUSE: Final = 0.05
"""Seconds between two looks at a server that is coming or going."""
TRANSIENT: Final = ("already exists", "still in use", "pre-existing shared memory", "is being used")
"""Said by a new server while a killed one is not quite gone."""


class EmbeddedServer:
    """The server under one folder, as seen by one process.

    Args:
        directory: the folder; made if it doesn't exist.
        patience: seconds to wait for the server to start, to stop, or for another process that does so.
    """

    def __init__(self, directory: Path, patience: float = 60.0) -> None:
        self.directory = directory.absolute()
        self.patience = patience
        self._cluster = Cluster(self.directory)
        self._share: int | None = None

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self._cluster.data

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None when there is none."""
        return self._cluster.pid

    @property
    def socket_directory(self) -> Path:
        """The folder where the running server's socket is.

        Raises:
            EmbeddedError: it doesn't run.
        """
        return self._cluster.socket_directory

    def start(self) -> None:
        """Make sure that the server runs, and that it does so until `close`. May be called again after a crash.

        Raises:
            EmbeddedError: it can't be made or started; the error says why.
            DiskFullError: for want of room.
        """
        with self._alone():
            share = self._lock_users(fcntl.LOCK_SH) if self._share is None else self._share
            try:
                if self._cluster.state != "ready":
                    self._launch(self._cluster.ready_made())
            except BaseException:
                if self._share is None:
                    os.close(share)
                raise
            self._share = share

    def close(self) -> None:
        """Need the server no longer; whoever is the last to say so stops it, unless `keep` was asked for.

        Raises:
            EmbeddedError: it doesn't stop in time.
        """
        if self._share is None:
            return
        with self._alone():
            self._release()
            if not self._kept.exists():
                with suppress(ServerInUseError):
                    self._stop()

    def keep(self) -> None:
        """Let the server run on after everybody has left, until `stop`."""
        self._kept.touch()

    def stop(self) -> None:
        """Stop the server.

        Raises:
            ServerInUseError: another process needs it.
            EmbeddedError: it doesn't stop in time.
        """
        with self._alone():
            self._release()
            self._stop()
            self._kept.unlink(missing_ok=True)

    # ------------------------------------------------------------------------------------------------------------ locks

    @property
    def _kept(self) -> Path:
        return self.directory / "keep"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else starts or stops this server meanwhile; what the operating system refuses is told in words."""
        try:
            mark = self._open_mark()
            try:
                self._wait_for_lock(mark)
                yield
            finally:
                os.close(mark)
        except OSError as error:
            raise _in_words(self.directory, error) from error

    def _open_mark(self) -> int:
        """Open the file that marks the folder as ours, and make both if need be."""
        mark = self.directory / "umbane.lock"
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not mark.exists() and any(self.directory.iterdir()) and not mark.exists():  # another may just have made it
            raise EmbeddedError(f"{self.directory} holds other things", "name a folder that is empty or not there yet")
        return os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)

    def _wait_for_lock(self, file: int) -> None:
        deadline = time.monotonic() + self.patience
        while not _locked(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"another process has been starting or stopping the server in {self.directory} for a long time",
                    "look what it is doing, then try again",
                )
            time.sleep(PAUSE)

    def _lock_users(self, kind: int) -> int:
        """Say that we need the server (shared), or that nobody does (exclusive).

        Raises:
            ServerInUseError: that isn't so.
        """
        file = os.open(self.directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if _locked(file, kind):
            return file
        os.close(file)
        raise ServerInUseError(f"another process uses the server in {self.directory}", "stop that process first")

    def _release(self) -> None:
        if self._share is not None:
            os.close(self._share)
            self._share = None

    # --------------------------------------------------------------------------------------------------- start and stop

    def _launch(self, programs: Programs) -> None:
        """Start the server, and wait until it answers; try again while a killed one is not quite gone."""
        deadline = time.monotonic() + self.patience
        begun = None
        while (state := self._cluster.state) != "ready":
            if state is None and (begun is None or not lives(begun)):
                if begun is not None:
                    self._check_last_words()
                begun = self._cluster.begin(programs)
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"the server in {self.directory} is {state or 'not started'} after {self.patience:.0f} s",
                    f"it may be recovering from a crash: look into {self._cluster.log} and try again",
                )
            time.sleep(PAUSE)

    def _check_last_words(self) -> None:
        """Look why a server that was begun is gone: go on only if the next one may fare better."""
        if not any(words in self._cluster.first_words() for words in TRANSIENT):
            raise failure(f"the server in {self.directory} doesn't start", self._cluster.last_words())

    def _stop(self) -> None:
        """Stop the server, unless somebody needs it."""
        os.close(self._lock_users(fcntl.LOCK_EX))  # nobody can come while we are alone
        if (pid := self.pid) is None:
            return
        os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast" way: it ends every session, and writes everything down
        deadline = time.monotonic() + self.patience
        while lives(pid):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"the server in {self.directory} hasn't stopped after {self.patience:.0f} s",
                    f"look into {self._cluster.log}; it goes on stopping",
                )
            time.sleep(PAUSE)


def _locked(file: int, kind: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_words(directory: Path, error: OSError) -> DiskFullError | EmbeddedError:
    """The error for what the operating system refused."""
    if error.errno == errno.ENOSPC:
        return DiskFullError(f"there is no room left on the disk of {directory}", "make room, then try again")
    return EmbeddedError(
        f"the folder {directory} can't be used ({error.strerror})", "name one in UMBANE_DATA that you may write to"
    )
