"""How fast the token standard is: whole tokens in batches and singly, the key change of a million meters, the import.

Each figure is the best of several runs, one process on one core: a machine that others use only ever makes it slower.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from umbane import sts
from umbane.sts import DKGA, EA, KRN, KT, SGC, TI, TID, BaseDate, MeterPAN, Service, VendingKey, batch
from umbane.sts.identifiers import DOUBLED

BATCH = 1 << 14
BATCH_RUNS = 60
SINGLES = 2_000
SINGLE_RUNS = 9
MILLION = 1_000_000
MILLION_RUNS = 2
STARTS = 15

KEY = VendingKey(bytes(range(20)), DKGA.KDF_HMAC_SHA256, SGC(123456), KRN(1), KT.DUTK, BaseDate.Y2014)
NEXT_KEY = replace(KEY, secret=bytes(range(20, 40)), krn=KRN(2))
TARIFF = TI(1)

MIB = 1 << 20
RSS_UNIT = 1 if sys.platform == "darwin" else 1 << 10
"""macOS reports the peak of a process's memory in bytes, Linux in KiB."""


def benchmarks() -> Iterator[Result]:
    """The figures of the room ``sts``."""
    yield batch_rate("sts.ea07.batch", EA.STA)
    yield batch_rate("sts.ea11.batch", EA.MISTY1)
    yield single_rate()
    yield from million_meters()
    yield import_time()


def best(work: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest run."""

    def timed() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(timed() for _ in range(runs))


def meter_pans(serials: range) -> NDArray[np.bytes_]:
    """The MeterPANs of manufacturer 07 with these serial numbers."""
    digits = np.zeros((len(serials), 18), np.uint8)
    digits[:, :8] = (6, 0, 0, 7, 2, 7, 0, 7)
    for place in range(8):
        digits[:, 15 - place] = np.array(serials) // 10**place % 10
    digits[:, 16] = luhn(digits[:, 6:16])
    digits[:, 17] = luhn(digits[:, :17])
    return (digits + ord("0")).view("S18").reshape(-1)


def luhn(digits: NDArray[np.uint8]) -> NDArray[np.integer]:
    """The check digit of each row."""
    doubled = np.frombuffer(DOUBLED, np.uint8)[digits[:, ::-2]]
    total: NDArray[np.int64] = doubled.sum(axis=1) + digits[:, -2::-2].sum(axis=1, dtype=np.int64)
    return -total % 10


def batch_rate(name: str, ea: EA) -> Result:
    """Whole credit tokens a second in one batch: amounts, TIDs, RNDs and a key for each in, 20 digits for each out."""
    chance = np.random.default_rng(62055)
    pans = meter_pans(range(BATCH))
    keys = batch.derive_keys(KEY, pans, TARIFF, ea)
    units = chance.integers(1, 20_000, BATCH)
    minutes, rnd = chance.integers(0, 1 << 24, BATCH), chance.integers(0, 16, BATCH)

    def work() -> batch.Digits:
        return batch.encode(batch.credit(Service.ELECTRICITY, units, tid=minutes, rnd=rnd), keys)

    last = sts.Credit(Service.ELECTRICITY, int(units[-1]), tid=TID(int(minutes[-1])), rnd=int(rnd[-1]))
    assert work()[-1].decode() == sts.encode(last, single_key(pans[-1], ea)).digits
    return Result(name, round(BATCH / best(work, BATCH_RUNS)), "tokens/s", BATCH)


def single_key(pan: bytes, ea: EA) -> sts.DecoderKey:
    """The key of one meter."""
    return sts.derive(KEY, MeterPAN(pan.decode()), TARIFF, ea)


def single_rate() -> Result:
    """Whole EA07 credit tokens a second, one after the other, each under another key; the keys are at hand."""
    keys = [single_key(pan, EA.STA) for pan in meter_pans(range(SINGLES))]
    minutes = [TID(100_000 + number) for number in range(SINGLES)]

    def work() -> list[str]:
        return [
            sts.encode(sts.Credit(Service.ELECTRICITY, 1234, tid=tid, rnd=5), key).digits
            for key, tid in zip(keys, minutes, strict=True)
        ]

    return Result("sts.ea07.scalar", round(SINGLES / best(work, SINGLE_RUNS)), "tokens/s", SINGLES)


def million_meters() -> Iterator[Result]:
    """Seconds and MiB of a key change for a million EA07 meters: both keys of each derived, two tokens for each.

    In a process of its own, whose memory is counted from when it has loaded its libraries: the numbers of the meters
    that come in and the tokens that go out are in the figure.
    """
    measured = json.loads(output("-c", "from benchmarks.bench_sts import change_million; change_million()"))
    yield Result("sts.keychange.million", round(measured["seconds"], 2), "s", MILLION)
    yield Result("sts.keychange.million.memory", round(measured["bytes"] / MIB), "MiB", MILLION)


def change_million() -> None:
    """Do it, and print what it took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pans = np.concatenate([meter_pans(range(low, low + BATCH)) for low in range(0, MILLION, BATCH)])[:MILLION]
    tokens = change_keys(pans)
    assert tokens[-1].tolist() == [token.digits.encode() for token in change_one(pans[-1])]
    del tokens
    seconds = best(lambda: change_keys(pans), MILLION_RUNS)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"seconds": seconds, "bytes": growth * RSS_UNIT}))


def change_keys(pans: NDArray[np.bytes_]) -> batch.Digits:
    """The pairs of tokens that change these meters' keys."""
    current = batch.derive_keys(KEY, pans, TARIFF, EA.STA)
    new = batch.derive_keys(NEXT_KEY, pans, TARIFF, EA.STA)
    return batch.key_change_sets(current, new, at=TID(100_000))


def change_one(pan: bytes) -> list[sts.EncodedToken]:
    """The same for one meter."""
    current = single_key(pan, EA.STA)
    new = sts.derive(NEXT_KEY, MeterPAN(pan.decode()), TARIFF, EA.STA)
    return [sts.encode(section, current) for section in sts.key_change_set(current, new, at=TID(100_000))]


def import_time() -> Result:
    """Milliseconds that ``import umbane.sts`` adds to the start of an interpreter."""
    empty = best(lambda: output("-c", "pass"), STARTS)
    loaded = best(lambda: output("-c", "import umbane.sts"), STARTS)
    return Result("sts.import", round((loaded - empty) * 1000, 1), "ms", STARTS)


def output(*arguments: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own words
