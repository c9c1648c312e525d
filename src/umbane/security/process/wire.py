"""What a module and its clients say to each other: frames of MessagePack, each with its length in front.

::

    frame  = length (4 bytes, big-endian) | MessagePack
    call   = [number, verb, argument]
    reply  = [number, 0, result, position] or [number, 1, error]
    error  = [name of its class, its words...]

A client's first call is ``hello``: the version, and how far the module was when the client last heard of it. After that
calls may follow each other without waiting, and replies come in any order, by their numbers. A position is where the
journal ended: tokens, bytes, seal. Requests for tokens go in the journal's own words, a line each.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

import msgspec

from umbane.errors import InputError, UmbaneError
from umbane.security import errors
from umbane.security.errors import FrameError, ModuleError, UnreachableError
from umbane.security.models import Issued, Refused
from umbane.sts import EncodedToken
from umbane.sts import errors as sts_errors

__all__ = [
    "LARGEST",
    "VERSION",
    "Frames",
    "answer_of",
    "answers_of",
    "error_of",
    "packed",
    "packed_answer",
    "packed_error",
    "to_bytes",
]

VERSION: Final = 1
LARGEST: Final = 8 << 20
"""Bytes of the largest frame: some 80 000 requests."""
LENGTH: Final = 4
TOKEN: Final = 9
"""Bytes of a token."""
MOST_WORDS: Final = 2000
"""Characters of an error that are sent."""

KINDS: Final[dict[str, type[UmbaneError]]] = {
    name: kind
    for module in (errors, sts_errors)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, UmbaneError)
}
"""Errors that are told by their names."""

to_bytes: Final = msgspec.msgpack.Encoder().encode


class Frames(asyncio.Protocol):
    """One end of a connection: takes frames in, and sends them.

    Args:
        heard: is given what every frame holds.
        lost: is told when the connection is gone.
        made: is told when it is there; over TLS, when both ends have shown who they are.
    """

    def __init__(
        self, heard: Callable[[bytes], None], lost: Callable[[], None], made: Callable[[], None] = lambda: None
    ) -> None:
        self.heard, self.lost, self.made = heard, lost, made
        self.largest = LARGEST
        self.buffer = bytearray()
        self.is_held = False
        self.transport: asyncio.Transport | None = None
        self.may_send = asyncio.Event()
        self.may_send.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self.transport = cast("asyncio.Transport", transport)  # other loops have transports of their own
        self.made()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """As asyncio calls it."""
        self.transport = None
        self.buffer.clear()
        self.may_send.set()
        self.lost()

    def pause_writing(self) -> None:
        """As asyncio calls it: the other end doesn't read."""
        self.may_send.clear()

    def resume_writing(self) -> None:
        """As asyncio calls it."""
        self.may_send.set()

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        self.buffer += data
        self.hand_on()

    def hold(self) -> None:
        """Hand on nothing more for now, and let the other end wait."""
        self.is_held = True
        if self.transport:
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Hand on what came meanwhile, and what comes."""
        self.is_held = False
        if self.transport:
            self.transport.resume_reading()
        self.hand_on()

    def hand_on(self) -> None:
        """Hand on every frame that is whole by now."""
        while len(self.buffer) >= LENGTH and not self.is_held:
            size = int.from_bytes(self.buffer[:LENGTH])
            if size > self.largest:
                return self.close()
            if len(self.buffer) < LENGTH + size:
                return None
            frame = bytes(memoryview(self.buffer)[LENGTH : LENGTH + size])
            del self.buffer[: LENGTH + size]
            self.heard(frame)
        return None

    def send(self, content: bytes) -> None:
        """Send a frame.

        Raises:
            FrameError: it is too large.
            UnreachableError: nobody is there.
        """
        if len(content) > LARGEST:
            raise FrameError(f"{len(content)} bytes are too many for one call: ask for fewer at a time")
        if self.transport is None or self.transport.is_closing():
            raise UnreachableError("the connection to the module is closed")
        self.transport.write(len(content).to_bytes(LENGTH) + content)

    def close(self) -> None:
        """Hang up."""
        self.buffer.clear()
        if self.transport:
            self.transport.close()


# ------------------------------------------------------------------------------------------------------------- answers


def packed_error(error: UmbaneError) -> list[str]:
    """An error as it is sent."""
    words = [error.field, error.problem, error.remedy] if isinstance(error, InputError) else [str(error)]
    return [type(error).__name__, *(word[:MOST_WORDS] for word in words)]


def error_of(parts: Sequence[str]) -> UmbaneError:
    """The error that was sent."""
    name, *words = parts
    kind = KINDS.get(name, ModuleError)
    if issubclass(kind, InputError):
        return kind(*words) if len(words) == 3 else ModuleError(" ".join(words))  # noqa: PLR2004 - field, problem, remedy
    return kind(" ".join(words))


def packed(first: int, bits: Iterable[int]) -> tuple[int, bytes]:
    """Tokens, and the number of the first of them, as they are sent."""
    return first, b"".join([token.to_bytes(TOKEN) for token in bits])


def packed_answer(answer: Issued | Refused) -> tuple[int, bytes] | list[str]:
    """An answer as it is sent."""
    if isinstance(answer, Refused):
        return packed_error(answer.reason)
    return packed(answer.first, (token.bits for token in answer.tokens))


def answer_of(parts: Sequence[Any]) -> Issued | Refused:
    """The answer that was sent."""
    first, *rest = parts
    if isinstance(first, str):
        return Refused(error_of(parts))
    (digits,) = rest
    starts = range(0, len(digits), TOKEN)
    return Issued(first, tuple([EncodedToken(int.from_bytes(digits[start : start + TOKEN])) for start in starts]))


def answers_of(parts: Iterable[Sequence[Any]]) -> list[Issued | Refused]:
    """The answers that were sent."""
    return [answer_of(answer) for answer in parts]
