"""Rounding rules by name. Each takes numerator and denominator, integers, and gives an integer.

Money is rounded line by line: the amount of a line is its base times its rate, as anyone can check on the receipt.
Units are rounded once, to 0.1 kWh. What all of it adds up to is the rounding line of the quote.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["MONEY_RULES", "UNIT_RULES", "Rule"]

Rule = Callable[[int, int], int]


def down(numerator: int, denominator: int) -> int:
    """Towards zero."""
    return -(-numerator // denominator) if numerator < 0 else numerator // denominator


def up(numerator: int, denominator: int) -> int:
    """Away from zero."""
    return numerator // denominator if numerator < 0 else -(-numerator // denominator)


def half_up(numerator: int, denominator: int) -> int:
    """To the nearest; a half goes away from zero."""
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def half_even(numerator: int, denominator: int) -> int:
    """To the nearest; a half goes to the even neighbour."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest + (whole & 1) > denominator)


MONEY_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {"half-up": half_up, "half-even": half_even, "up": up, "down": down}
)
"""How the amount of a line becomes whole minor units."""

UNIT_RULES: Final[Mapping[str, Rule]] = MappingProxyType({"up": up, "half-up": half_up, "down": down})
"""How bought energy becomes tenths: `up` favours the customer by less than 0.1 kWh, `down` the utility."""
