"""Receipts as a till prints them: forty-two columns wide, the digits of each token in groups of four."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from rich.cells import cell_len, chop_cells

from umbane.pricing import Line, LineKind, Tariff
from umbane.pricing.receipt import detail
from umbane.simulation.models import Chapter, Delivery, Glance, Refused, Repeat, Sale, Typed

__all__ = ["slip"]

WIDTH: Final = 42
RULE: Final = "-" * WIDTH


def slip(chapter: Chapter) -> str:
    """The paper that comes out of the till: a receipt, the same digits again, or the reason why there are none."""
    if isinstance(chapter.outcome, Sale):
        lines = receipt(chapter.outcome)
    elif isinstance(chapter.outcome, Repeat):
        lines = repeated(chapter.outcome)
    else:
        lines = refused(chapter.outcome)
    return "\n".join([*lines, *meter(chapter.glance), ""])


def receipt(sale: Sale) -> Iterator[str]:
    """What was sold, and what the meter said to it."""
    yield from heading(sale)
    if sale.tariff:
        yield RULE
        yield from money(sale, sale.tariff)
    if sale.note:
        yield RULE
        yield from fold(sale.note)
    if sale.deliveries:
        yield RULE
    for delivery in sale.deliveries:
        yield from token(delivery)


def repeated(repeat: Repeat) -> Iterator[str]:
    """The digits that were sold before, and what the meter says to them now."""
    yield from heading(repeat.sale)
    yield RULE
    yield from fold(f"Sold before ({repeat.sale.purchase.where}): the same again, nothing charged.")
    for delivery, typed in zip(repeat.sale.deliveries, repeat.typed, strict=True):
        yield delivery.title
        yield f"  {delivery.token.grouped}"
        yield from fold(f"{typed.words} ({typed.result})", indent=2)


def refused(refusal: Refused) -> Iterator[str]:
    """What was asked for, and why it was not done."""
    yield from pair("NOT SOLD", refusal.purchase.id if refusal.purchase else "")
    yield refusal.where
    yield from fold(refusal.reason, indent=2)


def heading(sale: Sale) -> Iterator[str]:
    """Who, when, which meter, which key."""
    if sale.tariff:
        yield from (centred(part) for part in fold(sale.tariff.title))
    yield from pair(f"{sale.purchase.time:%Y-%m-%d %H:%M}", sale.purchase.id)
    yield from pair(f"meter {sale.pan.drn}", sale.customer)
    yield sale.key


def money(sale: Sale, tariff: Tariff) -> Iterator[str]:
    """The lines of the sale, their sum, and what is still owed."""
    for line in sale.lines:
        yield from money_line(line, tariff)
    yield from pair(tariff.currency.code, tariff.currency.show(sale.tender))
    for kind, amount in sale.owed:
        yield from pair(f"  still owed: {kind}", tariff.currency.show(amount))


def money_line(line: Line, tariff: Tariff) -> Iterator[str]:
    """One line of a sale: its words, how it came about, its amount."""
    amount, how = tariff.currency.show(line.amount), detail(line, tariff)
    match line.kind:
        case LineKind.ENERGY | LineKind.SURCHARGE | LineKind.FREE:
            yield from fold(line.label)
            yield from pair(f"  {how.replace(f' {tariff.unit} at ', ' × ')}", amount)
        case LineKind.ARREARS:
            yield from pair(f"Debt: {line.label}", amount)
        case LineKind.ROUNDING:
            yield from pair(f"Rounding, {how}", amount)
        case _:  # the label of a tax names its rate, and a charge is what it is
            yield from pair(line.label, amount)


def token(delivery: Delivery) -> Iterator[str]:
    """A token: what it is, its digits, and what the meter showed."""
    yield delivery.title
    yield f"  {delivery.token.grouped}"
    if delivery.typed:
        yield from shown_by_meter(delivery.typed)


def shown_by_meter(typed: Typed) -> Iterator[str]:
    """What a meter answered: its display when it took the token, and all the words when it didn't."""
    if typed.accepted:
        yield from pair(f"  meter: {typed.display}", typed.result)
    else:
        yield from fold(f"{typed.words} ({typed.result})", indent=2)


def meter(glance: Glance | None) -> Iterator[str]:
    """What somebody sees who looks at the meter, the tokens typed."""
    if glance is None:
        return
    yield RULE
    tenths = glance.credit_wh // 100
    days = "less than a day" if not glance.days else "a day" if glance.days == 1 else f"about {glance.days} days"
    yield from pair("in the meter", f"{tenths // 10}.{tenths % 10} kWh: {days}")
    if not glance.lit:
        yield centred("no light")
    elif not glance.was_lit:
        yield centred("the light is back")


def fold(words: str, indent: int = 0) -> Iterator[str]:
    """Words on as many lines as they need; wide characters take two columns."""
    for line in wrap(words, WIDTH - indent):
        yield from (" " * indent + part for part in chop_cells(line, WIDTH - indent))


def pair(left: str, right: str) -> Iterator[str]:
    """Words at both edges of the paper: on one line, or on as many as they need."""
    *above, last = list(fold(left)) or [""]
    yield from above
    gap = WIDTH - cell_len(last) - cell_len(right)
    if gap > 0:
        yield f"{last}{' ' * gap}{right}".rstrip()
    else:
        yield last
        yield from (" " * (WIDTH - cell_len(part)) + part for part in fold(right))


def centred(words: str) -> str:
    """Words in the middle of the paper."""
    return (" " * ((WIDTH - cell_len(words)) // 2) + words).rstrip()
