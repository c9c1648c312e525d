"""What has to be done now and then, whoever asks for anything: proving, summing, settling, forgetting.

Several servers of one database take turns.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from umbane.api.keeping import Chore, jobs_chore, worker_for
from umbane.api.managing.proofs import Prover
from umbane.db import Connection, Database, database_clock
from umbane.db.jobs import forget
from umbane.ledger import sum_periods
from umbane.ledger.reading import utilities
from umbane.vending import Engine, resolve

__all__ = ["Tidied", "chores", "tidy_up"]

KEPT: Final = timedelta(days=30)
"""For so long jobs that were done, and sessions that are over, can be looked at."""
ANSWERS_KEPT: Final = timedelta(days=90)
"""For so long the same Idempotency-Key gets the same answer: longer than anybody tries again, and than any request for
the agreement of others is open. Messages of tills are never forgotten. [choice]"""
RATES_KEPT: Final = timedelta(hours=1)
AT_A_TIME: Final = 10_000
"""Rows that are forgotten in one round."""
PAUSE: Final = 600.0
"""Seconds between two rounds; the first comes after one pause, so that whoever starts a server waits for nothing."""
SETTLING: Final = 60.0
"""Seconds between two looks at what a module outside of this process left open."""
IDLE: Final = 1.0
"""Seconds between two looks at the queue."""

LOCK: Final = 1346720345
"""The advisory lock of whoever tidies up."""
TURN: Final = "SELECT pg_try_advisory_xact_lock($1)"
SESSIONS: Final = """
DELETE FROM api.session WHERE expires_at < now() - $1::interval OR ended_at < now() - $1::interval"""
ANSWERS: Final = """
DELETE FROM api.written USING (
    SELECT utility_id, caller_id, key FROM api.written WHERE at < now() - $1::interval ORDER BY at LIMIT $2
) AS old WHERE written.utility_id = old.utility_id AND written.caller_id = old.caller_id AND written.key = old.key"""
RATES: Final = "DELETE FROM api.rate WHERE free_at < now() - $1::interval"


class Tidied(NamedTuple):
    """What was forgotten: jobs that were done, sessions that are over, answers to what was written long ago."""

    jobs: int
    sessions: int
    answers: int


async def tidy_up(database: Database) -> Tidied | None:
    """Forget what nobody needs any more, and sum closed periods; None when another process does it just now.

    Dead jobs stay until somebody tries them again, and so does all that is booked, sold or decided.
    """
    now = await database_clock(database)()

    async def work(tx: Connection) -> Tidied | None:
        if not await tx.fetchval(TURN, LOCK):
            return None
        sessions = await tx.execute(SESSIONS, KEPT)
        answers = await tx.execute(ANSWERS, ANSWERS_KEPT, AT_A_TIME)
        await tx.execute(RATES, RATES_KEPT)
        return Tidied(await forget(tx, now - KEPT), number_in(sessions), number_in(answers))

    done = await database.run(work)
    if done is not None:
        async with database.reading() as connection:
            books = await utilities(connection)
        for utility in books:
            await sum_periods(database, utility)
    return done


def number_in(status: str) -> int:
    """How many rows a statement was about, as the database says it: "DELETE 7"."""
    return int(status.rpartition(" ")[2])


def chores(engine: Engine) -> list[Chore]:
    """To do what is asked of the books, to tidy up, and to settle what a module outside of this process left open."""
    database = engine.database

    async def tidy() -> bool:
        done = await tidy_up(database)
        return done is not None and done.answers == AT_A_TIME

    async def settle() -> None:
        await resolve(engine)

    found = [
        jobs_chore("prove and sum the books", worker_for("books", database, Prover(database).handlers()), IDLE),
        Chore("tidying", "forget what nobody needs any more", tidy, PAUSE),
    ]
    if engine.house.module.external:
        found.append(Chore("settling", "find out what the security module left open", settle, SETTLING))
    return found
