"""What a household draws, hour by hour: a table of its day and a little chance from a seed."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zlib import crc32

__all__ = ["LOADS", "daily_wh", "hourly_load"]

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


def table(pattern: str) -> list[int]:
    """Watts in each hour of the day."""
    return [int(watts) for watts in LOADS[pattern].split()]


def daily_wh(pattern: str) -> int:
    """What an ordinary day takes, in Wh."""
    return sum(table(pattern))


def hourly_load(
    pattern: str, seed: str, start: datetime, end: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, int]]:
    """Yield, up to ``end``, when a load ends and how many watts it draws until then.

    The same seed and hour give the same load, whatever the steps it is asked in.

    Args:
        pattern: a name in LOADS.
        seed: what tells this household from others.
        start: a moment in UTC.
        end: a later one; nothing is yielded when it isn't.
        zone: whose clocks the household lives by.
    """
    watts = table(pattern)
    while start < end:
        hour = start.replace(minute=0, second=0, microsecond=0)
        stray = crc32(f"{seed} {hour:%Y%m%d%H}".encode()) % (2 * CHANCE + 1) - CHANCE
        start = min(hour + HOUR, end)
        yield start, watts[hour.astimezone(zone).hour] * (100 + stray) // 100
