"""Messages in frames: a call, its reply, or what went wrong with it."""

import asyncio
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

from umbane.errors import shown
from umbane.security.errors import FrameError
from umbane.security.prism.errors import ApiError
from umbane.security.prism.messages import PROBLEM, Method
from umbane.security.prism.wire import (
    I32,
    TEXT,
    Kind,
    Reader,
    Schema,
    field_bytes,
    optional,
    read_struct,
    struct_bytes,
)

__all__ = [
    "LARGEST",
    "Failure",
    "Head",
    "call_bytes",
    "failure_bytes",
    "read_frame",
    "read_head",
    "read_reply",
    "reply_bytes",
]

LARGEST: Final = 1 << 16
"""Bytes of the largest frame; what is said here has a few hundred, a set of tokens a few thousand."""

SIZE: Final = 4
STRICT: Final = 0x80010000
"""What the number before a message begins with; its last byte is the kind of message."""


class Message(IntEnum):
    """Kinds of messages."""

    CALL = 1
    REPLY = 2
    EXCEPTION = 3


class Failure(IntEnum):
    """What a peer that can't do a call says of it."""

    UNKNOWN_METHOD = 1
    INTERNAL = 6
    PROTOCOL = 7


FAILURE: Final = Schema("TApplicationException", (optional(1, "message", TEXT, ""), optional(2, "type", I32, 0)))


class Head(NamedTuple):
    """What stands before a message."""

    kind: Message
    method: str
    number: int
    """The caller's own; the reply has the same."""


async def read_frame(stream: asyncio.StreamReader, seconds: float, idle: float | None = None) -> bytes:
    """A frame, all of it within this time from its first byte on, which may take another time to come.

    Raises:
        FrameError: it is larger than any.
        EOFError: there is no more.
        TimeoutError: the rest didn't come.
    """
    async with asyncio.timeout(idle):
        head = await stream.readexactly(1)
    async with asyncio.timeout(seconds):
        size = int.from_bytes(head + await stream.readexactly(SIZE - 1), "big")
        if not 0 < size <= LARGEST:
            raise FrameError(f"a frame of {size} bytes was announced; the largest has {LARGEST}")
        return await stream.readexactly(size)


def framed(message: bytes) -> bytes:
    """A message in its frame."""
    return len(message).to_bytes(SIZE, "big") + message


def head_bytes(head: Head) -> bytes:
    """What stands before a message."""
    name = head.method.encode("ascii")
    first = (STRICT | head.kind).to_bytes(4, "big")
    return first + len(name).to_bytes(4, "big") + name + (head.number & 0xFFFFFFFF).to_bytes(4, "big")


def read_head(reader: Reader) -> Head:
    """What stands before a message.

    Raises:
        FrameError: it isn't a message.
    """
    first = reader.number(Kind.I32) & 0xFFFFFFFF
    if first & 0xFFFFFF00 != STRICT or first & 0xFF not in set(Message):
        raise FrameError("this is no message of the binary protocol")
    return Head(Message(first & 0xFF), reader.text(), reader.number(Kind.I32))


def call_bytes(method: Method, number: int, arguments: Mapping[str, Any]) -> bytes:
    """A call, framed."""
    return framed(head_bytes(Head(Message.CALL, method.name, number)) + struct_bytes(method.asked, arguments))


def reply_bytes(method: Method, number: int, answer: object) -> bytes:
    """A reply, framed: what was asked for, or an ApiError."""
    if isinstance(answer, ApiError):
        content = field_bytes(1, PROBLEM, {"eCode": answer.code, "eMsgEn": answer.message})
    else:
        content = field_bytes(0, method.answer, answer)
    return framed(head_bytes(Head(Message.REPLY, method.name, number)) + content + bytes([Kind.STOP]))


def failure_bytes(name: str, number: int, failure: Failure, words: str) -> bytes:
    """What is said when a call can't even be tried, framed."""
    content = struct_bytes(FAILURE, {"message": words, "type": int(failure)})
    return framed(head_bytes(Head(Message.EXCEPTION, name, number)) + content)


def read_reply(content: bytes, method: Method, number: int) -> Any:  # noqa: ANN401 - as the method says
    """What a module answered.

    Raises:
        ApiError: its refusal.
        FrameError: it isn't the reply to this call, or none at all.
    """
    reader = Reader(content)
    head = read_head(reader)
    if head.kind is Message.EXCEPTION:
        failure = read_struct(reader, FAILURE)
        raise FrameError(f"the module doesn't understand {method.name}: {shown(failure['message'])}")
    if head != (Message.REPLY, method.name, number):
        raise FrameError(f"this is not the reply to {method.name}")
    result = Schema(f"{method.name} result", (optional(0, "success", method.answer), optional(1, "refusal", PROBLEM)))
    found = read_struct(reader, result)
    reader.require_end()
    if found["refusal"] is not None:
        raise ApiError(found["refusal"].eCode, found["refusal"].eMsgEn)
    if found["success"] is None:
        raise FrameError(f"the reply to {method.name} says nothing")
    return found["success"]
