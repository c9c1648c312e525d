"""Class 0: credit, in units of a service or in currency (IEC 62055-41 6.2)."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from umbane.sts.amounts import (
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    decode_amount,
    decode_currency,
    encode_amount,
    encode_currency,
    require_amount,
)
from umbane.sts.checks import require_type
from umbane.sts.content import RND_SHIFT, TID_SHIFT, StampedToken, split_content
from umbane.sts.crc import crc_c
from umbane.sts.parameters import Code
from umbane.sts.tid import TID

__all__ = ["Credit", "CurrencyCredit", "Service"]

CURRENCY_SUBCLASS: Final = 4
"""Subclasses 4-7 are the currency forms of 0-3."""


class Service(Code):
    """What is sold."""

    ELECTRICITY = 0
    """Least unit 0.1 kWh."""
    WATER = 1
    """Least unit 0.1 m3."""
    GAS = 2
    """Least unit 0.1 m3."""
    TIME = 3
    """Least unit 0.1 minute of connection."""


def require_service(service: object) -> None:
    """Raise StsInputError unless ``service`` is a Service: a bare number is too easily a subclass."""
    require_type("Service", service, Service)


@dataclass(frozen=True, slots=True)
class Credit(StampedToken):
    """Credit of a service, in its least units: subclasses 0-3.

    Attributes:
        service: what is sold.
        units: least units asked for, 0-18 201 624; the token carries ``carried`` of them, never fewer.

    Raises:
        AmountError: the units don't fit one token.
    """

    token_class: ClassVar[int] = 0

    service: Service
    units: int

    def __post_init__(self) -> None:
        StampedToken.__post_init__(self)
        require_service(self.service)
        require_amount("Amount", self.units, 0, MAX_AMOUNT)

    @property
    def subclass(self) -> int:
        """The service's number."""
        return self.service

    @property
    def carried(self) -> int:
        """Least units that the meter will add: those asked for, rounded up to what the field can say."""
        return decode_amount(self.value())

    def value(self) -> int:
        """The amount field."""
        return encode_amount(self.units)

    @classmethod
    def from_content(cls, subclass: int, content: int) -> Self:
        """Read subclass 0-3."""
        rnd, tid, field = split_content(content)
        return cls(Service(subclass), decode_amount(field), tid=tid, rnd=rnd)


@dataclass(frozen=True, slots=True)
class CurrencyCredit:
    """Credit, or debit, of a service in currency: subclasses 4-7. The sign and exponent stand where RND would.

    Attributes:
        service: what is sold.
        amount: in 10**-5 of the base currency; negative for a debit. The token carries ``carried``.
        tid: the minute of issue.

    Raises:
        AmountError: the amount doesn't fit one token.
    """

    token_class: ClassVar[int] = 0

    service: Service
    amount: int
    tid: TID

    def __post_init__(self) -> None:
        require_type("TID", self.tid, TID)
        require_service(self.service)
        require_amount("Currency amount", self.amount, -MAX_CURRENCY_AMOUNT, MAX_CURRENCY_AMOUNT)

    @property
    def subclass(self) -> int:
        """4 and the service's number."""
        return CURRENCY_SUBCLASS + self.service

    @property
    def carried(self) -> int:
        """What the meter will add, in 10**-5 of the currency: never less than asked."""
        return decode_currency(encode_currency(self.amount))

    def content(self) -> int:
        """S&E (4) | TID (24) | Amount (16)."""
        sign_exponent, amount = divmod(encode_currency(self.amount), 1 << 16)
        return sign_exponent << RND_SHIFT | self.tid.minutes << TID_SHIFT | amount

    def check_bits(self, message: int) -> int:
        """The CRC_C of the 50-bit ``message``."""
        return crc_c(message)

    @classmethod
    def from_content(cls, subclass: int, content: int) -> Self:
        """Read subclass 4-7."""
        sign_exponent, tid, amount = split_content(content)
        return cls(Service(subclass - CURRENCY_SUBCLASS), decode_currency(sign_exponent << 16 | amount), tid)
