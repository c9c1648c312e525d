"""What an operator does with jobs: look at them, and try dead ones again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from asyncpg import Record

from umbane.db.connection import Connection
from umbane.db.errors import UnknownJobError

__all__ = ["JobState", "JobView", "dead_numbers", "job_counts", "look_up", "look_up_all", "try_again"]


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    DEAD = "dead"
    RETRIED = "retried"


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as an operator sees it.

    Attributes:
        number: which job.
        state: waiting, taken by a worker, done, dead, or dead and enqueued again.
        name: which handler does it.
        payload: what was enqueued.
        attempts: how often it was begun.
        enqueued_at: when it was enqueued.
        moment: when it comes due, when its lease ends, or when it was finished.
        worker: who has it, if anybody.
        problem: why the last attempt failed, if it did.
        retried_as: the number under which a dead job was enqueued again.
    """

    number: int
    state: JobState
    name: str
    payload: Mapping[str, Any]
    attempts: int
    enqueued_at: datetime
    moment: datetime
    worker: str | None
    problem: str | None
    retried_as: int | None


# A lease that has run out holds nobody: its job waits.
ALL: Final = """
SELECT id, CASE WHEN worker IS NULL OR due_at <= $1 THEN 'waiting' ELSE 'taken' END AS state,
       name, payload, attempts, enqueued_at, due_at AS moment, worker, problem, NULL::bigint AS retried_as
FROM db.job
UNION ALL
SELECT id, CASE WHEN done THEN 'done' WHEN retried_as IS NULL THEN 'dead' ELSE 'retried' END,
       name, payload, attempts, enqueued_at, finished_at, NULL, problem, retried_as
FROM db.job_outcome
"""

TRY_AGAIN: Final = """
WITH dead AS (
    SELECT *, nextval(pg_get_serial_sequence('db.job', 'id')) AS fresh
    FROM db.job_outcome WHERE id = ANY($1) AND NOT done AND retried_as IS NULL ORDER BY id FOR UPDATE),
again AS (
    INSERT INTO db.job (id, name, payload, enqueued_at, due_at) OVERRIDING SYSTEM VALUE
    SELECT fresh, name, payload, $2, $2 FROM dead)
UPDATE db.job_outcome SET retried_as = dead.fresh FROM dead WHERE job_outcome.id = dead.id
RETURNING job_outcome.id, dead.fresh
"""


async def look_up_all(  # noqa: PLR0913 - which, and how many
    connection: Connection,
    now: datetime,
    *,
    states: Sequence[JobState] = (),
    name: str | None = None,
    limit: int = 50,
    before: int | None = None,
    payload: Mapping[str, Any] | None = None,
) -> list[JobView]:
    """The newest jobs in these states (any, if none is given), of this name, before this number, with this payload."""
    rows = await connection.fetch(
        f"SELECT * FROM ({ALL}) AS job WHERE (state = ANY($2) OR cardinality($2::text[]) = 0)"  # noqa: S608 - our own words
        " AND (name = $3 OR $3 IS NULL) AND (id < $5 OR $5 IS NULL) AND payload @> $6 ORDER BY id DESC LIMIT $4",
        now,
        list(states),
        name,
        limit,
        before,
        json.dumps(dict(payload or {})),
    )
    return [_view(row) for row in rows]


async def look_up(connection: Connection, number: int, now: datetime) -> JobView:
    """One job.

    Raises:
        UnknownJobError: there is none of this number.
    """
    row = await connection.fetchrow(f"SELECT * FROM ({ALL}) AS job WHERE id = $2", now, number)  # noqa: S608 - our own words
    if row is None:
        raise UnknownJobError(f"there is no job {number}", "umbane jobs list shows those there are")
    return _view(row)


async def job_counts(connection: Connection, now: datetime) -> dict[JobState, int]:
    """How many jobs there are in each state."""
    rows = await connection.fetch(f"SELECT state, count(*) FROM ({ALL}) AS job GROUP BY state", now)  # noqa: S608 - our own words
    found = {row["state"]: row["count"] for row in rows}
    return {state: found.get(state, 0) for state in JobState}


async def dead_numbers(connection: Connection) -> list[int]:
    """The numbers of all jobs that are dead and weren't enqueued again."""
    return [
        row[0] for row in await connection.fetch("SELECT id FROM db.job_outcome WHERE NOT done AND retried_as IS NULL")
    ]


async def try_again(connection: Connection, numbers: Sequence[int], now: datetime) -> dict[int, int]:
    """Enqueue dead jobs again, as new ones; answer under which numbers.

    Raises:
        UnknownJobError: one of them isn't dead, or was enqueued again already; then none is enqueued, if the caller's
            transaction ends with this error as it should.
    """
    found = {row["id"]: row["fresh"] for row in await connection.fetch(TRY_AGAIN, numbers, now)}
    if strangers := sorted(set(numbers) - found.keys()):
        raise UnknownJobError(f"job {strangers[0]} isn't dead", "umbane jobs dead shows those that are")
    return found


def _view(row: Record) -> JobView:
    fields = dict(row)
    state, payload = JobState(fields.pop("state")), json.loads(fields.pop("payload"))
    return JobView(number=fields.pop("id"), state=state, payload=payload, **fields)
