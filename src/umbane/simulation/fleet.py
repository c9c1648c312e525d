"""Virtual meters in houses where people live: time passes, load is drawn, digits are typed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from umbane.meter import Event, EventKind, Load, Meter, MeterConfig
from umbane.simulation.load import hourly_load
from umbane.simulation.models import Household
from umbane.simulation.shop import meter_key
from umbane.sts import TID, Credit, EncodedToken, Service, encode

__all__ = ["MILLIJOULES_PER_TENTH", "House", "Reading"]

MILLIJOULES_PER_TENTH: Final = 360_000_000
"""0.1 kWh, the least unit of a token, in the unit that the meter counts energy in."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
HOUR: Final = timedelta(hours=1)


class Reading(NamedTuple):
    """What a meter shows at a moment."""

    time: datetime
    credit_wh: int
    lit: bool
    """Whether the load switch is closed: there is light."""


@dataclass(slots=True)
class House:
    """A household with its meter, from one moment on.

    Attributes:
        household: who lives there.
        meter: its virtual meter.
        zone: whose clocks the people live by.
        readings: one an hour, one at every token, one whenever the light goes out or on.
        dark: how long there was no supply.
        given: all credit that the meter took, in mJ.
        unserved_wh: what would have been drawn in the dark, in Wh.
    """

    household: Household
    meter: Meter
    zone: tzinfo
    readings: list[Reading] = field(default_factory=list)
    dark: timedelta = timedelta()
    given: int = 0
    unserved_wh: int = 0

    @classmethod
    def open(cls, household: Household, start: datetime, zone: tzinfo) -> "House":
        """A house with a new meter, credited with what the story begins with."""
        key = meter_key(household, household.krn, household.ti)
        house = cls(household, Meter(MeterConfig(pan=household.pan), key, start=start), zone)
        if household.opening_units:
            token = Credit(Service.ELECTRICITY, household.opening_units, tid=TID.at(start, key.base_date), rnd=0)
            house.type_token(encode(token, key))
        house.note(start)
        return house

    def live_until(self, moment: datetime) -> None:
        """Let time pass and the household draw its load; a moment that is past changes nothing."""
        household, began = self.household, self.meter.time.astimezone(self.zone)
        for end, watts in hourly_load(household.load, household.pan.digits, began, moment.astimezone(self.zone)):
            lit = self.meter.connected
            events = self.meter.advance(end, Load.of(watts))
            dark = self.watch(began, end, events, lit=lit)
            self.dark += dark
            self.unserved_wh += watts * dark // HOUR
            self.note(end)
            began = end

    def watch(self, began: datetime, end: datetime, events: Iterable[Event], *, lit: bool) -> timedelta:
        """Write down when the light went out and on; how long there was none between ``began`` and ``end``."""
        dark = timedelta()
        for event in events:
            if event.kind in {EventKind.CONNECTED, EventKind.DISCONNECTED}:
                moment = EPOCH + event.at * MILLISECOND
                dark += timedelta() if lit else moment - began
                began, lit = moment, event.kind is EventKind.CONNECTED
                self.note(moment)
        return dark if lit else dark + (end - began)

    def type_token(self, token: EncodedToken) -> str:
        """Type twenty digits; the meter's answer in the standard's word."""
        before = self.credit
        outcome = self.meter.enter(token)
        self.given += self.credit - before
        self.note(self.meter.time)
        return str(outcome.result)

    def note(self, moment: datetime) -> None:
        """Write down what the meter shows."""
        self.readings.append(Reading(moment, self.meter.credit_wh, self.meter.connected))

    @property
    def credit(self) -> int:
        """Credit in the meter, in mJ."""
        return self.meter.state.accounts[Service.ELECTRICITY].balance

    @property
    def used(self) -> int:
        """Energy that went through the meter, in mJ."""
        return sum(self.meter.state.energy.imported)
