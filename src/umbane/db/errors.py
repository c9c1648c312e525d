"""What can go wrong between us and PostgreSQL, told in words for whoever can put it right.

::

    UmbaneError
    └── DatabaseError
        ├── ServerMissingError        nobody answers where the database should be
        ├── ServerTooOldError         the server is older than PostgreSQL 15
        ├── AccessError               wrong password, or a role that may not come in
        ├── DatabaseMissingError      the server has no database of that name
        ├── EncodingError             the database doesn't hold UTF-8
        ├── EmbeddedError             our own server can't be made, started or stopped
        │   └── ServerInUseError      others still use the server that was to be stopped
        ├── ReadOnlyError             a standby, or a server that was set to refuse writes
        ├── DiskFullError             the server has no room left
        ├── DamageError               the server read a page or an index that is not what was written
        ├── BusyError                 a lock, a free connection or an answer didn't come in time
        │   └── ConflictError         transactions stood in each other's way, however often they were tried again
        ├── ConnectionLostError       the connection broke; certainly nothing was committed
        ├── OutcomeUnknownError       the connection broke after COMMIT was sent: it may have happened
        ├── SchemaError
        │   ├── SchemaNewerError      the database was made by a newer Umbane
        │   ├── SchemaBehindError     migrations are waiting
        │   └── MigrationChangedError a migration isn't what it was when it was applied
        ├── UnknownJobError           there is no job, or no dead letter, of that number
        └── BackupError
            ├── NotABackupError       the file was never a backup of ours
            ├── BackupTruncatedError  the end of the file is missing
            ├── BackupAlteredError    the file isn't what was written
            ├── NotEmptyError         a backup is restored into an empty database only
            └── RestoreDiffersError   what was restored isn't what was backed up

Errors of the data itself (a key that is taken, a check that fails) are not here: they stay asyncpg's, because only the
room that sent the statement knows what they mean.
"""

from umbane.errors import UmbaneError

__all__ = [
    "AccessError",
    "BackupAlteredError",
    "BackupError",
    "BackupTruncatedError",
    "BusyError",
    "ConflictError",
    "ConnectionLostError",
    "DamageError",
    "DatabaseError",
    "DatabaseMissingError",
    "DiskFullError",
    "EmbeddedError",
    "EncodingError",
    "MigrationChangedError",
    "NotABackupError",
    "NotEmptyError",
    "OutcomeUnknownError",
    "ReadOnlyError",
    "RestoreDiffersError",
    "SchemaBehindError",
    "SchemaError",
    "SchemaNewerError",
    "ServerInUseError",
    "ServerMissingError",
    "ServerTooOldError",
    "UnknownJobError",
]


class DatabaseError(UmbaneError):
    """The database can't do what was asked.

    Attributes:
        problem: what is wrong.
        remedy: what would help.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


class ServerMissingError(DatabaseError):
    """Nobody answers where the database should be."""


class ServerTooOldError(DatabaseError):
    """The server is older than PostgreSQL 15."""


class AccessError(DatabaseError):
    """The server knows neither this role nor its password, or doesn't let it in."""


class DatabaseMissingError(DatabaseError):
    """The server has no database of that name."""


class EncodingError(DatabaseError):
    """The database holds text in another encoding than UTF-8."""


class EmbeddedError(DatabaseError):
    """Our own server can't be made, started or stopped."""


class ServerInUseError(EmbeddedError):
    """Others still use the server that was to be stopped."""


class ReadOnlyError(DatabaseError):
    """The server refuses to write: a standby, or one that was set so."""


class DiskFullError(DatabaseError):
    """The server has no room left for what was to be written."""


class DamageError(DatabaseError):
    """The server read a page or an index that is not what was once written."""


class BusyError(DatabaseError):
    """A lock, a free connection or an answer didn't come in time; nothing was committed."""


class ConflictError(BusyError):
    """Transactions stood in each other's way (deadlock, serialization); nothing was committed."""


class ConnectionLostError(DatabaseError):
    """The connection broke before COMMIT was sent: certainly nothing of this transaction was committed."""


class OutcomeUnknownError(DatabaseError):
    """The connection broke after COMMIT was sent: look up by your own id whether it happened; never just repeat it."""


class SchemaError(DatabaseError):
    """The tables in the database are not those that this Umbane works with."""


class SchemaNewerError(SchemaError):
    """A newer Umbane has changed this database, and there is no way back."""


class SchemaBehindError(SchemaError):
    """Migrations are waiting to be applied."""


class MigrationChangedError(SchemaError):
    """A migration isn't what it was when it was applied to this database."""


class UnknownJobError(DatabaseError):
    """There is no job, or no dead letter, of that number."""


class BackupError(DatabaseError):
    """A backup can't be made or restored."""


class NotABackupError(BackupError):
    """The file was never a backup of ours, or is one that only a newer Umbane reads."""


class BackupTruncatedError(BackupError):
    """The end of the file is missing."""


class BackupAlteredError(BackupError):
    """The file isn't what was once written."""


class NotEmptyError(BackupError):
    """The database to restore into isn't empty."""


class RestoreDiffersError(BackupError):
    """What was restored isn't what was backed up."""
