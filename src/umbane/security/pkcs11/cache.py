"""Decoder keys that are remembered for a while, so that a slow token isn't asked for the same one again and again.

A remembered key is the key of one meter in the memory of this process: whoever reads that memory can make tokens for
that meter until its key is changed. So nothing is remembered unless somebody says how many, and for how long.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock

from umbane.errors import InputError
from umbane.security.models import VendingKeyName

__all__ = ["CachePolicy", "DecoderKeyCache"]

Row = tuple[VendingKeyName, bytes]
"""A vending key and what it is applied to."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How many decoder keys are remembered, and for how long.

    Attributes:
        meters: how many at most; 0 for none.
        seconds: how long one is used after it came from the token.

    Raises:
        InputError: one of them is negative.
    """

    meters: int = 0
    seconds: int = 300

    def __post_init__(self) -> None:
        if min(self.meters, self.seconds) < 0:
            raise InputError("cache policy", "a number is negative", "give 0 meters to remember nothing")


class DecoderKeyCache:
    """What is remembered; its repr shows how many.

    Args:
        policy: how many, and for how long.
        clock: seconds that only grow.
    """

    def __init__(self, policy: CachePolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy, self.clock, self.lock = policy, clock, Lock()
        self.keys: OrderedDict[Row, tuple[float, bytes]] = OrderedDict()

    def __repr__(self) -> str:
        return f"DecoderKeyCache({len(self.keys)} of {self.policy.meters})"

    def get(self, row: Row) -> bytes | None:
        """The key, if it came from the token not long ago."""
        with self.lock:
            since, key = self.keys.get(row, (0.0, None))
            if key is not None and self.clock() - since >= self.policy.seconds:
                del self.keys[row]
                return None
            return key

    def keep(self, rows: Iterable[tuple[Row, bytes]]) -> None:
        """Remember keys that have just come; those that came first are forgotten first."""
        with self.lock:
            now = self.clock()
            for row, key in rows:
                self.keys[row] = now, key
                self.keys.move_to_end(row)
            while len(self.keys) > self.policy.meters:
                self.keys.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self.lock:
            self.keys.clear()
