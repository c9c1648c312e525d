"""What agrees with what is expected, and what doesn't."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.test_fields import JSON
from umbane.conformance.comparison import Digits, Hex, Refusal, Registers, accepted, agrees, refused
from umbane.sts import CrcError, KeyChangeError, KeyExpiredError, KeyUseError, TokenFormatError

EXPIRED = Refusal.of(KeyExpiredError("a key"))


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (5, 5),
        ("5", 5),
        ("05", 5),
        ("0x05", 5),
        (Decimal("25.60"), Decimal("25.6")),
        ("25.6", Decimal("25.6")),
        ("1e2", Decimal(100)),
        (True, True),
        (0, False),
        ("0fFa", Hex("0FFA")),
        ("0x0FFA", Hex("0FFA")),
        ("00 01", Hex("0001")),
        ("0123-4567", Digits("01234567")),
        (1234567, Digits("01234567")),
        ({"0": 1}, Registers({"0": 1, "4": 0})),
        ({"0": 1, "4": "0"}, Registers({"0": 1})),
        ({}, Registers({"0": 0})),
        (["Accept"], ["Accept"]),
        (None, None),
        ("KeyExpiredError", EXPIRED),
        ("KEY_EXPIRED", EXPIRED),
        ("key expired", EXPIRED),
        (True, EXPIRED),
    ],
)
def test_agreement(expected: object, got: object) -> None:
    """The same thing agrees in each way a vector may write it."""
    assert agrees(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (5, 6),
        (True, 1),
        ("", 5),
        ("five", 5),
        (None, 0),
        (False, None),
        ("true", True),
        (2, True),
        (Decimal("25.61"), Decimal("25.6")),
        ("FFA", Hex("0FFA")),
        (0x0FFA, Hex("0FFA")),
        ("1234567", Digits("01234567")),
        (True, Digits("1")),
        (12345678, Digits("01234567")),
        ({"0": 1}, Registers({"0": 1, "4": 2})),
        ({"0": 1, "1": 1}, Registers({"0": 1})),
        ({"0": None}, Registers({"0": 0})),
        ([], Registers()),
        (["Accept"], ["Accept", "Accept"]),
        (["Accept", "Accept"], ["Accept"]),
        (["Accept"], ["accept"]),
        ("Accept", ["Accept"]),
        ("CRCError", EXPIRED),
        ("", EXPIRED),
        ("error", EXPIRED),
        (False, EXPIRED),
        (1, EXPIRED),
        (None, EXPIRED),
    ],
)
def test_disagreement(expected: object, got: object) -> None:
    """What only looks alike doesn't agree."""
    assert not agrees(expected, got)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (CrcError("x"), "CRCError"),
        (KeyChangeError("x"), "KeyTypeError"),
        (KeyUseError("x"), "DDTKError"),
        (TokenFormatError("token", "x", "y"), "FormatError"),
        (TokenFormatError("token", "x", "y"), "InputError"),
    ],
)
def test_names_of_errors(error: CrcError, name: str) -> None:
    """An error goes by its own name, by those above it, and by what the standard calls it."""
    assert agrees(name, Refusal.of(error))


def test_a_refusal_is_a_refusal_in_every_word() -> None:
    """A refusal says no to everything that an acceptance says yes to."""
    no, yes = refused(KeyExpiredError("x")), accepted()
    flags = [name for name, value in yes.items() if isinstance(value, bool)]
    assert [name for name in flags if no[name] is yes[name]] == []


@given(JSON, st.integers(-(10**20), 10**20) | st.booleans() | st.none() | st.text())
def test_anything_can_be_compared(expected: object, got: object) -> None:
    """Comparing never fails, whatever is expected."""
    assert agrees(expected, got) in {True, False}
    assert agrees(expected, [got]) in {True, False}
    assert agrees(expected, Digits("0123")) in {True, False}
    assert agrees(expected, Registers({"0": 1})) in {True, False}
    assert agrees(expected, EXPIRED) in {True, False}


@given(JSON, JSON)
def test_only_equals_agree_with_text(expected: object, got: object) -> None:
    """Text agrees only with the same text."""
    assert agrees(expected, str(got)) is (expected == str(got))
