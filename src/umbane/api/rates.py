"""How often somebody may ask, whichever process they ask.

A process takes requests from the database some at a time, ahead of their use, so that hardly any request waits for
that. All that are taken are counted, used or not: what a process has left of them it keeps for later.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from umbane.api.problems import ApiError
from umbane.db import Connection, Database

__all__ = ["Rates", "Who"]

PER_MINUTE: Final = 60_000
"""Requests a minute for a key without a limit of its own: 1000 a second."""
BURST: Final = 10
"""Seconds whose requests may come at once."""
PORTION: Final = 4
"""A process takes this part of a burst at a time. [choice]"""
MOST_KEYS: Final = 100_000
LEASING: Final = "SELECT requests, wait FROM api.lease($1, $2, $3, $4)"

Who = UUID | str
"""An API key, a person, or an address from which somebody signs in."""


class Rates:
    """Lets everybody ask so often, and tells whoever asks more often when to come back.

    Args:
        database: where all processes take requests from.
        clock: seconds that only grow.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self.database = database
        self.clock = clock
        self.left: OrderedDict[Who, int] = OrderedDict()
        self.shut: OrderedDict[Who, float] = OrderedDict()
        self.lines: WeakValueDictionary[Who, asyncio.Lock] = WeakValueDictionary()

    async def require(self, who: Who, per_minute: int | None = None) -> None:
        """Count one request.

        Raises:
            ApiError: too many; it says in how many seconds there is room again.
            DatabaseError: none was left here, and the database couldn't be asked for more.
        """
        if left := self.left.get(who):
            self.left[who] = left - 1
            return
        line = self.lines.setdefault(who, asyncio.Lock())
        async with line:  # one asks for all who wait
            while not self.left.get(who):
                await self.take(who, per_minute or PER_MINUTE)
            self.left[who] -= 1

    async def take(self, who: Who, per_minute: int) -> None:
        """Take some requests, or be told when there are any; until then the database isn't asked again."""
        if (wait := self.shut.get(who, 0.0) - self.clock()) <= 0:
            gap = 60 / per_minute
            burst = max(float(BURST), gap)
            most = max(1, int(burst / gap) // PORTION)
            requests, wait = await self.database.run(lambda tx: lease(tx, str(who), gap, burst, most))
            keep(self.left, who, requests)
            if requests:
                return
            keep(self.shut, who, self.clock() + wait)
        raise ApiError(
            HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "that was asked too often",
            "wait, then send the same again", retry_after=max(1, ceil(wait)),
        )  # fmt: skip


async def lease(tx: Connection, name: str, gap: float, burst: float, most: int) -> tuple[int, float]:
    """Take requests: how many they are, and after how many seconds there is one if there is none."""
    row = await tx.fetchrow(LEASING, name, gap, burst, most)
    return (row["requests"], row["wait"]) if row else (0, burst)


def keep(kept: OrderedDict[Who, int] | OrderedDict[Who, float], who: Who, value: float) -> None:
    """Remember something of somebody, and forget whoever was remembered longest ago."""
    kept[who] = value  # type: ignore[assignment] # a whole number where whole numbers are
    kept.move_to_end(who)
    if len(kept) > MOST_KEYS:
        kept.popitem(last=False)
