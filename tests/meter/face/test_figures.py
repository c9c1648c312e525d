"""Numbers as a small display writes them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.meter.face.figures import REGISTER_NAMES, amount, cut, decimal, grouped, kwh, span


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [(1234, 1, "123.4"), (-1234, 1, "-123.4"), (5, 2, "0.05"), (-5, 2, "-0.05"), (0, 1, "0.0"), (7, 0, "7")],
)
def test_decimal(number: int, places: int, text: str) -> None:
    """A number of ten to the minus some power is written with so many decimals, none of them lost."""
    assert decimal(number, places) == text


@given(st.integers(-(10**12), 10**12), st.integers(0, 3))
def test_cut_never_shows_more(number: int, digits: int) -> None:
    """What is cut off is always cut towards zero, for credit and for debt."""
    assert abs(cut(number, digits)) * 10**digits <= abs(number)
    assert cut(number, digits) * number >= 0


@pytest.mark.parametrize(
    ("watt_hours", "places", "text"),
    [(1999, 1, "1.9"), (1999, 3, "1.999"), (-50, 1, "0.0"), (-150, 1, "-0.1"), (-5, 2, "0.00"), (0, 0, "0")],
)
def test_kwh(watt_hours: int, places: int, text: str) -> None:
    """Energy is cut off, never rounded up, and there is no negative zero."""
    assert kwh(watt_hours, places) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1:00 min"),
        (3599, "59:59 min"),
        (3600, "01:00"),
        (86_399, "23:59"),
        (86_400, "1 d 00:00"),
        (10**6, "11 d 13:46"),
        (-61, "-1:01 min"),
    ],
)
def test_span(seconds: int, text: str) -> None:
    """A length of time is written in the two units that matter."""
    assert span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("least_units", "subclass", "text"),
    [
        (105, 0, "10.5 kWh"),
        (105, 1, "10.5 m3 water"),
        (105, 2, "10.5 m3 gas"),
        (14_400, 3, "1 d 00:00"),
        (1_234_567, 4, "12.34"),
        (-1_234_567, 4, "-12.34"),
        (100_000, 5, "1.00 water"),
        (100_000, 6, "1.00 gas"),
        (100_000, 7, "1.00 time"),
    ],
)
def test_amount(least_units: int, subclass: int, text: str) -> None:
    """Credit of every subclass is written in its own unit."""
    assert amount(least_units, subclass) == text


def test_every_register_has_a_name() -> None:
    """There is a name for each of the eight credit subclasses, and no two are the same."""
    assert len(set(REGISTER_NAMES)) == 8


def test_grouped() -> None:
    """Digits stand in groups of four, the last one shorter if it must."""
    assert grouped("123456789") == "1234 5678 9"
    assert grouped("") == ""
