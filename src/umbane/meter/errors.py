"""What the meter refuses.

::

    UmbaneError
    ├── InputError
    │   └── MeterInputError         a configuration, a load or a moment that no meter can have
    │       └── SnapshotError       a snapshot is truncated, hostile, or of another meter or version
    └── MeterError
        └── TokenRefusedError       a token was refused: stays inside the room, the outcome tells its result

A wrong token is no error of the caller: ``Meter.enter`` answers with a result of the standard and never raises for it.
"""

from umbane.errors import InputError, UmbaneError, shown
from umbane.meter.results import Result

__all__ = ["MeterError", "MeterInputError", "SnapshotError", "TokenRefusedError", "require_int"]


class MeterInputError(InputError):
    """A value that no meter can be given."""


class SnapshotError(MeterInputError):
    """A snapshot that can't be restored; ``field`` is the path to what is wrong in it."""


class MeterError(UmbaneError):
    """The meter says no."""


class TokenRefusedError(MeterError):
    """A token was refused.

    Attributes:
        result: the standard's name for why.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


def require_int(field: str, value: object, low: int, high: int) -> int:
    """Return ``value`` if it is an integer (and not a bool) within ``low..high``; MeterInputError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise MeterInputError(field, f"{shown(value)} is not an integer", f"give an integer from {low} to {high}")
    if not low <= value <= high:
        raise MeterInputError(field, f"{shown(value)} is out of range", f"give an integer from {low} to {high}")
    return value
