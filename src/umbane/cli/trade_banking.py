"""Statements of the bank and deposits of vendors: two groups of `umbane trade`."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click
from rich import box
from rich.table import Table
from rich.text import Text

from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, of_utility, utility_named
from umbane.db import Connection, Database
from umbane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from umbane.pricing import Currency
    from umbane.registry import Utility
    from umbane.trade.bankstore import Proposal
    from umbane.trade.statements import BankEntry, Gap, Statement

__all__ = ["deposits", "statement"]

T = TypeVar("T")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)

of_layout = click.option("--layout", type=FILE, help="How the bank writes its CSV files, in TOML; needed for CSV only.")


def read(file: Path, layout: Path | None) -> "list[Statement]":
    """The statements in a file."""
    from umbane.trade.statements import LARGEST_FILE, read_layout, read_statements

    with file.open("rb") as opened:
        content = opened.read(LARGEST_FILE + 1)
    described = read_layout(layout.read_text(encoding="utf-8", errors="replace")) if layout else None
    return list(read_statements(content, described))


def inside(code: str | None, work: "Callable[[Connection, Utility, datetime], Awaitable[T]]") -> T:
    """Do some work in one transaction, for the utility that is meant."""

    async def run(database: Database) -> T:
        async def once(tx: Connection) -> T:
            return await work(tx, await utility_named(tx, code), datetime.now(UTC))

        return await database.run(once)

    return using(run)


def page(*columns: str, right: int = 0) -> Table:
    """A table; its last columns are numbers."""
    table = Table(*columns, box=box.SIMPLE_HEAD, header_style="dim")
    for column in table.columns[len(columns) - right :]:
        column.justify = "right"
    return table


def about(entry: "BankEntry") -> str:
    """What the bank says of an entry, in one line."""
    from umbane.trade.statements.models import UNREFERENCED

    given = "" if entry.given in UNREFERENCED else entry.given
    return plain(" ".join(filter(None, (given, entry.text, entry.party.name))))


@click.group()
def statement() -> None:
    """Look at statement files of banks."""


@statement.command()
@click.argument("file", type=FILE)
@of_layout
def check(file: Path, layout: Path | None) -> None:
    """Say what is in a statement FILE (camt.053, MT940, or CSV with --layout), or why it can't be relied on."""
    from umbane.pricing import CURRENCIES

    for it in read(file, layout):
        show = CURRENCIES[it.currency].show
        click.echo(
            f"Account {it.account}, {it.currency}: statement {plain(it.name) or '-'}, number {it.sequence or '-'}"
        )
        table = page("booked", "bank's reference", "text", "amount", right=1)
        table.add_row(it.opening.on.isoformat(), "", "opening balance", show(it.opening.amount))
        for entry in it.entries:
            back = "takes back: " if entry.reversal else ""
            reference = Text(plain(entry.reference))
            table.add_row(entry.booked.isoformat(), reference, Text(back + about(entry)), show(entry.amount))
        table.add_row(it.closing.on.isoformat(), "", "closing balance", show(it.closing.amount))
        console().print(table)
    click.echo("It holds together.")


@click.group()
def deposits() -> None:
    """Match what came into the bank to vendors, and restore their floats."""


@deposits.command()
@click.argument("number")
@click.option("--title", required=True, help="What the account is for.")
@of_utility
def account(number: str, title: str, code: str | None) -> None:
    """Say that the bank account NUMBER is the utility's: statements of no other are taken."""
    from umbane.registry import Scope
    from umbane.trade.slips import BankAccount, add_bank_account

    async def work(tx: Connection, home: "Utility", now: datetime) -> None:
        await add_bank_account(tx, Scope(home.id, by()), BankAccount(number, home.currency.code, title), now)

    inside(code, work)
    click.echo(f"The account {number} is the utility's.")


@deposits.command()
@click.argument("vendor")
@click.option("--reference", help="Words in the text of a payment.")
@click.option("--account", "its_account", help="The account that the vendor's money comes from.")
@of_utility
def payer(vendor: str, reference: str | None, its_account: str | None, code: str | None) -> None:
    """Say by what the bank shows that money is a VENDOR's: by words in the text, or by the account it comes from."""
    from umbane.registry import Scope, vendor_by_code
    from umbane.trade.slips import know_payer

    if (reference is None) == (its_account is None):
        raise InputError("--reference", "exactly one of --reference and --account is needed", "give one of them")

    async def work(tx: Connection, home: "Utility", now: datetime) -> None:
        scope, seller = Scope(home.id, by()), await vendor_by_code(tx, home.id, vendor)
        if reference is not None:
            await know_payer(tx, scope, "reference", reference, seller.id, now)
        else:
            await know_payer(tx, scope, "account", its_account or "", seller.id, now)

    inside(code, work)
    click.echo(f"Payments with {reference or its_account} are {vendor}'s.")


@deposits.command()
@click.argument("vendor")
@click.argument("number")
@click.argument("amount")
@click.option("--paid-on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day, such as 2026-03-02.")
@click.option("--batch", help="The bank batch whose money it is.")
@of_utility
def announce(  # noqa: PLR0917 - click passes every parameter by its name
    vendor: str, number: str, amount: str, paid_on: datetime, batch: str | None, code: str | None
) -> None:
    """Announce a deposit of a VENDOR: the NUMBER of its slip, and the AMOUNT, like 5000.00."""
    from umbane.db import new_ids
    from umbane.registry import Scope, vendor_by_code
    from umbane.trade.matching import Slip
    from umbane.trade.slips import announce as write

    async def work(tx: Connection, home: "Utility", now: datetime) -> None:
        seller = await vendor_by_code(tx, home.id, vendor)
        money = home.currency.parse(amount, "AMOUNT")
        slip = Slip(new_ids(1)[0], number, seller.id, money, paid_on.date(), batch)
        await write(tx, Scope(home.id, by()), [slip], now)

    inside(code, work)
    click.echo(f"Announced: {vendor} paid in {amount}, slip {number}.")


@deposits.command()
@click.argument("number")
@click.option("--reason", required=True, help="Why it will not come.")
@of_utility
def withdraw(number: str, reason: str, code: str | None) -> None:
    """Say that the deposit of the slip NUMBER will not come."""
    from umbane.registry import Scope
    from umbane.trade.slips import withdraw_slip

    inside(code, lambda tx, home, now: withdraw_slip(tx, Scope(home.id, by()), number, reason, now))
    click.echo(f"The slip {number} is withdrawn.")


@deposits.command("read")
@click.argument("file", type=FILE)
@of_layout
@of_utility
def take(file: Path, layout: Path | None, code: str | None) -> None:
    """Read a statement FILE, and book what can be matched. What was read before changes nothing."""
    from umbane.registry import Scope
    from umbane.trade.deposits import accept

    found = read(file, layout)
    done = inside(code, lambda tx, home, now: accept(tx, Scope(home.id, by()), found, now))
    click.echo(f"New: {done.statements} statements, {done.entries} entries. Booked: {len(done.matched)}.")
    if done.waiting:
        click.echo(f"{done.waiting} entries wait for a person: umbane trade deposits waiting")


@deposits.command()
@of_utility
def match(code: str | None) -> None:
    """Look again at all entries that wait: slips may have been announced since."""
    from umbane.registry import Scope
    from umbane.trade.deposits import match_waiting

    found = inside(code, lambda tx, home, now: match_waiting(tx, Scope(home.id, by()), now))
    click.echo(f"Booked: {len(found)}.")


@deposits.command()
@of_utility
def waiting(code: str | None) -> None:
    """List the entries of which nobody can say by rule whose they are, and statements that are missing."""
    from umbane.registry import vendors
    from umbane.trade.bankstore import proposals
    from umbane.trade.deposits import statement_gaps
    from umbane.trade.deposits import waiting as those

    async def work(tx: Connection, home: "Utility", now: datetime) -> tuple[Table, list[str]]:
        today: date = now.astimezone(home.zone).date()
        table = page("account", "entry", "booked", "text", "days", "amount", right=2)
        for it in await those(tx, home.id, today):
            account, entry = map(plain, it.place)
            days, amount = str(it.days), home.currency.show(it.entry.amount)
            table.add_row(account, entry, it.entry.booked.isoformat(), Text(about(it.entry)), days, amount)
        codes = {it.id: it.code for it in await vendors(tx, home.id)}
        lines = [proposed(it, codes) for it in await proposals(tx, home.id)]
        gaps = await statement_gaps(tx, home.id)
        return table, lines + [missing(number, gap, home.currency) for number, its in gaps.items() for gap in its]

    table, lines = inside(code, work)
    if table.row_count:
        console().print(table)
    else:
        click.echo("No entry waits.")
    for line in lines:
        click.echo(plain(line))


def proposed(it: "Proposal", codes: "Mapping[UUID, str]") -> str:
    """What somebody said of an entry, as a sentence."""
    whose = f"{codes[it.vendor_id]}'s" if it.vendor_id else "no vendor's"
    return (
        f"{it.by} says that {it.place.identity} is {whose}: {it.reason}. To agree: umbane trade deposits agree {it.id}"
    )


def missing(number: str, gap: "Gap", currency: "Currency") -> str:
    """What is missing between statements, as a sentence."""
    what = f"{gap.missing} statements are" if gap.missing else "something is"
    change = f"; the account changed by {currency.show(gap.amount)} there" if gap.amount else ""
    return f"{number}: {what} missing between {gap.since} and {gap.until}{change}."


@deposits.command()
@click.argument("account_number", metavar="ACCOUNT")
@click.argument("entry")
@click.option("--vendor", help="Whose it is; without, it is no vendor's.")
@click.option("--reason", required=True, help="How that is known.")
@of_utility
def assign(account_number: str, entry: str, vendor: str | None, reason: str, code: str | None) -> None:
    """Say whose an ENTRY is that waits, or that it is no vendor's; another agrees where the policy says so."""
    from umbane.registry import Scope, vendor_by_code
    from umbane.trade.bankstore import Place
    from umbane.trade.deposits import propose, wanted

    async def work(tx: Connection, home: "Utility", now: datetime) -> tuple[UUID, int]:
        seller = await vendor_by_code(tx, home.id, vendor) if vendor else None
        place = Place(account_number, entry)
        id_ = await propose(tx, Scope(home.id, by()), place, seller.id if seller else None, reason, now)
        return id_, await wanted(tx, home.id)

    id_, others = inside(code, work)
    if others:
        click.echo(f"Others who have to agree: {others}, by umbane trade deposits agree {id_}")
    else:
        click.echo("Done.")


@deposits.command()
@click.argument("proposal", type=click.UUID)
@of_utility
def agree(proposal: UUID, code: str | None) -> None:
    """Agree to what another person said of an entry."""
    from umbane.registry import Scope
    from umbane.trade.deposits import agree as agreed

    done = inside(code, lambda tx, home, now: agreed(tx, Scope(home.id, by()), proposal, now))
    click.echo("Done." if done else "Noted; another person has to agree as well.")
