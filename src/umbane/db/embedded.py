"""A PostgreSQL server of our own, under one folder: made, started, shared and stopped by whoever needs it.

In the folder lie `data` (PostgreSQL's own), `log` (a file for each day of the week), `run` (the socket) and, if you put
it there, `settings.conf` with settings of yours. The server listens on no network; its socket is open to whoever may
enter the folder.

Processes share one server. Each holds a shared lock on `users.lock` for as long as it needs the server, and whoever
leaves as the last one stops it. The operating system drops these locks with the process: a killed one leaves none.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from umbane.db.errors import DiskFullError, EmbeddedError, ServerInUseError
from umbane.db.programs import Programs, programs_for

__all__ = ["DATABASE", "ROLE", "EmbeddedServer"]

ROLE: Final = "umbane"
"""The role that owns the database. It is no superuser: triggers and rights hold for it as on any other server."""
DATABASE: Final = "umbane"
SUPERUSER: Final = "postgres"
SOCKET: Final = ".s.PGSQL.5432"
LONGEST_SOCKET: Final = 103
"""How many bytes the path of a socket may have; macOS allows the fewest."""
PAUSE: Final = 0.05
"""Seconds between two looks at a server that is coming or going."""
REASON_LINES: Final = 2
WEIGHTY: Final = ("FATAL:", "PANIC:", "ERROR:", "error:", "invalid ", "unrecognized ", "could not ")
"""What marks a line that says why something failed."""
MARK: Final = "umbane.lock"
"""The file whose lock allows to start and stop the server; it also marks a folder as ours."""
TRANSIENT: Final = ("already exists", "still in use", "pre-existing shared memory", "is being used")
"""Said by a new server while a killed one is not quite gone."""

SETTINGS: Final = """\
# Written by umbane at every start. Put settings of your own into settings.conf, one folder up.
listen_addresses = ''
unix_socket_directories = {socket}
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
max_wal_size = 4GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
logging_collector = on
log_directory = '../log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
include_if_exists = '../settings.conf'
# What was sold stays sold: these are not for choosing.
fsync = on
full_page_writes = on
synchronous_commit = on
"""


class EmbeddedServer:
    """The server under one folder, as seen by one process.

    Args:
        directory: the folder; made if it doesn't exist.
        patience: seconds to wait for the server to start, to stop, or for another process that does so.
    """

    def __init__(self, directory: Path, patience: float = 60.0) -> None:
        self.directory = directory.absolute()
        self.patience = patience
        self._share: int | None = None

    # ------------------------------------------------------------------------------------------------ what others call

    def start(self) -> None:
        """Make sure that the server runs, and that it does so until `close`. May be called again after a crash.

        Raises:
            EmbeddedError: it can't be made or started; the error says why.
            DiskFullError: for want of room.
        """
        with self._alone():
            held = self._share is not None
            self._share = self._share or self._lock_users(fcntl.LOCK_SH)
            try:
                if self._state() != "ready":
                    self._launch(self._ready_made())
            except BaseException:
                if not held:
                    self._release()
                raise

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

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None when there is none."""
        lines = self._pid_file()
        return int(lines[0]) if lines and self._is_ours(int(lines[0])) else None

    @property
    def socket_directory(self) -> Path:
        """The folder where the running server's socket is.

        Raises:
            EmbeddedError: it doesn't run.
        """
        lines = self._pid_file()
        if len(lines) < 5:  # noqa: PLR2004 - PostgreSQL writes the folder of the socket into the fifth line
            raise EmbeddedError(f"the server in {self.directory} doesn't run", "start it: umbane db start")
        return Path(lines[4])

    # ------------------------------------------------------------------------------------------------------- the folder

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.directory / "data"

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
        mark = self.directory / MARK
        if not self.directory.exists():
            self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
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

    # ------------------------------------------------------------------------------------------------ made from nothing

    def _ready_made(self) -> Programs:
        """The programs for this folder, and in the folder everything that a start needs."""
        programs = programs_for(self.directory, self.data)
        if programs.account and not programs.account.reaches(self.directory):
            self.directory.chmod(self.directory.stat().st_mode | 0o001)
            if not programs.account.reaches(self.directory):
                raise EmbeddedError(
                    f"PostgreSQL doesn't run as root, and its own account can't enter {self.directory}",
                    "name a folder in UMBANE_DATA that everybody can reach, such as one below /var/lib; "
                    "only the server will be able to read what is in it",
                )
        for name in ("log", "run"):
            _private(self.directory / name, programs)
        if not self.data.exists():
            self._create(programs)
        self._check_version(programs)
        return programs

    def _create(self, programs: Programs) -> None:
        """Make a cluster beside its place and move it there when it is whole."""
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _private(fresh, programs)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = ("--auth=trust", f"--username={SUPERUSER}", "--data-checksums", "--no-instructions")
        self._must(programs.run("initdb", "-D", fresh, *locale, *access, inside=fresh))
        sql = f"CREATE ROLE {ROLE} LOGIN\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n"
        self._must(programs.run("postgres", "--single", "-D", fresh, SUPERUSER, text=sql, inside=fresh))
        fresh.rename(self.data)
        _flush(self.directory)

    def _must(self, outcome: tuple[int, str]) -> None:
        code, said = outcome
        if code or "ERROR:" in said:
            raise _failure(f"no server can be made in {self.directory}", said)

    def _check_version(self, programs: Programs) -> None:
        made = (self.data / "PG_VERSION").read_text().strip()
        _, said = programs.run("postgres", "--version", inside=self.data)
        brought = said.split()[-1].partition(".")[0]
        if made != brought:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {made}, and this Umbane brings {brought}",
                "make a backup with the Umbane that made it, and restore that into a new folder with this one",
            )

    def _configure(self, programs: Programs) -> None:
        settings = self.data / "postgresql.conf"
        settings.write_text(SETTINGS.format(socket=_quoted(self._socket_directory(programs))))
        if programs.account:
            programs.account.own(settings)

    def _socket_directory(self, programs: Programs) -> Path:
        """The folder for the socket: ours, or one with a short name when ours is too long for a socket."""
        ours = self.directory / "run"
        if len(os.fsencode(ours / SOCKET)) <= LONGEST_SOCKET:
            return ours
        name = hashlib.sha256(os.fsencode(self.directory.resolve())).hexdigest()[:16]
        short = Path("/tmp", f"umbane-{name}")  # noqa: S108 - nobody else can enter it, which is checked
        _private(short, programs)
        return short

    # --------------------------------------------------------------------------------------------------- start and stop

    def _launch(self, programs: Programs) -> None:
        """Start the server, and wait until it answers; try again while a killed one is not quite gone."""
        deadline = time.monotonic() + self.patience
        log = self.directory / "log" / "start.log"
        begun = None
        while (state := self._state()) != "ready":
            if state is None and (begun is None or not _lives(begun)):
                if begun is not None and not any(words in (said := _tail(log.parent)) for words in TRANSIENT):
                    raise _failure(f"the server in {self.directory} doesn't start", said)
                begun = self._begin(programs, log)
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"the server in {self.directory} is {state or 'not started'} after {self.patience:.0f} s",
                    f"it may be recovering from a crash: look into {log.parent} and try again",
                )
            time.sleep(PAUSE)

    def _begin(self, programs: Programs, log: Path) -> int:
        """Start the server once, and answer its process id."""
        self._configure(programs)
        self._clear_stale_locks(programs)
        log.unlink(missing_ok=True)
        return programs.begin("postgres", "-D", self.data, log=log, inside=self.data)

    def _stop(self) -> None:
        """Stop the server, unless somebody needs it."""
        os.close(self._lock_users(fcntl.LOCK_EX))  # nobody can come while we are alone
        if (pid := self.pid) is None:
            return
        os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast" way: it ends every session, and writes everything down
        deadline = time.monotonic() + self.patience
        while _lives(pid):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"the server in {self.directory} hasn't stopped after {self.patience:.0f} s",
                    f"look into {self.directory / 'log'}; it goes on stopping",
                )
            time.sleep(PAUSE)

    def _clear_stale_locks(self, programs: Programs) -> None:
        """Remove the lock files of a server that is gone, when their number now means another process, or nothing.

        PostgreSQL does so itself when no process has the number. It can't know that the one which has it is no server.
        """
        lines = self._pid_file()
        orphaned = (self.data / "postmaster.pid").exists() and (not lines or psutil.pid_exists(int(lines[0])))
        if orphaned and not any(map(self._works_here, psutil.process_iter())):
            for lock in (self.data / "postmaster.pid", self._socket_directory(programs) / f"{SOCKET}.lock"):
                lock.unlink(missing_ok=True)

    def _state(self) -> str | None:
        """What the server says of itself ("starting", "ready", "stopping"), or None when there is none."""
        lines = self._pid_file()
        if not lines or not self._is_ours(int(lines[0])):
            return None
        return lines[7].strip() if len(lines) > 7 else "starting"  # noqa: PLR2004 - the eighth line comes last

    def _pid_file(self) -> list[str]:
        """The lines of postmaster.pid, or none when there is no whole number in the first."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
        return lines if lines and lines[0].strip().isdigit() else []

    def _is_ours(self, pid: int) -> bool:
        """Whether a process of this number lives and is a server of this folder."""
        try:
            return self._works_here(psutil.Process(pid))
        except psutil.NoSuchProcess:
            return False

    def _works_here(self, process: psutil.Process) -> bool:
        """Whether a process lives and has PostgreSQL's folder as its own, as a server and all its helpers do."""
        try:
            return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.data.resolve()
        except psutil.Error:
            return False


def _locked(file: int, kind: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(pid: int) -> bool:
    """Whether a process lives; one that is dead and was not waited for doesn't."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _private(folder: Path, programs: Programs) -> None:
    """Make a folder that only the server's account can enter, or check that it is one."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if programs.account:
            programs.account.own(folder)
    found = folder.lstat()
    owner = programs.account.uid if programs.account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise EmbeddedError(
            f"{folder} isn't a folder that only the server's account can enter", "look whose it is, and move it away"
        )


def _quoted(path: Path) -> str:
    """A path as one element of a list in PostgreSQL's settings."""
    element = str(path).replace('"', '""')
    return "'\"{}\"'".format(element.replace("\\", "\\\\").replace("'", "''"))


def _flush(folder: Path) -> None:
    """Make sure that the names in a folder survive a power cut."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _tail(folder: Path) -> str:
    """The end of the log that was written last, and of what the start said."""
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return "\n".join(log.read_text(errors="replace")[-4000:] for log in logs[-2:])


def _failure(problem: str, said: str) -> DiskFullError | EmbeddedError:
    """The error for what a program of PostgreSQL said, with its last words of weight."""
    if os.strerror(errno.ENOSPC) in said:
        return DiskFullError(f"{problem}: there is no room left on the disk", "make room, then try again")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    weighty = [line.partition("]")[2] or line for line in lines if any(word in line for word in WEIGHTY)]
    reason = " / ".join(" ".join(line.split()) for line in (weighty or lines)[-REASON_LINES:])
    return EmbeddedError(f"{problem}: {reason or 'it says nothing'}", "put that right, then try again")


def _in_words(directory: Path, error: OSError) -> DiskFullError | EmbeddedError:
    """The error for what the operating system refused."""
    if error.errno == errno.ENOSPC:
        return DiskFullError(f"there is no room left on the disk of {directory}", "make room, then try again")
    return EmbeddedError(
        f"the folder {directory} can't be used ({error.strerror})", "name one in UMBANE_DATA that you may write to"
    )
