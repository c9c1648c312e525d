"""What vendors earn, at a terminal: schemes, accruals, payments and statements of `umbane trade`."""

import csv
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click
from rich import box
from rich.table import Table

from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, moment_meant, of_utility, utility_named
from umbane.db import Connection, Database
from umbane.errors import InputError, shown
from umbane.ledger import DuplicateEntryError
from umbane.ledger.reading import unhurried
from umbane.registry import Scope, vendor_by_code, vendors
from umbane.registry.texts import clean
from umbane.trade import accrual, paying, schemes, vendorstatement
from umbane.trade.schemefile import load_scheme

if TYPE_CHECKING:
    from umbane.ledger import Account
    from umbane.registry import Utility, Vendor
    from umbane.trade.vendorstatement import Movement

__all__ = ["accrue", "owed", "pay", "scheme", "vendor_statement", "within"]

T = TypeVar("T")

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
ONE_DAY: Final = timedelta(days=1)
LARGEST: Final = 1_000_000
COLUMNS: Final = ("account", "at", "kind", "entry", "owed_more", "owed_less", "owed", "currency", "note")
"""Of a statement as comma-separated values; what is owed is above zero if the vendor owes it, on both accounts."""
TITLES: Final = {
    "vendor_float": "Float: what the vendor owes for sales; below zero was paid in advance",
    "commission_payable": "Commission: what the vendor is owed",
}
FORMULA: Final = tuple("=+-@\t\r")


def within(code: str | None, work: Callable[[Connection, "Utility", Scope], Awaitable[T]]) -> T:
    """Do some work of a utility in one transaction, as whoever is at the terminal."""

    async def opened(database: Database) -> T:
        async def inside(tx: Connection) -> T:
            home = await utility_named(tx, code)
            return await work(tx, home, Scope(home.id, by()))

        return await database.run(inside)

    return using(opened)


def day_meant(field: str, text: str) -> date:
    """The day that somebody means.

    Raises:
        InputError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(field, f"{shown(text)} is no day", "write 2026-03-31") from error


# ------------------------------------------------------------------------------------------------------------- schemes


@click.group()
def scheme() -> None:
    """Say by what vendors earn commission."""


@scheme.command(short_help="Add a version of a scheme, for somebody else to activate.")
@click.argument("file", type=FILE)
@of_utility
def propose(file: Path, code: str | None) -> None:
    """Add a version of a scheme from FILE. Nobody earns by it before somebody else activates it."""
    with file.open("rb") as stream:
        text = stream.read(LARGEST).decode("utf-8-sig", "replace")
    load_scheme(text, file.name)  # so that what is wrong is told by the name of the file

    async def work(tx: Connection, _: "Utility", scope: Scope) -> str:
        [added] = await schemes.propose_schemes(tx, scope, [text], datetime.now(UTC))
        return f"{added.id} {added.version}, from {added.valid_from} on"

    click.echo(f"Proposed {plain(within(code, work))}. Somebody else activates it: umbane trade scheme activate")


@scheme.command(short_help="Let a version come into force.")
@click.argument("name")
@click.argument("version")
@of_utility
def activate(name: str, version: str, code: str | None) -> None:
    """Let VERSION of the scheme NAME come into force on its first day."""

    async def work(tx: Connection, _: "Utility", scope: Scope) -> None:
        from umbane.api import note_alone

        await note_alone(tx, scope, f"commission scheme {name} {version}")
        await schemes.activate_schemes(tx, scope, [(name, version)], datetime.now(UTC))

    within(code, work)
    click.echo(f"{name} {version} is active.")


@scheme.command(short_help="Say by which scheme a vendor earns.")
@click.argument("vendor")
@click.argument("name")
@click.option("--from", "since", metavar="DATE", required=True, help="From this day on.")
@click.option("--reason", required=True, help="Why, for the record.")
@of_utility
def agree(vendor: str, name: str, since: str, reason: str, code: str | None) -> None:
    """Say that VENDOR earns by the scheme NAME; "none" for nothing any more."""
    day = day_meant("--from", since)

    async def work(tx: Connection, home: "Utility", scope: Scope) -> None:
        from umbane.api import note_alone

        seller = await vendor_by_code(tx, home.id, vendor)
        why = clean("--reason", reason)
        await note_alone(tx, scope, f"commission of {seller.code}: {why}")
        term = schemes.Term(seller.id, None if name == "none" else name, day)
        await schemes.set_terms(tx, scope, [term], why, datetime.now(UTC))

    within(code, work)
    click.echo(f"From {day} on {vendor} earns {'nothing' if name == 'none' else 'by ' + name}.")


@scheme.command(name="list", short_help="List all versions, and who earns by what.")
@of_utility
def list_(code: str | None) -> None:
    """List the versions of all schemes, and who earns by which of them."""

    async def work(tx: Connection, home: "Utility", _: Scope) -> tuple[Table, Table]:
        versions = Table("scheme", "version", "from", "to", "proposed by", "activated by", box=box.SIMPLE_HEAD)
        for it in await schemes.scheme_versions(tx, home.id):
            until, activated = str(it.valid_until or ""), it.activated_by or "nobody yet"
            versions.add_row(it.scheme_id, plain(it.version), str(it.valid_from), until, it.added_by, activated)
        agreed = Table("vendor", "earns by", "from", box=box.SIMPLE_HEAD)
        codes = {it.id: it.code for it in await vendors(tx, home.id)}
        for term in await schemes.terms(tx, home.id):
            agreed.add_row(codes[term.vendor_id], term.scheme_id or "nothing", str(term.since))
        return versions, agreed

    for table in within(code, work):
        if table.row_count:
            console().print(table)
        else:
            click.echo(f"There is no {table.columns[0].header} to list.")


# ------------------------------------------------------------------------------------------------------------ accruals


@click.command(short_help="Book what vendors have earned.")
@click.option("--again", metavar="DATE", help="Reckon what is booked from this day on once more.")
@of_utility
def accrue(again: str | None, code: str | None) -> None:
    """Book the commission of all periods that are over, and corrections where sales were taken back since.

    What is booked already isn't booked again, so this can be done as often as one likes: best every night.
    """
    since = None if again is None else day_meant("--again", again)

    async def work(tx: Connection, home: "Utility", scope: Scope) -> tuple[Table, int]:
        every = await accrual.accrue(tx, scope, datetime.now(UTC), again=since)
        found = [it for it in every if it.moves_money]
        codes = {it.id: it.code for it in await vendors(tx, home.id)}
        table = Table("vendor", "period", "scheme", "sales", "commission", "tax", "", box=box.SIMPLE_HEAD)
        for column in table.columns[3:6]:
            column.justify = "right"
        for it in found:
            period, show = it.period, home.currency.show
            last = period.after - ONE_DAY
            days = f"{period.first}" + (f" to {last}" if last > period.first else "")
            what = f"{period.scheme.id} {plain(period.scheme.version)}", f"{it.earned.basis.sales:,}"
            kind = "correction" if it.ordinal else ""
            table.add_row(codes[period.vendor_id], days, *what, show(it.commission), show(it.tax), kind)
        return table, len(every) - len(found)

    table, empty = within(code, work)
    if table.row_count:
        console().print(table)
    elif not empty:
        click.echo("Nothing to book: all that was earned is booked.")
    if empty:
        click.echo(f"{empty:,} {'period' if empty == 1 else 'periods'} without anything to book.")


@click.command(short_help="List the commission that vendors are owed.")
@of_utility
def owed(code: str | None) -> None:
    """List what each vendor is owed of commission now. Below zero is what was paid and taken back since."""

    async def work(tx: Connection, home: "Utility", _: Scope) -> Table:
        table = Table("vendor", "name", "is owed", box=box.SIMPLE_HEAD)
        table.columns[2].justify = "right"
        amounts = await paying.owed(tx, home.id)
        for it in await vendors(tx, home.id):
            table.add_row(it.code, plain(it.name), home.currency.show(amounts.get(it.id, 0)))
        return table

    console().print(within(code, work))


@click.command(short_help="Pay commission, out of the house or to the float.")
@click.argument("vendor")
@click.argument("amount")
@click.option("--reference", required=True, help="By which the bank or the vendor knows it; each is booked once.")
@click.option("--to-float", is_flag=True, help="Count it against what the vendor owes for sales.")
@of_utility
def pay(vendor: str, amount: str, reference: str, to_float: bool, code: str | None) -> None:
    """Pay AMOUNT of commission to VENDOR: at most what is owed."""

    async def work(tx: Connection, home: "Utility", scope: Scope) -> str:
        from umbane.api import note_alone

        seller, money = await vendor_by_code(tx, home.id, vendor), home.currency.parse(amount, "AMOUNT")
        settlement = paying.Settlement(seller.id, money, reference, to_float)
        await note_alone(tx, scope, f"commission of {seller.code}: {settlement.reference}")
        await paying.settle(tx, scope, [settlement], datetime.now(UTC))
        return home.currency.show(money)

    try:
        paid = within(code, work)
    except DuplicateEntryError as error:
        problem = f"commission of {vendor} with this reference is booked already"
        raise InputError("--reference", problem, f"see umbane trade vendor-statement {vendor}") from error
    click.echo(f"Booked: {paid} of commission {'to the float of' if to_float else 'paid to'} {vendor}.")


# ---------------------------------------------------------------------------------------------------------- statements


@click.command(short_help="Show what became of a vendor's float and commission.")
@click.argument("vendor")
@of_utility
@click.option("--from", "since", metavar="DATE", help="From this day or moment on. Without it: from the 1st.")
@click.option("--until", metavar="DATE", help="Before this day or moment. Without it: until now.")
@click.option("--csv", "as_csv", is_flag=True, help="Write comma-separated values, a line for every sale.")
def vendor_statement(vendor: str, code: str | None, since: str | None, until: str | None, as_csv: bool) -> None:
    """Show what was sold, deposited, earned and paid by VENDOR, with what was owed after each line.

    On paper the sales of a day that follow each other are one line.
    """

    async def work(database: Database) -> None:
        async with database.reading() as connection:
            await unhurried(connection)
            home = await utility_named(connection, code)
            seller = await vendor_by_code(connection, home.id, vendor)
            end = await moment_meant(connection, home, until)
            start = await moment_meant(connection, home, since or f"{end.astimezone(home.zone):%Y-%m-01}")
            await (write if as_csv else show)(connection, home, seller, start, end)

    using(work)


async def show(connection: Connection, home: "Utility", seller: "Vendor", since: datetime, until: datetime) -> None:
    """Print a statement."""
    moments = (f"{it.astimezone(home.zone):%Y-%m-%d %H:%M}" for it in (since, until))
    click.echo(f"{plain(home.name)}: statement of {seller.code}, {plain(seller.name)}")
    click.echo(f"from {' until before '.join(moments)} ({home.zone.key}), in {home.currency.code}")
    accounts = await vendorstatement.accounts_of(connection, home.id, seller.id)
    for account in accounts:
        opening = await vendorstatement.balance(connection, home.id, account, since)
        lines = vendorstatement.movements(connection, home.id, account, since, until)
        await show_account(home, account, opening, vendorstatement.summed(lines, home.zone))
    if not accounts:
        click.echo("Nothing was ever booked.")


async def show_account(home: "Utility", account: "Account", opening: int, lines: AsyncIterator["Movement"]) -> None:
    """Print one account of a statement."""
    show, sign, closing = home.currency.show, 1 if account.key.kind == "vendor_float" else -1, opening
    click.echo(f"\n{TITLES[account.key.kind]}")
    click.echo(f"{'date':<12}{'what':<24}{'more':>14}{'less':>14}{'owed':>16}")
    click.echo(f"{'':<12}{'opening':<24}{'':<28}{show(sign * opening):>16}")
    async for it in lines:
        what, amount = f"{it.count:,} × {it.kind}" if it.count > 1 else it.kind, sign * it.amount
        sides = f"{show(amount) if amount > 0 else '':>14}{show(-amount) if amount < 0 else '':>14}"
        at = f"{it.at.astimezone(home.zone):%Y-%m-%d}"
        click.echo(f"{at:<12}{what:<24}{sides}{show(sign * it.balance):>16}  {plain(it.note)}".rstrip())
        closing = it.balance
    click.echo(f"{'':<12}{'closing':<24}{'':<28}{show(sign * closing):>16}")


async def write(connection: Connection, home: "Utility", seller: "Vendor", since: datetime, until: datetime) -> None:
    """Write a statement for another program."""
    writer, amount = csv.writer(sys.stdout, lineterminator="\n"), home.currency.show
    writer.writerow(COLUMNS)
    for account in await vendorstatement.accounts_of(connection, home.id, seller.id):
        async for it in vendorstatement.movements(connection, home.id, account, since, until):
            note = f"'{it.note}" if it.note.startswith(FORMULA) else it.note
            at = it.at.astimezone(home.zone).isoformat()
            sides = amount(max(it.amount, 0)), amount(max(-it.amount, 0)), amount(it.balance)
            writer.writerow([account.key.kind, at, it.kind, it.entry, *sides, home.currency.code, note])
