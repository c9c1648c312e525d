"""What every array that comes in is asked: is it whole numbers, are they in range, is it all digits, is it as long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.errors import shown
from umbane.sts.errors import StsError, StsInputError

__all__ = [
    "CHUNK",
    "U8",
    "U64",
    "Mask",
    "at_row",
    "chunks",
    "common_length",
    "digit_rows",
    "first_row",
    "one_dimensional",
    "whole_numbers",
]

U8 = NDArray[np.uint8]
U64 = NDArray[np.integer[Any]]
"""Arrays of ``uint64``; to NumPy's types, what comes of arithmetic with a Python integer is an integer of some kind."""
Mask = NDArray[np.bool_]

CHUNK: Final = 1 << 14
"""Rows worked on at a time: few enough for a processor's cache, enough to make a step worth its call."""

ZERO: Final = ord("0")
NINE: Final = 9


def chunks(rows: int) -> Iterator[slice]:
    """Slices that cover ``rows`` rows, CHUNK at a time."""
    return (slice(start, min(start + CHUNK, rows)) for start in range(0, rows, CHUNK))


def first_row(mask: Mask) -> int | None:
    """The first row where the mask is set, or None."""
    row = int(mask.argmax()) if len(mask) else 0
    return row if len(mask) and mask[row] else None


@contextmanager
def at_row(row: int) -> Iterator[None]:
    """Name the row in the error that a single value raises."""
    try:
        yield
    except StsInputError as error:
        raise type(error)(f"{error.field}[{row}]", error.problem, error.remedy) from None
    except StsError as error:
        raise type(error)(f"row {row}: {error}") from None


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


def one_dimensional(field: str, values: ArrayLike, error: type[StsInputError] = StsInputError) -> NDArray[Any]:
    """The values as an array of one dimension; a single value is a row of its own."""
    try:
        array = np.atleast_1d(np.asarray(values))
    except ValueError:  # lists of lists of different lengths
        array = np.empty((0, 0))
    if array.ndim != 1:
        raise error(field, "an array of more than one dimension was given", "give one row of values")
    return array


def whole_numbers(
    field: str, values: ArrayLike, low: int, high: int, error: type[StsInputError] = StsInputError
) -> NDArray[Any]:
    """The values as integers, each within ``low..high``: an array of some integer type, or of objects.

    Raises:
        error: a value isn't an integer or is out of range; its field names the first such row.
    """
    array = one_dimensional(field, values, error)
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
    remedy = f"give strings of {width} digits 0-9"
    fitted, row = np.empty((0, width), np.uint8), first_longer(values, width)
    if row is None:
        array = one_dimensional(field, values, error)
        if array.dtype.kind not in "SU" and array.size:
            raise error(field, f"an array of {array.dtype} was given", remedy)
        if array.size:
            fitted, row = fitted_codes(array, width)
    if row is not None:
        raise error(f"{field}[{row}]", "it is not of that many digits", remedy)
    return fitted


def first_longer(values: ArrayLike, width: int) -> int | None:
    """The first text that is too long, before NumPy gives all the others as much room."""
    if isinstance(values, np.ndarray):
        return None
    texts = values if isinstance(values, list | tuple) else [values]
    return next((row for row, text in enumerate(texts) if isinstance(text, str | bytes) and len(text) > width), None)


def fitted_codes(texts: NDArray[Any], width: int) -> tuple[U8, int | None]:
    """The codes of so many characters of each text, and the first row that isn't all digits, if there is one."""
    unit = np.uint8 if texts.dtype.kind == "S" else np.uint32
    codes: NDArray[Any] = np.ascontiguousarray(texts).view(unit).reshape(len(texts), -1)
    fitted: NDArray[Any] = np.zeros((len(texts), width), unit)
    fitted[:, : codes.shape[1]] = codes[:, :width]
    others, surplus = fitted - unit(ZERO) > NINE, codes[:, width:] > 0
    if others.any() or surplus.any():
        return fitted.astype(np.uint8), first_row(np.any(others, axis=1) | np.any(surplus, axis=1))
    return fitted.astype(np.uint8, copy=False), None
