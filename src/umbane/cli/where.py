"""What the commands that speak with the database have in common."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from umbane.db import Database, Place, connected, open_database, place_from

__all__ = ["here", "plain", "using"]

T = TypeVar("T")


def here() -> Place:
    """The database that the environment names."""
    return place_from(os.environ, root=os.geteuid() == 0)


def using(work: Callable[[Database], Awaitable[T]], *, checked: bool = True) -> T:
    """Open the database, do some work with it, and close it.

    Args:
        work: what to do.
        checked: whether the tables must be those of this Umbane.
    """

    async def run() -> T:
        async with (open_database if checked else connected)(here()) as database:
            return await work(database)

    return asyncio.run(run())


def plain(text: str) -> str:
    """Text from the database without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
