"""`umbane people`: who signs in, with which roles, password and second factor."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click
from rich import box
from rich.table import Table
from rich.text import Text

from umbane.cli.sealing import make_seal_key, required_seal_key, with_seal_key
from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, of_utility, utility_named
from umbane.db import Connection, Database, new_ids
from umbane.errors import InputError
from umbane.registry import (
    Operator,
    Role,
    Scope,
    add_operator,
    operator_by_name,
    operators,
    set_person,
    set_roles,
    vendor_by_code,
    vendors,
)
from umbane.registry.texts import clean

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["command"]

T = TypeVar("T")

LONGEST_PASSWORD: Final = 4096
"""Bytes that are read of a file; what is too long is refused as such."""
TRIES: Final = 3

Change = Callable[[Connection, Scope, Operator, "Utility"], Awaitable[T]]

with_roles = click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([str(role) for role in Role]),
    help="What they may do; may be given several times.",
)
with_reason = click.option("--reason", required=True, help="Why, for the record.")


@click.group()
def command() -> None:
    """Say who signs in, with which roles, password and second factor.

    Somebody new needs three steps: add, password, totp.
    """


def _change(name: str, code: str | None, work: Change[T], alone: str = "") -> T:
    """Change something of a person, in one transaction; what takes two over the API raises an alarm in these words."""

    async def run(database: Database) -> T:
        async def inside(tx: Connection) -> T:
            from umbane.api import note_alone

            home = await utility_named(tx, code)
            scope, who = Scope(home.id, by()), await operator_by_name(tx, home.id, name)
            if alone:
                await note_alone(tx, scope, f"{alone} of {name}")
            return await work(tx, scope, who, home)

        return await database.run(inside)

    return using(run)


# ------------------------------------------------------------------------------------------------------------ who


@command.command()
@click.argument("name")
@click.option("--full-name", required=True, help="For people.")
@with_roles
@click.option("--vendor", help="The code of the vendor for whom they work; staff of the utility if none is given.")
@click.option("--person", default="", help="A personnel number: names with the same one are one person. Else the NAME.")
@of_utility
def add(  # noqa: PLR0917 - a parameter for each option
    name: str, full_name: str, roles: Sequence[str], vendor: str | None, person: str, code: str | None
) -> None:
    """Add somebody who is to sign in by this NAME."""

    async def work(database: Database) -> None:
        async def inside(tx: Connection) -> None:
            from umbane.api import note_alone

            home = await utility_named(tx, code)
            vendor_id = (await vendor_by_code(tx, home.id, vendor)).id if vendor else None
            words = clean("--full-name", full_name)
            new = Operator(new_ids(1)[0], name, words, frozenset(map(Role, roles)), vendor_id, person=person)
            await note_alone(tx, Scope(home.id, by()), f"somebody new: {new.name}")
            await add_operator(tx, Scope(home.id, by()), new)

        await database.run(inside)

    using(work)
    click.echo(f"Added {plain(full_name)} as {name}: {_listed(roles)}.")
    click.echo(f"Next: umbane people password {name}, then: umbane people totp {name}")


@command.command(name="list")
@of_utility
def list_(code: str | None) -> None:
    """List everybody, and what they still need to sign in."""

    async def work(database: Database) -> tuple[list[Operator], dict[object, str]]:
        async with database.reading() as connection:
            home = await utility_named(connection, code)
            names: dict[object, str] = {it.id: it.code for it in await vendors(connection, home.id)}
            return await operators(connection, home.id), names

    people, codes = using(work)
    if not people:
        click.echo("There is nobody yet. Add somebody with: umbane people add NAME --full-name ... --role ...")
        return
    table = Table("name", "full name", "person", "roles", "vendor", "", box=box.SIMPLE_HEAD, header_style="dim")
    for it in people:
        cells = it.name, plain(it.full_name), it.person, _listed(it.roles), codes.get(it.vendor_id, "–")
        table.add_row(*map(Text, cells), Text(_lacks(it), style="yellow"))
    console().print(table)


def _lacks(it: Operator) -> str:
    """What stands between somebody and their work."""
    lacks = ["blocked"] if it.blocked else []
    lacks += [] if it.password_hash else ["no password"]
    lacks += [] if it.totp_secret else ["no second factor"]
    return ", ".join(lacks)


def _listed(roles: Sequence[str] | frozenset[Role]) -> str:
    return ", ".join(sorted(map(str, roles)))


@command.command()
@click.argument("name")
@with_roles
@of_utility
def roles(name: str, roles: Sequence[str], code: str | None) -> None:
    """Give somebody other roles, instead of those they have."""

    async def work(tx: Connection, scope: Scope, who: Operator, _home: "Utility") -> None:
        await set_roles(tx, scope, who.id, map(Role, roles))

    _change(name, code, work, "roles")
    click.echo(f"{name} is now: {_listed(roles)}.")


@command.command()
@click.argument("name")
@click.argument("number")
@of_utility
def person(name: str, number: str, code: str | None) -> None:
    """Say who NAME is by a personnel NUMBER: names with the same one are one person, who never counts as two."""

    async def work(tx: Connection, scope: Scope, who: Operator, _home: "Utility") -> None:
        await set_person(tx, scope, who.id, number)

    _change(name, code, work, "personnel number")
    click.echo(f"{name} is {number.lower()}.")


@command.command()
@click.argument("name")
@with_reason
@of_utility
def block(name: str, reason: str, code: str | None) -> None:
    """Let somebody sign in no more, and end their sessions at once."""
    _block(name, reason, code, blocked=True)
    click.echo(f"{name} is blocked, and signed out everywhere.")


@command.command()
@click.argument("name")
@with_reason
@of_utility
def unblock(name: str, reason: str, code: str | None) -> None:
    """Let somebody sign in again."""
    _block(name, reason, code, blocked=False)
    click.echo(f"{name} may sign in again.")


def _block(name: str, reason: str, code: str | None, *, blocked: bool) -> None:
    async def work(tx: Connection, scope: Scope, who: Operator, _home: "Utility") -> None:
        from umbane.api import set_blocked

        await set_blocked(tx, scope, who, blocked=blocked, reason=clean("--reason", reason))

    _change(name, code, work, "" if blocked else "an unblocking")


@command.command(name="sign-out")
@click.argument("name")
@of_utility
def sign_out(name: str, code: str | None) -> None:
    """End all sessions of somebody."""

    async def work(tx: Connection, scope: Scope, who: Operator, _home: "Utility") -> int:
        from umbane.api import end_sessions

        return await end_sessions(tx, scope, who.id)

    count = _change(name, code, work)
    click.echo(f"{name} was signed out of {count} session{'' if count == 1 else 's'}.")


# ------------------------------------------------------------------------------------------------------- password


@command.command()
@click.argument("name")
@click.option("--file", type=click.Path(allow_dash=True), help="Read it from a file, or from standard input with -.")
@of_utility
def password(name: str, file: str | None, code: str | None) -> None:
    """Set somebody's password.

    It is typed twice without being shown, or read from a file, and never an argument, which others could see. Their
    sessions end, and failed attempts to sign in are forgotten.
    """
    from umbane.api import hash_password, require_good, set_password

    _change(name, code, _home_of)  # a name that nobody has is told before anything is typed
    new = _typed_password() if file is None else _password_from(file)
    require_good(new, name)
    kept = hash_password(new)

    async def work(tx: Connection, scope: Scope, who: Operator, home: "Utility") -> None:
        await set_password(tx, scope, home, who, kept)

    _change(name, code, work, "another password")
    click.echo(f"The password of {name} is set.")


def _typed_password() -> str:
    """A password that somebody types twice, without showing it."""
    if not sys.stdin.isatty():
        raise InputError("password", "nobody is at the terminal to type it", "give --file FILE, or --file - for input")
    return str(click.prompt("New password", hide_input=True, confirmation_prompt="The same again"))


def _password_from(file: str) -> str:
    """The first and only line of a file."""
    try:
        with click.open_file(file, encoding="utf-8") as opened:
            text = str(opened.read(LONGEST_PASSWORD))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("--file", "it can't be read as UTF-8 text", "name a file with the password in it") from error
    line = text.removesuffix("\n").removesuffix("\r")
    if "\n" in line:
        raise InputError("--file", "it has several lines", "leave one line, the password")
    return line


# -------------------------------------------------------------------------------------------------- second factor


@command.command()
@click.argument("name")
@with_seal_key
@of_utility
def totp(name: str, seal_key: Path | None, code: str | None) -> None:
    """Give somebody a new second factor.

    It is six digits that an app on their telephone shows (TOTP). The secret behind them is shown once, as the address
    that such apps read and in groups to type. At a terminal a code of the app is asked for, and nothing is kept until
    one is right. Sessions that were opened before end.
    """
    from umbane.api import new_secret, otpauth, set_second_factor, typed

    key, secret = required_seal_key(seal_key), new_secret()
    home = _change(name, code, _home_of)
    click.echo("Add this to the app. It is shown once, and whoever sees it has it.\n")
    click.echo(f"  {otpauth(plain(home.name), name, secret)}\n")
    click.echo(f"  Secret     {typed(secret)}")
    click.echo("  Kind       by time, 6 digits, 30 seconds, SHA-1\n")
    if sys.stdin.isatty():
        _require_code(secret)

    async def work(tx: Connection, scope: Scope, who: Operator, _home: "Utility") -> None:
        await set_second_factor(tx, scope, who, key, secret)

    _change(name, code, work, "another second factor")
    click.echo(f"The second factor of {name} is set.")


async def _home_of(_tx: Connection, _scope: Scope, _who: Operator, home: "Utility") -> "Utility":
    return home


def _require_code(secret: bytes) -> None:
    """Let somebody show that their app has the secret.

    Raises:
        InputError: it hasn't.
    """
    from umbane.api import matching_step

    for _ in range(TRIES):
        code = "".join(click.prompt("The code that the app shows now").split())
        if matching_step(secret, code, datetime.now(UTC)) is not None:
            return
        click.echo("That isn't it.")
    raise InputError("code", "none was right, and nothing was changed", "check the clock of the telephone, begin anew")


@command.command(name="seal-key")
@click.argument("file", type=click.Path(path_type=Path))
def seal_key_(file: Path) -> None:
    """Make the key that seals second factors.

    It is in a new FILE that only you can read, and neither in the database nor in its backups: keep a copy elsewhere.
    Without it everybody needs a new second factor.
    """
    make_seal_key(file)
    click.echo(f"The key is in {file}. Keep a copy of it elsewhere, but not where the backups are.")
    click.echo(f"Next: umbane serve --seal-key {file}")
