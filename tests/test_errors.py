"""The root of all errors."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.errors import SHOWN_CHARACTERS, InputError, UmbaneError, shown

ERROR = InputError("SGC", "'12345' has 5 characters", "give a string of 6 digits 0-9")


def nested(depth: int) -> list[object]:
    """A list in a list in a list."""
    outer: list[object] = []
    for _ in range(depth):
        outer = [outer]
    return outer


def test_words() -> None:
    """An input error reads as one line: the field, what is wrong, what would be right."""
    assert str(ERROR) == "SGC: '12345' has 5 characters; give a string of 6 digits 0-9"


def test_attributes() -> None:
    """A program reads the same three things from the error one by one."""
    assert (ERROR.field, ERROR.problem, ERROR.remedy) == (
        "SGC",
        "'12345' has 5 characters",
        "give a string of 6 digits 0-9",
    )


@pytest.mark.parametrize("kind", [UmbaneError, ValueError])
def test_caught_as(kind: type[Exception]) -> None:
    """Those who catch any error of Umbane catch an input error, and so do those who catch a ValueError."""
    with pytest.raises(kind):
        raise ERROR


def test_not_every_error_is_a_value_error() -> None:
    """What Umbane refuses for another reason than a wrong value is no ValueError."""
    assert not issubclass(UmbaneError, ValueError)


@pytest.mark.parametrize("arguments", [(), ("SGC",), ("SGC", "wrong")])
def test_nothing_left_out(arguments: tuple[str, ...]) -> None:
    """An input error can't be raised without its field, its problem and its remedy."""
    with pytest.raises(TypeError):
        InputError(*arguments)


@pytest.mark.parametrize("again", [copy.copy(ERROR), copy.deepcopy(ERROR), pickle.loads(pickle.dumps(ERROR))])  # noqa: S301 - our own bytes
def test_copies(again: InputError) -> None:
    """An input error survives a copy and the way to another process, words and attributes alike."""
    assert type(again) is InputError
    assert str(again) == str(ERROR)
    assert (again.field, again.problem, again.remedy) == (ERROR.field, ERROR.problem, ERROR.remedy)


@pytest.mark.parametrize(("value", "text"), [(5, "5"), ("5", "'5'"), (None, "None"), (b"\0", r"b'\x00'")])
def test_short_values(value: object, text: str) -> None:
    """A short value is shown as Python writes it, so that a string is told from a number."""
    assert shown(value) == text


@given(st.text(min_size=SHOWN_CHARACTERS))
def test_long_values(value: str) -> None:
    """A long value is cut, and the cut is visible."""
    assert shown(value) == f"{repr(value)[:SHOWN_CHARACTERS]}…"


@given(st.text() | st.binary())
def test_one_line(value: object) -> None:
    """No text or bytes break the line of the error that shows them."""
    assert shown(value).isprintable()
    assert len(shown(value)) <= SHOWN_CHARACTERS + 1


def test_huge_integers() -> None:
    """An integer that Python refuses to print gets a few words instead of a second error."""
    assert shown(10**5000) == "a value of type int too large to print"


def test_deep_values() -> None:
    """A value nested so deeply that Python can't print it gets a few words instead of a second error."""
    assert shown(nested(100_000)) == "a value of type list too large to print"
