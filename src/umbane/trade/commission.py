"""What a vendor earns, by a scheme: pure functions of what was sold.

Money is counted in minor units, energy in tenths of a kWh, rates are exact ratios. What is rounded is rounded by the
scheme's named rule, line by line:

- a scheme that rounds each *sale* has an amount for every sale, and the period earns their sum;
- one that rounds the *period* takes each rate once, on what was sold in all of it.

What depends on all of a period (bands of energy, its limits, the tax) is reckoned once for the period in both. So each
line of the two differs by at most as many minor units as there are sales, and one more for the period; by half of that
where the rule rounds to the nearest; as long as no limit of a sale takes hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from umbane.pricing.rounding import MONEY_RULES

__all__ = [
    "Band",
    "Basis",
    "Earned",
    "Fee",
    "Group",
    "Limits",
    "Line",
    "Ratio",
    "Reckoning",
    "Scheme",
    "Share",
    "Sliding",
    "Tax",
    "earned",
]

LIMIT_OF_SALES: Final = "limit_of_sales"
LIMIT: Final = "limit"


class Basis(NamedTuple):
    """What commission is reckoned on: of one sale, or the sums of several."""

    sales: int = 0
    """Sales and payments that money was taken for."""
    tender: int = 0
    """Minor units taken."""
    net: int = 0
    """Minor units of it that were neither tax nor debt."""
    debt: int = 0
    """Minor units of debts that were collected."""
    free_tokens: int = 0
    units: int = 0
    """Tenths of a kWh that were paid for."""
    taken_back: int = 0
    """Sales that were taken back: they earn nothing."""


Group = tuple[Basis, int]
"""A basis, and how often it occurs."""
Ratio = tuple[int, int]
"""A numerator and a denominator: where a million sales are reckoned one by one, fractions would take their time."""


@dataclass(frozen=True, slots=True)
class Share:
    """A ratio of money.

    Attributes:
        name, label: for programs and for people.
        rate: 0 to 1.
        of: which amount of the basis.
    """

    name: str
    label: str
    rate: Fraction
    of: Literal["tender", "net", "debt"]

    def exact(self, basis: Basis) -> Ratio:
        """Minor units before they are rounded."""
        amount: int = getattr(basis, self.of)
        return self.rate.numerator * amount, self.rate.denominator


@dataclass(frozen=True, slots=True)
class Fee:
    """So much for each.

    Attributes:
        name, label: for programs and for people.
        amount: minor units, not always whole.
        each: which count of the basis.
    """

    name: str
    label: str
    amount: Fraction
    each: Literal["sales", "free_tokens"]

    def exact(self, basis: Basis) -> Ratio:
        """Minor units before they are rounded."""
        count: int = getattr(basis, self.each)
        return self.amount.numerator * count, self.amount.denominator


class Band(NamedTuple):
    """Energy at one rate."""

    up_to: int | None
    """Tenths of a kWh in the period; None in the last."""
    rate: Fraction
    """Minor units for a tenth of a kWh."""


@dataclass(frozen=True, slots=True)
class Sliding:
    """So much for each kWh, by bands of what is sold in the period: each tenth at the rate of the band it lies in.

    Attributes:
        name, label: for programs and for people.
        bands: rising; the last has no end.
    """

    name: str
    label: str
    bands: tuple[Band, ...]

    def exact(self, basis: Basis) -> Ratio:
        """Minor units before they are rounded."""
        total, since = Fraction(0), 0
        for band in self.bands:
            until = basis.units if band.up_to is None else min(band.up_to, basis.units)
            total += band.rate * max(0, until - since)
            since = max(since, until)
        return total.as_integer_ratio()


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax on what is earned.

    Attributes:
        name: which.
        rate: 0 to 1.
        included: whether what is earned contains it already.
    """

    name: str
    rate: Fraction
    included: bool


class Limits(NamedTuple):
    """The least and the most, in minor units."""

    least: int = 0
    most: int | None = None

    def correct(self, amount: int, times: int = 1) -> int:
        """What has to be added to an amount so that it keeps them; the least holds so many times."""
        kept = max(amount, self.least * times)
        return (kept if self.most is None else min(kept, self.most)) - amount


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Scheme:
    """One version of a commission scheme.

    Attributes:
        id, version, title: as its document says.
        currency: ISO 4217.
        valid_from: the first day.
        valid_until: the last day; None while no end is known.
        period: what is booked at once: "day" or "month".
        rounding: a rule of `MONEY_RULES`.
        by_sale: whether each sale is rounded, and not the period alone.
        parts: what is earned for.
        tax: on all of it, if any.
        sale: limits of one sale; only where each is rounded.
        whole: limits of the period.
    """

    id: str
    version: str
    title: str
    currency: str
    valid_from: date
    valid_until: date | None
    period: Literal["day", "month"]
    rounding: str
    by_sale: bool
    parts: tuple[Share | Fee | Sliding, ...]
    tax: Tax | None = None
    sale: Limits = NO_LIMITS
    whole: Limits = NO_LIMITS

    def rounded(self, exact: Ratio) -> int:
        """Whole minor units, by the rule of this scheme."""
        return MONEY_RULES[self.rounding](*exact)

    def end_of(self, day: date) -> date:
        """The first day after the period that a day lies in, or after the scheme if that ends before."""
        after = day + timedelta(days=1)
        if self.period == "month":
            after = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
        return after if self.valid_until is None else min(after, self.valid_until + timedelta(days=1))


class Line(NamedTuple):
    """One line of what was earned."""

    name: str
    label: str
    amount: int
    """Minor units; below zero where a limit takes something off."""


@dataclass(frozen=True, slots=True)
class Earned:
    """What a vendor earned in a period.

    Attributes:
        basis: what for.
        lines: how it comes about; they sum to what is earned, before a tax that comes on top.
        commission: minor units without tax.
        tax: minor units of tax on it.
    """

    basis: Basis
    lines: tuple[Line, ...]
    commission: int
    tax: int

    @property
    def total(self) -> int:
        """Minor units that the vendor gets."""
        return self.commission + self.tax


class Reckoning:
    """Reckons what was earned in a period, from what was sold, a little at a time.

    Args:
        scheme: by which.
    """

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._linear = [part for part in scheme.parts if not isinstance(part, Sliding)]
        self._total = Basis()
        self._sums = [0] * len(self._linear)
        self._limited = 0

    def add(self, basis: Basis, times: int) -> None:
        """Add what was sold so many times.

        Where the scheme rounds each sale, the basis is that of one sale, or energy alone; else it may be any sum.
        """
        self._total = plus(self._total, basis, times)
        if self._scheme.by_sale:
            amounts = self._rounded(basis)
            self._sums = [whole + amount * times for whole, amount in zip(self._sums, amounts, strict=True)]
            self._limited += self._scheme.sale.correct(sum(amounts), basis.sales) * times

    def result(self) -> Earned:
        """What was earned for all that was added."""
        scheme = self._scheme
        sums = iter(self._sums if scheme.by_sale else self._rounded(self._total))
        lines = [
            Line(part.name, part.label, self._slid(part) if isinstance(part, Sliding) else next(sums))
            for part in scheme.parts
        ]
        if self._limited:
            lines.append(Line(LIMIT_OF_SALES, "least and most for a sale", self._limited))
        if correction := scheme.whole.correct(sum(line.amount for line in lines)):
            lines.append(Line(LIMIT, f"least and most for a {scheme.period}", correction))
        return Earned(self._total, tuple(lines), *taxed(scheme, sum(line.amount for line in lines)))

    def _slid(self, part: Sliding) -> int:
        return self._scheme.rounded(part.exact(self._total))

    def _rounded(self, basis: Basis) -> list[int]:
        return [self._scheme.rounded(part.exact(basis)) for part in self._linear]


def earned(scheme: Scheme, groups: Iterable[Group]) -> Earned:
    """What was earned in a period in which this was sold: see `Reckoning`."""
    reckoning = Reckoning(scheme)
    for basis, times in groups:
        reckoning.add(basis, times)
    return reckoning.result()


def plus(total: Basis, basis: Basis, times: int) -> Basis:
    """A sum, and a basis so many times."""
    return Basis._make([whole + each * times for whole, each in zip(total, basis, strict=True)])


def taxed(scheme: Scheme, amount: int) -> tuple[int, int]:
    """What is earned without tax, and the tax on it."""
    if scheme.tax is None:
        return amount, 0
    rate = scheme.tax.rate
    if scheme.tax.included:
        tax = scheme.rounded((amount * rate / (1 + rate)).as_integer_ratio())
        return amount - tax, tax
    return amount, scheme.rounded((amount * rate).as_integer_ratio())
