"""What a module outside of this process is asked, committed before: so what became of it can be found out."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from umbane.db import Connection, Database, new_ids
from umbane.vending.plans import Asked
from umbane.vending.signatures import exact

__all__ = ["Intent", "Intents", "drop_intents", "open_intents"]

# Others see it at once, and nobody waits for the disk: should the database lose it, whoever starts next looks through
# the module's journal, which is on a disk before the module answers.
KEEPING: Final = """
WITH settled AS (DELETE FROM vending.intent WHERE id = ANY($6))
INSERT INTO vending.intent (id, module, at, requests, signatures)
SELECT $1, $2, $3, $4, $5 FROM set_config('synchronous_commit', 'off', true)"""
DROPPING: Final = "DELETE FROM vending.intent WHERE id = ANY($1)"
OPEN: Final = "SELECT id, at, requests, signatures FROM vending.intent WHERE module = $1 ORDER BY at, id"


class Intent(NamedTuple):
    """What a module is asked in one call.

    Attributes:
        id: of our own.
        at: the moment of the sales.
        requests: the ids under which it is asked.
        signatures: what each request says.
    """

    id: UUID
    at: datetime
    requests: list[UUID]
    signatures: list[str]


class Intents:
    """The intents of one engine.

    Attributes:
        database: where they are kept.
        module: by which number the books know the module.
        settled: those whose sales are booked. They go with the next one that is kept.
    """

    def __init__(self, database: Database, module: int) -> None:
        self.database = database
        self.module = module
        self.settled: set[UUID] = set()

    async def keep(self, asked: Sequence[Asked], at: datetime) -> UUID:
        """Commit what the module is going to be asked, beside whatever transaction is open; the id of the intent."""
        id_, settled = new_ids(1)[0], list(self.settled)
        row = id_, self.module, at, [it.id for it in asked], [exact(it) for it in asked]
        async with self.database.beside() as connection:
            await connection.execute(KEEPING, *row, settled)
        self.settled.difference_update(settled)
        return id_


async def open_intents(connection: Connection, module: int) -> list[Intent]:
    """What a module was asked and isn't settled, the oldest first."""
    return [Intent(*row) for row in await connection.fetch(OPEN, module)]


async def drop_intents(tx: Connection, ids: Collection[UUID]) -> None:
    """These are settled."""
    await tx.execute(DROPPING, list(ids))
