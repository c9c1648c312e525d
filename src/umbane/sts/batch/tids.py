"""TokenIdentifiers of many moments (IEC 62055-41 6.3.5)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from umbane.sts.batch.arrays import U64, at_row, first_row, one_dimensional
from umbane.sts.checks import require_types
from umbane.sts.errors import StsInputError
from umbane.sts.parameters import BaseDate
from umbane.sts.tid import LAST_TID, MINUTES_OF_DAY, RESERVED_MINUTE, within

__all__ = ["tids"]

MINUTE: Final = np.timedelta64(1, "m")


def tids(moments: NDArray[np.datetime64], base: BaseDate) -> U64:
    """The TID of an ordinary token issued at each moment, as ``TID.at``: 00:01 gives way to 00:02 (6.3.5.2).

    Args:
        moments: times on the clock that the utility counts by, which by the standard shows UTC: ``datetime64`` knows no
            time zone. Seconds are dropped.
        base: the base date of the keys that will encrypt the tokens.

    Raises:
        StsInputError: the array isn't of ``datetime64``, or holds NaT; its field names the row.
        TidError: a moment lies outside the base date's 24 bits; its field names the row.
    """
    require_types((base, BaseDate))
    times = one_dimensional("time of issue", moments)
    if times.dtype.kind != "M":
        raise StsInputError("time of issue", f"an array of {times.dtype} was given", "give an array of datetime64")
    row = first_row(np.isnat(times))
    if row is not None:
        raise StsInputError(f"time of issue[{row}]", "it is NaT, not a time", "give a date and a time")
    minutes = (times.astype("datetime64[m]") - np.datetime64(base.start, "m")) // MINUTE
    minutes += minutes % MINUTES_OF_DAY == RESERVED_MINUTE
    row = first_row((minutes < 0) | (minutes > LAST_TID))
    if row is not None:
        with at_row(row):
            within(int(minutes[row]), base)
    return minutes.astype(np.uint64)
