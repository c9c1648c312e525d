"""The charts of the report, as SVG that stands in the page itself."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Final
from warnings import catch_warnings, filterwarnings

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import DateFormatter, DayLocator, MonthLocator, date2num
from matplotlib.figure import Figure

from umbane.pricing import LineKind
from umbane.simulation.fleet import MILLIJOULES_PER_TENTH
from umbane.simulation.models import Sale
from umbane.simulation.story import Story
from umbane.simulation.summary import Ending, endings

__all__ = [
    "GREEN", "INK", "KINDS", "LIGHT", "Chart", "bars", "credit_charts", "energy_chart", "money_chart", "plain", "price",
    "price_charts", "svg",
]  # fmt: skip

INK: Final = "#1f2933"
LIGHT: Final = "#f2b705"
GREEN: Final = "#2f9e6e"
DARK: Final = "#52606d"
BLUE: Final = "#3a7ca5"
KINDS: Final = {
    LineKind.ENERGY: ("energy", LIGHT),
    LineKind.SURCHARGE: ("surcharges", "#f28f3b"),
    LineKind.CHARGE: ("fixed charges", "#8d6cab"),
    LineKind.TAX: ("taxes and levies", BLUE),
    LineKind.ARREARS: ("old debts", "#d64545"),
    LineKind.CREDIT: ("carried over", "#b8c4ce"),
}
"""What each kind of line is called and drawn in; rounding is too little to be seen."""

WIDTH: Final = 12
NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))
MILLIJOULES_PER_KWH: Final = 10 * MILLIJOULES_PER_TENTH


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture.

    Attributes:
        title: of whom or what.
        words: what it shows, in a sentence, for those who don't see it.
        svg: the picture itself.
    """

    title: str
    words: str
    svg: str


def credit_charts(story: Story, most: int) -> list[Chart]:
    """A chart for each meter, at most so many: its credit, a dark band where it had no supply, its purchases."""
    return [credit_chart(ending, story) for ending in endings(story)[:most]]


def credit_chart(ending: Ending, story: Story) -> Chart:
    """One meter."""
    house = ending.house
    readings = house.readings
    times, kwh = moments([reading.time for reading in readings]), [reading.credit_wh / 1000 for reading in readings]
    top = 1.15 * max(*kwh, 1)
    figure, axes = small_chart(story)
    axes.fill_between(times, kwh, color=LIGHT, alpha=0.35, linewidth=0)
    axes.plot(times, kwh, color="#b38600", linewidth=1)
    cut_off = [not reading.lit for reading in readings]
    axes.fill_between(times, 0, top, where=cut_off, color=DARK, linewidth=0, step="post")
    pan = house.household.pan
    bought = moments([sale.purchase.time for sale in story.sales if sale.deliveries and sale.pan == pan])
    axes.plot(bought, [0.94 * top] * len(bought), "v", color=GREEN, markersize=4, clip_on=False)
    axes.set_ylim(0, top)
    words = f"Credit of {ending.customer}: at most {max(kwh):.1f} kWh, at the end {house.days_left} days' worth."
    return Chart(ending.customer, words, svg(figure))


def price(sale: Sale) -> float | None:
    """What a kWh cost in this sale with all charges and taxes, old debts and free units apart."""
    units = sum(delivery.units for delivery in sale.deliveries if not delivery.free)
    if not (sale.tariff and sale.tender and units):
        return None
    debts = sum(line.amount for line in sale.lines if line.kind is LineKind.ARREARS)
    return (sale.tender - debts) * 10 / units / sale.tariff.currency.minor_units


def price_charts(story: Story) -> list[Chart]:
    """A chart for each tariff: a dot for each sale at the price of its average kWh, a line for each customer."""
    paths: dict[str, dict[str, list[tuple[datetime, float]]]] = defaultdict(lambda: defaultdict(list))
    for sale in story.sales:
        each = price(sale)
        if sale.tariff and each is not None:
            title = f"{sale.tariff.title}, {sale.tariff.currency.code}"
            paths[title][f"{sale.pan} {sale.customer}"].append((sale.purchase.time, each))
    return [price_chart(title, list(customers.values()), story) for title, customers in paths.items()]


def price_chart(title: str, paths: list[list[tuple[datetime, float]]], story: Story) -> Chart:
    """One tariff."""
    figure, axes = small_chart(story)
    for path in paths:
        axes.plot(
            moments([time for time, _ in path]), [each for _, each in path], "o-", color=BLUE, linewidth=0.7, ms=4
        )
    axes.set_ylim(bottom=0)
    prices = [each for path in paths for _, each in path]
    words = f"{title}: a kWh cost from {min(prices):,.4g} to {max(prices):,.4g}."
    return Chart(title, words, svg(figure))


def money_chart(story: Story) -> Chart:
    """A bar for each tariff: what a hundred of its money went to."""
    spent: dict[str, Counter[LineKind]] = defaultdict(Counter)
    for sale in story.sales:
        if sale.tariff and sale.tender:
            for line in sale.lines:
                spent[sale.tariff.title][line.kind] += max(line.amount, 0)
    parts = {
        name: (colour, [100 * kinds[kind] / max(1, sum(kinds[known] for known in KINDS)) for kinds in spent.values()])
        for kind, (name, colour) in KINDS.items()
    }
    return bars("What the money of each tariff went to", list(spent), parts, "per cent of the money tendered")


def energy_chart(story: Story, most: int) -> Chart:
    """A bar for each meter, at most so many: what was used, what is left, what people wanted in the dark."""
    drawn = endings(story)[:most]
    houses = [ending.house for ending in drawn]
    parts = {
        "used": (LIGHT, [house.used / MILLIJOULES_PER_KWH for house in houses]),
        "left in the meter": (GREEN, [max(0, house.meter.credit_wh) / 1000 for house in houses]),
        "wanted, but cut off": ("#c3cad2", [house.unserved_wh / 1000 for house in houses]),
    }
    return bars("Where the energy of each household went", [ending.customer for ending in drawn], parts, "kWh")


def bars(title: str, names: Sequence[str], parts: dict[str, tuple[str, list[float]]], unit: str) -> Chart:
    """A bar for each name, made of the parts that are anywhere more than nothing."""
    figure = Figure(figsize=(WIDTH, 1.4 + 0.34 * len(names)), layout="constrained")
    axes = figure.subplots()
    rows, left = range(len(names)), [0.0] * len(names)
    for name, (colour, lengths) in parts.items():
        if any(lengths):
            axes.barh(rows, lengths, left=left, color=colour, label=name, height=0.68)
            left = [start + length for start, length in zip(left, lengths, strict=True)]
    axes.set_yticks(rows, names, parse_math=False)
    axes.invert_yaxis()
    axes.margins(y=0.02)
    axes.set_xlabel(unit, fontsize=9, color=INK)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(ncols=len(parts), fontsize=9, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    plain(axes)
    return Chart(title, f"{title}, in {unit}; the figures are in the table below.", svg(figure))


def small_chart(story: Story) -> tuple[Figure, Axes]:
    """A small figure over the time of the story, with its months named and its weeks marked."""
    figure = Figure(figsize=(3.8, 1.5), layout="tight")
    axes = figure.subplots()
    axes.set_xlim(*moments([story.start, story.end]))
    axes.xaxis.set_major_locator(MonthLocator())
    axes.xaxis.set_minor_locator(DayLocator(interval=7))
    axes.xaxis.set_major_formatter(DateFormatter("%b %Y"))
    plain(axes)
    return figure, axes


def moments(times: Sequence[datetime]) -> list[float]:
    """Moments as matplotlib counts them."""
    return [float(date2num(time.astimezone(UTC))) for time in times]


def plain(axes: Axes) -> None:
    """No box, small figures."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)


def svg(figure: Figure) -> str:
    """The figure as an SVG element: the same bytes for the same story."""
    text = StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "umbane"}), catch_warnings():
        filterwarnings("ignore", "Glyph")  # the reader's browser has the fonts for every name
        FigureCanvasSVG(figure).print_svg(text, metadata=NO_METADATA)
    return "<svg" + text.getvalue().partition("<svg")[2]
