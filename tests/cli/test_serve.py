"""`umbane serve` as whoever runs it sees it: it starts, sells, finishes what it began, and says why it can't."""

import asyncio
import json
import signal
from pathlib import Path

import psutil
from click.testing import CliRunner

from tests.api.house import Process, furnished, serving, till, till_key
from tests.db.program import begin
from umbane.api import Listening, listening
from umbane.cli import main
from umbane.db import Database, Server

UNTIL_SERVED = 30.0
NOWHERE = "postgresql://umbane@/umbane?host=%2Fnowhere"
LISTEN = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
input()
"""


def refused(*words: str | Path, **environment: str) -> str:
    """What a command says that can't serve."""
    run = CliRunner().invoke(main, ["serve", *map(str, words)], env={"UMBANE_SEAL_KEY": None, **environment})
    assert run.exit_code == 2, run.output
    return run.output.removeprefix("error: ").strip()


def refused_outside(place: Server, *words: str | Path, **environment: str) -> str:
    """The same of a process of its own: no test may use the network."""
    process = Process(place, *words, **environment)
    _, said = process.popen.communicate(timeout=UNTIL_SERVED)
    assert process.popen.returncode == 2, said
    return said.removeprefix("error: ").strip()


async def test_a_life(database: Database, place: Server, folder: Path) -> None:
    """It says where it serves, is alive and ready, sells, and ends well; the next one gives the same digits."""
    town, at = await furnished(database), folder / "a"
    body = {"message_id": "m1", "meter": str(town.meter.pan.drn), "order": {"kind": "buy", "money": 20_000}}
    key, digits = await till_key(town), []
    for status in (201, 200):
        with serving(place, "--socket", at, "--module", folder / "modules") as process:
            async with till(at, key) as http:
                assert (await http.get("/health")).json() == {"status": "alive"}
                assert (await http.get("/ready")).json() == {"status": "ready"}
                answer = await http.post("/v1/sales", json=body)
            assert answer.status_code == status
            digits.append(answer.json()["tokens"][0]["digits"])
            code, said = process.end(signal.SIGINT)
        assert code == 0
        assert [json.loads(line)["operation"] for line in said.splitlines()] == ["health", "readiness", "sell"]
    assert digits[0] == digits[1]


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    """A folder for the journals that nobody can make is told by its option."""
    (tmp_path / "file").touch()
    said = refused("--module", tmp_path / "file" / "modules")
    assert said.startswith("--module: ")
    assert "can't be made (Not a directory)" in said


async def test_a_request_under_way(database: Database, place: Server, folder: Path) -> None:
    """Whoever is asked to end still answers what was begun, and nothing that comes later."""
    town, at = await furnished(database), folder / "a"
    order = {"message_id": "m1", "meter": str(town.meter.pan.drn), "order": {"kind": "buy", "money": 20_000}}
    body = json.dumps(order).encode()
    head = (
        f"POST /v1/sales HTTP/1.1\r\nHost: till\r\nAuthorization: Bearer {await till_key(town)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with serving(place, "--socket", at, "--module", folder / "modules", "--quiet") as process:
        reader, writer = await asyncio.open_unix_connection(at)
        writer.write(head.encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 100")
        process.popen.send_signal(signal.SIGTERM)
        while await is_served(at):  # noqa: ASYNC110 - another process has no event for it
            await asyncio.sleep(0.01)
        writer.write(body)
        answer = await reader.read()
        writer.close()
        assert b"HTTP/1.1 201" in answer
        _, said = process.popen.communicate(timeout=UNTIL_SERVED)
        assert (process.popen.returncode, said, at.exists()) == (0, "", False)


async def is_served(at: Path) -> bool:
    """Whether anybody listens there."""
    try:
        _, writer = await asyncio.open_unix_connection(at)
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    writer.close()
    return True


def test_a_port_that_is_taken(place: Server, folder: Path) -> None:
    """At somebody else's port nothing is served."""
    other = begin(LISTEN)
    assert other.stdout
    port = other.stdout.readline().strip()
    wanted = f"--port: another program listens at http://127.0.0.1:{port}; stop it, or give another --port"
    assert refused_outside(place, "--port", port, "--module", folder, "--workers", "2") == wanted
    other.communicate("done")


def test_an_address_of_somebody_else(place: Server, folder: Path) -> None:
    """An address that isn't this machine's is refused with its name."""
    said = refused_outside(place, "--host", "192.0.2.1", "--module", folder)
    assert said.startswith("--host: can't listen at http://192.0.2.1:8080: ")


def test_a_socket_that_is_taken(folder: Path) -> None:
    """Where somebody listens, nobody else does."""
    at = folder / "a"
    with listening(Listening(socket=at)):
        wanted = f"--socket: another program listens at {at}; stop it, or name another place"
        assert refused("--socket", at, "--module", folder) == wanted
        assert at.exists()
    assert not at.exists()


def test_a_file_where_the_socket_should_be(folder: Path) -> None:
    """A file that is no socket is left as it was."""
    at = folder / "a"
    at.write_text("dear")
    assert refused("--socket", at, "--module", folder) == f"--socket: {at} is a file; name another place"
    assert at.read_text() == "dear"


def test_a_folder_that_is_not_there(folder: Path) -> None:
    """A socket in no folder is refused with its place."""
    at = folder / "no" / "a"
    assert refused("--socket", at, "--module", folder).startswith(f"--socket: can't listen at unix:{at}: ")


def test_a_log_without_a_key() -> None:
    """With a module in another process nothing is served before it is said which key signs the log."""
    wanted = "--audit-key: it isn't said with which key the log is signed; name its file"
    assert refused("--module", "unix:/nowhere/m").startswith(wanted)


def test_a_key_that_is_none(folder: Path) -> None:
    """A seal key of another length is refused before anything is opened."""
    wanted = "UMBANE_SEAL_KEY: that is no key; give 64 hexadecimal digits"
    assert refused("--socket", folder / "a", "--module", folder, UMBANE_SEAL_KEY="ab") == wanted


def test_workers_that_can_not_start(place: Server, folder: Path) -> None:
    """When no process can serve, each says why, and nothing is served."""
    said = refused_outside(
        place, "--workers", "2", "--socket", folder / "a", "--module", folder, UMBANE_DATABASE_URL=NOWHERE
    )
    assert "at this machine doesn't answer" in said


async def test_workers_that_are_left_alone(place: Server, folder: Path) -> None:
    """When the process that started the others is killed, they end by themselves."""
    words = "--workers", "2", "--socket", folder / "a", "--module", folder / "modules", "--quiet"
    with serving(place, *words) as process:
        async with till(folder / "a", "nobody") as http:
            assert (await http.get("/health")).is_success
        left = psutil.Process(process.popen.pid).children()
        process.kill()
        assert [len(it) for it in psutil.wait_procs(left, timeout=UNTIL_SERVED)] == [2, 0]
