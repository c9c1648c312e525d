"""The parameters that travel beside a key: SGC, TI, KRN, KEN, and the codes KT, TCT, EA, DKGA and BDT (6.1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from typing import Final, NoReturn, Self

from umbane.errors import shown
from umbane.sts.checks import require_digits, require_int
from umbane.sts.errors import StsInputError

__all__ = ["DKGA", "EA", "KEN", "KRN", "KT", "SGC", "TCT", "TI", "BaseDate"]


@dataclass(frozen=True, slots=True, order=True)
class SGC:
    """SupplyGroupCode: the group of meters that share a vending key, 0-999 999 (6.1)."""

    value: int

    def __post_init__(self) -> None:
        require_int("SGC", self.value, 0, 999_999)

    def __str__(self) -> str:
        return f"{self.value:06}"

    @classmethod
    def parse(cls, digits: str) -> Self:
        """Read the six digits that ``str()`` gives."""
        return cls(int(require_digits("SGC", digits, 6)))


@dataclass(frozen=True, slots=True, order=True)
class TI:
    """TariffIndex: 0-99; part of the decoder key, so that a change of it is a key change (6.1)."""

    value: int

    def __post_init__(self) -> None:
        require_int("TI", self.value, 0, 99)

    def __str__(self) -> str:
        return f"{self.value:02}"

    @classmethod
    def parse(cls, digits: str) -> Self:
        """Read the two digits that ``str()`` gives."""
        return cls(int(require_digits("TI", digits, 2)))


@dataclass(frozen=True, slots=True, order=True)
class KRN:
    """KeyRevisionNumber: 1-9, after which it starts again at 1 (6.1)."""

    value: int

    def __post_init__(self) -> None:
        require_int("KRN", self.value, 1, 9)

    def __str__(self) -> str:
        return str(self.value)

    def following(self) -> "KRN":
        """The revision that comes after this one: 1 after 9."""
        return KRN(self.value % 9 + 1)


@dataclass(frozen=True, slots=True, order=True)
class KEN:
    """KeyExpiryNumber: 0-255; the key ends with the last TID whose top eight bits are this (6.1)."""

    value: int

    def __post_init__(self) -> None:
        require_int("KEN", self.value, 0, 255)

    def __str__(self) -> str:
        return str(self.value)

    @property
    def never(self) -> bool:
        """Whether this is 255, the number that no TID exceeds."""
        return self.value == KEN_NEVER


KEN_NEVER: Final = 255


def refuse_code(field: str, value: object, codes: type[Enum]) -> NoReturn:
    """Raise the error for a number that is none of ``codes``."""
    known = ", ".join(f"{code.value} ({code.name})" for code in codes)
    raise StsInputError(field, f"{shown(value)} is not one of the codes supported", f"give one of {known}")


class Code(IntEnum):
    """A field whose numbers have names; a number without one is refused."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        refuse_code(cls.__name__, value, cls)


class KT(Code):
    """KeyType: what a decoder key is for (6.1)."""

    DITK = 0
    """Initialisation: the manufacturer's, put in at the factory."""
    DDTK = 1
    """Default: a meter in stock, which takes no credit."""
    DUTK = 2
    """Unique: normal operation."""
    DCTK = 3
    """Common to a supply group: only with magnetic cards (TCT 01)."""


class TCT(Code):
    """TokenCarrierType: how a token reaches the meter (6.1)."""

    MAGNETIC_CARD = 1
    NUMERIC = 2
    """Twenty digits on a keypad."""
    VTC07 = 7
    """Virtual token carrier of IEC 62055-52."""
    VTC08 = 8
    """Virtual token carrier over DLMS/COSEM, IEC 62055-53."""


class EA(Code):
    """EncryptionAlgorithm (6.1). EA 09 (DEA) is deprecated and not supported."""

    STA = 7
    MISTY1 = 11

    @property
    def key_bits(self) -> int:
        """Length of a decoder key of this algorithm: 64 or 128."""
        return 64 if self is EA.STA else 128


class DKGA(Code):
    """DecoderKeyGenerationAlgorithm (6.1). 01 is restricted to old ranges and 03 was withdrawn: not supported."""

    DES = 2
    KDF_HMAC_SHA256 = 4

    @property
    def vending_key_bytes(self) -> int:
        """Length of a vending key of this algorithm: 8 or 20."""
        return 8 if self is DKGA.DES else 20


class BaseDate(Enum):
    """BDT: the moment from which TokenIdentifiers count minutes (6.1, 6.3.5)."""

    Y1993 = "93"
    Y2014 = "14"
    Y2035 = "35"

    def __str__(self) -> str:
        return self.value

    @property
    def start(self) -> datetime:
        """Midnight of 1 January of the base year, without a time zone: which one is the caller's choice."""
        return datetime(int(self.name[1:]), 1, 1)  # noqa: DTZ001 - deliberately naive, see the docstring

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        refuse_code("BDT", value, cls)
