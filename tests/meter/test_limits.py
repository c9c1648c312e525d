"""Above the power limit, and with phases out of balance."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import (
    DAY,
    HOUR,
    KILOWATT,
    MINUTE,
    SECOND,
    START,
    THREE_PHASES,
    after,
    config,
    kinds,
    refuses,
    with_credit,
)
from umbane.meter import Hold, Load, TripPlan
from umbane.sts import Flag

LIMIT = 3000
HEAVY = Load.of(LIMIT + 1)
QUICK = TripPlan(delay_s=10, reclose_after_s=60, recloses=2, forget_after_s=600)


def test_trips_after_the_delay() -> None:
    """A load above the limit opens the switch when it has lasted the delay, to the millisecond."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    events = meter.advance(MINUTE, HEAVY)
    assert kinds(events) == ["limit tripped", "disconnected"]
    assert after(events, "disconnected") == 10 * SECOND
    assert (meter.holds, meter.holds.words) == (Hold.OVERLOAD, "overload")
    assert meter.imported_wh == (3001 * 10 // 3600,)


def test_at_the_limit() -> None:
    """A load of exactly the limit may stay."""
    meter, _ = with_credit(config(power_limit=LIMIT))
    assert meter.advance(HOUR, Load.of(LIMIT)) == ()


def test_a_short_excess() -> None:
    """A load that goes back below the limit before the delay is over starts anew the next time."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    for _ in range(5):
        assert meter.advance(9 * SECOND, HEAVY) == ()
        assert meter.advance(SECOND, KILOWATT) == ()
    assert meter.connected


def test_closes_again() -> None:
    """The switch closes after its time; with a lighter load it stays closed."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    meter.advance(10 * SECOND, HEAVY)
    events = meter.advance(DAY, KILOWATT)
    assert kinds(events) == ["connected"]
    assert after(events, "connected") == 70 * SECOND


def test_locks_when_it_goes_on() -> None:
    """After so many trips the switch stays open."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    events = meter.advance(DAY, HEAVY)
    assert kinds(events).count("limit tripped") == 2
    assert after(events, "limit locked") == 10 * SECOND + 2 * 70 * SECOND
    assert meter.holds is Hold.LOCKED
    assert meter.advance(DAY * 30, KILOWATT) == ()


def test_the_button_unlocks() -> None:
    """The button closes a locked switch, and the count starts again."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    meter.advance(HOUR, HEAVY)
    assert kinds(meter.press_button()) == ["lock released", "connected"]
    assert kinds(meter.advance(HOUR, HEAVY)).count("limit tripped") == 2
    assert meter.press_button() != ()
    assert meter.press_button() == ()


def test_the_button_may_be_dead() -> None:
    """Without power the button does nothing, nor where the plan says so."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=TripPlan(recloses=0, button_unlocks=False)))
    meter.advance(HOUR, HEAVY)
    assert meter.press_button() == ()
    other, _ = with_credit(config(power_limit=LIMIT, trips=TripPlan(recloses=0)))
    other.advance(HOUR, HEAVY)
    other.cut_power()
    assert other.press_button() == ()
    other.return_power()
    assert not other.connected


def test_a_token_unlocks() -> None:
    """An accepted token closes a locked switch too."""
    meter, till = with_credit(config(power_limit=LIMIT, trips=QUICK))
    meter.advance(HOUR, HEAVY)
    assert "lock released" in kinds(meter.enter(till.kwh(1)).events)
    assert meter.connected


def test_trips_are_forgotten() -> None:
    """Trips that are long enough apart never lock the switch."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    for _ in range(20):
        assert "limit locked" not in kinds(meter.advance(MINUTE, HEAVY))
        meter.advance(11 * MINUTE, KILOWATT)
    assert meter.connected


def test_without_delay() -> None:
    """A plan without a delay trips at once."""
    plan = TripPlan(delay_s=0, reclose_after_s=5, recloses=1, forget_after_s=6)
    meter, _ = with_credit(config(power_limit=LIMIT, trips=plan))
    events = meter.advance(HOUR, HEAVY)
    assert after(events, "limit tripped") == timedelta(0)
    assert meter.imported_wh == (0,)


def test_a_limit_of_nothing() -> None:
    """A limit of 0 W is taken at its word."""
    meter, till = with_credit()
    meter.enter(till.power_limit(0))
    assert meter.advance(HOUR) == ()
    assert "limit tripped" in kinds(meter.advance(HOUR, Load.of(1)))


def test_a_new_limit() -> None:
    """A limit set by a token holds from then on."""
    meter, till = with_credit(config(power_limit=LIMIT))
    meter.enter(till.power_limit(5000))
    assert meter.advance(HOUR, HEAVY) == ()
    meter.enter(till.power_limit(500))
    assert "limit tripped" in kinds(meter.advance(HOUR, KILOWATT))


def test_limits_switched_off_by_a_flag() -> None:
    """Without the flag DISCONNECT_ON_POWER_LIMIT limits are only kept in mind."""
    meter, till = with_credit(config(power_limit=LIMIT))
    meter.enter(till.flag(Flag.DISCONNECT_ON_POWER_LIMIT, on=False))
    assert meter.advance(HOUR, HEAVY) == ()


def test_unbalance() -> None:
    """Phases further apart than their limit open the switch like an overload."""
    meter, _ = with_credit(config(form=THREE_PHASES, unbalance_limit=2000, trips=QUICK))
    assert meter.advance(HOUR, Load((2500, 500, 500))) == ()
    events = meter.advance(11 * SECOND, Load((2501, 500, 500)))
    assert [event.detail for event in events] == ["unbalance", "unbalance"]
    assert meter.holds is Hold.UNBALANCE


def test_one_phase_is_balanced() -> None:
    """A single phase can't be out of balance."""
    meter, _ = with_credit(config(unbalance_limit=0))
    assert meter.advance(HOUR, HEAVY) == ()


def test_power_cut_while_it_waits() -> None:
    """A power cut interrupts the excess, and stops the time until the switch closes."""
    meter, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    meter.advance(9 * SECOND, HEAVY)
    meter.cut_power()
    meter.return_power()
    assert meter.advance(9 * SECOND, HEAVY) == ()
    meter.advance(SECOND, HEAVY)
    meter.cut_power()
    meter.advance(DAY)
    meter.return_power()
    assert after(meter.advance(HOUR, KILOWATT), "connected", START + DAY) == 79 * SECOND


def test_credit_runs_out_while_over_the_limit() -> None:
    """Of two reasons to open, the one that comes first opens; the other isn't counted."""
    meter, _ = with_credit(config(power_limit=LIMIT), kwh=1)
    meter.advance(HOUR - SECOND, KILOWATT)
    events = meter.advance(HOUR, HEAVY)
    assert kinds(events) == ["credit used up", "disconnected"]
    assert meter.state.trip.since is None


@given(st.lists(st.tuples(st.integers(0, 400_000), st.integers(2000, 4000)), max_size=10), st.data())
def test_pieces_of_time(course: list[tuple[int, int]], data: st.DataObject) -> None:
    """Trips come at the same instants however the time is cut."""
    whole, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    pieces, _ = with_credit(config(power_limit=LIMIT, trips=QUICK))
    for ms, watts in course:
        cut = data.draw(st.integers(0, ms))
        events = whole.advance(timedelta(milliseconds=ms), Load.of(watts))
        first = pieces.advance(timedelta(milliseconds=cut), Load.of(watts))
        assert first + pieces.advance(timedelta(milliseconds=ms - cut), Load.of(watts)) == events
    assert whole.state == pieces.state


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"delay_s": -1}, "delay_s"),
        ({"reclose_after_s": 0}, "reclose_after_s"),
        ({"recloses": -1}, "recloses"),
        ({"forget_after_s": 70}, "forget_after_s"),
        ({"delay_s": 1.0}, "delay_s"),
    ],
)
def test_wrong_plan(fields: dict[str, Any], field: str) -> None:
    """A plan that can't be, or that would never come to an end, is refused by the name of its field."""
    with refuses(field):
        TripPlan(**fields)
