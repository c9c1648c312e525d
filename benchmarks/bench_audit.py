"""The log: what it costs a sale, how fast leaves are appended and placed, how long an export takes to be checked."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.result import Result
from umbane.audit import (
    SALT_BYTES,
    HeadKeys,
    SaleEntries,
    Signer,
    Tree,
    exported,
    leaf_hash,
    log_rows,
    sequence,
    verify_export,
)
from umbane.db import Database, Embedded, new_ids, open_database, write
from umbane.registry import KeyParameters, key_parameters
from umbane.sts import KT, EncodedToken
from umbane.vending import Buy, SaleRequest
from umbane.vending.cases import open_case
from umbane.vending.plans import Draft, Plan
from umbane.vending.telling import sale_entries

MILLION: Final = 1_000_000
BATCH: Final = 500
LEAVES: Final = 100_000
HEADS: Final = 200
"""Heads of the export; a day has about as many where something is sold in every tenth minute."""
RUNS: Final = 7
NOW: Final = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
SIGNER: Final = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEY: Final[KeyParameters] = key_parameters(123456, 1, 1, int(KT.DUTK), 2014, 255)
UTILITY: Final = UUID(int=1)


def benchmarks() -> Iterator[Result]:
    """The figures of the log."""
    yield sale()
    yield from asyncio.run(appending())
    yield million()


def sale() -> Result:
    """Microseconds of Python that the log costs a sale of one token, in a batch of 100."""
    turn, cases = batch_of_sales(100)
    best = min(seconds(lambda: sale_entries(turn, cases)) for _ in range(200))
    return Result("audit.sale", round(best / len(cases) * 1e6, 2), "us", 200 * len(cases))


def batch_of_sales(count: int) -> tuple[Any, list[Any]]:
    """What a round has when its tokens are made, as far as the log looks at it."""
    turn = SimpleNamespace(utility_id=UTILITY, now=NOW)
    book = SimpleNamespace(utility=SimpleNamespace(currency=SimpleNamespace(code="ZAR")))
    cases = []
    for number, id_ in enumerate(new_ids(count)):
        request = SaleRequest(UTILITY, id_, f"m{number}", "07000000013", order=Buy(money=20_000))
        case = open_case(request, id_)
        draft = Draft(
            "credit", KEY, credit=584, units=584, module=1, first=number, digits=(EncodedToken(number + 2**64),)
        )
        case.plan = Plan("buy", tender=20_000, units=584, drafts=[draft])
        seller: Any = SimpleNamespace(terminal_id=id_)
        situation: Any = SimpleNamespace(seller=seller, meter_id=id_, book=book)
        case.situation = situation
        cases.append(case)
    return turn, cases


def seconds(work: Any) -> float:  # noqa: ANN401 - anything that can be called
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def entries(count: int) -> list[bytes]:
    """Entries of sales."""
    ids, meters, made = new_ids(count), new_ids(count), list[bytes]()
    for start in range(0, count, BATCH):
        batch = SaleEntries(UTILITY, "ZAR", NOW, os.urandom, BATCH)
        for number in range(start, min(start + BATCH, count)):
            token = batch.token("credit", 584, 1, number, "123456/1/2", number.to_bytes(9))
            batch.add(ids[number], "buy", UTILITY, meters[number], 20_000, 584, 0, None, [token])
        made += [it.encode() for it in batch.entries]
    return made


async def appending() -> list[Result]:
    """Leaves a second: appended in batches, each durably committed; and given their places and signed for."""
    log = entries(LEAVES)
    batches = [b"\n".join(log[start : start + BATCH]) for start in range(0, LEAVES, BATCH)]
    with tempfile.TemporaryDirectory(prefix="umbane-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103 - the server's own account passes through it
        async with open_database(Embedded(Path(folder) / "server"), migrating=True) as database:
            start = time.perf_counter()
            for it in batches:
                await database.run(lambda tx, it=it: write(tx, log_rows(NOW, it, BATCH, bytes(SALT_BYTES * BATCH))))  # type: ignore[misc] # bound at once
            appended = time.perf_counter() - start
            sequenced = await sequencing(database)
    both = LEAVES / (appended + sequenced)
    return [
        Result("audit.append", round(both), "leaves/s", LEAVES),
        Result("audit.append.written", round(LEAVES / appended), "leaves/s", LEAVES),
        Result("audit.append.sequenced", round(LEAVES / sequenced), "leaves/s", LEAVES),
    ]


async def sequencing(database: Database) -> float:
    """Seconds to give all entries their places."""
    start = time.perf_counter()
    assert await sequence(database, SIGNER, NOW) == LEAVES
    return time.perf_counter() - start


def million() -> Result:
    """Seconds to check an export of a million entries."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        file = Path(folder) / "export"
        asyncio.run(write_export(file))
        print(f"an export of {file.stat().st_size >> 20} MiB", file=sys.stderr)
        keys = HeadKeys([SIGNER.public])
        start = time.perf_counter()
        with file.open("rb") as lines:
            found = verify_export(lines, keys)
        took = time.perf_counter() - start
    assert found.entries == MILLION
    return Result("audit.verify.million", round(took, 2), "s", MILLION)


async def write_export(file: Path) -> None:
    """An export of a million sales."""
    log, tree, heads = entries(MILLION), Tree(), []
    step = MILLION // HEADS
    for start in range(0, MILLION, step):
        tree.append([leaf_hash(it) for it in log[start : start + step]])
        heads.append(SIGNER.sign(tree.size, tree.root(), NOW))

    async def each() -> AsyncIterator[bytes]:
        for it in log:
            yield it

    with file.open("wb") as opened:
        async for line in exported(each(), heads):
            opened.write(line)
