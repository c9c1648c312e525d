"""Signing in and out, one's own sessions and password, and whether anybody is at home."""

from http import HTTPStatus
from typing import Final

from msgspec import UNSET

from umbane.api import standing, wire
from umbane.api.desk import STRANGERS, Call, Desk, Operation, Reply
from umbane.api.people import Gate
from umbane.api.peoplewire import OwnSession, OwnSessions, PasswordIn
from umbane.api.problems import ApiError
from umbane.api.rights import Right, rights_of
from umbane.api.sessions import end_session, own_sessions

__all__ = ["OPERATIONS"]


async def sign_in(desk: Desk, call: Call) -> Reply:
    """Open a session."""
    gate = gate_of(desk)
    body: wire.SessionIn = call.body
    done = await gate.sign_in(body.utility, body.name, body.password, body.code, agent=call.agent)
    rights = sorted(rights_of(done.who))
    answer = wire.SessionOut(
        token=done.token, expires_at=done.expires_at, roles=sorted(done.who.roles), rights=[str(it) for it in rights]
    )
    return Reply(answer, HTTPStatus.CREATED)


async def sign_out(desk: Desk, call: Call) -> Reply:
    """End the session in which this is asked."""
    who = call.person
    session_id = who.session_id
    if session_id is not None:
        await desk.database.run(lambda tx: end_session(tx, who.utility_id, who.id, session_id, who.name))
    return Reply(wire.Health(status="ended"))


async def list_sessions(desk: Desk, call: Call) -> Reply:
    """The sessions of the person who asks."""
    who = call.person
    async with desk.database.reading() as connection:
        found = await own_sessions(connection, who.utility_id, who.id)
    items = [
        OwnSession(
            id=it.id, opened_at=it.opened_at, seen_at=it.seen_at, expires_at=it.expires_at, agent=it.agent,
            current=it.id == who.session_id,
        )
        for it in found
    ]  # fmt: skip
    return Reply(OwnSessions(items=items))


async def end_one(desk: Desk, call: Call) -> Reply:
    """End one of the sessions of the person who asks."""
    who, session_id = call.person, call.id("session_id")
    await desk.database.run(lambda tx: end_session(tx, who.utility_id, who.id, session_id, who.name))
    return Reply(wire.Health(status="ended"))


async def change_password(desk: Desk, call: Call) -> Reply:
    """Give the person who asks another password."""
    body: PasswordIn = call.body
    await gate_of(desk).change_password(call.person, body.present, body.new)
    return Reply(wire.Health(status="changed"))


async def health(_desk: Desk, _call: Call) -> Reply:
    """The process is alive."""
    return Reply(wire.Health(status="alive"))


async def readiness(desk: Desk, _call: Call) -> Reply:
    """Sales can be made: database and security module answer; what it warns of is told by codes."""
    async with desk.database.reading() as connection:
        await connection.fetchval("SELECT 1")
    await desk.engine.house.module.status()
    return Reply(wire.Health(status="ready", alerts=list(desk.alerts) or UNSET))


def gate_of(desk: Desk) -> Gate:
    """Where people sign in."""
    if desk.gate is None:
        detail = "people can't sign in here: the server was started without a seal key"
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "no_sign_in", detail, "start it with one")
    return desk.gate


ENDED: Final = {200: wire.Health}

OPERATIONS: Final = (
    Operation("sign_in", "POST", "/v1/sessions", "Sign in", sign_in, {201: wire.SessionOut}, body=wire.SessionIn,
        problems=(401, 429, 503), per_minute=STRANGERS),
    Operation("own_sessions", "GET", "/v1/sessions", "One's own sessions", list_sessions, {200: OwnSessions},
        (Right.OWN,)),
    Operation("sign_out", "DELETE", "/v1/sessions/current", "Sign out", sign_out, ENDED, (Right.OWN,),
        problems=(404,)),
    Operation("end_session", "DELETE", "/v1/sessions/{session_id}", "End one of one's own sessions", end_one, ENDED,
        (Right.OWN,), problems=(404, 422)),
    Operation("change_password", "PUT", "/v1/me/password", "Take another password", change_password, ENDED,
        (Right.OWN,), PasswordIn, problems=(422,)),
    Operation("health", "GET", "/health", "Whether the process is alive", health, {200: wire.Health}),
    Operation("readiness", "GET", "/ready", "Whether sales can be made", readiness, {200: wire.Health},
        problems=(429, 503), per_minute=STRANGERS),
    *standing.OPERATIONS,
)  # fmt: skip
