"""Amounts in a token: an exponent and a mantissa, every rounding towards the customer (IEC 62055-41 6.3.6).

The least unit is 0.1 kWh, 0.1 m3 or 0.1 minute for credit, 1 W for power limits, and 10**-5 of the base
currency for currency credit.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from umbane.errors import shown
from umbane.sts.checks import require_int
from umbane.sts.errors import AmountError

__all__ = [
    "MAX_AMOUNT",
    "MAX_CURRENCY_AMOUNT",
    "decode_amount",
    "decode_currency",
    "encode_amount",
    "encode_currency",
    "rounded_amount",
    "rounded_currency",
]

MANTISSA_BITS: Final = 14
MANTISSA_LIMIT: Final = 1 << MANTISSA_BITS

POWERS: Final[tuple[int, ...]] = tuple(10**exponent for exponent in range(32))
"""The step under each exponent: 0-3 in an amount, 0-31 in a currency amount."""

DEBIT: Final = 1 << MANTISSA_BITS + 5
"""The sign of a currency amount, above mantissa and exponent."""

BASES: Final = tuple(MANTISSA_LIMIT * (power - 1) // 9 for power in POWERS)
"""What mantissa 0 stands for under each exponent: the sum of 2**14 * 10**n for n below it."""


def largest(exponent: int) -> int:
    """The largest amount under ``exponent``, in least units."""
    return POWERS[exponent] * (MANTISSA_LIMIT - 1) + BASES[exponent]


AMOUNT_LIMITS: Final = tuple(largest(exponent) for exponent in range(4))
CURRENCY_LIMITS: Final = tuple(largest(exponent) for exponent in range(32))

MAX_AMOUNT: Final = AMOUNT_LIMITS[-1]
"""18 201 624 least units: the most one token carries."""

MAX_CURRENCY_AMOUNT: Final = CURRENCY_LIMITS[-1]
"""The most, and as a debit the least, that one currency token carries, in 10**-5 of the currency."""


def require_amount(field: str, value: object, low: int, high: int) -> int:
    """Return ``value`` if it is an integer within ``low..high``; AmountError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise AmountError(field, f"{shown(value)} is not a whole number of least units", "give an integer")
    if not low <= value <= high:
        raise AmountError(field, f"{shown(value)} does not fit one token", f"give {low} to {high} least units")
    return value


def rounded_up(magnitude: int) -> int:
    """Exponent and mantissa of the least amount that is no less: of the smallest exponent that reaches it.

    What lies in the gap before an exponent's first amount is less than one step away, so its mantissa is 0.
    """
    exponent = bisect_left(CURRENCY_LIMITS, magnitude)
    mantissa = -((BASES[exponent] - magnitude) // POWERS[exponent])
    return exponent << MANTISSA_BITS | mantissa


def rounded_down(magnitude: int) -> int:
    """Exponent and mantissa of the largest amount that is no more."""
    exponent = bisect_right(BASES, magnitude) - 1
    mantissa = (magnitude - BASES[exponent]) // POWERS[exponent]
    return exponent << MANTISSA_BITS | mantissa


def encode_amount(units: int) -> int:
    """The 16-bit field for ``units``: the smallest exponent that reaches them, the mantissa rounded up.

    An amount in the gap between two exponents goes up to mantissa 0 of the higher one.

    Args:
        units: least units, 0 to MAX_AMOUNT.

    Raises:
        AmountError: not an integer, negative, or more than one token carries.
    """
    return rounded_up(require_amount("Amount", units, 0, MAX_AMOUNT))


def decode_amount(field: int) -> int:
    """The least units that a 16-bit amount field stands for, 0 to MAX_AMOUNT."""
    require_int("Amount field", field, 0, 0xFFFF)
    exponent, mantissa = divmod(field, MANTISSA_LIMIT)
    return POWERS[exponent] * mantissa + BASES[exponent]


def encode_currency(amount: int) -> int:
    """The 20-bit field S&E (4) | Amount (16) for a currency amount, rounded towards plus infinity.

    A credit's magnitude is rounded up, a debit's down: both in the customer's favour. Zero is sent with a plus sign,
    which is a choice: that it could have a minus is not said to be wrong.

    Args:
        amount: in 10**-5 of the base currency, between -MAX_CURRENCY_AMOUNT and MAX_CURRENCY_AMOUNT.

    Raises:
        AmountError: not an integer, or outside that range.
    """
    require_amount("Currency amount", amount, -MAX_CURRENCY_AMOUNT, MAX_CURRENCY_AMOUNT)
    return rounded_up(amount) if amount >= 0 else DEBIT | rounded_down(-amount)


def decode_currency(field: int) -> int:
    """The amount in 10**-5 of the base currency that a 20-bit S&E | Amount field stands for."""
    require_int("Currency field", field, 0, 0xFFFFF)
    exponent, mantissa = divmod(field & DEBIT - 1, MANTISSA_LIMIT)
    magnitude = POWERS[exponent] * mantissa + BASES[exponent]
    return -magnitude if field & DEBIT else magnitude


def rounded_amount(units: int) -> int:
    """What a meter will add when asked for ``units``: never less than asked."""
    return decode_amount(encode_amount(units))


def rounded_currency(amount: int) -> int:
    """What a meter will add when asked for ``amount`` of currency: never less than asked."""
    return decode_currency(encode_currency(amount))
