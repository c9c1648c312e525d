"""Jobs: what is to be done later, written down in the same transaction as its reason.

A job comes due, a worker takes it under a lease, and one row in `db.job_outcome` says what became of it. A worker that
dies leaves only a lease that runs out, and the job comes due again. So a job may be begun more than once, but what
became of it is written once. No NOTIFY wakes the workers, because it would make all commits wait for one another: they
look.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from umbane.db.batches import Table
from umbane.db.connection import Connection

__all__ = ["Failure", "Job", "NewJob", "Retries", "claim", "enqueue", "fail", "finish", "forget", "give_back"]

NEW: Final = Table(
    "db.job", {"name": "text", "payload": "jsonb", "due_at": "timestamptz"}, same={"enqueued_at": "timestamptz"}
)
FAILED: Final = Table("db.job", {"id": "bigint", "attempts": "integer", "problem": "text", "due_at": "timestamptz"})
LONGEST_PROBLEM: Final = 500
"""How many characters of a failure are kept."""

CLAIM: Final = """
WITH due AS (
    SELECT first.id FROM unnest($1::text[]) AS wanted(name) CROSS JOIN LATERAL (
        SELECT id FROM db.job WHERE job.name = wanted.name AND due_at <= $2
        ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) AS first)
UPDATE db.job SET attempts = attempts + 1, worker = $4, due_at = $5 FROM due WHERE job.id = due.id
RETURNING job.id, name, payload, attempts, enqueued_at
"""

# A lease is held by whoever made the last attempt: that number tells one holder from the next.
FINISH: Final = """
WITH finished AS (
    DELETE FROM db.job USING unnest($1::bigint[], $2::integer[]) AS held(id, attempts)
    WHERE job.id = held.id AND job.attempts = held.attempts RETURNING job.*)
INSERT INTO db.job_outcome (id, name, payload, enqueued_at, finished_at, attempts, done)
SELECT id, name, payload, enqueued_at, $3, attempts, true FROM finished RETURNING id
"""

BURY: Final = f"""
WITH dead AS (
    DELETE FROM db.job USING {FAILED.rows}
    WHERE job.id = new.id AND job.attempts = new.attempts AND new.due_at IS NULL RETURNING job.*, new.problem AS reason)
INSERT INTO db.job_outcome (id, name, payload, enqueued_at, finished_at, attempts, done, problem)
SELECT id, name, payload, enqueued_at, $5, attempts, false, reason FROM dead
"""  # noqa: S608 - names from our code

POSTPONE: Final = f"""
UPDATE db.job SET due_at = new.due_at, worker = NULL, problem = new.problem FROM {FAILED.rows}
WHERE job.id = new.id AND job.attempts = new.attempts AND new.due_at IS NOT NULL
"""  # noqa: S608 - names from our code


@dataclass(frozen=True, slots=True)
class NewJob:
    """Something to be done later.

    Attributes:
        name: which handler does it, such as "sms.receipt".
        payload: what the handler needs, as JSON. It is kept and shown to operators: no keys and no digits of tokens.
        due_at: not before then; at once unless given.
    """

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a worker has taken.

    Attributes:
        number: which job.
        name: which handler does it.
        payload: what was enqueued.
        attempts: which attempt this is; the first is 1.
        enqueued_at: when it was enqueued.
    """

    number: int
    name: str
    payload: Mapping[str, Any]
    attempts: int
    enqueued_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed.

    Attributes:
        job: which one.
        problem: why.
        hopeless: no other attempt can succeed.
    """

    job: Job
    problem: str
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a job is tried, and how long to wait in between.

    Attributes:
        attempts: how often in all.
        first: the pause after the first failure; each is twice the one before.
        longest: no pause is longer.
    """

    attempts: int = 10
    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)

    def pause(self, attempts: int, chance: float) -> timedelta | None:
        """How long to wait after so many failed attempts, or None when it is enough.

        Args:
            attempts: at least 1.
            chance: from 0 to below 1; it spreads the pause from half to one and a half.
        """
        if attempts >= self.attempts:
            return None
        longest = self.longest / self.first
        return self.first * min(2.0 ** min(attempts - 1, 60), longest) * (0.5 + chance)


async def enqueue(connection: Connection, jobs: Sequence[NewJob], now: datetime) -> list[int]:
    """Write down jobs, in the caller's own transaction: they exist if and only if it commits.

    Args:
        connection: the transaction that is the reason for the jobs.
        jobs: as many as you like, in one statement.
        now: when this is.

    Returns:
        the number of each job.
    """
    rows = await connection.fetch(
        f"{NEW.insertion} RETURNING id",
        [job.name for job in jobs],
        [json.dumps(job.payload) for job in jobs],
        [job.due_at or now for job in jobs],
        now,
    )
    return [row[0] for row in rows]


async def claim(  # noqa: PLR0913 - who takes what, how many, when, and for how long
    connection: Connection, names: Sequence[str], *, worker: str, limit: int, now: datetime, lease: timedelta
) -> list[Job]:
    """Take jobs that are due, the longest waiting first, so that no other worker takes them while the lease lasts.

    Args:
        connection: a transaction; the jobs are taken when it commits.
        names: which jobs.
        worker: who takes them.
        limit: at most so many of each name.
        now: when this is.
        lease: for how long; then they come due again, unless they are finished.
    """
    rows = await connection.fetch(CLAIM, names, now, limit, worker, now + lease)
    return [Job(number, name, json.loads(payload), tried, since) for number, name, payload, tried, since in rows]


async def finish(connection: Connection, jobs: Sequence[Job], now: datetime) -> set[int]:
    """Write down that jobs are done; answer the numbers of those whose lease was still held.

    The others were taken by another worker since, and what becomes of them is for that one to say.
    """
    held = [job.number for job in jobs], [job.attempts for job in jobs]
    return {row[0] for row in await connection.fetch(FINISH, *held, now)}


async def fail(
    connection: Connection, failures: Sequence[Failure], retries: Retries, chances: Sequence[float], now: datetime
) -> None:
    """Write down failed attempts: each job comes due again after a pause, or is dead after its last.

    Args:
        connection: a transaction.
        failures: what failed; one whose lease isn't held any more is passed over.
        retries: how often to try, and how long to wait.
        chances: a number from 0 to below 1 for each, which spreads the pauses.
        now: when this is.
    """
    pauses = [
        None if it.hopeless else retries.pause(it.job.attempts, chance)
        for it, chance in zip(failures, chances, strict=True)
    ]
    rows = (
        [it.job.number for it in failures],
        [it.job.attempts for it in failures],
        [it.problem[:LONGEST_PROBLEM] for it in failures],
        [None if pause is None else now + pause for pause in pauses],
    )
    await connection.execute(POSTPONE, *rows)
    await connection.execute(BURY, *rows, now)


async def give_back(connection: Connection, jobs: Sequence[Job], now: datetime) -> None:
    """Let jobs that somebody took come due at once, unless they are finished; it was an attempt all the same."""
    numbers, attempts = [job.number for job in jobs], [job.attempts for job in jobs]
    await connection.execute(POSTPONE, numbers, attempts, ["whoever had it was stopped"] * len(jobs), [now] * len(jobs))


async def forget(connection: Connection, before: datetime) -> int:
    """Forget jobs that were done before a moment, and answer how many; dead ones are kept."""
    done = await connection.execute("DELETE FROM db.job_outcome WHERE done AND finished_at < $1", before)
    return int(done.rpartition(" ")[2])
