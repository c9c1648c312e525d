"""The software security module, in its own process and in this one: each batch on the disk before it is answered."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import quantiles
from subprocess import PIPE, Popen
from uuid import UUID

from psutil import Process

from benchmarks.bench_sts import MIB, meter_pans, output
from benchmarks.result import Result
from umbane.security import (
    Issued,
    KeyName,
    Refused,
    SecurityModule,
    TokenRequest,
    open_software_module,
    published_vault,
)
from umbane.security.chain import Entry
from umbane.security.journal import Journal
from umbane.security.process.remote import Place, open_remote_module
from umbane.security.software import SoftwareModule
from umbane.sts import EA, KRN, KT, SGC, TI, TID, Credit, MeterPAN, Service

CALLERS = 4
TOKENS = 50_000
RUNS = 5
SINGLES = 2000
GROUPS = 100
MILLION = 1_000_000

KEY = KeyName(SGC(123456), KRN(1), KT.DUTK, TI(1))


def benchmarks() -> Iterator[Result]:
    """The figures of the security module."""
    pans = [MeterPAN(pan.decode()) for pan in meter_pans(range(1000))]
    one_key = [KEY] * GROUPS
    many_keys = [KEY._replace(sgc=SGC(number)) for number in range(GROUPS)]
    with apart(many_keys) as place:
        yield asyncio.run(rate_apart("module.batch", 256, pans, one_key, place))
        yield asyncio.run(rate_apart("module.batch.groups", 256, pans, many_keys, place))
        yield asyncio.run(single(place, pans))
    yield asyncio.run(batch_rate("module.here.batch", 256, pans, one_key))
    yield asyncio.run(batch_rate("module.here.batch.500", 500, pans, one_key))
    yield asyncio.run(batch_rate("module.here.batch.groups", 256, pans, many_keys))
    yield asyncio.run(batch_rate("module.here.batch.alone", 256, pans, one_key, callers=1))
    yield from opening()


@contextmanager
def apart(keys: list[KeyName], name: str = "measured", *, held: bool = True) -> Iterator[Place]:
    """A module in a process of its own; held on one core, if it is to be and the system lets it."""
    groups = ",".join(str(int(str(group))) for group in {KEY.sgc, *(key.sgc for key in keys)})
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        command = [sys.executable, "-m", "benchmarks.moduleprocess", f"{folder}/m", name, groups]
        with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:  # noqa: S603 - our own
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            if held and hasattr(it := Process(process.pid), "cpu_affinity"):
                it.cpu_affinity(it.cpu_affinity()[:1])
            yield Place(Path(folder, "m", "socket"))
            assert process.stdin
            process.stdin.close()


async def rate_apart(name: str, size: int, pans: list[MeterPAN], keys: list[KeyName], place: Place) -> Result:
    """Tokens a second over the socket of a module in another process; the rest as in ``batch_rate``."""
    async with open_remote_module(place) as module:
        count = TOKENS // size // CALLERS
        rates = await runs(module, size, pans, keys, (count, CALLERS))
    return Result(name, round(max(rates)), "tokens/s", RUNS * TOKENS)


async def single(place: Place, pans: list[MeterPAN]) -> Result:
    """Milliseconds for a single token over the socket, of which one in a hundred takes longer."""
    chance = Random(62055)  # noqa: S311 - the same requests each time
    async with open_remote_module(place) as module:
        took = []
        for request in asked(SINGLES, pans, [KEY], chance):
            start = time.perf_counter()
            assert isinstance((await module.issue([request]))[0], Issued)
            took.append(time.perf_counter() - start)
    return Result("module.single.p99", round(1000 * quantiles(took, n=100)[-1], 2), "ms", SINGLES)


async def runs(
    module: SecurityModule, size: int, pans: list[MeterPAN], keys: list[KeyName], many: tuple[int, int]
) -> list[float]:
    """Tokens a second of some runs of so many batches by so many callers."""
    chance, rates = Random(62055 + size + len(set(keys))), []  # noqa: S311 - the same requests each time
    count, callers = many
    for _ in range(RUNS):
        batches = [[asked(size, pans, keys, chance) for _ in range(count)] for _ in range(callers)]
        start = time.perf_counter()
        answers = await asyncio.gather(*(one_caller(module, mine) for mine in batches))
        rates.append(count * callers * size / (time.perf_counter() - start))
        assert all(isinstance(answer, Issued) for answer in answers[-1])
    return rates


async def batch_rate(
    name: str, size: int, pans: list[MeterPAN], keys: list[KeyName], *, callers: int = CALLERS
) -> Result:
    """Tokens a second in batches of this size, the best of some runs of many batches.

    Each of the callers asks for its next batch when it has the last one; no batch is answered before it is on the disk.
    The requests are ready when the clock starts.
    """
    count = TOKENS // size // callers
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        vault = published_vault([key[:2] for key in dict.fromkeys(keys)])
        async with open_software_module("measured", Path(folder), vault) as module:
            rates = await runs(module, size, pans, keys, (count, callers))
            assert (await module.status()).count == RUNS * count * callers * size
    return Result(name, round(max(rates)), "tokens/s", RUNS * TOKENS)


async def one_caller(module: SecurityModule, batches: list[list[TokenRequest]]) -> list[Issued | Refused]:
    """Ask for one batch after the other; the last answers."""
    return [await module.issue(batch) for batch in batches][-1]


def asked(size: int, pans: list[MeterPAN], keys: list[KeyName], chance: Random) -> list[TokenRequest]:
    """Requests for credit: meters, keys, amounts, minutes and RNDs that differ."""
    return [
        TokenRequest(
            UUID(int=chance.getrandbits(128)),
            pans[row % len(pans)],
            EA.STA,
            keys[row % len(keys)],
            Credit(Service.ELECTRICITY, chance.randrange(20_000), tid=TID(chance.getrandbits(24)), rnd=row % 16),
        )
        for row in range(size)
    ]


def opening() -> Iterator[Result]:
    """Seconds and MiB to open a journal of a million tokens: every byte checked, every id known.

    In a process of its own; the memory is what it keeps of it.
    """
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        write_million(Path(folder))
        program = "import sys; from benchmarks.bench_module import open_million; open_million(sys.argv[1])"
        measured = json.loads(output("-c", program, folder))
    yield Result("module.open.million", round(measured["seconds"], 2), "s", MILLION)
    yield Result("module.open.million.memory", round(measured["bytes"] / MIB), "MiB", MILLION)


def write_million(folder: Path) -> None:
    """A journal as a module would have written it after a million tokens, in batches of 500."""
    module = SoftwareModule("measured", folder, published_vault([KEY[:2]]))
    heading = module.core.heading
    module.close()
    chance = Random(1)  # noqa: S311 - the same ids each time
    journal = Journal(folder / "measured.journal", heading, lambda _: None)
    words = "token 600727000000000009 07 123456 1 2 01 00565da7000646c75"
    for _ in range(0, MILLION, 500):
        journal.append([Entry(1, f"{chance.getrandbits(128):032x} {words}") for _ in range(500)])
    journal.close()


def open_million(folder: str) -> None:
    """Open it, and print what it took."""
    before = Process().memory_info().rss
    start = time.perf_counter()
    module = SoftwareModule("measured", Path(folder), published_vault([KEY[:2]]))
    seconds = time.perf_counter() - start
    growth = Process().memory_info().rss - before
    assert module.core.journal.end.tokens == MILLION
    module.close()
    sys.stdout.write(json.dumps({"seconds": seconds, "bytes": growth}))
