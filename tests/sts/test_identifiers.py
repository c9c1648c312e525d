"""Meter numbers and their two check digits."""

import dataclasses
import pickle
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import HUGE, NOT_INTEGERS, drns, each, long_drns, pans, refused, short_drns
from umbane.sts import DRN, CheckDigitError, MeterPAN, StsInputError, luhn_digit, luhn_valid

PAN = "600727123456789030"
LONG_PAN = "000001000000000082"
DIGITS = "0123456789"
NOT_STRINGS = [None, 12345678903, 1.5, b"12345678903", ["1"], DRN("12345678903")]
NOT_DIGITS = [
    *("1234567890x", "+1234567890", "1234 567890", "12345678.03"),
    *("1234567890３", "１２３４５６７８９０３", "1234567890²", "1234567890٣"),
]
WRONG_LENGTHS = ["", "3", "1234567890", "123456789012", "12345678901234", "1" * 1_000_000]


def by_the_book(payload: str) -> int:
    """The Luhn digit as ISO/IEC 7812-1 tells it: from the right, every other digit doubled, the digits summed."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(payload))]
    total = sum(sum(map(int, str(number))) for number in doubled)
    return (10 - total % 10) % 10


numbers = st.text(DIGITS, min_size=1, max_size=25)
separators = st.sampled_from([" ", "-", "\t", "\n", "\u00a0", "\u2009", "\u2013", "\u2014", "\u3000", "\u2212"])


# ----------------------------------------------------------------------------------------------------------- the digit


@pytest.mark.parametrize(
    ("digits", "check"), [("1234567890", 3), ("43135625623", 7), ("7861754265922", 0), ("60072700000000000", 9)]
)
def test_published_digits(digits: str, check: int) -> None:
    """Published numbers get their published check digits."""
    assert luhn_digit(digits) == check


@given(numbers)
def test_luhn_by_the_book(digits: str) -> None:
    """Every number gets the digit that the book gives it, and only that digit is right."""
    check = luhn_digit(digits)
    assert check == by_the_book(digits)
    assert [last for last in DIGITS if luhn_valid(digits + last)] == [str(check)]


@given(numbers, st.data())
def test_one_wrong_digit(digits: str, data: st.DataObject) -> None:
    """Any one digit changed, the check digit included, is noticed."""
    number = f"{digits}{luhn_digit(digits)}"
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from(DIGITS.replace(number[place], "")))
    assert not luhn_valid(number[:place] + other + number[place + 1 :])


@given(st.text(DIGITS, max_size=12), st.text(DIGITS, max_size=12))
def test_two_digits_swapped(before: str, after: str) -> None:
    """Two different neighbours swapped are noticed, 09 and 90 excepted: those two Luhn can't tell apart."""
    for first, second in product(DIGITS, repeat=2):
        check = luhn_digit(f"{before}{first}{second}{after}")
        noticed = not luhn_valid(f"{before}{second}{first}{after}{check}")
        assert noticed == (first != second and {first, second} != {"0", "9"})


@pytest.mark.parametrize("number", ["12345678904", "11111111113"])
def test_published_wrong_digits(number: str) -> None:
    """The numbers that the test plan calls wrong are wrong."""
    assert not luhn_valid(number)


@pytest.mark.parametrize("function", [luhn_digit, luhn_valid])
@each("digits", ["", *NOT_DIGITS, *NOT_STRINGS, HUGE])
def test_no_digits(function: type, digits: object) -> None:
    """What isn't a string of digits 0-9 has no check digit: spaces, signs and digits of other scripts included."""
    assert refused(function, digits).field in {"digits", "number"}


def test_one_digit_has_no_check_digit() -> None:
    """A single digit can't be a number and its check digit."""
    assert refused(luhn_valid, "0").field == "number"


# ----------------------------------------------------------------------------------------------------------------- DRN


def test_short_drn() -> None:
    """An 11-digit DRN is a code of two digits, a serial number of eight and a check digit."""
    drn = DRN("12345678903")
    assert (drn.manufacturer_code, drn.serial_number, drn.iin) == (12, 34567890, "600727")


def test_long_drn() -> None:
    """A 13-digit DRN has a code of four digits, and another IIN."""
    drn = DRN("0100000000008")
    assert (drn.manufacturer_code, drn.serial_number, drn.iin) == (100, 0, "0000")


@each("digits", ["00000000000", "0000000000000"])
def test_no_particular_meter(digits: str) -> None:
    """All zeros, which stand for no particular meter, pass."""
    assert str(DRN(digits)) == digits


@given(st.integers(0, 99), st.integers(0, 99_999_999))
def test_short_parts(code: int, serial: int) -> None:
    """Every code of two digits and serial number make a DRN of eleven digits, which gives them back."""
    drn = DRN.from_parts(code, serial)
    assert (len(str(drn)), drn.manufacturer_code, drn.serial_number) == (11, code, serial)


@given(st.integers(0, 9999), st.integers(0, 99_999_999))
def test_long_parts(code: int, serial: int) -> None:
    """Every code of four digits and serial number make a DRN of thirteen digits, which gives them back."""
    drn = DRN.from_parts(code, serial, code_digits=4)
    assert (len(str(drn)), drn.manufacturer_code, drn.serial_number) == (13, code, serial)


@each("digits", [*WRONG_LENGTHS, *NOT_DIGITS, *NOT_STRINGS, HUGE])
def test_no_drn(digits: object) -> None:
    """Nothing but a string of 11 or 13 digits 0-9 is a DRN."""
    error = refused(DRN, digits)
    assert error.field == "DRN"
    assert "11 or 13 digits" in error.remedy


@given(drns, st.data())
def test_mistyped_drn(drn: DRN, data: st.DataObject) -> None:
    """A DRN with one digit wrong is refused as such."""
    place = data.draw(st.integers(0, len(str(drn)) - 1))
    other = data.draw(st.sampled_from(DIGITS.replace(str(drn)[place], "")))
    error = refused(DRN, str(drn)[:place] + other + str(drn)[place + 1 :])
    assert isinstance(error, CheckDigitError)
    assert error.field == "DRN"


def test_words_for_a_wrong_digit() -> None:
    """The error tells a cashier which digit was found and which one was expected."""
    error = refused(DRN, "12345678904")
    assert error.problem == "the last digit of '12345678904' is 4, but the digits before it call for 3"


@each("code", [*NOT_INTEGERS, -1, 100, HUGE])
def test_no_code(code: object) -> None:
    """A manufacturer code of two digits is 0 to 99."""
    assert refused(DRN.from_parts, code, 1).field == "MfrCode"


@each("code", [*NOT_INTEGERS, -1, 10_000, -HUGE])
def test_no_long_code(code: object) -> None:
    """A manufacturer code of four digits is 0 to 9999."""
    assert refused(DRN.from_parts, code, 1, code_digits=4).field == "MfrCode"


@each("serial", [*NOT_INTEGERS, -1, 100_000_000, HUGE])
def test_no_serial_number(serial: object) -> None:
    """A serial number is 0 to 99 999 999."""
    assert refused(DRN.from_parts, 1, serial).field == "DSN"


@each("digits", [*NOT_INTEGERS, 0, 1, 3, 5, HUGE])
def test_no_length_of_a_code(digits: object) -> None:
    """Manufacturer codes have two or four digits."""
    assert refused(DRN.from_parts, 1, 1, code_digits=digits).field == "code_digits"


# ------------------------------------------------------------------------------------------------------------ MeterPAN


@pytest.mark.parametrize(
    "pan", ["600727000000000009", "000001000000000082", "600727111111111153", "600727567283892161", PAN]
)
def test_published_pans(pan: str) -> None:
    """The published MeterPANs pass, and print as they were given."""
    assert str(MeterPAN(pan)) == pan


@given(pans)
def test_known_digits(pan: MeterPAN) -> None:
    """Digits that were checked once make the same MeterPAN without being checked again."""
    assert MeterPAN.known(pan.digits) == pan
    assert hash(MeterPAN.known(pan.digits)) == hash(pan)


@pytest.mark.parametrize(
    ("drn", "pan"), [("56728389216", "600727567283892161"), ("0100000000008", LONG_PAN), ("12345678903", PAN)]
)
def test_published_pans_from_drns(drn: str, pan: str) -> None:
    """A DRN, given as digits or as a value, leads to its published MeterPAN."""
    assert str(MeterPAN.from_drn(drn)) == str(MeterPAN.from_drn(DRN(drn))) == pan


@given(drns)
def test_pan_and_drn(drn: DRN) -> None:
    """Every DRN has a MeterPAN of 18 digits, which gives back the DRN and its IIN."""
    pan = MeterPAN.from_drn(drn)
    assert (len(str(pan)), pan.drn, pan.iin) == (18, drn, drn.iin)
    assert str(pan) == f"{drn.iin}{drn}{by_the_book(f'{drn.iin}{drn}')}"


@pytest.mark.parametrize("pan", [PAN, LONG_PAN])
@pytest.mark.parametrize("place", range(18))
def test_mistyped_pan(pan: str, place: int) -> None:
    """No MeterPAN with one digit wrong passes, whichever digit it is."""
    for other in DIGITS.replace(pan[place], ""):
        assert refused(MeterPAN, pan[:place] + other + pan[place + 1 :]).field in {"IIN", "MeterPAN"}


@given(drns, st.integers(1, 9))
def test_inner_check_digit(drn: DRN, shift: int) -> None:
    """A MeterPAN whose own digit fits a DRN with a wrong one is refused, and the DRN is blamed."""
    payload = f"{drn.iin}{str(drn)[:-1]}{(int(str(drn)[-1]) + shift) % 10}"
    error = refused(MeterPAN, f"{payload}{luhn_digit(payload)}")
    assert isinstance(error, CheckDigitError)
    assert error.field == "DRN"


@pytest.mark.parametrize("iin", ["600726", "500727", "060072", "000100", "123456"])
def test_other_issuers(iin: str) -> None:
    """A number of another issuer is no MeterPAN, though its check digits fit."""
    payload = f"{iin}12345678903"
    assert refused(MeterPAN, f"{payload}{luhn_digit(payload)}").field == "IIN"


@each("digits", [*WRONG_LENGTHS, PAN[:-1], f"{PAN}0", *NOT_DIGITS, f"{PAN[:-1]}２", *NOT_STRINGS, HUGE])
def test_no_pan(digits: object) -> None:
    """Nothing but a string of 18 digits 0-9 is a MeterPAN; separators are for ``parse``."""
    assert refused(MeterPAN, digits).field == "MeterPAN"


@each("drn", [*WRONG_LENGTHS, None, 12345678903, PAN])
def test_no_pan_without_a_drn(drn: object) -> None:
    """A MeterPAN isn't made from anything but a DRN."""
    assert refused(MeterPAN.from_drn, drn).field == "DRN"


# --------------------------------------------------------------------------------------------------- what people type


@given(pans, st.lists(st.tuples(st.integers(0, 18), separators), max_size=8))
def test_typed_with_separators(pan: MeterPAN, places: list[tuple[int, str]]) -> None:
    """Spaces and dashes of any kind, anywhere, don't matter."""
    typed = str(pan)
    for place, separator in places:
        typed = typed[:place] + separator + typed[place:]
    assert MeterPAN.parse(typed) == pan


@given(short_drns | long_drns)
def test_typed_drn(drn: DRN) -> None:
    """Who types the DRN, which is what the meter shows, means the same meter."""
    assert MeterPAN.parse(str(drn)) == MeterPAN.from_drn(drn)


@each("typed", ["", "   ", "--", "1234", "1 2 3", f"{PAN}{PAN}", "word", "12345_678903", "1" * 1_000_000])
def test_typed_nonsense(typed: str) -> None:
    """What has another number of digits, or letters, is refused as a meter number."""
    assert refused(MeterPAN.parse, typed).field == "meter number"


@each("typed", [None, 12345678903, 600727123456789030, 1.5, b"12345678903", HUGE])
def test_typed_is_text(typed: object) -> None:
    """A meter number is text: a spreadsheet that made a number of it has lost zeros."""
    assert refused(MeterPAN.parse, typed).field == "meter number"


@each("typed", ["１２３４５６７８９０３", "1234567890३"])
def test_typed_in_other_scripts(typed: str) -> None:
    """Full-width digits and those of other scripts are refused, not guessed at."""
    assert "0-9" in refused(MeterPAN.parse, typed).problem


@each("typed", ["12345678904", "600727123456789031"])
def test_typed_wrong(typed: str) -> None:
    """A mistyped number is refused by its check digit in either form."""
    assert isinstance(refused(MeterPAN.parse, typed), CheckDigitError)


# -------------------------------------------------------------------------------------------------------------- values


@given(drns)
def test_values(drn: DRN) -> None:
    """Meters are equal by their digits, serve as keys of a dict, and survive a pickle."""
    pan = MeterPAN.from_drn(drn)
    assert {drn: 1, pan: 2}[MeterPAN(pan.digits)] == 2
    assert pickle.loads(pickle.dumps(pan)) == pan  # noqa: S301 - our own bytes


@pytest.mark.parametrize("value", [DRN("12345678903"), MeterPAN(PAN)])
def test_frozen(value: DRN | MeterPAN) -> None:
    """A meter's number can't be changed behind the back of its check digits."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.digits = "00000000000"  # type: ignore[misc]  # that it is refused is what is tested
    with pytest.raises(StsInputError):
        dataclasses.replace(value, digits="0")
