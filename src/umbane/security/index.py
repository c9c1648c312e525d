"""Which request made which tokens: every id that the journal has, at 16 bytes each.

The newest ids are in a dictionary. When it is full, they go into a run: the lower halves of the ids in order, and the
number of the first token of each. Runs of like size become one, so that there are never many. Halves can be equal by
chance, so what is found is a candidate: the journal has the whole id.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umbane.security.chain import NUMBER, Batch

__all__ = ["Index"]

FULL: Final = 1 << 16
"""Ids in the dictionary."""

LOW_HALF: Final = (1 << 64) - 1

MADE: Final = slice(NUMBER + 1, NUMBER + 2)
ID: Final = slice(NUMBER + 3, NUMBER + 35)
"""Where an entry has the tokens made and the id, which is hexadecimal."""


class Run(NamedTuple):
    """Ids by the order of their lower halves."""

    halves: NDArray[np.uint64]
    numbers: NDArray[np.int64]


class Index:
    """The ids of a journal, and where their tokens are.

    Args:
        full: how many ids the dictionary holds.
    """

    def __init__(self, full: int = FULL) -> None:
        self.full = full
        self.newest: dict[int, int] = {}
        self.runs: list[Run] = []

    def observe(self, batch: Batch) -> None:
        """Take in the ids of a batch."""
        self.newest |= {int(line[ID], 16): int(line[:NUMBER]) for line in batch.lines if line[MADE] != b"0"}
        if len(self.newest) >= self.full:
            self.runs.append(ordered(self.newest))
            self.newest = {}
            while len(self.runs) > 1 and len(self.runs[-2].halves) < 2 * len(self.runs[-1].halves):
                self.runs.append(merged(self.runs.pop(), self.runs.pop()))

    def find(self, ids: Iterable[int]) -> dict[int, list[int]]:
        """For each id that may be there, the numbers at which it may be."""
        wanted = list(dict.fromkeys(ids))
        found = {id_: [number] for id_ in wanted if (number := self.newest.get(id_)) is not None}
        older = [id_ for id_ in wanted if id_ not in found]
        halves = np.array([id_ & LOW_HALF for id_ in older], np.uint64)
        for run in self.runs:
            first, last = run.halves.searchsorted(halves), run.halves.searchsorted(halves, "right")
            for row in np.flatnonzero(first < last).tolist():
                found.setdefault(older[row], []).extend(run.numbers[first[row] : last[row]].tolist())
        return found


def ordered(numbers: dict[int, int]) -> Run:
    """A run of these ids."""
    halves = np.array([id_ & LOW_HALF for id_ in numbers], np.uint64)
    order = halves.argsort()
    return Run(halves[order], np.fromiter(numbers.values(), np.int64)[order])


def merged(run: Run, other: Run) -> Run:
    """One run of two."""
    halves = np.concatenate([run.halves, other.halves])
    order = halves.argsort(kind="stable")
    return Run(halves[order], np.concatenate([run.numbers, other.numbers])[order])
