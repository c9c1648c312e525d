"""Time passes: from one moment that matters to the next, each worked out exactly, none stepped through."""

from umbane.meter.clock import reading
from umbane.meter.credit import credit_lasts, use_energy, use_time
from umbane.meter.limits import next_trip
from umbane.meter.load import NO_LOAD, Load
from umbane.meter.recording import record
from umbane.meter.state import Energy
from umbane.meter.supply import meet_load, settle, watch_load
from umbane.meter.work import Work

__all__ = ["pass_time"]


def pass_time(work: Work, until: int, load: Load) -> None:
    """Let the time pass up to ``until``, with this load on the terminals."""
    if not work.state.powered:
        pass_without_power(work, until)
        return
    meet_load(work, load)
    while work.state.time < until:
        stretch(work, min(until, next_moment(work, load)), load)
        settle(work)
        watch_load(work, load)


def next_moment(work: Work, load: Load) -> int:
    """The next true time at which something may change by itself: rate, day, credit, a trip."""
    state = work.state
    span = min(credit_lasts(work, load), next_trip(work))
    return min(state.calendar.ends, state.time + span)


def stretch(work: Work, until: int, load: Load) -> None:
    """Pass a time in which nothing changes."""
    state, span = work.state, until - work.state.time
    flowing = NO_LOAD[len(load.watts)] if state.holds else load
    record(work, until, flowing)
    drift = work.config.clock.drift_ppm
    use_time(work, reading(state.clock, drift, until) - reading(state.clock, drift, state.time))
    if not state.holds:
        use_energy(work, load.total * span)
        state.energy = counted(state.energy, load, span, state.calendar.rate)
    state.time = until
    state.uptime += span


def counted(energy: Energy, load: Load, span: int, rate: int) -> Energy:
    """The registers after a load has flowed for ``span`` ms under a rate."""
    by_rate = list(energy.by_rate)
    by_rate[rate] += load.total * span
    imported = tuple([mj + watts * span for mj, watts in zip(energy.imported, load.imported, strict=True)])
    if load.is_plain:
        return Energy(imported, energy.exported, tuple(by_rate))
    exported = tuple([mj + watts * span for mj, watts in zip(energy.exported, load.exported, strict=True)])
    return Energy(imported, exported, tuple(by_rate))


def pass_without_power(work: Work, until: int) -> None:
    """Pass a time without mains: only the clock goes on, while its battery lasts, and with it time credit."""
    state, drift = work.state, work.config.clock.drift_ppm
    carried = min(until - state.time, state.clock.battery_ms)
    use_time(work, reading(state.clock, drift, state.time + carried) - reading(state.clock, drift, state.time))
    right = state.clock.right and carried == until - state.time
    state.clock = state.clock._replace(battery_ms=state.clock.battery_ms - carried, right=right)
    state.time = until
