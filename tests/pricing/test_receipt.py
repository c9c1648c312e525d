"""Quotes in words and as data."""

from fractions import Fraction

import pytest

from tests.pricing.support import sell, tariff
from umbane.pricing import Line, LineKind
from umbane.pricing.receipt import as_data, detail, show_number, show_units

VAT = {"name": "vat", "label": "VAT", "percent": "15", "on": ["energy"], "included": "true"}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction("3.425"), "3.425"),
        (Fraction(15), "15"),
        (Fraction(0), "0"),
        (Fraction(10), "10"),
        (Fraction("0.000001"), "0.000001"),
        (Fraction(137, 46), "2.9783"),
        (Fraction(1, 3), "0.3333"),
        (Fraction(10**12), "1000000000000"),
    ],
)
def test_numbers(number: Fraction, text: str) -> None:
    """A number that ends is shown exactly, another to four digits."""
    assert show_number(number) == text


@pytest.mark.parametrize(("tenths", "text"), [(584, "58.4"), (5, "0.5"), (-50, "-5.0"), (0, "0.0")])
def test_units(tenths: int, text: str) -> None:
    """Tenths are shown with one digit after the point."""
    assert show_units(tenths) == text


def test_details() -> None:
    """Each line says how it came about, in words that can be checked with a pencil."""
    it = tariff(
        energy={"price": "3.425"},
        taxes=[VAT],
        charges=[{"name": "fee", "label": "Fee", "percent": "5"}, {"name": "fixed", "label": "Fixed", "amount": "10"}],
        order=["fee", "fixed", "energy"],
    )
    sale = sell(it, 20_000)
    assert [detail(line, it) for line in sale.lines] == [
        "5 % of 200.00",
        "",
        "52.5 kWh at 2.9783 (3.425 with tax)",
        "15 % of 156.36",
        "what steps of 0.1 kWh leave over",
    ]


def test_rounding_for_the_customer() -> None:
    """Rounding in the customer's favour says so."""
    line = Line(LineKind.ROUNDING, "rounding", "Rounding", -2)
    assert detail(line, tariff()) == "in your favour"


def test_free_units_in_words() -> None:
    """Free units say that they come on a token of their own."""
    line = Line(LineKind.FREE, "free_units", "Free", 0, 500, per_unit=True)
    assert detail(line, tariff()) == "50.0 kWh on a token of their own"


def test_repriced_units_in_words() -> None:
    """Units that are charged again at another price are given back at the old one, in words."""
    it = tariff(energy={"method": "whole", "blocks": [{"up_to": "10", "price": "1"}, {"price": "2"}]})
    assert detail(sell(it, units=200, purchased=50).lines[0], it) == "5.0 kWh paid before at 1, given back"


def test_surcharge_in_words() -> None:
    """A surcharge by the unit shows its price."""
    it = tariff(surcharges=[{"name": "fuel", "label": "Fuel", "basis": "unit", "value": "0.17"}])
    assert detail(sell(it, units=100).lines[1], it) == "10.0 kWh at 0.17"


def test_data() -> None:
    """As data, money and units are decimal text and rates are exact."""
    it = tariff(energy={"price": "3.425"}, taxes=[VAT], rounding={"money": "half-up", "units": "up"})
    data = as_data(sell(it, 20_000), it)
    assert (data["tender"], data["units"], data["free_units"]) == ("200.00", "58.4", "0.0")
    assert data["lines"] == [
        {
            "kind": "energy",
            "name": "block 1",
            "label": "Electricity",
            "amount": "173.93",
            "rate": "137/46",
            "base": "58.4",
        },
        {"kind": "tax", "name": "vat", "label": "VAT", "amount": "26.09", "rate": "3/20", "base": "173.93"},
        {"kind": "rounding", "name": "rounding", "label": "Rounding", "amount": "-0.02"},
    ]
