"""How often somebody may guess: counted by name in the database, so that it holds for all processes together.

A name that nobody has is counted like any other, so the answers don't say which names there are. Each name has a count
of its own: whoever keeps failing makes nobody wait but those who use the same name.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from math import ceil
from typing import Final

from umbane.api.problems import ApiError
from umbane.db import Connection, Database

__all__ = ["count_attempt", "forget_attempts", "key_of"]

PATIENCE: Final = 5
"""Failures in a row that are forgiven; from then on each next try has to wait, twice as long each time."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
"""Long enough against guessing; whoever is guessed at gets in again soon. [choice]"""
MOST_DOUBLINGS: Final = 10
FORGOTTEN: Final = timedelta(days=1)
AT_A_TIME: Final = 10
"""Forgotten names that are cleared away with each try."""

TRYING: Final = """
INSERT INTO api.attempt AS it (name, failures, not_before, at) VALUES ($1, 1, $2, $2)
ON CONFLICT (name) DO UPDATE SET failures = CASE WHEN it.at < $3 THEN 1 ELSE it.failures + 1 END, at = $2
WHERE it.not_before <= $2 RETURNING failures"""
WAITING: Final = "UPDATE api.attempt SET not_before = $2 WHERE name = $1"
UNTIL: Final = "SELECT not_before FROM api.attempt WHERE name = $1"
FORGETTING: Final = "DELETE FROM api.attempt WHERE name = $1"
CLEARING: Final = """
DELETE FROM api.attempt WHERE name IN (
    SELECT name FROM api.attempt WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)"""


def key_of(utility: str, name: str) -> bytes:
    """By what the attempts under a name are counted."""
    return sha256(f"{utility}\0{name}".encode("utf-8", "surrogatepass")).digest()


async def count_attempt(database: Database, key: bytes, now: datetime) -> None:
    """Count a try before it is made, so that many at once are counted too.

    Raises:
        ApiError: there were so many failures that this one has to wait.
    """

    async def work(tx: Connection) -> datetime | None:
        await tx.execute(CLEARING, now - FORGOTTEN, AT_A_TIME)
        failures: int | None = await tx.fetchval(TRYING, key, now, now - FORGOTTEN)
        if failures is None:
            until: datetime | None = await tx.fetchval(UNTIL, key)
            return until
        if failures > PATIENCE:
            wait = FIRST_WAIT * 2 ** min(failures - PATIENCE - 1, MOST_DOUBLINGS)
            await tx.execute(WAITING, key, now + min(wait, LONGEST_WAIT))
        return None

    if (until := await database.run(work)) is not None:
        wait = max(ceil((until - now).total_seconds()), 1)
        detail = "there were too many failures in a row"
        raise ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_failures", detail, "wait", retry_after=wait)


async def forget_attempts(tx: Connection, key: bytes) -> None:
    """Somebody got it right, or was given another password."""
    await tx.execute(FORGETTING, key)
