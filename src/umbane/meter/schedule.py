"""What the hours of a week are worth: tariff rates and friendly periods, switched by the meter's clock."""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, Self

from umbane.errors import shown
from umbane.meter.errors import MeterInputError, require_int

__all__ = ["MINUTES_OF_DAY", "DayPlan", "Slot", "WeekPlan", "date_of", "weekday_of"]

MINUTES_OF_DAY: Final = 1440
DAYS_OF_WEEK: Final = 7
SUNDAY: Final = 6
MOST_SWITCHES: Final = 48
UNIX_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
UNIX_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday."""

DayPlan = tuple[tuple[int, int], ...]
"""Pairs of (minute of the day, value from then on); the first minute is 0."""


class Slot(NamedTuple):
    """A value and the minute of the day, at the most 1440, at which it ends."""

    value: int
    end: int


def date_of(day: int) -> date:
    """The date of a day, counted from 1970-01-01."""
    return date.fromordinal(UNIX_EPOCH_ORDINAL + day)


def weekday_of(day: int) -> int:
    """The weekday of a day counted from 1970-01-01: 0 is Monday."""
    return (day + UNIX_EPOCH_WEEKDAY) % DAYS_OF_WEEK


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """A value for every minute of the week.

    Attributes:
        days: seven plans, Monday first.
        holidays: dates that are treated as Sundays.
    """

    days: tuple[DayPlan, ...]
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if len(self.days) != DAYS_OF_WEEK:
            raise MeterInputError("days", f"{len(self.days)} were given", "give seven day plans, Monday first")
        for plan in self.days:
            require_day_plan(plan)
        if not all(isinstance(day, date) for day in self.holidays):
            raise MeterInputError("holidays", f"{shown(self.holidays)} holds something else", "give dates only")

    @classmethod
    def daily(cls, *switches: tuple[int, int], weekend: DayPlan | None = None, holidays: tuple[date, ...] = ()) -> Self:
        """The same plan every day, or from Monday to Friday with another one for the ``weekend``."""
        return cls((switches,) * 5 + (weekend or switches,) * 2, holidays)

    @property
    def values(self) -> frozenset[int]:
        """Every value that occurs."""
        return frozenset(value for plan in self.days for _, value in plan)

    def slot(self, day: int, minute: int) -> Slot:
        """The value at a minute of a day (counted from 1970-01-01), and until when it holds."""
        holiday = bool(self.holidays) and date_of(day) in self.holidays
        plan = self.days[SUNDAY if holiday else weekday_of(day)]
        later = [start for start, _ in plan if start > minute]
        value = next(value for start, value in reversed(plan) if start <= minute)
        return Slot(value, later[0] if later else MINUTES_OF_DAY)


def require_day_plan(plan: DayPlan) -> None:
    """Raise MeterInputError unless the plan starts at minute 0, goes on upwards and ends before midnight."""
    if not 1 <= len(plan) <= MOST_SWITCHES:
        raise MeterInputError("day plan", f"it has {len(plan)} switches", f"give 1 to {MOST_SWITCHES}")
    starts = [require_int("minute", start, 0, MINUTES_OF_DAY - 1) for start, _ in plan]
    if starts[0] != 0 or starts != sorted(set(starts)):
        raise MeterInputError("day plan", f"its minutes are {shown(starts)}", "start at 0 and go upwards")
    for _, value in plan:
        require_int("value", value, 0, 255)
