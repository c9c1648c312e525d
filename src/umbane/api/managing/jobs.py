"""The queue of jobs: what waits, what is dead and why; dead ones are tried again."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.lookups import cursor, no_cursor, place_from
from umbane.api.managing.paging import PageQuery
from umbane.api.managing.writing import once
from umbane.api.problems import ApiError
from umbane.api.rights import Caller, Right
from umbane.db import Connection
from umbane.db.desk import JobState, JobView, look_up, look_up_all, try_again
from umbane.db.errors import UnknownJobError
from umbane.errors import InputError
from umbane.registry import Scope, texts

__all__ = ["OPERATIONS"]

MOST_AT_ONCE: Final = 100
LARGEST_NUMBER: Final = 2**63 - 1
DIGITS: Final = len(str(LARGEST_NUMBER))

Number = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER)]


class JobsQuery(PageQuery, frozen=True):
    """Which jobs?"""

    state: Literal["waiting", "taken", "done", "dead", "retried"] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=60)] | None = None


class JobOut(wire.Told, frozen=True):
    """A job."""

    number: int
    state: str
    name: str
    payload: dict[str, Any]
    attempts: int
    enqueued_at: datetime
    moment: Annotated[datetime, Meta(description="when it comes due, when its lease ends, or when it was finished")]
    worker: str | None
    problem: str | None
    retried_as: int | None


class JobsPage(wire.Told, frozen=True):
    """A page of jobs, the newest first."""

    items: list[JobOut]
    next_cursor: str | None


class RetryIn(wire.Asked, frozen=True):
    """Which dead jobs are tried again."""

    numbers: Annotated[list[Number], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class Retried(wire.Told, frozen=True):
    """A dead job, and the one that it was enqueued again as."""

    number: int
    retried_as: int


class RetriesOut(wire.Told, frozen=True):
    """What was enqueued again."""

    items: list[Retried]


async def jobs(desk: Desk, call: Call) -> Reply:
    """A page of the utility's own."""
    who, query = call.who, call.query
    before = number_from(query.cursor)
    states = [JobState(query.state)] if query.state else []
    async with desk.database.reading() as connection:
        now = await connection.fetchval("SELECT clock_timestamp()")
        found = await look_up_all(
            connection,
            now,
            states=states,
            name=texts.clean_or_none("name", query.name),
            limit=query.limit + 1,
            before=before,
            payload=ours(who),
        )
    items = [job_out(it) for it in found[: query.limit]]
    following = cursor(items[-1].number.to_bytes(8)) if len(found) > query.limit else None
    return Reply(JobsPage(items, following))


async def one_job(desk: Desk, call: Call) -> Reply:
    """One of them."""
    text = call.path["job"]
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text) <= LARGEST_NUMBER):
        raise InputError("job", "that is no job's number", "give one as the list of jobs has it")
    async with desk.database.reading() as connection:
        now = await connection.fetchval("SELECT clock_timestamp()")
        try:
            return Reply(job_out(ours_only(call.who, await look_up(connection, int(text), now))))
        except UnknownJobError as error:
            raise unknown(error) from error


async def retry(desk: Desk, call: Call) -> Reply:
    """Try dead ones again, all or none."""
    numbers, who = sorted(set(call.body.numbers)), call.who

    async def work(tx: Connection, _scope: Scope) -> RetriesOut:
        now = await tx.fetchval("SELECT clock_timestamp()")
        for number in numbers:
            ours_only(who, await look_up(tx, number, now))
        found = await try_again(tx, numbers, now)
        return RetriesOut([Retried(old, new) for old, new in sorted(found.items())])

    try:
        return await once(desk, call, RetriesOut, work)
    except UnknownJobError as error:
        raise unknown(error) from error


def ours(who: Caller) -> dict[str, str]:
    """What the payload of a utility's own job holds."""
    return {"utility": str(who.utility_id)}


def ours_only(who: Caller, it: JobView) -> JobView:
    """A job of the utility's own.

    Raises:
        UnknownJobError: it is another's.
    """
    if it.payload.get("utility") != str(who.utility_id):
        raise UnknownJobError(f"there is no job {it.number}", "look at the list of jobs")
    return it


def unknown(error: UnknownJobError) -> ApiError:
    """There is none, or it isn't dead."""
    return ApiError(HTTPStatus.NOT_FOUND, "unknown_job", error.problem, "look at the list of jobs")


def number_from(text: str) -> int | None:
    """The job before which a page begins; None for the first page."""
    place = place_from(text)
    number = int.from_bytes(place[:9])
    if number > LARGEST_NUMBER:
        raise no_cursor()
    return number if place else None


def job_out(it: JobView) -> JobOut:
    """A job as it is answered."""
    return JobOut(
        it.number, it.state, it.name, dict(it.payload), it.attempts, it.enqueued_at, it.moment, it.worker, it.problem,
        it.retried_as,
    )  # fmt: skip


OPERATIONS: Final = (
    Operation("jobs", "GET", "/v1/jobs", "The utility's jobs, dead letters among them", jobs, {200: JobsPage},
        (Right.JOBS,), query=JobsQuery, problems=(422,)),
    Operation("job", "GET", "/v1/jobs/{job}", "A job", one_job, {200: JobOut}, (Right.JOBS,), problems=(404, 422)),
    Operation("retry_jobs", "POST", "/v1/jobs/retries", "Try dead jobs again", retry,
        {201: RetriesOut, 200: RetriesOut}, (Right.JOBS,), RetryIn, problems=(404, 409, 422), keyed=True),
)  # fmt: skip
