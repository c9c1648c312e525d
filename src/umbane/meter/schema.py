"""Values to JSON and back, by the types of their fields; what doesn't fit is refused with the path to it."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum, IntFlag
from functools import cache
from types import NoneType, UnionType
from typing import Final, Union, get_args, get_origin, get_type_hints

from umbane.errors import InputError, shown
from umbane.meter.errors import SnapshotError
from umbane.meter.ring import Ring
from umbane.sts import EncodedToken

__all__ = ["Json", "from_json", "to_json"]

Json = bool | int | str | list["Json"] | dict[str, "Json"] | None

MOST_ITEMS: Final = 100_000
LARGEST: Final = 1 << 256
LONGEST: Final = 256


def to_json(value: object) -> Json:
    """A value of the meter as JSON has it: records become objects, tuples and rings lists, tokens their digits."""
    if isinstance(value, Enum | date | EncodedToken):
        return scalar_to_json(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    items = value.items if isinstance(value, Ring) else value
    if isinstance(items, tuple) and not hasattr(items, "_fields"):
        return [to_json(item) for item in items]
    kind: type = type(value)
    return {name: to_json(getattr(value, name)) for name in hints_of(kind)}


def scalar_to_json(value: Enum | date | EncodedToken) -> Json:
    """A value that JSON has no word for."""
    if isinstance(value, Enum):
        return to_json(value.value)
    return value.isoformat() if isinstance(value, date) else value.digits


@cache
def hints_of(kind: type) -> dict[str, object]:
    """The fields of a record and their types; those worked out from others are left out."""
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        return {item.name: hints[item.name] for item in fields(kind) if item.init}
    return {name: hints[name] for name in getattr(kind, "_fields", ())}


def from_json(kind: object, data: object, path: str) -> object:
    """The value of a type behind JSON data.

    Raises:
        SnapshotError: the data doesn't fit the type, or the value can't exist; the error names the path.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {UnionType, Union}:
        (inner,) = (option for option in arguments if option is not NoneType)
        return None if data is None else from_json(inner, data, path)
    if origin is Ring:
        items = read_items(arguments[0], data, path)
        return Ring.of(len(items), items)
    if origin is tuple:
        return read_tuple(arguments, data, path)
    assert isinstance(kind, type)  # noqa: S101 - the fields of a meter have no other types
    if kind in SCALARS:
        return SCALARS[kind](data, path)
    return read_enum(kind, data, path) if issubclass(kind, Enum) else read_record(kind, data, path)


def read_items(kind: object, data: object, path: str) -> tuple[object, ...]:
    """A list of values of one type."""
    if not isinstance(data, list) or len(data) > MOST_ITEMS:
        raise SnapshotError(path, f"{shown(data)} is not a list", f"give a list of at most {MOST_ITEMS} items")
    return tuple(from_json(kind, item, f"{path}[{number}]") for number, item in enumerate(data))


def read_tuple(kinds: tuple[object, ...], data: object, path: str) -> tuple[object, ...]:
    """A list of any length of one type, or of one item for each type."""
    if kinds[-1] is Ellipsis:
        return read_items(kinds[0], data, path)
    if not isinstance(data, list) or len(data) != len(kinds):
        raise SnapshotError(path, f"{shown(data)} is not a list of {len(kinds)}", f"give {len(kinds)} items")
    pairs = zip(kinds, data, strict=True)
    return tuple(from_json(kind, item, f"{path}[{number}]") for number, (kind, item) in enumerate(pairs))


def read_record(kind: type, data: object, path: str) -> object:
    """A record from an object with exactly its fields."""
    hints = hints_of(kind)
    if not isinstance(data, dict):
        raise SnapshotError(path, f"{shown(data)} is not an object", f"give one with {len(hints)} fields")
    for name in hints:
        if name not in data:
            raise SnapshotError(f"{path}.{name}", "it is missing", "give a complete snapshot")
    for name in data:
        if name not in hints:
            raise SnapshotError(f"{path}.{shown(name)}", "there is no such field", "give what snapshot() gave")
    values = {name: from_json(hint, data[name], f"{path}.{name}") for name, hint in hints.items()}
    return built(lambda: kind(**values), path)


def built(build: Callable[[], object], path: str) -> object:
    """The value, or the error of its constructor as one of the snapshot."""
    try:
        return build()
    except InputError as error:
        raise SnapshotError(f"{path}.{error.field}", error.problem, error.remedy) from error


def read_enum(kind: type[Enum], data: object, path: str) -> object:
    """A member of an enumeration, or a sum of flags."""
    number = isinstance(data, int) and not isinstance(data, bool)
    if issubclass(kind, IntFlag) and number:
        known = sum(member.value for member in kind)
        if isinstance(data, int) and (data & ~known) == 0:
            return kind(data)
    elif isinstance(data, str) or number:
        try:
            return kind(data)
        except ValueError:
            pass
    raise SnapshotError(path, f"{shown(data)} is not a {kind.__name__}", "give what snapshot() gave")


def read_int(data: object, path: str) -> int:
    """An integer of a size that a meter can have met."""
    if isinstance(data, bool) or not isinstance(data, int) or not -LARGEST < data < LARGEST:
        raise SnapshotError(path, f"{shown(data)} is not an integer of 256 bits", "give what snapshot() gave")
    return data


def read_bool(data: object, path: str) -> bool:
    """True or false."""
    if not isinstance(data, bool):
        raise SnapshotError(path, f"{shown(data)} is neither true nor false", "give one of them")
    return data


def read_str(data: object, path: str) -> str:
    """A text of a few words."""
    if not isinstance(data, str) or len(data) > LONGEST:
        raise SnapshotError(path, f"{shown(data)} is not a short text", f"give at most {LONGEST} characters")
    return data


def read_date(data: object, path: str) -> date:
    """A date as ISO 8601 writes it."""
    try:
        return date.fromisoformat(read_str(data, path))
    except ValueError as error:
        raise SnapshotError(path, f"{shown(data)} is not a date", "write it like 2026-12-25") from error


def read_token(data: object, path: str) -> EncodedToken:
    """The digits of a token; an error doesn't repeat them."""
    text = read_str(data, path)
    try:
        return EncodedToken.parse(text)
    except InputError as error:
        raise SnapshotError(path, error.problem, error.remedy) from error


SCALARS: Final[dict[type, Callable[[object, str], object]]] = {
    int: read_int,
    bool: read_bool,
    str: read_str,
    date: read_date,
    EncodedToken: read_token,
}
