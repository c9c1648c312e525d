"""Receipts as a till prints them: forty-two characters wide, the digits of each token in groups of four."""

from collections.abc import Iterator
from fractions import Fraction
from textwrap import wrap
from typing import Final

from umbane.pricing import Line, Tariff
from umbane.simulation.models import Delivery, Refusal, Repeat, Sale
from umbane.simulation.shop import show_tenths

__all__ = ["receipt", "refusal_slip", "repeat_slip"]

WIDTH: Final = 42


def receipt(sale: Sale, balance: str) -> str:
    """The receipt of a sale.

    Args:
        sale: what was sold, its tokens typed.
        balance: what the meter shows afterwards.
    """
    lines = [*heading(sale), RULE, *money(sale), *note(sale.note)]
    for delivery in sale.deliveries:
        lines += token(delivery)
    return "\n".join([*lines, RULE, centred(f"on the meter: {balance}"), ""])


def repeat_slip(repeat: Repeat) -> str:
    """What is printed when a line comes again: the same digits, and what the meter says to them now."""
    when = repeat.sale.purchase.where
    lines = [*heading(repeat.sale), RULE, *note(f"Sold before ({when}): the same token again, nothing charged.")]
    answers = repeat.typed_again or tuple(delivery.result for delivery in repeat.sale.deliveries)
    for delivery, answer in zip(repeat.sale.deliveries, answers, strict=True):
        lines += [f"  {delivery.token.grouped}", f"  typed again: {answer}"]
    return "\n".join([*lines, ""])


def refusal_slip(refusal: Refusal) -> str:
    """What is printed instead of a receipt."""
    return "\n".join(
        [f"NOT SOLD  {refusal.where}", *wrap(refusal.reason, WIDTH, initial_indent="  ", subsequent_indent="  "), ""]
    )


RULE: Final = "-" * WIDTH


def heading(sale: Sale) -> Iterator[str]:
    """Who, when, which meter."""
    if sale.tariff:
        yield from (centred(part) for part in wrap(sale.tariff.title, WIDTH))
    time = f"{sale.purchase.time:%Y-%m-%d %H:%M}"
    yield f"{time}{sale.purchase.id:>{WIDTH - len(time)}}"
    meter = f"meter {sale.meter.drn}"
    yield f"{meter}{sale.customer[: WIDTH - len(meter) - 2]:>{WIDTH - len(meter)}}"


def money(sale: Sale) -> Iterator[str]:
    """The lines of the quote, and their sum."""
    if not (sale.quote and sale.tariff):
        return
    for line in sale.quote.lines:
        yield from money_line(line, sale.tariff)
    yield f"{sale.tariff.currency.code} {sale.tariff.currency.show(sale.quote.tender):>{WIDTH - 4}}"
    yield RULE


def money_line(line: Line, tariff: Tariff) -> Iterator[str]:
    """One line of a quote: its words, how it came about, its amount."""
    amount = tariff.currency.show(line.amount)
    label = line.label
    if line.per_unit and line.rate is not None:
        label = f"{line.label} {show_tenths(line.base)}×{plain(line.rate)}"
    *above, last = wrap(label, WIDTH - len(amount) - 1) or [""]
    yield from above
    yield f"{last}{amount:>{WIDTH - len(last)}}"


def plain(number: Fraction) -> str:
    """A price as people write it: no more digits than it has, at most six behind the point."""
    return f"{float(number):.6f}".rstrip("0").rstrip(".")


def note(words: str) -> list[str]:
    """A remark, wrapped to the width of the paper."""
    return wrap(words, WIDTH)


def token(delivery: Delivery) -> Iterator[str]:
    """A token: what it is, its digits, and what the meter said to it."""
    yield delivery.title
    yield f"  {delivery.token.grouped}"
    yield f"  {delivery.result:>{WIDTH - 2}}"


def centred(words: str) -> str:
    """Words in the middle of the paper."""
    return words.center(WIDTH).rstrip()
