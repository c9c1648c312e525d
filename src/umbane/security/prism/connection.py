"""One connection to a module: a call, its reply, and a time after which there is none.

After anything but a whole reply the connection is closed, for nobody knows any more what comes next on it.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from umbane.security.errors import FrameError, UnreachableError
from umbane.security.prism.errors import ApiError
from umbane.security.prism.frames import LARGEST, call_bytes, read_frame, read_reply
from umbane.security.prism.messages import METHODS
from umbane.security.prism.tls import Identity, Trust, client_context, require_pinned

__all__ = ["Address", "Connection", "Link"]


IDLE: Final = 60.0
"""Seconds for which a connection that nobody uses is trusted: what stands between may forget it, and tells nobody."""


class Address(NamedTuple):
    """Where a module listens."""

    host: str
    """Its name, which its certificate has, or its address."""
    port: int = 9443
    path: Path | None = None
    """A socket on this machine, in the place of the port; what is said there is encrypted all the same."""


class Link(NamedTuple):
    """How a module is reached."""

    address: Address
    trust: Trust
    identity: Identity | None = None
    seconds: float = 10.0
    """How long to wait for a connection, and for each reply."""


class Connection:
    """A connection, opened when it is needed, for one call at a time."""

    def __init__(self, link: Link) -> None:
        self.link, self.context = link, client_context(link.trust, link.identity)
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.number, self.used = 0, 0.0

    async def call(self, name: str, **arguments: object) -> Any:  # noqa: ANN401 - as the method says
        """Ask the module something.

        Raises:
            ApiError: its refusal.
            UnreachableError: it didn't answer; whether it did anything is not known.
        """
        method, self.number = METHODS[name], self.number + 1
        content = call_bytes(method, self.number, arguments)
        clock = asyncio.get_running_loop().time
        if self.streams and (self.streams[0].at_eof() or clock() - self.used > IDLE):
            self.abandon()  # the module closed it while nobody used it, or somebody may have
        try:
            async with asyncio.timeout(self.link.seconds):
                reader, writer = self.streams or await self.open()
                writer.write(content)
                await writer.drain()
                answer = await read_frame(reader, self.link.seconds)
            self.used = clock()
            return read_reply(answer, method, self.number)
        except ApiError:
            raise
        except FrameError as error:
            self.abandon()
            raise UnreachableError(f"the module's answer makes no sense: {error}") from None
        except (OSError, EOFError, TimeoutError) as error:
            self.abandon()
            said = "in time" if isinstance(error, TimeoutError) else f"({type(error).__name__})"
            raise UnreachableError(f"the module at {self.link.address.host} didn't answer {said}") from None
        except BaseException:
            self.abandon()
            raise

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, and look whom it is."""
        host, port, path = self.link.address
        where: dict[str, Any] = {"path": path, "server_hostname": host} if path else {"host": host, "port": port}
        opening = asyncio.open_unix_connection if path else asyncio.open_connection
        self.streams = reader, writer = await opening(ssl=self.context, limit=LARGEST, **where)
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        require_pinned(certificate, self.link.trust)
        return reader, writer

    def abandon(self) -> None:
        """Close it, without waiting for anybody."""
        if self.streams:
            self.streams[1].transport.abort()
        self.streams = None

    async def close(self) -> None:
        """Close it, and wait until it is."""
        streams = self.streams
        self.abandon()
        if streams:
            with suppress(OSError):
                await streams[1].wait_closed()
