"""What a tariff means, in figures: the price against units, and the units that money buys."""

from collections.abc import Iterator
from datetime import date, datetime, time
from fractions import Fraction
from typing import Final, NamedTuple

from umbane.pricing.errors import TenderRefused
from umbane.pricing.quoting import quote
from umbane.pricing.rates import RateCard
from umbane.pricing.state import CustomerState
from umbane.pricing.tariff import Tariff

__all__ = ["Bought", "Price", "bought", "day_to_show", "price_at", "prices", "purchases", "reach", "tenders"]

ROWS: Final = 8
"""Of a table, about."""
NEAREST_REACH: Final = 3000
"""Tenths that are shown at least: what a small household uses in a month."""
LARGEST_REACH: Final = 10**8
"""Tenths that are shown at most."""
NOON: Final = time(12)


class Price(NamedTuple):
    """What a total of units costs within one period, without charges and arrears; money in major units."""

    units: int
    """Tenths."""
    total: Fraction
    average: Fraction
    """Of each unit."""
    marginal: Fraction
    """Of the next unit."""


class Bought(NamedTuple):
    """What the first purchase of a month buys."""

    money: int
    """Minor units."""
    units: int
    """Tenths."""


def day_to_show(tariff: Tariff, today: date) -> date:
    """Today if the tariff is in force, else the nearest day on which it is."""
    return min(max(today, tariff.valid_from), tariff.document.last_day())


def reach(card: RateCard) -> int:
    """Tenths up to which to show a tariff: half as far again as where its last block begins."""
    return min(max(NEAREST_REACH, card.starts[-1] * 3 // 2), LARGEST_REACH)


def prices(tariff: Tariff, card: RateCard) -> list[Price]:
    """Prices at round totals, at the end of each block, and just beyond it where the total jumps."""
    ends = {start for start in card.starts[1:] if start <= LARGEST_REACH}
    steps = {start + 1 for start in ends if card.value(start + 1) - card.value(start) > max(card.slopes)}
    return [price_at(tariff, card, units) for units in sorted({*_round_steps(reach(card)), *ends, *steps})]


def price_at(tariff: Tariff, card: RateCard, units: int) -> Price:
    """What a total of so many tenths, at least one, costs exactly."""
    major = card.scale * tariff.currency.minor_units
    total = Fraction(card.value(units), major)
    return Price(units, total, total * 10 / units, Fraction(card.slopes[card.block_of(units + 1)] * 10, major))


def tenders(tariff: Tariff, card: RateCard) -> list[int]:
    """Round sums of money, in minor units, that buy what is shown."""
    most = card.value(reach(card)) // card.scale
    return _round_steps(max(most // tariff.currency.minor_units, ROWS), tariff.currency.minor_units)


def purchases(tariff: Tariff, card: RateCard, day: date) -> Iterator[Bought]:
    """What round sums of money buy as the first purchase of a month, where they can be paid."""
    for money in tenders(tariff, card):
        found = bought(tariff, day, money)
        if found:
            yield found


def bought(tariff: Tariff, day: date, money: int) -> Bought | None:
    """What a new customer gets for this money, if it can be paid."""
    try:
        sale = quote(
            tariff, CustomerState(connected_load=1000), at=datetime.combine(day, NOON, tariff.zone), money=money
        )
    except TenderRefused:
        return None
    return Bought(money, sale.units)


def _round_steps(most: int, scale: int = 1) -> list[int]:
    """About as many round numbers as a table has rows, evenly spaced up to `most`."""
    step = next(
        first * 10**power for power in range(20) for first in (1, 2, 5) if first * 10**power * ROWS * 5 // 4 >= most
    )
    return [step * row * scale for row in range(1, most // step + 1)]
