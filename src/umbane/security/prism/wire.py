"""The binary protocol of Apache Thrift, as much of it as the interface needs: values to bytes and back.

What is read is bounded by the bytes that came: no count is believed before there are bytes for it, nothing nests deeper
than ``DEEPEST``, and what doesn't fit the schema is refused. Fields that the schema doesn't know are skipped, so that a
newer peer can say more.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

from umbane.security.errors import FrameError

__all__ = [
    "BOOL",
    "DOUBLE",
    "I16",
    "I32",
    "I64",
    "TEXT",
    "Field",
    "Kind",
    "ListOf",
    "Reader",
    "Schema",
    "TextMap",
    "Type",
    "field_bytes",
    "optional",
    "read_struct",
    "struct_bytes",
]

DEEPEST: Final = 8
LOWEST_CHARACTER: Final = 0x20
HIGHEST_CHARACTER: Final = 0x7E
"""Text is printable ASCII."""


class Kind(IntEnum):
    """What a value is, in the byte before it."""

    STOP = 0
    BOOL = 2
    BYTE = 3
    DOUBLE = 4
    I16 = 6
    I32 = 8
    I64 = 10
    STRING = 11
    STRUCT = 12
    MAP = 13
    SET = 14
    LIST = 15


PACKINGS: Final = {
    Kind.BOOL: struct.Struct(">b"),
    Kind.BYTE: struct.Struct(">b"),
    Kind.DOUBLE: struct.Struct(">d"),
    Kind.I16: struct.Struct(">h"),
    Kind.I32: struct.Struct(">i"),
    Kind.I64: struct.Struct(">q"),
}


@dataclass(frozen=True, slots=True)
class Plain:
    """A number, a truth value or a text."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class ListOf:
    """Values of one type, in order."""

    item: "Type"
    kind: Kind = Kind.LIST


@dataclass(frozen=True, slots=True)
class TextMap:
    """Texts by texts."""

    kind: Kind = Kind.MAP


@dataclass(frozen=True, slots=True)
class Schema:
    """A struct: its fields, and what a value of it is made with.

    Attributes:
        name: for errors.
        fields: by their numbers, in order.
        make: takes the fields by their names.
    """

    name: str
    fields: tuple["Field", ...]
    make: Callable[..., Any] = dict
    kind: Kind = Kind.STRUCT


Type = Plain | ListOf | TextMap | Schema

BOOL: Final = Plain(Kind.BOOL)
I16: Final = Plain(Kind.I16)
I32: Final = Plain(Kind.I32)
I64: Final = Plain(Kind.I64)
DOUBLE: Final = Plain(Kind.DOUBLE)
TEXT: Final = Plain(Kind.STRING)


class Field(NamedTuple):
    """A field of a struct."""

    number: int
    name: str
    type: Type
    needed: bool = True
    default: object = None
    """What it is when it doesn't come."""


def optional(number: int, name: str, type_: Type, default: object = None) -> Field:
    """A field that need not come."""
    return Field(number, name, type_, needed=False, default=default)


# ------------------------------------------------------------------------------------------------------------ reading


class Reader:
    """Reads what came, from its beginning to its end.

    Raises:
        FrameError: by every method: it ends too early, or isn't what was expected.
    """

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self.place + count
        if count < 0 or end > len(self.content):
            raise FrameError(f"{count} bytes were announced, and {len(self.content) - self.place} came")
        part, self.place = self.content[self.place : end], end
        return part

    def number(self, kind: Kind) -> Any:  # noqa: ANN401 - an int or a float, by its kind
        """A number."""
        packing = PACKINGS[kind]
        return packing.unpack(self.take(packing.size))[0]

    def kind(self) -> Kind:
        """What comes next."""
        code = self.number(Kind.BYTE)
        try:
            return Kind(code)
        except ValueError:
            raise FrameError(f"{code} is no kind of value") from None

    def count(self) -> int:
        """How many values come; each has a byte at least."""
        count: int = self.number(Kind.I32)
        if not 0 <= count <= len(self.content) - self.place:
            raise FrameError(f"{count} values were announced, and {len(self.content) - self.place} bytes came")
        return count

    def text(self) -> str:
        """A text of printable ASCII."""
        part = self.take(self.number(Kind.I32))
        if part and not LOWEST_CHARACTER <= min(part) <= max(part) <= HIGHEST_CHARACTER:
            raise FrameError("a text has other characters than printable ASCII")
        return part.decode("ascii")

    def require(self, kind: Kind, wanted: Kind) -> None:
        """Refuse a value of another kind."""
        if kind is not wanted:
            raise FrameError(f"a value is {kind.name}, not {wanted.name}")

    def require_end(self) -> None:
        """Refuse what comes behind the end."""
        if self.place != len(self.content):
            raise FrameError(f"{len(self.content) - self.place} bytes came behind the end")

    def value(self, type_: Type, depth: int) -> Any:  # noqa: ANN401 - as the type says
        """A value."""
        if isinstance(type_, Schema):
            return read_struct(self, type_, depth)
        if isinstance(type_, ListOf):
            self.require(self.kind(), type_.item.kind)
            return [self.value(type_.item, depth + 1) for _ in range(self.count())]
        if isinstance(type_, TextMap):
            return self.texts()
        if type_.kind is Kind.STRING:
            return self.text()
        number = self.number(type_.kind)
        if type_.kind is Kind.BOOL and number not in {0, 1}:
            raise FrameError(f"{number} is neither true nor false")
        return bool(number) if type_.kind is Kind.BOOL else number

    def texts(self) -> dict[str, str]:
        """Texts by texts."""
        kinds = self.kind(), self.kind()
        count = self.count()
        if count and kinds != (Kind.STRING, Kind.STRING):
            raise FrameError("a map is not of texts by texts")
        return {self.text(): self.text() for _ in range(count)}

    def skip(self, kind: Kind, depth: int) -> None:
        """Pass over a value that nobody asked for."""
        if depth > DEEPEST:
            raise FrameError(f"values nest deeper than {DEEPEST}")
        if kind is Kind.STRING:
            self.take(self.number(Kind.I32))
        elif kind is Kind.STRUCT:
            while (inner := self.kind()) is not Kind.STOP:
                self.number(Kind.I16)
                self.skip(inner, depth + 1)
        elif kind in {Kind.LIST, Kind.SET, Kind.MAP}:
            kinds = [self.kind() for _ in range(2 if kind is Kind.MAP else 1)]
            for _ in range(self.count()):
                for inner in kinds:
                    self.skip(inner, depth + 1)
        elif kind in PACKINGS:
            self.take(PACKINGS[kind].size)
        else:
            raise FrameError("a value has no kind")


def read_struct(reader: Reader, schema: Schema, depth: int = 0) -> Any:  # noqa: ANN401 - what the schema makes
    """A struct.

    Raises:
        FrameError: it isn't one of this schema.
    """
    if depth > DEEPEST:
        raise FrameError(f"values nest deeper than {DEEPEST}")
    fields = {field.number: field for field in schema.fields}
    found: dict[str, Any] = {}
    while (kind := reader.kind()) is not Kind.STOP:
        field = fields.get(reader.number(Kind.I16))
        if field is None:
            reader.skip(kind, depth + 1)
            continue
        reader.require(kind, field.type.kind)
        if field.name in found:
            raise FrameError(f"{schema.name} says {field.name} twice")
        found[field.name] = reader.value(field.type, depth + 1)
    for field in schema.fields:
        if field.needed and field.name not in found:
            raise FrameError(f"{schema.name} lacks {field.name}")
        found.setdefault(field.name, field.default)
    return schema.make(**found)


# ------------------------------------------------------------------------------------------------------------ writing


def struct_bytes(schema: Schema, values: Mapping[str, Any]) -> bytes:
    """A struct, from its values by their names; those that are None are left out."""
    parts = [
        field_bytes(field.number, field.type, values[field.name])
        for field in schema.fields
        if values[field.name] is not None
    ]
    return b"".join(parts) + bytes([Kind.STOP])


def field_bytes(number: int, type_: Type, value: object) -> bytes:
    """A field of a struct."""
    return bytes([type_.kind]) + PACKINGS[Kind.I16].pack(number) + value_bytes(type_, value)


def value_bytes(type_: Type, value: Any) -> bytes:  # noqa: ANN401 - as the type says
    """A value."""
    if isinstance(type_, Schema):
        return struct_bytes(type_, value if isinstance(value, Mapping) else value._asdict())
    if isinstance(type_, ListOf):
        items: Sequence[object] = value
        head = bytes([type_.item.kind]) + PACKINGS[Kind.I32].pack(len(items))
        return head + b"".join(value_bytes(type_.item, item) for item in items)
    if isinstance(type_, TextMap):
        head = bytes([Kind.STRING, Kind.STRING]) + PACKINGS[Kind.I32].pack(len(value))
        return head + b"".join(text_bytes(text) for pair in value.items() for text in pair)
    if type_.kind is Kind.STRING:
        return text_bytes(value)
    return PACKINGS[type_.kind].pack(value)


def text_bytes(text: str) -> bytes:
    """A text, its length before it."""
    content = text.encode("ascii")
    return PACKINGS[Kind.I32].pack(len(content)) + content
