"""Vouchers: `umbane trade vouchers`. They are used through the channels of the API, not here."""

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from umbane.cli.sealing import required_seal_key, with_seal_key
from umbane.cli.trade_banking import FILE, inside, page
from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, of_utility, utility_named
from umbane.db import Connection, Database
from umbane.errors import InputError

if TYPE_CHECKING:
    from uuid import UUID

    from umbane.registry import Utility

__all__ = ["vouchers"]


@click.group()
def vouchers() -> None:
    """Print vouchers, let them count once they are sold, stop what was stolen."""


@vouchers.command()
@click.argument("number")
@click.option("--issuer", required=True, help="The vendor whose float is their money, and no other.")
@click.option("--terminal", required=True, help="The issuer's terminal through which they are sold for tokens.")
@click.option("--worth", required=True, help="What each is worth, like 50.00.")
@click.option("--count", type=int, required=True, help="How many.")
@click.option("--expires-on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day, like 2027-12-31.")
@click.option("--printer", type=FILE, required=True, help="The printer's public key: X25519, in PEM.")
@click.option("--file", "file", type=click.Path(path_type=Path), required=True, help="Where to write it.")
@with_seal_key
@of_utility
def make(  # noqa: PLR0917 - click passes every parameter by its name
    number: str,
    issuer: str,
    terminal: str,
    worth: str,
    count: int,
    expires_on: datetime,
    printer: Path,
    file: Path,
    seal_key: Path | None,
    code: str | None,
) -> None:
    """Make the batch NUMBER, and the file for whoever prints it.

    The file is made once, and only the printer's private key opens it; no PIN is kept here. None of the vouchers
    counts before it is activated.
    """
    from umbane.registry import Scope, vendor_by_code
    from umbane.trade.printing import fingerprint, printer_key
    from umbane.trade.vouchers import Batch, make_batch

    key, to = required_seal_key(seal_key), printer_key(printer.read_bytes())

    async def work(database: Database) -> None:
        async def once(tx: Connection) -> None:
            home = await utility_named(tx, code)
            seller = await vendor_by_code(tx, home.id, issuer)
            through = await terminal_named(tx, home, seller.id, terminal)
            money = home.currency.parse(worth, "--worth")
            new = Batch(number, seller.id, through, money, home.currency.code, count, expires_on.date())
            now = datetime.now(home.zone)
            await make_batch(
                tx,
                Scope(home.id, by()),
                new,
                key=key,
                printer=to,
                chance=secrets.randbelow,
                deliver=lambda text: write_new(file, text),
                now=now,
            )

        await database.run(once, attempts=1)

    using(work)
    click.echo(f"Made: {count} vouchers of {worth} in batch {number}.")
    click.echo(f"{file} is for the printer with the key {fingerprint(to)}; nobody else can open it.")


async def terminal_named(tx: Connection, home: "Utility", vendor_id: "UUID", named: str) -> "UUID":
    """The terminal of a vendor by its code."""
    from umbane.registry import terminals

    every = {it.code: it.id for it in await terminals(tx, home.id, vendor_id)}
    if named not in every:
        raise InputError(
            "--terminal", f"the issuer has no terminal {named}", f"one of {', '.join(every) or 'none yet'}"
        )
    return every[named]


def write_new(file: Path, text: bytes) -> None:
    """Write a file that isn't there yet, down to the disk, for its owner alone."""
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError("--file", f"{file} can't be made ({error.strerror})", "name a new file") from error
    with os.fdopen(made, "wb") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(made)


@vouchers.command()
@click.argument("number")
@click.argument("first", type=int)
@click.argument("last", type=int)
@click.option("--reason", required=True, help="To whom they were sold.")
@of_utility
def activate(number: str, first: int, last: int, reason: str, code: str | None) -> None:
    """Let the vouchers FIRST to LAST of the batch NUMBER count, because they were sold and paid."""
    from umbane.registry import Scope
    from umbane.trade.vouchers import activate as act

    async def work(tx: Connection, home: "Utility", now: datetime) -> str:
        return home.currency.show(await act(tx, Scope(home.id, by()), number, (first, last), reason, now))

    click.echo(f"Vouchers {number}/{first} to {last} count. Booked as owed for them: {inside(code, work)}.")


@vouchers.command()
@click.argument("number")
@click.argument("first", type=int)
@click.argument("last", type=int)
@click.option("--reason", required=True, help="What happened to them.")
@of_utility
def stop(number: str, first: int, last: int, reason: str, code: str | None) -> None:
    """Let the vouchers FIRST to LAST of the batch NUMBER count no more, for ever."""
    from umbane.registry import Scope
    from umbane.trade.vouchers import stop as act

    inside(code, lambda tx, home, now: act(tx, Scope(home.id, by()), number, (first, last), reason, now))
    click.echo(f"Vouchers {number}/{first} to {last} are stopped. Those that were used stay used.")


@vouchers.command()
@click.argument("number")
@of_utility
def expire(number: str, code: str | None) -> None:
    """Book the money of vouchers of the batch NUMBER that nobody used, once the batch is over."""
    from umbane.registry import Scope
    from umbane.trade.vouchers import expire as act

    async def work(tx: Connection, home: "Utility", now: datetime) -> str:
        return home.currency.show(await act(tx, Scope(home.id, by()), number, now))

    click.echo(f"Batch {number} is over: {inside(code, work)} was never used.")


@vouchers.command("list")
@of_utility
def listed(code: str | None) -> None:
    """List batches: how many vouchers count, were stopped or used, and what is owed for them."""
    from umbane.trade.vouchers import batches

    table = page("batch", "expires", "worth", "printed", "active", "stopped", "used", "owed", right=6)

    async def work(tx: Connection, home: "Utility", _now: datetime) -> list[list[str]]:
        show = home.currency.show
        return [
            [
                plain(it.batch.number),
                it.batch.expires_on.isoformat(),
                show(it.batch.denomination),
                *map(str, (it.batch.count, it.active, it.stopped, it.used)),
                show(it.owed),
            ]
            for it in await batches(tx, home.id)
        ]

    for row in inside(code, work):
        table.add_row(*row)
    if table.row_count:
        console().print(table)
    else:
        click.echo("There are no vouchers yet.")
