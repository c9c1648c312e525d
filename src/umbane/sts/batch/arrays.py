"""What every array that comes in is asked: is it whole numbers, are they in range, is it all digits, is it as long."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.errors import shown
from umbane.sts.errors import StsInputError

__all__ = ["CHUNK", "U8", "U64", "Mask", "chunks", "common_length", "digit_rows", "first_row", "whole_numbers"]

U8 = NDArray[np.uint8]
U64 = NDArray[np.integer[Any]]
"""Arrays of ``uint64``; to NumPy's types, what comes of arithmetic with a Python integer is an integer of some kind."""
Mask = NDArray[np.bool_]

CHUNK: Final = 1 << 14
"""Rows worked on at a time: few enough for a processor's cache, enough to make a step worth its call."""

ZERO: Final = ord("0")


def chunks(rows: int) -> Iterator[slice]:
    """Slices that cover ``rows`` rows, CHUNK at a time."""
    return (slice(start, min(start + CHUNK, rows)) for start in range(0, rows, CHUNK))


def first_row(mask: Mask) -> int | None:
    """The first row where the mask is set, or None."""
    row = int(mask.argmax()) if len(mask) else 0
    return row if len(mask) and mask[row] else None


def common_length(**columns: NDArray[Any]) -> int:
    """How many rows the columns have together; one of a single row goes with any number.

    Raises:
        StsInputError: two of them have different lengths.
    """
    name, length = next(iter(columns)), 1
    for other, column in columns.items():
        if len(column) not in {length, 1} and length != 1:
            problem = f"it has {len(column)} rows, but {name} has {length}"
            raise StsInputError(other, problem, "give columns of one length, or a single value for all rows")
        if len(column) != 1:
            name, length = other, len(column)
    return length


def one_dimensional(field: str, values: ArrayLike) -> NDArray[Any]:
    """The values as an array of one dimension; a single value is a row of its own."""
    array = np.atleast_1d(np.asarray(values))
    if array.ndim != 1:
        raise StsInputError(field, f"an array of {array.ndim} dimensions was given", "give one row of values")
    return array


def whole_numbers(
    field: str, values: ArrayLike, low: int, high: int, error: type[StsInputError] = StsInputError
) -> NDArray[Any]:
    """The values as integers, each within ``low..high``: an array of some integer type, or of objects.

    Raises:
        error: a value isn't an integer or is out of range; its field names the first such row.
    """
    array = one_dimensional(field, values)
    remedy = f"give integers from {low} to {high}"
    if array.dtype == object:
        wrong = np.array([type(value) is not int or not low <= value <= high for value in array], np.bool_)
    elif array.dtype.kind in "iu":
        wrong = (array < low) | (array > high)
    elif array.size == 0:
        return array.astype(np.uint64)
    else:
        raise error(field, f"an array of {array.dtype} was given", remedy)
    row = first_row(wrong)
    if row is not None:
        raise error(f"{field}[{row}]", f"{shown(array[row : row + 1].tolist()[0])} is not one of them", remedy)
    return array


def digit_rows(field: str, values: ArrayLike, width: int, error: type[StsInputError] = StsInputError) -> U8:
    """The ASCII codes of an array of strings, text or bytes, each of ``width`` digits: one row for each.

    Raises:
        error: a string is longer, shorter, or holds something other than the digits 0-9; its field names the first.
    """
    array = one_dimensional(field, values)
    remedy = f"give strings of {width} digits 0-9"
    if array.size == 0:
        return np.empty((0, width), np.uint8)
    if array.dtype.kind not in "SU":
        raise error(field, f"an array of {array.dtype} was given", remedy)
    codes = np.ascontiguousarray(array).view(np.uint8 if array.dtype.kind == "S" else np.uint32).reshape(len(array), -1)
    fitted = np.zeros((len(array), width), codes.dtype)
    fitted[:, : codes.shape[1]] = codes[:, :width]
    longer = codes[:, width:].any()
    if longer or (fitted - fitted.dtype.type(ZERO) > 9).any():  # noqa: PLR2004 - the last digit
        wrong = (fitted - fitted.dtype.type(ZERO) > 9).any(axis=1) | codes[:, width:].any(axis=1)  # noqa: PLR2004
        row = int(wrong.argmax())
        raise error(f"{field}[{row}]", "it is not of that many digits", remedy)
    return fitted.astype(np.uint8, copy=False)
