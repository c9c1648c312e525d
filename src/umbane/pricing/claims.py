"""Deductions from a purchase before energy, and their exact inverse.

Each is a claim: it wants so much money, and takes at most a share of the money that reaches its step. The claims of one
step share that money under a ceiling; the next step works on what is left. A debt of 500.00 collected at 20 % wants
500.00 with a share of 20 %; a fixed charge wants its amount with a share of 100 %; a tax on the tender wants any amount
with a share of its rate.

What a step leaves never falls when the money rises, and rises by 0 or 1 when the money rises by 1. So every amount can
be left, and the least money that leaves it has a closed form (`needed`). For that, shares of money are rounded down, to
the favour of the customer's energy: [choice] the named rules are for lines, this one is fixed.
"""

from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any, Final, Generic, NamedTuple, TypeVar

from umbane.pricing.fields import MILLION

__all__ = ["UNLIMITED", "Claim", "needed", "take"]

UNLIMITED: Final = 10**18
"""Wanted by a claim that takes its share of any money."""


T = TypeVar("T")


class Claim(NamedTuple, Generic[T]):
    """What one deduction may take."""

    wanted: int
    """At most this, in minor units."""
    share: int
    """At most this part of the money that reaches the step, in millionths."""
    source: T
    """What the deduction is for."""


def take(money: int, claims: Sequence[Claim[Any]], ceiling: int = MILLION) -> list[int]:
    """What each claim gets of the money, in the order of priority; together at most the ceiling (in millionths)."""
    limit = money * ceiling
    total = paid = 0
    amounts = []
    for wanted, share, _ in claims:
        total = min(total + min(wanted * MILLION, share * money), limit)
        whole = total // MILLION
        amounts.append(whole - paid)
        paid = whole
    return amounts


def needed(left: int, claims: Sequence[Claim[Any]], ceiling: int = MILLION) -> int:
    """The least money that leaves this much: `money - sum(take(money, ...)) >= left`, and for no smaller one.

    What is taken, before rounding, is the least of a few lines `share × money + fixed`: the ceiling, all claims at
    their shares, and one for each claim that is satisfied, in the order in which rising money satisfies them. Rounded
    down it stays below `money - left + 1` just where a line does: each gives a bound, the least is the answer.
    """
    if left <= 0:
        return 0
    threshold = (left - 1) * MILLION
    share, fixed = sum([claim.share for claim in claims]), 0
    bounds = [threshold // (MILLION - line) + 1 for line in (ceiling, share) if line < MILLION]
    for claim in sorted(claims, key=_SATISFIED_FIRST) if len(claims) > 1 else claims:
        share -= claim.share
        fixed += claim.wanted * MILLION
        if share < MILLION:
            bounds.append((threshold + fixed) // (MILLION - share) + 1)
    return min(bounds)


def _compare(one: Claim[Any], other: Claim[Any]) -> int:
    """Order by the money from which on a claim gets all it wants: wanted / share, without dividing."""
    return one.wanted * other.share - other.wanted * one.share


_SATISFIED_FIRST: Final = cmp_to_key(_compare)
