"""Workers: what handlers do, what they can't break, and what becomes of their jobs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tests.db.program import begin
from umbane.db import (
    Connection,
    Database,
    GiveUp,
    Handlers,
    Job,
    NewJob,
    Retries,
    Server,
    Worker,
    connected,
    database_clock,
    enqueue,
)
from umbane.db.desk import JobState, JobView, look_up_all
from umbane.db.jobs import claim, give_back

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
RETRIES = Retries(attempts=2)


async def put(database: Database, count: int, name: str = "test.a") -> None:
    """Enqueue numbered jobs."""
    jobs = [NewJob(name, {"n": n}) for n in range(count)]
    await database.run(lambda connection: enqueue(connection, jobs, NOW))


async def views(database: Database) -> list[JobView]:
    """All jobs, in the order of their numbers."""
    async with database.reading() as connection:
        return (await look_up_all(connection, LATER, limit=10_000))[::-1]


async def states(database: Database) -> list[JobState]:
    """How all jobs stand, in the order of their numbers."""
    return [view.state for view in await views(database)]


def worker(database: Database, handlers: Handlers, lease: timedelta = timedelta(minutes=1)) -> Worker:
    """A worker that gives up soon, and whose pauses are known."""
    return Worker(database, handlers, "test", RETRIES, lease, chance=lambda: 0.0)


def each(handler: Callable[[Job], Awaitable[None]]) -> Handlers:
    """Handlers that do the test's jobs one by one."""
    handlers = Handlers()
    handlers.each("test.a", handler)
    return handlers


def inside(handler: Callable[[Connection, Sequence[Job]], Awaitable[None]]) -> Handlers:
    """Handlers that do the test's jobs inside a transaction."""
    handlers = Handlers()
    handlers.inside("test.a", handler)
    return handlers


async def claimed(database: Database, now: datetime = NOW) -> list[Job]:
    """Jobs that somebody took, of whom nothing more was heard."""
    lease = timedelta(minutes=1)
    return await database.run(lambda it: claim(it, ["test.a"], worker="ayanda", limit=9, now=now, lease=lease))


async def book(connection: Connection, jobs: Sequence[Job]) -> None:
    """Write the numbers of jobs into a table; number 3 can't be written."""
    await connection.execute("CREATE TABLE IF NOT EXISTS booked (n int CHECK (n <> 3))")
    await connection.execute("INSERT INTO booked SELECT unnest($1::int[])", [job.payload["n"] for job in jobs])


async def booked(database: Database) -> list[int]:
    """What was written."""
    async with database.reading() as connection:
        return [row[0] for row in await connection.fetch("SELECT n FROM booked ORDER BY n")]


# ----------------------------------------------------------------------------------------------------------- one by one


async def test_all_are_done(database: Database) -> None:
    """Every job that is due is handed over once, and done when its handler returns."""
    seen: list[int] = []

    async def handler(job: Job) -> None:
        seen.append(job.payload["n"])

    await put(database, 30)
    assert await worker(database, each(handler)).run_once(NOW) == 30
    assert sorted(seen) == list(range(30))
    assert set(await states(database)) == {JobState.DONE}
    assert await worker(database, each(handler)).run_once(LATER) == 0


async def test_one_failure_is_one_failure(database: Database) -> None:
    """A job that fails is tried again and leaves the others alone; given up at last, it is dead."""

    async def handler(job: Job) -> None:
        if job.payload["n"] == 1:
            raise KeyError("no such sale")

    await put(database, 3)
    await worker(database, each(handler)).run_once(NOW)
    assert await states(database) == [JobState.DONE, JobState.WAITING, JobState.DONE]
    await worker(database, each(handler)).run_once(LATER)
    failed = (await views(database))[1]
    assert (failed.state, failed.problem, failed.attempts) == (JobState.DEAD, "KeyError: 'no such sale'", 2)


@pytest.mark.parametrize(("error", "problem"), [(GiveUp("wrong number"), "wrong number"), (GiveUp(), "given up")])
async def test_giving_up(database: Database, error: GiveUp, problem: str) -> None:
    """A handler that sees no hope says so, and the job is dead at once."""

    async def handler(_job: Job) -> None:
        raise error

    await put(database, 1)
    await worker(database, each(handler)).run_once(NOW)
    (view,) = await views(database)
    assert (view.state, view.problem, view.attempts) == (JobState.DEAD, problem, 1)


@pytest.mark.parametrize("way", ["each", "inside"])
async def test_no_handler_takes_for_ever(database: Database, way: str) -> None:
    """A handler that takes longer than the lease allows is stopped, and its job tried again."""

    async def handler(*_: object) -> None:
        await asyncio.Event().wait()

    handlers = each(handler) if way == "each" else inside(handler)
    await put(database, 1)
    await worker(database, handlers, timedelta(milliseconds=50)).run_once(NOW)
    (view,) = await views(database)
    assert (view.state, view.problem) == (JobState.WAITING, "it took too long")


async def test_jobs_that_kill_their_workers(database: Database) -> None:
    """A job whose workers always die isn't tried for ever."""
    await put(database, 1)
    for hour in range(RETRIES.attempts):
        await claimed(database, NOW + timedelta(hours=hour))

    async def handler(_job: Job) -> None:
        raise AssertionError("it is not to be tried again")

    await worker(database, each(handler)).run_once(NOW + timedelta(days=1))
    (view,) = await views(database)
    assert (view.state, view.problem) == (JobState.DEAD, "its lease ran out at every attempt")


async def test_names_without_a_handler(database: Database) -> None:
    """Jobs that nobody here does are left for others."""

    async def handler(_job: Job) -> None:
        raise AssertionError("not this one")

    await put(database, 1, "test.b")
    assert await worker(database, each(handler)).run_once(NOW) == 0
    assert await states(database) == [JobState.WAITING]


@pytest.mark.parametrize("way", ["each", "inside"])
@pytest.mark.parametrize("other", ["each", "inside"])
def test_two_handlers_of_one_name(way: str, other: str) -> None:
    """A name has one handler."""
    handlers = Handlers()
    getattr(handlers, way)("test.a", book)
    with pytest.raises(ValueError, match=r"two handlers for the jobs called 'test.a'"):
        getattr(handlers, other)("test.a", book)


# --------------------------------------------------------------------------------------------------------------- inside


async def test_effect_and_outcome_together(owner: Database) -> None:
    """What a handler writes inside commits together with the outcomes of its jobs."""
    await put(owner, 3)
    assert await worker(owner, inside(book)).run_once(NOW) == 3
    assert await booked(owner) == [0, 1, 2]
    assert set(await states(owner)) == {JobState.DONE}


async def test_one_bad_job_among_good_ones(owner: Database) -> None:
    """When one job spoils the batch, the others are done all the same, each once."""
    await put(owner, 6)
    await worker(owner, inside(book)).run_once(NOW)
    assert await booked(owner) == [0, 1, 2, 4, 5]
    found = await views(owner)
    assert [view.state for view in found].count(JobState.DONE) == 5
    assert "CheckViolationError" in (found[3].problem or "")


async def test_lost_leases_have_no_effect(database: Database) -> None:
    """What is done for a job that another worker has taken since is undone."""
    await put(database, 2)
    late = await claimed(database)
    await claimed(database, LATER)
    await worker(database, inside(book))._do_inside(book, late, NOW)  # noqa: SLF001 - late is what no worker may be
    assert await database.run(lambda it: it.fetchval("SELECT to_regclass('booked')")) is None
    assert [view.attempts for view in await views(database)] == [2, 2]


# -------------------------------------------------------------------------------------------------------------- the end


async def test_what_is_stopped_comes_due_at_once(database: Database) -> None:
    """When a worker is cancelled, what it has done stays done, and the rest comes due without waiting for its lease."""
    begun = asyncio.Event()

    async def handler(job: Job) -> None:
        if job.payload["n"] == 1:
            begun.set()
            await asyncio.Event().wait()

    await put(database, 1, "test.b")
    await put(database, 2)
    handlers = each(handler)
    handlers.inside("test.b", counted)
    working = asyncio.create_task(worker(database, handlers, timedelta(hours=2)).run_once(NOW))
    await begun.wait()
    while JobState.DONE not in await states(database):
        pass
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    stopped = [it for it in await views(database) if it.state is not JobState.DONE]
    assert {(it.name, it.worker, it.problem, it.attempts) for it in stopped} == {
        ("test.a", None, "whoever had it was stopped", 1)
    }
    assert await worker(database, inside(counted)).run_once(NOW) == len(stopped)
    assert set(await states(database)) == {JobState.DONE}


async def test_stopped_without_a_database(place: Server) -> None:
    """A worker that is cancelled while the database is away ends all the same; its jobs wait for their lease."""
    begun = asyncio.Event()

    async def handler(_job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with connected(place) as database:
        await put(database, 1)
        working = asyncio.create_task(worker(database, each(handler)).run_once(NOW))
        await begun.wait()
        await database.close()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        await database.open()
        (view,) = await views(database)
        assert (view.worker, view.attempts) == ("test", 1)


async def counted(_connection: Connection, _jobs: Sequence[Job]) -> None:
    """Do a job."""


async def test_jobs_that_are_always_stopped(database: Database) -> None:
    """A job whose workers are stopped again and again isn't tried for ever."""
    await put(database, 1)
    for _ in range(RETRIES.attempts):
        jobs = await claimed(database)
        await database.run(lambda it, jobs=jobs: give_back(it, jobs, NOW))  # type: ignore[misc]  # a loop's value
    assert await worker(database, inside(counted)).run_once(NOW) == 1
    (view,) = await views(database)
    assert (view.state, view.problem) == (JobState.DEAD, "its lease ran out at every attempt")


async def test_jobs_of_another_are_not_given_back(database: Database) -> None:
    """A job that another worker has taken since is left to that one."""
    await put(database, 1)
    late = await claimed(database)
    await claimed(database, LATER)
    await database.run(lambda it: give_back(it, late, NOW))
    assert await states(database) == [JobState.TAKEN]


async def test_the_clock_of_the_server(database: Database) -> None:
    """The server's clock knows its zone and goes forward."""
    clock = database_clock(database)
    first = await clock()
    assert first.utcoffset() == timedelta(0)
    assert await clock() > first


async def test_a_killed_worker(database: Database, place: Server) -> None:
    """When a worker is killed in the middle of a job, another does it after the lease."""
    program = """
import asyncio, sys
from datetime import datetime, timedelta
from umbane.db import Handlers, Server, Worker, open_database
async def hang(job):
    print("begun", flush=True)
    await asyncio.Event().wait()
async def main():
    handlers = Handlers()
    handlers.each("test.a", hang)
    async with open_database(Server(sys.argv[1])) as database:
        worker = Worker(database, handlers, "victim", lease=timedelta(minutes=1))
        await worker.run_once(datetime.fromisoformat(sys.argv[2]))
asyncio.run(main())
"""
    await put(database, 1)
    victim = begin(program, place.url, NOW.isoformat())
    assert victim.stdout
    assert await asyncio.to_thread(victim.stdout.readline) == "begun\n"
    victim.kill()
    victim.communicate()

    async def handler(job: Job) -> None:
        assert job.attempts == 2

    assert await worker(database, each(handler)).run_once(NOW + timedelta(seconds=59)) == 0
    assert await worker(database, each(handler)).run_once(NOW + timedelta(seconds=61)) == 1
    assert await states(database) == [JobState.DONE]
