"""`umbane db`, `umbane jobs`, `umbane backup` and `umbane restore`, as somebody at a terminal sees them."""

import asyncio
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.database import quick_folder, two_roles
from umbane.cli import main
from umbane.db import Database, NewJob, Retries, Server, connected, enqueue
from umbane.db.embedded import EmbeddedServer
from umbane.db.jobs import Failure, claim, fail, finish
from umbane.db.schema import known

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAST = known()[-1]


def call(where: Server | Path, *words: str) -> Result:
    """Call a command for the database at a place."""
    here = (
        {"UMBANE_DATABASE_URL": where.url, "UMBANE_DATABASE_OWNER_URL": where.owner_url}
        if isinstance(where, Server)
        else {"UMBANE_DATABASE_URL": None, "UMBANE_DATABASE_OWNER_URL": None, "UMBANE_DATA": str(where)}
    )
    return CliRunner().invoke(main, words, env={"COLUMNS": "160", **here})


def lines(result: Result, code: int = 0) -> list[str]:
    """What a command printed, when it ended as it should."""
    assert result.exit_code == code, result.output
    return result.output.splitlines()


@pytest.fixture
def queue(place: Server) -> Server:
    """Give a database with a job in each state: 1 waits, 2 is done, 3 is dead."""

    async def work(database: Database) -> None:
        jobs = [
            NewJob("sms.receipt", {"sale": "018f"}),
            NewJob("sms.receipt"),
            NewJob("webhook.sale", {"to": "é\x1b[2J"}),
        ]
        await database.run(lambda it: enqueue(it, jobs, NOW))
        names, lease = ["sms.receipt", "webhook.sale"], timedelta(minutes=1)
        first, second, third = await database.run(
            lambda it: claim(it, names, worker="till-1", limit=9, now=NOW, lease=lease)
        )
        await database.run(lambda it: finish(it, [second], NOW))
        failures = [Failure(first, "no network"), Failure(third, "410 \x1b[31mGone", hopeless=True)]
        await database.run(lambda it: fail(it, failures, Retries(), [0.5, 0.5], NOW))

    async def fill() -> None:
        async with connected(place) as database:
            await work(database)

    asyncio.run(fill())
    return place


# ------------------------------------------------------------------------------------------------------------------- db


def test_our_own_server(own: EmbeddedServer) -> None:
    """The server is started, looked at, brought up to date and stopped, and each step says what is next."""
    home = own.directory
    assert lines(call(home, "db", "status"), 1) == [f"The server in {home} doesn't run. Start it with: umbane db start"]
    (said,) = lines(call(home, "db", "start"))
    assert re.fullmatch(rf"The server in {home} runs as process \d+, until: umbane db stop", said)
    first, second, third = lines(call(home, "db", "status"), 1)
    assert re.fullmatch(rf"The embedded server in {home} runs PostgreSQL 18\.\d+ and holds \d+ kB\.", first)
    assert second == f"Its tables are not made yet: {len(known())} migrations wait to be applied."
    assert third == "Apply them with: umbane db migrate"
    assert lines(call(home, "db", "migrate"))[-1] == f"The tables are up to date, at migration {LAST.number}."
    assert lines(call(home, "db", "status"))[-2:] == [
        f"Its tables are up to date, at migration {LAST.number}.",
        "Umbane works here as umbane_worker, which can't take away what guards the tables.",
    ]
    assert lines(call(home, "db", "stop")) == [f"The server in {home} is stopped."]
    assert lines(call(home, "db", "stop")) == [f"The server in {home} doesn't run."]


def test_stopped_by_the_last(own: EmbeddedServer) -> None:
    """A command that needs the server starts it and stops it again."""
    lines(call(own.directory, "db", "migrate"))
    assert own.pid is None


def test_not_under_others(own: EmbeddedServer) -> None:
    """The server isn't stopped while another process uses it."""
    own.start()
    assert lines(call(own.directory, "db", "stop"), 2)[0].startswith("error: another process uses the server in ")


@pytest.mark.parametrize("word", ["start", "stop"])
def test_not_our_server(place: Server, word: str) -> None:
    """Another server is neither started nor stopped."""
    (said,) = lines(call(place, "db", word), 2)
    assert said.startswith("error: UMBANE_DATABASE_URL: names a server that Umbane doesn't start or stop; unset it")


def test_migrated_already(place: Server) -> None:
    """A database that is up to date is left as it is."""
    assert lines(call(place, "db", "migrate")) == [f"The tables are up to date, at migration {LAST.number}."]


def test_behind(place: Server) -> None:
    """A database that lacks one migration says so."""

    async def forge() -> None:
        async with connected(place.as_owner()) as database:
            await database.run(lambda it: it.execute("DELETE FROM db.migration WHERE number = $1", LAST.number))

    asyncio.run(forge())
    assert lines(call(place, "db", "status"), 1)[1] == "Its tables are behind: 1 migration waits to be applied."


def test_one_role(empty_place: Server) -> None:
    """With one role all goes on, and it is said that this role could take the guards away."""
    lines(call(empty_place, "db", "migrate"))
    assert lines(call(empty_place, "db", "status"))[-1] == (
        "Umbane works here as umbane, which owns tables, and can take their guards away. "
        'See "Two roles" on the page about the database.'
    )
    lines(call(empty_place, "jobs", "list"))


def test_two_roles(empty_place: Server) -> None:
    """A database that had one role gets a second by a migration that names both; then that one works alone."""
    lines(call(empty_place, "db", "migrate"))
    two = two_roles(empty_place)
    alone = Server(two.url)
    (said,) = lines(call(alone, "jobs", "list"), 2)
    assert "this role has no right to that (permission denied for schema db); umbane db migrate gives it" in said
    assert lines(call(two, "db", "status"))[-1] == (
        "Umbane works here as umbane_worker, whose rights aren't what they should be. Mend them with: umbane db migrate"
    )
    lines(call(two, "db", "migrate"))
    for place in (two, alone):
        assert lines(call(place, "db", "status"))[-1].endswith("which can't take away what guards the tables.")
    assert lines(call(alone, "jobs", "list")) == ["There are no jobs."]
    assert lines(call(alone, "db", "migrate")) == [f"The tables are up to date, at migration {LAST.number}."]


@pytest.mark.parametrize("words", [["db", "status"], ["db", "migrate"], ["jobs", "list"], ["backup", "file"]])
def test_no_server(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that doesn't answer is told in one line, without a traceback and without a password."""
    monkeypatch.chdir(tmp_path)
    (said,) = lines(call(Server(f"postgresql://me:s3cret@/it?host={tmp_path}"), *words), 2)
    assert said.startswith("error: the database 'it' at this machine doesn't answer (")
    assert said.endswith("; start it, or correct UMBANE_DATABASE_URL")
    assert "s3cret" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["jobs", "list"],
        ["jobs", "retry", "--all"],
        ["backup", "file"],
        ["books", "prove"],
        ["books", "trial-balance"],
        ["registry", "find", "Mary"],
        ["registry", "show", "01234567890"],
    ],
)
@pytest.mark.parametrize("made", [True, False])
def test_nothing_yet(words: list[str], folder: Path, *, made: bool) -> None:
    """Whoever looks for something where nothing was ever kept is told so in one line, and nothing is made."""
    home = folder / "home"
    if made:
        home.mkdir()
    (said,) = lines(call(home, *words), 2)
    assert said == (
        f"error: there is no database in {home} yet; "
        "make one with umbane db migrate, or name another place in UMBANE_DATA or UMBANE_DATABASE_URL"
    )
    assert list(folder.rglob("*")) == [home] * made


@pytest.mark.parametrize(
    "words", [["jobs", "list"], ["jobs", "show", "1"], ["jobs", "retry", "--all"], ["jobs", "dead"]]
)
def test_no_tables(empty_place: Server, words: list[str]) -> None:
    """A database without our tables is told in one line, with what to do."""
    (said,) = lines(call(empty_place, *words), 2)
    assert said.startswith("error: migrations wait to be applied: 0001_db_jobs.sql and ")
    assert said.endswith("make a backup, then: umbane db migrate")


# ----------------------------------------------------------------------------------------------------------------- jobs


def test_no_jobs(place: Server) -> None:
    """An empty queue is called so."""
    assert lines(call(place, "jobs", "list")) == ["There are no jobs."]


def test_list(queue: Server) -> None:
    """The list shows each job on a line, the newest first, with its state, time and problem, and counts them."""
    title, *rows, last = lines(call(queue, "jobs", "list"))
    assert title.split() == ["job", "state", "name", "when", "tries", "problem"]
    assert [re.split(r"  +", row.strip()) for row in rows] == [
        ["3", "dead", "webhook.sale", "dead since 2026-03-01 12:00:00 UTC", "1", "410 ?[31mGone"],
        ["2", "done", "sms.receipt", "done 2026-03-01 12:00:00 UTC", "1"],
        ["1", "waiting", "sms.receipt", "due 2026-03-01 12:00:05 UTC", "1", "no network"],
    ]
    assert last == "In all: 1 waiting, 1 done, 1 dead."


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["list", "--state", "done"], ["2"]),
        (["list", "--state", "done", "--state", "dead"], ["3", "2"]),
        (["list", "--name", "sms.receipt"], ["2", "1"]),
        (["list", "--limit", "1"], ["3"]),
        (["list", "--state", "taken"], []),
        (["dead"], ["3"]),
    ],
)
def test_some(queue: Server, words: list[str], numbers: list[str]) -> None:
    """Only the jobs asked for are listed; the count is of all."""
    *rows, last = lines(call(queue, "jobs", *words))
    assert [row.split()[0] for row in rows[1:]] == numbers
    assert last == "In all: 1 waiting, 1 done, 1 dead."


def test_show(queue: Server) -> None:
    """Everything about a job is shown, a line for each thing, and nothing that a terminal would obey."""
    assert lines(call(queue, "jobs", "show", "3")) == [
        "job 3",
        "  state              dead",
        "  name               webhook.sale",
        "  when               dead since 2026-03-01 12:00:00 UTC",
        "  enqueued           2026-03-01 12:00:00 UTC",
        "  tries              1",
        "  problem            410 ?[31mGone",
        '  payload            {"to": "é\\u001b[2J"}',
    ]


@pytest.mark.parametrize("way", ["3", "--all"])
def test_retry(queue: Server, way: str) -> None:
    """A dead job is enqueued again, and both jobs know of it."""
    assert lines(call(queue, "jobs", "retry", way)) == ["job 3 is enqueued again as 4"]
    assert "  enqueued again as  4" in lines(call(queue, "jobs", "show", "3"))
    assert "  state              waiting" in lines(call(queue, "jobs", "show", "4"))
    assert lines(call(queue, "jobs", "retry", "--all")) == ["No job is dead."]
    assert lines(call(queue, "jobs", "list"))[-1] == "In all: 2 waiting, 1 done, 1 retried."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "99"], "error: there is no job 99; umbane jobs list shows those there are"),
        (["retry", "1"], "error: job 1 isn't dead; umbane jobs dead shows those that are"),
        (["retry", "3", "99"], "error: job 99 isn't dead; umbane jobs dead shows those that are"),
        (["show", "0"], "Error: Invalid value for 'NUMBER': 0 is not in the range 1<=x<=9223372036854775807."),
        (
            ["retry", str(2**63)],
            f"Error: Invalid value for '[NUMBERS]...': {2**63} is not in the range 1<=x<={2**63 - 1}.",
        ),
        (["retry"], "Error: Give the numbers of dead jobs, or --all."),
        (["retry", "3", "--all"], "Error: Give the numbers of dead jobs, or --all."),
    ],
)
def test_wrong_jobs(queue: Server, words: list[str], said: str) -> None:
    """A number that means no job, or none that can be retried, is told, and nothing is changed."""
    assert lines(call(queue, "jobs", *words), 2)[-1] == said
    assert lines(call(queue, "jobs", "list"))[-1] == "In all: 1 waiting, 1 done, 1 dead."


# --------------------------------------------------------------------------------------------------- backup and restore


def test_drill(queue: Server, tmp_path: Path) -> None:
    """A backup is made, and restored into a folder that didn't exist."""
    (said,) = lines(call(queue, "backup", str(tmp_path / "file")))
    size = (tmp_path / "file").stat().st_size
    assert re.fullmatch(rf"Backed up \d+ rows of \d+ tables into {tmp_path}/file \({size:,} bytes\)\.", said)
    folder = quick_folder()
    restored, proof = lines(call(folder / "drill", "restore", str(tmp_path / "file")))
    assert restored.endswith(f"tables into the embedded server in {folder}/drill.")
    assert re.fullmatch(r"Every table is as it was on \d\d \w+ \d{4} at [\d:]{8} UTC\.", proof)
    assert lines(call(folder / "drill", "jobs", "list"))[-1] == "In all: 1 waiting, 1 done, 1 dead."
    shutil.rmtree(folder)


def test_backup_twice(place: Server, tmp_path: Path) -> None:
    """A backup is never written over."""
    lines(call(place, "backup", str(tmp_path / "file")))
    (said,) = lines(call(place, "backup", str(tmp_path / "file")), 2)
    assert said == f"error: {tmp_path}/file exists; name a file that doesn't"


def test_restore_over_something(place: Server, tmp_path: Path) -> None:
    """A backup is restored into an empty database only."""
    lines(call(place, "backup", str(tmp_path / "file")))
    (said,) = lines(call(place, "restore", str(tmp_path / "file")), 2)
    assert said.startswith("error: the database isn't empty: it has ")


def test_restore_of_an_older_umbane(empty_place: Server, own: EmbeddedServer, tmp_path: Path) -> None:
    """After a backup of an older Umbane was restored, the next step is told."""
    lines(call(empty_place, "backup", str(tmp_path / "file")))
    last = lines(call(own.directory, "restore", str(tmp_path / "file")))[-1]
    assert last == "It was made by an older Umbane. Bring its tables up to date with: umbane db migrate"


def test_restore_nothing(empty_place: Server, tmp_path: Path) -> None:
    """A file that isn't there is told."""
    (said,) = lines(call(empty_place, "restore", str(tmp_path / "file")), 2)
    assert said.endswith("can't be read (No such file or directory); name a file made by umbane backup")
