"""A tariff ready for quoting, and a book of its versions."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from umbane.errors import shown
from umbane.pricing.currency import Currency
from umbane.pricing.document import TariffDocument
from umbane.pricing.errors import MissingValue, NotInForce, PricingError, TimeOfUseOnly
from umbane.pricing.periods import Period, month_number, month_start
from umbane.pricing.rates import RateCard
from umbane.pricing.rounding import Rule

__all__ = ["LARGEST_TOKEN", "Bounds", "DebtRule", "FixedCharge", "FreeUnits", "Missing", "Step", "Tariff", "TariffBook"]

LARGEST_TOKEN = 18_201_624
"""Tenths of a kWh: the most that one STS credit token carries (IEC 62055-41 6.3.6)."""


class FixedCharge(NamedTuple):
    """When a charge is due. What it costs stands in the rate card, at the same place."""

    name: str
    every: str
    per_kilowatt: bool
    accrues: bool
    at_most: int | None


class DebtRule(NamedTuple):
    """How debts of one kind are collected; amounts in minor units."""

    priority: int
    """The lower, the sooner."""
    label: str
    share: int
    """In millionths of the money that reaches the step."""
    instalment: int | None
    at_most_per_purchase: int | None
    at_most_per_period: int | None


class Step(NamedTuple):
    """Deductions that are made together, from the same money."""

    names: tuple[str, ...]
    ceiling: int
    """In millionths of the money that reaches the step."""


class TenderShare(NamedTuple):
    """A fee or tax that is a percentage of the money that reaches its step."""

    name: str
    label: str
    rate: Fraction
    """Without taxes on it."""
    share: int
    """In millionths, with taxes."""
    is_tax: bool


class FreeUnits(NamedTuple):
    """Units given once a month."""

    units: int
    label: str
    with_purchase: bool
    counts_toward_blocks: bool


class Bounds(NamedTuple):
    """Least and most of a purchase and of a period; money in minor units, energy in tenths."""

    min_money: int
    max_money: int
    min_units: int
    max_units: int
    period_money: int | None
    period_units: int | None
    hours_of_load: int | None


class Missing(NamedTuple):
    """Why there are no prices for some months: a surcharge has no value."""

    surcharge: str
    lag_months: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """One version of one tariff, compiled into integers. Made by `load_tariff`, never changed."""

    document: TariffDocument
    """What the file says."""
    period: Period
    days: tuple[date, ...]
    """The days on which prices change, the first day of validity at the head."""
    cards: tuple[RateCard | Missing, ...]
    """The prices from each of these days on; none when the tariff has no price for a purchase."""
    steps: tuple[Step, ...]
    charges: dict[str, FixedCharge]
    collects_arrears: bool
    """Whether the order has a step for them."""
    tender_shares: dict[str, TenderShare]
    debts: dict[str, DebtRule]
    free_units: FreeUnits | None
    bounds: Bounds
    money_rule: Rule
    unit_rule: Rule
    currency: Currency
    zone: ZoneInfo

    @property
    def id(self) -> str:
        """The name that all versions of the tariff share."""
        return self.document.id

    @property
    def version(self) -> str:
        """What tells this version from the others."""
        return self.document.version

    @property
    def title(self) -> str:
        """The name for people."""
        return self.document.title

    @property
    def unit(self) -> str:
        """What is sold: kWh, or m³ of water or gas."""
        return "kWh" if self.document.resource == "electricity" else "m³"

    @property
    def valid_from(self) -> date:
        """The first day of validity."""
        return self.document.valid_from

    @property
    def valid_until(self) -> date | None:
        """The last day of validity; None while the tariff is open."""
        return self.document.valid_until

    def local_day(self, at: datetime) -> date:
        """The day of a moment where the tariff holds.

        Raises:
            PricingError: the moment has no time zone.
        """
        if getattr(at, "tzinfo", None) is None:
            raise PricingError("at", f"{shown(at)} is not a moment with a time zone", "an aware datetime")
        try:
            return day_in(self.zone, at)
        except OverflowError:
            raise PricingError("at", f"{shown(at)} is at the edge of the calendar", "a moment of our time") from None

    def in_force(self, day: date) -> bool:
        """Whether the tariff holds on this day."""
        return self.document.valid_from <= day <= self.document.last_day()

    def check_in_force(self, day: date) -> None:
        """Refuse a day on which the tariff doesn't hold.

        Raises:
            NotInForce: it is one.
        """
        if not self.in_force(day):
            dates = f"{self.valid_from} to {self.valid_until or 'further notice'}"
            problem = f"{day} is outside the dates of {self.id} {self.version}"
            raise NotInForce("at", problem, f"it holds from {dates}")

    def card(self, day: date) -> RateCard:
        """The prices on this day.

        Raises:
            NotInForce: the tariff doesn't hold on it.
            MissingValue: a surcharge has no value for its month.
            TimeOfUseOnly: the tariff has no price for a purchase.
        """
        self.check_in_force(day)
        if not self.cards:
            problem = f"{self.id} prices energy by the time it is used, which no purchase can know"
            raise TimeOfUseOnly(
                "energy.time_of_use", problem, "declare a purchase_rate, or bill a meter that holds registers"
            )
        card = self.cards[bisect_right(self.days, day) - 1]
        if isinstance(card, Missing):
            month = month_start(month_number(day) - card.lag_months)
            problem = f"there is no value for {month:%Y-%m}"
            raise MissingValue(
                f"surcharges.{card.surcharge}", problem, "add it under values, or set carry_forward: true"
            )
        return card


@lru_cache(256)
def day_in(zone: ZoneInfo, at: datetime) -> date:
    """The day of a moment in a time zone: mostly the same for all purchases of a batch."""
    return at.astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class TariffBook:
    """All versions of one tariff, in the order of their dates."""

    versions: tuple[Tariff, ...]

    @classmethod
    def of(cls, tariffs: Iterable[Tariff]) -> "TariffBook":
        """Put versions in order.

        Raises:
            PricingError: there are none, they are of different tariffs, or two of them hold on the same day.
        """
        versions = tuple(sorted(tariffs, key=lambda tariff: tariff.valid_from))
        if not versions:
            raise PricingError("tariffs", "a book without a tariff", "at least one version")
        for earlier, later in pairwise(versions):
            if earlier.id != later.id:
                raise PricingError("id", f"{earlier.id} and {later.id} in one book", "versions of one tariff")
            if earlier.in_force(later.valid_from):
                problem = (
                    f"versions {earlier.version} and {later.version} of {later.id} both hold on {later.valid_from}"
                )
                raise PricingError("valid_until", problem, "end the earlier one on the day before")
        return cls(versions)

    def at(self, moment: datetime) -> Tariff:
        """The version in force at a moment.

        Raises:
            NotInForce: there is none.
            PricingError: the moment has no time zone.
        """
        for tariff in self.versions:
            if tariff.in_force(tariff.local_day(moment)):
                return tariff
        first, last = self.versions[0], self.versions[-1]
        problem = f"no version of {first.id} is in force at {moment.isoformat()}"
        raise NotInForce("at", problem, f"they hold from {first.valid_from} to {last.valid_until or 'further notice'}")
