"""Jobs: enqueued with their reason, taken by one at a time, tried again, and ended once."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from umbane.db import Connection, Database, Job, NewJob, Retries, enqueue
from umbane.db.desk import JobState, JobView, dead_numbers, job_counts, look_up, look_up_all, try_again
from umbane.db.errors import UnknownJobError
from umbane.db.jobs import Failure, claim, fail, finish, forget

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
RETRIES = Retries(attempts=3, first=timedelta(seconds=4), longest=timedelta(seconds=10))


async def put(database: Database, *jobs: NewJob, now: datetime = NOW) -> list[int]:
    """Enqueue jobs in a transaction of their own."""
    return await database.run(lambda connection: enqueue(connection, jobs, now))


async def take(
    database: Database, *names: str, now: datetime = NOW, limit: int = 100, worker: str = "ayanda"
) -> list[Job]:
    """Take jobs that are due."""
    jobs = await database.run(
        lambda it: claim(it, names or ["test.a"], worker=worker, limit=limit, now=now, lease=LEASE)
    )
    return sorted(jobs, key=lambda job: job.number)


async def only(database: Database, now: datetime = NOW) -> Job:
    """Take the only job that is due."""
    (job,) = await take(database, now=now)
    return job


async def end(database: Database, *jobs: Job, now: datetime = NOW) -> set[int]:
    """Finish jobs."""
    return await database.run(lambda connection: finish(connection, jobs, now))


async def fall(database: Database, *failures: Failure, chance: float = 0.5, now: datetime = NOW) -> None:
    """Let attempts fail."""
    await database.run(lambda connection: fail(connection, failures, RETRIES, [chance] * len(failures), now))


async def see(database: Database, number: int, now: datetime = NOW) -> JobView:
    """Look one job up."""
    async with database.reading() as connection:
        return await look_up(connection, number, now)


def numbers(jobs: Sequence[Job]) -> list[int]:
    """The numbers of some jobs."""
    return [job.number for job in jobs]


# -------------------------------------------------------------------------------------------------------------- enqueue


async def test_with_its_reason(database: Database) -> None:
    """Jobs exist if and only if the transaction that is their reason commits."""

    async def work(connection: Connection) -> None:
        await enqueue(connection, [NewJob("test.a")], NOW)
        raise KeyError

    with pytest.raises(KeyError):
        await database.run(work)
    assert await take(database) == []
    put_down = await put(database, NewJob("test.a"))
    assert numbers(await take(database)) == put_down


async def test_what_a_job_carries(database: Database) -> None:
    """A job carries its payload unchanged, counts its attempts, and knows when it was enqueued."""
    payload = {"sale": "018f", "lines": [1, 2.5, None, True], "name": 'Thabo\'s "café" — 电'}
    (number,) = await put(database, NewJob("test.a", payload))
    assert await take(database, now=NOW + SECOND) == [Job(number, "test.a", payload, 1, NOW)]


async def test_numbers_in_order(database: Database) -> None:
    """The numbers of jobs grow in the order in which they were enqueued."""
    found = await put(database, *(NewJob("test.a", {"n": n}) for n in range(500)))
    assert found == sorted(found)
    assert [job.payload["n"] for job in await take(database, limit=500)] == list(range(500))


async def test_nothing_to_enqueue(database: Database) -> None:
    """No jobs are no rows."""
    assert await put(database) == []


async def test_not_before_it_is_due(database: Database) -> None:
    """A job isn't taken before it is due."""
    await put(database, NewJob("test.a", due_at=NOW + LEASE))
    assert await take(database, now=NOW + LEASE - SECOND) == []
    assert len(await take(database, now=NOW + LEASE)) == 1


# ---------------------------------------------------------------------------------------------------------------- claim


async def test_taken_once(database: Database) -> None:
    """A job that was taken isn't taken again while the lease lasts."""
    await put(database, NewJob("test.a"))
    assert len(await take(database)) == 1
    assert await take(database, now=NOW + LEASE - SECOND) == []


async def test_many_workers(database: Database) -> None:
    """Workers that take jobs at the same moment share them out, and none goes to two."""
    await put(database, *(NewJob("test.a") for _ in range(200)))
    hands = await asyncio.gather(*(take(database, limit=15, worker=f"worker {n}") for n in range(20)))
    taken = [job.number for hand in hands for job in hand]
    assert len(taken) == len(set(taken)) >= 150


async def test_only_those_asked_for(database: Database) -> None:
    """Only jobs of the names asked for are taken, and of each name no more than the limit, oldest first."""
    a = await put(database, *(NewJob("test.a") for _ in range(5)))
    b = await put(database, *(NewJob("test.b") for _ in range(5)))
    await put(database, NewJob("test.c"))
    assert numbers(await take(database, "test.a", "test.b", limit=2)) == [*a[:2], *b[:2]]


async def test_a_killed_worker(database: Database) -> None:
    """When a worker dies, its jobs come back after the lease, with the attempt counted."""
    await put(database, NewJob("test.a"))
    await take(database)
    again = await take(database, now=NOW + LEASE, worker="bongani")
    assert [job.attempts for job in again] == [2]


# ------------------------------------------------------------------------------------------------------ finish and fail


async def test_done(database: Database) -> None:
    """A job that is done never comes back, and its outcome is kept."""
    (number,) = await put(database, NewJob("test.a", {"n": 1}))
    assert await end(database, *await take(database)) == {number}
    assert await take(database, now=NOW + 99 * LEASE) == []
    view = await see(database, number)
    assert (view.state, view.moment, view.attempts, view.payload) == (JobState.DONE, NOW, 1, {"n": 1})


async def test_one_outcome(database: Database) -> None:
    """Who comes late with a job that another has taken since has no say in what becomes of it."""
    (number,) = await put(database, NewJob("test.a"))
    late = await take(database)
    second = await take(database, now=NOW + LEASE, worker="bongani")
    assert await end(database, *late) == set()
    await fall(database, Failure(late[0], "too late", hopeless=True))
    assert await end(database, *second) == {number}
    assert await end(database, *second) == set()
    assert (await see(database, number)).state is JobState.DONE


async def test_tried_again(database: Database) -> None:
    """A failed job comes due again after a pause that doubles, and keeps its last problem."""
    (number,) = await put(database, NewJob("test.a"))
    await fall(database, Failure(await only(database), "no network"))
    view = await see(database, number)
    assert (view.state, view.problem, view.worker, view.moment) == (
        JobState.WAITING,
        "no network",
        None,
        NOW + timedelta(seconds=4),
    )
    assert await take(database, now=NOW + timedelta(seconds=3)) == []
    later = NOW + timedelta(seconds=4)
    await fall(database, Failure(await only(database, now=later), "no power"), now=later)
    assert (await see(database, number)).moment == later + timedelta(seconds=8)


async def test_dead_after_its_last_attempt(database: Database) -> None:
    """After its last attempt a job is dead, with its last problem."""
    (number,) = await put(database, NewJob("test.a"))
    for hour in range(1, RETRIES.attempts + 1):
        later = NOW + timedelta(hours=hour)
        await fall(database, Failure(await only(database, now=later), f"failure {hour}"), now=later)
    assert await take(database, now=NOW + timedelta(days=9)) == []
    view = await see(database, number)
    assert (view.state, view.problem, view.attempts) == (JobState.DEAD, "failure 3", 3)


async def test_hopeless(database: Database) -> None:
    """A hopeless failure kills a job at once."""
    (number,) = await put(database, NewJob("test.a"))
    await fall(database, Failure(await only(database), "no such number", hopeless=True))
    assert (await see(database, number)).state is JobState.DEAD


async def test_long_problems_are_cut(database: Database) -> None:
    """Of a very long problem only the beginning is kept."""
    (number,) = await put(database, NewJob("test.a"))
    await fall(database, Failure(await only(database), "x" * 10_000))
    assert (await see(database, number)).problem == "x" * 500


async def test_a_mixed_batch(database: Database) -> None:
    """In one batch some are tried again, some die, and one whose lease was lost is left alone."""
    await put(database, *(NewJob("test.a") for _ in range(3)))
    first, second, third = await take(database)
    stale = Job(third.number, third.name, third.payload, third.attempts + 1, third.enqueued_at)
    await fall(database, Failure(first, "later"), Failure(second, "never", hopeless=True), Failure(stale, "?"))
    assert [(await see(database, job.number)).state for job in (first, second, third)] == [
        JobState.WAITING,
        JobState.DEAD,
        JobState.TAKEN,
    ]


@given(
    attempts=some.integers(1, 100),
    chance=some.floats(0, 1, exclude_max=True),
    first=some.integers(1, 100_000),
    longest=some.integers(1, 10_000_000),
)
def test_pauses(attempts: int, chance: float, first: int, longest: int) -> None:
    """A pause lies around its doubling, never beyond one and a half of the longest, and ends after the last attempt."""
    retries = Retries(50, timedelta(milliseconds=first), timedelta(milliseconds=longest))
    pause = retries.pause(attempts, chance)
    assert (pause is None) is (attempts >= 50)
    if pause is not None:
        middle = min(first * 2 ** (attempts - 1), longest) / 1000
        assert middle * 0.499 - 1e-5 <= pause.total_seconds() <= middle * 1.501 + 1e-5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(script=some.lists(some.sampled_from(["done", "fail", "die", "late"]), max_size=8))
async def test_any_history(database: Database, script: list[str]) -> None:
    """Whatever its workers do, a job has at most one outcome, and is never both waiting and ended."""
    (number,) = await put(database, NewJob("test.a"))
    moment = NOW
    stale: list[Job] = []
    for deed in script:
        moment += timedelta(hours=1)
        jobs = await take(database, now=moment)
        if deed == "done":
            await end(database, *jobs)
        elif deed == "fail":
            await fall(database, *(Failure(job, "?") for job in jobs), now=moment)
        elif deed == "late":
            await end(database, *stale)
        stale = jobs

    async def rows(connection: Connection) -> tuple[int, int]:
        live = await connection.fetchval("SELECT count(*) FROM db.job WHERE id = $1", number)
        return live, await connection.fetchval("SELECT count(*) FROM db.job_outcome WHERE id = $1", number)

    assert sum(await database.run(rows)) == 1
    await database.run(lambda it: it.execute("DELETE FROM db.job"))


# ------------------------------------------------------------------------------------------------------------- the desk


async def test_unknown_job(database: Database) -> None:
    """A number that no job has is told."""
    with pytest.raises(UnknownJobError, match="there is no job 4711; umbane jobs list"):
        await see(database, 4711)


async def test_states(database: Database) -> None:
    """A job is waiting, taken while its lease lasts, done, dead, or retried, and all are counted."""
    await put(database, *(NewJob("test.a") for _ in range(5)))
    waiting, taken, done, dead, retried = await take(database)
    await end(database, done)
    await fall(database, Failure(dead, "?", hopeless=True), Failure(retried, "?", hopeless=True), Failure(waiting, "?"))
    await database.run(lambda it: try_again(it, [retried.number], NOW))
    async with database.reading() as connection:
        counts = await job_counts(connection, NOW)
        later = await job_counts(connection, NOW + LEASE)
    assert counts == {"waiting": 2, "taken": 1, "done": 1, "dead": 1, "retried": 1}
    assert later == {"waiting": 3, "taken": 0, "done": 1, "dead": 1, "retried": 1}
    assert (await see(database, taken.number)).worker == "ayanda"


async def test_listing(database: Database) -> None:
    """The newest jobs come first, and only those of the states and the name asked for, up to the limit."""
    a = await put(database, *(NewJob("test.a") for _ in range(3)))
    b = await put(database, *(NewJob("test.b") for _ in range(3)))
    await end(database, *await take(database, "test.b"))
    async with database.reading() as connection:
        everything = await look_up_all(connection, NOW)
        newest = await look_up_all(connection, NOW, limit=1)
        of_a = await look_up_all(connection, NOW, name="test.a")
        done = await look_up_all(connection, NOW, states=[JobState.DONE, JobState.DEAD])
    assert [view.number for view in everything] == [*reversed(b), *reversed(a)]
    assert [view.number for view in newest] == b[-1:]
    assert [view.number for view in of_a] == a[::-1]
    assert [view.number for view in done] == b[::-1]


async def test_dead_jobs_are_tried_again(database: Database) -> None:
    """A dead job is enqueued again as a new one, once, and each knows of the other."""
    (number,) = await put(database, NewJob("test.a", {"n": 1}))
    await fall(database, Failure(await only(database), "?", hopeless=True))
    async with database.reading() as connection:
        assert await dead_numbers(connection) == [number]
    found = await database.run(lambda it: try_again(it, [number], NOW + SECOND))
    view = await see(database, number)
    assert (view.state, view.retried_as) == (JobState.RETRIED, found[number])
    assert await take(database, now=NOW + SECOND) == [Job(found[number], "test.a", {"n": 1}, 1, NOW + SECOND)]
    with pytest.raises(UnknownJobError, match=f"job {number} isn't dead"):
        await database.run(lambda it: try_again(it, [number], NOW))


async def test_only_dead_jobs(database: Database) -> None:
    """When one of several jobs isn't dead, none is tried again."""
    dead, alive = await put(database, NewJob("test.a"), NewJob("test.a"))
    await fall(database, Failure((await take(database, limit=1))[0], "?", hopeless=True))
    with pytest.raises(UnknownJobError, match=f"job {alive} isn't dead"):
        await database.run(lambda it: try_again(it, [dead, alive], NOW))
    assert (await see(database, dead)).state is JobState.DEAD


async def test_forgetting(database: Database) -> None:
    """Jobs that were done long ago can be forgotten; dead ones, and those done since, are kept."""
    await put(database, *(NewJob("test.a") for _ in range(3)))
    old, dead, new = await take(database)
    await end(database, old)
    await fall(database, Failure(dead, "?", hopeless=True))
    await end(database, new, now=NOW + SECOND)
    assert await database.run(lambda it: forget(it, NOW + SECOND)) == 1
    assert [(await see(database, job.number)).state for job in (dead, new)] == [JobState.DEAD, JobState.DONE]
    with pytest.raises(UnknownJobError):
        await see(database, old.number)
