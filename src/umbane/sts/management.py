"""Class 2 without the key change: limits, clearing, flags (IEC 62055-41 6.2)."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from umbane.sts.amounts import MAX_AMOUNT, decode_amount, encode_amount, require_amount
from umbane.sts.checks import require_int, require_type
from umbane.sts.content import StampedToken, split_content
from umbane.sts.parameters import Code
from umbane.sts.tid import TID

__all__ = [
    "ClearCredit",
    "ClearTamperCondition",
    "ExtendedManagement",
    "Flag",
    "Register",
    "SetMaximumPhasePowerUnbalanceLimit",
    "SetMaximumPowerLimit",
    "SetTariffRate",
    "SetWaterMeterFactor",
]

MAX_FIELD: Final = 0xFFFF
SET_FLAG_INDEX: Final = 63
"""STS 202-5: the index of an extended token that sets a flag."""


class Register(Code):
    """What ClearCredit sets to zero: one register, or all of them."""

    ELECTRICITY = 0
    WATER = 1
    GAS = 2
    TIME = 3
    ELECTRICITY_CURRENCY = 4
    WATER_CURRENCY = 5
    GAS_CURRENCY = 6
    TIME_CURRENCY = 7
    ALL = 0xFFFF


class Flag(Code):
    """Flags that an extended token sets (STS 202-5).

    Only flag 0 is known from published tokens. The others are a choice: numbered as the public interface of a security
    module has them.
    """

    CTS_TEST = 0
    DETECT_TAMPER = 1
    DISCONNECT_SERVICE = 2
    DISCONNECT_ON_TAMPER = 3
    DISCONNECT_ON_POWER_LIMIT = 4
    DISCONNECT_ON_UNDER_FREQUENCY = 5
    PREPAYMENT_ELECTRICITY = 6
    PREPAYMENT_WATER = 7
    PREPAYMENT_GAS = 8
    PREPAYMENT_TIME = 9
    COMMISSIONING_MODE = 10
    TI_FALLBACK_POWER_LIMIT = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementToken(StampedToken):
    """A class 2 token with a TID and one field of 16 bits."""

    token_class: ClassVar[int] = 2
    subclass: ClassVar[int]


@dataclass(frozen=True, slots=True)
class PowerLimit(ManagementToken):
    """A limit in watts, coded as an amount and rounded up like one.

    Attributes:
        watts: 0-18 201 624.
    """

    watts: int

    def __post_init__(self) -> None:
        ManagementToken.__post_init__(self)
        require_amount("watts", self.watts, 0, MAX_AMOUNT)

    @property
    def carried(self) -> int:
        """Watts that the meter will be set to: those asked for, rounded up to what the field can say."""
        return decode_amount(self.value())

    def value(self) -> int:
        """The amount field."""
        return encode_amount(self.watts)

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read the limit."""
        rnd, tid, field = split_content(content)
        return cls(decode_amount(field), tid=tid, rnd=rnd)


@dataclass(frozen=True, slots=True)
class SetMaximumPowerLimit(PowerLimit):
    """Subclass 0: the load above which the meter disconnects."""

    subclass: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class SetMaximumPhasePowerUnbalanceLimit(PowerLimit):
    """Subclass 6: the difference between phases above which the meter disconnects."""

    subclass: ClassVar[int] = 6


@dataclass(frozen=True, slots=True)
class FieldToken(ManagementToken):
    """A token whose 16 bits are a plain number.

    Attributes:
        field: 0-65 535.
    """

    field: int

    def __post_init__(self) -> None:
        ManagementToken.__post_init__(self)
        require_int(type(self).__name__, self.field, 0, MAX_FIELD)

    def value(self) -> int:
        """The number."""
        return self.field

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read the number."""
        rnd, tid, field = split_content(content)
        return cls(field, tid=tid, rnd=rnd)


@dataclass(frozen=True, slots=True)
class ClearCredit(FieldToken):
    """Subclass 1: set a credit register to zero.

    The field is a Register. Other numbers are reserved; a token can hold them, and a meter then answers RangeError.
    """

    subclass: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class SetTariffRate(FieldToken):
    """Subclass 2: the meaning of its 16 bits is reserved for the STS Association."""

    subclass: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class SetWaterMeterFactor(FieldToken):
    """Subclass 7: the meaning of its 16 bits is reserved for the STS Association."""

    subclass: ClassVar[int] = 7


@dataclass(frozen=True, slots=True)
class ClearTamperCondition(ManagementToken):
    """Subclass 5: forget the tamper condition and let the load switch close again. Its pad is not looked at."""

    subclass: ClassVar[int] = 5

    def value(self) -> int:
        """The pad: zeros."""
        return 0

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read the token, whatever its pad."""
        rnd, tid, _pad = split_content(content)
        return cls(tid=tid, rnd=rnd)


@dataclass(frozen=True, slots=True)
class ExtendedManagement(ManagementToken):
    """Subclass 10 (STS 202-5): an index of 6 bits and data of 10. Index 63 sets a flag; others are not public.

    Attributes:
        index: 0-63.
        data: 0-1023; under index 63 the flag's number (9 bits) and its value (1).
    """

    subclass: ClassVar[int] = 10

    index: int
    data: int

    def __post_init__(self) -> None:
        ManagementToken.__post_init__(self)
        require_int("Index", self.index, 0, 63)
        require_int("Data", self.data, 0, 1023)

    @classmethod
    def set_flag(cls, flag: Flag | int, *, on: bool, tid: TID, rnd: int) -> Self:
        """The token that turns a flag (0-511) on or off; ``tid`` and ``rnd`` as for every token."""
        data = require_int("Flag", flag, 0, 511) << 1 | require_type("on", on, bool)
        return cls(SET_FLAG_INDEX, data, tid=tid, rnd=rnd)

    @property
    def flag(self) -> tuple[int, bool] | None:
        """The flag's number and its new value, or None when this token isn't about a flag."""
        return (self.data >> 1, bool(self.data & 1)) if self.index == SET_FLAG_INDEX else None

    def value(self) -> int:
        """Index (6) | data (10)."""
        return self.index << 10 | self.data

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read index and data."""
        rnd, tid, field = split_content(content)
        return cls(*divmod(field, 1 << 10), tid=tid, rnd=rnd)
