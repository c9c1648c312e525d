"""Changing a meter's key: the four sections and the sets made of them (IEC 62055-41 6.2, Table 33).

A 64-bit key travels in two tokens, or in three when the meter is also to learn its SGC; a 128-bit key in four.
The tokens of a set carry no TID: the key they are encrypted with binds them to one meter.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple, Self

from umbane.errors import shown
from umbane.sts.checks import require_int, require_secret, require_type, require_types
from umbane.sts.content import CONTENT_BITS
from umbane.sts.crc import crc
from umbane.sts.errors import KeyChangeError, StsInputError, TokenContentError
from umbane.sts.keys import DecoderKey
from umbane.sts.parameters import EA, KEN, KRN, KT, SGC, TCT, TI
from umbane.sts.tid import TID, require_unexpired

__all__ = [
    "PERMITTED_CHANGES",
    "KeyChangeSection",
    "NewKey",
    "Set1stSectionDecoderKey",
    "Set2ndSectionDecoderKey",
    "Set3rdSectionDecoderKey",
    "Set4thSectionDecoderKey",
    "assemble",
    "key_change_set",
    "require_permitted_change",
]

WORD_BITS: Final = 32
WORD: Final = (1 << WORD_BITS) - 1
SGC_HALF_BITS: Final = 12
THREE_TOKEN_PAD_BITS: Final = 20

PERMITTED_CHANGES: Final[Mapping[KT, frozenset[KT]]] = MappingProxyType(
    {
        KT.DITK: frozenset({KT.DITK, KT.DDTK, KT.DUTK, KT.DCTK}),
        KT.DDTK: frozenset({KT.DDTK, KT.DUTK, KT.DCTK}),
        KT.DUTK: frozenset({KT.DDTK, KT.DUTK}),
        KT.DCTK: frozenset({KT.DDTK, KT.DCTK}),
    }
)
"""What each key type may be replaced by (Table 33). DDTK to DCTK and DCTK to DDTK are choices: sources are silent."""


def require_permitted_change(current: KT, new: KT, carrier: TCT) -> None:
    """Refuse a change of key type that Table 33 doesn't have.

    Raises:
        KeyChangeError: it isn't permitted, or it is to a DCTK in a meter that doesn't take magnetic cards.
    """
    require_types((current, KT), (new, KT), (carrier, TCT))
    if new not in PERMITTED_CHANGES[current]:
        allowed = ", ".join(kt.name for kt in sorted(PERMITTED_CHANGES[current]))
        raise KeyChangeError(f"a {current.name} can't be replaced by a {new.name}, only by {allowed}")
    if new is KT.DCTK and carrier is not TCT.MAGNETIC_CARD:
        raise KeyChangeError(f"a DCTK is only for magnetic cards (TCT 01), and this meter has TCT {carrier:02}")


@dataclass(frozen=True, slots=True)
class KeyChangeSection(ABC):
    """What the four sections share: class 2, no TID, and a part of a key that is never shown."""

    token_class: ClassVar[int] = 2
    subclass: ClassVar[int]
    section: ClassVar[int]

    @abstractmethod
    def content(self) -> int:
        """The 44 bits of the section."""

    def check_bits(self, message: int) -> int:
        """The CRC of the 50-bit ``message``."""
        return crc(message)


@dataclass(frozen=True, slots=True)
class Set1stSectionDecoderKey(KeyChangeSection):
    """Subclass 3: KENHO (4), KRN (4), RO (1), 3KCT (1), KT (2), NKHO (32).

    Attributes:
        ken_high: the high four bits of the new key's KEN.
        krn: the new key's revision.
        rollover: RO: the meter is to forget its TIDs, because those of the new base date start low.
        third_follows: 3KCT: the set has a third token, with the SGC.
        kt: the new key's type.
        key_high: NKHO, the highest 32 bits of the new key.
    """

    subclass: ClassVar[int] = 3
    section: ClassVar[int] = 1

    ken_high: int
    krn: KRN
    rollover: bool
    third_follows: bool
    kt: KT
    key_high: int = field(repr=False)

    def __post_init__(self) -> None:
        require_int("KENHO", self.ken_high, 0, 15)
        require_types((self.krn, KRN), (self.kt, KT))
        require_type("RO", self.rollover, bool)
        require_type("3KCT", self.third_follows, bool)
        require_secret("NKHO", self.key_high, WORD_BITS)

    def content(self) -> int:
        """The 44 bits."""
        flags = self.rollover << 3 | self.third_follows << 2 | self.kt
        return (self.ken_high << 8 | self.krn.value << 4 | flags) << 32 | self.key_high

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read the section; TokenContentError if its KRN is none."""
        fields, key_high = divmod(content, 1 << 32)
        try:
            krn = KRN(fields >> 4 & 15)
        except StsInputError as error:
            raise TokenContentError(str(error)) from error
        return cls(fields >> 8, krn, bool(fields & 8), bool(fields & 4), KT(fields & 3), key_high)


@dataclass(frozen=True, slots=True)
class Set2ndSectionDecoderKey(KeyChangeSection):
    """Subclass 4: KENLO (4), TI (8), NKLO (32).

    Attributes:
        ken_low: the low four bits of the new key's KEN.
        ti: the new key's tariff index, in plain binary.
        key_low: NKLO, the lowest 32 bits of the new key.
    """

    subclass: ClassVar[int] = 4
    section: ClassVar[int] = 2

    ken_low: int
    ti: TI
    key_low: int = field(repr=False)

    def __post_init__(self) -> None:
        require_int("KENLO", self.ken_low, 0, 15)
        require_types((self.ti, TI))
        require_secret("NKLO", self.key_low, WORD_BITS)

    def content(self) -> int:
        """The 44 bits."""
        return (self.ken_low << 8 | self.ti.value) << 32 | self.key_low

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read the section; TokenContentError if its TI is none."""
        fields, key_low = divmod(content, 1 << 32)
        try:
            return cls(fields >> 8, TI(fields & 0xFF), key_low)
        except StsInputError as error:
            raise TokenContentError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Set3rdSectionDecoderKey(KeyChangeSection):
    """Subclass 8, of a set of four SGCLO (12), NKMO2 (32); of a set of three SGC (24), zeros (20).

    Which of the two it is, only the meter's algorithm tells, so the section keeps its bits.

    Attributes:
        bits: the 44 bits.
    """

    subclass: ClassVar[int] = 8
    section: ClassVar[int] = 3

    bits: int = field(repr=False)

    def __post_init__(self) -> None:
        require_secret("3rd section", self.bits, CONTENT_BITS)

    @classmethod
    def of_three(cls, sgc: SGC) -> Self:
        """The third token for a 64-bit key."""
        return cls(require_type("SGC", sgc, SGC).value << THREE_TOKEN_PAD_BITS)

    @classmethod
    def of_four(cls, sgc: SGC, key_middle: int) -> Self:
        """The third token for a 128-bit key; ``key_middle`` is NKMO2, bits 95 to 64."""
        sgc_low = require_type("SGC", sgc, SGC).value & 0xFFF
        return cls(sgc_low << WORD_BITS | require_secret("NKMO2", key_middle, WORD_BITS))

    def content(self) -> int:
        """The 44 bits."""
        return self.bits

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read the section."""
        return cls(content)


@dataclass(frozen=True, slots=True)
class Set4thSectionDecoderKey(KeyChangeSection):
    """Subclass 9: SGCHO (12), NKMO1 (32).

    Attributes:
        sgc_high: the high 12 bits of the SGC in binary.
        key_middle: NKMO1, bits 63 to 32 of the new key.
    """

    subclass: ClassVar[int] = 9
    section: ClassVar[int] = 4

    sgc_high: int
    key_middle: int = field(repr=False)

    def __post_init__(self) -> None:
        require_int("SGCHO", self.sgc_high, 0, 0xFFF)
        require_secret("NKMO1", self.key_middle, WORD_BITS)

    def content(self) -> int:
        """The 44 bits."""
        return self.sgc_high << 32 | self.key_middle

    @classmethod
    def from_content(cls, _subclass: int, content: int) -> Self:
        """Read the section."""
        return cls(*divmod(content, 1 << 32))


def key_change_set(
    current: DecoderKey, new: DecoderKey, *, at: TID, carrier: TCT = TCT.NUMERIC, with_sgc: bool = False
) -> tuple[KeyChangeSection, ...]:
    """The sections that put ``new`` into a meter which has ``current``, to be encrypted under ``current``.

    RO is set when the two keys count from different base dates. An expired ``current`` key may still do this.

    Args:
        current: the meter's key.
        new: the key it is to get.
        at: the moment of issue as a TID of the *new* key's base date, to refuse an expired one.
        carrier: the meter's TCT.
        with_sgc: for 64-bit keys, add the third token, which tells the meter its SGC.

    Returns:
        Two, three or four sections, in the order they are typed.

    Raises:
        KeyChangeError: Table 33 doesn't permit the change, the algorithms differ, or the SGC is needed and unknown.
        KeyExpiredError: the new key has expired.
        StsInputError: an argument is of another type.
    """
    require_types((current, DecoderKey), (new, DecoderKey), (at, TID), (carrier, TCT))
    require_type("with_sgc", with_sgc, bool)
    require_permitted_change(current.kt, new.kt, carrier)
    if current.ea is not new.ea:
        raise KeyChangeError(f"a meter of EA{current.ea:02} can't take a key of EA{new.ea:02} by tokens")
    if new.kt is not KT.DITK:
        require_unexpired(new.ken, at)
    words = [new.value >> shift & WORD for shift in range(new.ea.key_bits - 32, -1, -32)]
    third = with_sgc and new.ea is EA.STA
    sections: tuple[KeyChangeSection, ...] = (
        Set1stSectionDecoderKey(
            new.ken.value >> 4, new.krn, current.base_date is not new.base_date, third, new.kt, words[0]
        ),
        Set2ndSectionDecoderKey(new.ken.value & 15, new.ti, words[-1]),
    )
    if new.ea is EA.STA and not third:
        return sections
    if new.sgc is None:
        raise KeyChangeError("the set carries the SGC, and the new key has none: give it, or leave the third token out")
    if third:
        return *sections, Set3rdSectionDecoderKey.of_three(new.sgc)
    return (
        *sections,
        Set3rdSectionDecoderKey.of_four(new.sgc, words[1]),
        Set4thSectionDecoderKey(new.sgc.value >> SGC_HALF_BITS, words[2]),
    )


class NewKey(NamedTuple):
    """What a complete set says."""

    key: DecoderKey
    rollover: bool


def require_sections(sections: object) -> None:
    """Raise StsInputError unless every section stands under its own number."""
    if not isinstance(sections, Mapping):
        raise StsInputError("sections", "they are not a mapping", "give a dict of sections by their numbers")
    for number, section in sections.items():
        if getattr(section, "section", None) != number:
            raise StsInputError("sections", f"{shown(number)} is not the number of its section", "give them by number")


def assemble(sections: Mapping[int, KeyChangeSection], current: DecoderKey) -> NewKey | None:
    """Put a new key together from the sections taken so far, as a meter does; None while one is missing.

    Args:
        sections: by section number, 1-4, all decoded under ``current``.
        current: the key they came under, which says how many sections there must be.

    Returns:
        The key, with the base date of ``current``: no token carries one, so after a rollover the caller has to know it.

    Raises:
        TokenContentError: the SGC of the set isn't a number of six digits.
        StsInputError: a section stands under a number that isn't its own, or an argument is of another type.
    """
    require_sections(sections)
    require_types((current, DecoderKey))
    first, second = sections.get(1), sections.get(2)
    third, fourth = sections.get(3), sections.get(4)
    if not (isinstance(first, Set1stSectionDecoderKey) and isinstance(second, Set2ndSectionDecoderKey)):
        return None
    value, sgc = first.key_high << 32 | second.key_low, None
    if current.ea is EA.MISTY1:
        if not (isinstance(third, Set3rdSectionDecoderKey) and isinstance(fourth, Set4thSectionDecoderKey)):
            return None
        value = (first.key_high << 64 | (third.bits & WORD) << 32 | fourth.key_middle) << 32 | second.key_low
        sgc = fourth.sgc_high << SGC_HALF_BITS | third.bits >> 32
    elif first.third_follows:
        if not isinstance(third, Set3rdSectionDecoderKey):
            return None
        sgc = third.bits >> THREE_TOKEN_PAD_BITS
    try:
        key = DecoderKey(
            value=value,
            ea=current.ea,
            kt=first.kt,
            krn=first.krn,
            ti=second.ti,
            ken=KEN(first.ken_high << 4 | second.ken_low),
            sgc=None if sgc is None else SGC(sgc),
            base_date=current.base_date,
        )
    except StsInputError as error:
        raise TokenContentError(str(error)) from error
    return NewKey(key, first.rollover)
