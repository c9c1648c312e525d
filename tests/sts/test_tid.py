"""TokenIdentifiers: minutes since a base date, the reserved minute, several tokens in one minute, key expiry."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import HUGE, NOT_INTEGERS, base_dates, each, kens, refused, tids
from umbane.sts import KEN, LAST_TID, TID, BaseDate, KeyExpiredError, TidError, require_unexpired

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
ZONES = [UTC, BERLIN, JOHANNESBURG, KATHMANDU, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Kiritimati")]
LAST_MINUTES = {
    BaseDate.Y1993: datetime(2024, 11, 24, 20, 15, tzinfo=UTC),
    BaseDate.Y2014: datetime(2045, 11, 24, 20, 15, tzinfo=UTC),
    BaseDate.Y2035: datetime(2066, 11, 24, 20, 15, tzinfo=UTC),
}

zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(2014, 1, 2), datetime(2045, 11, 23), timezones=zones)  # noqa: DTZ001 - zones follow


def at(text: str, base: str = "14", zone: tzinfo = UTC) -> int:
    """The minutes of an ordinary token issued at ``text`` on the clocks of ``zone``."""
    return TID.at(datetime.fromisoformat(text).replace(tzinfo=zone), BaseDate(base), zone=zone).minutes


# --------------------------------------------------------------------------------------------------------- the minute


@pytest.mark.parametrize(
    ("text", "base", "minutes"),
    [
        ("1993-01-01T00:00", "93", 0),
        ("2020-01-01T08:00", "93", 14_200_320),
        ("2020-01-01T08:00", "14", 3_155_520),
        ("2016-12-11T15:49", "93", 12_593_749),
        ("2024-11-24T20:15", "93", LAST_TID),
        ("2045-11-24T20:15", "14", LAST_TID),
        ("2066-11-24T20:15", "35", LAST_TID),
    ],
)
def test_published_minutes(text: str, base: str, minutes: int) -> None:
    """The published moments have their published identifiers."""
    assert at(text, base) == minutes


@given(moments, zones)
def test_there_and_back(when: datetime, zone: tzinfo) -> None:
    """An ordinary token carries its minute on the clocks of the zone, seconds dropped, or the one after 00:01."""
    local = when.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0, fold=0)
    carried = TID.at(when, BaseDate.Y2014, zone=zone).time(BaseDate.Y2014, zone=zone).replace(tzinfo=None)
    assert carried == local + (MINUTE if (local.hour, local.minute) == (0, 1) else timedelta(0))


@given(tids.filter(lambda tid: not tid.is_special), base_dates, st.sampled_from([UTC, JOHANNESBURG, KATHMANDU]))
def test_back_and_there(tid: TID, base: BaseDate, zone: tzinfo) -> None:
    """The moment an identifier stands for has that identifier, on clocks that are never changed."""
    assert TID.at(tid.time(base, zone=zone), base, zone=zone) == tid


@given(moments, st.timedeltas(timedelta(0), timedelta(seconds=59, microseconds=999_999)))
def test_seconds_are_dropped(when: datetime, later: timedelta) -> None:
    """All moments of one minute have one identifier."""
    start = when.astimezone(UTC).replace(second=0, microsecond=0)
    assert TID.at(start + later, BaseDate.Y2014) == TID.at(start, BaseDate.Y2014)


@given(moments)
def test_the_moment_counts(when: datetime) -> None:
    """The same moment told on other clocks has the same identifier: only ``zone`` decides whose clocks count."""
    for zone in ZONES:
        assert TID.at(when.astimezone(zone), BaseDate.Y2014) == TID.at(when, BaseDate.Y2014)


def test_zone_decides() -> None:
    """One moment has an identifier two hours higher where local time is two hours ahead."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert TID.at(noon, BaseDate.Y2014, zone=JOHANNESBURG).minutes - TID.at(noon, BaseDate.Y2014).minutes == 120


def test_odd_offsets() -> None:
    """A zone that is minutes or even seconds off the hour counts its own whole minutes."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ahead = timezone(timedelta(minutes=45, seconds=30))
    assert TID.at(noon, BaseDate.Y2014, zone=KATHMANDU).minutes - TID.at(noon, BaseDate.Y2014).minutes == 345
    assert TID.at(noon, BaseDate.Y2014, zone=ahead).minutes - TID.at(noon, BaseDate.Y2014).minutes == 45


def test_hour_that_comes_twice() -> None:
    """Where local clocks are put back, two moments an hour apart share an identifier; the second token moves on."""
    first = datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN)
    second = first.replace(fold=1)
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    tid = TID.at(first, BaseDate.Y2014, zone=BERLIN)
    assert TID.at(second, BaseDate.Y2014, zone=BERLIN) == tid
    assert TID.following(second, BaseDate.Y2014, tid, zone=BERLIN).minutes == tid.minutes + 1
    assert TID.at(second, BaseDate.Y2014).minutes - TID.at(first, BaseDate.Y2014).minutes == 60


def test_hour_that_comes_twice_is_told_as_the_first() -> None:
    """An identifier from an hour that local clocks go through twice is told as the first of the two."""
    first = datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN)
    told = TID.at(first.replace(fold=1), BaseDate.Y2014, zone=BERLIN).time(BaseDate.Y2014, zone=BERLIN)
    assert told.astimezone(UTC) == first.astimezone(UTC)


def test_hour_that_is_left_out() -> None:
    """Where local clocks are put forward, the identifiers of the hour left out are not used."""
    before = datetime(2025, 3, 30, 0, 59, tzinfo=UTC)
    tid = TID.at(before, BaseDate.Y2014, zone=BERLIN)
    assert TID.at(before + MINUTE, BaseDate.Y2014, zone=BERLIN).minutes == tid.minutes + 61


# ----------------------------------------------------------------------------------------------------- the base date


@pytest.mark.parametrize("base", BaseDate)
def test_first_and_last_minute(base: BaseDate) -> None:
    """A base date counts from its own first minute to the end of its last one, and not an instant further."""
    first, last = base.start.replace(tzinfo=UTC), LAST_MINUTES[base]
    instant = timedelta(microseconds=1)
    assert TID.at(first, base).minutes == 0
    assert TID.at(last + MINUTE - instant, base).minutes == LAST_TID
    for beyond in (first - instant, last + MINUTE):
        assert isinstance(refused(TID.at, beyond, base), TidError)


@pytest.mark.parametrize("base", BaseDate)
def test_words_for_a_base_date_left_behind(base: BaseDate) -> None:
    """The error says from when to when the base date counts, and what to do."""
    error = refused(TID.at, datetime(1980, 1, 1, tzinfo=UTC), base)
    assert (
        f"{base} counts only from {base.name[1:]}-01-01 00:00 to {LAST_MINUTES[base]:%Y-%m-%d} 20:15" in error.problem
    )
    assert "change the meter" in error.remedy


def test_local_clocks_reach_a_base_date_first() -> None:
    """East of Greenwich the base date begins, and ends, before it does in UTC."""
    eve = datetime(2013, 12, 31, 22, 30, tzinfo=UTC)
    assert TID.at(eve, BaseDate.Y2014, zone=JOHANNESBURG).minutes == 30
    refused(TID.at, eve, BaseDate.Y2014)
    refused(TID.at, LAST_MINUTES[BaseDate.Y2014], BaseDate.Y2014, zone=JOHANNESBURG)


@pytest.mark.parametrize("base", BaseDate)
def test_31_years(base: BaseDate) -> None:
    """The last identifier of every base date falls on 24 November, 31 years later, at 20:15."""
    assert TID(LAST_TID).time(base) == LAST_MINUTES[base]


@pytest.mark.parametrize("zone", [UTC, KATHMANDU, timezone(timedelta(hours=14)), timezone(-timedelta(hours=14))])
@pytest.mark.parametrize("when", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_ends_of_time(when: datetime, zone: tzinfo) -> None:
    """The first and the last moment that Python knows are refused without a crash, on all clocks."""
    assert refused(TID.at, when, BaseDate.Y2014, zone=zone).field in {"TID", "time of issue"}
    assert refused(TID.special, when.replace(tzinfo=zone), BaseDate.Y2014).field in {"TID", "time of issue"}


# ------------------------------------------------------------------------------------------------ the reserved minute


@pytest.mark.parametrize(
    ("text", "minutes"), [("00:00", 5_911_200), ("00:01", 5_911_202), ("00:02", 5_911_202), ("00:03", 5_911_203)]
)
def test_published_reserved_minute(text: str, minutes: int) -> None:
    """An ordinary token of 00:01 carries 00:02, and its neighbours carry their own minute."""
    assert at(f"2004-03-29T{text}", "93") == minutes


def test_published_special_minute() -> None:
    """A special token carries 00:01 of its day, whenever it is issued."""
    assert TID.special(datetime(2004, 3, 29, 14, 33, tzinfo=UTC), BaseDate.Y1993).minutes == 5_911_201


@given(moments, zones)
def test_ordinary_tokens_are_not_special(when: datetime, zone: tzinfo) -> None:
    """No ordinary token carries the reserved minute."""
    assert not TID.at(when, BaseDate.Y2014, zone=zone).is_special


@given(moments, zones)
def test_special_tokens_are(when: datetime, zone: tzinfo) -> None:
    """A special token carries the reserved minute of its own day on the clocks of the zone."""
    tid = TID.special(when, BaseDate.Y2014, zone=zone)
    assert tid.is_special
    assert (
        tid.time(BaseDate.Y2014, zone=zone).replace(tzinfo=None)
        == datetime.combine(when.astimezone(zone), datetime.min.time()) + MINUTE
    )


def test_reserved_minute_is_local() -> None:
    """The reserved minute is 00:01 on the clocks that count, not on others."""
    assert TID.at(datetime(2026, 3, 1, 22, 1, tzinfo=UTC), BaseDate.Y2014, zone=JOHANNESBURG).minutes % 1440 == 2
    assert TID.at(datetime(2026, 3, 1, 22, 1, tzinfo=UTC), BaseDate.Y2014).minutes % 1440 == 22 * 60 + 1


# ------------------------------------------------------------------------------------- several tokens in one minute


def issued(first: TID | None, *times: datetime) -> list[TID]:
    """The identifiers of tokens for one meter, issued one after the other."""
    given = []
    for when in times:
        first = TID.following(when, BaseDate.Y2014, first)
        given.append(first)
    return given


def test_three_in_one_minute() -> None:
    """Three tokens of minute 00:03 carry 00:03, 00:04 and 00:05."""
    minute = datetime(2026, 3, 29, 0, 3, tzinfo=UTC)
    assert [tid.minutes % 1440 for tid in issued(None, minute, minute, minute)] == [3, 4, 5]


def test_stepping_over_the_reserved_minute() -> None:
    """Tokens that follow one another around midnight step over 00:01."""
    minute = datetime(2026, 3, 29, 23, 59, tzinfo=UTC)
    assert [tid.minutes % 1440 for tid in issued(None, minute, minute, minute, minute)] == [1439, 0, 2, 3]


def test_after_a_pause() -> None:
    """Once the clock is past the last identifier, a token carries its own minute again."""
    minute = datetime(2026, 3, 29, 8, 0, tzinfo=UTC)
    assert [tid.minutes % 1440 for tid in issued(None, minute, minute, minute + 2 * MINUTE)] == [480, 481, 482]
    assert [tid.minutes % 1440 for tid in issued(None, minute, minute, minute + 9 * MINUTE)] == [480, 481, 489]


def test_clock_put_back() -> None:
    """When the clock was put back, identifiers go on from the last one."""
    minute = datetime(2026, 3, 29, 8, 0, tzinfo=UTC)
    assert [tid.minutes % 1440 for tid in issued(None, minute, minute - DAY, minute - DAY)] == [480, 481, 482]


@given(st.lists(moments, min_size=2, max_size=8))
def test_no_identifier_repeats(times: list[datetime]) -> None:
    """Whatever the clock does, identifiers only grow, are none of them special, and are not before their minute."""
    given = issued(None, *times)
    assert all(earlier < later for earlier, later in pairwise(given))
    assert not any(tid.is_special for tid in given)
    assert all(tid >= TID.at(when, BaseDate.Y2014) for tid, when in zip(given, times, strict=True))


@given(moments, tids.filter(lambda tid: tid.minutes < LAST_TID))
def test_next_free_minute(when: datetime, last: TID) -> None:
    """The next identifier is the earliest ordinary one after the last that isn't before its minute."""
    wanted = TID.at(when, BaseDate.Y2014)
    following = TID.following(when, BaseDate.Y2014, last)
    candidates = (TID(minutes) for minutes in range(max(last.minutes + 1, wanted.minutes), LAST_TID + 1))
    assert following == next(tid for tid in candidates if not tid.is_special)


def test_used_up() -> None:
    """After the last identifier of a base date there is no other."""
    assert isinstance(refused(TID.following, LAST_MINUTES[BaseDate.Y2014], BaseDate.Y2014, TID(LAST_TID)), TidError)


def test_last_of_all() -> None:
    """The last identifier of a base date itself is given."""
    assert TID.following(datetime(2026, 1, 1, tzinfo=UTC), BaseDate.Y2014, TID(LAST_TID - 1)).minutes == LAST_TID


# --------------------------------------------------------------------------------------------------------- key expiry


@pytest.mark.parametrize(
    ("ken", "base", "text", "expired"),
    [
        (255, "93", "2024-11-24T20:15", False),
        (170, "93", "2014-04-23T09:35", False),
        (170, "93", "2014-04-23T09:36", True),
        (170, "14", "2035-04-23T09:35", False),
        (170, "14", "2035-04-23T09:36", True),
        (85, "93", "2003-09-19T22:55", False),
        (85, "93", "2003-09-19T22:56", True),
    ],
)
def test_published_expiry(ken: int, base: str, text: str, *, expired: bool) -> None:
    """The published keys expire in the published minute."""
    assert TID(at(text, base)).beyond(KEN(ken)) is expired


@given(kens)
def test_top_byte(ken: KEN) -> None:
    """A key serves the 65 536 minutes whose top byte is its KEN, to the last one, and refuses the next."""
    last = TID(ken.value << 16 | 0xFFFF)
    require_unexpired(ken, last)
    require_unexpired(ken, TID(ken.value << 16))
    if ken.value < 255:
        with pytest.raises(KeyExpiredError):
            require_unexpired(ken, TID(last.minutes + 1))


@given(kens, tids)
def test_expiry_by_the_book(ken: KEN, tid: TID) -> None:
    """A key has expired exactly when the top byte of the identifier exceeds its KEN."""
    assert tid.beyond(ken) == (tid.minutes // 65_536 > ken.value)


def test_unit_of_expiry() -> None:
    """One step of a KEN is 65 536 minutes, which are 45.5 days; not the 65 535 that the standard's prose prints."""
    assert [TID(ken + 1 << 16).time(BaseDate.Y2014) - TID(ken << 16).time(BaseDate.Y2014) for ken in (0, 99, 254)] == [
        timedelta(minutes=65_536)
    ] * 3
    assert not TID(170 * 65_535 + 65_535).beyond(KEN(170))


@given(tids)
def test_never(tid: TID) -> None:
    """KEN 255 never expires."""
    require_unexpired(KEN(255), tid)


def test_words_for_an_expired_key() -> None:
    """The error says when the key ended, what the token would carry, and what to do."""
    with pytest.raises(KeyExpiredError, match="KEN 170 ended with TID 11206655, but the token would carry 11206656"):
        require_unexpired(KEN(170), TID(0xAB0000))


# ------------------------------------------------------------------------------------------------------- wrong values


@each("minutes", [*NOT_INTEGERS, -1, LAST_TID + 1, HUGE, TID(5)])
def test_no_tid(minutes: object) -> None:
    """An identifier has 24 bits."""
    assert refused(TID, minutes).field == "TID"


@pytest.mark.parametrize("function", [TID.at, TID.special, partial(TID.following, last=None)])
@each("when", [None, 0, 1.5, "2026-01-01", date(2026, 1, 1), datetime(2026, 1, 1), timedelta(1), TID(5)])  # noqa: DTZ001 - a wrong value
def test_no_moment(function: type, when: object) -> None:
    """A moment without a time zone is none: a naive datetime, a date and a number are refused."""
    assert refused(function, when, BaseDate.Y2014).field == "time of issue"


@pytest.mark.parametrize("function", [TID.at, TID.special])
@each("zone", [None, 2, "UTC", "Africa/Johannesburg", timedelta(hours=2), BaseDate.Y2014])
def test_no_zone(function: type, zone: object) -> None:
    """A zone is a tzinfo; None is refused, because Python would take the zone of the machine for it."""
    assert refused(function, datetime(2026, 1, 1, tzinfo=UTC), BaseDate.Y2014, zone=zone).field == "tzinfo"
    assert refused(TID(5).time, BaseDate.Y2014, zone=zone).field == "tzinfo"


@pytest.mark.parametrize("function", [TID.at, TID.special])
@each("base", [None, 14, "14", "2014", datetime(2014, 1, 1, tzinfo=UTC), KEN(14)])
def test_no_base_date(function: type, base: object) -> None:
    """A base date is a BaseDate, not its characters or its year."""
    assert refused(function, datetime(2026, 1, 1, tzinfo=UTC), base).field == "BaseDate"
    assert refused(TID(5).time, base).field == "BaseDate"


@each("last", [0, 5, LAST_TID, "5", datetime(2026, 1, 1, tzinfo=UTC), KEN(5), False])
def test_no_last_tid(last: object) -> None:
    """The last identifier is a TID or None, not its minutes."""
    assert refused(TID.following, datetime(2026, 1, 1, tzinfo=UTC), BaseDate.Y2014, last).field == "last TID"


@each("ken", [None, 255, "255", TID(5)])
def test_no_ken(ken: object) -> None:
    """Expiry is told by a KEN, not by its number."""
    assert refused(TID(5).beyond, ken).field == "KEN"
    assert refused(require_unexpired, ken, TID(5)).field == "KEN"


@each("tid", [None, 5, "5", KEN(5)])
def test_no_tid_to_expire(tid: object) -> None:
    """Expiry is asked of a TID, not of its minutes."""
    assert refused(require_unexpired, KEN(255), tid).field == "TID"
