"""What the keypad remembers of the tokens that were typed into it: the last credit tokens, to show them again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from umbane.meter.results import TokenOutcome, TokenResult
from umbane.sts import Credit, CurrencyCredit

__all__ = ["REMEMBERED", "LastCredit", "remember"]

REMEMBERED: Final = 5
"""Credit tokens kept, the latest first."""


@dataclass(frozen=True, slots=True)
class LastCredit:
    """One credit token that the meter took: it is used up, so its digits are worth nothing any more.

    Attributes:
        digits: all 20.
        subclass: its credit register.
        amount: what it carried, in least units.
        tid: the minute of issue that it carried.
        clock: when it was typed, by the meter's clock; None while the clock was lost.
    """

    digits: str = field(repr=False)
    subclass: int
    amount: int
    tid: int
    clock: datetime | None


def remember(
    known: tuple[LastCredit, ...], digits: str, outcome: TokenOutcome, clock: datetime | None
) -> tuple[LastCredit, ...]:
    """The memory after a token: with it in front if it was credit and was accepted, else as it was."""
    token = outcome.token
    if outcome.result is not TokenResult.ACCEPT or not isinstance(token, Credit | CurrencyCredit):
        return known
    credit = LastCredit(digits, token.subclass, token.carried, token.tid.minutes, clock)
    return (credit, *known)[:REMEMBERED]
