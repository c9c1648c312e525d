"""`umbane apikeys`: with what programs are let in."""

import secrets
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import click
from rich import box
from rich.table import Table
from rich.text import Text

from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, of_utility, utility_named
from umbane.db import Connection, Database
from umbane.errors import InputError
from umbane.registry import (
    ApiKey,
    ApiKeyLimits,
    NotFoundError,
    Scope,
    Terminal,
    api_keys,
    issue_api_key,
    revoke_api_key,
    terminals,
    vendor_by_code,
    vendors,
)
from umbane.registry.texts import clean

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["command"]

SECRET_BYTES: Final = 32
USUAL: Final = ("quote", "sell", "reprint", "find")
"""What a till can't do without."""
Row = tuple[ApiKey, str, "Utility"]


@click.group()
def command() -> None:
    """Let programs in: each till has a key of its own, and can do what its scopes say."""


@command.command()
@click.argument("vendor")
@click.argument("till")
@click.option("--label", required=True, help="For people: which program, where.")
@click.option(
    "--scope", "scopes", multiple=True, default=USUAL, show_default=True,
    help="What it may ask for; may be given several times.",
)  # fmt: skip
@click.option("--per-minute", type=click.IntRange(min=1), help="At most so many requests a minute.")
@click.option("--per-sale", help="At most so much money for one sale, as an amount like 500.00.")
@click.option("--per-day", help="At most so much money in a day.")
@of_utility
def issue(
    vendor: str, till: str, *, label: str, scopes: Sequence[str], per_minute: int | None, per_sale: str | None,
    per_day: str | None, code: str | None,
) -> None:  # fmt: skip
    """Issue a key for a TILL of a VENDOR, both by their codes.

    The key is the only line on standard output. It is shown once: what is kept of it is a hash.
    """
    _require_scopes(scopes)

    async def work(database: Database) -> tuple[ApiKey, str]:
        async def inside(tx: Connection) -> tuple[ApiKey, str]:
            from umbane.api import note_alone

            home = await utility_named(tx, code)
            at = await _terminal(tx, home.id, vendor, till)
            await note_alone(tx, Scope(home.id, by()), f"an API key for {vendor}/{till}: {', '.join(scopes)}")
            limits = ApiKeyLimits(per_minute, _money(home, "--per-sale", per_sale), _money(home, "--per-day", per_day))
            return await issue_api_key(
                tx, Scope(home.id, by()), at.vendor_id, at.id, label=clean("--label", label), scopes=scopes,
                limits=limits, randomness=secrets.token_bytes(SECRET_BYTES),
            )  # fmt: skip

        return await database.run(inside)

    key, secret = using(work)
    click.echo(f"Key {key.id} for {vendor}/{till}: {', '.join(sorted(key.scopes))}.", err=True)
    click.echo("This is the only time that it is shown:", err=True)
    click.echo(secret)


def _require_scopes(scopes: Sequence[str]) -> None:
    """Let all scopes be those of programs."""
    from umbane.api import FOR_PEOPLE, Right

    known = sorted(set(Right) - FOR_PEOPLE)
    for scope in scopes:
        if scope not in known:
            raise InputError("--scope", f"{scope!r} is none that a program may have", f"one of {', '.join(known)}")


async def _terminal(connection: Connection, utility_id: UUID, vendor: str, till: str) -> Terminal:
    """The till of this code."""
    seller = await vendor_by_code(connection, utility_id, vendor)
    every = await terminals(connection, utility_id, seller.id)
    for it in every:
        if it.code == till:
            return it
    known = ", ".join(it.code for it in every) or "none yet"
    raise InputError("TILL", f"{vendor} has no till {till!r}", f"its tills: {known}")


def _money(home: "Utility", option: str, amount: str | None) -> int | None:
    """An amount of the utility's currency in minor units."""
    return None if amount is None else home.currency.parse(amount, option)


@command.command(name="list")
@click.option("--all", "every", is_flag=True, help="Also those that were revoked.")
@of_utility
def list_(code: str | None, *, every: bool) -> None:
    """List the keys that work."""

    async def work(database: Database) -> list[Row]:
        async with database.reading() as connection:
            home = await utility_named(connection, code)
            names: dict[UUID, str] = {}
            for seller in await vendors(connection, home.id):
                for it in await terminals(connection, home.id, seller.id):
                    names[it.id] = f"{seller.code}/{it.code}"
            keys = await api_keys(connection, home.id)
            return [(it, names[it.terminal_id], home) for it in keys if every or it.revoked_at is None]

    rows = using(work)
    if not rows:
        click.echo("There is no key. Issue one with: umbane apikeys issue VENDOR TILL --label ...")
        return
    table = Table("key", "till and label", "may", "since", box=box.SIMPLE_HEAD, header_style="dim")
    for key, till, home in rows:
        since = f"{key.issued_at.astimezone(home.zone):%Y-%m-%d}"
        since += "" if key.revoked_at is None else f"\nrevoked {key.revoked_at.astimezone(home.zone):%Y-%m-%d}"
        may = "\n".join((", ".join(sorted(key.scopes)), *_limits(key, home)))
        table.add_row(*map(Text, (str(key.id), f"{till}\n{plain(key.label)}", may, since)))
    for column in (table.columns[0], table.columns[3]):
        column.no_wrap = True
    console().print(table)


def _limits(key: ApiKey, home: "Utility") -> Iterator[str]:
    """How much a key may do, line by line."""
    limits, show = key.limits, home.currency.show
    if limits.requests_per_minute is not None:
        yield f"{limits.requests_per_minute:,} requests a minute"
    if limits.money_per_sale is not None:
        yield f"{show(limits.money_per_sale)} a sale"
    if limits.money_per_day is not None:
        yield f"{show(limits.money_per_day)} a day"


@command.command()
@click.argument("key", type=click.UUID)
@click.option("--reason", required=True, help="Why, for the record.")
@of_utility
def revoke(key: UUID, reason: str, code: str | None) -> None:
    """Let nobody in with a KEY any more.

    It is named by its id, which umbane apikeys list shows. Within five seconds it works nowhere.
    """

    async def work(database: Database) -> None:
        async def inside(tx: Connection) -> None:
            home = await utility_named(tx, code)
            await revoke_api_key(tx, Scope(home.id, by()), key, clean("--reason", reason))

        await database.run(inside)

    try:
        using(work)
    except NotFoundError as error:
        remedy = "umbane apikeys list shows those that work"
        raise InputError("KEY", f"there is no key {key} that works", remedy) from error
    click.echo(f"Key {key} is revoked.")
