"""The two questions asked of every value that comes in: is it a whole number, is it all digits."""

from umbane.errors import shown
from umbane.sts.errors import StsInputError

__all__ = ["require_digits", "require_int"]


def require_int(field: str, value: object, low: int, high: int) -> int:
    """Return ``value`` if it is an integer (and not a bool) within ``low..high``.

    Raises:
        StsInputError: it isn't; the error names ``field`` and the range.
    """
    if type(value) is not int and (isinstance(value, bool) or not isinstance(value, int)):
        raise StsInputError(field, f"{shown(value)} is not an integer", f"give an integer from {low} to {high}")
    if not low <= value <= high:
        raise StsInputError(field, f"{shown(value)} is out of range", f"give an integer from {low} to {high}")
    return value


def require_digits(field: str, value: object, *lengths: int) -> str:
    """Return ``value`` if it is a string of ASCII digits with one of the ``lengths``.

    Raises:
        StsInputError: it isn't; full-width and other Unicode digits are refused too.
    """
    wanted = f"give a string of {' or '.join(map(str, lengths))} digits 0-9"
    if not isinstance(value, str):
        raise StsInputError(field, f"{shown(value)} is not a string", wanted)
    if len(value) not in lengths:
        raise StsInputError(field, f"{shown(value)} has {len(value)} characters", wanted)
    if not (value.isascii() and value.isdigit()):
        raise StsInputError(field, f"{shown(value)} holds something other than the digits 0-9", wanted)
    return value
