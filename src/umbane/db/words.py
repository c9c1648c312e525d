"""What asyncpg and the operating system report, as errors of ours when it is about the database and not the data."""

import re
from typing import Final

import asyncpg

from umbane.db.errors import (
    AccessError,
    BusyError,
    ConflictError,
    ConnectionLostError,
    DamageError,
    DatabaseError,
    DatabaseMissingError,
    DiskFullError,
    ReadOnlyError,
    ServerMissingError,
)

__all__ = ["LOST", "REPORTED", "in_words", "is_lost", "unreachable"]

REPORTED: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)
"""What asyncpg raises for a statement that failed."""

LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)
"""What is raised when the server, or the way to it, went away."""

GONE: Final = re.compile("closed|released back to the pool")
"""What asyncpg says of the use of a connection that broke since it was last used."""

MEANINGS: Final[dict[str, tuple[type[DatabaseError], str, str]]] = {
    "40001": (ConflictError, "other transactions changed the same rows at the same time", "try again"),
    "40P01": (ConflictError, "two transactions waited for each other", "try again"),
    "55P03": (BusyError, "a lock that others hold didn't come free in time", "try again when less is going on"),
    "57014": (BusyError, "a statement took longer than it may", "try again when less is going on, or ask for less"),
    "53300": (BusyError, "the server has no connection free", "close others, or raise its max_connections"),
    "53200": (BusyError, "the server has no memory left", "try again when less is going on"),
    "53100": (DiskFullError, "the disk of the database server is full", "make room there; nothing was booked"),
    "53400": (DiskFullError, "the database server has reached a limit that was set", "look at its settings and quotas"),
    "25006": (ReadOnlyError, "the database takes no changes", "use the primary server, or let this one accept writes"),
    "58030": (DamageError, "the database server can't read or write its disk", "look at the disk and the server's log"),
    "XX001": (DamageError, "a page of the database is damaged", "stop selling, look at the disk, restore a backup"),
    "XX002": (DamageError, "an index of the database is damaged", "look at the disk; REINDEX, or restore a backup"),
}
"""The SQLSTATEs that speak of the database, and not of the data in it."""

AT_THE_DOOR: Final = MEANINGS | {
    "28P01": (AccessError, "the password is wrong", "put the right one into UMBANE_DATABASE_URL"),
    "28000": (
        AccessError,
        "the server doesn't let this role in",
        "look at the role in UMBANE_DATABASE_URL and at pg_hba.conf",
    ),
    "42501": (AccessError, "this role may not do that", "use the role that owns the database"),
    "3D000": (DatabaseMissingError, "the server has no database of that name", "create it, encoded in UTF8"),
}
"""The SQLSTATEs with which a server answers somebody who wants to come in."""


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the connection is gone."""
    return isinstance(error, LOST) or (isinstance(error, asyncpg.InterfaceError) and bool(GONE.search(str(error))))


def in_words(error: BaseException) -> DatabaseError | None:
    """The error of ours for what happened in a transaction, or None when it is about the data and stays what it is."""
    if isinstance(error, asyncpg.PostgresError) and (meaning := MEANINGS.get(error.sqlstate or "")):
        kind, problem, remedy = meaning
        return kind(f"{problem} ({error.sqlstate}: {error.args[0]})", remedy)
    if is_lost(error):
        return ConnectionLostError("the connection to the database broke, and nothing was committed", "try again")
    return None


def unreachable(error: BaseException, place: str) -> DatabaseError:
    """The error of ours for a connection that couldn't be made."""
    if isinstance(error, asyncpg.PostgresError) and (meaning := AT_THE_DOOR.get(error.sqlstate or "")):
        kind, problem, remedy = meaning
        return kind(f"{place}: {problem}", remedy)
    said = str(error) or type(error).__name__
    return ServerMissingError(f"{place} doesn't answer ({said})", "start it, or correct UMBANE_DATABASE_URL")
