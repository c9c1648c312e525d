"""A quote in words: what a cashier reads out and a customer can check with a pencil."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any, Final

from umbane.pricing.card import named_blocks
from umbane.pricing.currency import Currency
from umbane.pricing.quotes import Line, LineKind, Quote
from umbane.pricing.tariff import Tariff

__all__ = ["as_data", "detail", "show_number", "show_units"]

SHOWN_DIGITS: Final = 4
"""After the point of a price that has more, such as one that tax was taken out of."""
LONG: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def show_number(number: Fraction) -> str:
    """A price or percentage: exact if it ends within six digits, else rounded to four."""
    exact = (number * 10**6).denominator == 1
    digits = 6 if exact else SHOWN_DIGITS
    value = LONG.divide(Decimal(number.numerator), Decimal(number.denominator)).quantize(
        Decimal(1).scaleb(-digits), context=LONG
    )
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if exact else text


def show_units(tenths: int) -> str:
    """Tenths of a unit as people write them: 584 is 58.4."""
    sign = "-" if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10}"


def detail(line: Line, tariff: Tariff) -> str:
    """How the amount of a line comes about: `58.4 kWh at 2.9783 (3.425 with taxes)`, `15 % of 173.93`."""
    if line.kind is LineKind.ROUNDING:
        return "in your favour" if line.amount < 0 else f"what steps of 0.1 {tariff.unit} leave over"
    if line.kind is LineKind.FREE:
        return f"{show_units(line.base)} {tariff.unit} on a token of their own"
    if line.rate is None:
        return ""
    if line.base < 0 and line.per_unit:
        return f"{show_units(-line.base)} {tariff.unit} paid before at {show_number(line.rate)}, given back"
    if line.per_unit:
        return f"{show_units(line.base)} {tariff.unit} at {show_number(line.rate)}{_listed(line, tariff)}"
    return f"{show_number(line.rate * 100)} % of {tariff.currency.show(line.base)}"


def _listed(line: Line, tariff: Tariff) -> str:
    """The published price of a block, where it contains taxes that stand on a line of their own."""
    block = named_blocks(tariff.document).get(line.name)
    return f" ({show_number(block.price)} with tax)" if block and block.price != line.rate else ""


def as_data(quote: Quote, tariff: Tariff) -> dict[str, Any]:
    """A quote for other programs: money and units as decimal text, rates exact as fractions."""
    currency = tariff.currency
    payable = quote.payable
    return {
        "tariff": tariff.id,
        "version": tariff.version,
        "currency": currency.code,
        "unit": tariff.unit,
        "tender": currency.show(quote.tender),
        "units": show_units(quote.units),
        "free_units": show_units(quote.free_units),
        "minimum": currency.show(payable.minimum),
        "maximum": currency.show(payable.maximum),
        "lines": [_line(line, currency) for line in quote.lines],
    }


def _line(line: Line, currency: Currency) -> dict[str, str]:
    data = {"kind": line.kind.value, "name": line.name, "label": line.label, "amount": currency.show(line.amount)}
    if line.rate is not None:
        data["rate"] = str(line.rate)
        data["base"] = show_units(line.base) if line.per_unit else currency.show(line.base)
    return data
