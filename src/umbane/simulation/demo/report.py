"""The page about a day: its hours, its money, its energy, the proofs, what was refused, and every slip."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from umbane.ledger import Proof as BooksProof
from umbane.pricing import Currency, LineKind
from umbane.registry import Utility
from umbane.simulation.charts import GREEN, INK, KINDS, LIGHT, Chart, bars, plain, svg
from umbane.simulation.demo.claims import Booked, vendor_totals
from umbane.simulation.demo.day import Day
from umbane.simulation.demo.plan import HARMLESS, Twist
from umbane.simulation.demo.slips import Printer
from umbane.simulation.demo.till import Done
from umbane.simulation.proof import Proof
from umbane.simulation.report import TEMPLATES

__all__ = ["report"]

HOUR: Final = 60
HOURS: Final = 24
WATT_HOURS: Final = 10
RED: Final = "#d64545"


def report(  # noqa: PLR0913, PLR0917 - all that there is to tell
    day: Day, whose: Utility, books: Booked, printer: Printer, proofs: Sequence[Proof], proof: BooksProof
) -> str:
    """The page as HTML."""
    twists = Counter(it.errand.twist for it in day.done if it.sale and it.errand.twist)
    return TEMPLATES.get_template("demo.html").render(
        day=day,
        whose=whose,
        books=books,
        totals=vendor_totals(day),
        proofs=proofs,
        proof=proof,
        money=sum(it.tender for it in day.sales),
        units=sum(it.units + it.free_units for it in day.sales),
        tokens=sum(len(it.typed) for it in day.done),
        harmless=[(HARMLESS[it], twists[it]) for it in Twist if twists[it]],
        charts=[hours_chart(day), money_chart(day, books, whose.currency), energy_chart(day)],
        slips=[printer.slip(it) for it in day.done if it.sale],
    )


def hours_chart(day: Day) -> Chart:
    """A bar for each hour: what was sold and what was refused."""
    sold = Counter(it.errand.minute // HOUR for it in day.done if it.sale)
    refused = Counter(it.errand.minute // HOUR for it in day.done if it.problem)
    figure = Figure(figsize=(12, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(HOURS), [sold[it] for it in range(HOURS)], color=LIGHT, label="sold")
    axes.bar(range(HOURS), [refused[it] for it in range(HOURS)], bottom=[sold[it] for it in range(HOURS)],
             color=RED, label="refused")  # fmt: skip
    axes.set_xticks(range(0, HOURS, 2), [f"{it:02}:00" for it in range(0, HOURS, 2)])
    axes.legend(fontsize=9, frameon=False, loc="upper left")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("errands", fontsize=9, color=INK)
    plain(axes)
    busiest = max(range(HOURS), key=lambda it: sold[it])
    words = f"Errands by the hour: most were sold from {busiest}:00 on, {sold[busiest]} of {len(day.sales)}."
    return Chart("When people came", words, svg(figure))


def money_chart(day: Day, books: Booked, currency: Currency) -> Chart:
    """A bar for each vendor: what the money was for."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for done in day.done:
        for line in done.sale.lines if done.sale else ():
            sums[vendor_of(done)][line.kind] += max(line.amount, 0)
    names = [it.code for it in vendor_totals(day)]
    parts = {
        words: (colour, [sums[name][kind] / currency.minor_units for name in names])
        for kind, (words, colour) in KINDS.items()
        if kind is not LineKind.CREDIT
    }
    return bars(
        "What the money of each vendor was for", [books.names.get(it, it) for it in names], parts, currency.code
    )


def energy_chart(day: Day) -> Chart:
    """A bar for each feeder: the energy that was bought for its homes, and what they got free."""
    feeders = sorted({it.errand.home.feeder for it in day.done if it.errand.home and it.errand.home.feeder})
    bought, free = (kwh(day, feeders, amount) for amount in ((lambda it: it.units), (lambda it: it.free_units)))
    parts = {"bought": (LIGHT, bought), "free": (GREEN, free)}
    chart = bars("The energy sold on each feeder", [f"feeder {it}" for it in feeders], parts, "kWh")
    totals = (f"{name} {one + other:,.1f}" for name, one, other in zip(feeders, bought, free, strict=True))
    return replace(chart, words=f"In kWh: {', '.join(totals)}.")


def kwh(day: Day, feeders: Sequence[str], amount: Callable[..., int]) -> list[float]:
    """So many kWh for the homes of each feeder."""
    sums: Counter[str] = Counter()
    for done in day.done:
        if done.sale and done.errand.home:
            sums[done.errand.home.feeder] += amount(done.sale)
    return [sums[it] / WATT_HOURS for it in feeders]


def vendor_of(done: Done) -> str:
    """At whose till it was."""
    return done.errand.till.partition("/")[0]
