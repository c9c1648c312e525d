"""Writing the load profile."""

from umbane.meter.clock import moment, reading
from umbane.meter.load import Load
from umbane.meter.profile import Interval, Profile, ProfileFlag
from umbane.meter.ring import Ring
from umbane.meter.units import MILLIJOULES_PER_WH, MS_PER_MINUTE, NEVER
from umbane.meter.work import Work

__all__ = ["begin_interval", "break_off_interval", "record"]

LOST: int = ProfileFlag.CLOCK_LOST.value


def record(work: Work, until: int, load: Load) -> None:
    """Close the intervals that end from now up to ``until``, while ``load`` flows. Call before the time moves on."""
    state = work.state
    if state.profile.ends > until:
        return
    time, imported, exported = state.time, sum(state.energy.imported), sum(state.energy.exported)
    power_out = sum(load.exported)
    flags = 0 if state.clock.right else LOST
    while (end := state.profile.ends) <= until:
        imported_wh = (imported + load.total * (end - time)) // MILLIJOULES_PER_WH
        exported_wh = (exported + power_out * (end - time)) // MILLIJOULES_PER_WH
        intervals = state.profile.with_current(imported_wh, exported_wh, flags)
        state.profile = opened(work, end, intervals, (imported_wh, exported_wh))


def break_off_interval(work: Work, flags: ProfileFlag) -> None:
    """End the current interval now, because the power goes or the clock is set; an empty one isn't written."""
    state = work.state
    clock = reading(state.clock, work.config.clock.drift_ppm, state.time)
    if state.profile.ends < NEVER and clock > state.profile.start:
        lost = 0 if state.clock.right else LOST
        intervals = state.profile.with_current(*registers_wh(work), flags.value | lost)
        state.profile = state.profile._replace(intervals=intervals)
    state.profile = state.profile._replace(ends=NEVER)


def begin_interval(work: Work, flags: int) -> None:
    """Begin an interval now; it ends when the clock comes to a multiple of its length."""
    state = work.state
    if work.config.profile.capacity:
        state.profile = opened(work, state.time, state.profile.intervals, registers_wh(work), flags)


def opened(work: Work, time: int, intervals: Ring[Interval], wh: tuple[int, int], flags: int = 0) -> Profile:
    """A profile whose current interval begins at a true time, with the registers at these Wh."""
    clock, drift = work.state.clock, work.config.clock.drift_ppm
    length = work.config.profile.interval_minutes * MS_PER_MINUTE
    start = reading(clock, drift, time)
    ends = moment(clock, drift, (start // length + 1) * length)
    return Profile(intervals, start, *wh, flags, ends)


def registers_wh(work: Work) -> tuple[int, int]:
    """What the registers for import and export read, all phases together."""
    energy = work.state.energy
    return sum(energy.imported) // MILLIJOULES_PER_WH, sum(energy.exported) // MILLIJOULES_PER_WH
