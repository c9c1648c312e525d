"""What has to be done now and then, whoever asks for anything: proving, summing, settling, forgetting.

It runs beside the requests of a server. Several servers of one database take turns.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, NamedTuple

from umbane.api.managing.proofs import Prover
from umbane.db import Connection, Database, Retries, Worker, database_clock
from umbane.db.jobs import forget
from umbane.ledger import sum_periods
from umbane.ledger.reading import utilities
from umbane.vending import Engine, resolve

__all__ = ["Housekeeper", "Tidied", "tidy_up"]

KEPT: Final = timedelta(days=30)
"""For so long jobs that were done, and sessions that are over, can be looked at."""
ANSWERS_KEPT: Final = timedelta(days=90)
"""For so long the same Idempotency-Key gets the same answer: longer than anybody tries again, and than any request for
the agreement of others is open. Messages of tills are never forgotten. [choice]"""
RATES_KEPT: Final = timedelta(hours=1)
AT_A_TIME: Final = 10_000
"""Rows that are forgotten in one round."""
PAUSE: Final = 600.0
"""Seconds between two rounds; the first comes after one pause, so that whoever starts a server waits for nothing."""
SETTLING: Final = 60.0
"""Seconds between two looks at what a module outside of this process left open."""
LONGEST_JOB: Final = timedelta(hours=2)
"""The lease of a proof: of a large house it takes long."""
IDLE: Final = 1.0

LOCK: Final = 1346720345
"""The advisory lock of whoever tidies up."""
TURN: Final = "SELECT pg_try_advisory_xact_lock($1)"
SESSIONS: Final = """
DELETE FROM api.session WHERE expires_at < now() - $1::interval OR ended_at < now() - $1::interval"""
ANSWERS: Final = """
DELETE FROM api.written USING (
    SELECT utility_id, caller_id, key FROM api.written WHERE at < now() - $1::interval ORDER BY at LIMIT $2
) AS old WHERE written.utility_id = old.utility_id AND written.caller_id = old.caller_id AND written.key = old.key"""
RATES: Final = "DELETE FROM api.rate WHERE free_at < now() - $1::interval"


class Tidied(NamedTuple):
    """What was forgotten: jobs that were done, sessions that are over, answers to what was written long ago."""

    jobs: int
    sessions: int
    answers: int


async def tidy_up(database: Database) -> Tidied | None:
    """Forget what nobody needs any more, and sum closed periods; None when another process does it just now.

    Dead jobs stay until somebody tries them again, and so does all that is booked, sold or decided.
    """
    now = await database_clock(database)()

    async def work(tx: Connection) -> Tidied | None:
        if not await tx.fetchval(TURN, LOCK):
            return None
        sessions = await tx.execute(SESSIONS, KEPT)
        answers = await tx.execute(ANSWERS, ANSWERS_KEPT, AT_A_TIME)
        await tx.execute(RATES, RATES_KEPT)
        return Tidied(await forget(tx, now - KEPT), number_in(sessions), number_in(answers))

    done = await database.run(work)
    if done is not None:
        async with database.reading() as connection:
            books = await utilities(connection)
        for utility in books:
            await sum_periods(database, utility)
    return done


def number_in(status: str) -> int:
    """How many rows a statement was about, as the database says it: "DELETE 7"."""
    return int(status.rpartition(" ")[2])


class Housekeeper:
    """Keeps house beside a server.

    Args:
        engine: that the server sells with.
        idle: seconds between two looks at the queue.
    """

    def __init__(self, engine: Engine, idle: float = IDLE) -> None:
        self.engine = engine
        self.idle = idle
        self.stop = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        works = [self.prove(), self.now_and_then(PAUSE, lambda: tidy_up(self.engine.database))]
        if self.engine.house.module.external:
            works.append(self.now_and_then(SETTLING, lambda: resolve(self.engine)))
        self.tasks = [asyncio.create_task(it) for it in works]

    async def end(self) -> None:
        """End; a job that is under way is done again by the next one who starts."""
        self.stop.set()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def prove(self) -> None:
        """Do what is asked of the books."""
        database = self.engine.database
        handlers, name = Prover(database).handlers(), f"house:{os.getpid()}"
        worker = Worker(database, handlers, name, Retries(attempts=3), LONGEST_JOB, batch=1)
        await worker.run(database_clock(database), self.stop, self.idle)

    async def now_and_then(self, pause: float, work: Callable[[], Awaitable[object]]) -> None:
        """Do something again and again; when it fails, for the database or a module is away, it is done next time."""
        while not self.stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), pause)
            if not self.stop.is_set():
                with suppress(Exception):
                    await work()
