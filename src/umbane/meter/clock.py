"""The meter's clock: it drifts, it lives on a battery without mains, and when that is empty it has lost the time."""

from typing import Final

from umbane.meter.state import Clock

__all__ = ["LOST_READING", "moment", "reading"]

MILLION: Final = 1_000_000
LOST_READING: Final = 946_684_800_000
"""Where a clock that lost the time starts again: 2000-01-01 00:00 UTC."""


def reading(clock: Clock, drift_ppm: int, time: int) -> int:
    """What the clock reads at a true time, in ms since 1970 UTC."""
    elapsed = time - clock.since
    return clock.origin + elapsed + elapsed * drift_ppm // MILLION


def moment(clock: Clock, drift_ppm: int, wanted: int) -> int:
    """The first true time at which the clock reads ``wanted`` or more."""
    return clock.since - (clock.origin - wanted) * MILLION // (MILLION + drift_ppm)
