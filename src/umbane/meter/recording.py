"""Writing the load profile."""

from umbane.meter.clock import moment, reading
from umbane.meter.config import MeterConfig
from umbane.meter.load import Load
from umbane.meter.profile import Interval, Profile, ProfileFlag
from umbane.meter.state import Clock
from umbane.meter.units import MILLIJOULES_PER_WH, MS_PER_MINUTE, NEVER
from umbane.meter.work import Work

__all__ = ["begin_interval", "break_off_interval", "record"]

LOST: int = ProfileFlag.CLOCK_LOST.value


def record(work: Work, until: int, load: Load) -> None:
    """Close the intervals that end from now up to ``until``, while ``load`` flows. Call before the time moves on."""
    state, config = work.state, work.config
    intervals, start, imported_wh, exported_wh, flags, end = state.profile
    if end > until:
        return
    lines: list[Interval] = []
    imported, exported, power_out = sum(state.energy.imported), sum(state.energy.exported), sum(load.exported)
    lost = 0 if state.clock.right else LOST
    while end <= until:
        in_wh = (imported + load.total * (end - state.time)) // MILLIJOULES_PER_WH
        out_wh = (exported + power_out * (end - state.time)) // MILLIJOULES_PER_WH
        lines.append(Interval(start, in_wh - imported_wh, out_wh - exported_wh, flags | lost))
        imported_wh, exported_wh, flags = in_wh, out_wh, 0
        start = reading(state.clock, config.clock.drift_ppm, end)
        end = end_of_interval(config, state.clock, start)
    state.profile = Profile(intervals.extend(lines), start, imported_wh, exported_wh, flags, end)


def end_of_interval(config: MeterConfig, clock: Clock, start: int) -> int:
    """The true time at which an interval ends that begins when the clock reads ``start``."""
    length = config.profile.interval_minutes * MS_PER_MINUTE
    return moment(clock, config.clock.drift_ppm, (start // length + 1) * length)


def break_off_interval(work: Work, flags: int) -> None:
    """End the current interval now, because the power goes or the clock is set; an empty one isn't written."""
    state, profile = work.state, work.state.profile
    clock = reading(state.clock, work.config.clock.drift_ppm, state.time)
    if profile.ends < NEVER and clock > profile.start:
        imported_wh, exported_wh = registers_wh(work)
        marks = profile.flags | flags | (0 if state.clock.right else LOST)
        line = Interval(profile.start, imported_wh - profile.imported_wh, exported_wh - profile.exported_wh, marks)
        profile = profile._replace(intervals=profile.intervals.extend([line]))
    state.profile = profile._replace(ends=NEVER)


def begin_interval(work: Work, flags: int) -> None:
    """Begin an interval now; it ends when the clock comes to a multiple of its length."""
    state, config = work.state, work.config
    if config.profile.capacity:
        start = reading(state.clock, config.clock.drift_ppm, state.time)
        end = end_of_interval(config, state.clock, start)
        state.profile = Profile(state.profile.intervals, start, *registers_wh(work), flags, end)


def registers_wh(work: Work) -> tuple[int, int]:
    """What the registers for import and export read, all phases together."""
    energy = work.state.energy
    return sum(energy.imported) // MILLIJOULES_PER_WH, sum(energy.exported) // MILLIJOULES_PER_WH
