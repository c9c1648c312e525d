"""Reconciliation A beside a server: every night, and whenever somebody asks for it, by whoever has the module.

It is a job. One that found a difference is dead at once, with the first difference as its problem, so that it is seen
where operators look (`umbane jobs dead`); it stands in the log and in the figures too.
"""

import asyncio
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import Gauge

from umbane.api.watching import Watch
from umbane.audit import Fact, append
from umbane.db import Connection, GiveUp, Handlers, Job, NewJob, Retries, Worker, database_clock, enqueue
from umbane.vending import Engine, reconcile

__all__ = ["Reconciler", "ask_for", "job_of"]

LONGEST: Final = timedelta(hours=2)
IDLE: Final = 2.0
LOOK: Final = 600.0
"""Seconds between two looks whether it is time."""
LAST: Final = """
SELECT max(enqueued_at) FROM (
    SELECT enqueued_at, name FROM db.job UNION ALL SELECT enqueued_at, name FROM db.job_outcome
) AS job WHERE name = $1"""
TURN: Final = "SELECT pg_advisory_xact_lock(1919247214)"


def job_of(module: str) -> str:
    """The name of the job that reconciles a module."""
    return f"reconcile.{module}"


async def ask_for(tx: Connection, module: str, now: datetime) -> int:
    """Have a module reconciled by whoever has it; the number of the job."""
    [number] = await enqueue(tx, [NewJob(job_of(module))], now)
    return number


class Reconciler:
    """Reconciles the module of a server.

    Args:
        engine: that sells with it.
        module: its name.
        watch: where it is told whether all witnesses agree.
        idle: seconds between two looks at the queue.
    """

    def __init__(self, engine: Engine, module: str, watch: Watch, idle: float = IDLE) -> None:
        self.engine = engine
        self.module = module
        self.idle = idle
        self.stop = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self.differences = Gauge(
            "umbane_reconciliation_differences",
            "Differences that the last reconciliation found.",
            registry=watch.registry,
        )

    def start(self) -> None:
        """Begin."""
        self.tasks = [asyncio.create_task(it) for it in (self.work(), self.every_night())]

    async def end(self) -> None:
        """End; what is under way is done by the next one who starts."""
        self.stop.set()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def work(self) -> None:
        """Do what is asked."""
        database, handlers = self.engine.database, Handlers()
        handlers.each(job_of(self.module), self.reconcile)
        worker = Worker(database, handlers, f"reconcile:{os.getpid()}", Retries(attempts=3), LONGEST, batch=1)
        await worker.run(database_clock(database), self.stop, self.idle)

    async def reconcile(self, _job: Job) -> None:
        """Reconcile, and raise an alarm over what differs."""
        found = await reconcile(self.engine)
        self.differences.set(len(found.differences))
        if found.agrees:
            return
        now = await database_clock(self.engine.database)()
        says = {"alarm": "reconciliation", "module": found.module, "differences": [str(it) for it in found.differences]}
        await self.engine.database.run(lambda tx: append(tx, [Fact("alarm", now, says)]))
        more = f" (and {len(found.differences) - 1} more)" if len(found.differences) > 1 else ""
        raise GiveUp(f"{found.differences[0]}{more}")

    async def every_night(self) -> None:
        """Ask for it once after each midnight; whoever starts a server waits for nothing."""
        while True:
            await asyncio.sleep(LOOK)
            with suppress(Exception):  # the next look may find the database back
                await self.ask_if_due(await database_clock(self.engine.database)())

    async def ask_if_due(self, now: datetime) -> bool:
        """Ask for it if nobody did since midnight, UTC; whether that was so."""
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

        async def work(tx: Connection) -> bool:
            await tx.execute(TURN)
            last: datetime | None = await tx.fetchval(LAST, job_of(self.module))
            if last is not None and last >= midnight:
                return False
            await ask_for(tx, self.module, now)
            return True

        return await self.engine.database.run(work)
