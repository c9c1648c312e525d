"""Energy, surcharges and taxes on a quote."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from tests.pricing.support import AT, amounts, sell, tariff
from umbane.pricing import CustomerState, LineKind, MissingValue, PricingError, price_of, quote

BLOCKS = [{"up_to": "10", "price": "1"}, {"up_to": "20", "price": "2"}, {"price": "4"}]
VAT = {"name": "vat", "label": "VAT", "percent": "15", "on": ["energy"]}


def test_flat() -> None:
    """At 2.00 a unit, 200.00 buys 100 units, and the line says how."""
    sale = sell(tariff(), 20_000)
    assert sale.units == 1_000
    [line] = sale.lines
    assert (line.kind, line.label, line.amount, line.base, line.rate) == (
        LineKind.ENERGY,
        "Electricity",
        20_000,
        1_000,
        Fraction(2),
    )


def test_marginal_blocks() -> None:
    """Each unit costs the price of the block it falls in, counted from what was bought in the period."""
    it = tariff(energy={"blocks": BLOCKS})
    sale = sell(it, 5_000, purchased=50)
    assert amounts(sale) == {"block 1": 500, "block 2": 2_000, "block 3": 2_480, "rounding": 20}
    assert sale.units == 50 + 100 + 62
    assert sale.state.purchased == 50 + 212


def test_flat_blocks_are_flat() -> None:
    """A purchase inside the last block sees only its price."""
    assert amounts(sell(tariff(energy={"blocks": BLOCKS}), 400, purchased=5_000)) == {"block 3": 400}


def test_whole_blocks_line_by_line() -> None:
    """15 units more after 5 units at 1.00 make 20 at 2.00: 40.00 less the 5.00 already paid."""
    sale = sell(tariff(energy={"method": "whole", "blocks": BLOCKS}), 3_500, purchased=50)
    assert [(line.name, line.base, line.amount) for line in sale.lines] == [
        ("block 1", -50, -500),
        ("block 2", 200, 4_000),
    ]
    assert sale.units == 150


def test_money_before_a_step_is_carried() -> None:
    """Money that doesn't reach over a step buys the units before it; the rest is for the next purchase."""
    it = tariff(energy={"method": "whole", "blocks": BLOCKS})
    first = sell(it, 1_500)
    assert first.units == 100
    assert amounts(first) == {"block 1": 1_000, "credit_carried": 500}
    assert first.state.credit == 500
    second = quote(it, first.state, at=AT, money=700)
    assert amounts(second) == {"block 1": -1_000, "block 2": 2_200, "credit_used": -500}
    assert second.units == 10
    assert second.state.credit == 0


def test_mixed_blocks() -> None:
    """One block may reprice and the next one not: the second makes all before it 2.00, the third only adds."""
    blocks = [BLOCKS[0], {**BLOCKS[1], "reprices": True}, BLOCKS[2]]
    it = tariff(energy={"blocks": blocks})
    assert price_of(it, at=AT, purchased=0, units=100) == 1_000
    assert price_of(it, at=AT, purchased=0, units=200) == 4_000
    assert price_of(it, at=AT, purchased=0, units=210) == 4_400
    assert price_of(it, at=AT, purchased=100, units=100) == 3_000


def test_an_entry_amount_is_due_once() -> None:
    """An amount for entering a block is charged when the total enters it, and not again in the period."""
    entry = {"name": "step", "label": "Larger service charge", "amount": "5"}
    it = tariff(energy={"blocks": [BLOCKS[0], {"price": "1", "entry": entry}]}, taxes=[{**VAT, "on": ["step"]}])
    sale = sell(it, units=150)
    assert amounts(sale) == {"block 1": 1_000, "block 2": 500, "step": 500, "vat": 75}
    assert amounts(quote(it, sale.state, at=AT, units=10)) == {"block 2": 100}


def test_free_first_block() -> None:
    """A block may cost nothing: a purchase gets it on top."""
    it = tariff(energy={"blocks": [{"up_to": "5", "price": "0"}, {"price": "1"}]})
    assert sell(it, 100).units == 60
    assert sell(it, 100, purchased=20).units == 40


def test_an_entry_after_a_free_block() -> None:
    """Money that doesn't reach over a step buys all of a free block before it."""
    entry = {"name": "step", "label": "Step", "amount": "5"}
    it = tariff(energy={"blocks": [{"up_to": "5", "price": "0"}, {"price": "1", "entry": entry}]})
    sale = sell(it, 100)
    assert (sale.units, sale.state.credit) == (50, 100)


@pytest.mark.parametrize(("rule", "units"), [("down", 583), ("half-up", 584), ("up", 584)])
def test_unit_rules(rule: str, units: int) -> None:
    """58.394 units are rounded by the declared rule, and the rounding line says what it is worth."""
    sale = sell(tariff(energy={"price": "3.425"}, rounding={"money": "half-up", "units": rule}), 20_000)
    assert sale.units == units
    assert sale.amount("rounding") == 20_000 - sale.amount("energy")
    assert (sale.amount("rounding") < 0) == (units == 584)


@pytest.mark.parametrize(("rule", "amount"), [("half-up", 3), ("half-even", 2), ("up", 3), ("down", 2)])
def test_money_rules(rule: str, amount: int) -> None:
    """A tax of 2.5 cents is rounded by the declared rule."""
    taxes = [{**VAT, "percent": "12.5"}]
    it = tariff(energy={"price": "2"}, taxes=taxes, rounding={"money": rule, "units": "up"})
    assert sell(it, units=1).amount("vat") == amount


def test_taxes_compound_in_order() -> None:
    """Excise on energy, VAT on energy and excise: 3 % and 16 % make 1.03 × 1.16."""
    taxes = [
        {"name": "excise", "label": "Excise", "percent": "3", "on": ["energy"]},
        {"name": "vat", "label": "VAT", "percent": "16", "on": ["energy", "excise"]},
    ]
    it = tariff(energy={"price": "1.00"}, taxes=taxes)
    assert price_of(it, at=AT, purchased=0, units=10) == 100 * Fraction("1.1948")
    assert amounts(sell(it, 11_948)) == {"block 1": 10_000, "excise": 300, "vat": 1_648}


def test_included_tax() -> None:
    """A price that contains VAT is split: 90.00 is 78.26 and 11.74."""
    sale = sell(tariff(energy={"price": "1"}, taxes=[{**VAT, "included": True}]), 9_000)
    assert amounts(sale) == {"block 1": 7_826, "vat": 1_174}
    assert sale.units == 900


def test_included_and_added() -> None:
    """A tax in the price and one on top of it: 1.10 contains 10 %, and 5 % comes on the whole."""
    taxes = [
        {"name": "gst", "label": "GST", "percent": "10", "on": ["energy"], "included": True},
        {"name": "levy", "label": "Levy", "percent": "5", "on": ["energy", "gst"]},
    ]
    it = tariff(energy={"price": "1.10"}, taxes=taxes)
    assert price_of(it, at=AT, purchased=0, units=10) == Fraction("115.5")
    assert amounts(sell(it, 11_550)) == {"block 1": 10_000, "gst": 1_000, "levy": 550}


def test_tax_on_one_block() -> None:
    """A tax may stand on a named block alone."""
    blocks = [BLOCKS[0], {"price": "2", "name": "luxury"}]
    it = tariff(energy={"blocks": blocks}, taxes=[{**VAT, "on": ["luxury"]}])
    assert "vat" not in amounts(sell(it, 1_000))
    assert sell(it, units=200).amount("vat") == 300


def test_surcharges() -> None:
    """A surcharge by the unit, one by the hundred, and a rebate."""
    surcharges = [
        {"name": "fuel", "label": "Fuel", "basis": "unit", "value": "0.50"},
        {"name": "green", "label": "Green", "basis": "percent", "on": ["energy", "fuel"], "value": "10"},
        {"name": "prepaid", "label": "Rebate", "basis": "percent", "on": ["energy"], "value": "1", "rebate": True},
    ]
    sale = sell(tariff(surcharges=surcharges), units=100)
    assert amounts(sale) == {"block 1": 2_000, "fuel": 500, "green": 250, "prepaid": -20}
    assert [line.kind for line in sale.lines[1:]] == [LineKind.SURCHARGE] * 3


def monthly(**changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever a surcharge may hold
    """A fuel charge with values for January and March 2026."""
    values = {"2026-01": "0.10", "2026-03": "0.30"}
    return [{"name": "fuel", "label": "Fuel", "basis": "unit", "values": values, **changes}]


def fuel(month: int, **changes: Any) -> int:  # noqa: ANN401 - whatever a surcharge may hold
    """What the fuel charge of 10 units comes to in a month of 2026."""
    at = datetime(2026, month, 20, tzinfo=UTC)
    return quote(tariff(surcharges=monthly(**changes)), CustomerState(), at=at, units=100).amount("fuel")


def test_a_value_a_month() -> None:
    """A surcharge has the value of its month."""
    assert (fuel(1), fuel(3)) == (100, 300)


def test_lag() -> None:
    """With a lag of one month, the value of January applies in February."""
    assert (fuel(2, lag_months=1), fuel(4, lag_months=1)) == (100, 300)


def test_carried_forward() -> None:
    """Carried forward, a value goes on until the next."""
    assert [fuel(month, carry_forward=True) for month in (1, 2, 3, 4, 12)] == [100, 100, 300, 300, 300]


@pytest.mark.parametrize(
    ("month", "changes", "missing"),
    [(2, {}, "2026-02"), (4, {}, "2026-04"), (1, {"lag_months": 1}, "2025-12"), (3, {"lag_months": 1}, "2026-02")],
)
def test_a_missing_month(month: int, changes: dict[str, Any], missing: str) -> None:
    """A month without a value can't be sold in, and the error names surcharge and month."""
    with pytest.raises(MissingValue, match=rf"surcharges\.fuel: there is no value for {missing}"):
        fuel(month, **changes)


def test_nothing_before_the_first_value() -> None:
    """Nothing is carried into months before the first value."""
    at = datetime(2025, 12, 31, 12, tzinfo=UTC)
    it = tariff(surcharges=monthly(carry_forward=True))
    with pytest.raises(MissingValue, match="2025-12"):
        quote(it, CustomerState(), at=at, units=100)


def test_the_day_is_local() -> None:
    """The month is that of the tariff's time zone: 23:00 UTC on 31 March is April in Johannesburg."""
    it = tariff(surcharges=monthly())
    with pytest.raises(MissingValue, match="2026-04"):
        quote(it, CustomerState(), at=datetime(2026, 3, 31, 23, tzinfo=UTC), units=100)


def test_a_new_period_starts_at_nothing() -> None:
    """On the first of the month the count of bought units starts again."""
    it = tariff(energy={"blocks": BLOCKS})
    february = quote(it, CustomerState(), at=datetime(2026, 2, 20, tzinfo=UTC), units=150)
    march = quote(it, february.state, at=AT, units=10)
    assert amounts(march) == {"block 1": 100}
    assert march.state.purchased == 10
    assert march.state.spent == 100


def test_rolling_period() -> None:
    """A rolling period of 30 days goes across the end of the month."""
    it = tariff(energy={"blocks": BLOCKS}, period={"kind": "rolling", "days": 30})
    first = quote(it, CustomerState(), at=datetime(2026, 2, 20, tzinfo=UTC), units=150)
    assert first.state.period_start == datetime(2026, 2, 20, tzinfo=UTC).date()
    assert quote(it, first.state, at=AT, units=10).state.purchased == 160


def test_water() -> None:
    """Water is sold by the cubic metre."""
    it = tariff(resource="water")
    assert it.unit == "m³"
    assert sell(it, units=10).lines[0].label == "Water"


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "200", True, None, 10**16, 10**4000])
def test_impossible_money(wrong: Any) -> None:  # noqa: ANN401 - that is the point
    """Money that is no positive whole number is refused by name."""
    with pytest.raises(PricingError, match="money"):
        sell(tariff(), wrong)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "200", True, 10**9])
def test_impossible_units(wrong: Any) -> None:  # noqa: ANN401 - that is the point
    """Units that no token could hold are refused by name."""
    with pytest.raises(PricingError, match="units"):
        sell(tariff(), units=wrong)


def test_money_and_units() -> None:
    """A purchase is by money or by units, never by both."""
    with pytest.raises(PricingError, match="one of the two"):
        sell(tariff(), 100, units=5)


@pytest.mark.parametrize("at", [AT.replace(tzinfo=None), AT.date(), None, "2026-03-12"])
def test_a_moment_has_a_zone(at: Any) -> None:  # noqa: ANN401 - that is the point
    """A moment without a time zone is refused."""
    with pytest.raises(PricingError, match="time zone"):
        quote(tariff(), CustomerState(), at=at, money=100)


def test_the_edge_of_the_calendar() -> None:
    """A moment that has no local day is refused."""
    with pytest.raises(PricingError, match="edge of the calendar"):
        quote(tariff(), CustomerState(), at=datetime.max.replace(tzinfo=UTC), money=100)


def test_outside_the_dates() -> None:
    """A purchase outside the tariff's dates is refused with the dates."""
    it = tariff(valid_until="2025-12-31")
    with pytest.raises(PricingError, match="it holds from 2020-01-01 to 2025-12-31"):
        sell(it, 100)
    with pytest.raises(PricingError, match="2020-01-01 to further notice"):
        quote(tariff(), CustomerState(), at=datetime(2019, 12, 31, tzinfo=UTC), money=100)
