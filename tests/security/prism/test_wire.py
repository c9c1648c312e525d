"""Values to bytes and back, and bytes that nobody should have sent."""

import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umbane.security import FrameError
from umbane.security.prism.errors import ApiError
from umbane.security.prism.frames import Message, call_bytes, failure_bytes, read_head, read_reply, reply_bytes
from umbane.security.prism.messages import METHODS, SessionOptions, whole
from umbane.security.prism.wire import (
    BOOL,
    DOUBLE,
    I16,
    I32,
    I64,
    TEXT,
    Field,
    Kind,
    ListOf,
    Reader,
    Schema,
    TextMap,
    Type,
    optional,
    read_struct,
    struct_bytes,
)

texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
NUMBERS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.BOOL: st.booleans(),
    Kind.DOUBLE: st.floats(allow_nan=False),
    Kind.I16: st.integers(-(1 << 15), (1 << 15) - 1),
    Kind.I32: st.integers(-(1 << 31), (1 << 31) - 1),
    Kind.I64: st.integers(-(1 << 63), (1 << 63) - 1),
    Kind.STRING: texts,
}
HEAD = 4
"""Bytes before a message in its frame."""

INNER = Schema("Inner", (Field(1, "number", I32),))
THING = Schema("Thing", (Field(1, "text", TEXT), optional(2, "inner", INNER), optional(3, "many", ListOf(INNER))))


def values(type_: Type) -> st.SearchStrategy[Any]:
    """Values of a type."""
    if isinstance(type_, Schema):
        fields = {
            field.name: values(field.type) if field.needed else st.none() | values(field.type) for field in type_.fields
        }
        return st.fixed_dictionaries(fields).map(lambda found: type_.make(**found))
    if isinstance(type_, ListOf):
        return st.lists(values(type_.item), max_size=3)
    if isinstance(type_, TextMap):
        return st.dictionaries(texts, texts, max_size=3)
    return NUMBERS[type_.kind]


def named(schema: Schema, value: Any) -> Any:  # noqa: ANN401 - a struct, as its schema makes it
    """A struct whose absent fields are what they are when they don't come."""
    found = value if isinstance(value, dict) else value._asdict()
    kept = {field.name: field.default if found[field.name] is None else found[field.name] for field in schema.fields}
    return schema.make(**kept)


@pytest.mark.parametrize("name", METHODS)
@given(data=st.data())
@settings(max_examples=15)
def test_calls(name: str, data: st.DataObject) -> None:
    """What is asked comes out as it went in, whatever the method."""
    method = METHODS[name]
    asked = data.draw(values(method.asked))
    reader = Reader(call_bytes(method, 7, asked)[HEAD:])
    assert read_head(reader) == (Message.CALL, name, 7)
    found = read_struct(reader, method.asked)
    reader.require_end()
    assert struct_bytes(method.asked, found) == struct_bytes(method.asked, named(method.asked, found))


@pytest.mark.parametrize("name", METHODS)
@given(data=st.data())
@settings(max_examples=15)
def test_answers(name: str, data: st.DataObject) -> None:
    """So does what is answered."""
    method = METHODS[name]
    answer = data.draw(values(method.answer))
    found = read_reply(reply_bytes(method, -3, answer)[HEAD:], method, -3)
    assert reply_bytes(method, 0, found) == reply_bytes(method, 0, found)
    if not isinstance(method.answer, Schema | ListOf):
        assert found == answer


def test_refusals() -> None:
    """A refusal comes out with its code, and a call that couldn't be tried with its reason."""
    ping = METHODS["ping"]
    with pytest.raises(ApiError, match="ESm: no") as caught:
        read_reply(reply_bytes(ping, 1, ApiError("ESm", "no"))[HEAD:], ping, 1)
    assert (caught.value.code, caught.value.message) == ("ESm", "no")


def test_a_known_message() -> None:
    """A call has the bytes that Apache's libraries of the protocol write for it."""
    words = call_bytes(METHODS["ping"], 1, {"sleepMs": 5, "echo": "hi"})
    assert words.hex() == (
        "00000021"  # the frame
        "800100010000000470696e6700000001"  # a call of ping, number 1
        "08000100000005"  # an i32
        "0b0002000000026869"  # a string
        "00"
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- what is no message


def field(kind: Kind, number: int, content: bytes) -> bytes:
    """A field as it is written."""
    return bytes([kind]) + struct.pack(">h", number) + content


TEXT_1 = field(Kind.STRING, 1, b"\0\0\0\2hi")
NESTED = field(Kind.STRUCT, 9, b"") * 40
BAD = {
    "nothing": b"",
    "no end": TEXT_1,
    "too short for a number": field(Kind.STRING, 1, b"\0\0"),
    "no such kind": b"\7" + TEXT_1[1:] + b"\0",
    "a needed field is missing": b"\0",
    "another kind": field(Kind.I32, 1, b"\0\0\0\2") + b"\0",
    "the same twice": TEXT_1 + TEXT_1 + b"\0",
    "a text of negative length": field(Kind.STRING, 1, b"\xff\xff\xff\xff") + b"\0",
    "a text longer than all": field(Kind.STRING, 1, b"\x7f\xff\xff\xffhi") + b"\0",
    "a text that isn't ASCII": field(Kind.STRING, 1, b"\0\0\0\2\xc3\xa9") + b"\0",
    "a text with a line end": field(Kind.STRING, 1, b"\0\0\0\1\n") + b"\0",
    "a list of others": TEXT_1 + field(Kind.LIST, 3, b"\x08\0\0\0\1\0\0\0\1") + b"\0",
    "a list of more than came": TEXT_1 + field(Kind.LIST, 3, b"\x0c\x7f\xff\xff\xff") + b"\0",
    "a list of a negative number": TEXT_1 + field(Kind.LIST, 3, b"\x0c\xff\xff\xff\xff") + b"\0",
    "unknown, and nested deeply": TEXT_1 + NESTED + b"\0" * 50,
    "unknown lists in lists": TEXT_1 + field(Kind.LIST, 9, b"\x0f\0\0\0\1" * 40) + b"\0" * 60,
    "unknown, and endless": TEXT_1 + field(Kind.MAP, 9, b"\x0b\x0b\x7f\xff\xff\xff") + b"\0",
    "unknown, of no kind": TEXT_1 + field(Kind.LIST, 9, b"\0\0\0\0\1") + b"\0",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_structs(name: str) -> None:
    """What isn't a struct of its schema is refused, by a reason."""
    with pytest.raises(FrameError):
        read_struct(Reader(BAD[name]), THING)


def test_unknown_fields() -> None:
    """Fields that nobody knows are passed over, whatever they are."""
    unknown = (
        field(Kind.STRUCT, 20, TEXT_1 + b"\0")
        + field(Kind.MAP, 21, b"\x0b\x08\0\0\0\1\0\0\0\1a\0\0\0\5")
        + field(Kind.SET, 22, b"\6\0\0\0\2\0\1\0\2")
        + field(Kind.DOUBLE, 23, bytes(8))
        + field(Kind.BYTE, 24, b"\1")
    )
    assert read_struct(Reader(unknown + TEXT_1 + b"\0"), THING) == {"text": "hi", "inner": None, "many": None}


@pytest.mark.parametrize(
    ("type_", "content"),
    [
        (BOOL, b"\2"),
        (BOOL, b"\xff"),
        (I16, b"\0"),
        (I64, bytes(7)),
        (DOUBLE, bytes(7)),
        (TextMap(), b"\x0b\x08\0\0\0\1\0\0\0\0\0\0\0\1"),
        (TextMap(), b"\x0b\x0b\0\0\0\2"),
    ],
)
def test_bad_values(type_: Type, content: bytes) -> None:
    """A value that its type doesn't have is refused."""
    with pytest.raises(FrameError):
        Reader(content).value(type_, 0)


def test_deep_schemas() -> None:
    """Nothing nests deeper than it may, also where the schema lets it."""
    deep: Type = INNER
    for _ in range(12):
        deep = Schema("Deep", (Field(1, "inner", deep),))
    content = field(Kind.STRUCT, 1, b"") * 12 + field(Kind.I32, 1, bytes(4)) + b"\0" * 13
    with pytest.raises(FrameError, match="deeper"):
        Reader(content).value(deep, 0)


GOOD = reply_bytes(METHODS["ping"], 1, "hi")[HEAD:]
BAD_REPLIES = {
    "nothing": b"",
    "not strict": b"\0\0\0\4ping",
    "another version": b"\x80\x02" + GOOD[2:],
    "another kind": GOOD[:3] + b"\4" + GOOD[4:],
    "a call": GOOD[:3] + b"\1" + GOOD[4:],
    "to another method": GOOD.replace(b"ping", b"pong"),
    "to another call": GOOD.replace(b"\0\0\0\1\x0b", b"\0\0\0\2\x0b"),
    "with more behind": GOOD + b"\0",
    "cut": GOOD[:-3],
    "that says nothing": GOOD[:16] + b"\0",
    "a failure": failure_bytes("ping", 1, 7, "what?")[HEAD:],  # type: ignore[arg-type]  # a number is a kind
    "an unreadable failure": failure_bytes("ping", 1, 7, "what?")[HEAD:-3],  # type: ignore[arg-type]  # as above
}


@pytest.mark.parametrize("name", BAD_REPLIES)
def test_bad_replies(name: str) -> None:
    """What isn't the reply to a call is refused."""
    with pytest.raises(FrameError):
        read_reply(BAD_REPLIES[name], METHODS["ping"], 1)


@given(st.binary(max_size=200), st.sampled_from(sorted(METHODS)))
@settings(max_examples=300)
def test_any_bytes(content: bytes, name: str) -> None:
    """Whatever comes is a struct or a refusal, of calls and of replies."""
    for schema in (METHODS[name].asked, THING):
        try:
            read_struct(Reader(content), schema)
        except FrameError:
            continue
    with pytest.raises((FrameError, ApiError)):
        read_reply(GOOD[:16] + content + b"\1", METHODS["ping"], 1)


def test_memory() -> None:
    """What is announced takes no memory before it comes."""
    tracemalloc.start()
    try:
        for content in BAD.values():
            with pytest.raises(FrameError):
                read_struct(Reader(content), THING)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


# ------------------------------------------------------------------------------------------------------------ amounts


@given(st.integers(-(1 << 53), 1 << 53))
def test_amounts(amount: int) -> None:
    """Every integer that a floating-point number holds exactly is an amount."""
    assert whole(float(amount)) == amount


@pytest.mark.parametrize("amount", [0.5, -0.1, float("nan"), float("inf"), float("-inf"), 2.0**53 + 2, 1e300])
def test_no_amounts(amount: float) -> None:
    """A fraction, an infinity and what may be another integer are no amounts."""
    with pytest.raises(FrameError):
        whole(amount)


def test_options() -> None:
    """A client says which version it speaks."""
    assert SessionOptions() == ("1.1", None)
