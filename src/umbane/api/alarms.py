"""Alarms: what somebody did alone that takes several people, what modules warn of, what fails and what doesn't agree.

Each stays open until somebody has looked at it, and nobody answers one about themselves.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

import asyncpg
from msgspec import Meta

from umbane.api import wire
from umbane.api.bodies import words_of
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.lookups import cursor, id_from
from umbane.api.problems import ApiError
from umbane.api.rights import Right
from umbane.audit import Fact, append
from umbane.db import Connection, new_ids
from umbane.registry import Scope, utilities
from umbane.registry.changes import record

__all__ = ["OPERATIONS", "note_alone", "note_shared", "raise_alarm", "raise_everywhere", "warn_everywhere"]

LONGEST: Final = 200
RAISING: Final = """
INSERT INTO api.alarm (utility_id, id, at, kind, by, words, approval_id) VALUES ($1, $2, $3, $4, $5, $6, $7)"""
SELECTION: Final = """
SELECT a.id, a.at, a.kind, a.by, a.words, a.approval_id, o.name AS answered_by, w.at AS answered_at, w.words AS answer
FROM api.alarm a LEFT JOIN api.alarm_answer w ON w.utility_id = a.utility_id AND w.alarm_id = a.id
LEFT JOIN registry.operator o ON o.utility_id = w.utility_id AND o.id = w.operator_id
WHERE a.utility_id = $1"""
LISTING: Final = (
    SELECTION + " AND ($2::uuid IS NULL OR a.id > $2) AND (NOT $3 OR w.alarm_id IS NULL) ORDER BY a.id LIMIT $4"
)
ONE: Final = SELECTION + " AND a.id = $2"
ABLE: Final = """
SELECT count(DISTINCT person) > 1, now() FROM registry.operator
WHERE utility_id = $1 AND vendor_id IS NULL AND password_hash IS NOT NULL AND totp_secret IS NOT NULL"""
"""Whether two people of the utility's own could have done something together, or could before one was kept out."""
SHARED: Final = """
SELECT theirs.utility_id, theirs.sgc, u.code, now() FROM registry.supply_group ours
JOIN registry.utility u ON u.id = ours.utility_id
JOIN registry.supply_group theirs ON theirs.sgc = ours.sgc AND theirs.utility_id <> ours.utility_id
WHERE ours.utility_id = $1 AND theirs.realm = 'production' ORDER BY theirs.sgc, theirs.utility_id"""
"""Whose meters a utility could make tokens for."""
TURN: Final = "SELECT pg_advisory_xact_lock(1919247215)"
UNTOLD: Final = """
SELECT u.id FROM registry.utility u WHERE NOT EXISTS (
    SELECT FROM api.alarm a
    WHERE a.utility_id = u.id AND a.kind = $2 AND a.at > $1::timestamptz - interval '7 days'
        AND (a.words = $3 OR a.by = $4 AND starts_with(a.words, $5 || ': '))
) ORDER BY u.id"""
"""Whom to warn: once a week as long as it lasts [choice], and not again by another process of the same, nor because a
number in the words is another one now."""
ANSWERING: Final = """
INSERT INTO api.alarm_answer (utility_id, alarm_id, operator_id, words, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING true"""


class AlarmsQuery(wire.Asked, frozen=True):
    """Which alarms?"""

    cursor: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    open: Annotated[bool, Meta(description="only those that nobody has answered")] = False


class AnswerIn(wire.Asked, frozen=True):
    """What another person found."""

    answer: wire.Reason


class AlarmOut(wire.Told, frozen=True):
    """Something that was done without anybody who could have said no."""

    id: UUID
    at: datetime
    kind: Annotated[
        str, Meta(description="emergency; server: by a command; reconciliation; log; module; shared; chore")
    ]
    by: str
    words: str
    approval_id: UUID | None
    answered_by: str | None
    answered_at: datetime | None
    answer: str | None


class AlarmsPage(wire.Told, frozen=True):
    """A page of alarms, the oldest first."""

    items: list[AlarmOut]
    next_cursor: str | None


async def raise_alarm(  # noqa: PLR0913, PLR0917 - what, by whom, when, of which request
    tx: Connection, utility_id: UUID, kind: str, by: str, words: str, at: datetime, approval_id: UUID | None = None
) -> None:
    """Write down an alarm, in the transaction of what it is about."""
    await tx.execute(RAISING, utility_id, new_ids(1)[0], at, kind, by, words, approval_id)
    says = {"utility": str(utility_id), "alarm": kind, "by": by, "words": words}
    await append(tx, [Fact("alarm", at, says)])


async def raise_everywhere(tx: Connection, kind: str, by: str, words: str, at: datetime) -> None:
    """Write down an alarm of every house."""
    for it in await utilities(tx):
        await raise_alarm(tx, it.id, kind, by, words, at)


async def warn_everywhere(  # noqa: PLR0913, PLR0917 - of what kind, who and what says so, when
    tx: Connection, kind: str, by: str, code: str, says: str, at: datetime
) -> None:
    """Write down an alarm of every house that hasn't been warned of the same for a week.

    Args:
        tx: a transaction.
        kind: of alarm.
        by: who warns.
        code: by which the same is known again.
        says: what people are told of it.
        at: when.
    """
    await tx.execute(TURN)
    words = f"{code}: {says}"[:LONGEST]
    for row in await tx.fetch(UNTOLD, at, kind, words, by, code):
        await raise_alarm(tx, row["id"], kind, by, words, at)


async def note_alone(tx: Connection, scope: Scope, words: str) -> None:
    """Raise an alarm for what somebody is about to do alone at the server, if two people could do it together."""
    [[able, now]] = await tx.fetch(ABLE, scope.utility_id)
    if able:
        await raise_alarm(tx, scope.utility_id, "server", scope.by, words, now)


async def note_shared(tx: Connection, scope: Scope) -> None:
    """Raise an alarm in every other house whose supply groups this one has, too: it sells for the same meters."""
    for utility_id, sgc, code, now in await tx.fetch(SHARED, scope.utility_id):
        words = f"another utility, {code}, has the supply group {sgc:06}"
        await raise_alarm(tx, utility_id, "shared", f"utility:{code}", words, now)


async def alarms(desk: Desk, call: Call) -> Reply:
    """A page of them."""
    who, query = call.who, call.query
    after, most = id_from(query.cursor), query.limit + 1
    async with desk.database.reading() as connection:
        rows = await connection.fetch(LISTING, who.utility_id, after, query.open, most)
    items = [AlarmOut(**dict(row)) for row in rows[: query.limit]]
    following = cursor(items[-1].id.bytes) if len(rows) > query.limit else None
    return Reply(AlarmsPage(items, following))


async def answer(desk: Desk, call: Call) -> Reply:
    """Say that one has looked at it: somebody else than whoever it is about, once."""
    who, alarm_id, words = call.person, call.id("alarm_id"), words_of("answer", call.body.answer)

    async def work(tx: Connection) -> Reply:
        if await tx.fetchrow(ONE, who.utility_id, alarm_id) is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "unknown_alarm", "there is no such alarm", "look at the id")
        if not await tx.fetchval(ANSWERING, who.utility_id, alarm_id, who.id, words, desk.now()):
            detail = "somebody has answered this alarm"
            raise ApiError(HTTPStatus.CONFLICT, "already_decided", detail, "look at what they found")
        await record(tx, Scope(who.utility_id, who.name), "alarm.answer", [(alarm_id, {"answer": words})])
        [row] = await tx.fetch(ONE, who.utility_id, alarm_id)
        return Reply(AlarmOut(**dict(row)))

    try:
        return await desk.database.run(work)
    except asyncpg.RestrictViolationError as error:
        detail = "nobody answers an alarm about themselves"
        raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", detail, "let another person look at it") from error


OPERATIONS: Final = (
    Operation("alarms", "GET", "/v1/alarms", "What was done alone that takes several people", alarms,
        {200: AlarmsPage}, (Right.READ_ALARMS,), query=AlarmsQuery, problems=(422,)),
    Operation("answer_alarm", "POST", "/v1/alarms/{alarm_id}/answer", "Say that one has looked at it", answer,
        {200: AlarmOut}, (Right.ANSWER_ALARMS,), AnswerIn, problems=(404, 409, 422)),
)  # fmt: skip
