"""The questions asked of every value that comes in: is it of its type, a whole number, all digits."""

from typing import Final, TypeVar

from umbane.errors import shown
from umbane.sts.errors import StsInputError

__all__ = ["SEPARATORS", "require_digits", "require_int", "require_secret", "require_type", "require_types"]

SEPARATORS: Final = dict.fromkeys(
    (*map(ord, " \t\r\n\u00a0\u202f\u205f\u3000-\u2212"), *range(0x2000, 0x200B), *range(0x2010, 0x2016))
)
"""What people put between groups of digits, for ``str.translate``: spaces of any width, hyphens and dashes."""

Kind = TypeVar("Kind")


def require_type(field: str, value: object, kind: type[Kind]) -> Kind:
    """Return ``value`` if it is a ``kind``; what it was otherwise is not shown, for it may be a secret.

    Raises:
        StsInputError: it isn't; the error names ``field`` and both types.
    """
    if not isinstance(value, kind):
        given = f"a value of type {type(value).__name__} was given"
        raise StsInputError(field, given, f"give one of type {kind.__name__}")
    return value


def require_types(*values: tuple[object, type]) -> None:
    """Ask of several values whether each is of its type, whose name is the field's too.

    Raises:
        StsInputError: one isn't.
    """
    for value, kind in values:
        require_type(kind.__name__, value, kind)


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


def require_secret(field: str, value: object, bits: int) -> int:
    """Return ``value`` if it is an integer of up to ``bits`` bits.

    Raises:
        StsInputError: it isn't; the error shows nothing of it.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0 or value >> bits:
        raise StsInputError(field, "it is not a number of the right length", f"give an integer of {bits} bits")
    return value


def require_digits(field: str, value: object, *lengths: int) -> str:
    """Return ``value`` if it is a string of ASCII digits with one of the ``lengths``.

    Raises:
        StsInputError: it isn't; full-width and other Unicode digits are refused too.
    """
    if isinstance(value, str) and len(value) in lengths and value.isascii() and value.isdigit():
        return value
    wanted = f"give a string of {' or '.join(map(str, lengths))} digits 0-9"
    if not isinstance(value, str):
        raise StsInputError(field, f"{shown(value)} is not a string", wanted)
    if len(value) not in lengths:
        raise StsInputError(field, f"{shown(value)} has {len(value)} characters", wanted)
    raise StsInputError(field, f"{shown(value)} holds something other than the digits 0-9", wanted)
