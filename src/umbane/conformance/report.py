"""What a run says as a whole: counts, by group and by provenance, and as JSON."""

import json
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Final

import umbane
from umbane.conformance.comparison import Registers
from umbane.conformance.runner import Outcome, Result
from umbane.conformance.vectors import VectorFile

__all__ = ["Report", "Tally", "as_json"]

FORMAT: Final = "umbane conformance report 1"
"""What a reader of the JSON can rely on; a change of its fields changes the number."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many vectors passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.skipped

    @classmethod
    def of(cls, results: Iterable[Result]) -> "Tally":
        """Count outcomes."""
        counts = Counter(result.outcome for result in results)
        return cls(counts[Outcome.PASSED], counts[Outcome.FAILED], counts[Outcome.SKIPPED])

    def as_dict(self) -> dict[str, int]:
        """The three counts and their sum, by name."""
        return {"passed": self.passed, "failed": self.failed, "skipped": self.skipped, "total": self.total}


@dataclass(frozen=True, slots=True)
class Report:
    """A run of vector files.

    Attributes:
        made: when.
        files: what was run.
        licensed: the name of the licensed EA07 tables it ran with; None when only the sample ones were there.
        results: what came of each vector, in the order of the files.
    """

    made: datetime
    files: Sequence[VectorFile]
    licensed: str | None
    results: Sequence[Result]

    @property
    def tally(self) -> Tally:
        """The counts over everything."""
        return Tally.of(self.results)

    @property
    def by_group(self) -> dict[str, Tally]:
        """The counts of each group, in the order in which groups first appear."""
        return tallies((result.vector.group, result) for result in self.results)

    @property
    def by_provenance(self) -> dict[str, Tally]:
        """The counts of each provenance, most frequent first."""
        counts = tallies((result.vector.provenance, result) for result in self.results)
        return dict(sorted(counts.items(), key=lambda item: -item[1].total))

    @property
    def tables(self) -> str:
        """The EA07 tables of the run, in words."""
        return f"licensed ({self.licensed})" if self.licensed else "sample (printed in the standard)"

    @property
    def skip_reasons(self) -> dict[str, int]:
        """How often each reason skipped a vector, most frequent first."""
        return dict(Counter(r.reason for r in self.results if r.outcome is Outcome.SKIPPED).most_common())

    def having(self, outcome: Outcome) -> list[Result]:
        """The results with this outcome."""
        return [result for result in self.results if result.outcome is outcome]


def tallies(named: Iterable[tuple[str, Result]]) -> dict[str, Tally]:
    """A tally for each name."""
    sorted_out: dict[str, list[Result]] = {}
    for name, result in named:
        sorted_out.setdefault(name, []).append(result)
    return {name: Tally.of(results) for name, results in sorted_out.items()}


def versions() -> dict[str, str]:
    """What the run was made with."""
    return {
        "umbane": umbane.__version__,
        "python": platform.python_version(),
        "cryptography": version("cryptography"),
    }


def as_json(report: Report) -> str:
    """The report for machines."""
    document = {
        "format": FORMAT,
        "made": report.made.isoformat(timespec="seconds"),
        "versions": versions(),
        "ea07_tables": {"set": "licensed" if report.licensed else "sample", "name": report.licensed},
        "files": [{"name": f.name, "sha256": f.sha256, "vectors": len(f.vectors)} for f in report.files],
        "totals": report.tally.as_dict(),
        "groups": {group: tally.as_dict() for group, tally in report.by_group.items()},
        "provenance": {name: tally.as_dict() for name, tally in report.by_provenance.items()},
        "results": [result_as_dict(result) for result in report.results],
    }
    return json.dumps(document, indent=1) + "\n"


def result_as_dict(result: Result) -> dict[str, object]:
    """One result in types that JSON has; the inputs, which may be keys, are left to the vector file."""
    vector = result.vector
    return {
        "file": result.file,
        "index": vector.index,
        "id": vector.id,
        "group": vector.group,
        "kind": vector.kind,
        "provenance": vector.provenance,
        "source": vector.source,
        "table_set": vector.table_set,
        "tables": result.tables,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "expected": plain(result.expected),
        "got": plain(result.got),
    }


def plain(value: object) -> object:
    """A value in types that JSON has; a register that holds nothing is left out, an exact number becomes a string."""
    if isinstance(value, Registers):
        return {name: held for name, held in value.items() if held}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, str | Decimal) else value
