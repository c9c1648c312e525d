"""Connections whose requests have to begin: a head comes whole and soon, or nobody waits for it.

A body is asked for by the operation that takes it, which has limits of its own.
"""

from asyncio import TimerHandle, Transport
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Connection"]

LARGEST_HEAD: Final = 65_536
"""Bytes, or what comes at once."""


class Connection(HttpToolsProtocol):
    """A connection of HTTP.

    Attributes:
        patience: seconds for the head of a request, and for the first one to begin.
        head: bytes of it that came.
        hurry: ends the connection, while a head is waited for.
    """

    patience: float = 20.0
    head = 0
    hurry: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as the class above has it
        """Wait for the first head."""
        super().connection_made(transport)
        self.await_head()

    def on_message_begin(self) -> None:
        """Wait for the rest of a head that began."""
        super().on_message_begin()
        self.await_head()

    def on_headers_complete(self) -> None:
        """It came."""
        self.head_ends()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self.head_ends()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is the head of nothing."""
        super().data_received(data)
        if self.hurry is not None:
            self.head += len(data)
            if self.head > LARGEST_HEAD:
                self.transport.close()

    def await_head(self) -> None:
        """Wait for a head from now on."""
        self.head_ends()
        self.head, self.hurry = 0, self.loop.call_later(self.patience, self.transport.close)

    def head_ends(self) -> None:
        """Wait for a head no longer."""
        if self.hurry is not None:
            self.hurry.cancel()
            self.hurry = None
