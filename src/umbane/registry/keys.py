"""What is known of keys outside the security module: their parameters, their names, how far a change of key is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from umbane.registry.errors import RegistryInputError
from umbane.registry.texts import require_clean
from umbane.sts import DKGA, KEN, KRN, KT, LAST_TID, SGC, TI, TID, BaseDate

__all__ = [
    "KeyParameters",
    "KeyPhase",
    "KeyRevision",
    "Realm",
    "SupplyGroup",
    "base_date_of",
    "key_parameters",
    "minute_of",
    "tid_of",
    "year_of",
]

MINUTES_OF_DAY: Final = 1440
MOST_COMBINATIONS: Final = 1 << 16


class Realm(StrEnum):
    """Where a vending key may be used."""

    TEST = "test"
    """Virtual meters and laboratories: anybody can know these keys."""
    PRODUCTION = "production"
    """Meters in the field."""


class KeyPhase(StrEnum):
    """How far a meter is with a change of its key."""

    SETTLED = "settled"
    """It has its key, and no other is meant for it."""
    PLANNED = "planned"
    """Another key is meant for it, and no tokens for that were made."""
    ISSUED = "issued"
    """The key-change tokens are out, and nothing has shown yet whether they were typed in."""


@dataclass(frozen=True, slots=True)
class KeyParameters:
    """Everything about a decoder key but the key (IEC 62055-41 6.1). Two that are equal are the same object."""

    sgc: SGC
    krn: KRN
    ti: TI
    kt: KT
    base_date: BaseDate
    ken: KEN

    def __hash__(self) -> int:  # what tells most of them apart; each sale looks some up
        return self.sgc.value ^ self.krn.value << 20 ^ self.ti.value << 24

    def columns(self) -> tuple[int, int, int, int, int, int]:
        """As the database keeps them, in the order of the fields."""
        return self.sgc.value, self.krn.value, self.ti.value, int(self.kt), year_of(self.base_date), self.ken.value

    def __str__(self) -> str:
        return (
            f"SGC {self.sgc} KRN {self.krn} TI {self.ti} {self.kt.name} base {year_of(self.base_date)} KEN {self.ken}"
        )


@lru_cache(MOST_COMBINATIONS)
def key_parameters(  # noqa: PLR0913, PLR0917 - the columns in their order
    sgc: int, krn: int, ti: int, kt: int, year: int, ken: int
) -> KeyParameters:
    """The parameters that these columns of the database are.

    Raises:
        StsInputError: one of them is out of its range.
    """
    return KeyParameters(SGC(sgc), KRN(krn), TI(ti), KT(kt), base_date_of(year), KEN(ken))


def year_of(base_date: BaseDate) -> int:
    """The year of a base date, by which the database knows it."""
    return base_date.start.year


@cache
def base_date_of(year: int) -> BaseDate:
    """The base date of this year.

    Raises:
        RegistryInputError: there is none.
    """
    for base_date in BaseDate:
        if year_of(base_date) == year:
            return base_date
    raise RegistryInputError("base_date", f"TIDs don't count from {year}", "give 1993, 2014 or 2035")


@cache
def _minutes_before(base_date: BaseDate) -> int:
    """Minutes from the first base date to this one."""
    return (base_date.start - BaseDate.Y1993.start).days * MINUTES_OF_DAY


def minute_of(tid: TID, base_date: BaseDate) -> int:
    """A TID counted from 1993, whatever its base date."""
    return tid.minutes + _minutes_before(base_date)


@lru_cache(MOST_COMBINATIONS)
def tid_of(minute: int | None, base_date: BaseDate) -> TID | None:
    """The TID that a minute counted from 1993 is under a base date; None if it lies before or behind all its TIDs."""
    minutes = -1 if minute is None else minute - _minutes_before(base_date)
    return TID(minutes) if 0 <= minutes <= LAST_TID else None


@dataclass(frozen=True, slots=True)
class SupplyGroup:
    """A group of meters that share a vending key.

    Attributes:
        sgc: its code.
        name: what people call it.
        realm: which keys it may have.
    """

    sgc: SGC
    name: str
    realm: Realm

    def __post_init__(self) -> None:
        require_clean(("name", self.name))


@dataclass(frozen=True, slots=True)
class KeyRevision:
    """A vending key by its name in a security module.

    Attributes:
        sgc: the supply group.
        kt: of the decoder keys that come from it.
        krn: its number.
        dkga: how decoder keys come from it.
        base_date: from when the TIDs under it count.
        ken: until which TID it may be used.
        realm: where it may be used; its supply group's.
        module_key: its name in the security module.
        active_from: the moment from which on it may be used.
        active_until: the moment at which that ends; None for no end but the KEN.
    """

    sgc: SGC
    kt: KT
    krn: KRN
    dkga: DKGA
    base_date: BaseDate
    ken: KEN
    realm: Realm
    module_key: str
    active_from: datetime
    active_until: datetime | None = None

    def __post_init__(self) -> None:
        require_clean(("module_key", self.module_key))
        if self.kt is KT.DITK:
            raise RegistryInputError("kt", "no vending key makes a DITK", "give DDTK, DUTK or DCTK")

    def in_force(self, moment: datetime) -> bool:
        """Whether it may be used at a moment, its KEN apart."""
        return self.active_from <= moment and (self.active_until is None or moment < self.active_until)

    def for_meter(self, ti: TI) -> KeyParameters:
        """The parameters of a decoder key that comes from it."""
        return key_parameters(
            self.sgc.value, self.krn.value, ti.value, int(self.kt), year_of(self.base_date), self.ken.value
        )
