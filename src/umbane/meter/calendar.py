"""From the clock to the day, the tariff rate and the friendly periods; and what happens at midnight."""

from umbane.meter.clock import moment, reading
from umbane.meter.credit import collect_days
from umbane.meter.events import EventKind
from umbane.meter.schedule import MINUTES_OF_DAY, Slot, WeekPlan
from umbane.meter.state import Calendar
from umbane.meter.tariff import MeterTariff
from umbane.meter.units import MS_PER_DAY, MS_PER_MINUTE, NEVER
from umbane.meter.work import Work

__all__ = ["calendar_of", "look_at_clock", "set_tariff", "turn_page"]

NEVER_FRIENDLY = Slot(0, MINUTES_OF_DAY)


def turn_page(work: Work) -> None:
    """Work out the calendar again when its time has come, and collect for the midnights that have passed."""
    before = work.state.calendar.day
    look_at_clock(work)
    today = work.state.calendar.day
    if before is not None and today is not None and today > before:
        collect_days(work, today - before)


def look_at_clock(work: Work) -> None:
    """Work out the calendar from what the clock reads.

    Without the time the meter takes the tariff's fallback rate, has no friendly periods, and collects nothing
    at midnights that it doesn't see.
    """
    work.state.calendar = calendar_of(work)


def set_tariff(work: Work, tariff: MeterTariff) -> None:
    """Take new prices and rates; what was used before was paid at the old ones."""
    if work.state.powered:
        work.state.tariff = tariff
        work.note(EventKind.TARIFF_SET)
        look_at_clock(work)


def calendar_of(work: Work) -> Calendar:
    """The calendar at this moment."""
    state, config = work.state, work.config
    if not state.clock.right:
        return Calendar(None, state.tariff.fallback, friendly=False, ends=NEVER)
    zone, drift = config.clock.zone_minutes * MS_PER_MINUTE, config.clock.drift_ppm
    day, into_day = divmod(reading(state.clock, drift, state.time) + zone, MS_PER_DAY)
    minute = into_day // MS_PER_MINUTE
    rate = state.tariff.plan.slot(day, minute)
    friendly = slot_or_never(config.friendly, day, minute)
    end = day * MS_PER_DAY + min(rate.end, friendly.end) * MS_PER_MINUTE - zone
    return Calendar(day, rate.value, bool(friendly.value), moment(state.clock, drift, end))


def slot_or_never(plan: WeekPlan | None, day: int, minute: int) -> Slot:
    """The friendly slot, for meters that have friendly periods and for those that don't."""
    return NEVER_FRIENDLY if plan is None else plan.slot(day, minute)
