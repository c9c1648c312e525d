"""What vendors may owe and what they pay: three commands of `umbane books`, without which nobody sells."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich import box
from rich.table import Table
from rich.text import Text

from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, of_utility, utility_named
from umbane.db import Connection, Database
from umbane.errors import InputError
from umbane.ledger import DuplicateEntryError, Kind, Standing, open_book
from umbane.ledger.payments import book_payment, let_owe
from umbane.ledger.reading import find, guarded
from umbane.registry import Scope, Vendor, change_vendor, vendor_by_code, vendors
from umbane.registry.texts import clean

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["deposit", "floats", "limit", "set_limits"]

Row = tuple[Vendor, Standing | None]


async def set_limits(tx: Connection, home: "Utility", note: str) -> None:
    """Let every vendor owe as much as the registry says."""
    book, every = await open_book(tx, home.id), await vendors(tx, home.id)
    if not every:
        return
    await let_owe(book, home.currency.code, {it.id: it.credit_limit for it in every}, datetime.now(UTC), note)


@click.command()
@click.argument("vendor")
@click.argument("amount")
@click.option("--reason", required=True, help="Why, for the record.")
@of_utility
def limit(vendor: str, amount: str, reason: str, code: str | None) -> None:
    """Say how much a vendor may owe.

    AMOUNT is like 5000.00. It can't be less than the vendor owes already.
    """

    async def work(database: Database) -> str:
        async def inside(tx: Connection) -> str:
            from umbane.api import note_alone

            home, note = await utility_named(tx, code), clean("--reason", reason)
            seller, most = await vendor_by_code(tx, home.id, vendor), home.currency.parse(amount, "AMOUNT")
            await note_alone(tx, Scope(home.id, by()), f"what {seller.code} may owe: {note}")
            await change_vendor(tx, Scope(home.id, by()), replace(seller, credit_limit=most), note)
            book = await open_book(tx, home.id)
            await let_owe(book, home.currency.code, {seller.id: most}, datetime.now(UTC), note)
            return home.currency.show(most)

        return await database.run(inside)

    click.echo(f"{vendor} may owe {using(work)}.")


@click.command()
@click.argument("vendor")
@click.argument("amount")
@click.option("--reference", required=True, help="By which the bank knows the payment; each is booked once.")
@of_utility
def deposit(vendor: str, amount: str, reference: str, code: str | None) -> None:
    """Book what a vendor paid into the bank.

    AMOUNT is like 5000.00. It counts against what the vendor owes; what is more than that was paid in advance.
    """

    async def work(database: Database) -> str:
        async def inside(tx: Connection) -> str:
            home, words = await utility_named(tx, code), clean("--reference", reference)
            seller, paid = await vendor_by_code(tx, home.id, vendor), home.currency.parse(amount, "AMOUNT")
            if not paid:
                raise InputError("AMOUNT", "nothing was paid", "give what the bank received")
            book = await open_book(tx, home.id)
            await book_payment(book, seller.id, home.currency.code, paid, words, by(), datetime.now(UTC))
            return home.currency.show(paid)

        return await database.run(inside)

    try:
        paid = using(work)
    except DuplicateEntryError as error:
        problem = f"a payment of {vendor} with this reference is booked already"
        raise InputError("--reference", problem, "see umbane books statement vendor_float") from error
    click.echo(f"Booked: {vendor} paid {paid}.")


@click.command()
@of_utility
def floats(code: str | None) -> None:
    """List what each vendor may owe, owes, and has left to sell."""

    async def work(database: Database) -> tuple["Utility", list[Row]]:
        async with database.reading() as connection:
            home = await utility_named(connection, code)
            return home, await standings(connection, home)

    home, rows = using(work)
    if not rows:
        click.echo("There is no vendor yet.")
        return
    show = home.currency.show
    table = Table("vendor", "name", "may owe", "owes", "has left", box=box.SIMPLE_HEAD, header_style="dim")
    for column in table.columns[2:]:
        column.justify = "right"
    for seller, stands in rows:
        amounts = (stands.credit_limit, stands.posted + stands.held, stands.free) if stands else (0, 0, 0)
        table.add_row(seller.code, Text(plain(seller.name)), *map(show, amounts))
    console().print(table)


async def standings(connection: Connection, home: "Utility") -> list[Row]:
    """Every vendor with where its float stands; without a float it can sell nothing."""
    owners = {it.id: it.key.owner for it in await find(connection, home.id, kind=Kind.VENDOR_FLOAT)}
    stands = {owners[it.account]: it for it in await guarded(connection, home.id) if it.account in owners}
    return [(it, stands.get(it.id)) for it in await vendors(connection, home.id)]
