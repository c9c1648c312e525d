"""Prices by time of use, for meters that hold a register for each rate.

A credit token prices the purchase and nothing else: when its energy will be used, nobody knows yet. So `quote` refuses
such a tariff, unless it declares the rate at which a token is sold. What a meter (or a bill from its registers) needs
is here.
"""

from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from umbane.pricing.document import Switching, TimeOfUse
from umbane.pricing.errors import TimeOfUseOnly
from umbane.pricing.tariff import Tariff
from umbane.pricing.time_of_use_checks import DAYS

__all__ = ["Rates", "Register", "rates"]


class Register(NamedTuple):
    """One register of a meter and its price."""

    name: str
    label: str
    price: Fraction
    """In minor units for a unit, as published: with the taxes that the tariff calls included, without the others."""


class Rates(NamedTuple):
    """What a meter has to know on one day."""

    registers: tuple[Register, ...]
    switching: tuple[tuple[int, str], ...]
    """Minutes after local midnight, and the register that counts from then on."""
    in_force: str
    """The register that counts at the moment asked for."""


def rates(tariff: Tariff, *, at: datetime) -> Rates:
    """The registers, how they follow one another on the day of the moment, and which one counts then.

    Raises:
        TimeOfUseOnly: the tariff has blocks; their price depends on purchases, and no register can hold it.
        PricingError: the moment has no time zone, or lies outside the tariff's dates.
    """
    day = tariff.local_day(at)
    tariff.check_in_force(day)
    energy, minor = tariff.document.energy, tariff.currency.minor_units
    if energy.blocks:
        raise TimeOfUseOnly(
            "energy.blocks", f"{tariff.id} prices energy by what was bought, which no register holds", "quote it"
        )
    if energy.price is not None:
        return Rates((Register("total", "Total", energy.price * minor),), ((0, "total"),), "total")
    assert energy.time_of_use is not None  # noqa: S101 - a checked document has one of the three
    registers = tuple(Register(rate.name, rate.label, rate.price * minor) for rate in energy.time_of_use.rates)
    switching = tuple((it.at.hour * 60 + it.at.minute, it.rate) for it in _switching(energy.time_of_use, day).times)
    local = at.astimezone(tariff.zone)
    minute = local.hour * 60 + local.minute
    return Rates(registers, switching, [name for start, name in switching if start <= minute][-1])


def _switching(section: TimeOfUse, day: date) -> Switching:
    """How the rates follow one another on a day; a holiday may have a way of its own."""
    kinds = (*(["holiday"] if day in section.holidays else []), DAYS[day.weekday()])
    in_season = [it for it in section.switching if it.months is None or str(day.month) in it.months]
    return next(it for kind in kinds for it in in_season if kind in it.days)
