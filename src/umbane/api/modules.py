"""Security modules of processes that serve together: each has one of its own, with its own journal, in one folder.

A journal belongs to one process at a time. So a process takes the first module that no other one has: `software`,
`software-2`, and so on. Whoever is started again takes one that was left behind, and clears up what its last owner
left unfinished. When fewer processes are started than before, the modules that nobody takes are cleared up by the
first.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from umbane.db import Database
from umbane.security import ModuleBusyError, SecurityModule, Vault, open_software_module
from umbane.vending import open_engine

__all__ = ["clear_up", "open_own_module"]

NAME: Final = "software"
MOST: Final = 64
"""Processes that serve together from one folder."""


def name_of(place: int) -> str:
    """What the module at a place is called; the first place is 1."""
    return NAME if place == 1 else f"{NAME}-{place}"


@asynccontextmanager
async def open_own_module(folder: Path, vault: Vault) -> AsyncIterator[tuple[SecurityModule, int]]:
    """The first module in a folder that no other process has, and its place.

    Raises:
        ModuleBusyError: all are taken.
        ModuleError: its journal can't be worked with.
    """
    async with AsyncExitStack() as stack:
        for place in range(1, MOST + 1):
            try:
                module = await stack.enter_async_context(open_software_module(name_of(place), folder, vault))
            except ModuleBusyError:
                if place == MOST:
                    raise
                continue
            yield module, place
            return


async def clear_up(database: Database, folder: Path, vault: Vault, beyond: int) -> list[str]:
    """Find out what the owners of modules that nobody has now left unfinished; answer which modules those are.

    Args:
        database: the books.
        folder: of the modules.
        vault: their keys.
        beyond: modules up to this place are left to processes that are about to start.
    """
    found = []
    for place in range(beyond + 1, MOST + 1):
        if (folder / f"{name_of(place)}.journal").exists():
            async with AsyncExitStack() as stack:
                try:
                    module = await stack.enter_async_context(open_software_module(name_of(place), folder, vault))
                except ModuleBusyError:
                    continue
                await stack.enter_async_context(open_engine(database, module))
                found.append(name_of(place))
    return found
