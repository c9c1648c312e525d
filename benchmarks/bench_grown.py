"""Whether sales become slower as they grow in number: the same town with few and with many past sales.

Each size is a database on a server of its own, filled with past sales (`past`) before anything is measured. Then all of
them sell by turns, stretch by stretch, as `bench_sale` does; so whatever else the machine does meets them alike. The
default ends in a minute or two; ``UMBANE_BENCH_GROWN=10000,1000000,10000000`` is the whole of it and takes half an hour
and 20 GB.
"""

import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import asyncpg
import uvloop

from benchmarks.bench_sale import VENDORS, build, crew, rate
from benchmarks.past import lay_down
from benchmarks.places import folder
from benchmarks.result import Result
from umbane.db import Database, Embedded, connected, open_database
from umbane.db.embedded import ROLE, SUPERUSER
from umbane.ledger import BOOKS, prove
from umbane.vending import CLAIMS

SIZES: Final = [int(it) for it in os.environ.get("UMBANE_BENCH_GROWN", "10000,200000").split(",")]
"""Past sales, fewest first."""
SALES: Final = int(os.environ.get("UMBANE_BENCH_SALES", "100000")) // 10
"""Sales of a stretch."""
STRETCHES: Final = 6
PROVEN: Final = 1_000_000
"""Up to so many past sales, the books are proven first: for more of them that takes longer than all the rest."""


@dataclass
class Place:
    """A town with so many past sales.

    Attributes:
        past: how many.
        database: where they are.
        sellers: who sells in it.
        rates: what they sold in a second, stretch by stretch.
    """

    past: int
    database: Database
    sellers: list[Process]
    rates: list[float] = field(default_factory=list)

    async def written(self) -> int:
        """Bytes of log that the database ever wrote."""
        async with self.database.reading() as connection:
            found: int = await connection.fetchval("SELECT (pg_current_wal_lsn() - '0/0')::bigint")
            return found


def benchmarks() -> Iterator[Result]:
    """The figures of sales in databases that have grown."""
    yield from uvloop.run(measured())


async def measured() -> list[Result]:
    """Sell in all places by turns."""
    async with folder() as path, AsyncExitStack() as stack:
        places = [await stack.enter_async_context(opened(roomy(path, past), past)) for past in SIZES]
        for place in places:
            await rate(place.sellers, VENDORS, SALES)  # what is read once is read
        before = [await place.written() for place in places]
        for _ in range(STRETCHES):
            for place in places:
                place.rates.append(await rate(place.sellers, VENDORS, SALES))
        log = [await place.written() - start for place, start in zip(places, before, strict=True)]
    few, *grown = places
    ratio = min(median(a / b for a, b in zip(it.rates, few.rates, strict=True)) for it in grown)
    return [
        Result("sale.grown", round(ratio, 3), "ratio", SALES * STRETCHES),
        *(Result(f"sale.grown.{it.past}", round(max(it.rates)), "sales/s", SALES * STRETCHES) for it in places),
        *(
            Result(f"sale.grown.{it.past}.log", round(bytes_ / (SALES * STRETCHES)), "bytes/sale", SALES * STRETCHES)
            for it, bytes_ in zip(places, log, strict=True)
        ),
    ]


@asynccontextmanager
async def opened(path: Path, past: int) -> AsyncIterator[Place]:
    """Give a town with so many past sales, with sellers in it."""
    async with open_database(Embedded(path / "server"), migrating=True) as database:
        town = await build(database)
        start = time.perf_counter()
        async with connected(database.place.as_owner()) as owner:
            await lay_down(owner, town, past)
            await tidy(owner.url)
        print(f"{past} past sales laid down in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        if past <= PROVEN:
            start = time.perf_counter()
            assert (await prove(database, [*BOOKS, *CLAIMS])).holds
            print(f"their books proven in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        async with crew(path, town) as sellers:
            yield Place(past, database, sellers)


def roomy(path: Path, past: int) -> Path:
    """A folder in this one, open to the server's account."""
    made = path / str(past)
    made.mkdir(mode=0o711)
    return made


async def tidy(url: str) -> None:
    """Do at once what PostgreSQL would do by itself within minutes."""
    connection = await asyncpg.connect(url.replace(f"{ROLE}@", f"{SUPERUSER}@", 1))
    try:
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
