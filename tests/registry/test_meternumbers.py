"""Meter numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.registry.meternumbers import bare_digits, drn_of, near_misses, pan_of
from umbane.sts import DRN, CheckDigitError, MeterPAN, StsInputError

NUMBERS = st.builds(
    lambda manufacturer, serial, digits: DRN.from_parts(manufacturer, serial, code_digits=digits),
    st.integers(0, 99),
    st.integers(0, 99_999_999),
    st.sampled_from([2, 4]),
)


@given(NUMBERS)
def test_every_form(drn: DRN) -> None:
    """A meter is known by its DRN and by its MeterPAN, with and without spaces, as `MeterPAN.parse` knows it."""
    pan = MeterPAN.from_drn(drn).digits
    spaced = " ".join(pan[it : it + 4] for it in range(0, 18, 4))
    assert {pan_of(drn.digits), pan_of(pan), pan_of(spaced), pan_of(f"{drn.digits[:4]}-{drn.digits[4:]}")} == {pan}
    assert drn_of(pan) == drn.digits


@given(st.text("0123456789", max_size=20) | st.text(max_size=20))
def test_as_the_standard(text: str) -> None:
    """Whatever is given, the answer or the error is that of `MeterPAN.parse`."""

    def outcome(read: object) -> object:
        try:
            return str(read(text))  # type: ignore[operator] # one of the two functions
        except StsInputError as error:
            return type(error), str(error)

    assert outcome(pan_of) == outcome(MeterPAN.parse)


@given(NUMBERS, st.integers(0, 17), st.integers(1, 9))
def test_a_wrong_digit_is_noticed(drn: DRN, place: int, step: int) -> None:
    """One wrong digit is never taken for another meter."""
    for number in (drn.digits, MeterPAN.from_drn(drn).digits):
        at = place % len(number)
        wrong = number[:at] + str((int(number[at]) + step) % 10) + number[at + 1 :]
        with pytest.raises(StsInputError):
            pan_of(wrong)


@pytest.mark.parametrize("number", ["600727000010110144", "600727000010110155", "00001011015"])
def test_check_digits(number: str) -> None:
    """A wrong check digit is called by its name, be it the meter's or that of the whole number."""
    with pytest.raises(CheckDigitError, match="call for"):
        pan_of(number)


def test_another_issuer() -> None:
    """A number of another issuer has no DRN."""
    assert drn_of("123456789012345678") == ""


@given(NUMBERS, st.data())
def test_one_slip(drn: DRN, data: st.DataObject) -> None:
    """Whatever one slip made of a DRN, the meter that was meant is among the near misses, all of them numbers."""
    digits = drn.digits
    at = data.draw(st.integers(0, len(digits) - 1))
    head, tail = digits[:at], digits[at:]
    wrong = data.draw(
        st.sampled_from(
            [head + tail[1:], f"{head}{tail[1::-1]}{tail[2:]}", f"{head}7{tail}", f"{head}7{tail[1:]}", f"{digits}7"]
        )
    )
    found = near_misses(wrong)
    assert wrong == digits or digits in found
    assert all(pan_of(it) for it in found)
    assert wrong not in found


@given(NUMBERS, st.integers(0, 17), st.integers(1, 9))
def test_one_slip_in_a_pan(drn: DRN, place: int, step: int) -> None:
    """One wrong digit in a MeterPAN leads to the meter that was meant."""
    pan = MeterPAN.from_drn(drn).digits
    wrong = pan[:place] + str((int(pan[place]) + step) % 10) + pan[place + 1 :]
    assert drn.digits in near_misses(wrong)


def test_few_near_misses() -> None:
    """There are about as many near misses as the number has digits."""
    assert len(near_misses("00001011041")) == 12


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("0821234567", "0821234567"),
        ("0000 1011 014", "00001011014"),
        ("700-1234", "7001234"),
        ("12a", None),
        ("", None),
    ],
)
def test_bare_digits(text: str, digits: str | None) -> None:
    """A text is a number when nothing but spaces and dashes stands between digits."""
    assert bare_digits(text) == digits


@pytest.mark.parametrize("text", ["٠١٢", "１２３", "+12"])
def test_other_digits(text: str) -> None:
    """Digits of other scripts, and signs, make no number."""
    assert bare_digits(text) is None
