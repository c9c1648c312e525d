"""Security modules of processes that serve together: each has one of its own, with its own journal, in one folder.

A journal belongs to one process at a time. So a process takes the first module that no other one has: `shop`,
`shop-2`, and so on. Whoever is started again takes one that was left behind, and clears up what its last owner
left unfinished. When fewer processes are started than before, the modules that nobody takes are cleared up by the
first.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from umbane.db import Database
from umbane.security import ModuleBusyError, SecurityModule
from umbane.vending import open_engine

__all__ = ["Own", "clear_up", "open_own_module"]

MOST: Final = 64
"""Processes that serve together from one folder."""


class Own(NamedTuple):
    """Modules that processes open themselves, wherever their keys are."""

    name: str
    """What the first one is called."""
    folder: Path
    """Where their journals lie."""
    open: Callable[[str], AbstractAsyncContextManager[SecurityModule]]
    """Opens the one of that name."""

    def name_of(self, place: int) -> str:
        """What the module at a place is called; the first place is 1."""
        return self.name if place == 1 else f"{self.name}-{place}"


@asynccontextmanager
async def open_own_module(own: Own) -> AsyncIterator[tuple[SecurityModule, int]]:
    """The first module that no other process has, and its place.

    Raises:
        ModuleBusyError: all are taken.
        ModuleError: it, or its journal, can't be worked with.
    """
    async with AsyncExitStack() as stack:
        for place in range(1, MOST + 1):
            try:
                module = await stack.enter_async_context(own.open(own.name_of(place)))
            except ModuleBusyError:
                if place == MOST:
                    raise
                continue
            yield module, place
            return


async def clear_up(database: Database, own: Own, beyond: int) -> list[str]:
    """Find out what the owners of modules that nobody has now left unfinished; answer which modules those are.

    Args:
        database: the books.
        own: the modules.
        beyond: modules up to this place are left to processes that are about to start.
    """
    found = []
    for name in (own.name_of(place) for place in range(beyond + 1, MOST + 1)):
        if (own.folder / f"{name}.journal").exists():
            async with AsyncExitStack() as stack:
                try:
                    module = await stack.enter_async_context(own.open(name))
                except ModuleBusyError:
                    continue
                await stack.enter_async_context(open_engine(database, module))
                found.append(name)
    return found
