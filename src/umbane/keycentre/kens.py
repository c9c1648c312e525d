"""KEN as moments: until when meters take tokens under a key, in steps of 45.5 days (IEC 62055-41 6.5.2.6)."""

from datetime import datetime
from typing import Final

from umbane.sts import KEN, LAST_TID, TID, BaseDate

__all__ = ["has_tids", "ken_end", "ken_until"]

SHIFT: Final = 16
"""A KEN is compared with the bits above these of a TID."""


def ken_end(ken: KEN, base: BaseDate) -> datetime:
    """The last minute whose tokens a meter takes under this KEN."""
    return TID((ken.value + 1 << SHIFT) - 1).time(base)


def ken_until(when: datetime, base: BaseDate) -> KEN:
    """The lowest KEN with which a meter still takes tokens of this moment; 255, which is for ever, after all TIDs.

    Raises:
        TidError: there were no TIDs yet.
    """
    return KEN(TID.at(when, base).minutes >> SHIFT) if when < TID(LAST_TID).time(base) else KEN(255)


def has_tids(base: BaseDate, when: datetime) -> bool:
    """Whether a token of this moment has a TID under a base date."""
    return TID(0).time(base) <= when <= TID(LAST_TID).time(base)
