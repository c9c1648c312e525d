"""What a tariff means, in figures: the price against units, and the units that money buys."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, time
from fractions import Fraction
from typing import Final, NamedTuple

from umbane.pricing.quoting import quote
from umbane.pricing.rates import RateCard
from umbane.pricing.state import CustomerState
from umbane.pricing.tariff import LARGEST_TOKEN, Tariff
from umbane.pricing.errors import TenderRefused

__all__ = ["Bought", "Price", "day_to_show", "prices", "purchases", "reach"]

ROUND: Final = (1, 2, 5)
"""First digits of round numbers."""
FEWEST: Final = 100
"""Tenths: no table shows less than the first 10 units."""


class Price(NamedTuple):
    """What a total of units costs within one period, without charges and arrears; money in major units."""

    units: int
    """Tenths."""
    total: Fraction
    average: Fraction
    """Of a unit."""
    marginal: Fraction
    """Of the next unit."""


class Bought(NamedTuple):
    """What a first purchase of the month buys."""

    money: int
    """Minor units."""
    units: int
    """Tenths."""
    energy: int
    """Minor units that went to energy, with its surcharges and taxes."""


def day_to_show(tariff: Tariff, today: date) -> date:
    """Today if the tariff is in force, else its nearest day."""
    return min(max(today, tariff.valid_from), tariff.document.last_day())


def reach(tariff: Tariff, day: date) -> int:
    """Tenths up to which a table or picture should go: somewhat beyond the last block's start."""
    last = _card(tariff, day).starts[-1]
    return max(2000, last * 3 // 2)


def prices(tariff: Tariff, day: date) -> Iterator[Price]:
    """Prices at the ends of blocks, a tenth beyond them where the price jumps, and at round numbers between."""
    card = _card(tariff, day)
    for units in sorted({*_round_numbers(reach(tariff, day)), *card.starts[1:], *_beyond_steps(card)}):
        yield price_at(tariff, card, units)


def price_at(tariff: Tariff, card: RateCard, units: int) -> Price:
    """What a total costs, exactly."""
    scale = card.scale * tariff.currency.minor_units
    total = Fraction(card.value(units), scale)
    following = min(bisect_left(card.starts, units + 1) - 1, len(card.slopes) - 1)
    return Price(units, total, total * 10 / units, Fraction(card.slopes[following] * 10, scale))


def purchases(tariff: Tariff, day: date) -> Iterator[Bought]:
    """What round sums of money buy as the first purchase of a month."""
    at = datetime.combine(day, time(12), tariff.zone)
    card = _card(tariff, day)
    most = card.value(reach(tariff, day)) // card.scale
    for money in _round_numbers(max(most, 10)):
        try:
            sale = quote(tariff, CustomerState(), at=at, money=money)
        except TenderRefused:
            continue
        yield Bought(money, sale.units, money)


def _card(tariff: Tariff, day: date) -> RateCard:
    return tariff.card(day)


def _beyond_steps(card: RateCard) -> Iterator[int]:
    for place in range(1, len(card.starts)):
        if card.levels[place] > card.value(card.starts[place]):
            yield card.starts[place] + 1


def _round_numbers(most: int) -> list[int]:
    """1, 2, 5, 10, 20, 50 ... up to a number; only the upper part of them is of interest."""
    numbers = [first * 10**power for power in range(16) for first in ROUND]
    return [number for number in numbers if most // 100 < number <= most]


_ = LARGEST_TOKEN, FEWEST
