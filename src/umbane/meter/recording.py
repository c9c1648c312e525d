"""Writing the load profile."""

from umbane.meter.clock import moment, reading
from umbane.meter.load import Load
from umbane.meter.profile import ProfileFlag
from umbane.meter.units import MILLIJOULES_PER_WH, MS_PER_MINUTE, NEVER
from umbane.meter.work import Work

__all__ = ["begin_interval", "break_off_interval", "record"]


def record(work: Work, until: int, load: Load) -> None:
    """Close the intervals that end from now up to ``until``, while ``load`` flows. Call before the time moves on."""
    state = work.state
    if state.profile.ends > until:
        return
    time, imported, exported = state.time, sum(state.energy.imported), sum(state.energy.exported)
    power_out = sum(load.exported)
    flags = ProfileFlag(0) if state.clock.right else ProfileFlag.CLOCK_LOST
    while (end := state.profile.ends) <= until:
        imported_wh = (imported + load.total * (end - time)) // MILLIJOULES_PER_WH
        exported_wh = (exported + power_out * (end - time)) // MILLIJOULES_PER_WH
        state.profile = state.profile.close(imported_wh, exported_wh, flags)
        open_at(work, end, ProfileFlag(0))


def break_off_interval(work: Work, flags: ProfileFlag) -> None:
    """End the current interval now, because the power goes or the clock is set; an empty one isn't written."""
    state = work.state
    clock = reading(state.clock, work.config.clock.drift_ppm, state.time)
    if state.profile.ends < NEVER and clock > state.profile.start:
        lost = ProfileFlag(0) if state.clock.right else ProfileFlag.CLOCK_LOST
        state.profile = state.profile.close(*registers_wh(work), flags | lost)
    state.profile = state.profile._replace(ends=NEVER)


def begin_interval(work: Work, flags: ProfileFlag) -> None:
    """Begin an interval now; it ends when the clock comes to a multiple of its length."""
    if work.config.profile.capacity:
        imported_wh, exported_wh = registers_wh(work)
        work.state.profile = work.state.profile._replace(imported_wh=imported_wh, exported_wh=exported_wh)
        open_at(work, work.state.time, flags)


def open_at(work: Work, time: int, flags: ProfileFlag) -> None:
    """Set when the current interval began and when it ends."""
    clock, drift = work.state.clock, work.config.clock.drift_ppm
    length = work.config.profile.interval_minutes * MS_PER_MINUTE
    start = reading(clock, drift, time)
    ends = moment(clock, drift, (start // length + 1) * length)
    work.state.profile = work.state.profile._replace(start=start, ends=ends, flags=flags)


def registers_wh(work: Work) -> tuple[int, int]:
    """What the registers for import and export read, all phases together."""
    energy = work.state.energy
    return sum(energy.imported) // MILLIJOULES_PER_WH, sum(energy.exported) // MILLIJOULES_PER_WH
