"""`umbane people` and `umbane apikeys`: from nobody to people who sign in and a till that sells, without a program."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from base64 import b32decode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from tests.cli.calls import call, done, refused
from tests.project.tree import ROOT
from tests.registry.town import Town, build
from umbane.api import seal
from umbane.api.people import Gate
from umbane.api.problems import ApiError
from umbane.api.secondfactor import totp, typed
from umbane.db import Server, open_database
from umbane.registry import api_key_by_secret, history, operator_by_name

pytestmark = pytest.mark.usefixtures("town")

PASSWORD = "four words will do"  # noqa: S105 - of a test
ADD = ["people", "add", "thandi", "--full-name", "Thandi Nkosi", "--role", "engineer"]


@pytest.fixture
def town(place: Server) -> Town:
    """Give a utility with a till and nobody in it."""

    async def make() -> Town:
        async with open_database(place) as opened:
            return await build(opened, "seaview", 1)

    return asyncio.run(make())


@pytest.fixture
def sealing(place: Server, tmp_path: Path) -> Path:
    """Give a seal key in its file."""
    file = tmp_path / "seal.key"
    done(place, "people", "seal-key", file)
    return file


def sign_in(place: Server, sealing: Path, secret: bytes, password: str = PASSWORD) -> str:
    """Let Thandi sign in; answer her token."""
    key = bytes.fromhex(sealing.read_text())

    async def work() -> str:
        async with open_database(place) as database:
            gate = Gate(database, key)
            code = totp(secret, int(datetime.now(UTC).timestamp()) // 30)
            return (await gate.sign_in("seaview", "thandi", password, code)).token

    return asyncio.run(work())


def secret_in(output: str) -> bytes:
    """The secret that a telephone would read."""
    (uri,) = re.findall(r"otpauth://\S+", output)
    text: str = parse_qs(urlsplit(uri).query)["secret"][0]
    return b32decode(text)


# -------------------------------------------------------------------------------------------------------------- people


def test_from_nobody(place: Server, sealing: Path) -> None:
    """Three commands make somebody who signs in, and each says what is next."""
    assert "There is nobody yet." in done(place, "people", "list")
    assert done(place, *ADD).splitlines() == [
        "Added Thandi Nkosi as thandi: engineer.",
        "Next: umbane people password thandi, then: umbane people totp thandi",
    ]
    assert "no password, no second factor" in done(place, "people", "list")
    said = done(place, "people", "password", "thandi", "--file", "-", typed_in=PASSWORD + "\n")
    assert said == "The password of thandi is set.\n"
    shown = done(place, "people", "totp", "thandi", "--seal-key", sealing)
    secret = secret_in(shown)
    assert f"Secret     {typed(secret)}\n" in shown
    assert "otpauth://totp/Town%20of%20seaview:thandi?secret=" in shown
    assert sign_in(place, sealing, secret).startswith("ums_")
    listed = done(place, "people", "list")
    assert "Thandi Nkosi" in listed
    assert "no " not in listed


def test_who_did_it(place: Server, town: Town, sealing: Path) -> None:
    """Every step is in the record with who was at the terminal, and without a secret."""
    done(place, *ADD)
    done(place, "people", "password", "thandi", "--file", "-", typed_in=PASSWORD)
    shown = done(place, "people", "totp", "thandi", "--seal-key", sealing)
    done(place, "people", "roles", "thandi", "--role", "supervisor", "--role", "auditor")
    done(place, "people", "block", "thandi", "--reason", "on leave")

    async def look() -> list[str]:
        async with open_database(place) as database, database.reading() as connection:
            who = await operator_by_name(connection, town.id, "thandi")
            return [f"{it.by} {it.action} {it.details}" for it in await history(connection, town.id, who.id)]

    told = asyncio.run(look())
    assert [it.split()[1] for it in told] == [
        "operator.add", "operator.password_hash", "operator.totp_secret", "operator.roles", "operator.blocked",
    ]  # fmt: skip
    assert all(it.startswith("cli:") for it in told)
    assert not [it for it in told if PASSWORD in it or "argon2" in it or secret_in(shown).hex() in it]


def test_roles(place: Server) -> None:
    """Somebody gets other roles instead of those they had."""
    done(place, *ADD)
    said = done(place, "people", "roles", "thandi", "--role", "supervisor", "--role", "auditor")
    assert said == "thandi is now: auditor, supervisor.\n"


def test_blocked(place: Server, sealing: Path) -> None:
    """Whoever is blocked doesn't sign in, until they are unblocked."""
    done(place, *ADD)
    done(place, "people", "password", "thandi", "--file", "-", typed_in=PASSWORD)
    secret = secret_in(done(place, "people", "totp", "thandi", "--seal-key", sealing))
    assert (
        done(place, "people", "block", "thandi", "--reason", "left")
        == "thandi is blocked, and signed out everywhere.\n"
    )
    assert "blocked" in done(place, "people", "list")
    with pytest.raises(ApiError):
        sign_in(place, sealing, secret)
    assert done(place, "people", "unblock", "thandi", "--reason", "is back") == "thandi may sign in again.\n"
    assert sign_in(place, sealing, secret)


@pytest.mark.parametrize("change", ["password", "totp", "block", "sign-out"])
def test_sessions_end(place: Server, sealing: Path, change: str) -> None:
    """With another password or second factor, a block, or by command, somebody is signed out everywhere."""
    done(place, *ADD)
    done(place, "people", "password", "thandi", "--file", "-", typed_in=PASSWORD)
    secret = secret_in(done(place, "people", "totp", "thandi", "--seal-key", sealing))
    sign_in(place, sealing, secret)
    words = {
        "password": ["--file", "-"], "totp": ["--seal-key", str(sealing)], "block": ["--reason", "x"], "sign-out": [],
    }  # fmt: skip
    said = done(place, "people", change, "thandi", *words[change], typed_in="another four words")
    assert change != "sign-out" or said == "thandi was signed out of 1 session.\n"

    async def is_open() -> object:
        async with open_database(place) as database, database.reading() as connection:
            return await connection.fetchval("SELECT count(*) FROM api.session WHERE ended_at IS NULL")

    assert asyncio.run(is_open()) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["people", "password", "nobody", "--file", "-"], "there is no operator nobody"),
        (["people", "totp", "nobody"], "make one: umbane people seal-key FILE"),
        (["people", "roles", "nobody", "--role", "auditor"], "there is no operator nobody"),
        (["people", "block", "nobody", "--reason", "x"], "there is no operator nobody"),
        (["people", "sign-out", "nobody"], "there is no operator nobody"),
        (["people", "block", "nobody"], "Missing option '--reason'"),
        (["people", "password", "nobody", "secret"], "unexpected extra argument"),
        (["people", "roles", "nobody", "--role", "king"], "'king' is not one of"),
        (["people", "add", "thandi", "--full-name", "T"], "Missing option '--role'"),
        (["people", "add", "no name", "--full-name", "T", "--role", "auditor"], "name: 'no name'"),
        (["people", "add", "t", "--full-name", "=1+1", "--role", "auditor"], "begins with ="),
        ([*ADD, "--vendor", "nobody"], "there is no vendor nobody"),
        ([*ADD, "--utility", "nowhere"], "there is no utility nowhere"),
    ],
)
def test_refused(place: Server, words: list[str], told: str) -> None:
    """What can't be is refused in one line, and changes nothing."""
    assert told.replace("'", "") in refused(place, *words, typed_in=PASSWORD).replace("'", "")
    assert "There is nobody yet." in done(place, "people", "list")


def test_a_name_twice(place: Server) -> None:
    """A name belongs to one person."""
    done(place, *ADD)
    assert "there is one already" in refused(place, *ADD)


# ------------------------------------------------------------------------------------------------------------ passwords


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it has 0 characters; give 12 to 256"),
        ("short\n", "it has 5 characters"),
        ("aaaaaaaaaaaaaaaaaaa\n", "few characters again and again"),
        ("my name is thandi nkosi\n", "the name is in it"),
        ("two lines\nof words\n", "it has several lines"),
        ("x" * 5000, "it has 4096 characters"),
    ],
)
def test_bad_passwords(place: Server, text: str, told: str) -> None:
    """A password that is none, or easily guessed, isn't taken."""
    done(place, *ADD)
    assert told in refused(place, "people", "password", "thandi", "--file", "-", typed_in=text)
    assert "no password" in done(place, "people", "list")


def test_a_password_from_a_file(place: Server, tmp_path: Path) -> None:
    """A password is read from a file that an editor wrote; from one that isn't there, or isn't text, none is."""
    done(place, *ADD)
    (tmp_path / "good").write_bytes(PASSWORD.encode() + b"\r\n")
    (tmp_path / "bad").write_bytes(b"\xff\xfe" * 20)
    assert "is set" in done(place, "people", "password", "thandi", "--file", tmp_path / "good")
    for name in ("none", "bad"):
        assert "can't be read" in refused(place, "people", "password", "thandi", "--file", tmp_path / name)


def test_nobody_types(place: Server) -> None:
    """Where nobody is at the terminal, a password isn't waited for."""
    done(place, *ADD)
    assert "nobody is at the terminal" in refused(place, "people", "password", "thandi", typed_in=PASSWORD)


def at_terminal(place: Server, words: list[str], *lines: str) -> tuple[int, str]:
    """Type lines at a terminal, each when something is asked; answer the exit code and what was on the screen."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "umbane", *words]
    environment = {**os.environ, "UMBANE_DATABASE_URL": place.url, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT)
    os.close(theirs)
    screen, waiting = "", list(lines)
    while True:
        try:
            read = os.read(ours, 1024).decode()
        except OSError:  # the other end was closed
            break
        if not read:
            break
        screen += read
        if waiting and screen.endswith(": "):
            os.write(ours, (waiting.pop(0) + "\n").encode())
    os.close(ours)
    return process.wait(), screen


def test_typed(place: Server) -> None:
    """A password that is typed twice is never on the screen; one that is typed differently is asked for again."""
    done(place, *ADD)
    code, screen = at_terminal(
        place, ["people", "password", "thandi"], PASSWORD, "a slip of the hand", PASSWORD, PASSWORD
    )
    assert (code, "The password of thandi is set." in screen) == (0, True)
    assert PASSWORD not in screen


# -------------------------------------------------------------------------------------------------------- second factor


def test_a_telephone_that_is_wrong(place: Server, sealing: Path) -> None:
    """At a terminal nothing is kept until the app shows a right code."""
    done(place, *ADD)
    words = ["people", "totp", "thandi", "--seal-key", str(sealing)]
    code, screen = at_terminal(place, words, "000000", "abc", "12345678")
    assert (code, screen.count("That isn't it.")) == (2, 3)
    assert "none was right, and nothing was changed" in screen
    assert "no second factor" in done(place, "people", "list")


def test_no_seal_key(place: Server, tmp_path: Path) -> None:
    """Without a key no second factor is made; a file that isn't there is told."""
    done(place, *ADD)
    assert "umbane people seal-key FILE" in refused(place, "people", "totp", "thandi")
    assert "can't be read" in refused(place, "people", "totp", "thandi", "--seal-key", tmp_path / "none")
    assert "that is no key" in refused(place, "people", "totp", "thandi", UMBANE_SEAL_KEY="x")


def test_sealed_elsewhere(place: Server, sealing: Path) -> None:
    """A second factor that was sealed with a key opens with no other."""
    done(place, *ADD)
    done(place, "people", "password", "thandi", "--file", "-", typed_in=PASSWORD)
    secret = secret_in(done(place, "people", "totp", "thandi", "--seal-key", sealing))
    sealing.write_text("ab" * 32)
    with pytest.raises(ApiError, match="can't be opened here"):
        sign_in(place, sealing, secret)
    assert seal(bytes(32), uuid4(), secret) != seal(bytes(32), uuid4(), secret)


# ----------------------------------------------------------------------------------------------------------------- keys

ISSUE = ["apikeys", "issue", "V-1", "T-1", "--label", "till 1"]


def issued(place: Server, *words: str) -> str:
    """The secret of a new key: the only line on standard output."""
    result = call(place, *ISSUE, *words)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    return result.stdout.strip()


def test_a_key(place: Server, town: Town) -> None:
    """A key is shown once, listed without its secret, and works nowhere after its revocation."""
    secret = issued(place, "--scope", "sell", "--per-minute", "600", "--per-sale", "500.00", "--per-day", "20000")

    async def work() -> tuple[str, object]:
        async with open_database(place) as database, database.reading() as connection:
            key = await api_key_by_secret(connection, secret)
            return str(key.id), (key.scopes, key.limits.money_per_sale, key.limits.money_per_day, key.terminal_id)

    id_, told = asyncio.run(work())
    assert told == ({"sell"}, 50_000, 2_000_000, town.terminal.id)
    listed = done(place, "apikeys", "list")
    assert [it for it in (id_, "V-1/T-1", "till 1", "sell") if it not in listed] == []
    assert secret not in listed
    assert done(place, "apikeys", "revoke", id_, "--reason", "lost") == f"Key {id_} is revoked.\n"
    assert "There is no key." in done(place, "apikeys", "list")
    assert "revoked" in done(place, "apikeys", "list", "--all")
    assert f"there is no key {id_} that works" in refused(place, "apikeys", "revoke", id_, "--reason", "again")


def test_usual_scopes(place: Server) -> None:
    """Unless it is said otherwise a key quotes, sells, reprints and finds."""
    result = call(place, *ISSUE)
    assert ": find, quote, reprint, sell." in result.stderr
    assert "find, quote" in done(place, "apikeys", "list")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([*ISSUE, "--scope", "engineer"], "none that a program may have"),
        ([*ISSUE, "--scope", "own"], "none that a program may have"),
        ([*ISSUE, "--scope", "everything"], "none that a program may have"),
        ([*ISSUE, "--per-minute", "0"], "0 is not in the range"),
        ([*ISSUE, "--per-sale", "0"], "is no limit"),
        ([*ISSUE, "--per-sale", "1.005"], "--per-sale"),
        ([*ISSUE, "--per-day", "-5"], "--per-day"),
        (["apikeys", "issue", "V-1", "T-9", "--label", "x"], "its tills: T-1"),
        (["apikeys", "issue", "V-9", "T-1", "--label", "x"], "there is no vendor V-9"),
        (["apikeys", "issue", "V-1", "T-1"], "Missing option '--label'"),
        (["apikeys", "issue", "V-1", "T-1", "--label", "=x"], "begins with ="),
        (["apikeys", "revoke", "x", "--reason", "x"], "not a valid UUID"),
        (["apikeys", "revoke", str(uuid4()), "--reason", "x"], "umbane apikeys list shows those that work"),
        (["apikeys", "revoke", str(uuid4())], "Missing option '--reason'"),
    ],
)
def test_bad_keys(place: Server, words: list[str], told: str) -> None:
    """A key that can't be isn't made, and none is revoked that there isn't."""
    assert told.replace("'", "") in refused(place, *words).replace("'", "")
    assert "There is no key." in done(place, "apikeys", "list")


# -------------------------------------------------------------------------------------------------- alone at the server


def alarms(place: Server) -> list[str]:
    """What alarms say."""

    async def work() -> list[str]:
        async with open_database(place) as database, database.reading() as connection:
            return [row[0] for row in await connection.fetch("SELECT kind || ': ' || words FROM api.alarm ORDER BY id")]

    return asyncio.run(work())


def test_alone_at_the_server(place: Server, sealing: Path, tmp_path: Path) -> None:
    """Setting up the first two people is no alarm; whatever lets somebody in after that is one, and a block is none."""
    key = "--seal-key", sealing
    for name in ("awa", "bo"):
        done(place, "people", "add", name, "--full-name", name, "--role", "administrator", "--person", f"e-{name}")
        done(place, "people", "password", name, "--file", "-", typed_in=PASSWORD)
        done(place, "people", "totp", name, *key)
    assert alarms(place) == []
    done(place, *ADD)
    done(place, "people", "roles", "thandi", "--role", "auditor")
    assert "thandi is e-awa." in done(place, "people", "person", "thandi", "E-AWA")
    done(place, "people", "password", "thandi", "--file", "-", typed_in=PASSWORD)
    done(place, "people", "block", "thandi", "--reason", "left")
    done(place, "people", "unblock", "thandi", "--reason", "back")
    file = tmp_path / "policy.json"
    file.write_text('{"sale": {"largest_money": 700}}')
    done(place, "books", "limit", "V-1", "9000.00", "--reason", "good year")
    assert '"largest_money": 700' in done(place, "registry", "policy", "--set", file, "--reason", "theft")
    assert alarms(place) == [
        "server: somebody new: thandi", "server: roles of thandi", "server: personnel number of thandi",
        "server: another password of thandi", "server: an unblocking of thandi", "server: what V-1 may owe: good year",
        "server: another policy: theft",
    ]  # fmt: skip
    assert "e-awa" in done(place, "people", "list")


def test_others_kept_out_first(place: Server, sealing: Path) -> None:
    """Who keeps everybody else out before doing something alone at the server raises an alarm all the same."""
    for name in ("awa", "bo"):
        done(place, "people", "add", name, "--full-name", name, "--role", "administrator")
        done(place, "people", "password", name, "--file", "-", typed_in=PASSWORD)
        done(place, "people", "totp", name, "--seal-key", sealing)
    done(place, "people", "block", "awa", "--reason", "left")
    done(place, "books", "limit", "V-1", "9000.00", "--reason", "good year")
    done(place, "people", "unblock", "awa", "--reason", "back")
    issued(place, "--scope", "sell", "--scope", "find")
    assert alarms(place) == [
        "server: what V-1 may owe: good year",
        "server: an unblocking of awa",
        "server: an API key for V-1/T-1: sell, find",
    ]


def test_a_table_with_debts(place: Server, sealing: Path, tmp_path: Path) -> None:
    """A table that puts debts on accounts is an alarm where two could agree; without any, or as a trial, it is none."""
    for name in ("awa", "bo"):
        done(place, "people", "add", name, "--full-name", name, "--role", "administrator")
        done(place, "people", "password", name, "--file", "-", typed_in=PASSWORD)
        done(place, "people", "totp", name, "--seal-key", sealing)
    table = tmp_path / "meters.csv"
    for arrears, words in (("", ()), ("outstanding=100", ("--dry-run",)), ("outstanding=100", ())):
        table.write_text(f"meter,sgc,krn,ti,arrears\n07000000021,123456,1,1,{arrears}\n")
        call(place, "registry", "import", "meters", table, *words)
    assert alarms(place) == ["server: debts or free units of meters.csv"]


def test_one_person_alone(place: Server, sealing: Path) -> None:
    """Two names of one person are not two people, so there is nobody whom an alarm could tell."""
    for name in ("awa", "awa-2"):
        done(place, "people", "add", name, "--full-name", "Awa", "--role", "administrator", "--person", "e-1")
        done(place, "people", "password", name, "--file", "-", typed_in=PASSWORD)
        done(place, "people", "totp", name, "--seal-key", sealing)
    done(place, *ADD)
    assert alarms(place) == []


def test_a_policy_that_is_none(place: Server, tmp_path: Path) -> None:
    """The policy is printed as JSON that can be given back; what is none, or has no reason, is refused."""
    file = tmp_path / "policy.json"
    file.write_text(done(place, "registry", "policy"))
    done(place, "registry", "policy", "--set", file, "--reason", "as it was")
    assert "--reason" in refused(place, "registry", "policy", "--set", file)
    for text in ("{", '{"sale": {"largest": 1}}', "[]"):
        file.write_text(text)
        refused(place, "registry", "policy", "--set", file, "--reason", "x")


@pytest.mark.parametrize("number", ["=1", "e 1", "x" * 31])
def test_a_person_that_is_none(place: Server, number: str) -> None:
    """What can't be a personnel number is refused."""
    done(place, *ADD)
    assert "person" in refused(place, "people", "person", "thandi", number)
    assert "person" in refused(place, "people", "add", "x", "--full-name", "X", "--role", "cashier", "--person", number)
