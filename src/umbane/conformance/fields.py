"""The inputs of a vector, read by name: liberal in how a value is written, strict in what it has to be."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Final, TypeVar

from umbane.conformance.errors import UnusableInputError
from umbane.errors import shown
from umbane.sts import StsInputError

__all__ = ["Fields", "decimal_number", "whole_number"]

T = TypeVar("T")
Code = TypeVar("Code", bound=IntEnum)

LARGEST_EXPONENT: Final = 60
"""No number in the standard has more digits than this, before or behind its point."""

LONGEST_NUMBER: Final = 100
"""Characters in a number written as text, at the most."""


class Fields:
    """Named values that remember which of them were asked for.

    A value that is null counts as absent. Every reader takes several names for the same thing; the first that is
    there counts. What is missing or of a wrong type raises UnusableInputError, which names the field.

    Attributes:
        path: where these values stand in the vector, for errors.
        used: the names read so far.
    """

    def __init__(self, values: Mapping[str, object], path: str = "inputs") -> None:
        self.values = {name: value for name, value in values.items() if value is not None}
        self.path = path
        self.used: set[str] = set()

    def has(self, *names: str) -> bool:
        """Whether one of these names is there."""
        return any(name in self.values for name in names)

    def unused(self) -> list[str]:
        """The names that nobody has asked for."""
        return sorted(self.values.keys() - self.used)

    def read(self, names: tuple[str, ...], convert: Callable[[object], T], wanted: str) -> T:
        """The first of these names that is there, converted; the error shows no value, for it may be a key."""
        name = next((name for name in names if name in self.values), None)
        if name is None:
            raise UnusableInputError(f"{self.path}.{names[0]}", "it is missing", f"give {wanted}")
        self.used.add(name)
        try:
            return convert(self.values[name])
        except UnusableInputError:
            raise
        except (ValueError, TypeError, ArithmeticError):
            raise UnusableInputError(f"{self.path}.{name}", f"it is not {wanted}", f"give {wanted}") from None

    def integer(self, *names: str, default: int | None = None) -> int:
        """A whole number: 5, "5", "05" or "0x5"; ``default`` if there is none."""
        if default is not None and not self.has(*names):
            return default
        return self.read(names, whole_number, "a whole number")

    def number(self, *names: str) -> Fraction:
        """An exact number: 25.6, "25.6" or 256."""
        return self.read(names, lambda value: Fraction(decimal_number(value)), "a number")

    def digits(self, width: int, *names: str) -> str:
        """Decimal digits: "01", or 1 filled up to ``width``."""
        return self.read(names, lambda value: decimal_digits(value, width), "a string of digits")

    def text(self, *names: str) -> str:
        """A string."""
        return self.read(names, plain_text, "a string")

    def flag(self, *names: str, default: bool = False) -> bool:
        """Yes or no: true, false, 1 or 0."""
        return self.read(names, yes_or_no, "true or false") if self.has(*names) else default

    def octets(self, *names: str) -> bytes:
        """Bytes in hexadecimal; spaces between them don't matter."""
        return self.read(names, lambda value: bytes.fromhex(plain_text(value)), "a string of hexadecimal bytes")

    def hexadecimal(self, *names: str) -> int:
        """A number in hexadecimal, or a plain JSON number."""
        return self.read(names, hexadecimal_number, "a hexadecimal number")

    def moment(self, *names: str) -> datetime:
        """A moment such as 2026-01-31T12:30; UTC unless it says otherwise."""
        return self.read(names, aware_moment, "a moment such as 2026-01-31T12:30")

    def items(self, name: str, convert: Callable[[object], T], wanted: str) -> list[T]:
        """A list, each of whose values is converted."""
        return self.read((name,), lambda value: [convert(item) for item in plain_list(value)], f"a list of {wanted}")

    def code(self, kind: type[Code], *names: str, default: Code | None = None) -> Code:
        """One of the standard's codes that is supported."""
        if default is not None and not self.has(*names):
            return default
        number = self.integer(*names)
        try:
            return kind(number)
        except StsInputError as error:
            field = next(name for name in names if name in self.values)
            raise UnusableInputError(f"{self.path}.{field}", error.problem, error.remedy) from None

    def section(self, *names: str) -> "Fields":
        """An object within, as fields of its own."""
        found = self.read(names, plain_object, "an object")
        return Fields(found, f"{self.path}.{next(name for name in names if name in self.values)}")


def whole_number(value: object) -> int:
    """An integer from JSON: a number, or its digits in a string, decimal or with 0x."""
    if isinstance(value, str) and re.fullmatch(r"0[xX][0-9A-Fa-f]{1,64}", value):
        return int(value, 16)
    number = decimal_number(value)
    if number != number.to_integral_value():
        raise ValueError
    return int(number)


def decimal_number(value: object) -> Decimal:
    """An exact, finite number of a reasonable size from JSON."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    if isinstance(value, str) and not re.fullmatch(NUMBER, value, re.ASCII):
        raise ValueError
    number = Decimal(value)
    if (
        not number.is_finite()
        or abs(number.adjusted()) > LARGEST_EXPONENT
        or len(number.as_tuple().digits) > LONGEST_NUMBER
    ):
        raise ValueError(shown(value))
    return number


NUMBER: Final = rf"[+-]?(?=.{{1,{LONGEST_NUMBER}}}$)\d*\.?\d*(?:[eE][+-]?\d{{1,3}})?"


def decimal_digits(value: object, width: int) -> str:
    """Digits as text; a number is filled up with zeros on the left."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return value if isinstance(value, str) else f"{value:0{width}}"


def plain_text(value: object) -> str:
    """A string and nothing else."""
    if not isinstance(value, str):
        raise TypeError
    return value


def plain_list(value: object) -> list[object]:
    """A list and nothing else."""
    if not isinstance(value, list):
        raise TypeError
    return value


def plain_object(value: object) -> dict[str, object]:
    """An object and nothing else."""
    if not isinstance(value, dict):
        raise TypeError
    return value


def yes_or_no(value: object) -> bool:
    """A truth value, also as 1 or 0."""
    if isinstance(value, bool | int) and value in {0, 1}:
        return bool(value)
    raise ValueError


def hexadecimal_number(value: object) -> int:
    """A number of up to 256 bits, in hexadecimal if it is text."""
    if isinstance(value, str) and re.fullmatch(r"(?:0[xX])?[0-9A-Fa-f]{1,64}", value):
        return int(value, 16)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 256:
        return value
    raise ValueError


def aware_moment(value: object) -> datetime:
    """An ISO 8601 moment; one without a zone is UTC, as in the standard's edition of 2018."""
    moment = datetime.fromisoformat(plain_text(value))
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)
