"""How many sales a second over HTTP when each wait for the disk takes 4 ms longer, for PostgreSQL and for the module.

The load and the town of `bench_http`. The slowness is a small library (`slow_sync.c`) that is compiled here and loaded
by every process that is measured; it is checked that a sync and a commit do take that long. Without a C compiler there
is no figure.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.bench_http import SALES, api_keys, both_served, by_turns
from benchmarks.bench_sale import build
from benchmarks.places import by_owner, folder
from benchmarks.result import Result
from umbane.db import Connection, Database, Embedded, open_database

SOURCE: Final = Path(__file__).with_name("slow_sync.c")
LONGER: Final = 4.0
"""Milliseconds, as in the source."""
TRIES: Final = 20


def benchmarks() -> Iterator[Result]:
    """The figures of sales on a slow disk."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None or not sys.platform.startswith("linux"):
        print("no figure for sale.slow_disk: it takes Linux and a C compiler", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="umbane-") as folder:
        library = Path(folder, "slow_sync.so")
        library.parent.chmod(0o711)  # the server's own account loads it
        compiling = [compiler, "-O2", "-shared", "-fPIC", str(SOURCE), "-o", str(library), "-ldl"]
        subprocess.run(compiling, check=True)  # noqa: S603 - our own words
        measuring = [sys.executable, "-m", "benchmarks.bench_slow_disk"]
        slow = os.environ | {"LD_PRELOAD": str(library)}
        ended = subprocess.run(measuring, env=slow, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own words
    yield from (Result(**figures) for figures in json.loads(ended.stdout))


async def measured() -> list[Result]:
    """Sell in a town on the slow disk; this is the process that has it."""
    async with folder() as path, open_database(Embedded(path / "server"), migrating=True) as database:
        sync, commit = sync_time(), await commit_time(database)
        assert min(sync, commit) >= LONGER, "the slow disk isn't slow"
        town = await build(database)
        keys = await api_keys(database, town)
        async with both_served(path) as ports:
            best, beside = await by_turns(ports, keys, town)
    return [
        Result("sale.slow_disk", round(best.rate), "sales/s", SALES),
        Result("sale.slow_disk.p99", round(best.percentile(99), 2), "ms", SALES),
        Result("sale.slow_disk.apart", round(beside.rate), "sales/s", SALES),
        Result("sale.slow_disk.apart.to_inside", round(beside.rate / best.rate, 3), "ratio", SALES),
        Result("sale.slow_disk.commit", round(commit, 2), "ms", TRIES),
    ]


def sync_time() -> float:
    """Milliseconds of the fastest of several waits for the disk, as the module's journal waits."""
    with tempfile.TemporaryFile() as file:
        return min(write_and_wait(file.fileno()) for _ in range(TRIES))


def write_and_wait(file: int) -> float:
    """Write a word, wait for the disk, and answer the milliseconds."""
    start = time.perf_counter()
    os.write(file, b"word")
    os.fdatasync(file)
    return (time.perf_counter() - start) * 1000


async def commit_time(database: Database) -> float:
    """Milliseconds of the fastest of several commits that write one row."""

    async def work(tx: Connection) -> None:
        await tx.execute("INSERT INTO slow VALUES (1)")

    await by_owner(database, "CREATE TABLE slow (number integer); GRANT ALL ON slow TO PUBLIC")
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        await database.run(work)
        times.append((time.perf_counter() - start) * 1000)
    return min(times)


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(it) for it in uvloop.run(measured())]))
