"""The meter's clock, the calendar that follows from it, and power cuts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import (
    DAY,
    HOUR,
    KEY,
    KILOWATT,
    MINUTE,
    SECOND,
    START,
    after,
    config,
    kinds,
    new_meter,
    refuses,
    with_credit,
)
from umbane.meter import ClockPlan, Meter, MeterTariff, ProfilePlan, WeekPlan
from umbane.meter.clock import moment, reading
from umbane.meter.schedule import Slot, date_of, weekday_of
from umbane.meter.state import Clock

MILLISECOND = timedelta(milliseconds=1)
NIGHT_AND_DAY = MeterTariff((1, 2), WeekPlan.daily((0, 0), (6 * 60, 1), (22 * 60, 0)), fallback=1)


@given(st.integers(-100_000, 100_000), st.integers(0, 10**13), st.integers(0, 10**12))
def test_clock_and_its_inverse(drift: int, origin: int, ahead: int) -> None:
    """The moment at which the clock reads something is the first one at which it does."""
    clock = Clock(1000, origin, right=True, battery_ms=0)
    at = moment(clock, drift, origin + ahead)
    assert reading(clock, drift, at) >= origin + ahead
    assert ahead == 0 or reading(clock, drift, at - 1) < origin + ahead


@given(st.integers(-100_000, 100_000), st.integers(0, 10**12), st.integers(0, 10**6))
def test_clock_never_runs_backwards(drift: int, elapsed: int, more: int) -> None:
    """However wrong it runs, it runs forwards."""
    clock = Clock(0, 0, right=True, battery_ms=0)
    assert reading(clock, drift, elapsed) <= reading(clock, drift, elapsed + more)


@pytest.mark.parametrize(("ppm", "seconds"), [(0, 0), (100, 259), (-100, -260)])
def test_drift(ppm: int, seconds: int) -> None:
    """A clock that is 100 ppm fast is four minutes ahead after a month."""
    meter = new_meter(config(clock=ClockPlan(drift_ppm=ppm)))
    meter.advance(DAY * 30)
    assert meter.clock is not None
    assert (meter.clock - meter.time) // SECOND == seconds


def test_setting_the_clock() -> None:
    """A clock that was set is right from then on, and drifts again."""
    meter = new_meter(config(clock=ClockPlan(drift_ppm=1000)))
    meter.advance(DAY)
    assert kinds(meter.set_clock(meter.time)) == ["clock set"]
    assert meter.clock == meter.time
    meter.advance(1000 * SECOND)
    assert meter.clock == meter.time + SECOND


def test_setting_a_dead_meter() -> None:
    """Without mains nobody can set the clock."""
    meter = new_meter()
    meter.cut_power()
    assert meter.set_clock(START + DAY) == ()
    assert meter.clock == START


@pytest.mark.parametrize("when", [None, "now", 5, START.replace(tzinfo=None), START.replace(1969), START.replace(3001)])
def test_impossible_time(when: datetime) -> None:
    """A clock is set to a moment with a time zone, between 1970 and 3000."""
    with refuses("clock"):
        new_meter().set_clock(when)


@pytest.mark.parametrize(
    "time",
    [None, "1h", 3600, 1.5, -SECOND, timedelta(microseconds=1), START - SECOND, datetime(3001, 1, 1, tzinfo=UTC)],
)
def test_impossible_advance(time: timedelta) -> None:
    """Time passes by whole milliseconds, forwards, and not beyond the year 3000; a refusal changes nothing."""
    meter = new_meter()
    before = meter.state
    with refuses("time"):
        meter.advance(time)
    assert meter.state is before


def test_advance_until() -> None:
    """Time can pass until a moment, in any time zone."""
    meter = new_meter()
    meter.advance(datetime(2026, 3, 2, 5, tzinfo=UTC).astimezone())
    assert meter.time == START + 5 * HOUR
    assert meter.advance(meter.time) == ()


def test_rates_follow_the_clock() -> None:
    """Energy is counted under the rate of the meter's clock, to the millisecond."""
    meter, _ = with_credit(config(tariff=NIGHT_AND_DAY))
    meter.advance(DAY, KILOWATT)
    assert meter.rate_wh == (8000, 16_000)


def test_rates_follow_a_wrong_clock() -> None:
    """A clock that was set wrong switches rates at the wrong time."""
    meter, _ = with_credit(config(tariff=NIGHT_AND_DAY))
    meter.set_clock(START + 5 * HOUR)
    meter.advance(HOUR * 2, KILOWATT)
    assert meter.rate_wh == (1000, 1000)


def test_rates_of_a_local_day() -> None:
    """The plan is in the meter's local time."""
    meter, _ = with_credit(config(tariff=NIGHT_AND_DAY, clock=ClockPlan(zone_minutes=120)))
    meter.advance(DAY, KILOWATT)
    assert meter.rate_wh == (8000, 16_000)
    meter.advance(4 * HOUR, KILOWATT)
    assert meter.rate_wh == (12_000, 16_000)


def test_power_cut_with_battery() -> None:
    """While the battery lasts the clock goes on, and the meter is as it was when the mains are back."""
    meter, _ = with_credit()
    meter.advance(HOUR, KILOWATT)
    assert kinds(meter.cut_power()) == ["power cut"]
    assert (meter.connected, meter.powered, meter.drawing) == (False, False, (0,))
    assert meter.advance(DAY * 3, KILOWATT) == ()
    assert kinds(meter.return_power()) == ["power back"]
    assert (meter.connected, meter.clock, meter.imported_wh) == (True, START + HOUR + DAY * 3, (1000,))


def test_battery_gives_up() -> None:
    """When the battery is empty the clock is lost: fallback rate, events without a time, until it is set."""
    meter, _ = with_credit(config(tariff=NIGHT_AND_DAY, clock=ClockPlan(battery_hours=2)))
    meter.cut_power()
    meter.advance(2 * HOUR + MILLISECOND)
    assert meter.clock is None
    events = meter.return_power()
    assert kinds(events) == ["clock lost", "power back"]
    assert events[0].clock is None
    assert meter.rate == 1
    meter.advance(HOUR, KILOWATT)
    assert meter.rate_wh == (0, 1000)
    meter.set_clock(meter.time)
    assert meter.rate == 0
    assert meter.clock == meter.time


def test_battery_just_lasts() -> None:
    """A battery that lasts to the very end of the outage keeps the time; the next outage ends it."""
    meter = new_meter(config(clock=ClockPlan(battery_hours=2)))
    meter.cut_power()
    meter.advance(2 * HOUR)
    meter.return_power()
    assert meter.clock == meter.time
    meter.cut_power()
    meter.advance(MILLISECOND)
    assert kinds(meter.return_power()) == ["clock lost", "power back"]


def test_battery_is_used_by_outages_together() -> None:
    """Outages use the battery up together; a new one lasts again."""
    meter = new_meter(config(clock=ClockPlan(battery_hours=2)))
    for _ in range(2):
        meter.cut_power()
        meter.advance(HOUR)
        meter.return_power()
    assert kinds(meter.replace_battery()) == ["battery replaced"]
    meter.cut_power()
    meter.advance(2 * HOUR)
    meter.return_power()
    assert meter.clock == meter.time


def test_a_new_battery_does_not_bring_the_time_back() -> None:
    """A battery put in after the old one gave up keeps a clock that is wrong."""
    meter = new_meter(config(clock=ClockPlan(battery_hours=2)))
    meter.cut_power()
    meter.advance(3 * HOUR)
    meter.replace_battery()
    meter.advance(HOUR)
    assert "clock lost" in kinds(meter.return_power())
    assert meter.clock is None


def test_lost_once() -> None:
    """A clock that is lost already isn't lost again by the next outage."""
    meter = new_meter(config(clock=ClockPlan(battery_hours=0)))
    for expected in (["clock lost", "power back"], ["power back"]):
        meter.cut_power()
        meter.advance(HOUR)
        assert kinds(meter.return_power()) == expected


def test_twice_the_same() -> None:
    """Cutting what is cut, and returning what is there, does nothing."""
    meter = new_meter()
    assert meter.return_power() == ()
    meter.cut_power()
    assert meter.cut_power() == ()


def test_sequence_never_resets() -> None:
    """The log keeps its last events; their numbers go on for ever, through power cuts and a lost clock."""
    meter = new_meter(config(log_capacity=10, clock=ClockPlan(battery_hours=0)))
    for _ in range(100):
        meter.cut_power()
        meter.advance(SECOND)
        meter.return_power()
    assert [event.sequence for event in meter.log] == list(range(192, 202))


def test_an_answer_has_all_its_events() -> None:
    """A step's events are all told, even when the log is too short to keep them."""
    meter, _ = with_credit(config(log_capacity=1, power_limit=10))
    assert len(meter.advance(DAY, KILOWATT)) > 10
    assert len(meter.log) == 1


# ---------------------------------------------------------------------------------------------------------- profile


def test_profile() -> None:
    """The profile has one line for each interval of the clock, complete ones only."""
    meter, _ = with_credit()
    meter.advance(105 * MINUTE, KILOWATT)
    assert [(line.start, line.imported_wh, line.exported_wh, line.flags) for line in meter.profile] == [
        (meter.state.clock.origin + half * 1_800_000, 500, 0, 0) for half in range(3)
    ]


@given(st.lists(st.tuples(st.integers(0, 7200), st.integers(0, 3000)), max_size=20))
def test_profile_adds_up(course: list[tuple[int, int]]) -> None:
    """The lines of the profile add up to the register as it read at the end of the last one."""
    meter, _ = with_credit()
    for seconds, watts in course:
        meter.advance(SECOND * seconds, KILOWATT if watts == 1000 else type(KILOWATT).of(watts))
    assert sum(line.imported_wh for line in meter.profile) == meter.state.profile.imported_wh
    assert 0 <= meter.imported_wh[0] - meter.state.profile.imported_wh <= 1500


def test_profile_is_bounded() -> None:
    """The profile keeps the configured number of intervals, the latest."""
    meter = new_meter(config(profile=ProfilePlan(interval_minutes=15, capacity=70)))
    meter.advance(DAY * 3)
    assert len(meter.profile) == 70
    assert datetime.fromtimestamp(meter.profile[-1].start / 1000, UTC) == START + DAY * 3 - 15 * MINUTE


def test_no_profile() -> None:
    """A meter can be made without one."""
    meter = new_meter(config(profile=ProfilePlan(capacity=0)))
    meter.advance(DAY)
    meter.cut_power()
    meter.return_power()
    meter.set_clock(START)
    assert meter.profile == ()


def test_profile_through_a_power_cut() -> None:
    """An outage cuts an interval short and leaves a gap; what is left of its interval is marked as well."""
    meter, _ = with_credit()
    meter.advance(10 * MINUTE, KILOWATT)
    meter.cut_power()
    meter.advance(100 * MINUTE)
    meter.return_power()
    meter.advance(HOUR, KILOWATT)
    assert [(line.imported_wh, line.flags) for line in meter.profile] == [(166, 1), (167, 1), (500, 0)]


def test_profile_through_a_setting() -> None:
    """Setting the clock cuts an interval short; the next one ends where the new time says."""
    meter, _ = with_credit()
    meter.advance(10 * MINUTE, KILOWATT)
    meter.set_clock(START + 25 * MINUTE)
    meter.advance(10 * MINUTE, KILOWATT)
    assert [(line.imported_wh, line.flags) for line in meter.profile] == [(166, 2), (83 + 1, 2)]


def test_profile_without_the_time() -> None:
    """Intervals of a clock that has lost the time are marked."""
    meter, _ = with_credit(config(clock=ClockPlan(battery_hours=0)))
    meter.cut_power()
    meter.advance(SECOND)
    meter.return_power()
    meter.advance(HOUR)
    assert [line.flags for line in meter.profile] == [1 | 4, 4]
    meter.advance(MINUTE)
    meter.set_clock(START)
    assert meter.profile[-1].flags == 2 | 4


def test_export_in_the_profile() -> None:
    """Export has a column of its own."""
    meter, _ = with_credit(config(tamper=config().tamper.__class__(export_allowed=True)))
    meter.advance(30 * MINUTE, type(KILOWATT).of(-2000))
    assert meter.profile[0][1:] == (0, 1000, 0)


# --------------------------------------------------------------------------------------------------------- schedule


def test_days_and_weekdays() -> None:
    """Days are counted from a Thursday, 1970-01-01."""
    assert (weekday_of(0), date_of(0)) == (3, date(1970, 1, 1))
    assert (weekday_of(20_514), date_of(20_514)) == (0, date(2026, 3, 2))


@given(st.integers(0, 100_000))
def test_weekdays_are_those_of_python(day: int) -> None:
    """Weekdays agree with Python's own calendar."""
    assert weekday_of(day) == date_of(day).weekday()


def test_weekend_and_holidays() -> None:
    """The weekend may have a plan of its own; a holiday is a Sunday."""
    plan = WeekPlan.daily((0, 0), (600, 1), weekend=((0, 2),), holidays=(date(2026, 3, 4),))
    monday = 20_514
    slots = [plan.slot(monday + day, 700) for day in range(7)]
    assert slots == [Slot(1, 1440), Slot(1, 1440), Slot(2, 1440), *[Slot(1, 1440)] * 2, *[Slot(2, 1440)] * 2]
    assert plan.slot(monday, 599) == Slot(0, 600)
    assert plan.values == {0, 1, 2}


@given(st.sets(st.integers(1, 1439), max_size=20), st.integers(0, 1439))
def test_slots(minutes: set[int], minute: int) -> None:
    """Every minute lies in the slot of the last switch before it, which ends at the next."""
    switches = [(0, 0), *((start, start % 200) for start in sorted(minutes))]
    slot = WeekPlan.daily(*switches).slot(0, minute)
    assert slot.value == [value for start, value in switches if start <= minute][-1]
    assert slot.end == min([start for start, _ in switches if start > minute], default=1440)


@pytest.mark.parametrize(
    ("switches", "field"),
    [
        ((), "day plan"),
        (((1, 0),), "day plan"),
        (((0, 0), (0, 1)), "day plan"),
        (((0, 0), (600, 1), (500, 0)), "day plan"),
        (((0, 0), (1440, 1)), "minute"),
        (((0, -1),), "value"),
        (((0, 256),), "value"),
        (((0.0, 0),), "minute"),
        (tuple((minute, 0) for minute in range(49)), "day plan"),
    ],
)
def test_wrong_day_plan(switches: tuple[tuple[int, int], ...], field: str) -> None:
    """A day plan starts at midnight, goes upwards, and isn't endless."""
    with refuses(field):
        WeekPlan.daily(*switches)


def test_wrong_week_plan() -> None:
    """A week has seven days, and holidays are dates."""
    with refuses("days"):
        WeekPlan((((0, 0),),) * 6)
    with refuses("holidays"):
        WeekPlan.daily((0, 0), holidays=("2026-01-01",))  # type: ignore[arg-type]  # a wrong type is tested


def test_a_holiday_in_the_meter() -> None:
    """A holiday changes the rate of a meter that knows of it."""
    plan = WeekPlan.daily((0, 0), weekend=((0, 1),), holidays=(date(2026, 3, 3),))
    meter, _ = with_credit(config(tariff=MeterTariff((1, 2), plan)))
    meter.advance(DAY * 3, KILOWATT)
    assert meter.rate_wh == (48_000, 24_000)


@pytest.mark.parametrize(
    ("plan", "fields", "field"),
    [
        (ClockPlan, {"drift_ppm": 100_001}, "drift_ppm"),
        (ClockPlan, {"drift_ppm": 0.1}, "drift_ppm"),
        (ClockPlan, {"battery_hours": -1}, "battery_hours"),
        (ClockPlan, {"zone_minutes": 841}, "zone_minutes"),
        (ProfilePlan, {"interval_minutes": 0}, "interval_minutes"),
        (ProfilePlan, {"interval_minutes": 7}, "interval_minutes"),
        (ProfilePlan, {"capacity": -1}, "capacity"),
    ],
)
def test_wrong_plans(plan: type, fields: dict[str, int], field: str) -> None:
    """A plan that can't be is refused by the name of its field."""
    with refuses(field):
        plan(**fields)


def test_old_meters() -> None:
    """A meter may start long ago and live long: forty years pass as exactly as a day."""
    meter = Meter(config(profile=ProfilePlan(interval_minutes=1440)), KEY, datetime(2014, 1, 1, tzinfo=UTC))
    meter.advance(datetime(2054, 1, 1, tzinfo=UTC))
    assert meter.clock == datetime(2054, 1, 1, tzinfo=UTC)
    assert after(meter.cut_power(), "power cut", meter.time) == timedelta(0)
