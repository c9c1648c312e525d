"""Keys, one after the other."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import START, refuses
from umbane.meter.face import Beep, Key, Keypad

ALL_KEYS = [*"0123456789*#", *Key]
TWENTY = "01234567890123456789"


def typed(keys: str, keypad: Keypad | None = None) -> Keypad:
    """A keypad after these keys, all pressed at once."""
    keypad = keypad or Keypad()
    for key in keys:
        keypad = keypad.press(key, START).keypad
    return keypad


def test_digits_come_one_by_one() -> None:
    """What is typed stands in the line in groups of four."""
    assert typed("123456789").grouped == "1234 5678 9"


def test_enter_gives_the_line_and_clears_it() -> None:
    """Enter hands over what was typed, and the next entry begins with nothing."""
    pressed = typed(TWENTY).press(Key.ENTER, START)
    assert (pressed.entry, pressed.keypad.typed) == (TWENTY, "")


def test_enter_alone() -> None:
    """Enter without digits is an entry of nothing."""
    assert Keypad().press(Key.ENTER, START).entry == ""


def test_backspace() -> None:
    """Backspace takes the last digit; where there is none it says so."""
    assert typed("123<<").typed == "1"
    assert Keypad().press(Key.BACKSPACE, START).beep is Beep.WRONG_KEY


def test_clear() -> None:
    """Clear forgets the line."""
    assert typed("123C").typed == ""


def test_no_digit_after_the_twentieth() -> None:
    """A twenty-first digit changes nothing and is heard to be wrong."""
    pressed = typed(TWENTY).press("5", START)
    assert (pressed.keypad.typed, pressed.beep) == (TWENTY, Beep.WRONG_KEY)


def test_star_and_hash() -> None:
    """Keypads with * and # take them for part of a short code."""
    assert typed("#100#*").typed == "#100#*"


@pytest.mark.parametrize("key", ["", "12", "x", "e", "c", " ", "-", "４", "é", None, 5, ["1"]])
def test_no_such_key(key: str) -> None:
    """Anything that is no key is refused by name: letters, full-width digits, numbers, two keys at once."""
    with refuses("key"):
        Keypad().press(key, START)


def test_half_typed_is_forgotten() -> None:
    """After half a minute without a key the line is empty; up to then it stays."""
    keypad = typed("1234")
    assert keypad.settled(START + timedelta(seconds=30)).typed == "1234"
    assert keypad.settled(START + timedelta(seconds=31)).typed == ""


def test_a_late_digit_starts_anew() -> None:
    """A digit after the time-out is the first of another entry."""
    assert typed("1234").press("5", START + timedelta(minutes=1)).keypad.typed == "5"


def test_every_key_starts_the_time_again() -> None:
    """The patience counts from the last key."""
    keypad = typed("12").press("3", START + timedelta(seconds=25)).keypad
    assert keypad.settled(START + timedelta(seconds=50)).typed == "123"


def test_repr_keeps_the_digits_to_itself() -> None:
    """A half-typed token is in no repr."""
    assert "1234" not in repr(typed("1234"))


@given(st.lists(st.tuples(st.sampled_from(ALL_KEYS), st.integers(0, 60)), max_size=60))
def test_the_line_is_never_too_long(keys: list[tuple[str, int]]) -> None:
    """Whatever is pressed and however slowly, the line holds at most twenty keys, and Enter gives what stood there."""
    keypad, now = Keypad(), START
    for key, seconds in keys:
        now += timedelta(seconds=seconds)
        line = keypad.settled(now).typed
        keypad, entry, _beep = keypad.press(key, now)
        assert len(keypad.typed) <= 20
        assert entry == (line if key == Key.ENTER else None)
