"""Arrays of amounts as they stand in tokens, every rounding towards the customer (IEC 62055-41 6.3.6)."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.sts.amounts import (
    AMOUNT_LIMITS,
    BASES,
    CURRENCY_LIMITS,
    MANTISSA_BITS,
    MANTISSA_LIMIT,
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    decode_currency,
    encode_currency,
)
from umbane.sts.batch.arrays import U64, whole_numbers
from umbane.sts.errors import AmountError

__all__ = ["decode_amounts", "decode_currency_amounts", "encode_amounts", "encode_currency_amounts"]

EXPONENTS: Final = 17
"""Exponents that amounts of 64 bits reach."""

LIMITS_64: Final = np.array(CURRENCY_LIMITS[: EXPONENTS - 1], np.uint64)
BASES_64: Final = np.array(BASES[:EXPONENTS], np.uint64)
STEPS_64: Final = np.array([10**exponent for exponent in range(EXPONENTS)], np.uint64)
SIGN: Final = np.uint64(1 << 5 + MANTISSA_BITS)


def encode_amounts(units: ArrayLike) -> U64:
    """The 16-bit field for each amount, as ``encode_amount`` has it.

    Args:
        units: least units, each 0 to MAX_AMOUNT.

    Raises:
        AmountError: one isn't an integer, is negative, or more than one token carries; its field names the row.
    """
    amounts = whole_numbers("Amount", units, 0, MAX_AMOUNT, AmountError).astype(np.uint64)
    fields, largest = amounts, int(amounts.max(initial=0))
    for exponent, limit in enumerate(AMOUNT_LIMITS[:-1], start=1):
        if largest > limit:
            beyond = np.maximum(amounts, BASES[exponent]) - BASES[exponent]
            mantissas = (beyond + (10**exponent - 1)) // 10**exponent
            fields = np.where(amounts > limit, mantissas | exponent << MANTISSA_BITS, fields)
    return fields


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
    negative = wanted < 0
    unsigned = wanted.astype(np.uint64)
    magnitudes = np.where(negative, -unsigned, unsigned)
    return np.where(negative, debits(magnitudes), credits_of(magnitudes))


def credits_of(magnitudes: U64) -> U64:
    """The fields of amounts that are not negative: the smallest exponent that reaches them, the mantissa rounded up."""
    exponents = np.searchsorted(LIMITS_64, magnitudes)
    bases, steps = BASES_64[exponents], STEPS_64[exponents]
    beyond = np.maximum(magnitudes, bases) - bases
    fields: U64 = exponents.astype(np.uint64) << MANTISSA_BITS | (beyond + steps - 1) // steps
    return fields


def debits(magnitudes: U64) -> U64:
    """The fields of negative amounts: magnitudes rounded down, and what rounds to nothing without a sign."""
    exponents = np.searchsorted(BASES_64, magnitudes, side="right") - 1
    mantissas = np.minimum((magnitudes - BASES_64[exponents]) // STEPS_64[exponents], MANTISSA_LIMIT - 1)
    fields: U64 = exponents.astype(np.uint64) << MANTISSA_BITS | mantissas
    return np.where(fields > 0, fields | SIGN, fields)


def decode_amounts(fields: U64) -> U64:
    """The least units that each 16-bit field stands for."""
    exponents = fields >> MANTISSA_BITS & 3
    amounts: U64 = STEPS_64[exponents] * (fields & MANTISSA_LIMIT - 1) + BASES_64[exponents]
    return amounts


def decode_currency_amounts(fields: U64) -> NDArray[np.object_]:
    """The amount in 10**-5 of the currency that each 20-bit field stands for: exact, and so Python's own integers."""
    return np.array([decode_currency(field) for field in fields.tolist()], object)
