"""Where benchmarks keep what they measure: folders, and databases in them, that are gone afterwards."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from umbane.db import Database, Embedded, connected, open_database

__all__ = ["by_owner", "folder", "throwaway"]


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A folder that any account may enter, because the server never runs as root."""
    with tempfile.TemporaryDirectory(prefix="umbane-") as name:
        yield entered(name)


def entered(name: str) -> Path:
    """The folder of that name, open to any account."""
    path = Path(name)
    path.chmod(0o711)
    return path


@asynccontextmanager
async def throwaway() -> AsyncIterator[Database]:
    """A database in a folder of its own."""
    async with folder() as path, open_database(Embedded(path / "server"), migrating=True) as database:
        yield database


async def by_owner(database: Database, sql: str) -> None:
    """Execute what only the owner of the tables may."""
    async with connected(database.place.as_owner()) as owner:
        await owner.run(lambda tx: tx.execute(sql))
