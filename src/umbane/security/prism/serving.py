"""A server of the interface: connections, frames, and limits on both.

Whatever comes, the answer is a reply, a refusal that says what is wrong with the call, or a closed connection; and what
a client may make us hold is one frame.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple

from umbane.security.errors import FrameError
from umbane.security.prism.connection import Address
from umbane.security.prism.desk import Desk
from umbane.security.prism.errors import ApiError
from umbane.security.prism.frames import LARGEST, Failure, Message, failure_bytes, read_frame, read_head, reply_bytes
from umbane.security.prism.messages import METHODS
from umbane.security.prism.wire import Reader, read_struct

__all__ = ["Limits", "PrismServer", "serve_prism"]


class Limits(NamedTuple):
    """What a client may take of us."""

    connections: int = 200
    """At one time, of all clients together."""
    frame_seconds: float = 10.0
    """For a frame, from its first byte to its last, and for its reply."""
    idle_seconds: float = 900.0
    """Between frames."""


USUAL: Final = Limits()
HANDSHAKE_SECONDS: Final = 10.0


class PrismServer:
    """Answers clients.

    Args:
        desk: what is answered.
        limits: what a client may take.
    """

    def __init__(self, desk: Desk, limits: Limits = USUAL) -> None:
        self.desk, self.limits = desk, limits
        self.clients: set[asyncio.Task[None] | None] = set()
        self.is_closed = False

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client, until it goes or says what makes no sense."""
        task = asyncio.current_task()
        try:
            if task is not None and not self.is_closed and len(self.clients) < self.limits.connections:
                self.clients.add(task)
                await self.talk(reader, writer)
        finally:
            writer.transport.abort()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self.clients.discard(task)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer frame by frame, until one of us hangs up."""
        with suppress(OSError, EOFError, TimeoutError, FrameError, asyncio.CancelledError):
            while True:
                frame = await read_frame(reader, self.limits.frame_seconds, self.limits.idle_seconds)
                writer.write(await self.reply(frame))
                async with asyncio.timeout(self.limits.frame_seconds):
                    await writer.drain()

    async def reply(self, frame: bytes) -> bytes:
        """What is answered to a frame.

        Raises:
            FrameError: it is no call at all.
        """
        reader = Reader(frame)
        head = read_head(reader)
        if head.kind is not Message.CALL:
            raise FrameError("this is no call")
        method = METHODS.get(head.method)
        if method is None:
            return failure_bytes(head.method, head.number, Failure.UNKNOWN_METHOD, "there is no such method")
        try:
            arguments = read_struct(reader, method.asked)
            reader.require_end()
        except FrameError as error:
            return failure_bytes(head.method, head.number, Failure.PROTOCOL, str(error))
        try:
            answer = await self.desk.answer(head.method, arguments)
        except ApiError as error:
            answer = error
        except Exception as error:  # noqa: BLE001 - a bug of ours is told to whoever runs the loop, not to the client
            context = {"message": f"{head.method} failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            return failure_bytes(head.method, head.number, Failure.INTERNAL, "this can't be answered now")
        return reply_bytes(method, head.number, answer)

    async def close(self) -> None:
        """Hang up on everybody."""
        self.is_closed = True  # who is still shaking hands is not let in
        clients = [task for task in self.clients if task]
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


@asynccontextmanager
async def serve_prism(
    desk: Desk, context: ssl.SSLContext, address: Address, *, limits: Limits = USUAL
) -> AsyncIterator[Address]:
    """Serve the interface while this is open; where it listens.

    Args:
        desk: what is answered.
        context: from ``server_context``.
        address: where to listen; port 0 for any that is free.
        limits: what a client may take.

    Raises:
        OSError: it can't listen there.
        JournalError: the module's journal can't be read.
    """
    await desk.remember()
    serving = PrismServer(desk, limits)
    host, port, path = address
    where: dict[str, Any] = {"path": path} if path else {"host": host, "port": port}
    starting = asyncio.start_unix_server if path else asyncio.start_server
    server = await starting(
        serving.client, ssl=context, limit=LARGEST, ssl_handshake_timeout=HANDSHAKE_SECONDS, **where
    )
    try:
        yield address if address.path else address._replace(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await serving.close()
