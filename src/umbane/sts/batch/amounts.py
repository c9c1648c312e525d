"""Arrays of amounts as they stand in tokens, every rounding towards the customer (IEC 62055-41 6.3.6)."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.sts.amounts import (
    BASES,
    CURRENCY_LIMITS,
    DEBIT,
    MANTISSA_BITS,
    MANTISSA_LIMIT,
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    POWERS,
    decode_currency,
    encode_currency,
)
from umbane.sts.batch.arrays import U64, whole_numbers
from umbane.sts.errors import AmountError

__all__ = ["decode_amounts", "decode_currency_amounts", "encode_amounts", "encode_currency_amounts"]

EXPONENTS: Final = 17
"""As many exponents as amounts of 64 bits reach."""

LIMITS_64: Final = np.array(CURRENCY_LIMITS[: EXPONENTS - 1], np.uint64)
BASES_64: Final = np.array(BASES[:EXPONENTS], np.uint64)
POWERS_64: Final = np.array(POWERS[:EXPONENTS], np.uint64)


def encode_amounts(units: ArrayLike) -> U64:
    """The 16-bit field for each amount, as ``encode_amount`` has it.

    Args:
        units: least units, each 0 to MAX_AMOUNT.

    Raises:
        AmountError: one isn't an integer, is negative, or more than one token carries; its field names the row.
    """
    return rounded_up(whole_numbers("Amount", units, 0, MAX_AMOUNT, AmountError).astype(np.uint64))


def encode_currency_amounts(amounts: ArrayLike) -> U64:
    """The 20-bit field S&E | Amount for each currency amount, as ``encode_currency`` has it.

    Args:
        amounts: in 10**-5 of the base currency. What exceeds 64 bits comes as an array of objects, and is slow.

    Raises:
        AmountError: one isn't an integer or doesn't fit one token; its field names the row.
    """
    wanted = whole_numbers("Currency amount", amounts, -MAX_CURRENCY_AMOUNT, MAX_CURRENCY_AMOUNT, AmountError)
    if wanted.dtype == object:
        return np.array([encode_currency(amount) for amount in wanted], np.uint64)
    negative, unsigned = wanted < 0, wanted.astype(np.uint64)
    magnitudes = np.where(negative, -unsigned, unsigned)
    return np.where(negative, rounded_down(magnitudes) | DEBIT, rounded_up(magnitudes))


def rounded_up(magnitudes: U64) -> U64:
    """Exponent and mantissa of the least amount that is no less: of the smallest exponent that reaches it."""
    if magnitudes.max(initial=0) < MANTISSA_LIMIT:
        return magnitudes  # under exponent 0 an amount is its own mantissa
    exponents = np.searchsorted(LIMITS_64, magnitudes)
    bases, powers = BASES_64[exponents], POWERS_64[exponents]
    mantissas = (np.maximum(magnitudes, bases) - bases + (powers - 1)) // powers
    return exponents.astype(np.uint64) << MANTISSA_BITS | mantissas


def rounded_down(magnitudes: U64) -> U64:
    """Exponent and mantissa of the largest amount that is no more."""
    exponents = np.searchsorted(BASES_64, magnitudes, side="right") - 1
    mantissas = np.minimum((magnitudes - BASES_64[exponents]) // POWERS_64[exponents], MANTISSA_LIMIT - 1)
    fields: U64 = exponents.astype(np.uint64) << MANTISSA_BITS | mantissas
    return fields


def decode_amounts(fields: ArrayLike) -> U64:
    """The least units that each 16-bit field stands for, as ``decode_amount`` has them.

    Raises:
        StsInputError: a field isn't an integer of 16 bits; the error names the row.
    """
    known = whole_numbers("Amount field", fields, 0, 0xFFFF).astype(np.uint64)
    exponents = known >> MANTISSA_BITS
    amounts: U64 = POWERS_64[exponents] * (known & MANTISSA_LIMIT - 1) + BASES_64[exponents]
    return amounts


def decode_currency_amounts(fields: ArrayLike) -> NDArray[np.object_]:
    """The amount in 10**-5 of the currency that each 20-bit field stands for: exact, and so Python's own integers.

    Raises:
        StsInputError: a field isn't an integer of 20 bits; the error names the row.
    """
    known = whole_numbers("Currency field", fields, 0, 0xFFFFF)
    return np.array([decode_currency(field) for field in known.tolist()], object)
