"""What the commands that speak with the database have in common."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from umbane.db import Database, Place, Server, connected, open_database, place_from
from umbane.db.embedded import EmbeddedServer
from umbane.db.errors import ServerMissingError

__all__ = ["here", "plain", "require_made", "using"]

T = TypeVar("T")


def here() -> Place:
    """The database that the environment names."""
    return place_from(os.environ, root=os.geteuid() == 0)


def using(
    work: Callable[[Database], Awaitable[T]], *, checked: bool = True, making: bool = False, owning: bool = False
) -> T:
    """Open the database, do some work with it, and close it.

    Args:
        work: what to do.
        checked: whether the tables must be those of this Umbane.
        making: whether a server of our own is made where there is none yet.
        owning: whether to work as the owner of the tables.

    Raises:
        DatabaseError: there is none yet, or it can't be worked with.
    """
    place = here().as_owner() if owning else here()
    if not making:
        require_made(place)

    async def run() -> T:
        async with (open_database if checked else connected)(place) as database:
            return await work(database)

    return asyncio.run(run())


def require_made(place: Place) -> None:
    """Refuse to look for something where nothing was ever kept.

    Raises:
        ServerMissingError: no server of our own was made there yet.
    """
    if isinstance(place, Server):
        return
    made = True  # if it is hidden from us, the start will say so
    with suppress(OSError):
        made = EmbeddedServer(place.directory).data.exists()
    if not made:
        raise ServerMissingError(
            f"there is no database in {place.directory} yet",
            "make one with umbane db migrate, or name another place in UMBANE_DATA or UMBANE_DATABASE_URL",
        )


def plain(text: str) -> str:
    """Text from the database without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
