"""Whether statements are missing between those that were read."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trade.banks import MONDAY
from umbane.trade.statements import Balance, Gap, Read, gaps


def read(number: int | None, first: int, opening: int, last: int, closing: int) -> Read:
    """A statement from one day of March to another."""
    days = MONDAY + timedelta(first), MONDAY + timedelta(last)
    return Read(number, Balance(days[0], opening), Balance(days[1], closing))


def test_nothing_missing() -> None:
    """Statements that follow each other by number and balance have no gap, in whatever order they were read."""
    one, two, three = read(1, 0, 5, 1, 7), read(2, 1, 7, 2, 4), read(3, 2, 4, 3, 4)
    assert gaps([three, one, two]) == []
    assert gaps([]) == gaps([one]) == []


def test_a_number_is_missing() -> None:
    """Numbers that are left out are counted, and what the account changed by meanwhile is said."""
    found = gaps([read(4, 0, 5, 1, 7), read(7, 3, 10, 4, 4)])
    assert found == [Gap(MONDAY + timedelta(1), MONDAY + timedelta(3), 4, 7, 2, 3)]


def test_a_number_is_missing_without_money() -> None:
    """A statement that is missing is missed even where it would change nothing."""
    assert gaps([read(4, 0, 5, 1, 7), read(6, 1, 7, 2, 7)])[0].missing == 1


def test_uncounted() -> None:
    """Exports without numbers have a gap where one doesn't begin with what the one before ended with."""
    assert gaps([read(None, 0, 5, 1, 7), read(None, 2, 7, 3, 9)]) == []
    [found] = gaps([read(None, 0, 5, 1, 7), read(None, 3, 8, 4, 9)])
    assert (found.missing, found.amount) == (0, 1)


def test_overlapping_exports() -> None:
    """Exports that overlap, or that share a day, say nothing of a gap."""
    assert gaps([read(None, 0, 5, 4, 7), read(None, 2, 6, 6, 9)]) == []
    assert gaps([read(None, 0, 5, 4, 7), read(None, 4, 6, 6, 9)]) == []


def test_overlap_with_numbers() -> None:
    """Statements that overlap and whose numbers leave some out have a gap of unknown amount."""
    [found] = gaps([read(1, 0, 5, 4, 7), read(3, 2, 6, 6, 9)])
    assert (found.missing, found.amount) == (1, 0)


@pytest.mark.parametrize(("number", "missing"), [(0, 0), (1, 0), (3, 2), (53, 0), (55, 2)])
def test_new_year(number: int, missing: int) -> None:
    """In a new year numbers begin again, or go on."""
    before = Read(52, Balance(date(2025, 12, 30), 1), Balance(date(2025, 12, 31), 2))
    after = Read(number, Balance(date(2025, 12, 31), 2), Balance(date(2026, 1, 2), 3))
    assert sum(it.missing for it in gaps([before, after])) == missing


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=9), st.data())
def test_any_statement_left_out(changes: list[int], data: st.DataObject) -> None:
    """Whichever statement but the first and the last is left out is missed, and it alone."""
    reached, every = 0, []
    for number, change in enumerate(changes, 1):
        every.append(read(number, number - 1, reached, number, reached + change))
        reached += change
    assert gaps(every) == []
    out = data.draw(st.integers(1, len(every) - 2))
    [found] = gaps([*every[:out], *every[out + 1 :]])
    assert (found.after, found.before, found.missing, found.amount) == (out, out + 2, 1, changes[out])
