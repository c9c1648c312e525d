"""Keeping the log beside a server: what was written gets its place, and heads are signed."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Final

from prometheus_client import Gauge

from umbane.api.alarms import raise_everywhere
from umbane.api.watching import Watch
from umbane.audit import AlteredError, Signer, last_head, sequence
from umbane.db import Database, database_clock

__all__ = ["Logkeeper"]

PAUSE: Final = 5.0
"""Seconds between two rounds. [choice]"""
WAITING: Final = """
SELECT coalesce(sum(leaves), 0) FROM (SELECT leaves FROM audit.batch WHERE first IS NULL LIMIT 10000) waiting"""


class Logkeeper:
    """Keeps the log; of several servers one does it at a time.

    Args:
        database: with the log.
        signer: of heads.
        watch: where it is told how the log stands.
        pause: seconds between two rounds.
    """

    def __init__(self, database: Database, signer: Signer, watch: Watch, pause: float = PAUSE) -> None:
        self.database = database
        self.signer = signer
        self.watch = watch
        self.pause = pause
        self.task: asyncio.Task[None] | None = None
        self.is_altered = False
        self.size = Gauge("umbane_log_entries", "Entries of the log that are signed for.", registry=watch.registry)
        self.waiting = Gauge("umbane_log_waiting", "Entries that wait for a place.", registry=watch.registry)
        self.altered = Gauge("umbane_log_altered", "1 when the log isn't what was signed.", registry=watch.registry)

    def start(self) -> None:
        """Begin."""
        self.task = asyncio.create_task(self.keep())

    async def end(self) -> None:
        """End: what waits now still gets its place."""
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        with suppress(Exception):  # who comes next does it
            await self.round()

    async def keep(self) -> None:
        """Do a round again and again; when the database is away, it is done when it is back."""
        while True:
            await asyncio.sleep(self.pause)
            with suppress(Exception):
                await self.round()

    async def round(self) -> None:
        """Give what waits its place, and say how the log stands. A log that was altered is shouted about each time."""
        now = await database_clock(self.database)()
        try:
            await sequence(self.database, self.signer, now)
        except AlteredError as error:
            self.watch.fault("audit.sequence", error)
            await self.alarm(str(error), now)
        else:
            self.is_altered = False
        self.altered.set(int(self.is_altered))
        async with self.database.reading() as connection:
            head = await last_head(connection)
            self.size.set(head.size if head else 0)
            self.waiting.set(await connection.fetchval(WAITING))

    async def alarm(self, words: str, now: datetime) -> None:
        """Raise an alarm, once for each time that the log was found altered."""
        if not self.is_altered:
            self.is_altered = True
            await self.database.run(lambda tx: raise_everywhere(tx, "log", f"key:{self.signer.id}", words, now))
