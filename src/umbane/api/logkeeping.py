"""Keeping the log beside a server: what was written gets its place, and heads are signed."""

from datetime import datetime
from typing import Final

from prometheus_client import Gauge

from umbane.api.alarms import raise_everywhere
from umbane.api.keeping import Chore
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
    """

    def __init__(self, database: Database, signer: Signer, watch: Watch) -> None:
        self.database, self.signer, self.watch = database, signer, watch
        self.is_told = False
        self.size = Gauge("umbane_log_entries", "Entries of the log that are signed for.", registry=watch.registry)
        self.waiting = Gauge("umbane_log_waiting", "Entries that wait for a place.", registry=watch.registry)
        self.altered = Gauge("umbane_log_altered", "1 when the log isn't what was signed.", registry=watch.registry)

    def chores(self) -> list[Chore]:
        """To do a round now and then; what waits at the end still gets its place."""
        return [Chore("log", "give the entries of the log their places", self.round, PAUSE, last=True)]

    async def round(self) -> None:
        """Give what waits its place, and say how the log stands. A log that was altered is shouted about each time."""
        now = await database_clock(self.database)()
        try:
            await sequence(self.database, self.signer, now)
        except AlteredError as error:
            self.altered.set(1)
            self.watch.fault("audit.sequence", error)
            await self.alarm(str(error), now)
        else:
            self.altered.set(0)
            self.is_told = False
        async with self.database.reading() as connection:
            head = await last_head(connection)
            self.size.set(head.size if head else 0)
            self.waiting.set(await connection.fetchval(WAITING))

    async def alarm(self, words: str, now: datetime) -> None:
        """Raise an alarm, once for each time that the log was found altered."""
        if not self.is_told:
            await self.database.run(lambda tx: raise_everywhere(tx, "log", f"key:{self.signer.id}", words, now))
            self.is_told = True
