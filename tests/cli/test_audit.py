"""`umbane audit`, as whoever runs the log, an auditor, a second custodian and a customer call it."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result
from msgspec.json import encode

from tests.audit.naive import mth, subproof
from tests.audit.support import note
from tests.cli.calls import call, done, refused
from umbane.audit import Signer, canonical, leaf_hash, make_signer, read_signer
from umbane.cli import main
from umbane.db import Server, open_database


def noted(place: Server, *numbers: int) -> None:
    """Let something happen."""

    async def work() -> None:
        async with open_database(place) as database:
            await note(database, *numbers)

    asyncio.run(work())


def alone(*words: str | Path, **environment: str) -> Result:
    """Call a command that needs no database, where there is none."""
    env = {"UMBANE_DATABASE_URL": "postgresql://nobody@/nothing?host=/nowhere", **environment}
    return CliRunner().invoke(main, [*map(str, words)], env=env)


def alarmed(result: Result) -> str:
    """What an alarm says."""
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("ALARM: ")
    assert "Traceback" not in result.output
    return result.stderr


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Give the key that signs heads."""
    file = tmp_path / "audit.key"
    assert alone("audit", "key", file).exit_code == 0
    return file


def test_from_the_first_entry_to_the_last_check(place: Server, key: Path, tmp_path: Path) -> None:
    """What happened gets its place, is exported for its owner alone, and verified where there is no database."""
    export, public = tmp_path / "export", key.with_suffix(".pub")
    assert done(place, "audit", "head") == "Nothing was signed yet.\n"
    assert "nothing was signed yet" in refused(place, "audit", "export", export)
    noted(place, 1, 2, 3)
    assert done(place, "audit", "sequence", "--audit-key", key) == "3 entries got their places.\n"
    assert done(place, "audit", "head").startswith("head 3 2")
    assert done(place, "audit", "export", export) == f"{export}: 3 entries\n"
    assert export.stat().st_mode & 0o777 == 0o600
    told = alone("audit", "verify", export, "--key", public)
    assert told.exit_code == 0, told.output
    assert "What stands there is what was signed: 3 entries under 1 head." in told.output
    assert "can't be made (File exists)" in refused(place, "audit", "export", export)
    heads = tmp_path / "heads"
    heads.write_text(done(place, "audit", "head"))
    assert (
        "It fits 1 head collected elsewhere."
        in alone("audit", "verify", export, "--key", public, "--heads", heads).output
    )


def test_an_export_that_was_altered(place: Server, key: Path, tmp_path: Path) -> None:
    """Of an export that was altered the first entry is named, and the exit code is 1."""
    noted(place, 1, 2, 3)
    done(place, "audit", "sequence", "--audit-key", key)
    export = tmp_path / "export"
    done(place, "audit", "export", export)
    export.write_bytes(export.read_bytes().replace(b'"number":2', b'"number":7'))
    public = key.with_suffix(".pub")
    assert "line 3: entry 1 was altered" in alarmed(alone("audit", "verify", export, "--key", public))
    assert "line 1 of what was collected" in alarmed(
        alone("audit", "verify", export, "--key", public, "--heads", export)
    )
    other = tmp_path / "other.key"
    make_signer(other)
    assert "can't be read" in alone("audit", "verify", export, "--key", tmp_path / "none").output
    assert "can't be read" in alone("audit", "verify", export, "--key", public, "--heads", tmp_path / "none").output


def test_keys(place: Server, key: Path) -> None:
    """A key comes from the environment too; one that others can read, or that exists already, is refused."""
    noted(place, 1)
    told = call(place, "audit", "sequence", UMBANE_AUDIT_KEY=key.read_text())
    assert told.output == "1 entry got its place.\n"
    assert "exists" in refused(place, "audit", "key", key)
    key.chmod(0o644)
    assert "others can read" in refused(place, "audit", "sequence", "--audit-key", key)
    assert "UMBANE_AUDIT_KEY holds no Ed25519 key" in refused(place, "audit", "sequence", UMBANE_AUDIT_KEY="x")


def test_a_forged_log_is_an_alarm(place: Server, key: Path) -> None:
    """Where the log isn't what was signed last, nothing more is signed, and the exit code is 1."""

    async def forge() -> None:
        async with open_database(place) as database:
            await database.run(
                lambda tx: tx.execute("INSERT INTO audit.head SELECT 9, at, root, key, signature FROM audit.head")
            )

    noted(place, 1)
    done(place, "audit", "sequence", "--audit-key", key)
    asyncio.run(forge())
    noted(place, 2)
    assert "isn't what was signed when it had 9" in alarmed(call(place, "audit", "sequence", "--audit-key", key))


def test_receipts_that_there_arent(place: Server, tmp_path: Path, key: Path) -> None:
    """There is no receipt for a sale that nobody made, and what is no receipt is an alarm."""
    told = refused(place, "audit", "receipt", "00000000-0000-0000-0000-000000000007")
    assert "there is no such sale" in told
    file = tmp_path / "receipt"
    file.write_text("{}")
    assert "no receipt" in alarmed(alone("audit", "check", file, "--key", key.with_suffix(".pub")))


# ------------------------------------------------------------------------------------------------- the second custodian


class Log(BaseHTTPRequestHandler):
    """A log of another house, honest or not, as its API shows it."""

    signer: ClassVar[Signer]
    shown: ClassVar[Sequence[bytes]]
    proven: ClassVar[Sequence[bytes]]
    status: ClassVar[int]
    broken: ClassVar[bytes | None]
    then: ClassVar[list[Callable[[], None]]]

    def do_GET(self) -> None:
        """Answer."""
        url = urlsplit(self.path)
        query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
        said = getattr(self, url.path.rpartition("/")[2])(**query)
        body = self.broken if self.broken is not None else encode(said)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def head(self) -> dict[str, Any]:
        """The last head; before it is shown something may happen."""
        if self.then:
            self.then.pop(0)()
        return {"line": self.line(), "size": len(self.shown)}

    def line(self) -> str:
        """As text."""
        return str(self.signer.sign(len(self.shown), mth(self.shown), datetime(2026, 3, 1, tzinfo=UTC)))

    def heads(self, after: int, limit: int) -> dict[str, Any]:
        """All of them: one."""
        assert limit
        return {"items": [] if after else [self.head()]}

    def consistency(self, old: int, new: int) -> dict[str, Any]:
        """A proof."""
        return {"proof": [it.hex() for it in subproof(old, self.proven[:new])]}

    def entries(self, start: int, limit: int) -> dict[str, Any]:
        """Entries; every other one is somebody else's."""
        items = enumerate(self.proven[start : start + min(limit, 4)], start)
        return {"items": [{"leaf": leaf_hash(it).hex(), "entry": None if n % 2 else it.decode()} for n, it in items]}

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """Nobody's."""
        return "somebody"


@pytest.fixture
def log(folder: Path, key: Path) -> Iterator[Path]:
    """Give the socket of a log with ten entries."""
    Log.signer, Log.status, Log.broken, Log.then = read_signer(key), 200, None, []
    show(10)
    socket = folder / "log"
    with UnixStreamServer(str(socket), Log) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield socket
        server.shutdown()
        thread.join()


def show(count: int, *, forged: bool = False) -> None:
    """Let the log have so many entries."""
    Log.shown = Log.proven = [
        canonical({"n": it, "kind": "forged" if forged and it == 3 else "x"}) for it in range(count)
    ]


def collected(log: Path, key: Path, state: Path, *more: str) -> Result:
    """Let the custodian look."""
    words = "audit", "collect", "http://log", "--key", key.with_suffix(".pub"), "--state", state, "--socket", log
    return alone(*words, *more)


def test_a_custodian(log: Path, key: Path, tmp_path: Path) -> None:
    """Heads of a log that grows are collected one by one, and one that was seen before isn't kept again."""
    state = tmp_path / "heads"
    for count, grown in ((10, 10), (10, 0), (17, 7), (40, 23)):
        show(count)
        told = collected(log, key, state)
        assert told.exit_code == 0, told.output
        assert told.output.startswith(f"{count} entries, {grown} more than before; signed at 2026-03-01")
    assert [it.split()[1] for it in state.read_text().splitlines()] == ["10", "17", "40"]


def test_a_custodian_is_shown_something_else(log: Path, key: Path, tmp_path: Path) -> None:
    """A log that was cut back, one with another past or one that proves nothing raises an alarm, and isn't kept."""
    state = tmp_path / "heads"
    collected(log, key, state)
    kept = state.read_text()
    show(7)
    assert "it was cut back" in alarmed(collected(log, key, state))
    show(20, forged=True)
    assert "there are two logs" in alarmed(collected(log, key, state))
    show(10, forged=True)
    assert "there are two logs" in alarmed(collected(log, key, state))
    show(20)
    Log.proven = [b"other"] * 20
    assert "there are two logs" in alarmed(collected(log, key, state))
    make_signer(tmp_path / "other.key")
    assert "isn't known here" in alarmed(collected(log, tmp_path / "other.key", tmp_path / "none"))
    assert state.read_text() == kept


def test_a_custodian_who_goes_on(log: Path, key: Path, tmp_path: Path) -> None:
    """A custodian who goes on collects what comes, bears with a log that is away, and ends with the first alarm."""
    state = tmp_path / "heads"

    def away() -> None:
        Log.status = 503

    def back() -> None:
        Log.status = 200
        show(30)

    Log.then += [lambda: show(10), lambda: show(20), away, back, lambda: show(25)]
    told = collected(log, key, state, "--every", "0.001")
    away_once, cut_back = told.stderr.splitlines()
    assert (told.exit_code, away_once) == (1, "URL: it answers 503; look at the address and the token")
    assert cut_back.startswith("ALARM: the log had 30 entries")
    assert [it.split()[1] for it in state.read_text().splitlines()] == ["10", "20", "30"]


def test_a_log_that_stands_still(log: Path, key: Path, tmp_path: Path) -> None:
    """A head that is older than a custodian lets one be is an alarm, although it fits."""
    state = tmp_path / "heads"
    assert "the last head is of 2026-03-01" in alarmed(collected(log, key, state, "--oldest", "3"))
    assert len(state.read_text().splitlines()) == 1
    assert collected(log, key, state, "--oldest", "900000").exit_code == 0


def test_a_log_that_doesnt_answer(log: Path, key: Path, tmp_path: Path) -> None:
    """A log that is away, answers nonsense or refuses is no fork: the exit code is 2."""
    state = tmp_path / "heads"
    for status, body, words in (
        (200, b"<html>", "doesn't answer (JSONDecodeError)"),
        (200, b"[]", "it answers 200"),
        (404, b'{"detail":"nothing was signed yet"}', "it answers 404: nothing was signed yet"),
    ):
        Log.status, Log.broken = status, body
        told = collected(log, key, state)
        assert (told.exit_code, words in told.output) == (2, True), told.output
    told = collected(tmp_path / "nowhere", key, state)
    assert (told.exit_code, "there is no socket at" in told.output) == (2, True)
    told = alone("audit", "collect", "prepaid.example", "--key", key.with_suffix(".pub"), "--state", state)
    assert (told.exit_code, "URL: 'prepaid.example' is none" in told.output) == (2, True), told.output
    Log.status, Log.broken = 200, b"{}"
    assert "no head" in alarmed(collected(log, key, state))
    assert not state.exists()


def test_an_auditor_fetches_the_log(log: Path, key: Path, tmp_path: Path) -> None:
    """Over the API an auditor gets an export: whole, with the entries of others as their leaves."""
    file, public = tmp_path / "export", key.with_suffix(".pub")
    told = alone("audit", "fetch", "http://log", file, "--socket", log, UMBANE_TOKEN="ums_x")  # noqa: S106 - nobody's
    assert told.output == f"{file}: 10 entries\n"
    checked = alone("audit", "verify", file, "--key", public)
    assert "5 of them not shown" in checked.output
    Log.proven = Log.shown[:5]
    words = "audit", "fetch", "http://log", tmp_path / "another", "--socket", log
    assert "fewer entries than its head says" in alarmed(alone(*words))
    assert not (tmp_path / "another").exists()
