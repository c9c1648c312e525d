"""What can be read off a meter: numbers as people and programs want them, made from its state."""

from datetime import datetime, timedelta

from umbane.meter.birth import MILLISECOND, datetime_of
from umbane.meter.clock import moment, reading
from umbane.meter.config import MeterConfig
from umbane.meter.credit import TIME, floor_of
from umbane.meter.events import Event
from umbane.meter.keychange import pending_sections
from umbane.meter.profile import Interval
from umbane.meter.state import Hold, State
from umbane.meter.tamper import Tamper
from umbane.meter.units import MILLIJOULES_PER_WH, least_units
from umbane.sts import DecoderKey

__all__ = ["MeterView"]


class MeterView:
    """A meter to look at.

    Attributes:
        config: how it was made.
        state: everything else about it, in its own units.
    """

    __slots__ = ("config", "state")

    def __init__(self, config: MeterConfig, state: State) -> None:
        self.config = config
        self.state = state

    @property
    def time(self) -> datetime:
        """The true time, which the meter doesn't know."""
        return datetime_of(self.state.time)

    @property
    def clock(self) -> datetime | None:
        """What its clock reads, in UTC; None when it has lost the time."""
        state = self.state
        if not state.clock.right:
            return None
        return datetime_of(reading(state.clock, self.config.clock.drift_ppm, state.time))

    @property
    def powered(self) -> bool:
        """Whether there are mains."""
        return self.state.powered

    @property
    def connected(self) -> bool:
        """Whether the customer has electricity: mains, and the load switch closed."""
        return self.state.powered and not self.state.holds

    @property
    def holds(self) -> Hold:
        """Why the load switch is open; nothing when it is closed."""
        return self.state.holds

    def credit(self, subclass: int = 0) -> int:
        """What a register holds, in least units of its tokens, cut off towards zero.

        0.1 kWh, 0.1 m3, 0.1 minute (3), 10**-5 of the currency (4-7).
        """
        return least_units(self.state.accounts[subclass].balance, subclass)

    @property
    def credit_wh(self) -> int:
        """Electricity credit in Wh, cut off towards zero."""
        balance = self.state.accounts[0].balance
        whole = abs(balance) // MILLIJOULES_PER_WH
        return whole if balance >= 0 else -whole

    @property
    def time_left(self) -> timedelta:
        """Time credit by the meter's clock."""
        return self.state.accounts[TIME].balance * MILLISECOND

    @property
    def supply_until(self) -> datetime | None:
        """The true time at which time credit ends, if the mains stay; None for meters without, or with none left."""
        if TIME not in self.config.gates:
            return None
        state, drift = self.state, self.config.clock.drift_ppm
        left = state.accounts[TIME].balance - floor_of(self.config, state, TIME)
        if left <= 0:
            return None
        return datetime_of(moment(state.clock, drift, reading(state.clock, drift, state.time) + left))

    @property
    def emergency_active(self) -> bool:
        """Whether emergency credit was taken and isn't repaid."""
        return self.state.standing.emergency

    @property
    def warning_level(self) -> int:
        """How many of the configured low-credit levels have been passed."""
        return self.state.standing.warning

    @property
    def debt(self) -> int:
        """What is owed, in least units of the paying register."""
        return least_units(self.state.standing.debt, self.config.payer or 0)

    @property
    def charges_due(self) -> int:
        """Standing charges that couldn't be paid, in least units of the paying register."""
        return least_units(self.state.standing.charges, self.config.payer or 0)

    @property
    def imported_wh(self) -> tuple[int, ...]:
        """Energy taken, per phase."""
        return tuple(energy // MILLIJOULES_PER_WH for energy in self.state.energy.imported)

    @property
    def exported_wh(self) -> tuple[int, ...]:
        """Energy given, per phase."""
        return tuple(energy // MILLIJOULES_PER_WH for energy in self.state.energy.exported)

    @property
    def rate_wh(self) -> tuple[int, ...]:
        """Energy taken, per tariff rate, all phases together."""
        return tuple(energy // MILLIJOULES_PER_WH for energy in self.state.energy.by_rate)

    @property
    def rate(self) -> int:
        """The tariff rate that holds, counted from 0."""
        return self.state.calendar.rate

    @property
    def drawing(self) -> tuple[int, ...]:
        """Watts per phase that flow now."""
        return self.state.drawing

    @property
    def mpl(self) -> int | None:
        """Maximum power limit in watts."""
        return self.state.mpl

    @property
    def mppul(self) -> int | None:
        """Maximum phase power unbalance limit in watts."""
        return self.state.mppul

    @property
    def key(self) -> DecoderKey:
        """The decoder key register; its bits aren't shown."""
        return self.state.key

    @property
    def tampers(self) -> tuple[Tamper, ...]:
        """Tamper conditions that were detected and not cleared."""
        return tuple(tamper for tamper in Tamper if tamper in self.state.latched)

    @property
    def tamper_code(self) -> int:
        """The sum of their numbers, as on the display."""
        return self.state.latched.value

    @property
    def locked_for(self) -> timedelta:
        """How long the keypad is still locked, while there are mains."""
        return max(0, self.state.lockout.until - self.state.uptime) * MILLISECOND

    @property
    def pending_sections(self) -> tuple[int, ...]:
        """The sections of an incomplete key change that were taken."""
        return tuple(pending_sections(self.state.key_change, self.state.uptime))

    @property
    def log(self) -> tuple[Event, ...]:
        """The event log, oldest first."""
        return self.state.log.events.items

    @property
    def profile(self) -> tuple[Interval, ...]:
        """The load profile, oldest first, without the interval under way."""
        return self.state.profile.intervals.items
