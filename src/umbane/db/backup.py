"""Backup and restore, with pg_dump, pg_restore and psql, and a proof that the two ends are the same."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from umbane import __version__
from umbane.db.archive import BLOCK, Header, body, verified, writing
from umbane.db.connection import Connection
from umbane.db.database import Database
from umbane.db.errors import BackupError, NotEmptyError, RestoreDiffersError
from umbane.db.programs import OTHER_PROGRAMS, client_program, environment
from umbane.db.schema import applied, known, waiting

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

__all__ = ["backup", "fingerprints", "restore"]

DAY: Final = 24 * 3600.0
"""Seconds that one statement over a whole table may take."""

UNKNOWN_SETTING: Final = b"SET transaction_timeout = 0;\n"
"""Written by pg_restore 17 and newer among its first lines, and unknown to PostgreSQL 15 and 16."""

WITHOUT_LIMITS: Final = """
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex';
SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1
"""
"""A backup takes as long as it takes, and writes every value in one form."""

# What extensions brought along is made again by CREATE EXTENSION.
TABLES: Final = """
SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS name, relkind::text AS kind
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
  AND relkind::text = ANY($1)
ORDER BY 1
"""
TABLE_KINDS: Final = ["r", "S"]
ANY_KINDS: Final = ["r", "p", "v", "m", "f", "S"]

# A sum doesn't depend on the order of the rows, and md5 is the same on every version of the server.
DIGEST: Final = """
SELECT count(*), coalesce(sum(('x' || substr(md5(the_row::text), 1, 16))::bit(64)::bigint), 0)::text
FROM ONLY {} AS the_row
"""


class Fingerprints(NamedTuple):
    """What tells two databases apart."""

    rows: dict[str, int]
    digests: dict[str, str]
    sequences: dict[str, int]


async def backup(database: Database, path: Path, now: datetime) -> Header:
    """Write all of a database into a new file, as it is at one moment, while others go on working.

    Args:
        database: what to back up.
        path: the file, which must not exist.
        now: when this is.

    Raises:
        BackupError: the file can't be written, or pg_dump fails.
    """
    program = client_program("pg_dump", os.environ)
    async with database.reading() as connection:
        await connection.execute(WITHOUT_LIMITS)
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        version = connection.get_server_version().major
        found = await fingerprints(connection)
        header = Header(now.isoformat(), __version__, version, await applied(connection), *found)
        options = ["--format=custom", "--compress=1", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        with writing(path) as file:
            file.begin(header)
            process = await _start(program, database, *options, stdin=DEVNULL, stdout=PIPE)
            dump = cast("StreamReader", process.stdout)
            while block := await dump.read(BLOCK):
                file.write(block)
            await _end(process, "pg_dump")
    return header


async def restore(database: Database, path: Path) -> Header:
    """Read a backup into an empty database, and check that every row has arrived.

    Args:
        database: connected, and without any table.
        path: the file.

    Raises:
        NotABackupError, BackupTruncatedError, BackupAlteredError: the file can't be used; nothing was done.
        SchemaError: it comes from a newer Umbane; nothing was done.
        NotEmptyError: the database has tables; nothing was done.
        BackupError: pg_restore or psql fails; nothing was done.
        RestoreDiffersError: what is in the database now isn't what was backed up.
    """
    pg_restore, psql = (client_program(name, os.environ) for name in ("pg_restore", "psql"))
    header = verified(path)
    waiting(known(), header.migrations)
    async with database.reading() as connection:
        await _check_target(connection, header)
    reader = await _run(pg_restore, "--file=-", "--no-owner", "--no-privileges", stdin=PIPE, stdout=PIPE)
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    writer = await _start(psql, database, *options, stdin=PIPE, stdout=DEVNULL)
    await asyncio.gather(_feed(reader, path), _carry(reader, writer))
    await _end(reader, "pg_restore", writer)
    pipe = cast("StreamWriter", writer.stdin)
    pipe.write(b"COMMIT;\n")  # only now: whatever ends earlier, and be it this process, leaves nothing behind
    pipe.close()
    await _end(writer, "psql")
    await database.run(_analyze)
    async with database.reading() as connection:
        await connection.execute(WITHOUT_LIMITS)
        check_same(header, await fingerprints(connection))
    return header


async def fingerprints(connection: Connection) -> Fingerprints:
    """How many rows each table has, a digest of them, and how far each sequence has come."""
    found = Fingerprints({}, {}, {})
    for name, kind in await connection.fetch(TABLES, TABLE_KINDS):
        if kind == "S":
            query = f"SELECT last_value - (NOT is_called)::int FROM {name}"  # noqa: S608 - quoted by PostgreSQL
            found.sequences[name] = await connection.fetchval(query)
        else:
            counted = await connection.fetchrow(DIGEST.format(name), timeout=DAY)
            found.rows[name], found.digests[name] = counted or (0, "")
    return found


def check_same(header: Header, found: Fingerprints) -> None:
    """Check what was restored against what was backed up.

    A sequence may have gone on: its numbers are given outside of transactions, so a backup holds a later one.

    Raises:
        RestoreDiffersError: naming the first table or sequence that differs.
    """
    tables = sorted(header.digests.keys() | found.digests.keys())
    wrong = [name for name in tables if header.digests.get(name) != found.digests.get(name)]
    wrong += [name for name, last in header.sequences.items() if found.sequences.get(name, last - 1) < last]
    if wrong:
        then, now = header.rows.get(wrong[0], "no"), found.rows.get(wrong[0], "no")
        raise RestoreDiffersError(
            f"{wrong[0]} isn't what was backed up ({then} rows then, {now} rows now)",
            "don't use this database: drop it, and restore into an empty one",
        )


async def _check_target(connection: Connection, header: Header) -> None:
    if tables := await connection.fetch(TABLES, ANY_KINDS):
        raise NotEmptyError(f"the database isn't empty: it has {tables[0]['name']}", "restore into a new, empty one")
    if (version := connection.get_server_version().major) < header.server:
        raise BackupError(
            f"the backup was made on PostgreSQL {header.server}, and this server is {version}",
            f"restore on PostgreSQL {header.server} or newer",
        )


async def _analyze(connection: Connection) -> None:
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute("ANALYZE", timeout=DAY)


async def _start(program: Path, database: Database, *options: str, stdin: int, stdout: int) -> Process:
    """Start a client program that finds its own way to the database."""
    where, password = _without_password(database.url)
    secret = {"PGPASSWORD": password} if password else {}
    return await _run(program, f"--dbname={where}", "--no-password", *options, stdin=stdin, stdout=stdout, **secret)


async def _run(program: Path, *options: str, stdin: int, stdout: int, **secret: str) -> Process:
    """Start a client program."""
    env = environment(os.environ) | secret
    return await asyncio.create_subprocess_exec(program, *options, stdin=stdin, stdout=stdout, stderr=PIPE, env=env)


def _without_password(url: str) -> tuple[str, str]:
    """A URL that may be seen in a list of processes, and the password that may not."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host)), unquote(parts.password or "")


async def _feed(reader: Process, path: Path) -> None:
    """Give pg_restore what pg_dump wrote. When it ends early, it says why."""
    pipe = cast("StreamWriter", reader.stdin)
    with suppress(ConnectionError):
        for block in body(path):
            pipe.write(block)
            await pipe.drain()
        pipe.close()


async def _carry(reader: Process, writer: Process) -> None:
    """Carry SQL from pg_restore to psql. When psql ends early, it says why, and pg_restore isn't heard any more."""
    source, pipe = cast("StreamReader", reader.stdout), cast("StreamWriter", writer.stdin)
    try:
        pipe.write(b"BEGIN;\n" + (await source.read(BLOCK)).replace(UNKNOWN_SETTING, b"", 1))
        while block := await source.read(BLOCK):
            pipe.write(block)
            await pipe.drain()
    except ConnectionError:
        reader.kill()
        await _end(writer, "psql")


async def _end(process: Process, name: str, other: Process | None = None) -> None:
    """Wait for a client program to end.

    Raises:
        BackupError: it failed, with what it said; then the other one is broken off.
    """
    said = (await cast("StreamReader", process.stderr).read()).decode(errors="replace").splitlines()
    if not await process.wait():
        return
    if other:
        other.kill()
        await other.wait()
    reason = next(
        (line for line in said if "error:" in line or "ERROR:" in line), said[-1] if said else "it says nothing"
    )
    raise BackupError(f"{name} failed: {reason}", f"put that right; other programs can be named in {OTHER_PROGRAMS}")
