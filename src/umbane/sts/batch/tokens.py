"""Many tokens before they are encrypted, as the 50 bits Class | SubClass | content of each (IEC 62055-41 6.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.errors import shown
from umbane.sts.amounts import MAX_AMOUNT
from umbane.sts.batch.amounts import encode_amounts, encode_currency_amounts
from umbane.sts.batch.arrays import U64, Mask, common_length, whole_numbers
from umbane.sts.content import CONTENT_BITS, RND_SHIFT, SUBCLASS_BITS, TID_SHIFT, Token, unchecked
from umbane.sts.credit import CURRENCY_SUBCLASS, Service, require_service
from umbane.sts.errors import StsInputError
from umbane.sts.management import (
    ClearCredit,
    ClearTamperCondition,
    ExtendedManagement,
    ManagementToken,
    PowerLimit,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
)
from umbane.sts.tid import LAST_TID, TID

__all__ = ["Tokens", "credit", "currency_credit", "management"]

CLASS_SHIFT: Final = SUBCLASS_BITS + CONTENT_BITS
TOKEN_BITS: Final = CLASS_SHIFT + 2
KEY_CHANGE_SUBCLASSES: Final = {3, 4, 8, 9}
"""Subclasses of class 2 that carry no TID."""

STAMPED: Final = np.array(
    [True] * 16 + [False] * 16 + [n not in KEY_CHANGE_SUBCLASSES for n in range(16)] + [False] * 16
)
"""By class and subclass, whether a token carries a TID."""

LARGEST_VALUES: Final[dict[type[ManagementToken], int]] = {
    SetMaximumPowerLimit: MAX_AMOUNT,
    ClearCredit: 0xFFFF,
    SetTariffRate: 0xFFFF,
    ClearTamperCondition: 0,
    SetMaximumPhasePowerUnbalanceLimit: MAX_AMOUNT,
    SetWaterMeterFactor: 0xFFFF,
    ExtendedManagement: 0xFFFF,
}
"""The tokens of class 2 with a TID, and the largest value of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Many tokens before they are encrypted.

    Attributes:
        bits: the 50 bits of each.

    Raises:
        StsInputError: these are not 50 bits each, in an array of ``uint64``.
    """

    bits: U64 = field(repr=False)

    def __post_init__(self) -> None:
        if self.bits.dtype != np.uint64 or self.bits.ndim != 1 or self.bits.max(initial=0) >> TOKEN_BITS:
            raise StsInputError("Tokens", "the bits are not one row of uint64 below 2**50", "see Tokens.of")

    def __len__(self) -> int:
        return len(self.bits)

    def spread(self, count: int) -> "Tokens":
        """As many tokens, when a single one is that of all rows."""
        return Tokens(np.broadcast_to(self.bits, count))

    @classmethod
    def of(cls, tokens: Iterable[Token]) -> Self:
        """Single tokens, of any classes, together."""
        return cls(np.array([unchecked(token) for token in tokens], np.uint64))

    @property
    def token_class(self) -> U64:
        """0 credit, 1 test and display, 2 management."""
        return self.bits >> CLASS_SHIFT

    @property
    def subclass(self) -> U64:
        """0-15."""
        return self.bits >> CONTENT_BITS & 15

    @property
    def content(self) -> U64:
        """The 44 bits behind the subclass."""
        return self.bits & (1 << CONTENT_BITS) - 1

    @property
    def rnd(self) -> U64:
        """The four bits before the TID: RND, or sign and exponent in a currency token."""
        return self.bits >> RND_SHIFT & 15

    @property
    def tid(self) -> U64:
        """The TID, of a token that ``is_stamped``."""
        return self.bits >> TID_SHIFT & LAST_TID

    @property
    def value(self) -> U64:
        """The 16 bits behind the TID."""
        return self.bits & 0xFFFF

    @property
    def currency_field(self) -> U64:
        """The 20 bits S&E | Amount of a currency token."""
        return self.rnd << 16 | self.value

    @property
    def is_currency(self) -> Mask:
        """Which tokens are credit in currency: their check bits are a CRC_C."""
        mask: Mask = self.bits >> CONTENT_BITS + 2 == CURRENCY_SUBCLASS >> 2
        return mask

    @property
    def is_stamped(self) -> Mask:
        """Which tokens carry a TID: class 0, and class 2 but for the key change."""
        mask: Mask = STAMPED[self.bits >> CONTENT_BITS]
        return mask


def credit(service: Service, units: ArrayLike, *, tid: TID | ArrayLike, rnd: ArrayLike) -> Tokens:
    """Credit of a service in its least units, as ``Credit``; a single value goes with all rows of the others.

    Args:
        service: what is sold.
        units: least units, 0 to MAX_AMOUNT; rounded up to what the field can say.
        tid: minutes of issue.
        rnd: 0-15.

    Raises:
        AmountError: units don't fit one token; the field names the row.
        StsInputError: another value is out of range, or the columns differ in length.
    """
    require_service(service)
    return stamped(0, service, encode_amounts(units), tid=tid, rnd=whole_numbers("RND", rnd, 0, 15))


def currency_credit(service: Service, amounts: ArrayLike, *, tid: TID | ArrayLike) -> Tokens:
    """Credit or debit of a service in currency, as ``CurrencyCredit``; a single value goes with all rows of the others.

    Args:
        service: what is sold.
        amounts: in 10**-5 of the base currency; rounded towards plus infinity.
        tid: minutes of issue.

    Raises:
        AmountError: an amount doesn't fit one token; the field names the row.
        StsInputError: another value is out of range, or the columns differ in length.
    """
    require_service(service)
    fields = encode_currency_amounts(amounts)
    return stamped(0, CURRENCY_SUBCLASS + service, fields & 0xFFFF, tid=tid, rnd=fields >> 16)


def management(kind: type[ManagementToken], value: ArrayLike = 0, *, tid: TID | ArrayLike, rnd: ArrayLike) -> Tokens:
    """Tokens of class 2 with a TID; a single value goes with all rows of the others.

    Args:
        kind: which, such as ``SetMaximumPowerLimit``.
        value: watts for the two limits; otherwise the 16 bits behind the TID (a register, a rate, index and data).
        tid: minutes of issue.
        rnd: 0-15.

    Raises:
        AmountError: watts don't fit one token; the field names the row.
        StsInputError: another value is out of range, or the columns differ in length.
    """
    if kind not in LARGEST_VALUES:
        known = ", ".join(known.__name__ for known in LARGEST_VALUES)
        raise StsInputError("kind", f"{shown(kind)} is not a class 2 token with a TID", f"give one of {known}")
    if issubclass(kind, PowerLimit):
        fields = encode_amounts(value)
    else:
        fields = whole_numbers(kind.__name__, value, 0, LARGEST_VALUES[kind]).astype(np.uint64)
    return stamped(kind.token_class, kind.subclass, fields, tid=tid, rnd=whole_numbers("RND", rnd, 0, 15))


def stamped(token_class: int, subclass: int, value: U64, *, tid: TID | ArrayLike, rnd: NDArray[Any]) -> Tokens:
    """Tokens of one kind: RND | TID | a field of 16 bits."""
    minutes = whole_numbers("TID", tid.minutes if isinstance(tid, TID) else tid, 0, LAST_TID)
    common_length(value=value, TID=minutes, RND=rnd)
    head = np.uint64(token_class << CLASS_SHIFT | subclass << CONTENT_BITS)
    return Tokens(head | rnd.astype(np.uint64) << RND_SHIFT | minutes.astype(np.uint64) << TID_SHIFT | value)
