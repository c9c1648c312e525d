"""A virtual payment meter: a deterministic state machine that obeys the tokens of IEC 62055-41.

Time, load, tamper and chance come in as arguments; the meter is a function of them. ``Meter`` is what most callers
want; ``step`` is the pure function beneath it.
"""

from umbane.meter.accounts import Account
from umbane.meter.actions import (
    Action,
    CutPower,
    EnterToken,
    PassTime,
    PressButton,
    ReplaceBattery,
    ReturnPower,
    Sense,
    SetClock,
    SetLink,
    SetTariff,
    TakeEmergencyCredit,
)
from umbane.meter.config import (
    ClockPlan,
    CollectionPlan,
    EmergencyPlan,
    Form,
    LockoutPlan,
    MeterConfig,
    ProfilePlan,
    TamperPlan,
    TripPlan,
)
from umbane.meter.errors import MeterError, MeterInputError, SnapshotError, TokenRefusedError
from umbane.meter.events import Event, EventKind
from umbane.meter.link import Fate, LinkState
from umbane.meter.load import NO_LOAD, Load
from umbane.meter.meter import Meter
from umbane.meter.profile import Interval, ProfileFlag
from umbane.meter.results import (
    AuthenticationResult,
    Collection,
    Reading,
    Refusal,
    Result,
    TokenOutcome,
    TokenResult,
    ValidationResult,
)
from umbane.meter.schedule import WeekPlan
from umbane.meter.state import Hold, State
from umbane.meter.stepping import Step, step
from umbane.meter.tamper import Tamper
from umbane.meter.tariff import MeterTariff
from umbane.meter.units import MILLIJOULES_PER_WH, SCALES, least_units

__all__ = [
    "MILLIJOULES_PER_WH",
    "NO_LOAD",
    "SCALES",
    "Account",
    "Action",
    "AuthenticationResult",
    "ClockPlan",
    "Collection",
    "CollectionPlan",
    "CutPower",
    "EmergencyPlan",
    "EnterToken",
    "Event",
    "EventKind",
    "Fate",
    "Form",
    "Hold",
    "Interval",
    "LinkState",
    "Load",
    "LockoutPlan",
    "Meter",
    "MeterConfig",
    "MeterError",
    "MeterInputError",
    "MeterTariff",
    "PassTime",
    "PressButton",
    "ProfileFlag",
    "ProfilePlan",
    "Reading",
    "Refusal",
    "ReplaceBattery",
    "Result",
    "ReturnPower",
    "Sense",
    "SetClock",
    "SetLink",
    "SetTariff",
    "SnapshotError",
    "State",
    "Step",
    "TakeEmergencyCredit",
    "Tamper",
    "TamperPlan",
    "TokenOutcome",
    "TokenRefusedError",
    "TokenResult",
    "TripPlan",
    "ValidationResult",
    "WeekPlan",
    "least_units",
    "step",
]
