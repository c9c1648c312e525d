"""Sessions of people: opened at the gate, known by a token of which only a hash is kept, ended in four ways.

Somebody signs out; nobody used it for a while; its time is over; or the operator was blocked or given another password.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from umbane.api.rights import Caller, rights_of
from umbane.audit import Fact, append
from umbane.db import Connection, Database
from umbane.registry import NotFoundError, Operator, Scope, operator
from umbane.vending import Staff

__all__ = ["PREFIX", "Session", "caller_of_session", "end_session", "end_sessions", "open_session", "own_sessions"]

PREFIX: Final = "ums_"
SESSION: Final = timedelta(hours=8)
"""A shift; then one signs in again."""
IDLE: Final = timedelta(minutes=30)
"""Whoever doesn't come back from the break has left. [choice]"""
SECRET_BYTES: Final = 32

OPENING: Final = """
INSERT INTO api.session (hash, id, utility_id, operator_id, opened_at, seen_at, expires_at, agent)
VALUES ($1, gen_random_uuid(), $2, $3, now(), now(), now() + $4, $5) RETURNING id, opened_at, expires_at"""
OPEN: Final = "ended_at IS NULL AND expires_at > now() AND seen_at > now() - $1::interval"
FINDING: Final = f"""
SELECT id, utility_id, operator_id, seen_at < now() - interval '1 minute' AS was_long_ago
FROM api.session WHERE hash = $2 AND {OPEN}"""  # noqa: S608 - our words
SEEING: Final = "UPDATE api.session SET seen_at = now() WHERE id = $1 AND ended_at IS NULL"
LISTING: Final = f"""
SELECT id, opened_at, seen_at, least(expires_at, seen_at + $1) AS expires_at, agent
FROM api.session WHERE utility_id = $2 AND operator_id = $3 AND {OPEN} ORDER BY opened_at, id"""  # noqa: S608 - our words
ENDING: Final = f"""
UPDATE api.session SET ended_at = now(), ended_by = $5
WHERE utility_id = $2 AND operator_id = $3 AND id = $4 AND {OPEN} RETURNING ended_at"""  # noqa: S608 - our words
ENDING_ALL: Final = """
UPDATE api.session SET ended_at = now(), ended_by = $3
WHERE utility_id = $1 AND operator_id = $2 AND ended_at IS NULL AND expires_at > now() AND id IS DISTINCT FROM $4
RETURNING id, ended_at"""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in.

    Attributes:
        id: ours.
        opened_at, seen_at: since when, and when it was last used, to the minute.
        expires_at: until when, if nobody uses it from now on.
        agent: from which address it was opened.
    """

    id: UUID
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str


async def open_session(tx: Connection, utility_id: UUID, operator_id: UUID, agent: str) -> tuple[str, datetime]:
    """Open a session; answer its token, which nobody can show again, and until when it is at the longest."""
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    [(id_, since, until)] = await tx.fetch(OPENING, hashed(token), utility_id, operator_id, SESSION, agent)
    says = {"utility": str(utility_id), "operator": str(operator_id), "session": str(id_)}
    await append(tx, [Fact("sign_in", since, says)])
    return token, until


async def caller_of_session(database: Database, token: str) -> Caller:
    """Who signed in for this session.

    Raises:
        NotFoundError: it is none, it has ended, or the operator was blocked meanwhile.
    """
    async with database.reading() as connection:
        row = await connection.fetchrow(FINDING, IDLE, hashed(token))
        who = await operator(connection, row["utility_id"], row["operator_id"]) if row else None
    if row is None or who is None or who.blocked:
        raise NotFoundError("session", "like this one")
    if row["was_long_ago"]:
        await database.run(lambda tx: tx.execute(SEEING, row["id"]))
    return caller_from(who, row["utility_id"], row["id"])


def caller_from(who: Operator, utility_id: UUID, session_id: UUID) -> Caller:
    """The caller that an operator is."""
    rights, staff = rights_of(who), Staff(who.name, who.roles)
    return Caller(
        who.id, f"operator:{who.name}", utility_id, rights, who.vendor_id, staff=staff, session_id=session_id,
        person=who.person,
    )  # fmt: skip


async def own_sessions(connection: Connection, utility_id: UUID, operator_id: UUID) -> list[Session]:
    """The open sessions of an operator, the oldest first."""
    return [Session(**dict(row)) for row in await connection.fetch(LISTING, IDLE, utility_id, operator_id)]


async def end_session(tx: Connection, utility_id: UUID, operator_id: UUID, session_id: UUID, by: str) -> None:
    """End a session.

    Raises:
        NotFoundError: the operator has no open session of this id.
    """
    at: datetime | None = await tx.fetchval(ENDING, IDLE, utility_id, operator_id, session_id, by)
    if at is None:
        raise NotFoundError("session", session_id)
    await append(tx, [ended(utility_id, session_id, by, at)])


async def end_sessions(tx: Connection, scope: Scope, operator_id: UUID, *, but: UUID | None = None) -> int:
    """End all open sessions of an operator, but perhaps one; answer how many there were."""
    found = await tx.fetch(ENDING_ALL, scope.utility_id, operator_id, scope.by, but)
    await append(tx, [ended(scope.utility_id, it["id"], scope.by, it["ended_at"]) for it in found])
    return len(found)


def ended(utility_id: UUID, session_id: UUID, by: str, at: datetime) -> Fact:
    """The end of a session, as the log has it."""
    return Fact("sign_out", at, {"utility": str(utility_id), "session": str(session_id), "by": by})


def hashed(token: str) -> bytes:
    """What is kept of a token: 256 random bits need no salt and no slowness."""
    return sha256(token.encode()).digest()
