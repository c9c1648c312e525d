"""Whose house a command works in, who is at the terminal, which moment they mean, and how wide a page is."""

import getpass
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from umbane.db import Connection
from umbane.errors import InputError, shown
from umbane.registry import utilities, utility_by_code

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["by", "console", "moment_meant", "of_utility", "utility_named"]

NARROW: Final = 100
"""Columns of a page that goes into a file or a pipe."""

YEARS: Final = range(1970, 9000)
"""In which something can be booked."""

of_utility = click.option("--utility", "code", help="The code of the utility; needed only where there are several.")


def by() -> str:
    """Who is at the terminal, for the record of changes."""
    return f"cli:{getpass.getuser()}"


async def utility_named(connection: Connection, code: str | None) -> "Utility":
    """The utility of this code, or the only one.

    Raises:
        InputError: there is none, or there are several and none is named.
        NotFoundError: there is none of this code.
    """
    if code is not None:
        return await utility_by_code(connection, code)
    every = await utilities(connection)
    if len(every) == 1:
        return every[0]
    if not every:
        raise InputError("--utility", "there is no utility yet", "add one: umbane registry import utility FILE")
    raise InputError("--utility", "there are several utilities", f"name one of {', '.join(it.code for it in every)}")


async def moment_meant(connection: Connection, whose: "Utility", text: str | None) -> datetime:
    """The moment that a person means, on the clock of the utility; now, if nothing is said.

    Raises:
        InputError: it is none.
    """
    if text is None:
        now: datetime = await connection.fetchval("SELECT now()")
        return now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("date", f"{shown(text)} is none", "write 2026-03-31 or 2026-03-31T18:00") from error
    if moment.year not in YEARS:
        problem = f"nothing was ever booked in the year {moment.year}"
        raise InputError("date", problem, f"give a year from {YEARS[0]} to {YEARS[-1]}")
    return moment if moment.tzinfo else moment.replace(tzinfo=whose.zone)


def console() -> Console:
    """Where pages are printed: as wide as the terminal, or as a page that goes into a file."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else NARROW)
