"""Signing in and out, and whether anybody is at home."""

from http import HTTPStatus
from typing import Final

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.problems import ApiError
from umbane.api.rights import RIGHTS_OF
from umbane.registry import Role

__all__ = ["OPERATIONS"]

SIGN_INS: Final = 60
"""Tries a minute from one address."""


async def sign_in(desk: Desk, call: Call) -> Reply:
    """Open a session."""
    if desk.gate is None:
        detail = "people can't sign in here: the server was started without a seal key"
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "no_sign_in", detail, "start it with one")
    desk.rates.require(("sign-in", call.agent), SIGN_INS)
    body: wire.SessionIn = call.body
    session = await desk.gate.sign_in(body.utility, body.name, body.password, body.code)
    rights = sorted(set().union(*(RIGHTS_OF[Role(role)] for role in session.roles)))
    answer = wire.SessionOut(
        token=session.token, expires_at=session.expires_at, roles=list(session.roles), rights=[str(it) for it in rights]
    )
    return Reply(answer, HTTPStatus.CREATED)


async def health(_desk: Desk, _call: Call) -> Reply:
    """The process is alive."""
    return Reply(wire.Health(status="alive"))


async def readiness(desk: Desk, _call: Call) -> Reply:
    """Sales can be made: the database answers, and the security module counts."""
    async with desk.database.reading() as connection:
        await connection.fetchval("SELECT 1")
    await desk.engine.house.module.status()
    return Reply(wire.Health(status="ready"))


OPERATIONS: Final = (
    Operation("sign_in", "POST", "/v1/sessions", "Sign in", sign_in, {201: wire.SessionOut}, body=wire.SessionIn,
        problems=(401, 429, 503)),
    Operation("health", "GET", "/health", "Whether the process is alive", health, {200: wire.Health}),
    Operation("readiness", "GET", "/ready", "Whether sales can be made", readiness, {200: wire.Health},
        problems=(503,)),
)  # fmt: skip
