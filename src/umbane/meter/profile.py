"""The load profile: energy by intervals of the meter's clock."""

from enum import IntFlag
from typing import NamedTuple

from umbane.meter.ring import Ring
from umbane.meter.units import NEVER

__all__ = ["Interval", "Profile", "ProfileFlag"]


class ProfileFlag(IntFlag):
    """What is special about an interval."""

    POWER_CUT = 1
    """It began or ended early, with the power."""
    CLOCK_SET = 2
    """It began or ended early, because the clock was set."""
    CLOCK_LOST = 4
    """Its times aren't right."""


class Interval(NamedTuple):
    """One line of the profile. The Wh are differences of the register as it reads, so they add up to it."""

    start: int
    """By the meter's clock, in ms since 1970 UTC."""
    imported_wh: int
    exported_wh: int
    flags: int
    """Values of ``ProfileFlag``, added."""


class Profile(NamedTuple):
    """The intervals so far and the one under way.

    Attributes:
        intervals: the complete ones.
        start: when the current one began, by the meter's clock.
        imported_wh: what the registers read then.
        exported_wh: the same for export.
        flags: what is special about the current one.
        ends: the true time at which it will end; never without power.
    """

    intervals: Ring[Interval]
    start: int = 0
    imported_wh: int = 0
    exported_wh: int = 0
    flags: int = 0
    ends: int = NEVER
