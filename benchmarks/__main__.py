"""Run the benchmarks: `python -m benchmarks [PREFIX]`, for example `python -m benchmarks sts`.

Every module `bench_<room>.py` beside this one has a function `benchmarks()` that yields its results one by one. Each
result is a JSON object on a line of standard output; what is going on is told on standard error.

Results are named for their room; what is measured in several ways has a module for each of them.
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


WAYS = {
    "grown": "sale.grown",
    "http": "sale.http",
    "ledger_grown": "ledger.grown",
    "pkcs11": "module.pkcs11",
    "slow_disk": "sale.slow_disk",
}
"""What the results of a module begin with, where that isn't its own name."""


def modules() -> dict[str, str]:
    """The modules that measure, each by what its results begin with."""
    names = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    return {WAYS.get(name, name): f"benchmarks.bench_{name}" for name in names}


def chosen(prefix: str) -> list[str]:
    """The beginnings of results that start with the prefix; else the longest that the prefix starts with."""
    begun = [it for it in modules() if f"{it}.".startswith(f"{prefix}.") or not prefix]
    return begun or sorted((it for it in modules() if f"{prefix}.".startswith(f"{it}.")), key=len)[-1:]


def measure(prefix: str) -> Iterator[Result]:
    """The results whose name starts with the prefix; only what may have one is run, or all when it is empty."""
    for beginning in chosen(prefix):
        print(f"measuring {beginning} ...", file=sys.stderr)
        results: Iterator[Result] = import_module(modules()[beginning]).benchmarks()
        yield from (result for result in results if result.name.startswith(prefix))


def main(arguments: list[str]) -> int:
    """Print the results asked for; the exit code is 2 when there are none of that name."""
    prefix = arguments[0] if arguments else ""
    found = False
    for result in measure(prefix):
        found = True
        print(json.dumps(asdict(result)), flush=True)
    if not found:
        print(f"error: no benchmark is called {prefix!r}; there are {', '.join(modules())}", file=sys.stderr)
    return 0 if found else WRONG_USE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
