"""How many sales a second over HTTP: 64 connections, real tokens, PostgreSQL with every commit on the disk.

The town of `bench_sale`, served as users serve it: `umbane serve --workers 2`. The servers and the database share the
machine with the process that makes the requests. Servers with modules of their own and servers with one apart are up at
the same time, and their stretches take turns. `sale.http.to_bare` compares with a transaction that writes the same
ledger pair, token and balance, and does nothing else, in batches of 50.
"""

import asyncio
import json
import os
import secrets
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

import uvloop

from benchmarks.bench_module import apart
from benchmarks.bench_sale import PROCESSES, Town, build
from benchmarks.places import by_owner, folder
from benchmarks.result import Result
from umbane.api import TILL
from umbane.db import Connection, Database, Embedded, new_ids, open_database
from umbane.registry import ApiKeyLimits, Scope, issue_api_key, terminal

SALES: Final = int(os.environ.get("UMBANE_BENCH_SALES", "40000"))
CONNECTIONS: Final = 64
STRETCHES: Final = 4
LONELY: Final = 300
BARE: Final = 50
NOWHERE: Final = 60_000_000
"""Requests a minute: the limit isn't what is measured."""


def benchmarks() -> Iterator[Result]:
    """The figures of sales over HTTP."""
    yield from uvloop.run(measured())


async def measured() -> list[Result]:
    """Sell in a town over a socket of loopback, then write as much without selling."""
    async with folder() as path, open_database(Embedded(path / "server"), migrating=True) as database:
        town = await build(database)
        keys = await api_keys(database, town)
        async with both_served(path) as ports:
            best, beside = await by_turns(ports, keys, town)
            lonely = await load(ports[0], keys, town, LONELY, 1)
        bare = max([await bare_rate(database, SALES // STRETCHES) for _ in range(STRETCHES)])
    return [
        Result("sale.http", round(best.rate), "sales/s", SALES),
        Result("sale.http.p50", round(best.percentile(50), 2), "ms", SALES),
        Result("sale.http.p99", round(best.percentile(99), 2), "ms", SALES),
        Result("sale.http.apart", round(beside.rate), "sales/s", SALES),
        Result("sale.http.apart.p99", round(beside.percentile(99), 2), "ms", SALES),
        Result("sale.http.apart.to_inside", round(beside.rate / best.rate, 3), "ratio", SALES),
        Result("sale.http.lonely.p50", round(lonely.percentile(50), 2), "ms", LONELY),
        Result("sale.http.bare", round(bare), "sales/s", SALES),
        Result("sale.http.to_bare", round(best.rate / bare, 3), "ratio", SALES),
    ]


async def by_turns(ports: list[int], keys: list[str], town: Town) -> "list[Load]":
    """The best of several stretches at each port, after one that only warms up; the ports take turns."""
    for port in ports:
        await load(port, keys, town, SALES // 10, CONNECTIONS)
    rounds = [[await load(it, keys, town, SALES // STRETCHES, CONNECTIONS) for it in ports] for _ in range(STRETCHES)]
    return [max(stretches, key=lambda it: it.rate) for stretches in zip(*rounds, strict=True)]


@asynccontextmanager
async def both_served(path: Path) -> AsyncIterator[list[int]]:
    """Serve the database of a folder twice: with modules of the servers' own, and with one in a process apart."""
    with apart([], held=False) as place:
        async with served(path) as inside, served(path, f"unix:{place}") as beside:
            yield [inside, beside]


@asynccontextmanager
async def served(path: Path, module: str = "") -> AsyncIterator[int]:
    """Serve the database of a folder on a port of loopback that is free, until the end.

    Args:
        path: the folder.
        module: where the module is, if each server hasn't one of its own.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    audit_key = path / "audit.key"
    if not audit_key.exists():
        making = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "umbane", "audit", "key", str(audit_key)), stdout=asyncio.subprocess.DEVNULL
        )
        assert await making.wait() == 0
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "umbane", "serve", "--quiet", "--workers", str(PROCESSES)),
        *("--port", str(port), "--module", module or str(path / "modules")),
        env=os.environ | {"UMBANE_DATA": str(path / "server"), "UMBANE_AUDIT_KEY_FILE": str(audit_key)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        while not (await answers(port) and (module or begun(path))):  # noqa: ASYNC110 - others decide when
            await asyncio.sleep(0.1)
        await asyncio.sleep(4 if module else 1)  # the last of them opens its engine
        yield port
    finally:
        process.terminate()
        await process.wait()


def begun(path: Path) -> bool:
    """Whether all servers have made their modules."""
    return len(list((path / "modules").glob("*.journal"))) >= PROCESSES


async def answers(port: int) -> bool:
    """Whether anybody listens at a port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def api_keys(database: Database, town: Town) -> list[str]:
    """A key for each till."""

    async def work(tx: Connection) -> list[str]:
        scope, found = Scope(town.utility_id, "bench"), []
        for terminal_id in town.terminals:
            till = await terminal(tx, town.utility_id, terminal_id)
            _, secret = await issue_api_key(
                tx, scope, till.vendor_id, till.id, label="bench", scopes=[str(it) for it in TILL],
                limits=ApiKeyLimits(requests_per_minute=NOWHERE), randomness=secrets.token_bytes(32),
            )  # fmt: skip
            found.append(secret)
        return found

    return await database.run(work)


# ------------------------------------------------------------------------------------------------------------- the load


class Load:
    """What a load of requests saw.

    Attributes:
        seconds: from the first request to the last answer.
        times: of each request, in milliseconds.
    """

    def __init__(self, seconds: float, times: list[float]) -> None:
        self.seconds = seconds
        self.times = times

    @property
    def rate(self) -> float:
        """Sales a second."""
        return len(self.times) / self.seconds

    def percentile(self, part: int) -> float:
        """The milliseconds within which so many of a hundred requests were answered."""
        return statistics.quantiles(self.times, n=100, method="inclusive")[part - 1]


FIRST: Final = count(0)
STEP: Final = 10_000_000


async def load(port: int, keys: list[str], town: Town, sales: int, connections: int) -> Load:
    """Let another process buy so often over so many connections."""
    plan = {
        "port": port, "keys": keys, "meters": town.meters, "sales": sales, "connections": connections,
        "first": next(FIRST) * STEP,
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.bench_http", file.name, stdout=asyncio.subprocess.PIPE,
            cwd=Path.cwd(),
        )  # fmt: skip
        out, _ = await process.communicate()
    seen = json.loads(out)
    assert seen["sold"] == sales, seen["problems"]
    return Load(seen["seconds"], seen["times"])


async def generate(plan: dict[str, Any]) -> dict[str, object]:
    """Buy, each connection one purchase after another; this is the other process."""
    load = Tills(plan)
    loop, keys = asyncio.get_running_loop(), plan["keys"]
    start = time.perf_counter()
    for place in range(plan["connections"]):
        await loop.create_connection(partial(Till, load, keys[place % len(keys)]), "127.0.0.1", plan["port"])
    await load.over.wait()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "times": load.times, "sold": len(load.times), "problems": load.problems[:3]}


class Tills:
    """What all tills of a load share: which purchases are left, and what was seen so far."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.meters: list[str] = plan["meters"]
        self.numbers = iter(range(plan["first"], plan["first"] + plan["sales"]))
        self.left = plan["sales"]
        self.times: list[float] = []
        self.problems: list[str] = []
        self.over = asyncio.Event()

    def seen(self, answer: bytes, seconds: float) -> None:
        """A purchase was answered."""
        if answer.startswith(b"HTTP/1.1 201"):
            self.times.append(seconds * 1000)
        else:
            self.problems.append(answer.decode()[:200])
        self.left -= 1
        if not self.left:
            self.over.set()


class Till(asyncio.Protocol):
    """One connection: it sends a purchase, waits for the whole answer, and sends the next."""

    transport: asyncio.Transport

    def __init__(self, load: Tills, key: str) -> None:
        self.load = load
        self.head = f"POST /v1/sales HTTP/1.1\r\nHost: till\r\nAuthorization: Bearer {key}\r\n"
        self.head += "Content-Type: application/json\r\nContent-Length: "
        self.answer = b""
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own are of another class
        self.buy()

    def buy(self) -> None:
        """Send the next purchase, if one is left."""
        number = next(self.load.numbers, None)
        if number is None:
            self.transport.close()
            return
        meter = self.load.meters[number * 7919 % len(self.load.meters)]
        money = 5_000 + number * 37 % 45_000
        body = f'{{"message_id":"h{number}","meter":"{meter}","order":{{"kind":"buy","money":{money}}}}}'
        self.since = time.perf_counter()
        self.transport.write(f"{self.head}{len(body)}\r\n\r\n{body}".encode())

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer."""
        self.answer += data
        head, end, body = self.answer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if end and len(body) == int(length):
            self.load.seen(self.answer, time.perf_counter() - self.since)
            self.answer = b""
            self.buy()


# ------------------------------------------------------------------------------------------------- the bare transaction

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS bare_posting (id uuid PRIMARY KEY, account int[], amount bigint[])",
    "CREATE TABLE IF NOT EXISTS bare_token (id uuid PRIMARY KEY, meter int, digits bytea)",
    "CREATE TABLE IF NOT EXISTS bare_balance (account int PRIMARY KEY, amount bigint)",
    "INSERT INTO bare_balance SELECT n, 0 FROM generate_series(1, 64) n ON CONFLICT DO NOTHING",
)
PAIR: Final = """
INSERT INTO bare_posting SELECT id, ARRAY[n % 64 + 1, 100], ARRAY[-m, m]::bigint[]
FROM unnest($1::uuid[], $2::int[], $3::int[]) AS x(id, n, m)"""
DIGITS: Final = (
    "INSERT INTO bare_token SELECT id, n, '\\x012345678901234567' FROM unnest($1::uuid[], $2::int[]) AS x(id, n)"
)
BALANCE: Final = """
UPDATE bare_balance b SET amount = b.amount - x.m FROM (
    SELECT n % 64 + 1 AS account, sum(m) AS m FROM unnest($1::int[], $2::int[]) AS x(n, m) GROUP BY 1 ORDER BY 1) x
WHERE b.account = x.account"""


async def bare_rate(database: Database, sales: int) -> float:
    """Sales a second, if a sale were nothing but a ledger pair, a token and a balance, fifty to a transaction."""
    for statement in TABLES:
        await by_owner(database, statement)
    await by_owner(database, "GRANT ALL ON bare_posting, bare_token, bare_balance TO PUBLIC")
    start = time.perf_counter()
    numbers = iter(range(0, sales, BARE))

    async def writer() -> None:
        for first in numbers:
            await database.run(partial(write, first))

    await asyncio.gather(writer(), writer())
    return sales / (time.perf_counter() - start)


async def write(first: int, tx: Connection) -> None:
    """Write fifty sales."""
    ids, numbers = new_ids(BARE), list(range(first, first + BARE))
    money = [5_000 + it * 37 % 45_000 for it in numbers]
    await tx.execute(PAIR, ids, numbers, money)
    await tx.execute(DIGITS, ids, numbers)
    await tx.execute(BALANCE, numbers, money)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(generate(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))))
