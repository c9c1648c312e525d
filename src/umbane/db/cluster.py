"""The folder of a server of our own: what lies in it, how it is made, and what a running server has written there.

==================  =========================================================================================
``data/``           PostgreSQL's own files
``log/``            what the server says, a file for each day of the week, and what it said when it was started
``run/``            its socket, unless the folder's name is too long for one
``server.conf``     our settings, written at every start
``settings.conf``   settings of whoever runs it, if there are any
``programs/``       a copy of PostgreSQL's programs, if the server's account can't reach the installed ones
``umbane.lock``     who holds its lock may start and stop the server; it also marks the folder as ours
``users.lock``      who needs the server shares its lock
``keep``            is there while the server is to run on after everybody has left
==================  =========================================================================================

`data`, `log` and `run` belong to the account that the server runs under. All else belongs to whoever made the folder,
so that the server's account, were it taken over, could lead nobody astray who has more rights.
"""

import errno
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from umbane.db.errors import DiskFullError, EmbeddedError
from umbane.db.programs import Programs, programs_for

__all__ = ["DATABASE", "ROLE", "SOCKET", "SUPERUSER", "WORKER", "Cluster", "failure", "lives"]

ROLE: Final = "umbane"
"""The role that owns the database. It is no superuser: triggers and rights hold for it as on any other server."""
WORKER: Final = "umbane_worker"
"""The role with which Umbane works. It may do what `umbane.db.rights` says, and owns nothing."""
DATABASE: Final = "umbane"
SUPERUSER: Final = "postgres"
SOCKET: Final = ".s.PGSQL.5432"
LONGEST_SOCKET: Final = 103
"""How many bytes the path of a socket may have; macOS allows the fewest."""
REASON_LINES: Final = 2
WEIGHTY: Final = ("FATAL:", "PANIC:", "ERROR:", "error:", "invalid ", "unrecognized ", "could not ")
"""What marks a line that says why something failed."""
TAIL: Final = 10_000
"""How many bytes of a log are looked at."""
BEGINNING: Final = "starting PostgreSQL"
"""What every server says first."""

EIGHTH: Final = 8
LEAST_BUFFERS: Final = 128
MOST_BUFFERS: Final = 2048

SETTINGS: Final = """\
# Written by umbane at every start. Put settings of your own into settings.conf beside this file.
listen_addresses = ''
unix_socket_directories = {socket}
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = {buffers}MB
# The log grows as it is written: to fill it with zeros before is work that every sale would pay for.
wal_init_zero = off
max_wal_size = 4GB
checkpoint_timeout = 15min
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
include_if_exists = 'settings.conf'
# What was sold stays sold: these are not for choosing.
fsync = on
full_page_writes = on
synchronous_commit = on
"""


class Cluster:
    """What is in one folder.

    Args:
        directory: the folder.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "log"

    # ------------------------------------------------------------------------------------------------ made from nothing

    def ready_made(self) -> Programs:
        """Everything that a start needs, made if it isn't there; answer the programs for it.

        Raises:
            EmbeddedError: it can't be made, or was made by another PostgreSQL.
        """
        programs = programs_for(self.directory, self.data)
        self._let_in(programs)
        for name in ("log", "run"):
            _private(self.directory / name, programs)
        if not self.data.exists():
            self._create(programs)
        self._check_version(programs)
        return programs

    def _let_in(self, programs: Programs) -> None:
        """Let the server's account through our own folder, and no other."""
        if programs.account is None or programs.account.reaches(self.directory):
            return
        self.directory.chmod(self.directory.stat().st_mode | stat.S_IXOTH)
        if not programs.account.reaches(self.directory):
            raise EmbeddedError(
                f"PostgreSQL doesn't run as root, and its own account can't enter {self.directory}",
                "name a folder in UMBANE_DATA that everybody can reach, such as one below /var/lib; "
                "only the server will be able to read what is in it",
            )

    def _create(self, programs: Programs) -> None:
        """Make the data beside its place, and move it there when it is whole."""
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _private(fresh, programs)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = ("--auth=trust", f"--username={SUPERUSER}", "--data-checksums", "--no-instructions")
        self._must(programs.run("initdb", "-D", fresh, *locale, *access, inside=fresh))
        sql = f"CREATE ROLE {ROLE} LOGIN\nCREATE ROLE {WORKER} LOGIN\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n"
        self._must(programs.run("postgres", "--single", "-D", fresh, SUPERUSER, text=sql, inside=fresh))
        fresh.rename(self.data)
        _flush(self.directory)

    def _must(self, outcome: tuple[int, str]) -> None:
        code, said = outcome
        if code or "ERROR:" in said:
            raise failure(f"no server can be made in {self.directory}", said)

    def _check_version(self, programs: Programs) -> None:
        made = (self.data / "PG_VERSION").read_text().strip()
        _, said = programs.run("postgres", "--version", inside=self.data)
        brought = said.split()[-1].partition(".")[0]
        if made != brought:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {made}, and this Umbane brings {brought}",
                "make a backup with the Umbane that made it, and restore that into a new folder with this one",
            )

    # ------------------------------------------------------------------------------------------------------------ begin

    def begin(self, programs: Programs) -> int:
        """Begin to start the server, and answer its process id; `state` and `last_words` tell what becomes of it."""
        socket = self._socket_directory(programs)
        settings = self.directory / "server.conf"
        buffers = buffers_for(psutil.virtual_memory().total)
        settings.write_text(SETTINGS.format(socket=_quoted(socket), buffers=buffers))
        settings.chmod(0o644)
        self._clear_stale_locks(socket)
        log = self.log / "start.log"
        log.unlink(missing_ok=True)
        return programs.begin("postgres", "-D", self.data, "-c", f"config_file={settings}", log=log, inside=self.data)

    def _socket_directory(self, programs: Programs) -> Path:
        """The folder for the socket: ours, or one with a short name when ours is too long for a socket."""
        ours = self.directory / "run"
        if len(os.fsencode(ours / SOCKET)) <= LONGEST_SOCKET:
            return ours
        name = hashlib.sha256(os.fsencode(self.directory.resolve())).hexdigest()[:16]
        short = Path("/tmp", f"umbane-{name}")  # noqa: S108 - nobody else can enter it, which is checked
        _private(short, programs)
        return short

    def _clear_stale_locks(self, socket: Path) -> None:
        """Remove the lock files of a server that is gone, when their number now means another process, or nothing.

        PostgreSQL does so itself when no process has the number. It can't know that the one which has it is no server.
        """
        notes, lines = self.data / "postmaster.pid", self._notes()
        orphaned = notes.exists() and (not lines or psutil.pid_exists(int(lines[0])))
        if orphaned and not any(map(self._works_here, psutil.process_iter())):
            for lock in (notes, socket / f"{SOCKET}.lock"):
                lock.unlink(missing_ok=True)

    # ------------------------------------------------------------------------------------------- what the server writes

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None when there is none."""
        lines = self._notes()
        return int(lines[0]) if lines and self._is_ours(int(lines[0])) else None

    @property
    def state(self) -> str | None:
        """What the server says of itself ("starting", "ready", "stopping"), or None when there is none."""
        lines = self._notes()
        if not lines or not self._is_ours(int(lines[0])):
            return None
        return lines[7].strip() if len(lines) > 7 else "starting"  # noqa: PLR2004 - the eighth line comes last

    @property
    def socket_directory(self) -> Path:
        """The folder where the running server's socket is.

        Raises:
            EmbeddedError: it doesn't run.
        """
        lines = self._notes()
        if len(lines) < 5 or not lines[4]:  # noqa: PLR2004 - PostgreSQL writes the folder of the socket into the fifth line
            raise EmbeddedError(f"the server in {self.directory} doesn't run", "start it: umbane db start")
        return Path(lines[4])

    def first_words(self) -> str:
        """What the server said when it was last started, before it had a log."""
        return _tail(self.log / "start.log")

    def last_words(self) -> str:
        """What the server said since it was last started."""
        first = self.first_words()
        if "FATAL:" in first:
            return first
        logs = sorted(self.log.glob("postgresql-*.log"), key=lambda path: path.stat().st_mtime)
        return first + "".join(_tail(log).rpartition(BEGINNING)[2] for log in logs[-1:])

    def _notes(self) -> list[str]:
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


def buffers_for(memory: int) -> int:
    """MiB that the server keeps pages in, on a machine with so many bytes of memory: an eighth, within reason."""
    return min(max(memory // EIGHTH >> 20, LEAST_BUFFERS), MOST_BUFFERS)


def lives(pid: int) -> bool:
    """Whether a process lives; one that is dead and was not waited for doesn't."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def failure(problem: str, said: str) -> DiskFullError | EmbeddedError:
    """The error for what a program of PostgreSQL said, with its last words of weight."""
    if os.strerror(errno.ENOSPC) in said:
        return DiskFullError(f"{problem}: there is no room left on the disk", "make room, then try again")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    weighty = [line.partition("]")[2] or line for line in lines if any(word in line for word in WEIGHTY)]
    reason = " / ".join(" ".join(line.split()) for line in (weighty or lines)[-REASON_LINES:])
    return EmbeddedError(f"{problem}: {reason or 'it says nothing'}", "put that right, then try again")


def _tail(log: Path) -> str:
    """The end of a log, which may not be there."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - TAIL, 0))
        return file.read().decode(errors="replace")


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
