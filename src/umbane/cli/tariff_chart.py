"""A tariff as a picture: what a unit costs as the month goes on, and what money buys.

The figure is made without any state of matplotlib's own, and saving it is left to the caller.
"""

from datetime import date, datetime, time
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from umbane.pricing import CustomerState, Tariff, payable
from umbane.pricing.explain import bought, price_at, reach, tenders
from umbane.pricing.rates import RateCard

__all__ = ["draw"]

INK: Final = "#1f2933"
QUIET: Final = "#7b8794"
MARGINAL: Final = "#d9480f"
AVERAGE: Final = "#1864ab"
MONEY: Final = "#2b8a3e"
BANDS: Final = ("#fffbeb", "#fff5cc", "#ffec99", "#ffe066", "#ffd43b", "#fcc419")
"""Blocks, from pale to deep."""
SAMPLES: Final = 300
"""Points of a curve."""
NARROW: Final = 12
"""A block narrower than one part in so many has no room for words."""
NOON: Final = time(12)


def draw(tariff: Tariff, day: date) -> Figure:
    """Draw the tariff as it is on this day.

    Raises:
        PricingError: the tariff has no price for a purchase on this day.
    """
    card = tariff.card(day)
    figure = Figure(figsize=(11.5, 5.4), layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2)
    title = f"{tariff.title}   ·   {tariff.version}"
    figure.suptitle(title, color=INK, fontsize=15, fontweight="bold", x=0.012, ha="left")
    _draw_prices(left, tariff, card)
    _draw_purchases(right, tariff, card, day)
    source = tariff.document.sources[0].title
    note = f"as on {day:%d %b %Y} · all surcharges and taxes on energy included · source: {source}"
    figure.supxlabel(note, color=QUIET, fontsize=8, x=0.012, ha="left")
    return figure


def _draw_prices(axes: Axes, tariff: Tariff, card: RateCard) -> None:
    """The price of the next unit as steps, the average of all so far as a curve, each block a band of its own."""
    most = reach(card)
    edges = [*(start / 10 for start in card.starts), most / 10]
    marginal = [slope * 10 / card.scale / tariff.currency.minor_units for slope in card.slopes]
    units = [max(most * sample // SAMPLES, 1) for sample in range(SAMPLES + 1)]
    averages = [float(price_at(tariff, card, it).average) for it in units]
    top = max(*marginal, *averages) * 1.22
    axes.stairs(marginal, edges, baseline=None, color=MARGINAL, linewidth=2.6, label="the next unit")
    axes.plot([it / 10 for it in units], averages, color=AVERAGE, linewidth=2.6, label="all units so far, on average")
    for place, price in enumerate(marginal):
        _label_block(axes, place, edges, price, top)
    axes.set_xlim(0, most / 10)
    axes.set_ylim(0, top)
    _style(axes, f"What a {tariff.unit} costs", f"{tariff.unit} bought in the period")
    axes.set_ylabel(f"{tariff.currency.code} per {tariff.unit}", color=QUIET)
    axes.legend(frameon=False, loc="best", labelcolor=INK)


def _label_block(axes: Axes, place: int, edges: list[float], price: float, top: float) -> None:
    """Colour the band of a block, number it, and write its price above its step."""
    begin, end = edges[place], edges[place + 1]
    middle, roomy = (begin + end) / 2, (end - begin) * NARROW > edges[-1]
    if len(edges) > 2:  # noqa: PLR2004 - more than one block
        axes.axvspan(begin, end, color=BANDS[min(place, len(BANDS) - 1)], linewidth=0, zorder=0)
        name = f"block {place + 1}" if roomy else f"{place + 1}"
        axes.text(middle, top * 0.975, name, ha="center", va="top", fontsize=8, color=QUIET)
    if roomy:
        box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5}
        height = price + top * 0.022
        axes.text(middle, height, f"{price:,.5g}", ha="center", va="bottom", fontsize=9, color=MARGINAL, bbox=box)


def _draw_purchases(axes: Axes, tariff: Tariff, card: RateCard, day: date) -> None:
    """What the first purchase of a month buys, by money."""
    minor, round_sums = tariff.currency.minor_units, tenders(tariff, card)
    most = round_sums[-1]
    found = [bought(tariff, day, max(most * sample // SAMPLES, 1)) for sample in range(SAMPLES + 1)]
    money = [it.money / minor for it in found if it]
    units = [it.units / 10 for it in found if it]
    axes.plot(money, units, color=MONEY, linewidth=2.6)
    axes.fill_between(money, units, color=MONEY, alpha=0.09, linewidth=0)
    for it in filter(None, (bought(tariff, day, tender) for tender in round_sums)):
        _mark(axes, it.money / minor, it.units / 10)
    _label_charges(axes, tariff, day, most)
    axes.set_xlim(0, most / minor)
    axes.set_ylim(bottom=0)
    _style(axes, "What money buys, as the first purchase of a month", tariff.currency.code)
    axes.set_ylabel(tariff.unit, color=QUIET)


def _label_charges(axes: Axes, tariff: Tariff, day: date, most: int) -> None:
    """Show the money below which nothing can be bought, if that is much."""
    at = datetime.combine(day, NOON, tariff.zone)
    least = payable(tariff, CustomerState(connected_load=1000), at=at).minimum
    if least * 100 > most:
        place = least / tariff.currency.minor_units
        axes.axvline(place, color=QUIET, linewidth=1, linestyle=(0, (2, 3)))
        words = f" smallest purchase {place:,.10g}"
        axes.text(place, 0.95, words, transform=axes.get_xaxis_transform(), color=QUIET, fontsize=8.5, va="top")


def _mark(axes: Axes, across: float, up: float) -> None:
    """A dot with its units."""
    axes.plot(across, up, "o", color=MONEY, markersize=5.5, clip_on=False)
    words, offset = f"{up:,.1f}", (-6, 7)
    axes.annotate(words, (across, up), offset, textcoords="offset points", ha="right", color=INK, fontsize=9)


def _style(axes: Axes, title: str, across: str) -> None:
    axes.set_title(title, loc="left", color=INK, fontsize=11.5, pad=10)
    axes.set_xlabel(across, color=QUIET)
    axes.tick_params(colors=QUIET, length=0)
    axes.grid(visible=True, axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#cbd2d9")
