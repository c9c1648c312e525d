"""What a server does by itself beside its requests: chores, each of them again and again until the server ends.

A chore that fails is tried again after its pause. Figures say which ones fail, a line of the log says why, once for
each kind of failure, and when one has failed for an hour there is an alarm in every house. At the end a chore is
stopped wherever it is: what it does, it does in transactions, and whoever comes next does the rest. Several servers
of one database have the same chores, and each chore sees to it that they don't get into each other's way.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from prometheus_client import Gauge

from umbane.api.alarms import warn_everywhere
from umbane.api.watching import Watch
from umbane.db import Database, Handlers, Retries, Worker, database_clock

__all__ = ["Chore", "Keeper", "jobs_chore", "worker_for"]

LONG: Final = 3600.0
"""Seconds after which people are told of what fails. [choice]"""
LAST: Final = 10.0
"""Seconds for what is under way to give up, and for what is done once more at the end."""
FEW: Final = Retries(attempts=3)
LONGEST: Final = timedelta(hours=2)
"""The lease of a job: to go through the books of a large house takes long."""


class Chore(NamedTuple):
    """Something to do now and then.

    Attributes:
        name: in the figures.
        what: it is, for people.
        work: does it once; it answers True when there is more to do at once.
        pause: seconds until the next time.
        at_once: the first time comes without a pause.
        last: it is done once more at the end.
    """

    name: str
    what: str
    work: Callable[[], Awaitable[object]]
    pause: float
    at_once: bool = False
    last: bool = False


def worker_for(name: str, database: Database, handlers: Handlers) -> Worker:
    """A worker of this process for jobs that take long, one at a time."""
    return Worker(database, handlers, f"{name}:{os.getpid()}", FEW, LONGEST, batch=1)


def jobs_chore(what: str, worker: Worker, pause: float) -> Chore:
    """The chore of a worker: to look into the queue, and do what is due."""
    now = database_clock(worker.database)

    async def work() -> bool:
        return await worker.run_once(await now()) > 0

    return Chore(worker.name.partition(":")[0], what, work, pause, at_once=True)


@dataclass(slots=True)
class Failing:
    """How a chore fails: since when, of which kind the last failure was, and whether there is an alarm."""

    since: float
    kind: str = ""
    is_told: bool = False


class Keeper:
    """Does chores.

    Args:
        database: with the alarms.
        watch: where it is told what fails.
        sleep: how a pause is made.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        watch: Watch,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.database, self.watch, self.sleep, self.clock = database, watch, sleep, clock
        self.failing: dict[str, Failing] = {}
        words = "1 when something that a server does by itself failed the last time."
        self.fails = Gauge("umbane_chore_failing", words, ("chore",), registry=watch.registry)
        words = "When something that a server does by itself was done last, in seconds since 1970."
        self.done = Gauge("umbane_chore_done_seconds", words, ("chore",), registry=watch.registry)

    @asynccontextmanager
    async def keeping(self, chores: Sequence[Chore]) -> AsyncIterator[None]:
        """Do them meanwhile."""
        for it in chores:
            self.fails.labels(it.name).set(0)
        tasks = [asyncio.create_task(self.keep(it)) for it in chores]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=LAST)
            for chore in chores:
                if chore.last:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LAST):
                            await self.once(chore)

    async def keep(self, chore: Chore) -> None:
        """Do a chore until somebody cancels it."""
        if not chore.at_once:
            await self.sleep(chore.pause)
        while True:
            if not await self.once(chore):
                await self.sleep(chore.pause)

    async def once(self, chore: Chore) -> bool:
        """Do it once; whether there is more to do at once."""
        try:
            is_more = await chore.work() is True
        except Exception as error:  # noqa: BLE001 - it is told, and tried again
            self.fails.labels(chore.name).set(1)
            await self.tell(chore, error)
            return False
        self.fails.labels(chore.name).set(0)
        self.done.labels(chore.name).set(self.clock())
        self.failing.pop(chore.name, None)
        return is_more

    async def tell(self, chore: Chore, error: Exception) -> None:
        """Say that it failed, and raise an alarm when it did so for long."""
        kind, now = type(error).__name__, self.clock()
        failing = self.failing.setdefault(chore.name, Failing(now))
        if failing.kind != kind:
            failing.kind = kind
            self.watch.fault(f"chore.{chore.name}", error)
        if now - failing.since >= LONG and not failing.is_told:
            with suppress(Exception):  # without a database it is told when it is back
                await self.alarm(chore, f"for an hour a server has failed to {chore.what} ({kind})")
                failing.is_told = True

    async def alarm(self, chore: Chore, words: str) -> None:
        """Raise an alarm in every house."""
        at = await database_clock(self.database)()
        await self.database.run(lambda tx: warn_everywhere(tx, "chore", "server", chore.name, words, at))
