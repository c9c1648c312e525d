"""Who a meter is: MeterPAN, IIN, DRN, manufacturer code, and the two Luhn digits (IEC 62055-41 6.1)."""

from dataclasses import dataclass
from typing import Final, Self

from umbane.errors import shown
from umbane.sts.checks import SEPARATORS, require_digits, require_int, require_type
from umbane.sts.errors import CheckDigitError, StsInputError

__all__ = ["DRN", "IIN_FOR_DRN_LENGTH", "MeterPAN", "luhn_digit", "luhn_valid"]

IIN_FOR_DRN_LENGTH: Final = {11: "600727", 13: "0000"}
"""The IssuerIdentificationNumber that goes with a DRN of 11 and of 13 digits."""
IINS: Final = tuple(IIN_FOR_DRN_LENGTH.values())

PAN_LENGTH: Final = 18
LENGTHS: Final = (*IIN_FOR_DRN_LENGTH, PAN_LENGTH)
"""Of a meter's number as people give it."""
CODE_DIGITS: Final = (2, 4)
"""Lengths of a manufacturer code, in a DRN of 11 and of 13 digits."""

DSN_LENGTH: Final = 8
"""Digits of the DecoderSerialNumber, the same in both lengths of DRN."""

SHORTEST_CHECKED: Final = 2
"""One digit and its check digit."""

VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
DOUBLED: Final = bytes.maketrans(bytes(range(10)), bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
"""Twice a digit, less 9 when that has two digits."""


def luhn_digit(digits: str) -> int:
    """The check digit that belongs behind ``digits`` (ISO/IEC 7812-1).

    Raises:
        StsInputError: ``digits`` is empty or holds something other than 0-9.
    """
    payload = require_digits("digits", digits, len(require_type("digits", digits, str)) or 1)
    return -luhn_sum(f"{payload}0") % 10


def luhn_sum(number: str) -> int:
    """The Luhn sum of a number of digits 0-9: a multiple of ten when the last of them is right."""
    values = number.encode().translate(VALUES)
    return sum(values[-1::-2]) + sum(values[-2::-2].translate(DOUBLED))


def luhn_valid(number: str) -> bool:
    """Whether the last digit of ``number`` is the Luhn digit of those before it.

    Raises:
        StsInputError: ``number`` has fewer than two characters or holds something other than 0-9.
    """
    digits = require_digits("number", number, max(len(require_type("number", number, str)), SHORTEST_CHECKED))
    return luhn_sum(digits) % 10 == 0


def require_luhn(field: str, number: str) -> None:
    """Raise CheckDigitError unless the last digit of ``number`` is right."""
    if luhn_sum(number) % 10:
        expected = luhn_digit(number[:-1])
        raise CheckDigitError(
            field,
            f"the last digit of {number!r} is {number[-1]}, but the digits before it call for {expected}",
            "compare it with the number printed on the meter, digit by digit",
        )


def require_code_digits(code_digits: int) -> int:
    """Return ``code_digits`` if manufacturer codes have that length, 2 or 4; StsInputError otherwise."""
    if type(code_digits) is not int or code_digits not in CODE_DIGITS:
        raise StsInputError("code_digits", f"{shown(code_digits)} is no length of a manufacturer code", "give 2 or 4")
    return code_digits


@dataclass(frozen=True, slots=True, order=True)
class DRN:
    """A DecoderReferenceNumber: manufacturer code, serial number, check digit (IEC 62055-41 6.1).

    Attributes:
        digits: 11 digits (manufacturer code of 2) or 13 digits (manufacturer code of 4).

    Raises:
        StsInputError: not 11 or 13 digits.
        CheckDigitError: the last digit isn't the Luhn digit of the others.
    """

    digits: str

    def __post_init__(self) -> None:
        require_luhn("DRN", require_digits("DRN", self.digits, *IIN_FOR_DRN_LENGTH))

    def __str__(self) -> str:
        return self.digits

    @classmethod
    def from_parts(cls, manufacturer_code: int, serial_number: int, *, code_digits: int = 2) -> Self:
        """Put a DRN together and add its check digit.

        Args:
            manufacturer_code: 0-99, or 0-9999 with ``code_digits=4``; 0 is kept for tests.
            serial_number: the DSN, 0-99 999 999.
            code_digits: 2 or 4.

        Raises:
            StsInputError: one of them is something else.
        """
        width = require_code_digits(code_digits)
        code = require_int("MfrCode", manufacturer_code, 0, 10**width - 1)
        serial = require_int("DSN", serial_number, 0, 10**DSN_LENGTH - 1)
        payload = f"{code:0{width}}{serial:0{DSN_LENGTH}}"
        return cls(f"{payload}{luhn_digit(payload)}")

    @property
    def manufacturer_code(self) -> int:
        """The MfrCode as a number: 0-99 or 0-9999."""
        return int(self.digits[: -DSN_LENGTH - 1])

    @property
    def serial_number(self) -> int:
        """The DSN, 0-99 999 999."""
        return int(self.digits[-DSN_LENGTH - 1 : -1])

    @property
    def iin(self) -> str:
        """The IIN that a MeterPAN with this DRN starts with: ``600727`` or ``0000``."""
        return IIN_FOR_DRN_LENGTH[len(self.digits)]


@dataclass(frozen=True, slots=True, order=True)
class MeterPAN:
    """The 18-digit primary account number of a meter: IIN, DRN, check digit (IEC 62055-41 6.1).

    The IIN says how long the DRN is: ``600727`` goes with 11 digits, ``0000`` with 13.

    Raises:
        StsInputError: not 18 digits, or another IIN.
        CheckDigitError: one of the two Luhn digits is wrong; the error says which.
    """

    digits: str

    def __post_init__(self) -> None:
        digits = require_digits("MeterPAN", self.digits, PAN_LENGTH)
        if not digits.startswith(IINS):
            raise StsInputError("IIN", f"{digits!r} starts with neither 600727 nor 0000", "give an STS MeterPAN")
        require_luhn("MeterPAN", digits)
        require_luhn("DRN", digits[len(self.iin) : -1])

    def __str__(self) -> str:
        return self.digits

    @classmethod
    def from_drn(cls, drn: DRN | str) -> Self:
        """The MeterPAN of a meter known by its DRN."""
        known = drn if isinstance(drn, DRN) else DRN(drn)
        payload = f"{known.iin}{known.digits}"
        return cls.known(f"{payload}{-luhn_sum(f'{payload}0') % 10}")

    @classmethod
    def known(cls, digits: str) -> Self:
        """The MeterPAN of digits that were checked before they were kept, which isn't done again."""
        made = object.__new__(cls)
        object.__setattr__(made, "digits", digits)
        return made

    @classmethod
    def parse(cls, number: str) -> Self:
        """A meter's number as people give it: 11 or 13 digits (DRN) or 18 (MeterPAN), spaces and dashes allowed.

        Raises:
            StsInputError: any other length, or something other than digits.
            CheckDigitError: a check digit is wrong.
        """
        bare = require_type("meter number", number, str)
        if not bare.isdigit():
            bare = bare.translate(SEPARATORS)
        require_digits("meter number", bare, *LENGTHS)
        return cls(bare) if len(bare) == PAN_LENGTH else cls.from_drn(bare)

    @property
    def iin(self) -> str:
        """The IssuerIdentificationNumber: ``600727`` or ``0000``."""
        short, long = IINS
        return short if self.digits.startswith(short) else long

    @property
    def drn(self) -> DRN:
        """The DecoderReferenceNumber within."""
        return DRN(self.digits[len(self.iin) : -1])
