"""Workers: take jobs that are due, give each to its handler, and write down what became of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

from umbane.db.connection import Connection
from umbane.db.database import Database
from umbane.db.errors import DatabaseError
from umbane.db.jobs import Failure, Job, Retries, claim, fail, finish, give_back

__all__ = ["GiveUp", "Handlers", "Worker", "database_clock"]

SHARE_OF_LEASE: Final = 0.8
"""The part of the lease that a handler may take; the rest is for writing down the outcome."""

DEFAULT_RETRIES: Final = Retries()

Each = Callable[[Job], Awaitable[None]]
Inside = Callable[[Connection, Sequence[Job]], Awaitable[None]]


class GiveUp(Exception):  # noqa: N818 - a handler's word and no fault of Umbane
    """Raised by a handler to say that no further attempt can succeed."""


class LeaseLostError(DatabaseError):
    """Another worker has taken a job meanwhile, so what was done for it is undone."""


class Handlers:
    """Who does which jobs, by the jobs' names."""

    def __init__(self) -> None:
        self.by_name: dict[str, Each] = {}
        self.inside_by_name: dict[str, Inside] = {}

    def each(self, name: str, handler: Each) -> None:
        """Do these jobs one by one, outside any transaction: calls to the world, each begun at least once."""
        self._check(name)
        self.by_name[name] = handler

    def inside(self, name: str, handler: Inside) -> None:
        """Do these jobs many at once inside a transaction that also holds their outcome: exactly once.

        The handler changes nothing but the database. When it fails on many, it is asked again for each alone.
        """
        self._check(name)
        self.inside_by_name[name] = handler

    @property
    def names(self) -> list[str]:
        """The jobs that are done here."""
        return sorted(self.by_name.keys() | self.inside_by_name.keys())

    def _check(self, name: str) -> None:
        if name in self.names:
            raise ValueError(f"two handlers for the jobs called {name!r}")


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who does jobs.

    Attributes:
        database: where they are.
        handlers: who does which.
        name: whose lease it is, such as "till-1:4711".
        retries: how often to try, and how long to wait.
        lease: how long a job stays taken when its worker dies.
        batch: at most so many jobs of a name at once.
        chance: a number from 0 to below 1 each time, which spreads the pauses.
    """

    database: Database
    handlers: Handlers
    name: str
    retries: Retries = DEFAULT_RETRIES
    lease: timedelta = timedelta(minutes=1)
    batch: int = 100
    chance: Callable[[], float] = random.random

    async def run_once(self, now: datetime) -> int:
        """Take the jobs that are due at this moment and do them; answer how many were taken.

        When it is cancelled, the jobs that aren't done come due again at once.
        """

        async def take(connection: Connection) -> list[Job]:
            names, limit = self.handlers.names, self.batch
            return await claim(connection, names, worker=self.name, limit=limit, now=now, lease=self.lease)

        jobs = sorted(await self.database.run(take), key=attrgetter("name", "number"))
        names = groupby(jobs, attrgetter("name"))
        doing = asyncio.gather(*(self._do(name, list(some), now) for name, some in names), return_exceptions=True)
        try:
            ends = await doing
        except asyncio.CancelledError:
            with suppress(DatabaseError):  # else they come due when their lease is over
                await self.database.run(lambda connection: give_back(connection, jobs, now))
            raise
        for error in filter(None, ends):  # raised only when all have ended
            raise error
        return len(jobs)

    async def _do(self, name: str, jobs: Sequence[Job], now: datetime) -> None:
        """Do jobs of one name, and write down what became of them."""
        tired = [job for job in jobs if job.attempts > self.retries.attempts]
        await self._fail([Failure(job, "its lease ran out at every attempt", hopeless=True) for job in tired], now)
        fresh = [job for job in jobs if job.attempts <= self.retries.attempts]
        if not fresh:
            return
        if name in self.handlers.by_name:
            await self._do_each(self.handlers.by_name[name], fresh, now)
        else:
            await self._do_inside(self.handlers.inside_by_name[name], fresh, now)

    async def _do_each(self, handler: Each, jobs: Sequence[Job], now: datetime) -> None:
        failures = await asyncio.gather(*(self._attempt(handler(job), job) for job in jobs))
        failed = [failure for failure in failures if failure]
        good = [job for job, failure in zip(jobs, failures, strict=True) if not failure]
        if good:
            await self.database.run(lambda connection: finish(connection, good, now))
        await self._fail(failed, now)

    async def _do_inside(self, handler: Inside, jobs: Sequence[Job], now: datetime) -> None:
        async def work(connection: Connection) -> None:
            if len(await finish(connection, jobs, now)) < len(jobs):
                raise LeaseLostError("another worker has taken the job", "let that one do it")
            await handler(connection, jobs)

        failure = await self._attempt(self.database.run(work), jobs[0])
        if failure and len(jobs) > 1:
            for job in jobs:
                await self._do_inside(handler, [job], now)
        elif failure:
            await self._fail([failure], now)

    async def _attempt(self, work: Awaitable[object], job: Job) -> Failure | None:
        """Wait for a handler, for as long as the lease allows; answer what went wrong."""
        try:
            async with asyncio.timeout(self.lease.total_seconds() * SHARE_OF_LEASE):
                await work
        except GiveUp as error:
            return Failure(job, str(error) or "given up", hopeless=True)
        except TimeoutError:
            return Failure(job, "it took too long")
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is that job's failure, never the worker's
            return Failure(job, f"{type(error).__name__}: {error}")
        return None

    async def _fail(self, failures: Sequence[Failure], now: datetime) -> None:
        if failures:
            chances = [self.chance() for _ in failures]
            await self.database.run(lambda connection: fail(connection, failures, self.retries, chances, now))


def database_clock(database: Database) -> Callable[[], Awaitable[datetime]]:
    """The clock of the database server, which all workers share."""

    async def now() -> datetime:
        async with database.reading() as connection:
            moment: datetime = await connection.fetchval("SELECT clock_timestamp()")
            return moment

    return now
