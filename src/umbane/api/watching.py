"""What people who run the API see of it: figures for Prometheus, and one line of JSON for each request.

Neither holds a secret, a digit of a token, or who bought: paths are told as they stand in the document.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, TextIO

from msgspec.json import encode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Watch"]

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SIZES: Final = (1, 2, 5, 10, 20, 50, 100)


class Watch:
    """Counts requests and writes them down.

    Args:
        log: where the lines go; None for nowhere.
    """

    def __init__(self, log: TextIO | None = sys.stderr) -> None:
        self.log = log
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "umbane_requests",
            "Requests by operation and answer.",
            ("operation", "status", "code"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "umbane_request_seconds", "How long requests took.", ("operation",), registry=self.registry, buckets=SECONDS
        )
        self.batches = Histogram("umbane_batch_size", "Sales in a batch.", registry=self.registry, buckets=SIZES)
        self.counted: dict[tuple[str, int, str], Counter] = {}
        self.timed: dict[str, Histogram] = {}
        self.waiting = Gauge("umbane_sales_waiting", "Sales that wait for a batch.", registry=self.registry)

    def saw(self, operation: str, status: int, code: str, seconds: float, who: str) -> None:
        """A request was answered."""
        answer = operation, status, code
        if answer not in self.counted:
            self.counted[answer] = self.requests.labels(*answer)
            self.timed[operation] = self.seconds.labels(operation)
        self.counted[answer].inc()
        self.timed[operation].observe(seconds)
        if self.log is not None:
            self.write({
                "at": datetime.now(UTC), "event": "request", "operation": operation, "status": status,
                "code": code, "ms": round(seconds * 1000, 2), "who": who,
            })  # fmt: skip

    def fault(self, operation: str, error: BaseException) -> None:
        """Nobody foresaw this: its kind and where it came from, and none of its words, which may hold anything."""
        frames, trace = [], error.__traceback__
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
            trace = trace.tb_next
        self.write({
            "at": datetime.now(UTC), "event": "fault", "operation": operation, "kind": type(error).__name__,
            "where": frames[-6:],
        })  # fmt: skip

    def write(self, line: dict[str, object]) -> None:
        """Write a line; what was sold is sold, and the till is told so, also when the disk of the log is full."""
        if self.log is not None:
            with suppress(OSError, ValueError):  # it may be closed
                self.log.write(encode(line).decode() + "\n")

    def page(self) -> bytes:
        """The figures, as Prometheus reads them."""
        return generate_latest(self.registry)
