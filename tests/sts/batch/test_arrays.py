"""Columns and their lengths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.sts.batch.arrays import CHUNK, chunks, common_length, first_row
from umbane.sts.errors import StsInputError


@given(st.integers(0, 5 * CHUNK))
def test_chunks(rows: int) -> None:
    """Chunks cover every row once, in order, and none is longer than it may be."""
    covered = [row for chunk in chunks(rows) for row in (chunk.start, chunk.stop)]
    assert covered[::2] == [0, *covered[1:-1:2]] or rows == 0
    assert covered[-1:] == ([rows] if rows else [])
    assert all(chunk.stop - chunk.start <= CHUNK for chunk in chunks(rows))


@given(st.lists(st.booleans()))
def test_first_row(mask: list[bool]) -> None:
    """The first row of a mask that is set is found, and None where there is none."""
    assert first_row(np.array(mask, np.bool_)) == (mask.index(True) if True in mask else None)


@pytest.mark.parametrize(
    ("lengths", "together"),
    [((3, 3), 3), ((1, 3), 3), ((3, 1), 3), ((1, 1), 1), ((0, 1), 0), ((1, 0), 0), ((0, 0), 0), ((4, 1, 4), 4)],
)
def test_common_length(lengths: tuple[int, ...], together: int) -> None:
    """A column of one row goes with any number of rows, none included."""
    assert common_length(**{f"c{n}": np.zeros(length) for n, length in enumerate(lengths)}) == together


@pytest.mark.parametrize("lengths", [(3, 2), (2, 3), (0, 2), (2, 0), (1, 2, 3), (2, 1, 3), (3, 3, 2)])
def test_different_lengths(lengths: tuple[int, ...]) -> None:
    """Columns of different lengths are refused, the one that differs by its name."""
    with pytest.raises(StsInputError) as caught:
        common_length(**{f"c{n}": np.zeros(length) for n, length in enumerate(lengths)})
    assert caught.value.field in {"c1", "c2"}
