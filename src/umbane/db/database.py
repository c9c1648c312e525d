"""A database that is open: transactions that are tried again, and snapshots to read from."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar
from urllib.parse import quote

import asyncpg

from umbane.db.connection import Connection
from umbane.db.embedded import DATABASE, SUPERUSER, WORKER, EmbeddedServer
from umbane.db.errors import (
    BusyError,
    ConflictError,
    ConnectionLostError,
    DatabaseError,
    EmbeddedError,
    EncodingError,
    OutcomeUnknownError,
    ServerMissingError,
    ServerTooOldError,
)
from umbane.db.hush import hush
from umbane.db.place import Embedded, Place, Server
from umbane.db.words import REPORTED, in_words, is_lost, unreachable

if TYPE_CHECKING:
    from asyncpg import Pool, Record
    from asyncpg.transaction import Transaction

__all__ = ["Database", "Isolation", "Limits", "connected"]

OLDEST: Final = 15
"""The oldest PostgreSQL that we work with."""
ATTEMPTS: Final = 5
"""How often a transaction is tried before its failure is told."""
FIRST_PAUSE: Final = 0.02
PAUSE_GROWTH: Final = 4
GRACE: Final = 1.5
"""So many times as long as a statement may take, we listen to a server that should have stopped it by itself."""
BESIDE: Final = 2
"""Connections that are kept for who has one of the others."""
CLOSING: Final = 10.0
"""Seconds to wait for connections in use when the database is closed."""

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the server one process takes, and how long it waits.

    Attributes:
        connections: at most so many at once.
        statement: seconds that one statement may take.
        lock: seconds to wait for a lock that others hold.
        connection: seconds to wait for a connection.
    """

    connections: int = 8
    statement: float = 30.0
    lock: float = 5.0
    connection: float = 10.0

    def settings(self) -> dict[str, str]:
        """These limits, and what else we set, in PostgreSQL's names and milliseconds."""
        return {
            "application_name": "umbane",
            "statement_timeout": str(round(self.statement * 1000)),
            "lock_timeout": str(round(self.lock * 1000)),
            "idle_in_transaction_session_timeout": str(round(self.statement * 1000)),
            "timezone": "UTC",
            "jit": "off",  # it costs more than it gains on statements as short as ours
        }


DEFAULT_LIMITS: Final = Limits()


class Database:
    """An open database. `connected` and `open_database` make one.

    Attributes:
        place: where it is.
    """

    def __init__(self, place: Place, limits: Limits, chance: Callable[[], float]) -> None:
        self.place = place
        self._limits = limits
        self._chance = chance
        self._embedded = EmbeddedServer(place.directory) if isinstance(place, Embedded) else None
        self._pool: Pool[Record] | None = None
        self._beside: Pool[Record] | None = None

    async def run(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        isolation: Isolation = "read_committed",
        attempts: int = ATTEMPTS,
    ) -> T:
        """Do some work in one transaction, and answer what it answers.

        When transactions stand in each other's way, or the connection breaks before COMMIT is sent, the work is called
        again, so it must change nothing but the database. It never is after COMMIT was sent.

        Raises:
            OutcomeUnknownError: the connection broke after COMMIT was sent; look up by your own id what happened.
            DatabaseError: every other kind says that nothing was committed.
        """
        for attempt in range(attempts - 1):
            with suppress(ConflictError, ConnectionLostError, ServerMissingError):
                return await self._once(work, isolation)
            await asyncio.sleep(FIRST_PAUSE * PAUSE_GROWTH**attempt * (0.5 + self._chance()))
        return await self._once(work, isolation)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Give a connection that sees one unchanging state of the database and can't write."""
        async with self._connection(self._pool) as connection:
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            try:
                await transaction.start()
                yield connection
            except BaseException as error:
                await _roll_back(connection, transaction, error)
                if ours := in_words(error):
                    raise ours from error
                raise
            await _roll_back(connection, transaction)

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[Connection]:
        """Give a connection without a transaction: each statement is committed by itself.

        There are some for nothing else, so that who has a transaction open may wait for one. When it breaks, nobody
        knows whether the last statement was committed.
        """
        async with self._connection(self._beside) as connection:
            try:
                yield connection
            except BaseException as error:
                if ours := in_words(error):
                    raise ours from error
                raise

    async def _once(self, work: Callable[[Connection], Awaitable[T]], isolation: Isolation) -> T:
        """Try one transaction."""
        async with self._connection(self._pool) as connection:
            transaction = connection.transaction(isolation=isolation)
            try:
                await transaction.start()
                result = await work(connection)
            except BaseException as error:
                await _roll_back(connection, transaction, error)
                if ours := in_words(error):
                    raise ours from error
                raise
            try:
                await transaction.commit()
            except BaseException as error:
                _drop(connection)
                if ours := _at_commit(error):
                    raise ours from error
                raise
            return result

    @asynccontextmanager
    async def _connection(self, pool: "Pool[Record] | None") -> AsyncIterator[Connection]:
        """Give a connection of a pool."""
        if pool is None:
            raise DatabaseError("the database was closed", "open it again")
        try:
            connection = await pool.acquire(timeout=self._limits.connection)
        except TimeoutError as error:
            if pool.get_size() < pool.get_max_size():
                raise unreachable(error, str(self.place)) from error
            busy = f"all {pool.get_max_size()} connections were in use for {self._limits.connection:g} s"
            raise BusyError(busy, "try again when less is going on") from error
        except (OSError, *REPORTED) as error:
            raise unreachable(error, str(self.place)) from error
        try:
            yield connection
        finally:
            with suppress(OSError, *REPORTED):  # it broke just now: the pool drops it, and what was done is done
                await pool.release(connection)

    # ------------------------------------------------------------------------------------------------ open and close

    @property
    def url(self) -> str:
        """Where the database is, for PostgreSQL's own programs; it may hold a password."""
        return self.place.url if isinstance(self.place, Server) else own_url(self.place, self.place.role)

    async def role(self) -> str:
        """As whom we are here."""
        async with self.reading() as connection:
            name: str = await connection.fetchval("SELECT current_user")
            return name

    async def open(self) -> None:
        """Connect, and start our own server if that is where the database is.

        Raises:
            DatabaseError: the server is missing, too old, or doesn't let us in.
        """
        hush(asyncio.get_running_loop())
        if self._embedded:
            await asyncio.to_thread(self._embedded.start)
        self._pool = await self._pool_of(self._limits.connections)
        self._beside = await self._pool_of(BESIDE)
        async with self._connection(self._pool) as connection:
            check_server(connection.get_server_version().major, connection.get_settings().server_encoding)

    async def _pool_of(self, most: int) -> "Pool[Record]":
        """A pool of at most so many connections, each made when it is needed."""
        return await asyncpg.create_pool(min_size=0, max_size=most, connect=self._connect, reset=_reset)

    async def close(self, patience: float = CLOSING) -> None:
        """Close all connections, and stop our own server if nobody else needs it.

        Args:
            patience: seconds to wait for connections in use; then they are broken.
        """
        pools, self._pool, self._beside = [self._beside, self._pool], None, None
        for pool in filter(None, pools):
            try:
                await asyncio.wait_for(pool.close(), patience)
            except (OSError, *REPORTED):  # they are still in use, or the server went away just now
                pool.terminate()
        if self._embedded:
            await asyncio.to_thread(self._embedded.close)

    async def _connect(self, *_: object, **options: Any) -> "asyncpg.Connection[Record]":  # noqa: ANN401 - the pool's own
        """Make a connection for the pool; when our own server is gone or just starting, wait until it runs."""
        try:
            return await self._new_connection(options)
        except (OSError, asyncpg.CannotConnectNowError, EmbeddedError):
            if not self._embedded:
                raise
            await asyncio.to_thread(self._embedded.start)
        except asyncpg.InvalidAuthorizationSpecificationError:
            if isinstance(self.place, Server):
                raise
            await make_worker(self.place, self._limits.connection)
        return await self._new_connection(options)

    async def _new_connection(self, options: dict[str, Any]) -> "asyncpg.Connection[Record]":
        """Make a connection with our settings."""
        options |= {"server_settings": self._limits.settings(), "timeout": self._limits.connection}
        options |= {"command_timeout": self._limits.statement * GRACE}
        connection: asyncpg.Connection[Record] = await asyncpg.connect(self.url, **options)
        return connection


def own_url(place: Embedded, role: str) -> str:
    """Where the database of a server of our own is, for a role."""
    folder = EmbeddedServer(place.directory).socket_directory
    return f"postgresql://{role}@/{DATABASE}?host={quote(str(folder), safe='')}"


async def make_worker(place: Embedded, patience: float) -> None:
    """Make the role that works in a server of our own, which an older Umbane made without one."""
    connection: asyncpg.Connection[Record] = await asyncpg.connect(own_url(place, SUPERUSER), timeout=patience)
    try:
        with suppress(asyncpg.DuplicateObjectError):
            await connection.execute(f"CREATE ROLE {WORKER} LOGIN")
    finally:
        await connection.close()


def check_server(version: int, encoding: str) -> None:
    """Check that a server is one that we can work with.

    Raises:
        ServerTooOldError: it isn't.
        EncodingError: the database can't hold every name and address.
    """
    if version < OLDEST:
        raise ServerTooOldError(f"the server is PostgreSQL {version}", f"use PostgreSQL {OLDEST} or newer")
    if encoding != "UTF8":
        raise EncodingError(f"the database is encoded in {encoding}", "create one with ENCODING 'UTF8'")


@asynccontextmanager
async def connected(
    place: Place, limits: Limits = DEFAULT_LIMITS, chance: Callable[[], float] = random.random
) -> AsyncIterator[Database]:
    """Give the database at this place, whatever tables are in it.

    Args:
        place: where it is.
        limits: how much of the server to take.
        chance: a number from 0 to below 1 each time, by which pauses between tries are spread.

    Raises:
        DatabaseError: the server is missing, too old, or doesn't let us in.
    """
    database = Database(place, limits, chance)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


async def _reset(_: "asyncpg.Connection[Record]") -> None:
    """Make a connection ready for the next: none is given back in a transaction, so no round trip is spent on it."""


async def _roll_back(connection: Connection, transaction: "Transaction", error: BaseException | None = None) -> None:
    """Roll back what an error interrupted; where that can't be done drop the connection, and the server does it."""
    try:
        if error is None or not is_lost(error):
            await transaction.rollback()
            return
    except REPORTED:
        pass
    except BaseException:
        _drop(connection)
        raise
    _drop(connection)


def _drop(connection: Connection) -> None:
    """Close a connection without waiting for an answer."""
    with suppress(asyncpg.InterfaceError):  # the pool may have taken it back already
        connection.terminate()


def _at_commit(error: BaseException) -> DatabaseError | None:
    """The error of ours for a COMMIT that failed."""
    if is_lost(error) and not isinstance(error, asyncpg.InterfaceError):  # which says that it was never sent
        return OutcomeUnknownError(
            "the connection to the database broke while it was committing: it may have happened, or not",
            "look up by your own id what happened",
        )
    return in_words(error)
