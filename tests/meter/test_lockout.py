"""The keypad's patience."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import DAY, HOUR, MINUTE, SECOND, Till, config, kinds, new_meter, refuses, results, wrong
from umbane.meter import LockoutPlan, Meter, Refusal
from umbane.sts import EncodedToken

MILLISECOND = timedelta(milliseconds=1)
WRONG = EncodedToken(12345)


def guess(meter: Meter, times: int) -> list[str]:
    """Enter a wrong token again and again."""
    return results(meter, [WRONG] * times)


def test_locks_after_five() -> None:
    """After five wrong tokens the keypad takes nothing, not even a good one, for a minute."""
    meter, till = new_meter(), Till()
    token = till.kwh(1)
    assert guess(meter, 6) == ["CRCError"] * 5 + ["LockedOut"]
    assert meter.locked_for == MINUTE
    meter.advance(MINUTE - MILLISECOND)
    assert meter.enter(token).result is Refusal.LOCKED_OUT
    meter.advance(MILLISECOND)
    assert meter.enter(token).accepted


def test_doubles() -> None:
    """Each lock-out is twice as long as the one before, up to the longest."""
    meter = new_meter(config(lockout=LockoutPlan(after=2, first_s=60, longest_s=200)))
    lengths = []
    for _ in range(4):
        guess(meter, 2)
        lengths.append(meter.locked_for)
        meter.advance(meter.locked_for)
    assert lengths == [60 * SECOND, 120 * SECOND, 200 * SECOND, 200 * SECOND]


def test_a_good_token_resets() -> None:
    """A good token makes the keypad forget wrong ones and lock-outs."""
    meter, till = new_meter(), Till()
    guess(meter, 5)
    meter.advance(MINUTE)
    guess(meter, 4)
    assert meter.enter(till.kwh(1)).accepted
    assert guess(meter, 5) == ["CRCError"] * 5
    assert meter.locked_for == MINUTE


def test_what_does_not_reset() -> None:
    """Test tokens, used tokens and slips of the finger neither count as guesses nor make up for them."""
    meter, till = new_meter(), Till()
    used = till.kwh(1)
    meter.enter(used)
    answers = results(meter, [WRONG, "56493153725450313471", used, "123", WRONG, WRONG, WRONG, WRONG, used])
    assert answers == ["CRCError", "Accept", "UsedError", "FormatError", *["CRCError"] * 4, "LockedOut"]


def test_a_power_cut_does_not_help() -> None:
    """Time without power doesn't shorten a lock-out."""
    meter = new_meter()
    guess(meter, 5)
    meter.cut_power()
    meter.advance(DAY)
    meter.return_power()
    assert meter.locked_for == MINUTE
    assert meter.enter(WRONG).result is Refusal.LOCKED_OUT


def test_setting_the_clock_does_not_help() -> None:
    """A lock-out counts the meter's own time, whatever its clock says."""
    meter = new_meter()
    guess(meter, 5)
    meter.set_clock(meter.time + DAY)
    assert meter.locked_for == MINUTE


def test_without_lockout() -> None:
    """A meter for test benches can be made that never locks."""
    meter = new_meter(config(lockout=LockoutPlan(after=0)))
    assert guess(meter, 300) == ["CRCError"] * 300


def test_lockout_is_logged_once() -> None:
    """The log says when the keypad was locked and for how long, not how often it was hit while locked."""
    meter = new_meter()
    guess(meter, 50)
    assert [event.detail for event in meter.log if event.kind == "keypad locked"] == ["60 s"]
    assert kinds(meter.log).count("token refused") == 5


@given(st.integers(1, 8), st.integers(1, 600), st.integers(1, 60))
def test_guesses_per_day(after: int, first: int, attempts: int) -> None:
    """However the attempts are spread, the keypad looks at no more wrong tokens than its plan allows."""
    meter = new_meter(config(lockout=LockoutPlan(after=after, first_s=first)))
    looked = 0
    for _ in range(attempts):
        looked += guess(meter, 1)[0] == "CRCError"
        meter.advance(10 * SECOND)
    locks, most = 0, 0
    time = attempts * 10
    while time > 0:
        most += after
        time -= min(first << locks, 86_400)
        locks += 1
    assert looked <= most


def test_many_lockouts() -> None:
    """The doubling ends at the longest, however many there are."""
    meter = new_meter(config(lockout=LockoutPlan(after=1)))
    for _ in range(80):
        guess(meter, 1)
        meter.advance(24 * HOUR)
    guess(meter, 1)
    assert meter.locked_for == DAY


def test_nearly_right_is_wrong() -> None:
    """A good token with a bit wrong counts as a guess."""
    meter = new_meter()
    meter.enter(wrong(Till().kwh(1)))
    assert meter.state.lockout.wrong == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"after": -1}, "after"),
        ({"after": 1.5}, "after"),
        ({"first_s": 0}, "first_s"),
        ({"longest_s": 59}, "longest_s"),
        ({"longest_s": True}, "longest_s"),
    ],
)
def test_wrong_plan(fields: dict[str, int], field: str) -> None:
    """A plan that can't be is refused by the name of its field."""
    with refuses(field):
        LockoutPlan(**fields)
