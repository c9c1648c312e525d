"""What a server does by itself: again and again, whatever fails, until the server ends."""

import asyncio
import io
import json

import pytest

from tests.registry.town import Town, build
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import open_shop
from umbane.api.housekeeping import chores
from umbane.api.keeping import LONG, Chore, Keeper, jobs_chore
from umbane.api.watching import Watch
from umbane.db import Database, Handlers, Job, NewJob, Worker, database_clock, enqueue
from umbane.db.desk import JobState, job_counts


class Times:
    """Pauses that take no time, and a clock that shows them.

    Attributes:
        pauses: that were made.
        until: after so many pauses nothing goes on.
        over: they were made.
    """

    def __init__(self, until: int = 3) -> None:
        self.pauses: list[float] = []
        self.until = until
        self.over = asyncio.Event()

    async def sleep(self, pause: float) -> None:
        """Make a pause."""
        self.pauses.append(pause)
        if len(self.pauses) >= self.until:
            self.over.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    def clock(self) -> float:
        """What time it is."""
        return 1000.0 + sum(self.pauses)


class Work:
    """Something to do that goes well or fails, in turn.

    Attributes:
        ends: what becomes of each time; when they are used up it goes well.
        done: how often it was tried.
    """

    def __init__(self, *ends: object) -> None:
        self.ends = list(ends)
        self.done = 0

    async def __call__(self) -> object:
        """Do it."""
        self.done += 1
        end = self.ends.pop(0) if self.ends else None
        if isinstance(end, BaseException):
            raise end
        return end


@pytest.fixture
def log() -> io.StringIO:
    """Give the lines of a server."""
    return io.StringIO()


@pytest.fixture
def times() -> Times:
    """Give pauses that take no time."""
    return Times()


@pytest.fixture
async def keeper(town: Town, times: Times, log: io.StringIO) -> Keeper:
    """Give somebody who does chores beside the town's server."""
    return Keeper(town.database, Watch(log), times.sleep, times.clock)


def chore(work: Work, pause: float = 5.0, **how: bool) -> Chore:
    """A chore with a name."""
    return Chore("dishes", "wash the dishes", work, pause, **how)


def faults(log: io.StringIO) -> list[tuple[str, str]]:
    """What the log says of failures."""
    return [(it["operation"], it["kind"]) for it in map(json.loads, log.getvalue().splitlines())]


async def alarms(town: Town) -> list[tuple[str, str, str]]:
    """All alarms there are."""
    async with town.database.reading() as connection:
        return [tuple(it) for it in await connection.fetch("SELECT kind, by, words FROM api.alarm ORDER BY id")]


async def test_again_and_again(keeper: Keeper, times: Times) -> None:
    """A chore is done after each pause, and figures say when it was done last."""
    work = Work()
    async with keeper.keeping([chore(work)]):
        await times.over.wait()
    assert (times.pauses, work.done) == ([5.0] * 3, 2)
    page = keeper.watch.page().decode()
    assert 'umbane_chore_done_seconds{chore="dishes"} 1010.0' in page
    assert 'umbane_chore_failing{chore="dishes"} 0.0' in page


async def test_at_once(keeper: Keeper, times: Times) -> None:
    """A chore that says so is done before the first pause, and without one as long as there is more to do."""
    work = Work(True, True, None)  # noqa: FBT003 - what it answers
    async with keeper.keeping([chore(work, at_once=True)]):
        await times.over.wait()
    assert (len(times.pauses), work.done) == (3, 5)


@pytest.mark.parametrize("answer", [1, "more", object(), False])
async def test_what_is_no_word_for_more(keeper: Keeper, times: Times, answer: object) -> None:
    """Nothing but True means that there is more to do: no chore runs without a pause by mistake."""
    work = Work(*[answer] * 9)
    async with keeper.keeping([chore(work)]):
        await times.over.wait()
    assert work.done == 2


async def test_failures(keeper: Keeper, times: Times, log: io.StringIO) -> None:
    """What fails is done next time; each kind of failure is told once, with none of its words."""
    times.until = 7
    work = Work(KeyError("4711"), KeyError("4712"), OSError("secret"), None, KeyError("4713"), OSError())
    async with keeper.keeping([chore(work)]):
        await times.over.wait()
    assert work.done == 6
    assert faults(log) == [("chore.dishes", it) for it in ("KeyError", "OSError", "KeyError", "OSError")]
    assert "47" not in "".join(json.loads(it)["kind"] for it in log.getvalue().splitlines())
    assert "secret" not in log.getvalue()
    assert 'umbane_chore_failing{chore="dishes"} 1.0' in keeper.watch.page().decode()


async def test_one_fails_alone(keeper: Keeper, times: Times) -> None:
    """A chore that fails keeps no other from being done."""
    times.until = 8
    bad, good = Work(*[OSError()] * 99), Work()
    async with keeper.keeping([chore(bad), chore(good)._replace(name="laundry")]):
        await times.over.wait()
    assert min(bad.done, good.done) >= 2


async def test_an_alarm(keeper: Keeper, times: Times, town: Town) -> None:
    """What has failed for an hour is an alarm in every house: one, however long it lasts and whoever else fails."""
    await build(town.database, "hillside", 2)
    times.until, work = 7, Work(*[OSError("secret")] * 99)
    async with keeper.keeping([chore(work, LONG / 2)]):
        await times.over.wait()
    words = "dishes: for an hour a server has failed to wash the dishes (OSError)"
    assert await alarms(town) == [("chore", "server", words)] * 2
    times.pauses.clear()
    times.over.clear()
    other = Keeper(town.database, Watch(None), times.sleep, times.clock)
    async with other.keeping([chore(work, LONG)]):
        await times.over.wait()
    assert len(await alarms(town)) == 2


async def test_no_alarm_too_early(keeper: Keeper, times: Times, town: Town) -> None:
    """Failures within an hour, and those after it was done again, are no alarm."""
    times.until = 8
    work = Work(OSError(), OSError(), None, OSError(), OSError(), None)
    async with keeper.keeping([chore(work, LONG * 0.9)]):
        await times.over.wait()
    assert await alarms(town) == []


async def test_an_alarm_that_can_not_be_raised(keeper: Keeper, times: Times, town: Town) -> None:
    """Without a database the alarm waits until it is back, and the chore is tried all the same."""
    work = Work(*[OSError()] * 99)
    await town.database.close()
    for _ in range(3):
        assert not await keeper.once(chore(work))
        times.pauses.append(LONG)
    await town.database.open()
    assert not await keeper.once(chore(work))
    assert len(await alarms(town)) == 1


async def test_the_end(keeper: Keeper) -> None:
    """At the end whatever is under way is stopped, and what has to be is done once more, even if it fails then."""
    stuck, begun, late = asyncio.Event(), asyncio.Event(), Work(OSError())

    async def hang() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stuck.set()

    async with keeper.keeping([Chore("a", "hang", hang, 1, at_once=True), chore(late, last=True)]):
        await begun.wait()
        before = late.done
    assert stuck.is_set()
    assert late.done == before + 1


async def test_a_server_that_fails(keeper: Keeper) -> None:
    """When the server itself ends with an error, so do its chores."""
    work = Work()
    with pytest.raises(OSError, match="broken"):
        async with keeper.keeping([chore(work, at_once=True)]):
            raise OSError("broken")
    assert asyncio.all_tasks() == {asyncio.current_task()}


# ----------------------------------------------------------------------------------------------------------------- jobs


async def put(database: Database) -> None:
    """Enqueue a job."""
    now = await database_clock(database)()
    await database.run(lambda tx: enqueue(tx, [NewJob("test.a")], now))


async def test_jobs(database: Database, times: Times) -> None:
    """Jobs are done as they come, also after the database was away."""
    seen, calls = list[int](), 0

    async def handler(job: Job) -> None:
        seen.append(job.number)
        if len(seen) < 3:
            await put(database)
        elif len(seen) == 3:
            await put(database)
            await database.close()

    async def sleep(_pause: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            await database.open()
        if len(seen) == 4:
            times.over.set()
        await asyncio.sleep(0)

    handlers = Handlers()
    handlers.each("test.a", handler)
    keeper = Keeper(database, Watch(None), sleep, times.clock)
    worker = Worker(database, handlers, "tester:7")
    work = jobs_chore("do the jobs", worker, 0.5)
    assert (work.name, work.at_once, work.pause) == ("tester", True, 0.5)
    await put(database)
    async with asyncio.timeout(30), keeper.keeping([work]):
        await times.over.wait()
    async with database.reading() as connection:
        counts = await job_counts(connection, await database_clock(database)())
    assert len(seen) == 4
    assert counts[JobState.DONE] >= 3


@pytest.mark.parametrize("external", [True, False])
async def test_what_a_module_left_open(town: Town, external: bool) -> None:  # noqa: FBT001 - the two ways
    """A server asks a module outside of its process what became of what it left open, and no other one."""
    async with open_shop(town, LaboratoryModule("outside", external=external)) as shop:
        found = {it.name: it for it in chores(shop.engine)}
        assert ("settling" in found) == external
        if external:
            assert await found["settling"].work() is None
