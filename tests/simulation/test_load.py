"""What households draw: an ordinary day with a little chance, the same in whatever steps it is asked."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.simulation.load import CHANCE, HOUR, LOADS, daily_wh, hourly_load

START = datetime(2025, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def energy(pattern: str, start: datetime, *stops: datetime) -> int:
    """What is drawn up to the last stop, asked for in steps, in Ws."""
    total = 0
    for stop in stops:
        for end, watts in hourly_load(pattern, "seed", start, stop, UTC):
            total += watts * ((end - start) // timedelta(seconds=1))
            start = end
    return total


@pytest.mark.parametrize("pattern", LOADS)
def test_a_table_has_a_day(pattern: str) -> None:
    """Each pattern has 24 hours, and what they add up to is an ordinary day."""
    assert len(LOADS[pattern].split()) == 24
    assert daily_wh(pattern) == sum(map(int, LOADS[pattern].split()))


@pytest.mark.parametrize("pattern", LOADS)
def test_chance_is_small(pattern: str) -> None:
    """An hour strays from its table by no more than CHANCE per cent, and now and then it does."""
    hours = list(hourly_load(pattern, "seed", START, START + 10 * DAY, UTC))
    table = [int(watts) for watts in LOADS[pattern].split()] * 10
    assert len(hours) == 240
    assert all(
        abs(100 * it[1] - 100 * ordinary) <= CHANCE * ordinary + 100 for it, ordinary in zip(hours, table, strict=True)
    )
    assert len({watts - ordinary for (_, watts), ordinary in zip(hours, table, strict=True)}) > 3


@given(minutes=st.lists(st.integers(1, 3000), min_size=1, max_size=6))
def test_steps_change_nothing(minutes: list[int]) -> None:
    """The energy of a time is the same in whatever steps it is asked for."""
    stops = [START + timedelta(minutes=sum(minutes[: count + 1])) for count in range(len(minutes))]
    assert energy("family", START, *stops) == energy("family", START, stops[-1])


@pytest.mark.parametrize("end", [START, START - HOUR])
def test_no_time(end: datetime) -> None:
    """Where no time passes, nothing is drawn."""
    assert list(hourly_load("family", "seed", START, end, UTC)) == []


def test_hours_of_the_place() -> None:
    """People rise by the clocks of their zone: the morning of Jakarta is seven hours before that of UTC."""
    utc = [watts for _, watts in hourly_load("shop", "", START, START + DAY, UTC)]
    jakarta = [watts for _, watts in hourly_load("shop", "", START, START + DAY, ZoneInfo("Asia/Jakarta"))]
    assert max(utc[0:5]) < 300 < min(utc[7:18])
    assert max(jakarta[17:22]) < 300 < min(jakarta[0:11])


def test_clocks_put_back() -> None:
    """An hour that the clocks go through twice is lived twice, each an hour long."""
    night = datetime(2025, 10, 25, 22, tzinfo=UTC)
    hours = list(hourly_load("modest", "", night, night + timedelta(hours=6), ZoneInfo("Europe/London")))
    assert [end - night for end, _ in hours] == [HOUR * (number + 1) for number in range(6)]


def test_neighbours_differ() -> None:
    """Two households of one pattern draw their own loads."""
    one, other = ([watts for _, watts in hourly_load("family", seed, START, START + DAY, UTC)] for seed in "ab")
    assert one != other
