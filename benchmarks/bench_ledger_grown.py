"""Whether booking and proving become slower as the books grow: the same town with few and with many entries.

Each size is a database on a server of its own; all of them are measured by turns, so that whatever else the machine
does meets them alike. ``UMBANE_BENCH_LEDGER_GROWN=10000,1000000`` takes a few minutes.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.bench_ledger import Town, build, proof_rate, stretch
from benchmarks.places import by_owner, throwaway
from benchmarks.result import Result

SIZES: Final = [int(it) for it in os.environ.get("UMBANE_BENCH_LEDGER_GROWN", "10000,200000").split(",")]
"""Entries that are booked before, fewest first."""
ENTRIES: Final = 10_000
"""Entries of a stretch."""
STRETCHES: Final = 5
PROOFS: Final = 3


@dataclass
class Books:
    """Books of a size, and their figures stretch by stretch, in entries a second."""

    town: Town
    booked: list[float] = field(default_factory=list)
    proven: list[float] = field(default_factory=list)

    def results(self, size: int) -> Iterator[Result]:
        """The best of them."""
        yield Result(f"ledger.grown.{size}", round(max(self.booked)), "entries/s", STRETCHES * ENTRIES)
        yield Result(f"ledger.grown.prove.{size}", round(max(self.proven)), "entries/s", PROOFS * size)


def benchmarks() -> Iterator[Result]:
    """The figures of books that have grown."""
    yield from asyncio.run(measured())


async def measured() -> list[Result]:
    """Book and prove in all of them by turns."""
    async with AsyncExitStack() as stack:
        every = [await books(stack, size) for size in SIZES]
        for _ in range(PROOFS):
            for it in every:
                it.proven.append(await proof_rate(it.town))
        for _ in range(STRETCHES):
            for it in every:
                it.booked.append(await stretch(it.town, it.town.floats, ENTRIES))
    few, *grown = every
    booking = min(ratio(it.booked, few.booked) for it in grown)
    proving = min(round(max(it.proven) / max(few.proven), 3) for it in grown)  # they take too long to go by turns
    return [
        Result("ledger.grown", booking, "ratio", STRETCHES * ENTRIES),
        Result("ledger.grown.prove", proving, "ratio", PROOFS * SIZES[-1]),
        *(result for size, it in zip(SIZES, every, strict=True) for result in it.results(size)),
    ]


async def books(stack: AsyncExitStack, size: int) -> Books:
    """Books with so many entries."""
    town = await build(await stack.enter_async_context(throwaway()))
    while town.booked < size:
        await stretch(town, town.floats, min(ENTRIES, size))
    await by_owner(town.database, "ANALYZE")  # as PostgreSQL does by itself within a minute
    return Books(town)


def ratio(these: list[float], those: list[float]) -> float:
    """By how much these are faster, stretch by stretch."""
    return round(median(a / b for a, b in zip(these, those, strict=True)), 3)
