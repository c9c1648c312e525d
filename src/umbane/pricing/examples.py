"""Published worked examples, recomputed: a tariff file that carries them proves itself."""

from collections.abc import Iterator
from datetime import datetime, time
from fractions import Fraction
from typing import NamedTuple

from umbane.pricing.document import Example
from umbane.pricing.quotes import Quote
from umbane.pricing.quoting import quote
from umbane.pricing.receipt import show_number, show_units
from umbane.pricing.state import Arrears, CustomerState
from umbane.pricing.tariff import Tariff

__all__ = ["Recomputed", "recompute"]

NOON = time(12)


class Recomputed(NamedTuple):
    """One example, and how what comes out differs from what was published."""

    title: str
    differences: tuple[str, ...]
    """Empty when it is reproduced."""


def recompute(tariff: Tariff) -> Iterator[Recomputed]:
    """Quote every example of the tariff, and compare.

    Raises:
        PricingError: an example can't be sold at all.
    """
    for example in tariff.document.examples:
        sale = _quote(tariff, example)
        yield Recomputed(example.title, tuple(_differences(tariff, example, sale)))


def _quote(tariff: Tariff, example: Example) -> Quote:
    at = datetime.combine(example.at, NOON, tariff.zone)
    if example.buy is not None:
        return quote(tariff, _state(tariff, example), at=at, units=example.buy)
    return quote(tariff, _state(tariff, example), at=at, money=_minor(tariff, example.money))


def _state(tariff: Tariff, example: Example) -> CustomerState:
    owed = {name: _minor(tariff, amount) for name, amount in example.owed.items()}
    return CustomerState(
        purchased=example.purchased,
        free_from=example.at if example.entitled else None,
        charged_on=None if example.charges_due else example.at,
        arrears=tuple(Arrears(name, amount) for name, amount in owed.items() if name in tariff.debts),
        unpaid_charges=tuple((name, amount) for name, amount in owed.items() if name in tariff.charges),
    )


def _minor(tariff: Tariff, amount: Fraction | None) -> int:
    return int((amount or 0) * tariff.currency.minor_units)


def _differences(tariff: Tariff, example: Example, sale: Quote) -> Iterator[str]:
    if example.units is not None and example.units != sale.units:
        yield f"{show_units(sale.units)} {tariff.unit}, published {show_units(example.units)}"
    if example.free is not None and example.free != sale.free_units:
        yield f"{show_units(sale.free_units)} {tariff.unit} free, published {show_units(example.free)}"
    published = {"total": example.total} if example.total is not None else {}
    for name, amount in {**published, **example.lines}.items():
        ours = Fraction(sale.tender if name == "total" else sale.amount(name), tariff.currency.minor_units)
        if abs(ours - amount) > (example.within or 0):
            yield f"{name} {show_number(ours)}, published {show_number(amount)}"
