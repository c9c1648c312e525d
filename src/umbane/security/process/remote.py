"""The client of a module in another process: a ``SecurityModule`` like any other, but outside of this one.

It remembers how far the module was when it last heard of it, and refuses an older one. When a connection breaks off in
the middle of a call it asks once more: by the same ids, which finds what was made and makes only what wasn't.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from umbane.errors import UmbaneError
from umbane.security.chain import START, Position
from umbane.security.counting import key_name
from umbane.security.errors import FrameError, JournalError, OlderModuleError, UnreachableError
from umbane.security.mark import SharedMark
from umbane.security.models import (
    Alert,
    Attestation,
    Issued,
    KeyChangeRequest,
    KeyCount,
    ModuleStatus,
    Quota,
    Realm,
    Record,
    Refused,
    TokenRequest,
    VendingKeyName,
    VerifyRequest,
)
from umbane.security.orders import change_orders, key_words, read_record, token_orders
from umbane.security.process.host import Standing
from umbane.security.process.wire import VERSION, Frames, answer_of, answers_of, error_of, to_bytes
from umbane.sts import Token, read_message

__all__ = ["Place", "RemoteModule", "client_tls", "open_remote_module"]

PATIENCE: Final = 10.0
"""Seconds for one call, with everything that belongs to it."""
ONCE: Final = frozenset({"load", "publish", "raise_quota", "seal"})
"""What isn't asked a second time by itself: somebody looks first what became of it."""
TOKEN: Final = 9

Answer = TypeVar("Answer")


def as_it_is(said: Any) -> Any:  # noqa: ANN401 - the verb's own
    """An answer that means nothing else."""
    return said


class Place(NamedTuple):
    """Where a module is.

    Attributes:
        socket: of the same machine.
        address: host and port of another one.
        tls: how to prove to each other who is who there.
    """

    socket: Path | None = None
    address: tuple[str, int] | None = None
    tls: ssl.SSLContext | None = None

    @classmethod
    def parse(cls, text: str, tls: ssl.SSLContext | None = None) -> "Place":
        """The path of a socket, ``unix:`` before it or not, or ``tls://host:port``.

        Raises:
            UnreachableError: it is neither.
        """
        if not text.startswith("tls://"):
            return cls(Path(text.removeprefix("unix:")))
        parts = urlsplit(text)
        if not parts.hostname or not parts.port or tls is None:
            raise UnreachableError("give tls://host:port, and the certificates that go with it")
        return cls(None, (parts.hostname, parts.port), tls)

    def __str__(self) -> str:
        return f"tls://{self.address[0]}:{self.address[1]}" if self.address else str(self.socket)


@asynccontextmanager
async def open_remote_module(
    place: Place, *, seen: Path | None = None, patience: float = PATIENCE
) -> AsyncIterator["RemoteModule"]:
    """A module in another process. It is called when it is needed, and again when the connection is gone.

    Args:
        place: where it is.
        seen: a file that remembers how far it was, for all processes that name it; without one only this process does.
        patience: seconds for one call.
    """
    module = RemoteModule(place, seen, patience)
    try:
        yield module
    finally:
        module.close()


class Connection:
    """A connection that was made, and the calls that have no answer yet."""

    def __init__(self) -> None:
        self.frames = Frames(self.heard, self.lost)
        self.waiting: dict[int, asyncio.Future[list[Any]]] = {}
        self.calls = 0

    @property
    def is_there(self) -> bool:
        """Whether it can be asked something."""
        transport = self.frames.transport
        return transport is not None and not transport.is_closing()

    def heard(self, frame: bytes) -> None:
        """An answer."""
        try:
            number, *said = msgspec.msgpack.decode(frame, type=list[Any])
            waiting = self.waiting.pop(number, None)
        except (msgspec.DecodeError, ValueError, TypeError, UnicodeDecodeError):
            return self.frames.close()
        if waiting and not waiting.done():
            waiting.set_result(said)
        return None

    def lost(self) -> None:
        """No more answers come."""
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(UnreachableError("the module hung up before it answered"))
        self.waiting.clear()

    async def ask(self, verb: str, argument: object) -> list[Any]:
        """What was answered: 0, a result and a position, or 1 and an error."""
        self.calls += 1
        number = self.calls
        waiting: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self.frames.send(to_bytes([number, verb, argument]))
        self.waiting[number] = waiting
        try:
            return await waiting
        finally:
            self.waiting.pop(number, None)


class RemoteModule:
    """A module in another process; ``open_remote_module`` makes one. Arguments as there."""

    external: Final = True

    def __init__(self, place: Place, seen: Path | None, patience: float) -> None:
        self.place, self.patience = place, patience
        self.memory = SharedMark(seen) if seen else None
        self.seen = (self.memory.read() if self.memory else None) or START
        self.connection: Connection | None = None
        self.connecting = asyncio.Lock()

    def close(self) -> None:
        """Hang up."""
        if self.connection:
            self.connection.frames.close()
        if self.memory:
            self.memory.close()

    # ---------------------------------------------------------------------------------------------------------- asking

    async def ask(self, verb: str, argument: object = None, read: Callable[[Any], Answer] = as_it_is) -> Answer:
        """What the module answers.

        Args:
            verb: what is asked.
            argument: what belongs to it.
            read: makes of the answer what it means.

        Raises:
            UnreachableError: it isn't there, or doesn't answer in time.
            FrameError: the answer means nothing.
            UmbaneError: what the module refused.
        """
        try:
            async with asyncio.timeout(self.patience):
                said = await self.said(await self.connected(), verb, argument)
        except TimeoutError:
            raise UnreachableError(f"the module at {self.place} didn't answer in {self.patience:g} s") from None
        return self.told(said, read)

    async def said(self, connection: Connection, verb: str, argument: object) -> list[Any]:
        """What was answered; when the connection breaks off, what is answered to the same call over another one."""
        try:
            return await connection.ask(verb, argument)
        except UnreachableError:
            if verb in ONCE:
                raise
        return await (await self.connected()).ask(verb, argument)

    def told(self, said: list[Any], read: Callable[[Any], Answer]) -> Answer:
        """What an answer means; the error that it is."""
        try:
            is_error, result, *rest = said
            meant = error_of(result) if is_error else read(result)
            if rest and rest[0]:
                self.remember(Position(*rest[0]))
        except (FrameError, UnreachableError):
            raise
        except (TypeError, ValueError, AttributeError, OverflowError, UmbaneError):
            raise FrameError("the module's answer has no meaning") from None
        if isinstance(meant, UmbaneError):
            raise meant
        return meant

    def remember(self, position: Position) -> None:
        """Know how far the module is.

        Raises:
            UnreachableError: it can't be written down: what was answered counts for nothing until it is fetched.
        """
        if position.size > self.seen.size:
            self.seen = position
            if self.memory:
                try:
                    self.memory.write(position)
                except (OSError, JournalError) as error:
                    raise UnreachableError(f"how far the module is can't be written down: {error}") from error

    async def connected(self) -> Connection:
        """The connection, made anew if there is none."""
        async with self.connecting:
            if self.connection is None or not self.connection.is_there:
                self.connection = await self.connect()
            return self.connection

    async def connect(self) -> Connection:
        """Call the module, and greet it.

        Raises:
            UnreachableError: nobody is there.
            OlderModuleError: it is an older one than was seen.
        """
        loop, connection = asyncio.get_running_loop(), Connection()
        try:
            if self.place.address:  # pragma: no cover - in a process of its own: tests have no network
                await loop.create_connection(lambda: connection.frames, *self.place.address, ssl=self.place.tls)
            else:
                await loop.create_unix_connection(lambda: connection.frames, str(self.place.socket))
        except OSError as error:
            why = error.strerror or str(error)
            raise UnreachableError(f"no module can be reached at {self.place}: {why}") from error
        try:
            said = await connection.ask("hello", [VERSION, None if self.seen == START else list(self.seen)])
            before = self.seen
            self.told(said, as_it_is)
            self.require_no_older(before, said)
        except BaseException:
            connection.frames.close()
            raise
        return connection

    def require_no_older(self, before: Position, said: list[Any]) -> None:
        """Refuse a module that has less than was seen of it; it should have said so itself."""
        if said[2] and said[2][1] < before.size:
            raise OlderModuleError(f"the module at {self.place} is older than it was: an old copy was put back")

    # ----------------------------------------------------------------------------------------- as any other module does

    async def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.issue``."""
        return await self.asked_for("issue", [order.text for order in token_orders(requests)])

    async def change_keys(self, requests: Sequence[KeyChangeRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.change_keys``."""
        return await self.asked_for("change_keys", [order.text for order in change_orders(requests)])

    async def asked_for(self, verb: str, texts: list[str]) -> list[Issued | Refused]:
        """An answer to each of some requests."""
        return await self.ask(verb, lines(texts), lambda said: each_of(answers_of(said), texts))

    async def verify(self, requests: Sequence[VerifyRequest]) -> list[Token | Refused]:
        """As ``SecurityModule.verify``."""
        typed = [(it.pan.digits, int(it.ea), key_words(it.key), it.digits.bits.to_bytes(TOKEN)) for it in requests]
        return await self.ask("verify", typed, lambda said: each_of(list(map(reading_of, said)), typed))

    async def fetch(self, ids: Sequence[UUID]) -> dict[UUID, Issued | Refused]:
        """As ``SecurityModule.fetch``."""
        wanted = b"".join(id_.bytes for id_ in ids)
        return await self.ask("fetch", wanted, lambda said: {UUID(bytes=id_): answer_of(it) for id_, it in said})

    async def since(self, count: int) -> AsyncIterator[Record]:
        """As ``SecurityModule.since``."""
        while records := await self.ask("since", count, records_of):
            for record in records:
                yield record
            count = records[-1].first + records[-1].made

    async def status(self) -> ModuleStatus:
        """As ``SecurityModule.status``."""
        return await self.ask("status", None, status_of)

    async def alerts(self) -> list[Alert]:
        """As ``SecurityModule.alerts``: it says nothing of the kind yet."""
        return []

    async def counters(self) -> dict[VendingKeyName, KeyCount]:
        """As ``SecurityModule.counters``."""
        return await self.ask("counters", None, partial(table_of, KeyCount))

    async def quotas(self) -> dict[VendingKeyName, Quota]:
        """As ``SecurityModule.quotas``."""
        return await self.ask("quotas", None, partial(table_of, Quota))

    async def top_up(self, order: bytes) -> None:
        """As ``SecurityModule.top_up``."""
        await self.ask("top_up", order)

    async def attest(self, challenge: bytes) -> Attestation:
        """As ``SecurityModule.attest``."""
        return await self.ask("attest", challenge, lambda said: Attestation(*said))

    # ------------------------------------------------------------------------------------------- what only this one can

    async def standing(self) -> Standing:
        """Whether it is sealed, and who was there to unseal it."""
        return await self.ask("standing", None, standing_of)

    async def unseal(self, custodian: str, passphrase: str) -> Standing:
        """One custodian unseals it.

        Raises:
            CustodianError: nobody has that name and passphrase.
        """
        return await self.ask("unseal", [custodian, passphrase], standing_of)

    async def seal(self) -> None:
        """Let it forget its keys, at once."""
        await self.ask("seal")

    async def load(self, text: bytes) -> int:
        """Give it a key load file; how many keys were in it.

        Raises:
            DocumentError: it isn't taken.
        """
        return await self.ask("load", text, int)

    async def load_published(self, names: Sequence[VendingKeyName], quota: Quota) -> int:
        """Give it published keys of the test realm; how many.

        Raises:
            RealmError: it is of the production realm.
        """
        words = [(it.sgc.value, it.krn.value, int(it.kt)) for it in names]
        return await self.ask("publish", [words, *quota], int)

    async def raise_quota(self, key: VendingKeyName, more: tuple[int, int], people: dict[str, str]) -> None:
        """Raise a quota by tokens and units because two custodians say so.

        Args:
            key: whose.
            more: tokens and units.
            people: passphrases by names.
        """
        await self.ask("raise_quota", [(key.sgc.value, key.krn.value, int(key.kt)), *more, people])


def lines(texts: Iterable[str]) -> bytes:
    """Texts as lines."""
    return "".join([f"{text}\n" for text in texts]).encode("ascii")


# ------------------------------------------------------------------------------------------------ what an answer means


def each_of(answers: list[Answer], asked: Sequence[object]) -> list[Answer]:
    """The answers, one for each that was asked for."""
    if len(answers) != len(asked):
        raise FrameError(f"the module gave {len(answers)} answers to {len(asked)} requests")
    return answers


def reading_of(said: Any) -> Token | Refused:  # noqa: ANN401 - whatever was sent
    """What a token says, or why it isn't read."""
    return read_message(int(said, 16)) if isinstance(said, str) else Refused(error_of(said))


def records_of(said: bytes) -> list[Record]:
    """Entries of the journal."""
    return [read_record(entry) for entry in said.splitlines(keepends=True)]


def status_of(said: Sequence[Any]) -> ModuleStatus:
    """What a module says of itself."""
    name, realm, count, head, keys = said
    return ModuleStatus(str(name), Realm(realm), int(count), str(head), int(keys))


def table_of(row: Callable[..., Answer], said: dict[str, Sequence[Any]]) -> dict[VendingKeyName, Answer]:
    """Something of each key."""
    return {key_name(words): row(*numbers) for words, numbers in said.items()}


def standing_of(said: Sequence[Any]) -> Standing:
    """How a module stands."""
    name, realm, fingerprint, is_sealed, given, threshold = said
    return Standing(name, Realm(realm), fingerprint, is_sealed, tuple(given), threshold)


def client_tls(certificate: Path, key: Path, module: Path) -> ssl.SSLContext:
    """TLS 1.3 for a client with this certificate, and for a module whose certificate these authorities issued."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(module)
    return context
