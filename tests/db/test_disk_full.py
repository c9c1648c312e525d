"""A full disk, real and small: what is said, that nothing is half done, and that it goes on when there is room.

The disk is a file system in memory that only the program of the test sees. To make one takes root. Not covered:
quotas of file systems.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.db.program import begin, finish

UNSHARE = shutil.which("unshare") or ""
MEGABYTES = 110

PROGRAM = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from umbane.db import Embedded, backup, open_database
from umbane.db.archive import writing
from umbane.db.embedded import EmbeddedServer
from umbane.db.errors import DatabaseError

DISK = Path(sys.argv[1])
BALLAST = DISK / "ballast"
BROKEN = {"OutcomeUnknownError", "ConnectionLostError", "ServerMissingError"}

def fill(left):
    '''Fill the disk until so many bytes are left.'''
    disk = os.statvfs(DISK)
    with BALLAST.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - left)

async def said(work):
    '''The kind of error that some work ends with.'''
    try:
        await work
    except DatabaseError as error:
        return type(error).__name__
    return "nothing"

async def count(database):
    async with database.reading() as connection:
        return await connection.fetchval("SELECT count(*) FROM many")

async def large():
    '''Write the file of a backup that is larger than the room left.'''
    with writing(DISK / "file") as file:
        for _ in range(30):
            file.write(bytes(1 << 20))

def more(rows):
    '''Work that needs room for so many rows of a kilobyte.'''
    async def work(connection):
        query = "INSERT INTO many SELECT n, repeat('x', 1000) FROM generate_series(1, $1::int) n"
        await connection.execute(query, rows)
    return work

async def rub(connection):
    '''Work that needs no room but for the log of what was done.'''
    await connection.execute("UPDATE many SET t = repeat('y', 1000) WHERE n = 1")

async def main():
    async with open_database(Embedded(DISK / "server").as_owner(), migrating=True) as database:
        await database.run(lambda it: it.execute("CREATE TABLE many (n int, t text STORAGE PLAIN)"))
        await database.run(more(100))

        fill(1 << 20)
        print("a table:", await said(database.run(more(3000))), await count(database))
        print("a snapshot:", await said(backup(database, DISK / "file", datetime.now(UTC))))
        BALLAST.unlink()
        print("with room:", await said(database.run(more(900))), await count(database))

        fill(0)
        log = "nothing"
        while log == "nothing":
            log = await said(database.run(rub))
        again = await said(database.run(rub))
        print("the log:", log in {"DiskFullError", *BROKEN}, again)
        BALLAST.unlink()
        print("with room:", await said(database.run(more(1))), await count(database))

    fill(20 << 20)
    print("a backup:", await said(large()), *DISK.glob("file*"))
    BALLAST.unlink()

    fill(0)
    try:
        EmbeddedServer(DISK / "server").start()
        print("a start: nothing")
    except DatabaseError as error:
        print("a start:", type(error).__name__)
    BALLAST.unlink()

    fill(20 << 20)
    try:
        EmbeddedServer(DISK / "other").start()
        print("a new server: nothing")
    except DatabaseError as error:
        print("a new server:", type(error).__name__, (DISK / "other" / "data").exists())
    BALLAST.unlink()

asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0 or not UNSHARE, reason="only root makes a small disk")
def test_full_disk(folder: Path) -> None:
    """A full disk is called so wherever it shows, nothing is half done, and all goes on when there is room again."""
    disk = folder / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size={MEGABYTES}m,mode=711 tmpfs "$0" && exec "$@"'
    inside = [UNSHARE, "--mount", "/bin/sh", "-c", mount, str(disk)]
    if subprocess.run([*inside, "/bin/true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    assert finish(begin(PROGRAM, disk, before=inside)).splitlines() == [
        "a table: DiskFullError 100",
        "a snapshot: DiskFullError",
        "with room: nothing 1000",
        "the log: True DiskFullError",
        "with room: nothing 1001",
        "a backup: BackupError",
        "a start: DiskFullError",
        "a new server: DiskFullError False",
    ]
