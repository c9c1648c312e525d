"""What a process that sells all day tells Python's collector of cycles."""

import gc
from typing import Final

__all__ = ["collect_seldom"]

THRESHOLDS: Final = (300_000, 20, 100)
"""Two batches of sales make a hundred thousand values at once, none of them a cycle; the usual 700 look at them all,
again and again, for a sixth of the processor's time."""


def collect_seldom() -> None:
    """Leave what is there now out of every collection, and collect after larger numbers of new values.

    For whoever owns the process, once, when everything is open.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
