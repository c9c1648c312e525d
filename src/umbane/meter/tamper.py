"""Interference with the meter: what is noticed, and what it takes to be forgiven (IEC 62055-41 6.2.4.6)."""

from enum import IntFlag
from typing import Final

__all__ = ["BY_SENSOR", "NO_TAMPER", "Tamper"]


class Tamper(IntFlag):
    """A tamper condition. The numbers are this meter's own; their sum is the code on the display."""

    MAGNETIC_FIELD = 1
    TERMINAL_COVER = 2
    METER_COVER = 4
    REVERSE_ENERGY = 8
    BYPASS = 16
    """The neutral carries another current than the phase."""
    NEUTRAL_MISSING = 32

    @property
    def words(self) -> str:
        """The conditions as words."""
        return ", ".join(str(tamper.name).lower().replace("_", " ") for tamper in Tamper if tamper in self)


BY_SENSOR: Final = Tamper.MAGNETIC_FIELD | Tamper.TERMINAL_COVER | Tamper.METER_COVER
"""Conditions with a sensor of their own, which says when they begin and end; the others show in the current."""

NO_TAMPER: Final = Tamper(0)
