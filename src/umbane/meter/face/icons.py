"""The small signs at the edge of the display."""

from enum import StrEnum
from typing import Final

from umbane.meter.face.reach import obstacle
from umbane.meter.results import Refusal
from umbane.meter.state import Hold
from umbane.meter.view import MeterView

__all__ = ["Icon", "icons"]

LOW_BATTERY_HOURS: Final = 720
MS_PER_HOUR: Final = 3_600_000

LIMITS: Final = Hold.OVERLOAD | Hold.UNBALANCE | Hold.LOCKED


class Icon(StrEnum):
    """One sign; the value is the word printed beside it."""

    SUPPLY = "SUPPLY"
    LOW_CREDIT = "LOW CREDIT"
    EMERGENCY = "EMERGENCY"
    """Emergency credit is in use."""
    TAMPER = "TAMPER"
    NO_LINK = "NO LINK"
    OVERLOAD = "OVERLOAD"
    PHASE = "PHASE"
    """A phase is missing."""
    KEYPAD_LOCKED = "LOCKED"
    REVERSE = "REVERSE"
    """Energy flows out."""
    BATTERY = "BATTERY"
    """The clock's battery is low, or the clock was lost."""


def icons(meter: MeterView) -> tuple[Icon, ...]:
    """The signs that are lit, in the order in which they stand on the display."""
    blocked = obstacle(meter)
    if blocked is not None:
        return () if blocked is Refusal.NO_POWER else (Icon.NO_LINK,)
    lit = {
        Icon.SUPPLY: meter.connected,
        Icon.LOW_CREDIT: meter.warning_level > 0 or Hold.CREDIT in meter.holds,
        Icon.EMERGENCY: meter.emergency_active,
        Icon.TAMPER: bool(meter.tampers),
        Icon.OVERLOAD: bool(meter.holds & LIMITS),
        Icon.PHASE: Hold.PHASE_LOSS in meter.holds or bool(meter.state.lost),
        Icon.KEYPAD_LOCKED: bool(meter.locked_for),
        Icon.REVERSE: any(watts < 0 for watts in meter.drawing),
        Icon.BATTERY: meter.clock is None or meter.state.clock.battery_ms < LOW_BATTERY_HOURS * MS_PER_HOUR,
    }
    return tuple(icon for icon, shines in lit.items() if shines)
