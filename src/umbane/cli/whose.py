"""Whose house a command works in, who is at the terminal, and how wide a page is."""

import getpass
import sys
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from umbane.db import Connection
from umbane.errors import InputError
from umbane.registry import utilities, utility_by_code

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["by", "console", "of_utility", "utility_named"]

NARROW: Final = 100
"""Columns of a page that goes into a file or a pipe."""

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


def console() -> Console:
    """Where pages are printed: as wide as the terminal, or as a page that goes into a file."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else NARROW)
