"""How fast the registry is: a file read into it, what a sale loads and stores, somebody found among many.

A town whose meters all have a customer, a place and a contract; names and streets are made of syllables, a surname is
shared by a few. Every commit is on the disk; the database and whoever asks share the machine. Rates are the best of
several stretches of one run.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from msgspec import structs

from benchmarks.places import by_owner, folder, throwaway
from benchmarks.result import Result
from umbane.db import Connection, Database, write
from umbane.pricing import CURRENCIES, Arrears, CustomerState
from umbane.registry import (
    KeyRevision,
    Policy,
    Realm,
    Scope,
    SupplyGroup,
    Utility,
    activate_tariff,
    add_key_revisions,
    add_supply_groups,
    add_tariff_version,
    add_utility,
    find,
    import_meters,
    load_for_sale,
    moved_states,
    pan_of,
)
from umbane.registry.utilities import zone_of
from umbane.sts import DKGA, DRN, KEN, KRN, KT, SGC, BaseDate

METERS: Final = int(os.environ.get("UMBANE_BENCH_METERS", "100000"))
BATCH: Final = 500
AT_ONCE: Final = 2
"""Batches under way, each on a connection of its own."""
STRETCHES: Final = 5
BATCHES: Final = 40
"""In each stretch."""
PEOPLE: Final = 60
"""Customers who are looked for, each in every way."""

DAY: Final = date(2026, 3, 12)
GROUP: Final = SGC(123456)
TARIFF: Final = "za-tshwane-domestic"
DOCUMENT: Final = Path(__file__).parents[1] / "examples" / "tariffs" / "za-tshwane-2025.yaml"
ZONE: Final = zone_of("Africa/Johannesburg")
UTILITY_ID: Final = UUID("01980000-0000-7000-8000-00000000bbbb")
UTILITY: Final = Utility(UTILITY_ID, "bench", "Bench", CURRENCIES["ZAR"], ZONE, ("en",), Policy())
HEADER: Final = "meter,sgc,krn,ti,account,customer,phone,address,feeder,transformer,tariff,opened,arrears"
CHANCE: Final = random.Random(62055)  # noqa: S311 - the same town each time
FIRST_NAMES: Final = """
Ama Anele Awa Bongani Budi Chipo Dineo Ebrahim Farai Fatou Gugu Hassan Imani Jabu Johan Kagiso Kofi Lerato Lindiwe
Mandla Moussa Naledi Nomsa Oupa Palesa Pieter Rashid Ruth Sibusiso Sipho Siti Thandi Themba Tumelo Unathi Vusi Wanjiru
Xolani Yusuf Zanele""".split()  # noqa: SIM905 - a list that can be read
SYLLABLES: Final = """
mo ko e na nko si wy dla mi ni van der mer we ja cobs sep tem ber bo a teng di op sa rr ndi ye ra ha yu san to so zu lu
ma ba ndlo vu kha nya tha""".split()  # noqa: SIM905 - a list that can be read


def benchmarks() -> Iterator[Result]:
    """The figures of the room ``registry``."""
    yield from asyncio.run(measured())


@dataclass(frozen=True, slots=True)
class House:
    """One row of the file."""

    meter: str
    account: str
    name: str
    phone: str
    address: str


async def measured() -> list[Result]:
    """Fill a town, sell in it as far as the registry is concerned, and look for people."""
    async with folder() as path, throwaway() as database:
        houses = list(map(house, range(METERS)))
        file = written(path, houses)
        scope = await database.run(founded)
        start = time.perf_counter()
        report = await import_meters(database, scope, file, today=DAY)
        imported = METERS / (time.perf_counter() - start)
        assert report.added == METERS
        await by_owner(database, "ANALYZE")
        rate = await sold(database, scope, houses)
        slowest, of_all = await found(database, scope, CHANCE.sample(houses, PEOPLE))
    return [
        Result("registry.import", round(imported), "rows/s", METERS),
        Result("registry.sale", round(rate), "meters/s", STRETCHES * BATCHES * BATCH),
        *(Result(f"registry.find.{way}.p95", round(1000 * it, 1), "ms", PEOPLE) for way, it in slowest.items()),
        Result("registry.find.p95", round(1000 * of_all, 1), "ms", PEOPLE * len(WAYS)),
    ]


def written(folder: Path, houses: list[House]) -> Path:
    """A file about these houses."""
    path = folder / "meters.csv"
    path.write_text("\n".join((HEADER, *map(row, houses))), encoding="utf-8")
    return path


async def founded(tx: Connection) -> Scope:
    """A utility with a tariff and a key."""
    scope = await add_utility(tx, "bench", UTILITY)
    await add_supply_groups(tx, scope, [SupplyGroup(GROUP, "all", Realm.TEST)])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    key = (GROUP, KT.DUTK, KRN(1), DKGA.KDF_HMAC_SHA256, BaseDate.Y2014, KEN(255), Realm.TEST, "test/123456/1", start)
    await add_key_revisions(tx, scope, [KeyRevision(*key)])
    tariff = await add_tariff_version(tx, scope, DOCUMENT.read_text(encoding="utf-8"))
    await activate_tariff(tx, replace(scope, by="another"), tariff.id, tariff.version)
    return scope


def word(least: int, most: int) -> str:
    """A name made of syllables."""
    return "".join(CHANCE.choices(SYLLABLES, k=CHANCE.randint(least, most))).capitalize()


STREETS: Final = [word(3, 3) for _ in range(1_500)]
SURNAMES: Final = [word(2, 4) for _ in range(20_000)]


def house(number: int) -> House:
    """Somebody with a meter."""
    return House(
        str(DRN.from_parts(0, number)),
        f"A-{number:07}",
        f"{CHANCE.choice(FIRST_NAMES)} {CHANCE.choice(SURNAMES)}",
        f"+27{CHANCE.randint(600_000_000, 849_999_999)}",
        f"{CHANCE.randint(1, 400)} {CHANCE.choice(STREETS)} Street",
    )


def row(it: House) -> str:
    """A line of the file; every tenth customer has a debt."""
    debt = "outstanding:850.00:30" if it.account.endswith("0") else ""
    network = f"F{len(it.name)},T-{it.account[2:6]}"
    contract = f"{it.account},{it.name},{it.phone},{it.address},{network},{TARIFF},2026-01-01,{debt}"
    return f"{it.meter},{GROUP},1,01,{contract}"


async def sold(database: Database, scope: Scope, houses: list[House]) -> float:
    """Meters loaded, and stored again with another state, in a second."""
    pans = [pan_of(it.meter) for it in houses]
    best = 0.0
    for _ in range(STRETCHES + 1):  # what is read once is read
        start = time.perf_counter()
        for _ in range(BATCHES // AT_ONCE):
            chosen = CHANCE.sample(pans, AT_ONCE * BATCH)
            batches = (chosen[it : it + BATCH] for it in range(0, len(chosen), BATCH))
            await asyncio.gather(*(database.run(selling(scope, batch)) for batch in batches))
        best = max(best, BATCHES * BATCH / (time.perf_counter() - start))
    return best


def selling(scope: Scope, pans: list[str]) -> Callable[[Connection], Awaitable[None]]:
    """What a batch of sales asks of the registry."""
    state = CustomerState(purchased=584, spent=20_000, period_start=DAY.replace(day=1), charged_on=DAY)
    debtor = structs.replace(state, arrears=(Arrears("outstanding", 80_000, percent="30"),))

    async def work(tx: Connection) -> None:
        rows = await load_for_sale(tx, scope.utility_id, pans)
        assert len(rows) == len(pans)
        states = [debtor if it and it.arrears else state for it in rows.customer]
        ids, versions = [it for it in rows.contract_id if it], [it for it in rows.version if it is not None]
        await write(tx, moved_states(scope.utility_id, ids, states, versions))

    return work


WAYS: Final[dict[str, Callable[[House], str]]] = {
    "meter": lambda it: it.meter,
    "meter_slip": lambda it: slip(it.meter),
    "name": lambda it: it.name,
    "name_slip": lambda it: " ".join(map(slip, it.name.split())),
    "address": lambda it: it.address,
    "address_slip": lambda it: f"{it.address.split()[0]} {slip(it.address.split()[1])}",
    "account": lambda it: it.account,
    "phone": lambda it: f"0{it.phone[3:]}",
    "common": lambda _: "street",
}


def slip(text: str) -> str:
    """A word with one slip of the finger in it."""
    place = CHANCE.randrange(1, len(text))
    head, tail = text[:place], text[place:]
    other = CHANCE.choice("0123456789" if text[0].isdigit() else "abcdefgiklmnoprstu")
    return CHANCE.choice(
        [head + tail[1:], f"{head}{other}{tail}", f"{head}{other}{tail[1:]}", head + tail[1::-1] + tail[2:]]
    )


async def found(database: Database, scope: Scope, people: list[House]) -> tuple[dict[str, float], float]:
    """Seconds in which nineteen of twenty searches have their answer, for each way to look, and for all together."""
    times: dict[str, list[float]] = {}
    for way, query in WAYS.items():
        missed = 0
        for it in people:
            start = time.perf_counter()
            async with database.reading() as connection:
                findings = await find(connection, scope.utility_id, query(it))
            times.setdefault(way, []).append(time.perf_counter() - start)
            missed += all(hit.account_no != it.account for hit in findings.hits)
        assert way == "common" or missed <= len(people) // 10, f"{way}: {missed} of {len(people)} were not found"
    every = [it for some in times.values() for it in some]
    return {way: slow(some) for way, some in times.items()}, slow(every)


def slow(times: list[float]) -> float:
    """What nineteen of twenty don't exceed."""
    return sorted(times)[len(times) * 19 // 20]
