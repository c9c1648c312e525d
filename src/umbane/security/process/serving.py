"""The server of a module: many clients, each with many calls under way; every answer is on the disk before it leaves.

All work is done in the loop's own thread, one call after the other; another thread waits for the disk, and one wait is
for all answers that are ready by then. Only what stretches a passphrase goes to a thread of its own.
"""

import asyncio
import gc
import os
import ssl
import stat
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from umbane.errors import UmbaneError
from umbane.security.disk import PRIVATE
from umbane.security.errors import CustodianError, FrameError, ModuleBusyError, UnreachableError
from umbane.security.process.host import Host
from umbane.security.process.verbs import asked
from umbane.security.process.wire import LARGEST, Frames, packed_error, to_bytes

__all__ = ["Server", "collect_seldom", "listening", "server_tls"]

MOST_CLIENTS: Final = 256
MOST_CALLS: Final = 64
"""Of one client that have no answer yet; the next ones wait in its own buffer."""
PATIENCE: Final = 10.0
"""Seconds for a client to greet."""
LONGEST_GREETING: Final = 1000
"""Bytes of what is read of somebody who hasn't greeted."""
THRESHOLDS: Final = 50_000, 20, 50
"""New values until garbage is looked for; a batch makes thousands that live as long as it."""
Call = tuple[int, str, msgspec.Raw]


class Server:
    """Answers for a module.

    Args:
        host: the module.
        sealed: is told when somebody has sealed it, or keys were there and it couldn't be opened; they were answered.
        patience: seconds for a client to greet.
    """

    def __init__(self, host: Host, sealed: Callable[[], None] = lambda: None, *, patience: float = PATIENCE) -> None:
        self.host, self.sealed, self.patience = host, sealed, patience
        self.keeper = ThreadPoolExecutor(1, "module-disk")
        self.slow = asyncio.Lock()
        self.clients: set[Client] = set()
        self.decode = msgspec.msgpack.Decoder(Call).decode

    def client(self) -> Frames:
        """Somebody calls."""
        return Client(self).frames

    async def close(self) -> None:
        """Hang up on everybody, and finish what was begun."""
        self.hang_up()
        self.keeper.shutdown()

    def hang_up(self, but: "Client | None" = None) -> None:
        """Let the clients call again, and say how far they saw the module."""
        for client in self.clients - {but}:
            client.frames.close()

    async def answer(self, verb: str, argument: bytes) -> tuple[object, list[object] | None]:
        """What a verb answers, when it is on the disk; and where the journal ends then."""
        known, value = asked(verb, argument)
        if known.before:
            async with self.slow:
                await asyncio.to_thread(known.before, self.host, value)
        return known.act(self.host, value), await self.kept()

    async def kept(self) -> list[object] | None:
        """Wait until all that the module knows is on the disk; answer where its journal ends."""
        opened = self.host.opened
        if opened is None:
            return None
        journal = opened.core.journal
        end = journal.end
        if end.size > journal.kept.size:
            await asyncio.get_running_loop().run_in_executor(self.keeper, journal.keep, end)
        return list(end)


class Client:
    """One connection."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.frames = Frames(self.heard, self.lost, self.made)
        self.frames.largest = LONGEST_GREETING
        self.is_greeted = self.is_refused = False
        self.calls: set[asyncio.Task[None]] = set()
        self.late = asyncio.get_running_loop().call_later(server.patience, self.frames.close)

    def made(self) -> None:
        """They are there; if there are too many, there is no place for them."""
        self.server.clients.add(self)
        if len(self.server.clients) > MOST_CLIENTS:
            self.frames.close()

    def greeted(self) -> None:
        """They greeted, and may say more."""
        self.is_greeted, self.frames.largest = True, LARGEST
        self.late.cancel()

    def lost(self) -> None:
        """They are gone; what was begun is finished all the same."""
        self.late.cancel()
        self.server.clients.discard(self)

    def heard(self, frame: bytes) -> None:
        """Begin to answer a call."""
        try:
            number, verb, argument = self.server.decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.frames.close()
        if not self.is_greeted:
            if verb != "hello":
                return self.frames.close()
            self.greeted()
        task = asyncio.create_task(self.reply(number, verb, bytes(argument)))
        self.calls.add(task)
        task.add_done_callback(self.replied)
        if len(self.calls) >= MOST_CALLS:
            self.frames.hold()
        return None

    def replied(self, task: asyncio.Task[None]) -> None:
        """A call was answered, or met with an error of this program's own."""
        self.calls.discard(task)
        if self.frames.is_held and len(self.calls) <= MOST_CALLS // 2:
            self.frames.go_on()
        if error := task.exception():
            self.frames.close()
            asyncio.get_running_loop().call_exception_handler({"message": "a call failed", "exception": error})

    async def reply(self, number: int, verb: str, argument: bytes) -> None:
        """Answer a call."""
        if self.is_refused:
            return
        said: list[Any]
        is_over = verb == "seal"
        try:
            result, position = await self.server.answer(verb, argument)
            said = [number, 0, result, position]
        except UmbaneError as error:
            said = [number, 1, packed_error(error)]
            self.is_refused = verb == "hello"
            is_over |= verb == "unseal" and not isinstance(error, CustodianError | FrameError)
        await self.frames.may_send.wait()
        try:
            self.frames.send(to_bytes(said))
        except (FrameError, UnreachableError):
            self.frames.close()  # they ask again, by the same ids
        if self.is_refused:
            self.frames.close()
        if verb == "unseal" and self.server.host.opened:
            self.server.hang_up(but=self)
        if is_over:
            self.server.sealed()


def clear(socket: Path) -> None:
    """Remove the socket of a process that is gone; the module's lock says that it is. Any other file stays."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(socket.stat().st_mode):
            raise ModuleBusyError(f"{socket} is a file: name another place for the socket")
        socket.unlink()


@asynccontextmanager
async def listening(
    server: Server, socket: Path | None, address: tuple[str, int] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[list[asyncio.Server]]:
    """Listen at a Unix socket that only this user reaches, and at an address for who has a certificate, or at one.

    Raises:
        ModuleBusyError: somebody else listens there, or nobody can.
    """
    loop, made = asyncio.get_running_loop(), []
    try:
        if socket:
            clear(socket)
            made.append(await loop.create_unix_server(server.client, str(socket), start_serving=False))
            os.chmod(socket, PRIVATE)  # noqa: PTH101 - before anybody can call
        if address and tls:  # pragma: no cover - in a process of its own: tests have no network
            made.append(
                await loop.create_server(
                    server.client, *address, ssl=tls, ssl_handshake_timeout=server.patience, start_serving=False
                )
            )
    except OSError as error:
        raise ModuleBusyError(f"nobody can listen there: {error.strerror}") from error
    try:
        for one in made:
            await one.start_serving()
        yield made
    finally:
        for one in made:
            one.close()
        await server.close()


def collect_seldom() -> None:  # pragma: no cover - for good, so the tests do it in a process of its own
    """Let Python look for garbage seldom, and not among what is there now: for a process that does nothing else."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def server_tls(certificate: Path, key: Path, clients: Path) -> ssl.SSLContext:
    """TLS 1.3 for a server that talks only to those whose certificates these authorities issued."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(clients)
    return context
