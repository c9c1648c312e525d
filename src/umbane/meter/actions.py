"""What can happen to a meter from outside."""

from dataclasses import dataclass, field

from umbane.meter.link import LinkState
from umbane.meter.load import Load
from umbane.meter.tamper import Tamper
from umbane.meter.tariff import MeterTariff
from umbane.sts import EncodedToken

__all__ = [
    "Action",
    "CutPower",
    "EnterToken",
    "PassTime",
    "PressButton",
    "ReplaceBattery",
    "ReturnPower",
    "Sense",
    "SetClock",
    "SetLink",
    "SetTariff",
    "TakeEmergencyCredit",
]


@dataclass(frozen=True, slots=True)
class EnterToken:
    """Somebody types a token; what was typed isn't shown."""

    entered: str | EncodedToken = field(repr=False)


@dataclass(frozen=True, slots=True)
class PassTime:
    """Time passes until a true time (ms since 1970 UTC), with this load on the terminals."""

    until: int
    load: Load


@dataclass(frozen=True, slots=True)
class CutPower:
    """The mains go."""


@dataclass(frozen=True, slots=True)
class ReturnPower:
    """The mains come back."""


@dataclass(frozen=True, slots=True)
class Sense:
    """A tamper sensor reports that its condition begins or ends."""

    tamper: Tamper
    present: bool


@dataclass(frozen=True, slots=True)
class PressButton:
    """Somebody presses the button that closes a locked load switch."""


@dataclass(frozen=True, slots=True)
class TakeEmergencyCredit:
    """The customer asks for emergency credit."""


@dataclass(frozen=True, slots=True)
class SetClock:
    """A technician sets the clock, in ms since 1970 UTC."""

    clock: int


@dataclass(frozen=True, slots=True)
class SetTariff:
    """The seller gives the meter new prices and rates."""

    tariff: MeterTariff


@dataclass(frozen=True, slots=True)
class ReplaceBattery:
    """A technician replaces the battery."""


@dataclass(frozen=True, slots=True)
class SetLink:
    """The line to the keypad unit changes."""

    link: LinkState


Action = (
    EnterToken
    | PassTime
    | CutPower
    | ReturnPower
    | Sense
    | PressButton
    | TakeEmergencyCredit
    | SetClock
    | ReplaceBattery
    | SetLink
    | SetTariff
)
