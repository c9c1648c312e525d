"""Charges, shares of the tender, arrears, free units and limits on a quote."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.pricing.support import AT, DAY, amounts, sell, tariff
from umbane.pricing import (
    AboveMaximum,
    Arrears,
    BelowMinimum,
    CustomerState,
    PricingError,
    StateError,
    Tariff,
    claim_free_units,
    free_units_due,
    payable,
    quote,
)

SERVICE = {"name": "service", "label": "Service", "amount": "10.00"}
VAT = {"name": "vat", "label": "VAT", "percent": "15", "on": ["energy", "service"]}


def charged(**changes: Any) -> Tariff:  # noqa: ANN401 - whatever a charge may hold
    """A tariff with a charge of 10.00 a month."""
    return tariff(charges=[{**SERVICE, **changes}], order=["service", "energy"])


def service(it: Tariff, **state: Any) -> int:  # noqa: ANN401 - whatever a state may hold
    """What is taken for the charge from a large purchase."""
    return sell(it, 100_000, **state).amount("service")


# ------------------------------------------------------------------------------------------------------------ charges


def test_a_charge_comes_with_the_first_purchase() -> None:
    """A monthly charge is taken with the first purchase of the month, and not with the second."""
    first = sell(charged(), 5_000)
    assert amounts(first) == {"service": 1_000, "block 1": 4_000}
    assert first.state.charged_on == DAY
    assert amounts(quote(charged(), first.state, at=AT, money=5_000)) == {"block 1": 5_000}


def test_missed_months_accrue() -> None:
    """Months without a purchase are charged with the next one."""
    assert service(charged(), charged_on=date(2025, 12, 31)) == 3_000


def test_missed_months_may_be_forgiven() -> None:
    """A charge that doesn't accrue is due for one month, however long ago the last purchase was."""
    assert service(charged(accrues=False), charged_on=date(2025, 12, 31)) == 1_000


def test_accrual_is_capped() -> None:
    """No more periods are charged at once than the tariff says."""
    assert service(charged(at_most=6), charged_on=date(2020, 1, 1)) == 6_000
    assert service(charged(at_most=6), charged_on=date(2026, 2, 1), unpaid_charges=(("service", 5_900),)) == 6_000


@pytest.mark.parametrize(("charged_on", "due"), [(None, 1_000), (DAY, 0), (date(2026, 3, 2), 10_000)])
def test_a_charge_by_the_day(charged_on: date | None, due: int) -> None:
    """A daily charge is due for each day since the last."""
    assert service(charged(every="day"), charged_on=charged_on) == due


def test_a_charge_by_the_purchase() -> None:
    """A charge by the purchase is due with every one."""
    assert service(charged(every="purchase"), charged_on=DAY) == 1_000


def test_a_charge_by_the_kilowatt() -> None:
    """A charge by the kilowatt goes with the connected load."""
    it = charged(per_kilowatt=True)
    assert service(it, connected_load=2_500) == 2_500
    with pytest.raises(StateError, match=r"connected_load: is needed by charges\.service"):
        service(it)


def test_a_late_sale_charges_nothing_again() -> None:
    """A sale that arrives late doesn't set back the day up to which charges are paid."""
    state = CustomerState(charged_on=date(2026, 3, 20))
    sale = quote(charged(), state, at=AT, money=5_000)
    assert sale.amount("service") == 0
    assert sale.state.charged_on == date(2026, 3, 20)
    assert service(charged(every="day"), charged_on=date(2026, 3, 20)) == 0


def test_taxes_on_a_charge() -> None:
    """A tax on a charge is taken with it, and stands on one line with the tax on energy."""
    it = tariff(charges=[SERVICE], taxes=[VAT], order=["service", "energy"])
    sale = sell(it, 1_150 + 2_300)
    assert amounts(sale) == {"service": 1_000, "block 1": 2_000, "vat": 450}


def test_a_charge_that_contains_its_tax() -> None:
    """A charge may contain its tax, as a price may."""
    it = tariff(
        charges=[{**SERVICE, "amount": "11.50"}], taxes=[{**VAT, "included": True}], order=["service", "energy"]
    )
    assert amounts(sell(it, 1_150 + 2_300))["service"] == 1_000


def test_a_percentage_of_the_money() -> None:
    """A fee of 5 % is taken from the money that reaches it, with its tax: 5.75 of 100.00."""
    fee = {"name": "fee", "label": "Fee", "percent": "5"}
    it = tariff(charges=[fee], taxes=[{**VAT, "on": ["fee"]}], order=["fee", "energy"])
    sale = sell(it, 10_000)
    assert amounts(sale) == {"fee": 500, "vat": 75, "block 1": 9_420, "rounding": 5}
    assert (sale.lines[0].base, sale.lines[0].rate) == (10_000, it.tender_shares["fee"].rate)


def test_a_tax_on_the_tender() -> None:
    """A tax on the tender is its share of it, taken where the order says."""
    taxes = [{"name": "ppj", "label": "PPJ", "percent": "3", "on": ["tender"]}]
    first = tariff(taxes=taxes, charges=[SERVICE], order=["ppj", "service", "energy"])
    last = tariff(taxes=taxes, charges=[SERVICE], order=["service", "ppj", "energy"])
    assert sell(first, 50_000).amount("ppj") == 1_500
    assert sell(last, 50_000).amount("ppj") == 1_470


def test_lines_follow_the_order() -> None:
    """The lines stand in the declared order: deductions, energy, taxes, rounding."""
    it = tariff(
        charges=[SERVICE],
        taxes=[VAT, {"name": "ppj", "label": "PPJ", "percent": "3", "on": ["tender"]}],
        arrears=[{"name": "loan", "label": "Loan", "method": "all"}],
        order=["ppj", "arrears", "service", "energy"],
    )
    sale = sell(it, 50_000, arrears=(Arrears("loan", 100),))
    assert [line.name for line in sale.lines] == ["ppj", "loan", "service", "block 1", "vat", "rounding"]


# ------------------------------------------------------------------------------------------------------------ ceiling


def capped() -> Tariff:
    """At most half of a purchase goes to the charge, as City Power Johannesburg has declared since July 2024.

    Sources: thesouthafrican.com, statement of 2025-01-20 (R1200 owed, R100 paid, at most R50 taken); sowetanlive.co.za,
    2024-07-02 (R200 paid, R100 taken).
    """
    basic = {"name": "basic", "label": "Basic charge", "amount": "200.00"}
    return tariff(charges=[basic], order=["basic", "energy"], ceiling={"percent": "50", "of": ["basic"]})


@pytest.mark.parametrize(
    ("owed", "money", "taken"), [(120_000, 10_000, 5_000), (20_000, 50_000, 20_000), (20_000, 20_000, 10_000)]
)
def test_no_more_than_half(owed: int, money: int, taken: int) -> None:
    """Under a ceiling of 50 %, the published cases: 50 of 100 for 1200 owed, 200 of 500 and 100 of 200 for 200 owed."""
    sale = sell(capped(), money, charged_on=DAY, unpaid_charges=(("basic", owed),))
    assert sale.amount("basic") == taken
    assert dict(sale.state.unpaid_charges).get("basic", 0) == owed - taken


def test_what_was_left_unpaid_is_due_next() -> None:
    """What the ceiling left unpaid is taken from the next purchase."""
    first = sell(capped(), 20_000)
    second = quote(capped(), first.state, at=AT, money=50_000)
    assert (first.amount("basic"), second.amount("basic")) == (10_000, 10_000)
    assert second.state.unpaid_charges == ()


def test_unpaid_charges_of_another_tariff_stay() -> None:
    """A charge that this tariff doesn't know isn't taken and isn't forgotten."""
    assert sell(capped(), 50_000, unpaid_charges=(("old", 500),)).state.unpaid_charges == (("old", 500),)


# ------------------------------------------------------------------------------------------------------------ arrears

RULES = [
    {"name": "fine", "label": "Fine", "method": "instalment", "instalment": "50.00"},
    {"name": "loan", "label": "Loan", "method": "percent", "percent": "20"},
    {"name": "theft", "label": "Theft", "method": "all"},
]


def collecting(*rules: dict[str, Any]) -> Tariff:
    """A tariff that collects arrears."""
    return tariff(arrears=list(rules), order=["arrears", "energy"])


def collected(it: Tariff, money: int, *arrears: Arrears) -> dict[str, int]:
    """What is collected of each debt."""
    taken = amounts(sell(it, money, arrears=arrears))
    return {debt.kind: taken.get(debt.kind, 0) for debt in arrears}


def test_a_percentage_of_each_purchase() -> None:
    """20 % of each purchase goes to the debt, until nothing is owed."""
    assert collected(collecting(*RULES), 10_000, Arrears("loan", 50_000)) == {"loan": 2_000}
    assert collected(collecting(*RULES), 10_000, Arrears("loan", 1_500)) == {"loan": 1_500}


def test_an_instalment_a_period() -> None:
    """An instalment is collected once a period; what was missing is collected by the next purchase."""
    it = collecting(*RULES)
    first = sell(it, 10_000, arrears=(Arrears("fine", 12_000),))
    assert first.state.arrears == (Arrears("fine", 7_000, paid=5_000),)
    again = quote(it, first.state, at=AT, money=10_000)
    assert again.amount("fine") == 0
    april = quote(it, again.state, at=datetime(2026, 4, 1, 9, tzinfo=UTC), money=10_000)
    assert april.amount("fine") == 5_000
    assert april.state.arrears == (Arrears("fine", 2_000, paid=5_000),)


def test_a_debt_of_the_last_period_starts_again() -> None:
    """What was paid in the last period is forgotten even if nothing is collected in this one."""
    state = CustomerState(period_start=date(2026, 2, 1), arrears=(Arrears("fine", 500, paid=5_000, frozen=True),))
    assert quote(collecting(*RULES), state, at=AT, money=10_000).state.arrears == (Arrears("fine", 500, frozen=True),)


def test_all_of_a_debt_first() -> None:
    """A debt that comes first takes all it needs, and a smaller purchase is refused."""
    it = collecting(*RULES)
    assert collected(it, 10_000, Arrears("theft", 9_000)) == {"theft": 9_000}
    with pytest.raises(BelowMinimum, match=r"at least 90\.20 ZAR"):
        sell(it, 9_000, arrears=(Arrears("theft", 9_000),))


def test_priority() -> None:
    """The tariff's order of rules is the order of priority, whatever the order of the debts."""
    it = tariff(arrears=[RULES[2], RULES[1]], order=["arrears", "energy"], limits={"purchase": {"min_units": "0"}})
    sale = sell(it, 10_000, arrears=(Arrears("loan", 50_000), Arrears("theft", 9_500)))
    assert [line.name for line in sale.lines[:2]] == ["theft", "loan"]
    assert amounts(sale) == {"theft": 9_500, "loan": 500}


def test_debts_of_one_kind() -> None:
    """Several debts of one kind keep the customer's order, whatever their arrangements."""
    debts = (Arrears("loan", 900, instalment=500), Arrears("loan", 800), Arrears("loan", 700, percent=1))
    sale = sell(collecting(*RULES), 10_000, arrears=debts)
    assert [line.amount for line in sale.lines[:3]] == [500, 800, 100]


def test_caps() -> None:
    """A debt may be capped by the purchase and by the period."""
    capped_rule = {**RULES[2], "at_most_per_purchase": "30.00", "at_most_per_period": "40.00"}
    it = collecting(capped_rule)
    first = sell(it, 10_000, arrears=(Arrears("theft", 90_000),))
    second = quote(it, first.state, at=AT, money=10_000)
    third = quote(it, second.state, at=AT, money=10_000)
    assert [sale.amount("theft") for sale in (first, second, third)] == [3_000, 1_000, 0]


def test_a_frozen_debt() -> None:
    """Nothing is collected of a frozen debt."""
    sale = sell(collecting(*RULES), 10_000, arrears=(Arrears("loan", 5_000, frozen=True),))
    assert amounts(sale) == {"block 1": 10_000}
    assert sale.state.arrears == (Arrears("loan", 5_000, frozen=True),)


@pytest.mark.parametrize(
    ("debt", "taken"),
    [
        (Arrears("loan", 50_000, percent="33.3333"), 3_333),
        (Arrears("loan", 50_000, instalment=700), 700),
        (Arrears("loan", 50_000, percent=10, instalment=700), 700),
        (Arrears("loan", 50_000, percent=0), 0),
        (Arrears("other", 50_000, percent=50), 5_000),
        (Arrears("other", 50_000, instalment=0), 0),
    ],
)
def test_an_arrangement_of_its_own(debt: Arrears, taken: int) -> None:
    """A customer's own arrangement goes before the tariff's rule, and does without one."""
    assert collected(collecting(*RULES), 10_000, debt) == {debt.kind: taken}


def test_a_debt_without_a_rule() -> None:
    """A debt that the tariff has no rule for, and that has no arrangement, is refused."""
    with pytest.raises(StateError, match="no rule for debts of the kind 'other'"):
        sell(collecting(*RULES), 10_000, arrears=(Arrears("other", 5),))


def test_a_tariff_that_collects_none() -> None:
    """Debts under a tariff whose order has no arrears are refused, not forgotten."""
    with pytest.raises(StateError, match="collects none"):
        sell(tariff(), 10_000, arrears=(Arrears("loan", 5, percent=5),))


# --------------------------------------------------------------------------------------------------------- free units


def giving(**changes: Any) -> Tariff:  # noqa: ANN401 - whatever free units may hold
    """A tariff with 50 free units a month."""
    return tariff(free_units={"units": "50", "label": "Free basic electricity", **changes})


ENTITLED = CustomerState(free_from=date(2026, 1, 1), free_until=date(2026, 12, 31))


def test_free_units_come_with_the_first_purchase() -> None:
    """Free units come once a month, on a token of their own, and don't count as bought."""
    first = quote(giving(), ENTITLED, at=AT, money=2_000)
    assert (first.units, first.free_units) == (100, 500)
    assert first.lines[-1].label == "Free basic electricity"
    assert first.state.purchased == 100
    second = quote(giving(), first.state, at=AT, money=2_000)
    assert second.free_units == 0
    assert quote(giving(), second.state, at=datetime(2026, 4, 1, tzinfo=UTC), money=2_000).free_units == 500


def test_free_units_may_count() -> None:
    """Where the tariff says so, free units count toward the blocks."""
    assert quote(giving(counts_toward_blocks=True), ENTITLED, at=AT, money=2_000).state.purchased == 600


@pytest.mark.parametrize(
    "state",
    [
        CustomerState(),
        CustomerState(free_from=date(2026, 3, 13)),
        CustomerState(free_from=date(2026, 1, 1), free_until=date(2026, 3, 11)),
        CustomerState(free_from=date(2026, 1, 1), free_claimed_on=date(2026, 3, 1)),
    ],
)
def test_who_gets_none(state: CustomerState) -> None:
    """Nobody gets free units outside the dates of entitlement, or twice in a month."""
    assert free_units_due(giving(), state, at=AT) == 0
    assert quote(giving(), state, at=AT, money=2_000).free_units == 0
    with pytest.raises(PricingError, match="free_units: nothing to claim"):
        claim_free_units(giving(), state, at=AT)


def test_free_units_on_request() -> None:
    """Free units on request don't come with a purchase; they are claimed, once."""
    it = giving(claim="on-request", counts_toward_blocks=True)
    assert quote(it, ENTITLED, at=AT, money=2_000).free_units == 0
    assert free_units_due(it, ENTITLED, at=AT) == 500
    claimed = claim_free_units(it, ENTITLED, at=AT)
    assert (claimed.tender, claimed.units, claimed.free_units) == (0, 0, 500)
    assert claimed.state.purchased == 500
    assert free_units_due(it, claimed.state, at=AT) == 0


def test_a_claim_keeps_debts() -> None:
    """A claim collects nothing and charges nothing."""
    it = tariff(
        free_units={"units": "50", "label": "Free"},
        charges=[SERVICE],
        arrears=RULES,
        order=["arrears", "service", "energy"],
    )
    state = CustomerState(free_from=DAY, arrears=(Arrears("loan", 500),))
    claimed = claim_free_units(it, state, at=AT)
    assert claimed.state.arrears == state.arrears
    assert claimed.state.charged_on is None


def test_no_free_units() -> None:
    """A tariff without free units has none to claim."""
    with pytest.raises(PricingError, match="nothing to claim"):
        claim_free_units(tariff(), ENTITLED, at=AT)


# ------------------------------------------------------------------------------------------------------------- limits


def limited(purchase: dict[str, Any] | None = None, period: dict[str, Any] | None = None) -> Tariff:
    """A tariff with limits."""
    return tariff(limits={"purchase": purchase or {}, "period": period or {}})


def test_the_least_is_what_is_due_and_a_tenth() -> None:
    """The least purchase pays what is due and 0.1 unit."""
    assert payable(charged(), CustomerState(), at=AT).minimum == 1_020
    with pytest.raises(BelowMinimum, match=r"10\.19 ZAR doesn't cover .* at least 10\.20 ZAR"):
        sell(charged(), 1_019)


@pytest.mark.parametrize(
    ("it", "least", "most"),
    [
        (limited({"min_money": "5"}), 500, None),
        (limited({"min_units": "2"}), 400, None),
        (limited({"max_money": "90"}), None, 9_000),
        (limited({"max_units": "40"}), None, 8_000),
        (limited(period={"max_units": "50"}), None, 8_000),
        (limited(period={"max_money": "100"}), None, 8_000),
        (limited(period={"hours_of_load": "50"}), None, 8_000),
    ],
)
def test_limits(it: Tariff, least: int | None, most: int | None) -> None:
    """Each limit holds to the last cent, with 10 units bought for 20.00 before."""
    state = CustomerState(purchased=100, spent=2_000, connected_load=1_000)
    limits = payable(it, state, at=AT)
    if least:
        assert limits.minimum == least
        with pytest.raises(BelowMinimum):
            quote(it, state, at=AT, money=least - 1)
    if most:
        assert limits.maximum == most
        with pytest.raises(AboveMaximum, match=r"at most 80\.00 ZAR|at most 90\.00 ZAR"):
            quote(it, state, at=AT, money=most + 1)
    assert quote(it, state, at=AT, money=least or most).payable == limits


@pytest.mark.parametrize("period", [{"max_units": "10"}, {"max_money": "20"}])
def test_nothing_more_this_period(period: dict[str, Any]) -> None:
    """When the period's limit is reached, nothing can be sold before the next."""
    with pytest.raises(AboveMaximum, match="nothing more can be sold in this period; the next period") as refusal:
        sell(limited(period=period), 100, purchased=100, spent=2_000)
    assert refusal.value.payable.maximum < refusal.value.payable.minimum


def test_a_load_is_needed() -> None:
    """A limit by the load needs the load."""
    with pytest.raises(StateError, match="connected_load"):
        sell(limited(period={"hours_of_load": "720"}), 100)


def test_what_one_token_holds() -> None:
    """No purchase holds more than one STS token can: 1 820 162.4 units."""
    most = sell(tariff(), 364_032_480)
    assert most.units == 18_201_624
    with pytest.raises(AboveMaximum):
        sell(tariff(), 364_032_481)


def test_paying_debts_alone() -> None:
    """Where a purchase may hold no units, all of it may go to a debt."""
    it = tariff(
        limits={"purchase": {"min_units": "0"}},
        arrears=[RULES[2]],
        charges=[SERVICE],
        order=["arrears", "service", "energy"],
    )
    sale = sell(it, 300, arrears=(Arrears("theft", 9_000),))
    assert amounts(sale) == {"theft": 300}
    assert sale.units == 0
    assert sale.state.unpaid_charges == (("service", 1_000),)
