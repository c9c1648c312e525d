"""Meter numbers as people type them: which meter is meant, and which may be when a digit is wrong."""

from collections.abc import Iterator
from typing import Final

from umbane.sts import MeterPAN
from umbane.sts.checks import SEPARATORS
from umbane.sts.identifiers import IIN_FOR_DRN_LENGTH, luhn_sum

__all__ = ["bare_digits", "drn_of", "near_misses", "pan_of", "slips"]

PAN_LENGTH: Final = 18
SHORTEST_DRN, LONGEST_DRN = sorted(IIN_FOR_DRN_LENGTH)
DIGITS: Final = "0123456789"


def pan_of(number: str) -> str:
    """The 18 digits of the meter that a number of 11, 13 or 18 digits means; spaces and dashes may stand between.

    The same as `MeterPAN.parse`, made for files of a million meters.

    Raises:
        StsInputError: the number has another length, or holds something other than digits.
        CheckDigitError: a check digit is wrong.
    """
    if number.isascii() and number.isdigit():
        if (iin := IIN_FOR_DRN_LENGTH.get(len(number))) and _luhn(number) == 0:
            digits = iin + number
            return f"{digits}{-_luhn(digits + '0') % 10}"
        if len(number) == PAN_LENGTH and _luhn(number) == 0 and (drn := drn_of(number)) and _luhn(drn) == 0:
            return number
    return MeterPAN.parse(number).digits


def _luhn(number: str) -> int:
    """The Luhn sum of a number with its check digit, modulo ten: 0 when it is right."""
    return luhn_sum(number) % 10


def drn_of(pan: str) -> str:
    """The DRN in the digits of a MeterPAN; empty when they begin with another issuer's number."""
    return next((pan[len(iin) : -1] for iin in IIN_FOR_DRN_LENGTH.values() if pan.startswith(iin)), "")


def bare_digits(text: str) -> str | None:
    """The digits of a text that is made of digits and what people put between groups of them; None for any other."""
    bare = text.translate(SEPARATORS)
    return bare if bare.isascii() and bare.isdigit() else None


def near_misses(digits: str) -> list[str]:
    """The DRNs that somebody may have meant who typed these digits, by one slip of the finger.

    One digit is wrong, two neighbours are swapped, one digit is missing or one is too many. Of a MeterPAN the DRN in it
    is looked at. Every answer has a right check digit, so that there are about as many as the number has digits.
    """
    typed = [digits]
    if len(digits) > LONGEST_DRN + 1:
        typed = [digits[-length - 1 : -1] for length in IIN_FOR_DRN_LENGTH]
    found = {it for number in typed for it in (number, *slips(number)) if len(it) in IIN_FOR_DRN_LENGTH}
    return sorted(it for it in found - {digits} if _luhn(it) == 0)


def slips(digits: str) -> Iterator[str]:
    """Every number that is one slip of the finger away; some come twice."""
    for place in range(len(digits) + 1):
        head, tail = digits[:place], digits[place:]
        yield from (f"{head}{it}{tail}" for it in DIGITS)
        if tail:
            yield head + tail[1:]
            yield from (f"{head}{it}{tail[1:]}" for it in DIGITS)
            yield f"{head}{tail[1::-1]}{tail[2:]}"
