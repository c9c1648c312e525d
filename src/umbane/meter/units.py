"""The integers that a meter counts in.

Time is counted in ms, power in W; so energy is counted in mJ, of which 3 600 000 make a Wh. Nothing is ever rounded
in a register, only where it is shown.
"""

from typing import Final

__all__ = [
    "MILLIJOULES_PER_WH",
    "MS_PER_DAY",
    "MS_PER_MINUTE",
    "MS_PER_SECOND",
    "NEVER",
    "SCALES",
    "least_units",
]

MS_PER_SECOND: Final = 1000
MS_PER_MINUTE: Final = 60_000
MS_PER_DAY: Final = 86_400_000
MILLIJOULES_PER_WH: Final = 3600 * MS_PER_SECOND
MILLIJOULES_PER_KWH: Final = 1000 * MILLIJOULES_PER_WH

NEVER: Final = 1 << 62
"""A moment that doesn't come: some 146 million years after 1970, in ms."""

SCALES: Final = (
    MILLIJOULES_PER_KWH // 10,  # 0.1 kWh in mJ
    1,  # 0.1 m3 of water: counted, not consumed here
    1,  # 0.1 m3 of gas
    MS_PER_MINUTE // 10,  # 0.1 minute in ms
    MILLIJOULES_PER_KWH,  # 10**-5 of the currency; times a price per kWh it is consumed by the mJ
    1,
    1,
    1,
)
"""The unit of account of each credit register: how many of them make a least unit of its tokens (subclass 0-7)."""


def least_units(amount: int, subclass: int) -> int:
    """An amount of a register in least units of its tokens, cut off towards zero."""
    whole = abs(amount) // SCALES[subclass]
    return whole if amount >= 0 else -whole
