"""How many sales a second: `sell` in batches, with real tokens, on PostgreSQL with every commit on the disk.

A town of 100 000 meters on a tariff of four blocks, arrears on every tenth. Two processes sell, each with an engine
and a module of its own; they share the machine with the database. Each figure is the best of several stretches of one
run, and the stretches of what is compared take turns.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count, islice
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import psutil
import uvloop

from benchmarks.bench_module import apart
from benchmarks.places import by_owner, folder
from benchmarks.result import Result
from umbane.db import Connection, Database, Embedded, new_ids, open_database
from umbane.ledger import AccountKey, CreditLimit, Kind, open_book
from umbane.pricing import CURRENCIES, Arrears, CustomerState
from umbane.registry import (
    Contract,
    Customer,
    KeyRevision,
    Meter,
    MeterState,
    Policy,
    Realm,
    Scope,
    ServicePoint,
    SupplyGroup,
    Terminal,
    Utility,
    Vendor,
    activate_tariff,
    add_customers,
    add_key_revisions,
    add_meters,
    add_service_points,
    add_supply_groups,
    add_tariff_version,
    add_terminals,
    add_utility,
    add_vendors,
    key_parameters,
    open_contracts,
)
from umbane.security import SecurityModule, open_software_module, published_vault
from umbane.security.process.remote import open_remote_module
from umbane.sts import DKGA, DRN, EA, KEN, KRN, KT, SGC, TCT, BaseDate, MeterPAN
from umbane.vending import Buy, Engine, SaleRequest, Sold, collect_seldom, open_engine, sell

METERS: Final = int(os.environ.get("UMBANE_BENCH_METERS", "100000"))
SALES: Final = int(os.environ.get("UMBANE_BENCH_SALES", "100000"))
"""Sales for each figure; a million shows that nothing grows."""
BATCH: Final = 500
AT_ONCE: Final = 2
"""Batches under way: while one waits for the database, the other is priced."""
VENDORS: Final = 64
PROCESSES: Final = 2
STEP: Final = 10**12
"""Between the messages of one seller and those of the next."""
STRETCHES: Final = 4
PORTION: Final = 10_000

NOW: Final = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
GROUP: Final = SGC(123456)
TARIFF: Final = "za-tshwane-domestic"
DOCUMENT: Final = Path(__file__).parents[1] / "examples" / "tariffs" / "za-tshwane-2025.yaml"
KEY: Final = key_parameters(GROUP.value, 1, 1, int(KT.DUTK), 2014, 255)
VAULT: Final = published_vault([(GROUP, KRN(1))])
LIMIT: Final = 10**14

T = TypeVar("T")


def benchmarks() -> Iterator[Result]:
    """The figures of sales."""
    yield from asyncio.run(measured())


@dataclass(frozen=True, slots=True)
class Town:
    """Who sells what to whom."""

    utility_id: UUID
    terminals: list[UUID]
    meters: list[str]


async def measured() -> list[Result]:
    """Build a town, and sell in it: by many vendors, and by one."""
    many, one, beside, share = [], [], [], SALES // STRETCHES
    async with folder() as path, open_database(Embedded(path / "server"), migrating=True) as database:
        town = await build(database)
        async with crew(path, town) as sellers, crew(path, town, first=PROCESSES) as others:
            await rate(sellers, VENDORS, share // 2)  # what is read once is read
            await rate(others, VENDORS, share // 2)
            before = memory(sellers)
            for _ in range(STRETCHES):
                many.append(await rate(sellers, VENDORS, share))
                one.append(await rate(sellers, 1, share))
                beside.append(await rate(others, VENDORS, share))
            grown = memory(sellers) - before
    return [
        Result("sale.batch", round(max(many)), "sales/s", SALES),
        Result("sale.batch.apart", round(max(beside)), "sales/s", SALES),
        Result("sale.batch.apart.to_inside", round(max(beside) / max(many), 3), "ratio", SALES),
        Result("sale.hot_float", round(max(one) / max(many), 3), "ratio", SALES),
        Result("sale.batch.memory", grown, "MiB", 2 * SALES),
    ]


# ---------------------------------------------------------------------------------------------------------- the sellers


@asynccontextmanager
async def crew(path: Path, town: Town, first: int = 0) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Processes that sell, by these numbers; each does what a line tells it, and answers by a line."""
    plan = {"utility": str(town.utility_id), "terminals": [*map(str, town.terminals)], "meters": town.meters}
    (path / "town.json").write_text(json.dumps(plan), encoding="utf-8")
    async with AsyncExitStack() as stack:
        sellers = []
        for number in range(first, first + PROCESSES):
            sellers.append(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "benchmarks.bench_sale", str(path), str(number)),
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )
            )  # fmt: skip
            stack.push_async_callback(dismiss, sellers[-1])
        yield sellers


def memory(sellers: list[asyncio.subprocess.Process]) -> int:
    """The memory of all sellers, in MiB."""
    return round(sum(psutil.Process(seller.pid).memory_info().rss for seller in sellers) / 2**20)


async def dismiss(seller: asyncio.subprocess.Process) -> None:
    """Let a seller finish."""
    if seller.stdin:
        seller.stdin.close()
    await seller.wait()


async def rate(sellers: list[asyncio.subprocess.Process], vendors: int, sales: int) -> float:
    """Sales a second over so many sales of so many vendors, by all sellers together."""
    start = time.perf_counter()
    await asyncio.gather(*(tell(seller, vendors, sales // len(sellers)) for seller in sellers))
    return sales / (time.perf_counter() - start)


async def tell(seller: asyncio.subprocess.Process, vendors: int, sales: int) -> None:
    """Let a seller sell."""
    assert seller.stdin
    assert seller.stdout
    seller.stdin.write(f"{vendors} {sales}\n".encode())
    assert int(await seller.stdout.readline()) == sales


async def sell_as_told(path: Path, number: int) -> None:
    """Be a seller: for each line of numbers, vendors and sales, sell so much and say how much it was."""
    plan = json.loads((path / "town.json").read_text(encoding="utf-8"))
    town = Town(UUID(plan["utility"]), [*map(UUID, plan["terminals"])], plan["meters"])
    away = number // PROCESSES * (number % PROCESSES) * (len(town.meters) // PROCESSES)
    messages = count(number * STEP + away)  # with modules apart, nobody sells to the meter that somebody else sells to
    async with (
        open_database(Embedded(path / "server")) as database,
        module_of(path, number) as module,
        open_engine(database, module) as engine,
    ):
        collect_seldom()
        while line := await asyncio.to_thread(sys.stdin.readline):
            vendors, sales = map(int, line.split())
            print(await sold(engine, requests(town, town.terminals[:vendors], islice(messages, sales))), flush=True)


@asynccontextmanager
async def module_of(path: Path, number: int) -> AsyncIterator[SecurityModule]:
    """A seller's module: the first sellers have theirs in their own processes, the others have it apart."""
    name = f"seller-{number}"
    if number < PROCESSES:
        async with open_software_module(name, path, VAULT) as module:
            yield module
        return
    with apart([], name, held=False) as place:
        async with open_remote_module(place) as module:
            yield module


async def sold(engine: Engine, wanted: Iterable[SaleRequest]) -> int:
    """Sell in batches, some of them at once; answer how many were sold."""
    work = batched(wanted, BATCH)

    async def till() -> int:
        done = 0
        for batch in work:
            answers = await sell(engine, batch)
            done += sum(isinstance(it, Sold) for it in answers)
        return done

    return sum(await asyncio.gather(*(till() for _ in range(AT_ONCE))))


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """So many items at a time."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def requests(town: Town, terminals: list[UUID], numbers: Iterable[int]) -> Iterator[SaleRequest]:
    """Purchases of 50.00 to 500.00, going round all meters."""
    for number in numbers:
        meter = town.meters[number * 7919 % len(town.meters)]
        money = 5_000 + number * 37 % 45_000
        yield SaleRequest(town.utility_id, terminals[number % len(terminals)], f"b{number}", meter, Buy(money=money))


# ------------------------------------------------------------------------------------------------------------- the town


async def build(database: Database) -> Town:
    """Fill a database with a town."""
    document = DOCUMENT.read_text(encoding="utf-8").replace("valid_until: 2026-06-30\n", "")
    zone = ZoneInfo("Africa/Johannesburg")
    utility = Utility(new_ids(1)[0], "bench", "Bench", CURRENCIES["ZAR"], zone, ("en",), Policy())
    revision = KeyRevision(
        GROUP,
        KT.DUTK,
        KRN(1),
        DKGA.KDF_HMAC_SHA256,
        BaseDate.Y2014,
        KEN(255),
        Realm.TEST,
        "bench",
        NOW.replace(year=2020),
    )
    vendors = [Vendor(id_, f"V-{place}", f"Vendor {place}") for place, id_ in enumerate(new_ids(VENDORS))]
    terminals = [Terminal(id_, it.id, "T-1") for it, id_ in zip(vendors, new_ids(VENDORS), strict=True)]

    async def found(tx: Connection) -> Scope:
        scope = await add_utility(tx, "bench", utility)
        await add_supply_groups(tx, scope, [SupplyGroup(GROUP, "all", Realm.TEST)])
        await add_key_revisions(tx, scope, [revision])
        tariff = await add_tariff_version(tx, scope, document)
        await activate_tariff(tx, replace(scope, by="other"), tariff.id, tariff.version)
        await add_vendors(tx, scope, vendors)
        await add_terminals(tx, scope, terminals)
        await give_floats(tx, scope, vendors)
        return scope

    scope = await database.run(found)
    meters: list[str] = []
    for serials in batched(range(METERS), PORTION):
        meters += await database.run(lambda tx, serials=serials: settle(tx, scope, serials))  # type: ignore[misc] # the serials of this round
    await by_owner(database, "ANALYZE")  # as PostgreSQL does by itself within a minute
    return Town(utility.id, [it.id for it in terminals], meters)


async def give_floats(tx: Connection, scope: Scope, vendors: list[Vendor]) -> None:
    """Let the vendors owe as much as they like."""
    book = await open_book(tx, scope.utility_id)
    ids = await book.accounts([AccountKey(Kind.VENDOR_FLOAT, "ZAR", it.id) for it in vendors])
    await book.set_credit_limits([CreditLimit(number, LIMIT, NOW, "bench") for number in ids.values()])


async def settle(tx: Connection, scope: Scope, serials: list[int]) -> list[str]:
    """Add households with these serial numbers of meters; answer the numbers."""
    size = len(serials)
    customers = [Customer(id_, f"Customer {serial}") for id_, serial in zip(new_ids(size), serials, strict=True)]
    places = [ServicePoint(id_, f"Street {serial}") for id_, serial in zip(new_ids(size), serials, strict=True)]
    debt = CustomerState(arrears=(Arrears("outstanding", 10**9, percent="30"),))
    contracts = [
        Contract(
            *(id_, customer.id, place.id, f"A{serial}", TARIFF, date(2026, 1, 1)),
            state=CustomerState() if serial % 10 else debt,
        )
        for id_, customer, place, serial in zip(new_ids(size), customers, places, serials, strict=True)
    ]
    meters = [
        Meter(
            *(id_, MeterPAN.from_drn(DRN.from_parts(7, serial)), EA.STA, TCT.NUMERIC, KEY),
            state=MeterState.INSTALLED,
            service_point_id=place.id,
            contract_id=contract.id,
        )
        for id_, place, contract, serial in zip(new_ids(size), places, contracts, serials, strict=True)
    ]
    await add_customers(tx, scope, customers)
    await add_service_points(tx, scope, places)
    await open_contracts(tx, scope, contracts)
    await add_meters(tx, scope, meters)
    return [str(it.pan.drn) for it in meters]


if __name__ == "__main__":
    uvloop.run(sell_as_told(Path(sys.argv[1]), int(sys.argv[2])))
