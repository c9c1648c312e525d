"""Who is let in: programs by their API keys, people by the session that they signed in for.

A key is remembered for a moment, because a till uses it many times a second. A session never is: whoever signs out has
signed out of every process.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from umbane.api.problems import ApiError
from umbane.api.rates import Rates
from umbane.api.rights import FOR_PEOPLE, Caller, Right
from umbane.api.sessions import PREFIX as SESSION_PREFIX
from umbane.api.sessions import caller_of_session
from umbane.db import Database
from umbane.registry import ApiKey, NotFoundError, api_key_by_secret

__all__ = ["Doorkeeper"]

SCHEME: Final = "bearer "
LONGEST: Final = 200
"""Characters of what somebody shows; nothing that we gave is longer."""
REMEMBERED: Final = 5.0
"""Seconds for which a key is known without asking the database; after a revocation it lets in no longer than that."""
MOST: Final = 50_000

Finder = Callable[[Database, str], Awaitable[Caller]]


class Doorkeeper:
    """Finds out who calls. What somebody shows is remembered by its hash only."""

    def __init__(self, database: Database, rates: Rates, clock: Callable[[], float]) -> None:
        self.database = database
        self.rates = rates
        self.clock = clock
        self.known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def who(self, header: str | None) -> Caller:
        """Who shows this.

        Raises:
            ApiError: nobody knows them.
        """
        if not header or not header[: len(SCHEME)].lower() == SCHEME:
            raise stranger("nothing is shown that lets anybody in")
        return await self.caller(header[len(SCHEME) :].strip())

    async def let_in(self, caller: Caller, rights: tuple[Right, ...]) -> None:
        """Let somebody in who has one of these rights.

        Raises:
            ApiError: they may not do this, or ask too often.
        """
        await self.rates.require(caller.id, caller.limits.requests_per_minute)
        if not caller.rights.intersection(rights):
            needed = " or ".join(rights)
            raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", "that is not for everybody", f"it takes: {needed}")

    async def caller(self, secret: str) -> Caller:
        """Who shows this secret."""
        if len(secret) > LONGEST or not secret.isascii():
            raise stranger("that is nothing we gave to anybody")
        if secret.startswith(SESSION_PREFIX):
            return await find(self.database, secret)
        hashed, now = sha256(secret.encode()).digest(), self.clock()
        until, caller = self.known.get(hashed, (0.0, None))
        if caller is None or until < now:
            caller = await find(self.database, secret)
            self.known[hashed] = now + REMEMBERED, caller
            self.known.move_to_end(hashed)
            if len(self.known) > MOST:
                self.known.popitem(last=False)
        return caller


async def find(database: Database, secret: str) -> Caller:
    """Who shows this secret, as the database knows it."""
    try:
        if secret.startswith(SESSION_PREFIX):
            return await caller_of_session(database, secret)
        async with database.reading() as connection:
            return caller_of_key(await api_key_by_secret(connection, secret))
    except NotFoundError as error:
        raise stranger("that lets nobody in, or not any more") from error


def caller_of_key(key: ApiKey) -> Caller:
    """The caller that a program with this key is. A scope that isn't a right of this version gives none."""
    rights = frozenset(Right(scope) for scope in key.scopes if scope in set(Right)) - FOR_PEOPLE
    return Caller(key.id, f"api:{key.label}", key.utility_id, rights, key.vendor_id, key.terminal_id, key.limits)


def stranger(detail: str) -> ApiError:
    """Nobody knows who that is."""
    remedy = "show an API key or a session: Authorization: Bearer ..."
    return ApiError(HTTPStatus.UNAUTHORIZED, "not_let_in", detail, remedy)
