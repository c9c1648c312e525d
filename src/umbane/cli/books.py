"""`umbane books`: what an auditor asks of the books: the proof, a trial balance, the statement of an account."""

import csv
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import click

from umbane.cli.bookpages import COLUMNS, Page, Talk, choices, finding_lines, trial_lines, verdict
from umbane.cli.floats import deposit, floats, limit
from umbane.cli.where import using
from umbane.cli.whose import moment_meant, of_utility, utility_named
from umbane.db import Connection, Database
from umbane.errors import shown
from umbane.ledger import (
    BOOKS,
    Account,
    Finding,
    Proof,
    Statement,
    TrialLine,
    UnknownAccountError,
    prove,
    statement,
    trial_balance,
)
from umbane.ledger.reading import PATIENCE, account, find, unhurried
from umbane.registry import NotFoundError, contract_by_account, vendor_by_code
from umbane.registry.customers import contract
from umbane.registry.vendors import vendor
from umbane.trade.bankclaims import BANKING
from umbane.trade.claims import TRADE
from umbane.vending import CLAIMS as SALES
from umbane.vending import LOG

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["command"]

WRONG: Final = 1
"""The exit code when the books don't prove themselves."""
CLAIMS: Final = (*BOOKS, *SALES, *TRADE, *BANKING, *LOG)
"""What all rooms claim of their books."""


@click.group()
def command() -> None:
    """Prove the books, read them, and book what vendors pay."""


for _command in (deposit, floats, limit):
    command.add_command(_command)

# ------------------------------------------------------------------------------------------------------------- proof


@command.command(name="prove", short_help="Recompute the books of all utilities.")
def prove_() -> None:
    """Recompute the books of all utilities from their postings.

    A claim that doesn't hold names the first row that is wrong; then the exit code is 1. Sales may go on meanwhile: the
    books are looked at as they are at one moment.
    """
    talk = Talk(sys.stderr)

    def found(finding: Finding) -> None:
        talk.clear()
        for line in finding_lines(finding):
            click.echo(line)

    async def work(database: Database) -> Proof:
        return await prove(database, CLAIMS, talk.progress, found)

    result = using(work)
    click.echo(verdict(result))
    if not result.holds:
        raise SystemExit(WRONG)


# ----------------------------------------------------------------------------------------------------- trial balance


@command.command(name="trial-balance", short_help="Show what all accounts stand at.")
@of_utility
@click.option("--until", metavar="DATE", help="Only what was booked before this day or moment. Without it: all.")
def trial_balance_(code: str | None, until: str | None) -> None:
    """Show what the accounts of each kind stand at, and that debits and credits are equal."""

    async def work(database: Database) -> tuple["Utility", datetime, list[TrialLine]]:
        async with database.reading() as connection:
            whose = await utility_named(connection, code)
            end = await moment_meant(connection, whose, until)
            await unhurried(connection)
            return whose, end, await trial_balance(connection, whose.id, end, patience=PATIENCE)

    for line in trial_lines(*using(work)):
        click.echo(line)


# --------------------------------------------------------------------------------------------------------- statement


@dataclass(frozen=True, slots=True)
class Wish:
    """Which account a person means."""

    number_or_kind: str
    name: str | None
    vendor: str | None
    contract: str | None


@command.command(name="statement", short_help="Show what happened on an account.")
@click.argument("account")
@of_utility
@click.option("--name", help="The tax, charge or debt, where there are several.")
@click.option("--vendor", help="The code of the vendor whose account it is.")
@click.option("--contract", help="The account number of the customer whose account it is.")
@click.option(
    "--from", "since", metavar="DATE", help="From this day or moment on. Without it: from the 1st of the month."
)
@click.option("--until", metavar="DATE", help="Before this day or moment. Without it: until now.")
@click.option("--csv", "as_csv", is_flag=True, help="Write comma-separated values.")
def statement_(  # noqa: PLR0917 - click passes every parameter by its name
    account: str,
    code: str | None,
    name: str | None,
    vendor: str | None,
    contract: str | None,
    since: str | None,
    until: str | None,
    as_csv: bool,
) -> None:
    """Show what happened on an account, with its balance after each posting.

    ACCOUNT is its number, or its kind as in the trial balance, such as vendor_float.
    """

    async def work(database: Database) -> None:
        async with database.reading() as connection:
            await unhurried(connection)
            whose = await utility_named(connection, code)
            end = await moment_meant(connection, whose, until)
            start = await moment_meant(connection, whose, since or f"{end.astimezone(whose.zone):%Y-%m-01}")
            number = await _number(connection, whose, Wish(account, name, vendor, contract))
            found = await statement(connection, whose.id, number, start, end, patience=PATIENCE)
            owner = await _owner_in_words(connection, whose, found.account.key.owner)
            await (_write if as_csv else _print)(found, Page(whose, found, owner))

    using(work)


async def _print(found: Statement, page: Page) -> None:
    for line in page.head():
        click.echo(line)
    async for row in found.lines():
        click.echo(page.row(row))
    for line in page.foot():
        click.echo(line)


async def _write(found: Statement, page: Page) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    async for row in found.lines():
        writer.writerow(page.values(row))


# ------------------------------------------------------------------------------------------------- what a person means


async def _number(connection: Connection, whose: "Utility", wish: Wish) -> int:
    """The number of the account that a person means."""
    if wish.number_or_kind.isascii() and wish.number_or_kind.isdigit():
        return (await account(connection, whose.id, int(wish.number_or_kind[:9]))).id
    owner = await _owner(connection, whose, wish)
    found = await find(connection, whose.id, kind=wish.number_or_kind, name=wish.name, owner=owner)
    if len(found) == 1:
        return found[0].id
    raise UnknownAccountError(*_help(wish, found))


async def _owner(connection: Connection, whose: "Utility", wish: Wish) -> UUID | None:
    """Whose account a person means."""
    if wish.vendor is not None:
        return (await vendor_by_code(connection, whose.id, wish.vendor)).id
    if wish.contract is not None:
        return (await contract_by_account(connection, whose.id, wish.contract)).id
    return None


async def _owner_in_words(connection: Connection, whose: "Utility", owner: UUID | None) -> str:
    """Whose account it is, as people call them."""
    if owner is None:
        return ""
    with suppress(NotFoundError):
        found = await vendor(connection, whose.id, owner)
        return f"vendor {found.code}, {found.name}"
    with suppress(NotFoundError):
        return f"customer account {(await contract(connection, whose.id, owner)).account_no}"
    return str(owner)


def _help(wish: Wish, found: Sequence[Account]) -> tuple[str, str]:
    """What to say when none or several accounts are meant."""
    if not found:
        return f"there is no account {shown(wish.number_or_kind)} of that name and owner", "look at the trial balance"
    return (
        f"{len(found)} accounts are of that kind",
        f"name one by its number, --vendor, --contract or --name: {choices(found)}",
    )
