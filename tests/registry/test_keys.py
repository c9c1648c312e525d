"""What is known of keys outside the security module."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry.town import KEY, NEXT_KEY, revision
from umbane.registry import KeyRevision, Realm, RegistryInputError, SupplyGroup, key_parameters, minute_of, tid_of
from umbane.registry.keys import base_date_of, year_of
from umbane.sts import KT, LAST_TID, SGC, TI, TID, BaseDate, StsInputError


def test_one_object() -> None:
    """Key parameters that are equal are one object, and come back from the columns they are kept in."""
    assert key_parameters(*KEY.columns()) == KEY
    assert key_parameters(*KEY.columns()) is key_parameters(*KEY.columns())
    assert key_parameters(*NEXT_KEY.columns()) != KEY


def test_in_words() -> None:
    """Key parameters are said in the standard's words."""
    assert str(KEY) == "SGC 123456 KRN 1 TI 01 DUTK base 2014 KEN 255"


@pytest.mark.parametrize(
    "columns",
    [
        *((-1, 1, 1, 2, 2014, 255), (1, 0, 1, 2, 2014, 255), (1, 1, 100, 2, 2014, 255), (1, 1, 1, 4, 2014, 255)),
        *((1, 1, 1, 2, 2013, 255), (1, 1, 1, 2, 2014, 256)),
    ],
)
def test_no_parameters(columns: tuple[int, int, int, int, int, int]) -> None:
    """Numbers out of their range are no key parameters."""
    with pytest.raises((StsInputError, RegistryInputError)):
        key_parameters(*columns)


@pytest.mark.parametrize("base_date", BaseDate)
def test_years(base_date: BaseDate) -> None:
    """Base dates are kept as their years."""
    assert base_date_of(year_of(base_date)) is base_date


@given(st.integers(0, LAST_TID), st.sampled_from(BaseDate))
def test_minutes(minutes: int, base_date: BaseDate) -> None:
    """A TID comes back from the minute that it is kept as, whatever its base date."""
    assert tid_of(minute_of(TID(minutes), base_date), base_date) == TID(minutes)


@given(st.datetimes(datetime(2015, 1, 1), datetime(2024, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are naive
def test_minutes_and_moments(moment: datetime) -> None:
    """One moment is one minute under every base date, so that a change of it never lets the count go back."""
    minutes = {minute_of(TID.at(moment, it), it) for it in (BaseDate.Y1993, BaseDate.Y2014)}
    assert len(minutes) == 1


def test_no_tid() -> None:
    """There is no TID before the first token, before the base date, and behind its last minute."""
    assert tid_of(None, BaseDate.Y2014) is None
    assert tid_of(5, BaseDate.Y2014) is None
    assert tid_of(LAST_TID + 1, BaseDate.Y1993) is None
    assert tid_of(LAST_TID, BaseDate.Y1993) == TID(LAST_TID)


def test_when_a_key_may_be_used() -> None:
    """A key revision may be used from its first moment on, and from its last one no more."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    until, instant = start + timedelta(days=1), timedelta(microseconds=1)
    key = revision(active_from=start, active_until=until)
    moments = [start - instant, start, until - instant, until]
    assert [key.in_force(it) for it in moments] == [False, True, True, False]
    assert revision(active_from=start).in_force(until)


def test_for_a_meter() -> None:
    """A meter's key parameters are its key revision's with the meter's own tariff index."""
    assert revision().for_meter(TI(1)) is key_parameters(*KEY.columns())


def test_no_key_of_a_factory() -> None:
    """There is no key revision of type DITK, and none without a name."""
    with pytest.raises(RegistryInputError, match="DITK"):
        revision(kt=KT.DITK)
    with pytest.raises(RegistryInputError, match="module_key"):
        revision(module_key="")


def test_no_key_bits() -> None:
    """A key revision has no field that could hold a key."""
    assert {it for it in KeyRevision.__slots__ if "key" in it or "secret" in it} == {"module_key"}


def test_a_group_has_a_name() -> None:
    """A supply group without a name is refused."""
    with pytest.raises(RegistryInputError, match="name"):
        SupplyGroup(SGC(1), " ", Realm.TEST)
