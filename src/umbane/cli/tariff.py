"""`umbane tariff`: check, quote and explain tariff files."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from umbane.errors import InputError, shown
from umbane.pricing import (
    Arrears,
    CustomerState,
    PricingError,
    Quote,
    Tariff,
    TariffFileError,
    load_tariff,
    quote,
)
from umbane.pricing.currency import LARGEST_AMOUNT
from umbane.pricing.examples import recompute
from umbane.pricing.explain import day_to_show, prices, purchases
from umbane.pricing.receipt import as_data, detail, show_units
from umbane.pricing.schema import schema_text
from umbane.pricing.state import LARGEST_UNITS
from umbane.pricing.tariff import LARGEST_TOKEN

__all__ = ["command"]

WRONG = 1
"""The exit code when a tariff file is wrong."""
FILE = click.Path(path_type=Path)
AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9])?", re.ASCII)
PICTURES = (".png", ".svg")


@click.group()
def command() -> None:
    """Check, quote and explain tariff files."""


# ------------------------------------------------------------------------------------------------------------ check


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
def check(files: tuple[Path, ...]) -> None:
    """Check tariff files and recompute the worked examples in them.

    Everything that is wrong is told, by file, line and field. The exit code is 1 if anything is.
    """
    good = [_check(file) for file in files]
    if not all(good):
        raise SystemExit(WRONG)


def _check(file: Path) -> bool:
    """Say what is right or wrong with one file."""
    try:
        tariff = load_tariff(file)
        wrong = [f"{it.title}: {text}" for it in recompute(tariff) for text in it.differences]
    except PricingError as error:
        wrong = [str(error)] if isinstance(error, TariffFileError) else [f"{file}: {error}"]
        tariff = None
    else:
        wrong = [f"{file}: example: {text}" for text in wrong]
    for line in wrong:
        click.echo(line, err=True)
    if tariff and not wrong:
        click.echo(f"{file}: good: {tariff.title} ({tariff.version}), {_dates(tariff)}, {_examples(tariff)}")
    return not wrong


def _dates(tariff: Tariff) -> str:
    return f"from {tariff.valid_from}" + (f" to {tariff.valid_until}" if tariff.valid_until else "")


def _examples(tariff: Tariff) -> str:
    count = len(tariff.document.examples)
    return f"{count} worked example{'s' * (count != 1)} reproduced" if count else "no worked examples"


# ------------------------------------------------------------------------------------------------------------ quote


@command.command(name="quote")
@click.argument("file", type=FILE)
@click.option("--money", help="What the customer pays, such as 200 or 199.95.")
@click.option("--units", help="What the customer wants instead, such as 58.4.")
@click.option("--purchased", default="0", help="Units bought earlier in the period.", show_default=True)
@click.option(
    "--first/--not-first",
    default=None,
    help="Whether it is the first purchase of the month, so that charges "
    "are due. Taken to be so when nothing was purchased earlier.",
)
@click.option("--charged-on", type=click.DateTime(["%Y-%m-%d"]), help="Day up to which charges are paid.")
@click.option("--arrears", multiple=True, metavar="[KIND=]AMOUNT", help="A debt. May be given several times.")
@click.option("--percent", help="Of each purchase for the debts, by arrangement with the customer.")
@click.option("--free/--no-free", default=False, help="Whether the customer is entitled to free units.")
@click.option(
    "--load", type=click.IntRange(1, LARGEST_UNITS), help="Connected load in watts, where the tariff needs it."
)
@click.option("--at", help="Day of the purchase, such as 2026-03-12; today if the tariff is in force.")
@click.option("--json", "as_json", is_flag=True, help="Print the quote for other programs.")
def quote_(
    *,
    file: Path,
    money: str | None,
    units: str | None,
    purchased: str,
    first: bool | None,
    charged_on: datetime | None,
    arrears: tuple[str, ...],
    percent: str | None,
    free: bool,
    load: int | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Quote one purchase: what the money buys, line by line."""
    tariff = load_tariff(file)
    day = _day(tariff, at)
    bought = _tenths("--purchased", purchased)
    paid_up = charged_on.date() if charged_on else day if (first is False or (first is None and bought)) else None
    state = CustomerState(
        purchased=bought,
        charged_on=paid_up,
        arrears=tuple(_debt(tariff, text, percent) for text in arrears),
        free_from=day if free else None,
        connected_load=load,
    )
    tender = None if money is None else tariff.currency.parse(money, "--money")
    wanted = None if units is None else _tenths("--units", units)
    if (tender is None) == (wanted is None):
        raise InputError("--money", "neither or both of --money and --units", "one of them")
    sale = quote(tariff, state, at=datetime.combine(day, time(12), tariff.zone), money=tender, units=wanted)
    if as_json:
        click.echo(json.dumps({**as_data(sale, tariff), "day": day.isoformat()}, ensure_ascii=False, indent=2))
    else:
        _print_quote(tariff, sale, day)
        if not at and day in {tariff.valid_from, tariff.valid_until}:
            click.echo(f"Quoted for {day}, the nearest day on which this tariff is in force; --at names another.")


def _day(tariff: Tariff, at: str | None) -> date:
    """The day asked for, or today, or the nearest day on which the tariff is in force."""
    if at is None:
        return day_to_show(tariff, datetime.now(UTC).astimezone(tariff.zone).date())
    try:
        return datetime.strptime(at, "%Y-%m-%d").replace(tzinfo=tariff.zone).date()
    except ValueError:
        raise InputError("--at", f"{shown(at)} is not a day", "year-month-day, like 2026-03-12") from None


def _tenths(option: str, text: str) -> int:
    whole, _, tenth = text.partition(".")
    if not AMOUNT.fullmatch(text) or int(whole + (tenth or "0")) > LARGEST_UNITS:
        raise InputError(option, f"{shown(text)} is not an amount of energy", "steps of 0.1, like 58.4")
    return int(whole + (tenth or "0"))


def _debt(tariff: Tariff, text: str, percent: str | None) -> Arrears:
    kind, equals, amount = text.rpartition("=")
    if not equals:
        kind = next(iter(tariff.debts), "arrears")
    return Arrears(kind, tariff.currency.parse(amount, "--arrears"), percent=percent)


def _print_quote(tariff: Tariff, sale: Quote, day: date) -> None:
    console = Console(highlight=False, markup=False)
    table = Table(
        title=f"{tariff.title} ({tariff.version})", title_justify="left", title_style="bold", box=None, show_footer=True
    )
    table.add_column(Text(f"{day:%d %b %Y}", style="dim"), footer="Paid", footer_style="bold", header_style="dim")
    table.add_column("")
    table.add_column(
        tariff.currency.code,
        footer=tariff.currency.show(sale.tender),
        justify="right",
        footer_style="bold",
        header_style="dim",
        no_wrap=True,
    )
    for line in sale.lines:
        table.add_row(line.label, Text(detail(line, tariff), style="dim"), tariff.currency.show(line.amount))
    console.print(table)
    bought = f"{show_units(sale.units)} {tariff.unit}"
    console.print(Text.assemble("\nBuys ", (bought, "bold"), _free(tariff, sale)))
    for words in _left_over(tariff, sale.state):
        console.print(words)
    console.print(_limits(tariff, sale), style="dim")


def _left_over(tariff: Tariff, state: CustomerState) -> Iterator[str]:
    """What the customer still owes, or has to the good, after the purchase."""
    show, code = tariff.currency.show, tariff.currency.code
    for debt in state.arrears:
        label = tariff.debts[debt.kind].label if debt.kind in tariff.debts else debt.kind
        yield f"Still owed: {label}, {show(debt.owed)} {code}"
    for name, amount in state.unpaid_charges:
        yield f"Still owed: {name}, {show(amount)} {code}"
    if state.credit:
        yield f"To the good for the next purchase: {show(state.credit)} {code}"


def _limits(tariff: Tariff, sale: Quote) -> str:
    """What could have been paid; the most only where the tariff itself sets it, not the size of a token."""
    show, bounds, payable = tariff.currency.show, tariff.bounds, sale.payable
    least = f"Least that can be paid now: {show(payable.minimum)} {tariff.currency.code}"
    own = bounds.max_units < LARGEST_TOKEN or bounds.max_money < LARGEST_AMOUNT
    own = own or any(it is not None for it in (bounds.period_money, bounds.period_units, bounds.hours_of_load))
    return f"{least}, most: {show(payable.maximum)} {tariff.currency.code}" if own else least


def _free(tariff: Tariff, sale: Quote) -> str:
    return f" and {show_units(sale.free_units)} {tariff.unit} free on a token of their own" if sale.free_units else ""


# ---------------------------------------------------------------------------------------------------------- explain


@command.command()
@click.argument("file", type=FILE)
@click.option("--chart", type=FILE, help="Draw it, into a file that ends in .svg or .png.")
@click.option("--at", help="Day of the prices, such as 2026-03-12; today if the tariff is in force.")
def explain(file: Path, chart: Path | None, at: str | None) -> None:
    """Show what units cost under a tariff, and what money buys, as tables and as a chart."""
    tariff = load_tariff(file)
    day = _day(tariff, at)
    card = tariff.card(day)
    console = Console(highlight=False, markup=False)
    console.print(Text.assemble((tariff.title, "bold"), f" ({tariff.version}), as on {day:%d %b %Y}"))
    console.print("\nWhat units cost, with surcharges and taxes, without charges:")
    costs = _table(f"{tariff.unit} so far", "total", "average", "the next one")
    for price in prices(tariff, card):
        costs.add_row(
            show_units(price.units),
            *(f"{float(it):,.{tariff.currency.digits}f}" for it in price[1:2]),
            *(f"{float(it):,.4f}" for it in price[2:]),
        )
    console.print(costs)
    console.print("\nWhat money buys, as the first purchase of a month:")
    bought = _table(tariff.currency.code, tariff.unit)
    for it in purchases(tariff, card, day):
        bought.add_row(tariff.currency.show(it.money), show_units(it.units))
    console.print(bought)
    if chart:
        _save_chart(tariff, day, chart)
        console.print(f"\nDrawn: {chart}")


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _save_chart(tariff: Tariff, day: date, path: Path) -> None:
    if path.suffix.lower() not in PICTURES:
        raise InputError("--chart", f"{path.name} is no picture", f"a name that ends in {' or '.join(PICTURES)}")
    from umbane.cli.tariff_chart import draw

    figure = draw(tariff, day)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise InputError("--chart", f"can't be written: {error.strerror}", "a place to write to") from error


@command.command()
def schema() -> None:
    """Print the schema of tariff files, for editors."""
    click.echo(schema_text(), nl=False)
