"""How many sales a second: `sell` in batches, with real tokens, on PostgreSQL with every commit on the disk.

A town of 100 000 meters on a tariff of four blocks, arrears on every tenth; the engine, its module, the database and
what makes the requests share the machine. Each figure is the best of several stretches of one run.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count, islice
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

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
from umbane.sts import DKGA, DRN, EA, KEN, KRN, KT, SGC, TCT, BaseDate, MeterPAN
from umbane.vending import Buy, Engine, SaleRequest, Sold, open_engine, sell

METERS: Final = int(os.environ.get("UMBANE_BENCH_METERS", "100000"))
SALES: Final = int(os.environ.get("UMBANE_BENCH_SALES", "100000"))
"""Sales for each figure; a million shows that nothing grows."""
BATCH: Final = 500
AT_ONCE: Final = 2
"""Batches under way: while one waits for the database, the other is priced."""
VENDORS: Final = 64
STRETCHES: Final = 4
PORTION: Final = 10_000

NOW: Final = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
GROUP: Final = SGC(123456)
TARIFF: Final = "za-tshwane-domestic"
DOCUMENT: Final = Path(__file__).parents[1] / "examples" / "tariffs" / "za-tshwane-2025.yaml"
KEY: Final = key_parameters(GROUP.value, 1, 1, int(KT.DUTK), 2014, 255)
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
    async with opened() as (database, module):
        town = await build(database)
        async with open_engine(database, module) as engine:
            await rate(engine, town, town.terminals, SALES // 10)  # what is read once is read
            many = await rate(engine, town, town.terminals, SALES)
            one = await rate(engine, town, town.terminals[:1], SALES)
    return [
        Result("sale.batch", round(many), "sales/s", SALES),
        Result("sale.hot_float", round(one / many, 3), "ratio", SALES),
    ]


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Database, SecurityModule]]:
    """Give a database and a module in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="umbane-") as folder:
        path = entered(folder)
        vault = published_vault([(GROUP, KRN(1))])
        async with (
            open_database(Embedded(path / "server"), migrating=True) as database,
            open_software_module("bench", path, vault) as module,
        ):
            yield database, module


def entered(folder: str) -> Path:
    """A folder that any account may enter: the server never runs as root."""
    path = Path(folder)
    path.chmod(0o711)
    return path


NUMBERS: Final = count(1)
"""Of messages: no message twice in a run."""


async def rate(engine: Engine, town: Town, terminals: list[UUID], sales: int) -> float:
    """Sales a second, of the best stretch."""
    stretch = max(sales // STRETCHES, BATCH)
    return max([await stretch_rate(engine, town, terminals, stretch) for _ in range(STRETCHES)])


async def stretch_rate(engine: Engine, town: Town, terminals: list[UUID], sales: int) -> float:
    """Sales a second over a number of sales, in batches, some of them at once."""
    work = batched(requests(town, terminals, sales), BATCH)

    async def till() -> int:
        sold = 0
        for batch in work:
            answers = await sell(engine, batch)
            sold += sum(isinstance(it, Sold) for it in answers)
        return sold

    start = time.perf_counter()
    sold = sum(await asyncio.gather(*(till() for _ in range(AT_ONCE))))
    assert sold == sales
    return sales / (time.perf_counter() - start)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """So many items at a time."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def requests(town: Town, terminals: list[UUID], sales: int) -> Iterator[SaleRequest]:
    """Purchases of 50.00 to 500.00, going round all meters."""
    for _ in range(sales):
        number = next(NUMBERS)
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
    await database.run(lambda tx: tx.execute("ANALYZE"))  # as PostgreSQL does by itself within a minute
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
