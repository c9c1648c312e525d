"""Which period a day belongs to, and how many months or days lie between two days."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from umbane.pricing.errors import StateError

__all__ = ["Period", "month_number", "months_between"]

SHORTEST_MONTH: Final = 28
Kind = Literal["calendar-month", "anniversary", "rolling"]


def month_number(day: date, first: int = 1) -> int:
    """A number for the month that begins on the `first` of each calendar month, or on its last day if it is shorter."""
    number = day.year * 12 + day.month - 1
    if day.day >= first or day.day == monthrange(day.year, day.month)[1]:
        return number
    return number - 1


def month_start(number: int, first: int = 1) -> date:
    """The first day of the month with this number."""
    year, month = divmod(number, 12)
    return date(year, month + 1, first if first <= SHORTEST_MONTH else min(first, monthrange(year, month + 1)[1]))


def months_between(earlier: date | None, later: date, first: int = 1) -> int:
    """How many months have begun after one day, up to another; 1 when there is no earlier day."""
    if earlier is None:
        return 1
    return max(0, month_number(later, first) - month_number(earlier, first))


@dataclass(frozen=True, slots=True)
class Period:
    """How a tariff divides time."""

    kind: Kind
    days: int = 0
    """Of a rolling period."""

    def first(self, anniversary: int) -> int:
        """The day of the month on which months begin for this customer."""
        return anniversary if self.kind == "anniversary" else 1

    def start(self, day: date, began: date | None, anniversary: int) -> date:
        """The first day of the period which `day` lies in, when the customer's last known one began on `began`.

        Raises:
            StateError: the known period is later than the day.
        """
        if self.kind == "rolling":
            start = began if began and (day - began) < timedelta(self.days) else day
        elif (
            began and began.year == day.year and began.month == day.month and began.day == 1 == self.first(anniversary)
        ):
            return began
        else:
            first = self.first(anniversary)
            start = month_start(month_number(day, first), first)
        if began and (began > start or began > day):
            problem = f"begins on {began}, after the period of this purchase, which began on {start}"
            raise StateError(
                "period_start", problem, f"the state as it was on {day}: a late sale belongs to its own day"
            )
        return start
