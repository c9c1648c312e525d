"""What is earned: worked examples, and what holds of every scheme and every sale."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.pricing.rounding import MONEY_RULES
from umbane.trade.commission import Band, Basis, Fee, Group, Limits, Scheme, Share, Sliding, Tax, earned, plus

SHARE: Final = Share("sales", "3.5 %", Fraction(35, 1000), "tender")
DEBT: Final = Share("debt", "5 %", Fraction(5, 100), "debt")
FREE: Final = Fee("free", "1.20", Fraction(120), "free_tokens")
VOLUME: Final = Sliding(
    "volume", "by kWh", (Band(1_000, Fraction(1, 2)), Band(2_000, Fraction(1, 4)), Band(None, Fraction(1, 8)))
)
PLAIN: Final = Scheme(
    "shops", "1", "Shops", "ZAR", date(2026, 1, 1), None, "day", "half-up", by_sale=True, parts=(SHARE,)
)
EVEN_RULES: Final = {"half-up", "half-even"}

SALE: Final = Basis(sales=1, tender=20_000, net=15_000, debt=2_000, free_tokens=1, units=584)

amounts = st.integers(0, 10**7)


@st.composite
def bases(draw: st.DrawFn) -> Basis:
    """What one sale brings: money with its parts, or free units alone."""
    tender, free = draw(amounts), draw(st.integers(0, 1))
    debt = draw(st.integers(0, tender))
    net = draw(st.integers(0, tender - debt))
    return Basis(int(tender > 0), tender, net, debt, free, draw(st.integers(0, 5_000)) if tender else 0)


rates = st.fractions(0, 1, max_denominator=10_000)
fees = st.fractions(0, 500, max_denominator=100)
shares = st.builds(Share, st.just("share"), st.just("a share"), rates, st.sampled_from(["tender", "net", "debt"]))
each = st.builds(Fee, st.just("fee"), st.just("a fee"), fees, st.sampled_from(["sales", "free_tokens"]))


@st.composite
def slides(draw: st.DrawFn) -> Sliding:
    """Bands of rising ends, of any rates."""
    ends = sorted(draw(st.sets(st.integers(1, 20_000), max_size=3)))
    return Sliding("slide", "bands", tuple(Band(end, draw(fees)) for end in [*ends, None]))


@st.composite
def schemes(draw: st.DrawFn, *, by_sale: bool | None = None, limited: bool = True) -> Scheme:
    """Any scheme."""
    sale = draw(st.booleans()) if by_sale is None else by_sale
    limits = st.builds(
        lambda least, more: Limits(least, None if more is None else least + more),
        st.integers(0, 500),
        st.none() | amounts,
    )
    none = st.just(Limits())
    return replace(
        PLAIN,
        rounding=draw(st.sampled_from(sorted(MONEY_RULES))),
        by_sale=sale,
        parts=tuple(draw(st.lists(shares | each | slides(), min_size=1, max_size=4))),
        sale=draw(limits if sale and limited else none),
        whole=draw(limits if limited else none),
        tax=draw(st.none() | st.builds(Tax, st.just("vat"), rates, included=st.booleans())),
    )


several = st.lists(bases(), max_size=12)


def once(sales: list[Basis]) -> list[Group]:
    """Each sale as a group of one."""
    return [(sale, 1) for sale in sales]


def together(sales: list[Basis]) -> Basis:
    """The sum of sales."""
    total = Basis()
    for sale in sales:
        total = plus(total, sale, 1)
    return total


# ------------------------------------------------------------------------------------------------------ worked examples


def test_a_share() -> None:
    """3.5 % of 200.00 is 7.00, without tax."""
    found = earned(PLAIN, [(SALE, 1)])
    assert (found.commission, found.tax, found.total) == (700, 0, 700)
    assert [(line.name, line.amount) for line in found.lines] == [("sales", 700)]


def test_everything_at_once() -> None:
    """Shares, fees and bands stand on lines of their own and add up."""
    found = earned(replace(PLAIN, parts=(SHARE, DEBT, FREE, VOLUME)), [(SALE, 3)])
    assert [line.amount for line in found.lines] == [2_100, 300, 360, 688]
    assert found.commission == 3_448
    assert found.basis == Basis(3, 60_000, 45_000, 6_000, 3, 1_752)


@pytest.mark.parametrize(
    ("units", "amount"), [(0, 0), (1_000, 500), (1_001, 500), (1_004, 501), (2_000, 750), (2_008, 751), (10_000, 1_750)]
)
def test_bands(units: int, amount: int) -> None:
    """Each tenth of a kWh earns the rate of the band that it lies in."""
    assert earned(replace(PLAIN, parts=(VOLUME,)), [(Basis(units=units), 1)]).commission == amount


@pytest.mark.parametrize(
    ("rule", "by_sale", "amount"),
    [("half-up", True, 30), ("half-up", False, 15), ("down", True, 0), ("down", False, 15), ("up", True, 30)],
)
def test_where_it_is_rounded(rule: str, *, by_sale: bool, amount: int) -> None:
    """Thirty sales of half a cent each earn what the rule makes of each, or of their sum."""
    scheme = replace(
        PLAIN, rounding=rule, by_sale=by_sale, parts=(Fee("half", "half a cent", Fraction(1, 2), "sales"),)
    )
    assert earned(scheme, [(Basis(sales=1), 30)]).commission == amount


def test_tax_on_top() -> None:
    """A tax that comes on top is added to what is earned."""
    found = earned(replace(PLAIN, tax=Tax("vat", Fraction(15, 100), included=False)), [(SALE, 1)])
    assert (found.commission, found.tax, found.total) == (700, 105, 805)


def test_tax_within() -> None:
    """A tax that is included is taken out of what is earned."""
    found = earned(replace(PLAIN, tax=Tax("vat", Fraction(15, 100), included=True)), [(SALE, 1)])
    assert (found.commission, found.tax, found.total) == (609, 91, 700)


def test_limits_of_a_sale() -> None:
    """A sale earns no less and no more than its limits, and the lines say what they changed."""
    scheme = replace(PLAIN, sale=Limits(100, 500))
    small, large = Basis(1, 1_000), SALE
    found = earned(scheme, [(small, 2), (large, 1)])
    assert [(line.name, line.amount) for line in found.lines] == [("sales", 770), ("limit_of_sales", -70)]
    assert found.commission == 2 * 100 + 500


def test_free_units_alone_have_no_least() -> None:
    """The least of a sale is for what money was taken for, and not for free units alone."""
    assert earned(replace(PLAIN, sale=Limits(100)), [(Basis(free_tokens=1), 5)]).commission == 0


@pytest.mark.parametrize(("sold", "amount"), [([], 500), ([(SALE, 1)], 700), ([(SALE, 9)], 1_000)])
def test_limits_of_a_period(sold: list[Group], amount: int) -> None:
    """A period earns no less and no more than its limits, even if nothing is sold."""
    assert earned(replace(PLAIN, whole=Limits(500, 1_000)), sold).commission == amount


@pytest.mark.parametrize(
    ("period", "until", "day", "end"),
    [
        ("day", None, date(2026, 2, 28), date(2026, 3, 1)),
        ("month", None, date(2026, 1, 1), date(2026, 2, 1)),
        ("month", None, date(2026, 12, 31), date(2027, 1, 1)),
        ("month", date(2026, 2, 10), date(2026, 2, 5), date(2026, 2, 11)),
        ("day", date(2026, 2, 10), date(2026, 2, 10), date(2026, 2, 11)),
    ],
)
def test_periods(period: str, until: date | None, day: date, end: date) -> None:
    """A period ends with its day or month, or with the scheme."""
    assert replace(PLAIN, period=period, valid_until=until).end_of(day) == end  # type: ignore[arg-type] # one of two words


# --------------------------------------------------------------------------------------------------- whatever is sold


@given(schemes(), several)
def test_never_negative(scheme: Scheme, sales: list[Basis]) -> None:
    """Nobody ever owes commission, nor tax on it."""
    found = earned(scheme, once(sales))
    assert found.commission >= 0
    assert found.tax >= 0


@given(schemes(), several, bases())
def test_more_never_earns_less(scheme: Scheme, sales: list[Basis], another: Basis) -> None:
    """Another sale never lowers what is earned."""
    assert earned(scheme, once([*sales, another])).total >= earned(scheme, once(sales)).total


@given(schemes(by_sale=False), several, st.integers(0, 12))
def test_sums_cut_anyhow(scheme: Scheme, sales: list[Basis], cut: int) -> None:
    """Where a period is rounded, it doesn't matter how its sales are summed before."""
    groups = [(together(sales[:cut]), 1), (together(sales[cut:]), 1)]
    assert earned(scheme, groups) == earned(scheme, once(sales))


@given(schemes(by_sale=True), several)
def test_equal_sales_in_a_group(scheme: Scheme, sales: list[Basis]) -> None:
    """Where each sale is rounded, equal ones may come as a group, in any order."""
    groups = [(sale, sales.count(sale)) for sale in set(sales)]
    assert earned(scheme, groups) == earned(scheme, once(sales))


@given(schemes(by_sale=True, limited=False), several)
def test_rounded_each_or_together(scheme: Scheme, sales: list[Basis]) -> None:
    """The sum of what sales earn differs from what their sum earns by less than the rule may round, for each line."""
    scheme = replace(scheme, tax=None)
    by_sale = earned(scheme, once(sales)).commission
    by_period = earned(replace(scheme, by_sale=False), once(sales)).commission
    steps = (len(sales) + 1) * sum(not isinstance(part, Sliding) for part in scheme.parts)
    most = Fraction(steps, 2 if scheme.rounding in EVEN_RULES else 1)
    assert abs(by_sale - by_period) <= most


@given(schemes(), several)
def test_lines_add_up(scheme: Scheme, sales: list[Basis]) -> None:
    """The lines sum to what is earned: with the tax that is in it, without the tax that comes on top."""
    found = earned(scheme, once(sales))
    within = found.tax if scheme.tax and scheme.tax.included else 0
    assert sum(line.amount for line in found.lines) == found.commission + within


@given(schemes(), several)
def test_within_limits(scheme: Scheme, sales: list[Basis]) -> None:
    """What a period earns lies within its limits."""
    found = sum(line.amount for line in earned(scheme, once(sales)).lines)
    assert found >= scheme.whole.least
    assert scheme.whole.most is None or found <= scheme.whole.most
