"""How a meter was made: what doesn't change in its life."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from umbane.errors import shown
from umbane.meter.errors import MeterInputError, require_int
from umbane.meter.schedule import WeekPlan
from umbane.meter.tamper import Tamper
from umbane.meter.tariff import MeterTariff
from umbane.sts import TCT, MeterPAN

__all__ = [
    "ClockPlan",
    "CollectionPlan",
    "EmergencyPlan",
    "Form",
    "LockoutPlan",
    "MeterConfig",
    "ProfilePlan",
    "TamperPlan",
    "TripPlan",
    "require_tariff",
]

MAX_UNITS: Final = 10**40
MAX_SECONDS: Final = 10**8
MAX_WATTS: Final = 10**9
MOST_VALUES: Final = 16
LONGEST_TEXT: Final = 64
GATES: Final = (0, 4, 3)
"""Credit registers that supply can depend on: electricity in kWh, in currency, time."""

ENERGY_GATES: Final = frozenset({0, 4})


class Form(StrEnum):
    """How the meter is built."""

    SINGLE_PHASE = "single-phase"
    THREE_PHASE = "three-phase"
    SPLIT = "split"
    """One phase; the keypad and display are in a customer interface unit at the end of a link."""

    @property
    def phases(self) -> int:
        """1 or 3."""
        return 3 if self is Form.THREE_PHASE else 1


def require_ranges(plan: object, **ranges: tuple[int, int]) -> None:
    """Raise MeterInputError unless each named field of ``plan`` is an integer in its range."""
    for name, (low, high) in ranges.items():
        require_int(name, getattr(plan, name), low, high)


@dataclass(frozen=True, slots=True)
class LockoutPlan:
    """How the keypad defends itself against guessing.

    Attributes:
        after: wrong tokens (CRCError) in a row until it locks; 0: never.
        first_s: seconds of the first lock-out; each one after it is twice as long.
        longest_s: the most it comes to.
    """

    after: int = 5
    first_s: int = 60
    longest_s: int = 86_400

    def __post_init__(self) -> None:
        require_ranges(self, after=(0, 1000), first_s=(1, MAX_SECONDS), longest_s=(self.first_s, MAX_SECONDS))


@dataclass(frozen=True, slots=True)
class TripPlan:
    """What happens above the power limit or the phase unbalance limit.

    Attributes:
        delay_s: seconds that the limit must be exceeded without a break.
        reclose_after_s: seconds until the switch closes again.
        recloses: how often it does that; then it stays open until a token is accepted or the button pressed.
        forget_after_s: seconds without a trip after which the count starts again; more than one cycle takes.
        button_unlocks: whether the button releases the lock.
    """

    delay_s: int = 10
    reclose_after_s: int = 60
    recloses: int = 5
    forget_after_s: int = 1800
    button_unlocks: bool = True

    def __post_init__(self) -> None:
        require_ranges(self, delay_s=(0, 86_400), reclose_after_s=(1, 86_400), recloses=(0, 1000))
        require_int("forget_after_s", self.forget_after_s, self.delay_s + self.reclose_after_s + 1, MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class EmergencyPlan:
    """Credit that the meter lends when the customer asks, in least units of the paying register; repaid first.

    Attributes:
        limit: how far the register may go below zero; 0: no emergency credit.
        offered_from: the balance at and below which it can be taken.
    """

    limit: int = 0
    offered_from: int = 0

    def __post_init__(self) -> None:
        require_ranges(self, limit=(0, MAX_UNITS), offered_from=(0, MAX_UNITS))


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """What the meter collects besides consumption, in least units of the paying register.

    Attributes:
        debt: what the customer owes when the meter is put in.
        debt_percent: the part of each credit token that goes to the debt.
        debt_per_day: what is taken from the credit at each midnight of the meter's clock.
        charge_per_day: the standing charge, due at each midnight.
    """

    debt: int = 0
    debt_percent: int = 0
    debt_per_day: int = 0
    charge_per_day: int = 0

    def __post_init__(self) -> None:
        require_ranges(self, debt=(0, MAX_UNITS), debt_percent=(0, 100))
        require_ranges(self, debt_per_day=(0, MAX_UNITS), charge_per_day=(0, MAX_UNITS))


@dataclass(frozen=True, slots=True)
class TamperPlan:
    """What counts as interference.

    Attributes:
        detects: the conditions that the meter notices.
        export_allowed: False: energy going out is REVERSE_ENERGY. True: it is registered; it never becomes credit.
        mismatch_milliamps: how far phase and neutral current may differ.
        opens_on_phase_loss: whether a three-phase meter disconnects when a phase is lost.
    """

    detects: Tamper = ~Tamper(0)
    export_allowed: bool = False
    mismatch_milliamps: int = 500
    opens_on_phase_loss: bool = False

    def __post_init__(self) -> None:
        require_ranges(self, mismatch_milliamps=(0, 10**6))


@dataclass(frozen=True, slots=True)
class ClockPlan:
    """The meter's clock.

    Attributes:
        drift_ppm: how much too fast it runs, in millionths; negative: too slow.
        battery_hours: how long its battery carries it without mains, all outages together.
        zone_minutes: local time minus UTC, for midnights, rates and friendly periods; no summer time.
    """

    drift_ppm: int = 0
    battery_hours: int = 43_800
    zone_minutes: int = 0

    def __post_init__(self) -> None:
        require_ranges(self, drift_ppm=(-100_000, 100_000), battery_hours=(0, 10**6), zone_minutes=(-720, 840))


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """The load profile.

    Attributes:
        interval_minutes: a divisor of the day.
        capacity: intervals kept; 0: no profile, which large fleets are glad of.
    """

    interval_minutes: int = 30
    capacity: int = 1440

    def __post_init__(self) -> None:
        require_ranges(self, interval_minutes=(1, 1440), capacity=(0, 100_000))
        if 1440 % self.interval_minutes:
            raise MeterInputError("interval_minutes", f"{self.interval_minutes} doesn't divide a day", "give 15 or 30")


ONE_RATE: Final = MeterTariff()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterConfig:
    """A meter as it left the factory and was commissioned.

    Attributes:
        pan: its number.
        form: how it is built.
        subclasses: the credit subclasses (0-7) that it has registers for; others are answered with FunctionError.
        paid_by: the registers that supply depends on: some of 0, 4 and 3, not both 0 and 4. The first is the
            *paying register* of emergency credit, warnings, debt and charges. None: the first there is of 0, 4, 3.
        register_limit: the most a register holds, in its least units; None: no limit.
        hardware_watts: the highest power limit it can be set to; None: any.
        tid_memory: how many TIDs it remembers, at least 50.
        check_ken: whether it refuses tokens beyond its key's KEN, which the standard leaves open.
        tct: how tokens reach it; only magnetic cards (01) go with a DCTK.
        manufacturer_code: for class 1 tokens; None: that of the DRN.
        key_change_timeout_s: seconds after its last section that an incomplete key-change set is dropped.
        low_credit: warning levels in least units of the paying register, highest first.
        friendly: when (value 1) it doesn't disconnect for want of credit; None: never.
        volts: nominal voltage, to work out currents.
        power_limit: watts, until a token sets it; None: no limit.
        unbalance_limit: watts between phases, until a token sets it; None: no limit.
        log_capacity: events kept.
        link_tries: how often the keypad unit of a split meter sends a token until it gives up.
        tariff: its prices and rates until it is given others; as many rates as this has, it can count under.
        software: what the test for the software version shows.
    """

    pan: MeterPAN
    form: Form = Form.SINGLE_PHASE
    subclasses: tuple[int, ...] = (0,)
    paid_by: tuple[int, ...] | None = None
    register_limit: int | None = None
    hardware_watts: int | None = None
    tid_memory: int = 50
    check_ken: bool = True
    tct: TCT = TCT.NUMERIC
    manufacturer_code: int | None = None
    key_change_timeout_s: int = 600
    low_credit: tuple[int, ...] = ()
    friendly: WeekPlan | None = None
    volts: int = 230
    power_limit: int | None = None
    unbalance_limit: int | None = None
    log_capacity: int = 256
    link_tries: int = 3
    software: str = "Umbane virtual meter 1"
    lockout: LockoutPlan = LockoutPlan()
    trips: TripPlan = TripPlan()
    emergency: EmergencyPlan = EmergencyPlan()
    collection: CollectionPlan = CollectionPlan()
    tamper: TamperPlan = TamperPlan()
    clock: ClockPlan = ClockPlan()
    profile: ProfilePlan = ProfilePlan()
    tariff: MeterTariff = ONE_RATE
    gates: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """``paid_by``, worked out."""

    def __post_init__(self) -> None:
        require_identity(self)
        require_ranges(self, tid_memory=(50, 10_000), key_change_timeout_s=(1, MAX_SECONDS), volts=(1, 1000))
        require_ranges(self, log_capacity=(1, 100_000), link_tries=(1, 100))
        require_optional(self, register_limit=MAX_UNITS, hardware_watts=MAX_WATTS, manufacturer_code=9999)
        require_optional(self, power_limit=MAX_WATTS, unbalance_limit=MAX_WATTS)
        require_each("subclasses", self.subclasses, 7)
        require_each("low_credit", self.low_credit, MAX_UNITS)
        if list(self.low_credit) != sorted(set(self.low_credit), reverse=True):
            raise MeterInputError("low_credit", f"it is {shown(self.low_credit)}", "give the highest level first")
        if self.friendly and not self.friendly.values <= {0, 1}:
            raise MeterInputError("friendly", "its plan has other values than 0 and 1", "give 1 for friendly times")
        object.__setattr__(self, "gates", gates_of(self))  # the way to fill in a frozen dataclass

    @property
    def code(self) -> int:
        """The manufacturer code that class 1 tokens address."""
        return self.pan.drn.manufacturer_code if self.manufacturer_code is None else self.manufacturer_code

    @property
    def payer(self) -> int | None:
        """The paying register; None in a meter whose supply depends on none."""
        return self.gates[0] if self.gates else None


def gates_of(config: MeterConfig) -> tuple[int, ...]:
    """The registers that supply depends on, checked."""
    if config.paid_by is None:
        return tuple(gate for gate in GATES if gate in config.subclasses)[:1]
    gates = config.paid_by
    require_each("paid_by", gates, 7)
    if not set(gates) <= set(GATES) & set(config.subclasses) or len(set(gates)) != len(gates):
        raise MeterInputError("paid_by", f"it is {shown(gates)}", "give some of 0, 4 and 3 that are in subclasses")
    if set(gates) >= ENERGY_GATES:
        raise MeterInputError("paid_by", "energy would be paid twice, in kWh and in money", "give 0 or 4")
    return gates


def require_tariff(tariff: MeterTariff, config: MeterConfig) -> MeterTariff:
    """Return ``tariff`` if a meter of this configuration has a register for each of its rates."""
    rates, room = len(tariff.prices), len(config.tariff.prices)
    if rates > room:
        raise MeterInputError("tariff", f"it has {rates} rates, the meter {room}", "give no more rates than that")
    return tariff


def require_identity(config: MeterConfig) -> None:
    """Raise MeterInputError unless number, form, carrier and software are what they should be."""
    for name, kind in (("pan", MeterPAN), ("form", Form), ("tct", TCT), ("software", str)):
        value = getattr(config, name)
        if not isinstance(value, kind):
            raise MeterInputError(name, f"{shown(value)} is not a {kind.__name__}", f"give a {kind.__name__}")
    if len(config.software) > LONGEST_TEXT:
        raise MeterInputError("software", "it is too long for a display", f"give at most {LONGEST_TEXT} characters")


def require_each(field_name: str, values: object, high: int) -> None:
    """Raise MeterInputError unless ``values`` is a short tuple of integers from 0 to ``high``."""
    if not isinstance(values, tuple) or len(values) > MOST_VALUES:
        raise MeterInputError(field_name, f"{shown(values)} is not a tuple", f"give at most {MOST_VALUES} values")
    for value in values:
        require_int(field_name, value, 0, high)


def require_optional(plan: object, **highs: int) -> None:
    """Raise MeterInputError unless each named field of ``plan`` is None or an integer from 0 up to its number."""
    for name, high in highs.items():
        if getattr(plan, name) is not None:
            require_int(name, getattr(plan, name), 0, high)
