"""Shifts of cashiers and what becomes of their money, at a terminal: commands of `umbane trade`."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click
from rich import box
from rich.table import Table

from umbane.cli.trade_vendors import within
from umbane.cli.where import plain
from umbane.cli.whose import console, of_utility
from umbane.db import Connection
from umbane.errors import InputError
from umbane.pricing.receipt import show_units
from umbane.registry import NotFoundError, Scope, Terminal, terminals, vendor_by_code
from umbane.registry.operators import operator_by_name
from umbane.trade import batches, shifts, takings
from umbane.trade.batches import BatchKind
from umbane.trade.errors import TradeStateError
from umbane.trade.shifts import PayType

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["batch", "shift", "totals"]


async def terminal_meant(connection: Connection, home: "Utility", vendor: str, terminal: str) -> Terminal:
    """A terminal by the codes of its vendor and its own.

    Raises:
        NotFoundError: there is none.
    """
    seller = await vendor_by_code(connection, home.id, vendor)
    found = next((it for it in await terminals(connection, home.id, seller.id) if it.code == terminal), None)
    if found is None:
        raise NotFoundError("terminal", f"{terminal} of {vendor}")
    return found


async def shifts_of(connection: Connection, home: "Utility", vendor: str, terminal: str) -> list[takings.Shift]:
    """The shifts of a terminal."""
    place = await terminal_meant(connection, home, vendor, terminal)
    return await takings.shifts(connection, home.id, terminal_id=place.id)


async def shift_meant(
    connection: Connection, home: "Utility", vendor: str, terminal: str, number: int | None
) -> takings.Shift:
    """A shift of a terminal by its number, or the last.

    Raises:
        NotFoundError: there is none.
    """
    found = await shifts_of(connection, home, vendor, terminal)
    wanted = [it for it in found if number in {None, it.number}]
    if not wanted:
        raise NotFoundError("shift", f"{number or 'yet'} of {vendor} {terminal}")
    return wanted[-1]


# -------------------------------------------------------------------------------------------------------------- shifts


@click.group()
def shift() -> None:
    """Open and close the shifts of cashiers."""


@shift.command(name="open", short_help="Open a shift.")
@click.argument("vendor")
@click.argument("terminal")
@click.argument("cashier")
@click.option("--float", "cash", required=True, help="The money that was counted in the drawer, like 100.00.")
@of_utility
def open_(vendor: str, terminal: str, cashier: str, cash: str, code: str | None) -> None:
    """Open a shift at TERMINAL of VENDOR for CASHIER, by the name to sign in with."""

    async def work(tx: Connection, home: "Utility", scope: Scope) -> takings.Shift:
        place = await terminal_meant(tx, home, vendor, terminal)
        who = await operator_by_name(tx, home.id, cashier)
        opening = shifts.Opening(place.id, who.id, home.currency.parse(cash, "--float"))
        ids = await shifts.open_shifts(tx, scope, [opening], datetime.now(UTC))
        return (await takings.shifts(tx, home.id, ids=ids))[0]

    opened = within(code, work)
    click.echo(f"Shift {opened.number} of {opened.vendor} {opened.terminal} is open for {opened.operator}.")


@shift.command(short_help="Count the drawer, and close the shift.")
@click.argument("vendor")
@click.argument("terminal")
@click.option(
    "--counted", multiple=True, metavar="TYPE=AMOUNT",
    help=f"What was counted, such as cash=350.00, the float included. Types: {', '.join(PayType)}.",
)  # fmt: skip
@click.option("--reason", help="Why it isn't what is expected, if it isn't.")
@of_utility
def close(vendor: str, terminal: str, counted: tuple[str, ...], reason: str | None, code: str | None) -> None:
    """Close the open shift at TERMINAL of VENDOR with what was counted. It stays as it is then."""

    async def work(tx: Connection, home: "Utility", scope: Scope) -> tuple["Utility", takings.Shift]:
        last = await shift_meant(tx, home, vendor, terminal, None)
        closing = shifts.Closing(last.id, counts_from(home, counted), reason)
        await shifts.close_shifts(tx, scope, [closing], datetime.now(UTC))
        return home, (await takings.shifts(tx, home.id, ids=[last.id]))[0]

    home, closed = within(code, work)
    show = home.currency.show
    expected, found = closed.expected or 0, closed.counted or 0
    click.echo(f"Shift {closed.number} of {closed.vendor} {closed.terminal} is closed.")
    click.echo(f"Expected {show(expected)}, counted {show(found)}: {difference(home, found - expected)}.")


def counts_from(home: "Utility", counted: tuple[str, ...]) -> dict[PayType, int]:
    """What was counted, by pay type.

    Raises:
        InputError: it isn't written as it has to be, or a type is there twice.
    """
    found: dict[PayType, int] = {}
    for text in counted:
        name, _, amount = text.partition("=")
        if name not in list(PayType):
            raise InputError("--counted", f"{plain(name)} is no way to pay", f"one of {', '.join(PayType)}")
        if PayType(name) in found:
            raise InputError("--counted", f"{name} is there twice", "count it together")
        found[PayType(name)] = home.currency.parse(amount, f"--counted {name}")
    return found


def difference(home: "Utility", amount: int) -> str:
    """What is too much or missing, in words."""
    if not amount:
        return "all is there"
    return f"{home.currency.show(abs(amount))} {'too much' if amount > 0 else 'missing'}"


@shift.command(name="list", short_help="List the shifts of a terminal.")
@click.argument("vendor")
@click.argument("terminal")
@of_utility
def list_(vendor: str, terminal: str, code: str | None) -> None:
    """List the shifts at TERMINAL of VENDOR."""

    async def work(tx: Connection, home: "Utility", _: Scope) -> tuple["Utility", list[takings.Shift]]:
        return home, await shifts_of(tx, home, vendor, terminal)

    home, found = within(code, work)
    if not found:
        click.echo("There is no shift yet.")
        return
    table = Table("shift", "cashier", "opened", "closed", "float", "expected", "counted", "", box=box.SIMPLE_HEAD)
    for column in table.columns[:7]:
        column.no_wrap = True
    for column in table.columns[4:7]:
        column.justify = "right"
    for it in found:
        moments = [moment(home, at) for at in (it.opened_at, it.closed_at)]
        amounts = [("" if money is None else home.currency.show(money)) for money in (it.expected, it.counted)]
        words = plain(it.reason or "")
        table.add_row(str(it.number), it.operator, *moments, home.currency.show(it.cash_float), *amounts, words)
    console().print(table)


def moment(home: "Utility", at: datetime | None) -> str:
    """A moment on the utility's clock."""
    return f"{at.astimezone(home.zone):%Y-%m-%d %H:%M}" if at else "open"


# -------------------------------------------------------------------------------------------------------------- totals


@click.command(short_help="Show what a shift or a batch took.")
@click.argument("words", nargs=-1, metavar="[VENDOR TERMINAL [SHIFT]]")
@click.option("--batch", "number", help="All shifts of the sales or bank batch of this number.")
@of_utility
def totals(words: tuple[str, ...], number: str | None, code: str | None) -> None:
    """Show what a shift that is closed took, by kind and pay type: the last one, or SHIFT by its number; or a batch."""

    async def work(
        tx: Connection, home: "Utility", _: Scope
    ) -> tuple["Utility", list[takings.Shift], list[takings.Taken], list[takings.Counted]]:
        ids = await shifts_meant(tx, home, words, number)
        found = await takings.shifts(tx, home.id, ids=ids)
        return home, found, await takings.taken(tx, home.id, ids), await takings.counted(tx, home.id, ids)

    home, found, taken, counted = within(code, work)
    amount = home.currency.show
    click.echo(
        f"{len(found)} {'shift' if len(found) == 1 else 'shifts'} of {plain(home.name)}, in {home.currency.code}"
    )
    sold = Table("cashier", "kind", "sales", "taken back", "money", "kWh", "free kWh", box=box.SIMPLE_HEAD)
    for column in sold.columns[2:]:
        column.justify = "right"
    for it in taken:
        kind = f"{it.kind}, before the shift" if it.early else it.kind
        energy = (show_units(units) for units in (it.units, it.free_units))
        sold.add_row(it.operator, kind, f"{it.sales:,}", f"{it.taken_back:,}", amount(it.tender), *energy)
    console().print(sold)
    print_drawers(home, found, counted)


def print_drawers(home: "Utility", found: list[takings.Shift], counted: list[takings.Counted]) -> None:
    """Print what was counted, and how it compares with what is expected."""
    amount = home.currency.show
    drawers = Table("cashier", "pay type", "counted", box=box.SIMPLE_HEAD)
    drawers.columns[2].justify = "right"
    for it in counted:
        drawers.add_row(it.operator, it.pay_type, amount(it.amount))
    console().print(drawers)
    by_cashier: dict[str, list[takings.Shift]] = defaultdict(list)
    for each in found:
        by_cashier[each.operator].append(each)
    for cashier, theirs in by_cashier.items():
        expected, there = sum(it.expected or 0 for it in theirs), sum(it.counted or 0 for it in theirs)
        floats = amount(sum(it.cash_float for it in theirs))
        words = difference(home, there - expected)
        click.echo(f"{cashier}: expected {amount(expected)} with floats of {floats}, counted {amount(there)}: {words}")


async def shifts_meant(
    connection: Connection, home: "Utility", words: tuple[str, ...], number: str | None
) -> list[UUID]:
    """The shifts that somebody means.

    Raises:
        InputError: it isn't clear which.
        TradeStateError: the shift is still open.
    """
    if number is not None and not words:
        return await takings.members_of(connection, home.id, (await batch_meant(connection, home, None, number)).id)
    match words if number is None else ():
        case (vendor, terminal):
            found = await shift_meant(connection, home, vendor, terminal, None)
        case (vendor, terminal, which) if which.isascii() and which.isdigit():
            found = await shift_meant(connection, home, vendor, terminal, int(which[:9]))
        case _:
            raise InputError("totals", "it isn't clear of what", "give VENDOR TERMINAL [SHIFT], or --batch NUMBER")
    if found.closed_at is None:
        raise TradeStateError(f"shift {found.number} is open: it has totals when it is closed")
    return [found.id]


# ------------------------------------------------------------------------------------------------------------- batches


@click.group()
def batch() -> None:
    """Put shifts in sales batches, and those in bank batches."""


async def batch_meant(connection: Connection, home: "Utility", kind: BatchKind | None, number: str) -> batches.Batch:
    """A batch by its number; a bank batch, if there are two of it.

    Raises:
        NotFoundError: there is none.
    """
    every = await batches.batches(connection, home.id)
    found = sorted((it for it in every if it.number == number and kind in {None, it.kind}), key=lambda it: it.kind)
    if not found:
        raise NotFoundError("batch", number)
    return found[0]


@batch.command(name="sales", short_help="Put closed shifts in a sales batch.")
@click.argument("number")
@click.argument("which", nargs=-1, metavar="VENDOR:TERMINAL:SHIFT...", required=True)
@of_utility
def sales_(number: str, which: tuple[str, ...], code: str | None) -> None:
    """Put closed shifts in the sales batch NUMBER, each by its vendor, terminal and number."""

    async def work(tx: Connection, home: "Utility", scope: Scope) -> tuple["Utility", batches.Batch]:
        members = []
        for text in which:
            vendor, _, rest = text.partition(":")
            terminal, _, shift_number = rest.partition(":")
            if not (shift_number.isascii() and shift_number.isdigit() and terminal):
                raise InputError("shift", f"{plain(text)} names none", "write V-001:T-1:12")
            members.append((await shift_meant(tx, home, vendor, terminal, int(shift_number[:9]))).id)
        made = await batches.make_batch(tx, scope, BatchKind.SALES, number, members, datetime.now(UTC))
        return home, made

    print_made(*within(code, work))


@batch.command(name="bank", short_help="Put sales batches in a bank batch.")
@click.argument("number")
@click.argument("which", nargs=-1, metavar="NUMBER...", required=True)
@of_utility
def bank_(number: str, which: tuple[str, ...], code: str | None) -> None:
    """Put sales batches in the bank batch NUMBER."""

    async def work(tx: Connection, home: "Utility", scope: Scope) -> tuple["Utility", batches.Batch]:
        members = [(await batch_meant(tx, home, BatchKind.SALES, it)).id for it in which]
        made = await batches.make_batch(tx, scope, BatchKind.BANK, number, members, datetime.now(UTC))
        return home, made

    print_made(*within(code, work))


def print_made(home: "Utility", made: batches.Batch) -> None:
    """Say what is in a batch."""
    show = home.currency.show
    thing = "shift" if made.kind is BatchKind.SALES else "sales batch"
    things = thing if made.members == 1 else f"{thing}{'s' if made.kind is BatchKind.SALES else 'es'}"
    words = difference(home, made.counted - made.expected)
    click.echo(f"{made.kind.capitalize()} batch {made.number} has {made.members} {things}.")
    click.echo(f"Expected {show(made.expected)}, counted {show(made.counted)} without floats: {words}.")


@batch.command(short_help="Make a batch void.")
@click.argument("kind", type=click.Choice([it.value for it in BatchKind]))
@click.argument("number")
@click.option("--reason", required=True, help="Why, for the record.")
@of_utility
def void(kind: str, number: str, reason: str, code: str | None) -> None:
    """Make the batch NUMBER void: what is in it can be put in another. It stays to be seen."""

    async def work(tx: Connection, home: "Utility", scope: Scope) -> None:
        found = await batch_meant(tx, home, BatchKind(kind), number)
        await batches.void_batch(tx, scope, found.id, reason, datetime.now(UTC))

    within(code, work)
    click.echo(f"{kind.capitalize()} batch {number} is void.")


@batch.command(name="list", short_help="List all batches.")
@of_utility
def list_batches(code: str | None) -> None:
    """List all batches in the order in which they were made."""

    async def work(tx: Connection, home: "Utility", _: Scope) -> tuple["Utility", list[batches.Batch]]:
        return home, await batches.batches(tx, home.id)

    home, found = within(code, work)
    if not found:
        click.echo("There is no batch yet.")
        return
    table = Table("batch", "kind", "made", "in it", "expected", "counted", "in", "", box=box.SIMPLE_HEAD)
    for column in table.columns[3:6]:
        column.justify = "right"
    for it in found:
        amounts = (home.currency.show(money) for money in (it.expected, it.counted))
        words = f"void: {plain(it.void)}" if it.void else ""
        table.add_row(it.number, it.kind, moment(home, it.at), str(it.members), *amounts, it.bank_batch or "", words)
    console().print(table)
