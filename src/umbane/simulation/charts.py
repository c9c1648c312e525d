"""Where everything stands in the charts of the report; ``templates/charts.html`` draws it.

Lengths are in the units of each chart's own box, times run from left to right, and every mark carries its words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from typing import Final, NamedTuple

from umbane.pricing import LineKind
from umbane.simulation.fleet import MILLIJOULES_PER_TENTH, Reading
from umbane.simulation.models import Sale
from umbane.simulation.shop import show_tenths
from umbane.simulation.story import Story
from umbane.simulation.summary import Ending, endings

__all__ = ["BOX", "Bar", "Chart", "credit_charts", "energy_bars", "money_bars", "money_key", "price", "price_charts"]


class Box(NamedTuple):
    """The room of a small chart: its size, and the edges of what is drawn in it."""

    width: int = 320
    height: int = 120
    left: int = 36
    right: int = 314
    top: int = 10
    bottom: int = 100


BOX: Final = Box()

LIGHT, GREEN, DARK = "#f2b705", "#2f9e6e", "#52606d"
KINDS: Final = {
    LineKind.ENERGY: ("energy", LIGHT),
    LineKind.SURCHARGE: ("surcharges", "#f28f3b"),
    LineKind.CHARGE: ("fixed charges", "#8d6cab"),
    LineKind.TAX: ("taxes and levies", "#3a7ca5"),
    LineKind.ARREARS: ("old debts", "#d64545"),
    LineKind.CREDIT: ("carried over", "#b8c4ce"),
}
"""What each kind of line is called and drawn in; rounding is too little to be seen."""

WORTH_A_LOOK: Final = 0.9
"""Prices of which the lowest is nearer to the highest are all but one: they are drawn above 0, as a flat line."""

MILLIJOULES_PER_WH: Final = MILLIJOULES_PER_TENTH // 100
ALL: Final = 1000
"""The length of a whole bar."""


class Mark(NamedTuple):
    """A point with words."""

    x: float
    y: float
    words: str


class Span(NamedTuple):
    """A piece of a line with words: a time in the dark, a part of a bar."""

    start: float
    length: float
    words: str
    colour: str = DARK


class Tick(NamedTuple):
    """A place on an axis and what is written there."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A small chart over the time of the story.

    Attributes:
        title: of whom or what.
        words: all of it in a sentence, for those who don't see it.
        lines: each a series of points.
        spans: times in the dark.
        marks: purchases.
        days: on the axis of time.
        levels: on the other.
    """

    title: str
    words: str
    lines: tuple[str, ...]
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    days: tuple[Tick, ...]
    levels: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of several parts.

    Attributes:
        title: of whom or what.
        words: all of it in a sentence.
        parts: from left to right.
    """

    title: str
    words: str
    parts: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Axes:
    """From time and amount to the places in a box."""

    start: datetime
    end: datetime
    levels: tuple[float, ...]
    """The round numbers on the axis of amounts, from the lowest to the highest."""

    @classmethod
    def of(cls, story: Story, low: float, high: float) -> "Axes":
        """Axes for amounts in this range."""
        return cls(story.start, story.end, round_levels(low, high))

    def x(self, moment: datetime) -> float:
        """Where a moment stands."""
        return round(BOX.left + (BOX.right - BOX.left) * ((moment - self.start) / (self.end - self.start)), 1)

    def y(self, amount: float) -> float:
        """Where an amount stands."""
        low, high = self.levels[0], self.levels[-1]
        return round(BOX.bottom - (BOX.bottom - BOX.top) * ((amount - low) / (high - low)), 1)

    def line(self, points: Iterable[tuple[datetime, float]]) -> str:
        """The points of an SVG polyline."""
        return " ".join(f"{self.x(moment):g},{self.y(amount):g}" for moment, amount in points)

    def day_ticks(self) -> tuple[Tick, ...]:
        """The first day of every month; for a story within one month, its first day."""
        firsts = [day for day in whole_days(self.start, self.end) if day.day == 1]
        return tuple(Tick(self.x(day), f"{day:%-d %b}") for day in firsts or [self.start])

    def level_ticks(self) -> tuple[Tick, ...]:
        """The round numbers."""
        return tuple(Tick(self.y(level), f"{level:g}") for level in self.levels)


def whole_days(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every midnight in UTC between two moments."""
    day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while day <= end:
        yield day
        day += timedelta(days=1)


def round_levels(low: float, high: float) -> tuple[float, ...]:
    """Three to five multiples of 1, 2 or 5 and a power of ten that reach from below ``low`` to above ``high``."""
    wanted = (high - low) / 3
    power = 10.0 ** floor(log10(wanted))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= wanted)
    return tuple(number * step for number in range(floor(low / step), ceil(high / step) + 1))


# ------------------------------------------------------------------------------------------- credit in every meter


def credit_charts(story: Story, most: int) -> list[Chart]:
    """A chart for each meter, at most so many: its credit as time passes, the times in the dark, the purchases."""
    sales = defaultdict(list)
    for sale in story.sales:
        if sale.deliveries:
            sales[sale.pan].append(sale)
    return [credit_chart(ending, sales[ending.house.household.pan], story) for ending in endings(story)[:most]]


def credit_chart(ending: Ending, sales: list[Sale], story: Story) -> Chart:
    """One meter."""
    house = ending.house
    highest = max(reading.credit_wh for reading in house.readings) / 1000
    axes = Axes.of(story, 0, max(highest, 1))
    return Chart(
        title=ending.customer,
        words=f"Credit of {ending.customer}: at most {highest:.1f} kWh, at the end {house.days_left} days' worth.",
        lines=(axes.line((reading.time, reading.credit_wh / 1000) for reading in house.readings),),
        spans=tuple(dark_spans(house.readings, axes)),
        marks=tuple(Mark(axes.x(sale.purchase.time), BOX.top, sale_words(sale)) for sale in sales),
        days=axes.day_ticks(),
        levels=axes.level_ticks(),
    )


def dark_spans(readings: list[Reading], axes: Axes) -> Iterator[Span]:
    """The times without supply."""
    went: datetime | None = None
    for reading in [*readings, Reading(axes.end, 0, lit=True)]:
        if not reading.lit:
            went = went or reading.time
        elif went:
            hours = (reading.time - went) // timedelta(hours=1)
            if hours:
                words = f"{went:%-d %B}: {hours} hours without supply"
                yield Span(axes.x(went), round(axes.x(reading.time) - axes.x(went), 1), words)
            went = None


def sale_words(sale: Sale) -> str:
    """A sale in a few words."""
    units = sum(delivery.units for delivery in sale.deliveries)
    parts = [f"{sale.purchase.time:%-d %B %H:%M}", f"{show_tenths(units)} kWh" if units else sale.note]
    if sale.tariff and sale.quote and sale.quote.tender:
        parts.append(f"{sale.tariff.currency.code} {sale.tariff.currency.show(sale.quote.tender)}")
    return ", ".join(parts)


# ------------------------------------------------------------------------------------- what a kWh cost in each sale


def price(sale: Sale) -> float | None:
    """What a kWh cost in this sale with all charges and taxes, old debts and free units apart."""
    if not (sale.tariff and sale.quote and sale.quote.tender and sale.quote.units):
        return None
    debts = sum(line.amount for line in sale.quote.lines if line.kind is LineKind.ARREARS)
    return (sale.quote.tender - debts) * 10 / sale.quote.units / sale.tariff.currency.minor_units


def price_charts(story: Story) -> list[Chart]:
    """A chart for each tariff: a dot for each sale at the price of its average kWh, a line for each customer."""
    by_tariff: dict[str, list[Sale]] = defaultdict(list)
    for sale in story.sales:
        if sale.tariff and price(sale) is not None:
            by_tariff[sale.tariff.id].append(sale)
    return [price_chart(sales, story) for sales in by_tariff.values()]


def price_chart(sales: list[Sale], story: Story) -> Chart:
    """One tariff."""
    prices = [price(sale) or 0 for sale in sales]
    low, high = min(prices), max(prices)
    axes = Axes.of(story, low if low < WORTH_A_LOOK * high else 0, high)
    tariff = sales[0].tariff
    title = f"{tariff.title}, {tariff.currency.code}" if tariff else ""
    paths: dict[tuple[object, str], list[tuple[datetime, float]]] = defaultdict(list)
    marks = []
    for sale, each in zip(sales, prices, strict=True):
        paths[sale.pan, sale.customer].append((sale.purchase.time, each))
        words = f"{sale.customer}, {sale_words(sale)}: {each:,.4g} for a kWh"
        marks.append(Mark(axes.x(sale.purchase.time), axes.y(each), words))
    return Chart(
        title=title,
        words=f"{title}: a kWh cost from {low:,.4g} to {high:,.4g}.",
        lines=tuple(axes.line(path) for path in paths.values()),
        spans=(),
        marks=tuple(marks),
        days=axes.day_ticks(),
        levels=axes.level_ticks(),
    )


# ------------------------------------------------------------------------------- where the money and the energy went


def money_bars(story: Story) -> list[Bar]:
    """A bar for each tariff: what a hundred of its money went to."""
    spent: dict[str, Counter[LineKind]] = defaultdict(Counter)
    titles: dict[str, str] = {}
    for sale in story.sales:
        if sale.quote and sale.tariff and sale.quote.tender:
            titles[sale.tariff.id] = sale.tariff.title
            for line in sale.quote.lines:
                spent[sale.tariff.id][line.kind] += line.amount
    return [money_bar(titles[name], parts) for name, parts in spent.items()]


def money_bar(title: str, parts: Counter[LineKind]) -> Bar:
    """One tariff."""
    known = [(name, colour, max(parts[kind], 0)) for kind, (name, colour) in KINDS.items()]
    whole = sum(amount for *_, amount in known) or 1
    pieces = [(f"{name} {100 * amount / whole:.1f} %", colour, amount) for name, colour, amount in known if amount]
    return bar(title, pieces, whole)


def money_key(bars: Iterable[Bar]) -> list[tuple[str, str]]:
    """The colours in these bars and what they mean."""
    used = {part.colour for row in bars for part in row.parts}
    return [(name, colour) for name, colour in KINDS.values() if colour in used]


def energy_bars(story: Story, most: int) -> list[Bar]:
    """A bar for each meter, at most so many: what was used, what is left, what people wanted in the dark."""
    found = endings(story)[:most]
    longest = max(sum(energies(ending)) for ending in found) or 1
    return [energy_bar(ending, longest) for ending in found]


def energies(ending: Ending) -> tuple[int, int, int]:
    """Used, left and missed, in Wh."""
    house = ending.house
    return house.used // MILLIJOULES_PER_WH, house.meter.credit_wh, house.unserved_wh


def energy_bar(ending: Ending, longest: int) -> Bar:
    """One meter."""
    names = (("used", LIGHT), ("left in the meter", GREEN), ("wanted, but cut off", "#c3cad2"))
    amounts = zip(names, energies(ending), strict=True)
    pieces = [(f"{name} {wh / 1000:,.1f} kWh", colour, wh) for (name, colour), wh in amounts if wh > 0]
    return bar(ending.customer, pieces, longest)


def bar(title: str, pieces: Iterable[tuple[str, str, int]], whole: int) -> Bar:
    """Pieces one after the other."""
    parts, done = [], 0
    for words, colour, amount in pieces:
        start = round(ALL * done / whole, 1)
        done += amount
        parts.append(Span(start, round(ALL * done / whole - start, 1), words, colour))
    return Bar(title, f"{title}: {', '.join(part.words for part in parts)}.", tuple(parts))
