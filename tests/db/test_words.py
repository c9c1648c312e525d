"""What PostgreSQL and asyncpg report, in our words: each kind on its own, as they raise it."""

import asyncpg
import pytest

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
from umbane.db.words import in_words, is_lost, unreachable

ABOUT_THE_DATABASE = [
    (asyncpg.SerializationError, ConflictError),
    (asyncpg.DeadlockDetectedError, ConflictError),
    (asyncpg.LockNotAvailableError, BusyError),
    (asyncpg.QueryCanceledError, BusyError),
    (asyncpg.TooManyConnectionsError, BusyError),
    (asyncpg.OutOfMemoryError, BusyError),
    (asyncpg.DiskFullError, DiskFullError),
    (asyncpg.ConfigurationLimitExceededError, DiskFullError),
    (asyncpg.ReadOnlySQLTransactionError, ReadOnlyError),
    (asyncpg.PostgresIOError, DamageError),
    (asyncpg.DataCorruptedError, DamageError),
    (asyncpg.IndexCorruptedError, DamageError),
    (asyncpg.ConnectionDoesNotExistError, ConnectionLostError),
    (asyncpg.ConnectionFailureError, ConnectionLostError),
    (asyncpg.AdminShutdownError, ConnectionLostError),
    (asyncpg.CrashShutdownError, ConnectionLostError),
    (asyncpg.CannotConnectNowError, ConnectionLostError),
    (asyncpg.IdleInTransactionSessionTimeoutError, ConnectionLostError),
    (ConnectionResetError, ConnectionLostError),
    (BrokenPipeError, ConnectionLostError),
    (TimeoutError, ConnectionLostError),
]

ABOUT_THE_DATA = [
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.CheckViolationError,
    asyncpg.NotNullViolationError,
    asyncpg.RaiseError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedTableError,
    asyncpg.DataError,
    ValueError,
    OSError,
    KeyError,
]


@pytest.mark.parametrize(("reported", "ours"), ABOUT_THE_DATABASE)
def test_about_the_database(reported: type[Exception], ours: type[DatabaseError]) -> None:
    """What speaks of the database becomes an error of ours of exactly one kind."""
    assert type(in_words(reported("as reported"))) is ours


@pytest.mark.parametrize("reported", ABOUT_THE_DATA)
def test_about_the_data(reported: type[Exception]) -> None:
    """What speaks of the data, or is a bug, isn't translated."""
    assert in_words(reported("as reported")) is None


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InterfaceError("cannot call execute(): connection has been released back to the pool"), True),
        (asyncpg.InterfaceError("another operation is in progress"), False),
        (asyncpg.UniqueViolationError("taken"), False),
    ],
)
def test_when_a_connection_is_lost(error: Exception, *, lost: bool) -> None:
    """Of asyncpg's complaints about its use, only that about a closed connection says that it is lost."""
    assert is_lost(error) is lost


def test_what_postgresql_said_is_kept() -> None:
    """An error of ours repeats PostgreSQL's code and words, and adds what would help."""
    error = in_words(asyncpg.DiskFullError("could not extend file"))
    assert str(error) == (
        "the disk of the database server is full (53100: could not extend file); make room there; nothing was booked"
    )


@pytest.mark.parametrize(
    ("reported", "ours", "words"),
    [
        (asyncpg.InvalidPasswordError("no"), AccessError, "the password is wrong"),
        (asyncpg.InvalidAuthorizationSpecificationError("no"), AccessError, "doesn't let this role in"),
        (asyncpg.InsufficientPrivilegeError("no"), AccessError, "this role may not"),
        (asyncpg.InvalidCatalogNameError("no"), DatabaseMissingError, "no database of that name"),
        (asyncpg.TooManyConnectionsError("no"), BusyError, "no connection free"),
        (asyncpg.CannotConnectNowError("starting up"), ServerMissingError, "doesn't answer (starting up)"),
        (ConnectionRefusedError("refused"), ServerMissingError, "doesn't answer (refused)"),
        (TimeoutError(), ServerMissingError, "doesn't answer (TimeoutError)"),
        (OSError("no route"), ServerMissingError, "doesn't answer (no route)"),
    ],
)
def test_at_the_door(reported: Exception, ours: type[DatabaseError], words: str) -> None:
    """What keeps us from connecting becomes an error of ours that names the place."""
    error = unreachable(reported, "the database 'x' at there")
    assert type(error) is ours
    assert words in str(error)
    assert str(error).startswith("the database 'x' at there")
