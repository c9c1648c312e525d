"""Tables of what units cost and what money buys."""

from datetime import date
from fractions import Fraction

import pytest

from tests.pricing.support import DAY, tariff
from umbane.pricing.explain import bought, day_to_show, prices, purchases, reach, tenders

BLOCKS = [{"up_to": "100", "price": "1"}, {"up_to": "400", "price": "2"}, {"price": "4"}]


def test_prices() -> None:
    """The table has round totals and the ends of blocks; average and next price follow from the blocks."""
    it = tariff(energy={"blocks": BLOCKS})
    found = {price.units: price for price in prices(it, it.card(DAY))}
    assert list(found[1_000][1:]) == [100, 1, 2]
    assert list(found[4_000][1:]) == [700, Fraction(7, 4), 4]
    assert max(found) == 6_000


def test_steps_show_both_sides() -> None:
    """Where the total jumps, both sides of the jump are shown."""
    it = tariff(energy={"blocks": BLOCKS, "method": "whole"})
    found = {price.units: price.total for price in prices(it, it.card(DAY))}
    assert found[1_000] == 100
    assert found[1_001] == Fraction("200.2")


def test_a_flat_price() -> None:
    """A flat price is shown up to what a small household uses."""
    it = tariff()
    assert reach(it.card(DAY)) == 3_000
    assert {price.average for price in prices(it, it.card(DAY))} == {2}


def test_purchases() -> None:
    """Round sums of money, and what they buy."""
    it = tariff(charges=[{"name": "s", "label": "S", "amount": "150"}], order=["s", "energy"])
    card = it.card(DAY)
    assert tenders(it, card)[-1] == 60_000
    found = {sale.money: sale.units for sale in purchases(it, card, DAY)}
    assert found[60_000] == 2_250
    assert min(found) > 15_000
    assert bought(it, DAY, 15_000) is None


def test_cheap_units() -> None:
    """Even where units cost next to nothing there is a table."""
    it = tariff(energy={"price": "0.001"})
    assert len(tenders(it, it.card(DAY))) >= 5


@pytest.mark.parametrize(
    ("today", "shown"),
    [
        (date(2019, 5, 5), date(2020, 1, 1)),
        (date(2026, 3, 12), date(2026, 3, 12)),
        (date(2030, 1, 1), date(2026, 12, 31)),
    ],
)
def test_the_day_shown(today: date, shown: date) -> None:
    """Prices are shown for today, or for the nearest day on which the tariff holds."""
    assert day_to_show(tariff(valid_until="2026-12-31"), today) == shown
