"""Arrays of every kind, for the tests of the batch codec."""

from typing import TypeVar

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from umbane.sts.batch.codec import FEW

Row = TypeVar("Row")

ENOUGH = max(FEW.values())
"""Rows that the codec takes together."""


def words(values: list[int]) -> NDArray[np.uint64]:
    """The values as 64-bit words."""
    return np.array(values, np.uint64)


def columns(*elements: st.SearchStrategy[int], max_rows: int = 80) -> st.SearchStrategy[list[NDArray[np.uint64]]]:
    """Several arrays of one length, each of its own elements."""
    rows = st.lists(st.tuples(*elements), min_size=1, max_size=max_rows)
    return rows.map(lambda table: [words(list(column)) for column in zip(*table, strict=True)])


word64 = st.integers(0, (1 << 64) - 1)


def few_or_many(rows: st.SearchStrategy[Row]) -> st.SearchStrategy[list[Row]]:
    """Lists of rows that the codec takes one by one, and such as it takes together."""
    return st.lists(rows, min_size=1, max_size=8) | st.lists(rows, min_size=ENOUGH, max_size=ENOUGH)


def objects(*values: object) -> NDArray[np.object_]:
    """The values as they are."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


NOT_ROWS = [1.5, [1.0], [True], ["1"], "1", b"1", [None], None, [1.5, 2], [[1], [2]], [[1], [2, 3]], [object()]]
"""What isn't a row of integers."""
