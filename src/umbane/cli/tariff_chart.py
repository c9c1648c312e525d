"""A tariff as a picture: what a unit costs as the month goes on, and what money buys.

Only this module needs matplotlib; it draws into a figure of its own and leaves the saving to the caller.
"""

from datetime import date
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from umbane.pricing.explain import bought, price_at, reach, tenders
from umbane.pricing.rates import RateCard
from umbane.pricing.tariff import Tariff

__all__ = ["draw"]

INK: Final = "#1f2933"
QUIET: Final = "#7b8794"
MARGINAL: Final = "#d9480f"
AVERAGE: Final = "#1864ab"
MONEY: Final = "#2b8a3e"
BANDS: Final = ("#fff9db", "#fff3bf", "#ffec99", "#ffe066", "#ffd43b", "#fcc419")
"""Blocks, from pale to deep: the dearer, the deeper."""
SAMPLES: Final = 240
"""Points of a curve."""


def draw(tariff: Tariff, day: date) -> Figure:
    """Draw the tariff as it is on this day.

    Raises:
        PricingError: the tariff has no price for a purchase on this day.
    """
    card = tariff.card(day)
    figure = Figure(figsize=(11.5, 5.2), layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2)
    figure.suptitle(
        f"{tariff.title}   ·   {tariff.version}", color=INK, fontsize=15, fontweight="bold", x=0.015, ha="left"
    )
    _draw_prices(left, tariff, card)
    _draw_purchases(right, tariff, card, day)
    source = tariff.document.sources[0].title
    note = f"as on {day:%d %b %Y} · all surcharges and taxes on energy included · source: {source}"
    figure.supxlabel(note, color=QUIET, fontsize=8, x=0.015, ha="left")
    return figure


def _draw_prices(axes: Axes, tariff: Tariff, card: RateCard) -> None:
    """The price of the next unit as steps, the average of all so far as a curve, each block a band of its own."""
    most = reach(card)
    _bands(axes, card, most)
    steps = [*(start / 10 for start in card.starts), most / 10]
    marginal = [slope * 10 / card.scale / tariff.currency.minor_units for slope in card.slopes]
    axes.stairs(marginal, steps, baseline=None, color=MARGINAL, linewidth=2.6, label="the next unit")
    units = [max(most * sample // SAMPLES, 1) for sample in range(SAMPLES + 1)]
    averages = [float(price_at(tariff, card, it).average) for it in units]
    axes.plot([it / 10 for it in units], averages, color=AVERAGE, linewidth=2.6, label="all units so far, on average")
    axes.set_ylim(0, max(*marginal, *averages) * 1.18)
    _style(
        axes,
        f"What a {tariff.unit} costs",
        f"{tariff.unit} bought in the period",
        f"{tariff.currency.code} per {tariff.unit}",
    )
    axes.legend(frameon=False, loc="lower right", labelcolor=INK)


def _bands(axes: Axes, card: RateCard, most: int) -> None:
    for place, start in enumerate(card.starts if len(card.starts) > 1 else ()):
        end = card.starts[place + 1] if place + 1 < len(card.starts) else most
        axes.axvspan(start / 10, end / 10, color=BANDS[min(place, len(BANDS) - 1)], alpha=0.55, linewidth=0)
        axes.text(
            (start + end) / 20,
            0.97,
            f"block {place + 1}",
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=8,
            color=QUIET,
        )


def _draw_purchases(axes: Axes, tariff: Tariff, card: RateCard, day: date) -> None:
    """What the first purchase of a month buys, by money."""
    most = tenders(tariff, card)[-1]
    found = [bought(tariff, day, max(most * sample // SAMPLES, 1)) for sample in range(SAMPLES + 1)]
    sold = [it for it in found if it]
    money = [it.money / tariff.currency.minor_units for it in sold]
    axes.plot(money, [it.units / 10 for it in sold], color=MONEY, linewidth=2.6)
    axes.fill_between(money, [it.units / 10 for it in sold], color=MONEY, alpha=0.08, linewidth=0)
    for tender in tenders(tariff, card):
        it = bought(tariff, day, tender)
        if it:
            place = it.money / tariff.currency.minor_units, it.units / 10
            axes.plot(*place, "o", color=MONEY, markersize=5)
            axes.annotate(
                f"{it.units / 10:,.1f}",
                place,
                textcoords="offset points",
                xytext=(-5, 7),
                ha="right",
                color=INK,
                fontsize=8.5,
            )
    axes.set_xlim(0, most / tariff.currency.minor_units)
    axes.set_ylim(bottom=0)
    title = "What money buys, as the first purchase of a month"
    _style(axes, title, tariff.currency.code, tariff.unit)


def _style(axes: Axes, title: str, across: str, up: str) -> None:
    axes.set_title(title, loc="left", color=INK, fontsize=11.5, pad=10)
    axes.set_xlabel(across, color=QUIET)
    axes.set_ylabel(up, color=QUIET)
    axes.tick_params(colors=QUIET, length=0)
    axes.grid(visible=True, axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(7))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#cbd2d9")
