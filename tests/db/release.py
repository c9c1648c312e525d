"""Write down the database of a release, so that every later version is tested to migrate from it.

When a version is released, `python -m tests.db.release` writes `tests/db/released/<version>.sql`, which is never
changed again.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from tests.database import quick_folder
from umbane import __version__
from umbane.db import Database, Embedded, NewJob, Server, enqueue, open_database
from umbane.db.programs import client_program, environment

__all__ = ["RELEASED", "dump", "load"]

RELEASED = Path(__file__).parent / "released"
THEN = datetime(2026, 1, 1, tzinfo=UTC)


async def fill(database: Database) -> None:
    """Put something into the tables, so that migrations have rows to take care of."""
    jobs = [NewJob("test.kept", {"letters": "é'\\\n"}), NewJob("test.kept", {}, THEN.replace(year=2027))]
    await database.run(lambda connection: enqueue(connection, jobs, THEN))


def dump(database: Database) -> str:
    """All of a database as SQL that any connection can execute."""
    program = client_program("pg_dump", os.environ)
    command: list[str | Path] = [program, f"--dbname={database.url}", "--inserts", "--no-owner", "--no-privileges"]
    sql = subprocess.run(command, env=environment(os.environ), stdout=subprocess.PIPE, check=True, text=True).stdout
    lines = sql.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("\\", "SET transaction_timeout")))  # psql's, and new


async def load(place: Server, sql: str) -> None:
    """Execute such SQL in an empty database."""
    connection = await asyncpg.connect(place.url)
    await connection.execute(sql)
    await connection.close()


async def today() -> str:
    """The database of this version, with something in it."""
    folder = quick_folder()
    async with open_database(Embedded(folder / "server").as_owner(), migrating=True) as database:
        await fill(database)
        sql = dump(database)
    shutil.rmtree(folder)
    return sql


if __name__ == "__main__":
    target = RELEASED / f"{__version__}.sql"
    if target.exists():
        sys.exit(f"{target} exists: a release is never changed")
    target.write_text(asyncio.run(today()), encoding="utf-8")
