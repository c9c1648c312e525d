"""The drill: back up, restore into an empty server, compare everything."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.database import quick_folder
from tests.db.program import begin
from tests.db.release import fill
from tests.db.shape import shape
from umbane.db import Database, Embedded, Limits, Server, backup, connected, open_database, restore
from umbane.db.archive import Header, body, writing
from umbane.db.backup import fingerprints
from umbane.db.errors import BackupError, EmbeddedError, NotEmptyError, RestoreDiffersError, SchemaNewerError
from umbane.db.programs import client_program

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

OTHERS = """
SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01)
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

Program = Callable[[str, str], str]

ODD = """
CREATE SCHEMA "odd Name";
CREATE TABLE "odd Name"."select" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, the_row text, b bytea, j jsonb,
    t timestamptz, d double precision, n numeric, a text[], parent bigint REFERENCES "odd Name"."select");
INSERT INTO "odd Name"."select" (the_row, b, j, t, d, n, a, parent) VALUES
    (E'quotes '' " \\\\ \\n \\t é 电', '\\x00ff', '{"a": [1, null]}', '2026-02-28 23:59:59.999999+13', 0.1, 1e-30,
     '{a,NULL,""}', 2),
    (NULL, '', 'null', 'infinity', 'NaN', 'NaN', '{}', NULL),
    ('', NULL, NULL, '-infinity', '-0', 12345678901234567890.5, NULL, 1);
CREATE TABLE db.empty (n int);
CREATE TABLE db.parted (n int) PARTITION BY LIST (n);
CREATE TABLE db.parted_1 PARTITION OF db.parted FOR VALUES IN (1);
INSERT INTO db.parted VALUES (1), (1);
CREATE VIEW db.seen AS SELECT 1 AS n;
CREATE SEQUENCE db.counter; SELECT nextval('db.counter'), nextval('db.counter');
CREATE FUNCTION db.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''append only''; END';
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON db.parted_1 FOR EACH ROW EXECUTE FUNCTION db.refuse();
"""


@pytest.fixture
async def full(owner: Database) -> Database:
    """Give a database with all kinds of things in it."""
    await fill(owner)
    await owner.run(lambda connection: connection.execute(ODD))
    return owner


async def everything(database: Database) -> tuple[list[str], dict[str, list[str]], dict[str, int]]:
    """Every part of a database, every row of every table, and every sequence."""
    async with database.reading() as connection:
        found = await fingerprints(connection)
        texts = {
            name: sorted(row[0] for row in await connection.fetch(f"SELECT it::text FROM {name} AS it"))  # noqa: S608 - quoted
            for name in found.rows
        }
    return await shape(database), texts, found.sequences


async def tables(database: Database) -> int:
    """How many tables there are."""
    async with database.reading() as connection:
        return len((await fingerprints(connection)).rows)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def pretend(folder: Path) -> Program:
    """Give a way to put another program in the place of one of PostgreSQL's; it answers the folder to name."""

    def put(name: str, script: str) -> str:
        for other in ("pg_dump", "pg_restore", "psql"):
            (folder / other).symlink_to(client_program(other, os.environ))
        (folder / name).unlink()
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        return str(folder)

    return put


def forge(path: Path, header: Header, dump: bytes) -> Path:
    """Write a file with a good seal."""
    forged = path.with_name("forged")
    with writing(forged) as file:
        file.begin(header)
        file.write(dump)
    return forged


# ---------------------------------------------------------------------------------------------------------------- drill


async def test_drill(full: Database, empty_place: Server, tmp_path: Path) -> None:
    """What is restored is the same in every part, every row and every sequence, whatever odd things are in it."""
    made = await backup(full, tmp_path / "file", NOW)
    async with connected(empty_place) as target:
        read = await restore(target, tmp_path / "file")
        assert read == made
        assert await everything(target) == await everything(full)
    assert (read.made_at, read.rows['"odd Name"."select"'], read.rows["db.parted_1"]) == (NOW.isoformat(), 3, 2)


async def test_drill_on_another_server(full: Database, tmp_path: Path) -> None:
    """A backup is restored into a server that was made for it, which then can be opened and goes on."""
    await backup(full, tmp_path / "file", NOW)
    folder = quick_folder()
    async with connected(Embedded(folder / "server").as_owner()) as target:
        await restore(target, tmp_path / "file")
        assert await everything(target) == await everything(full)
        async with open_database(target.place) as again:
            await fill(again)
    shutil.rmtree(folder)


async def test_backup_of_a_restored_database(full: Database, empty_place: Server, tmp_path: Path) -> None:
    """The backup of a restored database has the same digests as the first one."""
    first = await backup(full, tmp_path / "first", NOW)
    async with connected(empty_place) as target:
        await restore(target, tmp_path / "first")
        second = await backup(target, tmp_path / "second", NOW)
    assert second == first


async def test_one_moment(full: Database, empty_place: Server, tmp_path: Path) -> None:
    """A backup is the state of one moment, although others go on writing."""
    going = True

    async def write() -> None:
        while going:
            await fill(full)

    writer = asyncio.create_task(write())
    made = await backup(full, tmp_path / "file", NOW)
    going = False
    await writer
    async with connected(empty_place) as target:
        await restore(target, tmp_path / "file")
        async with target.reading() as connection:
            assert (await fingerprints(connection)).digests == made.digests


async def test_no_limits_of_time(full: Database, tmp_path: Path) -> None:
    """A backup may take longer than a statement may."""
    async with connected(full.place, Limits(statement=0.05)) as hasty:
        assert (await backup(hasty, tmp_path / "file", NOW)).rows


# ------------------------------------------------------------------------------------------------------------- refusals


async def test_never_over_something(full: Database, place: Server, tmp_path: Path) -> None:
    """A backup is restored into an empty database only; another is left as it is."""
    await backup(full, tmp_path / "file", NOW)
    before = await everything(full)
    async with connected(place) as target:
        with pytest.raises(NotEmptyError, match=r"isn't empty: it has .*; restore into a new, empty one"):
            await restore(target, tmp_path / "file")
    assert await everything(full) == before


@pytest.mark.parametrize(
    "thing", ["VIEW v AS SELECT 1 AS n", "SEQUENCE s", "TABLE t (n int)", "MATERIALIZED VIEW m AS SELECT 1"]
)
async def test_what_counts_as_something(full: Database, empty_place: Server, tmp_path: Path, thing: str) -> None:
    """A table, a view or a sequence of somebody else is something."""
    await backup(full, tmp_path / "file", NOW)
    async with connected(empty_place) as target:
        await target.run(lambda connection: connection.execute(f"CREATE {thing}"))
        with pytest.raises(NotEmptyError, match=r"it has public\.\w"):
            await restore(target, tmp_path / "file")


@pytest.mark.parametrize("damage", ["cut", "altered"])
async def test_damaged_files(full: Database, empty_place: Server, tmp_path: Path, damage: str) -> None:
    """A damaged file is refused before anything is done."""
    await backup(full, tmp_path / "file", NOW)
    whole = (tmp_path / "file").read_bytes()
    (tmp_path / "bad").write_bytes(whole[:-10] if damage == "cut" else whole[:5000] + b"?" + whole[5001:])
    async with connected(empty_place) as target:
        with pytest.raises(BackupError, match="missing" if damage == "cut" else "isn't what was once written"):
            await restore(target, tmp_path / "bad")
        assert await tables(target) == 0


async def test_of_a_newer_umbane(full: Database, empty_place: Server, tmp_path: Path) -> None:
    """A backup that a newer Umbane made is refused before anything is done."""
    header = await backup(full, tmp_path / "file", NOW)
    newer = replace(header, migrations={**header.migrations, 9999: "?"})
    async with connected(empty_place) as target:
        with pytest.raises(SchemaNewerError, match="9999"):
            await restore(target, forge(tmp_path / "file", newer, b""))
        assert await tables(target) == 0


async def test_of_a_newer_server(full: Database, empty_place: Server, tmp_path: Path) -> None:
    """A backup from a newer PostgreSQL is refused before anything is done."""
    header = await backup(full, tmp_path / "file", NOW)
    async with connected(empty_place) as target:
        with pytest.raises(
            BackupError, match=r"made on PostgreSQL 99, and this server is \d\d; restore on PostgreSQL 99"
        ):
            await restore(target, forge(tmp_path / "file", replace(header, server=99), b""))


@pytest.mark.parametrize("dump", [b"", b"rubbish", b"half", b"large rubbish" * 300_000])
async def test_what_pg_restore_can_t_read(full: Database, empty_place: Server, tmp_path: Path, dump: bytes) -> None:
    """When pg_restore fails, its reason is told, and the database is still empty."""
    header = await backup(full, tmp_path / "file", NOW)
    if dump == b"half":
        whole = b"".join(body(tmp_path / "file"))
        dump = whole[: len(whole) * 2 // 3]
    async with connected(empty_place) as target:
        with pytest.raises(BackupError, match=r"pg_restore failed: pg_restore: error: .*; put that right"):
            await restore(target, forge(tmp_path / "file", header, dump))
        assert await tables(target) == 0


@pytest.mark.parametrize("name", ["db.job", "db.job_id_seq", "db.empty"])
async def test_not_the_same(full: Database, empty_place: Server, tmp_path: Path, name: str) -> None:
    """When what was restored isn't what was backed up, the table or sequence is named."""
    header = await backup(full, tmp_path / "file", NOW)
    digests = {**header.digests, name: "?"} if name in header.rows else header.digests
    wrong = replace(header, digests=digests, sequences={**header.sequences, "db.job_id_seq": 3 - (name in header.rows)})
    async with connected(empty_place) as target:
        with pytest.raises(RestoreDiffersError, match=f"{name} isn't what was backed up .*; don't use this database"):
            await restore(target, forge(tmp_path / "file", wrong, b"".join(body(tmp_path / "file"))))


async def test_a_row_makes_a_difference(full: Database) -> None:
    """A digest changes with one letter in one row."""
    async with full.reading() as connection:
        before = await fingerprints(connection)
    await full.run(lambda it: it.execute("""UPDATE "odd Name"."select" SET the_row = 'x' WHERE the_row = ''"""))
    async with full.reading() as connection:
        after = await fingerprints(connection)
    assert before.rows == after.rows
    assert [name for name in after.rows if before.digests[name] != after.digests[name]] == ['"odd Name"."select"']


async def test_without_pg_dump(full: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When other programs are named and aren't there, that is told before anything is done."""
    monkeypatch.setenv("UMBANE_PG_BIN", str(tmp_path))
    with pytest.raises(
        EmbeddedError, match=r"there is no program .*pg_dump; name a folder that has it in UMBANE_PG_BIN"
    ):
        await backup(full, tmp_path / "file", NOW)
    assert names(tmp_path) == []


async def test_pg_dump_fails(full: Database, tmp_path: Path, pretend: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """When pg_dump fails, its reason is told, and there is no file."""
    monkeypatch.setenv("UMBANE_PG_BIN", pretend("pg_dump", "echo half; echo 'the server is too new' >&2; exit 1"))
    with pytest.raises(BackupError, match=r"pg_dump failed: the server is too new; .* UMBANE_PG_BIN"):
        await backup(full, tmp_path / "file", NOW)
    assert names(tmp_path) == []


async def test_passwords_stay_out_of_sight(
    full: Database, tmp_path: Path, pretend: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password goes to pg_dump by its environment, never by its arguments, which all on the machine can read."""
    monkeypatch.setenv("UMBANE_PG_BIN", pretend("pg_dump", 'echo "$* $PGPASSWORD" >&2; exit 1'))
    async with connected(Server(full.url.replace("umbane@", "umbane:s3%40cret@", 1))) as database:
        with pytest.raises(BackupError) as caught:
            await backup(database, tmp_path / "file", NOW)
    said = caught.value.problem
    assert "s3%40cret" not in said
    assert said.endswith("s3@cret")


async def test_a_killed_backup(full: Database, tmp_path: Path, pretend: Program) -> None:
    """A backup that is killed leaves no file of that name, and the next one goes through."""
    program = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from umbane.db import Server, connected, backup
async def main():
    async with connected(Server(sys.argv[1])) as database:
        await backup(database, Path(sys.argv[2]), datetime.now(UTC))
asyncio.run(main())
"""
    folder = pretend("pg_dump", "echo half; kill -9 $PPID")
    victim = begin(program, full.url, tmp_path / "file", UMBANE_PG_BIN=folder)
    await asyncio.to_thread(victim.communicate)
    assert victim.returncode == -9
    assert names(tmp_path) == ["file.part"]
    await backup(full, tmp_path / "file", NOW)
    assert names(tmp_path) == ["file"]


async def test_psql_fails(
    full: Database, empty_place: Server, tmp_path: Path, pretend: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When psql refuses something in the middle, its reason is told, and the database is still empty."""
    await backup(full, tmp_path / "file", NOW)
    script = "cat >/dev/null; echo 'CREATE TABLE half (n int);'; echo 'SELECT 1/0;'; yes '-- more' | head -c 9999999"
    monkeypatch.setenv("UMBANE_PG_BIN", pretend("pg_restore", script))
    async with connected(empty_place) as target:
        with pytest.raises(BackupError, match="psql failed: ERROR:  division by zero; put that right"):
            await restore(target, tmp_path / "file")
        assert await tables(target) == 0


async def test_a_killed_restore(full: Database, empty_place: Server, tmp_path: Path, pretend: Program) -> None:
    """A restore that is killed leaves nothing in the database, and the next one goes through."""
    program = """
import asyncio, sys
from pathlib import Path
from umbane.db import Server, connected, restore
async def main():
    async with connected(Server(sys.argv[1])) as database:
        await restore(database, Path(sys.argv[2]))
asyncio.run(main())
"""
    script = "cat >/dev/null; echo 'CREATE TABLE half (n int);'; echo 'COPY half FROM stdin;'"
    script += "; yes 1 | head -c 3000000; kill -9 $PPID"  # more than all pipes hold, so psql has seen some of it
    folder = pretend("pg_restore", script)
    await backup(full, tmp_path / "file", NOW)
    victim = begin(program, empty_place.url, tmp_path / "file", UMBANE_PG_BIN=folder)
    await asyncio.to_thread(victim.communicate)
    assert victim.returncode == -9
    async with connected(empty_place) as target:
        while await target.run(lambda it: it.fetchval(OTHERS)):
            pass
        assert await tables(target) == 0
        await restore(target, tmp_path / "file")
