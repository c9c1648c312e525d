"""Inputs read by name: liberal in how a value is written, strict in what it is."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.conformance import UnusableInputError
from umbane.conformance.fields import Fields, whole_number
from umbane.sts import EA

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False)
    | st.text()
    | st.from_regex(r"[0-9a-fx.eE:T-]{1,20}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
"""Anything that a JSON file can hold."""


@pytest.mark.parametrize("value", [5, "5", "05", "+5", "0x5", "5.0", Decimal("5.0"), Decimal("0.5E1")])
def test_whole_numbers(value: object) -> None:
    """A whole number may be a number, digits with zeros in front, or hexadecimal."""
    assert Fields({"ti": value}).integer("ti") == 5


NOT_WHOLE: list[object] = [
    True,
    "",
    "5 ",
    " 5",
    "５",
    "five",
    "5.5",
    Decimal("5.5"),
    "NaN",
    "inf",
    [],
    {},
    "-",
    ".",
    "1_000",
]
NOT_WHOLE += [
    "0x",
    "0xg",
    "0x" + "1" * 65,
    "1e999",
    "9" * 999,
    10**200,
    Decimal("1E999999999"),
    Decimal("1E-999999999"),
]


@pytest.mark.parametrize("value", NOT_WHOLE)
def test_not_whole_numbers(value: object) -> None:
    """What isn't exactly a whole number of a reasonable size is refused, and the error names the field."""
    with pytest.raises(UnusableInputError, match=r"inputs\.ti"):
        Fields({"ti": value}).integer("ti")


def test_exact_numbers() -> None:
    """A number keeps every digit, however it is written."""
    texts: list[object] = ["0.1", Decimal("0.1"), "1e-1", "00.10"]
    assert [Fields({"amount": text}).number("amount") for text in texts] == [Fraction(1, 10)] * 4


def test_the_first_name_counts() -> None:
    """Of several names for one thing the first that is there counts, and null is not there."""
    fields = Fields({"a": None, "b": 2, "c": 3})
    assert fields.integer("a", "b", "c") == 2
    assert fields.unused() == ["c"]


def test_missing() -> None:
    """A value that is missing is named by the first of its names."""
    with pytest.raises(UnusableInputError, match=r"inputs\.tid: it is missing"):
        Fields({"other": 1}).integer("tid", "issued")


def test_default() -> None:
    """A default stands in for what is missing, never for what is wrong."""
    assert Fields({}).integer("rnd", default=0) == 0
    with pytest.raises(UnusableInputError):
        Fields({"rnd": "x"}).integer("rnd", default=0)


@pytest.mark.parametrize(("value", "digits"), [("01", "01"), (1, "01"), ("1", "1"), (123, "123")])
def test_digits(value: object, digits: str) -> None:
    """Digits as text are taken as they are; a number gets its zeros back."""
    assert Fields({"ti": value}).digits(2, "ti") == digits


@pytest.mark.parametrize(("value", "said"), [(True, True), (1, True), (False, False), (0, False)])
def test_flags(value: object, *, said: bool) -> None:
    """Yes and no may be 1 and 0."""
    assert Fields({"ro": value}).flag("ro") is said


@pytest.mark.parametrize("value", [2, -1, "true", "1", Decimal("1.0"), []])
def test_not_flags(value: object) -> None:
    """Anything else is neither yes nor no."""
    with pytest.raises(UnusableInputError):
        Fields({"ro": value}).flag("ro")


@pytest.mark.parametrize("text", ["2026-01-31T12:30", "2026-01-31T12:30:00Z", "2026-01-31T14:30:00+02:00"])
def test_moments(text: str) -> None:
    """A moment without a zone is UTC, and another zone is converted."""
    assert Fields({"issued": text}).moment("issued") == datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30T00:00", 20260131, None, "2026-01-31T25:00"])
def test_not_moments(text: object) -> None:
    """What is no moment is refused."""
    with pytest.raises(UnusableInputError):
        Fields({"issued": text}).moment("issued")


def test_an_unsupported_code() -> None:
    """A code of the standard that isn't supported is refused by its number, with those that are."""
    with pytest.raises(UnusableInputError, match=r"inputs\.ea: 9 .* 11 \(MISTY1\)"):
        Fields({"ea": "09"}).code(EA, "ea")


def test_a_key_stays_hidden() -> None:
    """The error about a key that is no hexadecimal shows nothing of it."""
    with pytest.raises(UnusableInputError) as caught:
        Fields({"vk": "abababababababaX"}).octets("vk")
    assert "abab" not in str(caught.value)


def test_a_section_has_its_own_path() -> None:
    """The error about a field inside an object names both."""
    with pytest.raises(UnusableInputError, match=r"inputs\.key_params\.krn"):
        Fields({"key_params": {"krn": "x"}}).section("key_params").integer("krn")


READERS: list[tuple[str, tuple[Any, ...]]] = [
    ("integer", ("x",)),
    ("number", ("x",)),
    ("digits", (2, "x")),
    ("text", ("x",)),
    ("flag", ("x",)),
    ("octets", ("x",)),
    ("hexadecimal", ("x",)),
    ("moment", ("x",)),
    ("items", ("x", whole_number, "numbers")),
    ("section", ("x",)),
    ("code", (EA, "x")),
]


@given(st.sampled_from(READERS), JSON)
def test_nothing_breaks_a_reader(reader: tuple[str, tuple[Any, ...]], value: object) -> None:
    """Whatever JSON holds, a reader gives a value or raises its own error."""
    name, arguments = reader
    try:
        getattr(Fields({"x": value}), name)(*arguments)
    except UnusableInputError as error:
        assert error.field == "inputs.x"  # noqa: PT017 - either outcome is right, and this is what the error must say
