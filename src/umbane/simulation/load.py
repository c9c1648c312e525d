"""What a household draws, hour by hour: a table of its day and a little chance from a seed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

__all__ = ["LOADS", "hourly_load"]

LOADS: Final = {
    "modest": "40 40 40 40 40 80 290 210 60 60 60 80 130 60 60 60 80 270 430 360 270 150 80 50",
    "family": "60 60 60 60 70 260 740 500 130 110 110 180 230 130 110 130 260 630 1020 820 540 310 140 80",
    "electric": "50 50 50 50 140 540 1260 770 230 200 230 500 660 250 210 230 500 1160 1600 1210 720 440 210 70",
    "shop": "180 180 180 180 180 220 420 590 900 960 960 990 990 960 960 960 900 780 540 380 250 200 180 180",
}
"""Watts in each of the 24 hours of an ordinary day."""

CHANCE: Final = 35
"""How far an hour's load strays from its table, in per cent."""

HOUR: Final = timedelta(hours=1)


def hourly_load(pattern: str, seed: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
    """Yield, up to ``end``, when a load ends and how many watts it draws until then.

    The same seed and hour give the same load, whatever the steps it is asked in.

    Args:
        pattern: a name in LOADS.
        seed: what tells this household from others.
        start: an aware moment.
        end: a later one; nothing is yielded when it isn't.
    """
    table = [int(watts) for watts in LOADS[pattern].split()]
    while start < end:
        hour = start.replace(minute=0, second=0, microsecond=0)
        chance = Random(f"{seed} {hour.isoformat()}").randint(-CHANCE, CHANCE)  # noqa: S311 - people, not secrets
        start = min(hour + HOUR, end)
        yield start, table[hour.hour] * (100 + chance) // 100
