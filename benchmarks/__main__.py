"""Run the benchmarks: `python -m benchmarks [PREFIX]`, for example `python -m benchmarks sts`.

Every module `bench_<room>.py` beside this one has a function `benchmarks()` that yields its results one by one. Each
result is a JSON object on a line of standard output; what is going on is told on standard error.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.result import Result

WRONG_USE = 2
"""The exit code when nothing is called what was asked for."""


def rooms() -> list[str]:
    """The rooms that have benchmarks."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def measure(prefix: str) -> Iterator[Result]:
    """The results whose name starts with the prefix; only the room it names is run, or all when it is empty."""
    wanted = prefix.partition(".")[0]
    for room in rooms():
        if wanted in {"", room}:
            print(f"measuring {room} ...", file=sys.stderr)
            results: Iterator[Result] = import_module(f"benchmarks.bench_{room}").benchmarks()
            yield from (result for result in results if result.name.startswith(prefix))


def main(arguments: list[str]) -> int:
    """Print the results asked for; the exit code is 2 when there are none of that name."""
    prefix = arguments[0] if arguments else ""
    found = False
    for result in measure(prefix):
        found = True
        print(json.dumps(asdict(result)), flush=True)
    if not found:
        print(
            f"error: no benchmark is called {prefix!r}; there are {', '.join(rooms()) or 'none yet'}", file=sys.stderr
        )
    return 0 if found else WRONG_USE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
