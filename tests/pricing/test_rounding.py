"""Rounding rules, against the decimal module of Python."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.pricing.rounding import MONEY_RULES, UNIT_RULES

TOWARDS = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("half-up", [-3, -2, -2, -1, 0, 1, 2, 2, 3]),
        ("half-even", [-2, -2, -2, 0, 0, 0, 2, 2, 2]),
        ("up", [-3, -2, -2, -1, 0, 1, 2, 2, 3]),
        ("down", [-2, -2, -1, 0, 0, 0, 1, 2, 2]),
    ],
)
def test_halves(rule: str, expected: list[int]) -> None:
    """Each rule treats halves as its name says, the same on both sides of zero."""
    assert [MONEY_RULES[rule](halves, 2) for halves in (-5, -4, -3, -1, 0, 1, 3, 4, 5)] == expected


@given(numerator=st.integers(-(10**9), 10**9), power=st.integers(0, 9), rule=st.sampled_from(sorted(TOWARDS)))
def test_as_python_does(numerator: int, power: int, rule: str) -> None:
    """Every rule agrees with the rounding of the decimal module."""
    from decimal import Decimal  # noqa: PLC0415 - beside the one use

    exact = Decimal(numerator).scaleb(-power)
    assert MONEY_RULES[rule](numerator, 10**power) == int(exact.quantize(Decimal(1), rounding=TOWARDS[rule]))


@given(
    a=st.integers(0, 10**6), b=st.integers(0, 10**6), d=st.integers(1, 999), rule=st.sampled_from(sorted(UNIT_RULES))
)
def test_monotone(a: int, b: int, d: int, rule: str) -> None:
    """A greater number is never rounded to a smaller one, and none moves by 1 or more."""
    low, high = sorted((a, b))
    rounded = UNIT_RULES[rule]
    assert rounded(low, d) <= rounded(high, d)
    assert abs(rounded(a, d) - Fraction(a, d)) < 1
