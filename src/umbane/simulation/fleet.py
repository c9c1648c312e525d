"""Virtual meters in houses where people live: time passes, load is drawn, digits are typed."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from umbane.meter import Event, EventKind, Load, Meter, MeterConfig, ProfilePlan
from umbane.meter.face import answer
from umbane.simulation.account import meter_key
from umbane.simulation.load import daily_wh, hourly_load
from umbane.simulation.models import Glance, Household, Typed
from umbane.sts import TID, Credit, EncodedToken, Service, encode

__all__ = ["MILLIJOULES_PER_TENTH", "House", "Reading"]

MILLIJOULES_PER_TENTH: Final = 360_000_000
"""0.1 kWh, the least unit of a token, in the unit that the meter counts energy in."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
HOUR: Final = timedelta(hours=1)
READ_EVERY: Final = 6
"""Hours between the readings that the charts are drawn from."""

NO_PROFILE: Final = ProfilePlan(capacity=0)

load_of: Final = lru_cache(maxsize=4096)(Load.of)
"""The load of so many watts; building one takes as long as drawing it for an hour."""


class Reading(NamedTuple):
    """What a meter shows at a moment."""

    time: datetime
    credit_wh: int
    lit: bool
    """Whether the load switch is closed: there is light."""


@dataclass(slots=True)
class House:
    """A household with its meter, from one moment on. All its times are in UTC.

    Attributes:
        household: who lives there.
        meter: its virtual meter.
        zone: whose clocks the people live by.
        readings: one every few hours, one before and one after every token, one whenever the light goes out.
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
        house = cls(household, Meter(MeterConfig(pan=household.pan, profile=NO_PROFILE), key, start=start), zone)
        if household.opening_units:
            token = Credit(Service.ELECTRICITY, household.opening_units, tid=TID.at(start, key.base_date), rnd=0)
            house.type_token(encode(token, key))
        house.note(start)
        return house

    def live_until(self, moment: datetime) -> None:
        """Let time pass and the household draw its load; a moment that is past changes nothing."""
        household, began = self.household, self.meter.time
        for end, watts in hourly_load(household.load, household.pan.digits, began, moment.astimezone(UTC), self.zone):
            lit = self.meter.connected
            dark = self.watch(began, end, self.meter.advance(end, load_of(watts)), lit=lit)
            self.dark += dark
            self.unserved_wh += watts * dark // HOUR
            if end.hour % READ_EVERY == 0:
                self.note(end)
            began = end

    def watch(self, began: datetime, end: datetime, events: Iterable[Event], *, lit: bool) -> timedelta:
        """Write down when the light went out; how long there was none. Nothing but a token brings it back."""
        for event in events:
            if event.kind is EventKind.DISCONNECTED:
                went_out = EPOCH + event.at * MILLISECOND
                self.note(went_out)
                return end - went_out
        return timedelta() if lit else end - began

    def type_token(self, token: EncodedToken) -> Typed:
        """Type twenty digits, and read what the meter answers."""
        before = self.credit
        self.note(self.meter.time)
        typed = enter(self.meter, token)
        self.given += self.credit - before
        self.note(self.meter.time)
        return typed

    def would_answer(self, token: EncodedToken) -> Typed:
        """What the meter would answer to twenty digits; they are typed into a copy of it."""
        return enter(copy(self.meter), token)

    def note(self, moment: datetime) -> None:
        """Write down what the meter shows."""
        self.readings.append(Reading(moment, self.meter.credit_wh, self.meter.connected))

    def glance(self, *, was_lit: bool) -> Glance:
        """What somebody sees who looks at the meter now."""
        return Glance(self.meter.credit_wh, self.days_left, self.meter.connected, was_lit)

    @property
    def days_left(self) -> int:
        """For how many ordinary days the credit lasts."""
        return self.meter.credit_wh // daily_wh(self.household.load)

    @property
    def credit(self) -> int:
        """Credit in the meter, in mJ."""
        return self.meter.state.accounts[Service.ELECTRICITY].balance

    @property
    def used(self) -> int:
        """Energy that went through the meter, in mJ."""
        return sum(self.meter.state.energy.imported)


def enter(meter: Meter, token: EncodedToken) -> Typed:
    """Type a token into a meter."""
    outcome = meter.enter(token)
    lcd, words, _ = answer(outcome, meter)
    return Typed(outcome.result, lcd, words, outcome.accepted)
