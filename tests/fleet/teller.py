"""Somebody who tells events, made to be killed: `python -m tests.fleet.teller URL FOLDER UTILITY REPORTS`.

It reads lines with a seed and forks a child for each, which has the security module, tells all events in an order that
follows from the seed, each by its id in a line, and waits to be killed. So no time is spent on imports.
"""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path
from random import Random
from uuid import UUID

from tests.vending.till import clock, module_of
from umbane.db import Server, open_database
from umbane.fleet import read_report, tell_event
from umbane.registry import Role, Scope
from umbane.vending import Staff, open_engine

__all__ = ["ENGINEER"]

ENGINEER = Staff("thandi", frozenset({Role.ENGINEER}), (Staff("bheki", frozenset({Role.SUPERVISOR})),))


async def session(url: str, folder: Path, utility: str, reports: list[object], seed: int) -> None:
    """Tell everything."""
    Random(seed).shuffle(reports)  # noqa: S311 - no secret
    async with (
        module_of(folder, 0, external=False) as module,
        open_database(Server(url)) as database,
        open_engine(database, module, clock=clock) as engine,
    ):
        os.write(1, b"open\n")
        for it in reports:
            report = read_report(it)
            await tell_event(engine, Scope(UUID(utility), "operator:thandi"), report, ENGINEER)
            os.write(1, f"{report.id}\n".encode())
        await asyncio.Event().wait()


def main(url: str, folder: str, utility: str, reports: str) -> None:
    """Fork a child for each line; say its number, and wait until it is dead."""
    gc.freeze()  # what is here already stays shared with the children
    for line in sys.stdin:
        if not (pid := os.fork()):
            asyncio.run(session(url, Path(folder), utility, json.loads(reports), int(line)))
            os._exit(0)
        os.write(1, f"pid {pid}\n".encode())
        os.waitpid(pid, 0)
        os.write(1, b"dead\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
