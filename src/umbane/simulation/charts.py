"""The charts of the report, as SVG that stands in the page itself."""

from collections import Counter
from datetime import UTC
from io import StringIO
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import ConciseDateFormatter, DayLocator, MonthLocator, date2num
from matplotlib.figure import Figure

from umbane.pricing import LineKind
from umbane.simulation.fleet import MILLIJOULES_PER_TENTH, House
from umbane.simulation.story import Story

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["credit_chart", "energy_chart", "money_chart"]

INK: Final = "#1f2933"
LIGHT: Final = "#f2b705"
DARK: Final = "#3e4c59"
GREEN: Final = "#2f9e6e"
RED: Final = "#d64545"
KINDS: Final = {
    LineKind.ENERGY: ("energy", LIGHT),
    LineKind.SURCHARGE: ("surcharges", "#f28f3b"),
    LineKind.CHARGE: ("fixed charges", "#8d6cab"),
    LineKind.TAX: ("taxes and levies", "#3a7ca5"),
    LineKind.ARREARS: ("old debts", RED),
    LineKind.CREDIT: ("carried over", "#b8c4ce"),
    LineKind.ROUNDING: ("rounding", "#7b8794"),
}
"""What each kind of line is called and drawn in."""

COLUMNS: Final = 3
MILLIJOULES_PER_KWH: Final = 10 * MILLIJOULES_PER_TENTH


def credit_chart(story: Story) -> str:
    """A small chart for each meter: its credit as time passes, night where there was no supply, a dot per token."""
    houses = list(story.houses.values())
    rows = -(-len(houses) // COLUMNS)
    figure = Figure(figsize=(12, 1.9 * rows), layout="constrained")
    for axes, house in zip(figure.subplots(rows, COLUMNS, sharex=True, squeeze=False).flat, houses, strict=False):
        draw_credit(axes, house, story)
    for axes in figure.axes[len(houses) :]:
        axes.set_visible(False)
    return svg(figure)


def draw_credit(axes: "Axes", house: House, story: Story) -> None:
    """One meter."""
    times = [date2num(reading.time.astimezone(UTC)) for reading in house.readings]
    kwh = [reading.credit_wh / 1000 for reading in house.readings]
    axes.fill_between(times, kwh, color=LIGHT, alpha=0.35, linewidth=0)
    axes.plot(times, kwh, color="#b38600", linewidth=1)
    top = max(*kwh, 1) * 1.15
    cut_off = [not reading.lit for reading in house.readings]
    axes.fill_between(times, 0, top, where=cut_off, color=DARK, alpha=0.75, linewidth=0, step="post")
    bought = [
        date2num(sale.purchase.time.astimezone(UTC))
        for sale in story.sales
        if sale.deliveries and sale.meter == house.household.pan
    ]
    axes.plot(bought, [top * 0.94] * len(bought), "v", color=GREEN, markersize=5, clip_on=False)
    axes.set_ylim(0, top)
    axes.set_xlim(date2num(story.start), date2num(story.end))
    axes.set_title(house.household.customer, fontsize=9, loc="left", color=INK)
    axes.xaxis.set_major_locator(MonthLocator())
    axes.xaxis.set_minor_locator(DayLocator(interval=7))
    axes.xaxis.set_major_formatter(ConciseDateFormatter(MonthLocator()))
    plain(axes)


def money_chart(story: Story) -> str:
    """A bar for each tariff: what a hundred of its money went to."""
    spent: dict[str, Counter[LineKind]] = {}
    for sale in story.sales:
        if sale.quote and sale.tariff:
            parts = spent.setdefault(sale.tariff.title, Counter())
            for line in sale.quote.lines:
                parts[line.kind] += line.amount
    figure = Figure(figsize=(12, 1.6 + 0.55 * len(spent)), layout="constrained")
    axes = figure.subplots()
    left = dict.fromkeys(spent, 0.0)
    for kind, (name, colour) in KINDS.items():
        shares = {title: max(0.0, 100 * parts[kind] / max(1, parts.total())) for title, parts in spent.items()}
        if any(shares.values()):
            axes.barh(
                list(shares), list(shares.values()), left=list(left.values()), color=colour, label=name, height=0.6
            )
            left = {title: left[title] + share for title, share in shares.items()}
    axes.set_xlim(0, 100)
    axes.set_xlabel("per cent of the money tendered", fontsize=9, color=INK)
    axes.invert_yaxis()
    axes.legend(ncols=len(KINDS), fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1))
    plain(axes)
    return svg(figure)


def energy_chart(story: Story) -> str:
    """A bar for each meter: credit put in, as used, left, and beside it what people wanted in the dark."""
    houses = list(story.houses.values())
    names = [house.household.customer for house in houses]
    used = [house.used / MILLIJOULES_PER_KWH for house in houses]
    left = [house.meter.credit_wh / 1000 for house in houses]
    missed = [house.unserved_wh / 1000 for house in houses]
    figure = Figure(figsize=(12, 1.4 + 0.32 * len(houses)), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, used, color=LIGHT, label="used", height=0.65)
    axes.barh(names, left, left=used, color=GREEN, label="left in the meter", height=0.65)
    ends = [a + b for a, b in zip(used, left, strict=True)]
    axes.barh(
        names, missed, left=ends, color="none", edgecolor=DARK, hatch="////", label="wanted, but cut off", height=0.65
    )
    axes.set_xlabel("kWh", fontsize=9, color=INK)
    axes.invert_yaxis()
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    plain(axes)
    return svg(figure)


def plain(axes: "Axes") -> None:
    """No box, small figures."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)


def svg(figure: Figure) -> str:
    """The figure as an SVG element, the same bytes for the same story."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "umbane", "font.family": "sans-serif"}):
        text = StringIO()
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]
