"""Whether what came out is what a vector expects.

A value whose meaning isn't in its type alone knows itself what agrees with it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from umbane.conformance.fields import decimal_number, whole_number
from umbane.errors import UmbaneError
from umbane.sts import KeyChangeError, KeyExpiredError, KeyUseError, TokenFormatError, UnknownTokenError

__all__ = ["Digits", "Hex", "Outputs", "Refusal", "Registers", "accepted", "agrees", "refused"]

Outputs = Mapping[str, object]
"""What a kind of vector can tell, by the names that vectors use for it."""

SEPARATORS: Final = str.maketrans("", "", " -")

ALIASES: Final[dict[type[UmbaneError], tuple[str, ...]]] = {
    KeyChangeError: ("KeyType",),
    KeyExpiredError: ("Expired",),
    KeyUseError: ("DDTK",),
    TokenFormatError: ("Format",),
    UnknownTokenError: ("Function", "Reserved"),
}
"""What the standard, or others, call our errors."""


class Hex(str):
    """A number in hexadecimal, where case says nothing but the number of digits does."""

    __slots__ = ()

    def agrees(self, expected: object) -> bool:
        """Whether the same digits are expected."""
        return isinstance(expected, str) and plain_hex(expected) == plain_hex(self)


class Digits(str):
    """Decimal digits, where groups say nothing; a JSON number may have lost its leading zeros."""

    __slots__ = ()

    def agrees(self, expected: object) -> bool:
        """Whether the same digits are expected."""
        if isinstance(expected, int) and not isinstance(expected, bool):
            return expected == int(self)
        return isinstance(expected, str) and expected.translate(SEPARATORS) == self


class Registers(dict[str, int]):
    """Registers by number, where one that is missing holds nothing."""

    __slots__ = ()

    def agrees(self, expected: object) -> bool:
        """Whether every register holds what is expected, and none that isn't mentioned holds anything."""
        if not isinstance(expected, dict):
            return False
        return all(same_number(expected.get(name, 0), self.get(name, 0)) for name in expected.keys() | self.keys())


class Refusal(str):
    """The name of an error, which goes by several."""

    __slots__ = ("names",)

    names: frozenset[str]

    @classmethod
    def of(cls, error: UmbaneError) -> "Refusal":
        """The names of an error: its own, those it inherits, and those that others use."""
        refusal = cls(type(error).__name__)
        lineage = [kind for kind in type(error).__mro__ if issubclass(kind, UmbaneError) and kind is not UmbaneError]
        aliases = [alias for kind in lineage for alias in ALIASES.get(kind, ())]
        refusal.names = frozenset(bare_name(name) for name in [*(kind.__name__ for kind in lineage), *aliases])
        return refusal

    def agrees(self, expected: object) -> bool:
        """Whether any error is expected, or this one by one of its names."""
        return expected is True or (isinstance(expected, str) and bare_name(expected) in self.names)


def bare_name(name: str) -> str:
    """The name of an error without case, separators and the word error: KEY_EXPIRED is KeyExpiredError."""
    return "".join(filter(str.isalnum, name)).lower().removesuffix("error")


def accepted() -> dict[str, object]:
    """What every kind can tell about a request that was carried out."""
    return {**verdict(refused=False), "error": None, "expired": False}


def refused(error: UmbaneError) -> dict[str, object]:
    """What every kind can tell about a request that was refused."""
    refusal = Refusal.of(error)
    expired = {"expired": True} if isinstance(error, KeyExpiredError) else {}
    return {**verdict(refused=True), **expired, "error": refusal, "result": refusal, "token": None, "tokens": None}


def verdict(*, refused: bool) -> dict[str, bool]:
    """Yes or no, in the words that vectors may use for it."""
    no = dict.fromkeys(("refused", "rejected"), refused)
    return no | dict.fromkeys(("allowed", "permitted", "accepted", "valid", "ok"), not refused)


def agrees(expected: object, got: object) -> bool:
    """Whether an expected value, as JSON has it, says the same as what came out."""
    match got:
        case Hex() | Digits() | Registers() | Refusal():
            return got.agrees(expected)
        case bool():
            return isinstance(expected, int) and expected == got
        case int() | Decimal():
            return same_number(expected, got)
        case list():
            return isinstance(expected, list) and len(expected) == len(got) and all(map(agrees, expected, got))
        case _:
            return type(expected) is type(got) and expected == got


def plain_hex(text: str) -> str:
    """Hexadecimal digits without prefix and spaces, in one case."""
    return text.replace(" ", "").lower().removeprefix("0x")


def same_number(expected: object, got: int | Decimal) -> bool:
    """Whether two numbers are equal, however the expected one is written."""
    try:
        hexadecimal = isinstance(expected, str) and expected[:2].lower() == "0x"
        return (whole_number(expected) if hexadecimal else decimal_number(expected)) == got
    except (ValueError, TypeError, ArithmeticError):
        return False
