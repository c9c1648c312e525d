"""Periods: calendar months, anniversaries and rolling days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.pricing import StateError
from umbane.pricing.periods import Period, month_number, month_start, months_between

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
CALENDAR, ANNIVERSARY, ROLLING = Period("calendar-month"), Period("anniversary"), Period("rolling", 30)


@pytest.mark.parametrize(
    ("day", "first", "start"),
    [
        (date(2026, 3, 12), 1, date(2026, 3, 1)),
        (date(2026, 3, 12), 12, date(2026, 3, 12)),
        (date(2026, 3, 12), 13, date(2026, 2, 13)),
        (date(2026, 3, 1), 31, date(2026, 2, 28)),
        (date(2026, 2, 28), 31, date(2026, 2, 28)),
        (date(2024, 2, 28), 31, date(2024, 1, 31)),
        (date(2024, 2, 29), 30, date(2024, 2, 29)),
        (date(2026, 1, 5), 6, date(2025, 12, 6)),
    ],
)
def test_month_of_a_day(day: date, first: int, start: date) -> None:
    """A month that begins on a day which the calendar month lacks begins on its last day."""
    assert month_start(month_number(day, first), first) == start


@given(day=DAYS, first=st.integers(1, 31))
def test_every_day_has_one_month(day: date, first: int) -> None:
    """A day lies between the start of its month and the start of the next."""
    number = month_number(day, first)
    assert month_start(number, first) <= day < month_start(number + 1, first)


def test_months_between() -> None:
    """Months count when they begin; a day before the last one counts none, and the first purchase counts one."""
    assert months_between(date(2026, 1, 31), date(2026, 2, 1)) == 1
    assert months_between(date(2026, 1, 1), date(2026, 1, 31)) == 0
    assert months_between(date(2025, 11, 9), date(2026, 3, 12)) == 4
    assert months_between(date(2026, 3, 12), date(2026, 1, 1)) == 0
    assert months_between(None, date(2026, 1, 1)) == 1


def test_calendar_start() -> None:
    """A calendar period begins on the 1st, whatever the anniversary."""
    assert CALENDAR.start(date(2026, 3, 12), None, 15) == date(2026, 3, 1)
    assert CALENDAR.start(date(2026, 3, 12), date(2026, 3, 1), 15) == date(2026, 3, 1)
    assert CALENDAR.start(date(2026, 3, 12), date(2026, 2, 1), 15) == date(2026, 3, 1)


def test_anniversary_start() -> None:
    """An anniversary period begins on the customer's day."""
    assert ANNIVERSARY.start(date(2026, 3, 12), None, 15) == date(2026, 2, 15)
    assert ANNIVERSARY.start(date(2026, 3, 15), date(2026, 2, 15), 15) == date(2026, 3, 15)


def test_rolling_start() -> None:
    """A rolling period begins with the first purchase after the last one has ended."""
    began = date(2026, 3, 12)
    assert ROLLING.start(began, None, 1) == began
    assert ROLLING.start(began + timedelta(29), began, 1) == began
    assert ROLLING.start(began + timedelta(30), began, 1) == began + timedelta(30)


@pytest.mark.parametrize("period", [CALENDAR, ANNIVERSARY, ROLLING])
@given(day=DAYS, later=st.integers(32, 4000))
def test_a_later_state_is_refused(period: Period, day: date, later: int) -> None:
    """A state that belongs to a later period than the purchase is refused."""
    with pytest.raises(StateError, match="late sale belongs to its own day"):
        period.start(day, period.start(day + timedelta(later), None, 1), 1)


@pytest.mark.parametrize("period", [CALENDAR, ANNIVERSARY, ROLLING])
@given(day=DAYS, anniversary=st.integers(1, 31))
def test_start_is_stable(period: Period, day: date, anniversary: int) -> None:
    """A period that has begun goes on: asked again on the same day, it began on the same day."""
    start = period.start(day, None, anniversary)
    assert start <= day
    assert period.start(day, start, anniversary) == start
