"""Mains go and come back; the clock is set, its battery replaced."""

from umbane.meter.calendar import look_at_clock
from umbane.meter.clock import LOST_READING
from umbane.meter.detection import detect
from umbane.meter.events import EventKind
from umbane.meter.load import NO_LOAD
from umbane.meter.profile import ProfileFlag
from umbane.meter.recording import begin_interval, break_off_interval
from umbane.meter.state import Clock
from umbane.meter.units import MS_PER_MINUTE
from umbane.meter.work import Work

__all__ = ["cut_power", "full_battery", "replace_battery", "return_power", "set_clock"]


def cut_power(work: Work) -> None:
    """The mains go. Everything is kept; only what was being timed under load starts again."""
    state = work.state
    if not state.powered:
        return
    work.note(EventKind.POWER_CUT)
    break_off_interval(work, ProfileFlag.POWER_CUT.value)
    state.drawing = NO_LOAD[work.config.form.phases].watts
    state.trip = state.trip._replace(since=None)
    state.powered = False


def return_power(work: Work) -> None:
    """The mains come back. A clock whose battery gave up has lost the time, and says so."""
    state = work.state
    if state.powered:
        return
    state.powered = True
    if state.calendar.day is not None and not state.clock.right:
        state.clock = state.clock._replace(since=state.time, origin=LOST_READING)
        work.note(EventKind.CLOCK_LOST)
        look_at_clock(work)
    work.note(EventKind.POWER_BACK)
    detect(work, state.present)
    begin_interval(work, ProfileFlag.POWER_CUT.value)


def set_clock(work: Work, clock: int) -> None:
    """Set the clock, in ms since 1970 UTC. Midnights that this jumps over cost nothing."""
    state = work.state
    if not state.powered:
        return
    break_off_interval(work, ProfileFlag.CLOCK_SET.value)
    state.clock = Clock(state.time, clock, right=True, battery_ms=state.clock.battery_ms)
    work.note(EventKind.CLOCK_SET)
    look_at_clock(work)
    begin_interval(work, ProfileFlag.CLOCK_SET.value)


def replace_battery(work: Work) -> None:
    """Put a new battery in."""
    work.state.clock = work.state.clock._replace(battery_ms=full_battery(work.config.clock.battery_hours))
    work.note(EventKind.BATTERY_REPLACED)


def full_battery(hours: int) -> int:
    """A fresh battery, in ms."""
    return hours * 60 * MS_PER_MINUTE
