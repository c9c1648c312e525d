"""How long a virtual meter takes to live sixty days, and how fast it takes tokens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

from benchmarks.result import Result
from umbane.meter import Load, Meter, MeterConfig
from umbane.sts import EA, KRN, KT, TI, TID, BaseDate, Credit, DecoderKey, EncodedToken, MeterPAN, Service, encode

__all__ = ["benchmarks"]

CONFIG = MeterConfig(pan=MeterPAN("600727000000000009"))
KEY = DecoderKey(0x0123456789ABCDEF0123456789ABCDEF, EA.MISTY1, KT.DUTK, KRN(1), TI(1))
START = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = 60 * 24
LOADS = [Load.of(watts) for watts in range(60, 2_460, 100)]
TOKENS = 500
ROUNDS = 5
"""The best counts: machines are noisy."""


def benchmarks() -> Iterator[Result]:
    """Sixty days with a new load every hour; tokens a second."""
    best = min(lived() for _ in range(ROUNDS))
    yield Result("meter.sixty_days", round(best * 1000, 1), "ms", HOURS)
    tokens = [credit(number, units=1) for number in range(TOKENS)]
    best = min(typed(tokens) for _ in range(ROUNDS))
    yield Result("meter.tokens", int(TOKENS / best), "tokens/s", TOKENS)


def credit(minute: int, units: int) -> EncodedToken:
    """A token of its own for the meter."""
    tid = TID(TID.at(START, BaseDate.Y2014).minutes + 10 + minute)
    return encode(Credit(Service.ELECTRICITY, units, tid=tid, rnd=0), KEY)


def lived() -> float:
    """Seconds for sixty days of one meter."""
    meter = Meter(CONFIG, KEY, START)
    meter.enter(credit(0, units=100_000))
    start = perf_counter()
    for hour in range(HOURS):
        meter.advance(START + timedelta(hours=hour + 1), LOADS[hour % len(LOADS)])
    seconds = perf_counter() - start
    assert meter.connected
    assert sum(meter.imported_wh) == sum(LOADS[hour % len(LOADS)].watts[0] for hour in range(HOURS))
    return seconds


def typed(tokens: list[EncodedToken]) -> float:
    """Seconds for a meter to take these tokens."""
    meter = Meter(CONFIG, KEY, START)
    start = perf_counter()
    for token in tokens:
        meter.enter(token)
    seconds = perf_counter() - start
    assert meter.credit() == len(tokens)
    return seconds
