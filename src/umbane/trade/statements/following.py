"""Whether the statements of an account follow each other, or some are missing between them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from umbane.trade.statements.models import Balance

__all__ = ["Gap", "Read", "gaps"]


@dataclass(frozen=True, slots=True)
class Read:
    """A statement that was read: its number, if the bank counts them, and its balances."""

    sequence: int | None
    opening: Balance
    closing: Balance


@dataclass(frozen=True, slots=True)
class Gap:
    """Between which statements others are missing.

    Attributes:
        since, until: the days between which it lies.
        after, before: the numbers of the statements on both sides.
        missing: how many statements, where the bank counts them; 0 where nobody knows.
        amount: minor units by which the account changed there.
    """

    since: date
    until: date
    after: int | None
    before: int | None
    missing: int
    amount: int


def gaps(statements: Iterable[Read]) -> list[Gap]:
    """Where statements of one account and currency are missing, in the order of time.

    Banks begin to count again with each year, or never; so the next number is one more, or 0 or 1 in a new year. Where
    exports overlap, their balances say nothing, and only numbers count.
    """
    ordered = sorted(statements, key=lambda it: (it.closing.on, it.opening.on, it.sequence or 0))
    return [found for before, after in pairwise(ordered) if (found := _gap(before, after))]


def _gap(before: Read, after: Read) -> Gap | None:
    """What is missing between two, if anything is."""
    missing = _missing(before, after)
    amount = after.opening.amount - before.closing.amount
    uncounted = before.sequence is None or after.sequence is None
    overlap = after.opening.on < before.closing.on or (uncounted and after.opening.on == before.closing.on)
    if not missing and (overlap or not amount):
        return None
    days = before.closing.on, after.opening.on
    return Gap(*days, before.sequence, after.sequence, missing, 0 if overlap else amount)


def _missing(before: Read, after: Read) -> int:
    """How many statements are missing by their numbers."""
    if before.sequence is None or after.sequence is None:
        return 0
    if after.closing.on.year > before.closing.on.year and after.sequence <= before.sequence:
        return max(after.sequence - 1, 0)
    return max(after.sequence - before.sequence - 1, 0)
