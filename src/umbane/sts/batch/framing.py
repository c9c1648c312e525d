"""Blocks and classes to 20 digits, and back (IEC 62055-41 6.4)."""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.sts.batch.arrays import U8, U64, digit_rows, first_row
from umbane.sts.errors import TokenFormatError
from umbane.sts.framing import CLASS_BIT, CLASS_MASK, TOKEN_BITS, TOKEN_DIGITS

__all__ = ["Digits", "from_digits", "to_digits"]

Digits = NDArray[np.bytes_]
"""Tokens as numpy has text: an array of ``S20``."""

U32 = NDArray[np.uint32]

FOUR_DIGITS: Final = 10**4
EIGHT_DIGITS: Final = 10**8

LOW_BITS: Final = 8
EIGHT_DIGITS_SHIFTED: Final = EIGHT_DIGITS >> LOW_BITS
"""A token has 66 bits and a machine word 64; but 10**8 divides by 2**8, so its lowest eight digits are split off by
dividing the 58 bits above the lowest eight."""

BLOCK_BITS: Final = 64


@cache
def printed() -> U32:
    """The ASCII codes of 0000 to 9999, four to a machine word."""
    return np.frombuffer(b"".join(b"%04d" % number for number in range(FOUR_DIGITS)), np.uint32)


def to_digits(blocks: U64, token_class: U64) -> Digits:
    """The 20 digits made of each block and class."""
    low = blocks & ~np.uint64(CLASS_MASK) | token_class << CLASS_BIT
    displaced = blocks >> CLASS_BIT & 3
    high_digits = (displaced << BLOCK_BITS - LOW_BITS | low >> LOW_BITS) // EIGHT_DIGITS_SHIFTED
    low_digits = low - high_digits * EIGHT_DIGITS  # modulo 2**64, which the difference is far below
    first_group = high_digits // EIGHT_DIGITS
    groups = np.empty((len(blocks), TOKEN_DIGITS // 4), np.uint32)
    groups[:, 0] = printed().take(first_group.view(np.int64), mode="clip")
    groups[:, 1], groups[:, 2] = two_groups(high_digits - first_group * EIGHT_DIGITS)
    groups[:, 3], groups[:, 4] = two_groups(low_digits)
    return groups.view(f"S{TOKEN_DIGITS}").reshape(-1)


def two_groups(numbers: U64) -> tuple[U32, U32]:
    """Two printed groups of four digits for each number of eight."""
    small = numbers.astype(np.uint32)
    high = small // FOUR_DIGITS
    return printed().take(high, mode="clip"), printed().take(small - high * FOUR_DIGITS, mode="clip")


def from_digits(tokens: ArrayLike) -> tuple[U64, U64]:
    """The block and the class that each token of 20 digits was made of.

    Raises:
        TokenFormatError: one isn't 20 digits, or is a number that no 66 bits make; its field names the first.
    """
    first, second, third, fourth, fifth = group_values(digit_rows("token", tokens, TOKEN_DIGITS, TokenFormatError))
    high_digits = (first * FOUR_DIGITS + second) * FOUR_DIGITS + third
    low_digits = fourth * FOUR_DIGITS + fifth
    high_bits = high_digits * EIGHT_DIGITS_SHIFTED + (low_digits >> LOW_BITS)
    row = first_row(high_bits >> TOKEN_BITS - LOW_BITS != 0)
    if row is not None:
        raise TokenFormatError(f"token[{row}]", "no token has a number this high", "compare the first digits")
    low = high_bits << LOW_BITS | low_digits & 0xFF
    displaced = high_bits >> BLOCK_BITS - LOW_BITS
    return low & ~np.uint64(CLASS_MASK) | displaced << CLASS_BIT, low >> CLASS_BIT & 3


def group_values(codes: U8) -> NDArray[Any]:
    """The value of each group of four ASCII digits; one row for each group of the token."""
    values = codes.view("<u4") & 0x0F0F0F0F  # four digits in the bytes of a word, the highest in its lowest byte
    values = values * 10 + (values >> 8) & 0x00FF00FF
    values = values * 100 + (values >> 16) & 0xFFFF
    return values.T.astype(np.uint64)
