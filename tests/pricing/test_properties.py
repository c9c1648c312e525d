"""What must hold for every tariff, every customer and every purchase."""

from fractions import Fraction
from functools import partial

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.pricing.support import AT, energy_tariffs, refusal, states, tariffs
from umbane.pricing import CustomerState, LineKind, Quote, Tariff, TenderRefused, payable, price_of, quote

MONEY = st.integers(1, 400_000)


def sold(tariff: Tariff, state: CustomerState, **purchase: int) -> Quote:
    """A quote, or another try with other values if this purchase can't be made."""
    try:
        return quote(tariff, state, at=AT, **purchase)
    except TenderRefused:
        assume(False)  # noqa: FBT003 - the one thing that assume takes
        raise


def rounding(sale: Quote) -> int:
    """The rounding line of a quote."""
    return sale.amount("rounding")


def per_tenth(tariff: Tariff) -> Fraction:
    """The dearest tenth of a unit, in minor units, with all that is on it, steps left out."""
    card = tariff.card(AT.date())
    return Fraction(max(card.slopes), card.scale)


@given(tariff=tariffs(), state=states(), money=MONEY)
def test_lines_sum_to_the_tender(tariff: Tariff, state: CustomerState, money: int) -> None:
    """The lines of a quote sum to the tender, to the last minor unit."""
    sale = sold(tariff, state, money=money)
    assert sum(line.amount for line in sale.lines) == sale.tender == money


@given(tariff=tariffs(), state=states(), money=MONEY)
def test_rounding_is_small(tariff: Tariff, state: CustomerState, money: int) -> None:
    """The rounding line is less than the price of 0.1 unit and one minor unit for each line."""
    sale = sold(tariff, state, money=money)
    assert abs(rounding(sale)) <= per_tenth(tariff) + 2 * len(sale.lines) + 2


@given(tariff=tariffs(), state=states(), money=MONEY, more=st.integers(0, 5_000))
def test_more_money_never_buys_less(tariff: Tariff, state: CustomerState, money: int, more: int) -> None:
    """A greater tender buys at least as many units, blocks with steps included."""
    assert sold(tariff, state, money=money + more).units >= sold(tariff, state, money=money).units


@given(tariff=tariffs(), state=states(), units=st.integers(1, 6_000))
def test_units_to_money_and_back(tariff: Tariff, state: CustomerState, units: int) -> None:
    """The money asked for units buys these units, and no more than a minor unit's worth beyond them."""
    asked = sold(tariff, state, units=units)
    assert asked == quote(tariff, state, at=AT, money=asked.tender)
    cheapest = Fraction(min(tariff.card(AT.date()).slopes), tariff.card(AT.date()).scale)
    assert units <= asked.units <= units + 1 / cheapest + 1
    if cheapest > 2:
        assert asked.units == units


@given(tariff=tariffs(), state=states(), units=st.integers(1, 6_000))
def test_units_cost_the_least(tariff: Tariff, state: CustomerState, units: int) -> None:
    """One minor unit less than the money asked for units either leaves less for energy or can't be paid."""
    asked = sold(tariff, state, units=units)
    assume(tariff.unit_rule.__name__ == "down" and asked.tender > 1)
    try:
        cheaper = quote(tariff, state, at=AT, money=asked.tender - 1)
    except TenderRefused:
        return
    assert cheaper.units < units


@given(tariff=tariffs(), state=states(), money=MONEY)
def test_limits_are_exact(tariff: Tariff, state: CustomerState, money: int) -> None:
    """A tender is accepted exactly when it lies between the least and the greatest that `payable` tells."""
    limits = payable(tariff, state, at=AT)
    for tender in {money, limits.minimum, limits.minimum - 1, limits.minimum + 1, limits.maximum, limits.maximum + 1}:
        if 0 < tender <= 10**15:
            error = refusal(partial(quote, tariff, state, at=AT, money=tender), TenderRefused)
            assert (error is None) == (limits.minimum <= tender <= limits.maximum)
            assert error is None or error.payable == limits


@given(tariff=energy_tariffs(), purchased=st.integers(0, 5_000), first=MONEY, second=MONEY)
def test_splitting_a_purchase(tariff: Tariff, purchased: int, first: int, second: int) -> None:
    """Money spent in two goes buys what it buys in one, but for what stands on the rounding lines.

    It holds for marginal blocks and for those that reprice alike: what can't be spent before a step is carried over.
    A line may be off by a minor unit, and a tax on what was rounded by another.
    """
    customer = CustomerState(purchased=purchased)
    one = sold(tariff, customer, money=first)
    two = sold(tariff, one.state, money=second)
    whole = sold(tariff, customer, money=first + second)

    def worth(units: int, last: Quote) -> Fraction:
        return price_of(tariff, at=AT, purchased=purchased, units=units) + last.state.credit

    difference = worth(one.units + two.units, two) - worth(whole.units, whole)
    lines = sum(len(sale.lines) for sale in (one, two, whole))
    assert abs(difference + rounding(one) + rounding(two) - rounding(whole)) <= 2 * lines
    assert two.state.spent == whole.state.spent
    assert two.state.purchased - whole.state.purchased == one.units + two.units - whole.units


@given(tariff=tariffs(), state=states(), money=MONEY)
def test_debts_go_down_by_what_was_paid(tariff: Tariff, state: CustomerState, money: int) -> None:
    """Debts fall by the sum of the arrears lines, never below zero, and a frozen debt stays as it is."""
    sale = sold(tariff, state, money=money)
    paid = sum(line.amount for line in sale.lines if line.kind is LineKind.ARREARS)
    assert sum(debt.owed for debt in state.arrears) - sum(debt.owed for debt in sale.state.arrears) == paid
    assert [debt.owed for debt in sale.state.arrears if debt.frozen] == [
        debt.owed for debt in state.arrears if debt.frozen and debt.owed
    ]


@given(tariff=tariffs(), state=states(), money=MONEY)
def test_a_quote_is_a_function(tariff: Tariff, state: CustomerState, money: int) -> None:
    """The same question has the same answer, and asking changes nothing."""
    before = repr(state)
    assert sold(tariff, state, money=money) == sold(tariff, state, money=money)
    assert repr(state) == before
