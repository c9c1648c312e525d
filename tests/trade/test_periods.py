"""Which periods are to be reckoned: worked examples, and what holds of all agreements."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trade.test_commission import PLAIN
from umbane.trade.commission import Scheme
from umbane.trade.periods import Period, instant, periods
from umbane.trade.schemes import Term

VENDOR: Final = UUID(int=1)
JANUARY: Final = date(2026, 1, 1)
DAILY: Final = replace(PLAIN, id="daily")
MONTHLY: Final = replace(PLAIN, id="monthly", period="month")

days = st.dates(date(2026, 1, 1), date(2026, 6, 30))


def term(scheme_id: str | None, since: date) -> Term:
    """What is agreed with the one vendor."""
    return Term(VENDOR, scheme_id, since)


def found(terms: list[Term], schemes: list[Scheme], since: date | None, until: date) -> list[tuple[date, date, str]]:
    """From when to when periods go, and by which version."""
    by_id: dict[str, list[Scheme]] = {}
    for it in schemes:
        by_id.setdefault(it.id, []).append(it)
    return [(it.first, it.after, it.scheme.version) for it in periods(terms, by_id, since, until)]


def test_days() -> None:
    """A scheme by the day has a period for every day that is over."""
    march = [date(2026, 3, day) for day in (1, 2, 3)]
    assert found([term("daily", march[0])], [DAILY], None, march[2]) == [
        (march[0], march[1], "1"),
        (march[1], march[2], "1"),
    ]


def test_months() -> None:
    """A scheme by the month has a period for every month that is over, from the day on that was agreed."""
    agreed = [term("monthly", date(2026, 1, 10))]
    assert found(agreed, [MONTHLY], None, date(2026, 3, 31)) == [
        (date(2026, 1, 10), date(2026, 2, 1), "1"),
        (date(2026, 2, 1), date(2026, 3, 1), "1"),
    ]


def test_from_where_it_was_left() -> None:
    """What was accrued before isn't again."""
    agreed = [term("monthly", JANUARY)]
    assert found(agreed, [MONTHLY], date(2026, 2, 1), date(2026, 3, 1)) == [(date(2026, 2, 1), date(2026, 3, 1), "1")]


def test_another_version_within_a_month() -> None:
    """A month in which one version follows another is two periods."""
    first = replace(MONTHLY, valid_until=date(2026, 1, 9))
    second = replace(MONTHLY, version="2", valid_from=date(2026, 1, 10))
    assert found([term("monthly", JANUARY)], [first, second], None, date(2026, 2, 1)) == [
        (JANUARY, date(2026, 1, 10), "1"),
        (date(2026, 1, 10), date(2026, 2, 1), "2"),
    ]


def test_another_agreement_within_a_month() -> None:
    """A month in which something else is agreed is cut there, and nothing agreed earns nothing."""
    agreed = [term("monthly", JANUARY), term(None, date(2026, 1, 10)), term("monthly", date(2026, 1, 20))]
    assert found(agreed, [MONTHLY], None, date(2026, 2, 1)) == [
        (JANUARY, date(2026, 1, 10), "1"),
        (date(2026, 1, 20), date(2026, 2, 1), "1"),
    ]


@pytest.mark.parametrize(
    ("terms", "schemes", "until"),
    [
        ([], [DAILY], date(2026, 2, 1)),
        ([term("daily", JANUARY)], [], date(2026, 2, 1)),
        ([term("daily", JANUARY)], [DAILY], JANUARY),
        ([term("monthly", JANUARY)], [MONTHLY], date(2026, 1, 31)),
        ([term("daily", JANUARY)], [replace(DAILY, valid_from=date(2026, 3, 1))], date(2026, 2, 1)),
        ([term("daily", JANUARY)], [replace(DAILY, valid_until=date(2025, 12, 31))], date(2026, 2, 1)),
        (
            [term("daily", JANUARY), term(None, date(2026, 1, 5))],
            [replace(DAILY, valid_from=date(2026, 1, 7))],
            date(2026, 2, 1),
        ),
    ],
)
def test_nothing_is_due(terms: list[Term], schemes: list[Scheme], until: date) -> None:
    """Nothing is due where nothing is agreed, in force or over."""
    assert found(terms, schemes, None, until) == []


@given(
    st.lists(
        st.tuples(days, st.sampled_from(["daily", "monthly", None])), min_size=1, max_size=5, unique_by=lambda it: it[0]
    ),
    days,
    days,
    days,
)
def test_every_day_once(agreed: list[tuple[date, str | None]], cut: date, until: date, left: date) -> None:
    """Periods never overlap, are in their order, are over, and lie on days on which something is agreed."""
    terms = [term(scheme_id, since) for since, scheme_id in sorted(agreed, key=lambda it: it[0])]
    schemes = {
        "daily": [replace(DAILY, valid_until=cut), replace(DAILY, version="2", valid_from=cut + timedelta(days=1))],
        "monthly": [replace(MONTHLY, valid_until=cut)],
    }
    every = list(periods(terms, schemes, left, until))
    assert all(before.after <= following.first for before, following in pairwise(every))
    for it in every:
        assert left <= it.first < it.after <= until
        assert it.scheme.valid_from <= it.first
        assert it.scheme.valid_until is None or it.after <= it.scheme.valid_until + timedelta(days=1)
        assert {holding(terms, it.first), holding(terms, it.after - timedelta(days=1))} == {it.scheme.id}


@given(days, days)
def test_no_day_is_left_out(since: date, until: date) -> None:
    """With one agreement and a scheme by the day, every day that is over has its period."""
    every = list(periods([term("daily", since)], {"daily": [DAILY]}, None, until))
    assert len(every) == max(0, (until - since).days)


@given(days, days, days)
def test_in_two_goes(since: date, until: date, between: date) -> None:
    """What is due is the same whether it is done at once or in two goes."""
    terms, schemes = [term("monthly", since)], {"monthly": [MONTHLY]}
    at_once = list(periods(terms, schemes, None, max(until, between)))
    first: list[Period] = list(periods(terms, schemes, None, min(until, between)))
    rest = list(periods(terms, schemes, first[-1].after if first else None, max(until, between)))
    assert first + rest == at_once


def holding(terms: list[Term], day: date) -> str | None:
    """What is agreed on a day."""
    return [it for it in terms if it.since <= day][-1].scheme_id


def test_days_begin_where_the_utility_is() -> None:
    """A day begins at midnight in the utility's zone."""
    assert instant(JANUARY, ZoneInfo("Africa/Johannesburg")) == datetime(2025, 12, 31, 22, tzinfo=UTC)
