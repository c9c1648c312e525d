"""Connections whose requests have to end: they come whole and soon, or nobody waits for them.

How large a body may be is said by the operation that takes it.
"""

from asyncio import TimerHandle, Transport
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Connection"]

LARGEST_HEAD: Final = 65_536
"""Bytes, or what comes at once."""


class Connection(HttpToolsProtocol):
    """A connection of HTTP. What comes at once, as nearly everything does, needs no timer.

    Attributes:
        patience: seconds for a request from its first byte to its last, and for the first request to begin.
        awaits_head, awaits_rest: whether the head, or anything, of a request is still to come.
        head: bytes of the head that came.
        hurry: ends the connection, while something is waited for.
    """

    patience: float = 30.0
    awaits_head = awaits_rest = True
    head = 0
    hurry: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as the class above has it
        """Wait for the first request."""
        super().connection_made(transport)
        self.hurry_up()

    def on_message_begin(self) -> None:
        """A request begins, and has its time from now on."""
        super().on_message_begin()
        self.awaits_head = self.awaits_rest = True
        self.head = 0
        self.calm_down()

    def on_headers_complete(self) -> None:
        """Its head came."""
        self.awaits_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it came."""
        self.awaits_rest = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is the head of nothing."""
        super().data_received(data)
        if not self.awaits_rest:
            self.calm_down()
            return
        if self.hurry is None:
            self.hurry_up()
        self.head += len(data) if self.awaits_head else 0
        if self.head > LARGEST_HEAD:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self.calm_down()
        super().connection_lost(exc)

    def hurry_up(self) -> None:
        """Wait from now on."""
        self.hurry = self.loop.call_later(self.patience, self.transport.close)

    def calm_down(self) -> None:
        """Wait no longer."""
        if self.hurry is not None:
            self.hurry.cancel()
            self.hurry = None
