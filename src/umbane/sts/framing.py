"""66 bits, 20 digits: a DataBlock with its class, as printed and as typed (IEC 62055-41 6.4)."""

from dataclasses import dataclass, field
from typing import Final, Self

from umbane.sts.checks import SEPARATORS, require_secret
from umbane.sts.errors import TokenFormatError

__all__ = ["EncodedToken", "join_class", "split_class"]

TOKEN_BITS: Final = 66
TOKEN_DIGITS: Final = 20
GROUP: Final = 4
"""Digits in a printed group: five groups of four."""

CLASS_BIT: Final = 27
"""The class takes bits 28 and 27; what stood there goes to bits 65 and 64."""

BLOCK_BITS: Final = 64
CLASS_MASK: Final = 3 << CLASS_BIT

MAX_TYPED: Final = 4 * TOKEN_DIGITS
"""Characters looked at, at the most, before a typed token is refused."""


def join_class(block: int, token_class: int) -> int:
    """The 66 bits made of a 64-bit block (encrypted, or plain for class 1) and a class (6.4)."""
    displaced = block >> CLASS_BIT & 3
    return displaced << BLOCK_BITS | block & ~CLASS_MASK | token_class << CLASS_BIT


def split_class(bits: int) -> tuple[int, int]:
    """The 64-bit block and the class that 66 bits were made of."""
    displaced = bits >> BLOCK_BITS
    block = bits & ~CLASS_MASK & (1 << BLOCK_BITS) - 1
    return block | displaced << CLASS_BIT, bits >> CLASS_BIT & 3


@dataclass(frozen=True, slots=True)
class EncodedToken:
    """A token as it leaves the house: 66 bits, which are 20 digits.

    Its ``repr`` and ``str`` show only the last four digits: a token is money, and logs are read by many.
    """

    bits: int = field(repr=False)

    def __post_init__(self) -> None:
        require_secret("token", self.bits, TOKEN_BITS)

    def __repr__(self) -> str:
        return f"EncodedToken(…{self.digits[-GROUP:]})"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a person typed: 20 digits, with spaces or dashes anywhere between them.

        Raises:
            TokenFormatError: not 20 ASCII digits, or a number that no 66 bits make.
        """
        if not isinstance(text, str):
            raise TokenFormatError("token", f"a {type(text).__name__} was given", "give the 20 digits as text")
        digits = text[:MAX_TYPED].translate(SEPARATORS)
        if len(text) > MAX_TYPED or len(digits) != TOKEN_DIGITS:
            count = f"more than {MAX_TYPED} characters" if len(text) > MAX_TYPED else f"{len(digits)} characters"
            raise TokenFormatError("token", f"{count} were given", "type all 20 digits")
        if not (digits.isascii() and digits.isdigit()):
            raise TokenFormatError("token", "it holds something other than the digits 0-9", "type digits only")
        if (bits := int(digits)) >> TOKEN_BITS:
            raise TokenFormatError("token", "no token has a number this high", "compare the first digits")
        return cls(bits)

    @property
    def digits(self) -> str:
        """All 20 digits."""
        return f"{self.bits:020}"

    @property
    def grouped(self) -> str:
        """The digits as they are printed: five groups of four."""
        digits = self.digits
        return " ".join(digits[start : start + GROUP] for start in range(0, TOKEN_DIGITS, GROUP))

    @property
    def token_class(self) -> int:
        """The class, 0-3, which can be read without a key."""
        return self.bits >> CLASS_BIT & 3
