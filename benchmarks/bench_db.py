"""How fast the database room is: a server of our own on this machine's disk, with every commit on the disk."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.places import by_owner, folder
from benchmarks.result import Result
from umbane.db import (
    Connection,
    Database,
    Embedded,
    Handlers,
    Job,
    NewJob,
    Table,
    Worker,
    backup,
    connected,
    enqueue,
    new_ids,
    open_database,
    restore,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROUNDS = 3
MAKE = """
CREATE TABLE public.posting (id uuid PRIMARY KEY, account bigint NOT NULL, amount bigint NOT NULL, note text);
GRANT ALL ON public.posting TO PUBLIC"""
POSTING = Table("public.posting", {"id": "uuid", "account": "bigint", "amount": "bigint", "note": "text"})
BATCHES = 40
ROWS = 1000
JOBS = 10_000


async def best(work: Callable[[], Awaitable[object]]) -> float:
    """The fewest seconds that some work takes, of several rounds."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


async def post(connection: Connection) -> None:
    """Insert one batch of rows with four columns."""
    await POSTING.insert(connection, new_ids(ROWS), range(ROWS), [1] * ROWS, ["a note of some length"] * ROWS)


async def small(database: Database, count: int) -> None:
    """Commit so many transactions that insert one row each, one after the other."""
    for _ in range(count):
        await database.run(lambda it: POSTING.insert(it, new_ids(1), [1], [1], [None]))


async def large(database: Database) -> None:
    """Commit several batches, two at a time."""

    async def some() -> None:
        for _ in range(BATCHES // 2):
            await database.run(post)

    await asyncio.gather(some(), some())


async def queue(database: Database) -> None:
    """Enqueue many jobs, a thousand in a transaction."""
    for _ in range(JOBS // ROWS):
        jobs = [NewJob("bench.job", {"n": n}) for n in range(ROWS)]
        await database.run(lambda it, jobs=jobs: enqueue(it, jobs, NOW))  # type: ignore[misc]  # a loop's value


async def done(_job: Job) -> None:
    """Do nothing, well."""


async def figures(path: Path) -> list[Result]:
    """All figures of this room."""
    start = time.perf_counter()
    async with open_database(Embedded(path / "one"), migrating=True) as database:
        found = [Result("db.new", (time.perf_counter() - start) * 1000, "ms", 1)]
        await by_owner(database, MAKE)
        seconds = await best(lambda: small(database, 300))
        found.append(Result("db.commit.single", 300 / seconds, "transactions/s", 300))
        seconds = await best(lambda: large(database))
        found.append(Result("db.insert.batch", BATCHES * ROWS / seconds, "rows/s", BATCHES * ROWS))
        seconds = await best(lambda: queue(database))
        found.append(Result("db.jobs.enqueue", JOBS / seconds, "jobs/s", JOBS))
        found.append(Result("db.jobs.done", JOBS / await best(lambda: work_off(database)), "jobs/s", JOBS))
        start = time.perf_counter()
        async with connected(database.place.as_owner()) as owner:
            header = await backup(owner, path / "file", NOW)
        rows = sum(header.rows.values())
        found.append(Result("db.backup", rows / (time.perf_counter() - start), "rows/s", rows))
    start = time.perf_counter()
    async with connected(Embedded(path / "one")) as database:
        found.append(Result("db.start", (time.perf_counter() - start) * 1000, "ms", 1))
    async with connected(Embedded(path / "two").as_owner()) as database:
        start = time.perf_counter()
        await restore(database, path / "file")
        found.append(Result("db.restore", rows / (time.perf_counter() - start), "rows/s", rows))
    return found


async def work_off(database: Database) -> None:
    """Do as many jobs as one round is about."""
    handlers = Handlers()
    handlers.each("bench.job", done)
    worker = Worker(database, handlers, "bench", batch=500)
    for _ in range(JOBS // worker.batch):
        await worker.run_once(NOW)


def benchmarks() -> Iterator[Result]:
    """Everything that is measured here."""
    yield from asyncio.run(measured())


async def measured() -> list[Result]:
    """The same, in a folder that is gone afterwards."""
    async with folder() as path:
        return await figures(path)
