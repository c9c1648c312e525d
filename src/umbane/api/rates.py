"""How often somebody may ask."""

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import Final

from umbane.api.problems import ApiError

__all__ = ["Rates"]

PER_MINUTE: Final = 60_000
"""Requests a minute for a key without a limit of its own: 1000 a second."""
BURST: Final = 10
"""Seconds whose requests may come at once."""
MOST_KEYS: Final = 100_000


class Rates:
    """Lets everybody ask so often, and tells whoever asks more often when to come back. In this process only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.free_at: OrderedDict[object, float] = OrderedDict()

    def require(self, key: object, per_minute: int | None = None) -> None:
        """Count one request.

        Raises:
            ApiError: too many; it says in how many seconds there is room again.
        """
        gap, now = 60 / (per_minute or PER_MINUTE), self.clock()
        due = max(self.free_at.pop(key, now), now)
        wait = due - now - max(BURST, gap)
        self.free_at[key] = due if wait > 0 else due + gap
        if len(self.free_at) > MOST_KEYS:
            self.free_at.popitem(last=False)
        if wait > 0:
            raise ApiError(
                HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "that was asked too often",
                "wait, then send the same again", retry_after=ceil(wait),
            )  # fmt: skip
