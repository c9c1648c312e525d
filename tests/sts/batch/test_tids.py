"""TokenIdentifiers of many moments."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import base_dates
from umbane.sts import TID, BaseDate, StsInputError, TidError
from umbane.sts.batch import tids

years = st.datetimes(datetime(2035, 1, 1), datetime(2045, 11, 24, 20, 15))  # noqa: DTZ001 - datetime64 has no zone
early = st.datetimes(datetime(2015, 1, 1), datetime(2024, 11, 24, 20, 15))  # noqa: DTZ001 - datetime64 has no zone


@given(st.lists(years, min_size=1))
def test_like_one_by_one(moments: list[datetime]) -> None:
    """Every moment has the TID that it has alone, its seconds dropped."""
    for base in (BaseDate.Y2014, BaseDate.Y2035):
        expected = [TID.at(moment.replace(tzinfo=UTC), base).minutes for moment in moments]
        assert tids(np.array(moments, "datetime64[us]"), base).tolist() == expected


@given(base_dates, st.integers(0, 11_650))
def test_reserved_minute(base: BaseDate, day: int) -> None:
    """An ordinary token issued at 00:01 takes 00:02."""
    midnight = np.datetime64(base.start, "m") + np.timedelta64(day, "D")
    minutes = midnight + np.arange(4).astype("timedelta64[m]")
    assert (tids(minutes, base) - 1440 * day).tolist() == [0, 2, 2, 3]


@given(base_dates)
def test_first_and_last(base: BaseDate) -> None:
    """The first minute of a base date and the last of its 24 bits have a TID, those around them have none."""
    start, minute = np.datetime64(base.start, "m"), np.timedelta64(1, "m")
    last = start + np.timedelta64(0xFFFFFF, "m")
    assert tids(np.array([start, last]), base).tolist() == [0, 0xFFFFFF]
    for outside in (start - minute, last + minute):
        with pytest.raises(TidError) as caught:
            tids(np.array([start, outside]), base)
        assert caught.value.field == "TID[1]"


def test_single_moment() -> None:
    """A single moment is a row of its own, and no moments have no TIDs."""
    assert tids(np.array("2014-01-01T00:05", "datetime64[s]"), BaseDate.Y2014).tolist() == [5]
    assert tids(np.array([], "datetime64[m]"), BaseDate.Y2014).tolist() == []


def test_before_the_minute_is_over() -> None:
    """A second before the base date is a minute before it."""
    with pytest.raises(TidError):
        tids(np.array(["2013-12-31T23:59:59"], "datetime64[s]"), BaseDate.Y2014)


def test_not_a_time() -> None:
    """NaT is refused by its row."""
    with pytest.raises(StsInputError) as caught:
        tids(np.array(["2020-01-01", "NaT"], "datetime64[m]"), BaseDate.Y2014)
    assert caught.value.field == "time of issue[1]"


@pytest.mark.parametrize("wrong", [[1, 2], ["2020-01-01"], [datetime(2020, 1, 1, tzinfo=UTC)], [1.5], [None], [True]])
def test_not_times(wrong: list[object]) -> None:
    """What isn't datetime64 is refused."""
    with pytest.raises(StsInputError, match="time of issue"):
        tids(np.array(wrong), BaseDate.Y2014)


def test_two_dimensions() -> None:
    """A table of times is refused."""
    with pytest.raises(StsInputError, match="time of issue"):
        tids(np.zeros((2, 2), "datetime64[m]"), BaseDate.Y2014)


@pytest.mark.parametrize("wrong", ["14", 14, None])
def test_not_a_base_date(wrong: object) -> None:
    """A base date is a BaseDate and not its digits."""
    with pytest.raises(StsInputError, match="BaseDate"):
        tids(np.array(["2020-01-01"], "datetime64[m]"), wrong)  # type: ignore[arg-type] # what is tested
