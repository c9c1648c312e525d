"""What a meter answers to a token: the names are those of the standard (IEC 62055-41 7.3, 8)."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from umbane.meter.events import Event
from umbane.sts import Control, Token

__all__ = [
    "AuthenticationResult",
    "Collection",
    "Reading",
    "Refusal",
    "Result",
    "TokenOutcome",
    "TokenResult",
    "ValidationResult",
]


class AuthenticationResult(StrEnum):
    """Is the token meant for this meter? (7.3.6)."""

    AUTHENTIC = "Authentic"
    CRC_ERROR = "CRCError"
    """The check bits are wrong: another meter's token, another key's, or a digit mistyped."""
    MFR_CODE_ERROR = "MfrCodeError"
    """A class 1 token for another manufacturer's meters."""


class ValidationResult(StrEnum):
    """May the token still be used? (7.3.7)."""

    VALID = "Valid"
    OLD_ERROR = "OldError"
    USED_ERROR = "UsedError"
    KEY_EXPIRED_ERROR = "KeyExpiredError"
    DDTK_ERROR = "DDTKError"
    """Credit for a meter that still has the key of the store room."""


class TokenResult(StrEnum):
    """What came of it? (8)."""

    ACCEPT = "Accept"
    FIRST_KCT = "1stKCT"
    SECOND_KCT = "2ndKCT"
    THIRD_KCT = "3rdKCT"
    FOURTH_KCT = "4thKCT"
    OVERFLOW_ERROR = "OverflowError"
    KEY_TYPE_ERROR = "KeyTypeError"
    FORMAT_ERROR = "FormatError"
    RANGE_ERROR = "RangeError"
    FUNCTION_ERROR = "FunctionError"


class Refusal(StrEnum):
    """Why nobody looked at the token. The standard has no names for these; they are ours."""

    LOCKED_OUT = "LockedOut"
    """Too many wrong tokens: the keypad rests."""
    NO_ANSWER = "NoAnswer"
    """The keypad unit heard nothing from its meter."""
    NOT_PAIRED = "NotPaired"
    """The keypad unit belongs to another meter."""
    NO_POWER = "NoPower"


Result = AuthenticationResult | ValidationResult | TokenResult | Refusal

TAKEN = frozenset(
    {
        TokenResult.ACCEPT,
        TokenResult.FIRST_KCT,
        TokenResult.SECOND_KCT,
        TokenResult.THIRD_KCT,
        TokenResult.FOURTH_KCT,
    }
)


class Reading(NamedTuple):
    """One thing that a test/display token makes the meter show (6.2.3, Table 27)."""

    test: Control | None
    """None for a flag of STS 202-5."""
    label: str
    value: str


class Collection(NamedTuple):
    """Where the credit of a token went, in the register's least unit of account (see ``umbane.meter.accounts``).

    The four add up to what the token carried.
    """

    overdraft: int
    """Repaid emergency credit and consumption of friendly periods."""
    debt: int
    charges: int
    """Standing charges that were still due."""
    credited: int
    """What is left to use."""


@dataclass(frozen=True, slots=True)
class TokenOutcome:
    """The meter's answer to one token.

    Attributes:
        result: the first thing that was wrong, or what came of the token.
        authentication: None when the token wasn't looked at.
        token: what the token said; None when it couldn't be read, and for key-change sections, which hold key bits.
        readings: what the display shows because of a test/display token.
        collected: how credit was split; None for other tokens.
        events: what happened in the meter because of the token.
    """

    result: Result
    authentication: AuthenticationResult | None = AuthenticationResult.AUTHENTIC
    token: Token | None = None
    readings: tuple[Reading, ...] = ()
    collected: Collection | None = None
    events: tuple[Event, ...] = field(default=(), repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the meter took the token: Accept, or a section of a key change."""
        return self.result in TAKEN

    @property
    def validation(self) -> ValidationResult | None:
        """The result of validation (7.3.7); None when it didn't come to that."""
        if isinstance(self.result, ValidationResult):
            return self.result
        return ValidationResult.VALID if self.execution is not None and self.authentication is not None else None

    @property
    def execution(self) -> TokenResult | None:
        """The result of execution (8); None when it didn't come to that."""
        return self.result if isinstance(self.result, TokenResult) else None

    def with_events(self, events: tuple[Event, ...]) -> "TokenOutcome":
        """The same answer with the events of its step."""
        return replace(self, events=events)
