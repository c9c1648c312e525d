"""Commission schemes as documents: what one may say, and how it is read. Errors name the line and the field."""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

from umbane.pricing import Currency, TariffFileError
from umbane.pricing.fields import CurrencyCode, Day, Flag, Name, Percent, Price, Tenths, Text
from umbane.pricing.loader import load_document
from umbane.trade.commission import Band, Fee, Limits, Scheme, Share, Sliding, Tax
from umbane.trade.errors import SchemeError

__all__ = ["SchemeDocument", "load_scheme"]

Problem = tuple[tuple[str | int, ...], str, str]


class Section(BaseModel):
    """A mapping whose fields are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, use_attribute_docstrings=True)


class BandPart(Section):
    """Energy at one rate, up to a total in the period."""

    amount: Price
    """For each kWh, in major units."""
    up_to: Tenths | None = None
    """The last kWh of the band; left out in the last one."""


class PartPart(Section):
    """One thing that a vendor earns for: just one of `percent`, `amount` and `bands` says how much."""

    name: Name
    label: Text
    percent: Percent | None = None
    of: Literal["tender", "net", "debt"] | None = None
    """Of a percentage: what it is taken on."""
    amount: Price | None = None
    each: Literal["sale", "free_token"] | None = None
    """Of an amount: what it is earned for."""
    bands: list[BandPart] | None = None
    """Of what is sold in the period, by kWh."""


class TaxPart(Section):
    """A tax on what is earned."""

    name: Name
    percent: Percent
    included: Flag = False
    """Whether what is earned contains it already."""


class LimitsPart(Section):
    """The least and the most."""

    at_least: Price | None = None
    at_most: Price | None = None


class SchemeDocument(Section):
    """One version of one scheme."""

    format: Literal["umbane-commission-1"]
    id: Name
    version: Text
    title: Text
    currency: CurrencyCode
    valid_from: Day
    valid_until: Day | None = None
    """The last day; left out while no end is known."""
    period: Literal["day", "month"]
    """What is booked at once."""
    rounding: Literal["half-up", "half-even", "up", "down"]
    rounded: Literal["sale", "period"]
    """Where amounts become whole minor units: for each sale, or once for all of a period."""
    parts: list[PartPart]
    tax: TaxPart | None = None
    sale: LimitsPart = LimitsPart()
    """What one sale earns at least and at most."""
    whole: LimitsPart = LimitsPart()
    """What a period earns at least and at most."""


def load_scheme(text: str, file: str = "the text") -> Scheme:
    """Read a scheme from the text of its document; `file` is the name that errors give it.

    Raises:
        SchemeError: it isn't a scheme; everything that is wrong is in its words.
    """
    try:
        return compiled(load_document(SchemeDocument, text, file, lambda it: list(problems(it))))
    except TariffFileError as error:
        raise SchemeError(error.field, error.problem, error.remedy, str(error)) from error


def problems(document: SchemeDocument) -> Iterator[Problem]:
    """What doesn't hold between fields."""
    if document.valid_until and document.valid_until < document.valid_from:
        yield ("valid_until",), "before valid_from", "a later day"
    if not document.parts:
        yield ("parts",), "nothing is earned", "at least one part"
    names: set[str] = set()
    for place, part in enumerate(document.parts):
        if part.name in names:
            yield ("parts", place, "name"), f"{part.name} is there already", "another name"
        names.add(part.name)
        yield from part_problems(("parts", place), part)
    if document.rounded == "period" and document.sale != LimitsPart():
        yield ("sale",), "a sale has no amount of its own where a period is rounded", "rounded: sale, or no limits"
    yield from limit_problems("sale", document.sale, document.currency)
    yield from limit_problems("whole", document.whole, document.currency)


def limit_problems(name: str, limits: LimitsPart, currency: Currency) -> Iterator[Problem]:
    """What can't be kept."""
    for field, amount in (("at_least", limits.at_least), ("at_most", limits.at_most)):
        if amount is not None and (amount * currency.minor_units).denominator != 1:
            yield (name, field), f"is no whole number of minor units of {currency.code}", "fewer digits"
    if limits.at_least is not None and limits.at_most is not None and limits.at_least > limits.at_most:
        yield (name, "at_least"), "more than at_most", "a smaller amount"


def part_problems(path: tuple[str | int, ...], part: PartPart) -> Iterator[Problem]:
    """What doesn't hold within a part."""
    given = [name for name in ("percent", "amount", "bands") if getattr(part, name) is not None]
    if len(given) != 1:
        yield path, f"has {' and '.join(given) or 'no rate'}", "one of percent, amount and bands"
    if (part.percent is None) != (part.of is None):
        yield (*path, "of"), "a percentage is of something, and nothing else is", "percent together with of"
    if (part.amount is None) != (part.each is None):
        yield (*path, "each"), "an amount is for something, and nothing else is", "amount together with each"
    if part.bands is not None:
        yield from band_problems((*path, "bands"), part.bands)


def band_problems(path: tuple[str | int, ...], bands: list[BandPart]) -> Iterator[Problem]:
    """What doesn't hold between bands."""
    ends = [band.up_to for band in bands]
    if not ends or ends[-1] is not None:
        yield path, "the last band has to have no end", "leave up_to out there, and there alone"
    for place, (end, last) in enumerate(zip(ends[:-1], [0, *ends], strict=False)):
        if end is None or (last is not None and end <= last):
            yield (*path, place, "up_to"), "doesn't go beyond the band before", "rising ends"


# ------------------------------------------------------------------------------------------ from a document to a scheme


def compiled(document: SchemeDocument) -> Scheme:
    """A scheme that can be reckoned with: amounts in minor units."""
    minor = document.currency.minor_units
    tax = document.tax
    return Scheme(
        id=document.id,
        version=document.version,
        title=document.title,
        currency=document.currency.code,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        period=document.period,
        rounding=document.rounding,
        by_sale=document.rounded == "sale",
        parts=tuple(part_of(it, minor) for it in document.parts),
        tax=None if tax is None else Tax(tax.name, tax.percent, included=tax.included),
        sale=limits_of(document.sale, minor),
        whole=limits_of(document.whole, minor),
    )


def part_of(part: PartPart, minor: int) -> Share | Fee | Sliding:
    """A part that can be reckoned with."""
    if part.percent is not None and part.of is not None:
        return Share(part.name, part.label, part.percent, part.of)
    if part.amount is not None and part.each is not None:
        return Fee(part.name, part.label, part.amount * minor, "sales" if part.each == "sale" else "free_tokens")
    return Sliding(part.name, part.label, tuple(Band(it.up_to, it.amount * minor / 10) for it in part.bands or ()))


def limits_of(limits: LimitsPart, minor: int) -> Limits:
    """Limits in minor units."""
    most = None if limits.at_most is None else int(limits.at_most * minor)
    return Limits(int((limits.at_least or 0) * minor), most)
