"""PostgreSQL: a server of our own or any other, transactions, batches, migrations, jobs, backups.

`open_database` gives a `Database`; `Database.run` does work in one transaction and tries it again when transactions
stand in each other's way; `Database.reading` gives one unchanging state to read from. Statements work on whole sets:
a `Table` sends an array for each column.
"""

from umbane.db.backup import backup, restore
from umbane.db.batches import Change, Rows, Table, columns, write
from umbane.db.connection import Connection
from umbane.db.database import Database, Isolation, Limits, connected
from umbane.db.errors import DatabaseError, OutcomeUnknownError
from umbane.db.ids import new_ids, uuid7s, uuid_of
from umbane.db.jobs import Job, NewJob, Retries, enqueue
from umbane.db.place import Embedded, Place, Server, place_from
from umbane.db.schema import make_ready, migrate, open_database
from umbane.db.worker import GiveUp, Handlers, Worker, database_clock

__all__ = [
    "Change",
    "Connection",
    "Database",
    "DatabaseError",
    "Embedded",
    "GiveUp",
    "Handlers",
    "Isolation",
    "Job",
    "Limits",
    "NewJob",
    "OutcomeUnknownError",
    "Place",
    "Retries",
    "Rows",
    "Server",
    "Table",
    "Worker",
    "backup",
    "columns",
    "connected",
    "database_clock",
    "enqueue",
    "make_ready",
    "migrate",
    "new_ids",
    "open_database",
    "place_from",
    "restore",
    "uuid7s",
    "uuid_of",
    "write",
]
