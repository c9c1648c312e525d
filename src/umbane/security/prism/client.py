"""A client of the interface: connections, a session that is signed in when it has to be, and what becomes of doubt.

A call that got no answer may have been done all the same. For those that make tokens the module is asked, by the id of
the message, whether it did; only if it doesn't say so either, the outcome is not known.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from uuid import uuid4

from umbane.security.errors import UnreachableError
from umbane.security.prism.connection import Connection, Link
from umbane.security.prism.errors import ApiError, PrismSettingError
from umbane.security.prism.messages import IssuedToken, NodeStatus, SessionOptions, SignedIn

__all__ = ["Credentials", "PrismClient"]

EXPIRED: Final = "EAuthentication.Token"
DOUBTFUL: Final = ("ESm", "EService")
"""Refusals after which a token may have been made."""
NOT_THERE: Final = "ECacheMiss"
SAYABLE: Final = re.compile(r"[\x20-\x7e]{1,55}")
PAUSE: Final = 60.0
"""Seconds before a sign-in that was refused is tried again: modules lock users out who are refused too often."""


class Credentials(NamedTuple):
    """Who signs in."""

    username: str
    password: str
    realm: str = "local"

    def __repr__(self) -> str:
        return f"Credentials({self.username!r})"

    def require_sayable(self) -> None:
        """Refuse what the interface can't say; what is wrong is named, never repeated.

        Raises:
            PrismSettingError: so it is.
        """
        for field, word in (("user", self.username), ("password", self.password)):
            if not SAYABLE.fullmatch(word):
                remedy = "the interface takes 1 to 55 letters, digits and signs of ASCII"
                raise PrismSettingError(field, "it can't be said to a module", remedy)


class PrismClient:
    """Calls to one module.

    Args:
        link: how it is reached.
        credentials: who signs in.
        connections: how many at one time.
        clock: seconds that only grow.

    Raises:
        PrismSettingError: the credentials can't be said, or certificates can't be used.
    """

    def __init__(
        self,
        link: Link,
        credentials: Credentials,
        connections: int = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        credentials.require_sayable()
        self.link, self.credentials, self.clock = link, credentials, clock
        self.refusal: tuple[float, ApiError] | None = None
        self.token, self.signing = "", asyncio.Lock()
        self.connections = [Connection(link) for _ in range(connections)]
        self.idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in self.connections:
            self.idle.put_nowait(connection)

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(connection.close() for connection in self.connections))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection that nobody else uses meanwhile."""
        connection = await self.idle.get()
        try:
            yield connection
        finally:
            self.idle.put_nowait(connection)

    # --------------------------------------------------------------------------------------------------------- calls

    async def ping(self, words: str) -> str:
        """Whether somebody is there who understands; no sign-in is needed.

        Raises:
            UnreachableError: nobody answered.
        """
        answer: str = await self.asked("ping", sleepMs=0, echo=words)
        return answer

    async def call(self, name: str, message_id: str, **arguments: object) -> Any:  # noqa: ANN401 - as the method says
        """Ask something, signed in; if the module doesn't know the session any more, sign in once more and ask again.

        Raises:
            ApiError: its refusal.
            UnreachableError: it didn't answer.
        """
        token = self.token or await self.signed_in("")
        try:
            return await self.asked(name, messageId=message_id, accessToken=token, **arguments)
        except ApiError as error:
            if error.code != EXPIRED:
                raise
        token = await self.signed_in(token)
        return await self.asked(name, messageId=message_id, accessToken=token, **arguments)

    async def asked(self, name: str, **arguments: object) -> Any:  # noqa: ANN401 - as the method says
        """Ask something over any connection."""
        async with self.connection() as connection:
            return await connection.call(name, **arguments)

    async def signed_in(self, old: str) -> str:
        """A session in the place of the old one; of many who need one, the first signs in.

        Raises:
            ApiError: the module refuses, or did a moment ago.
        """
        async with self.signing:
            if self.token == old:
                self.require_not_refused()
                try:
                    self.token = await self.new_session()
                except ApiError as error:
                    self.refusal = self.clock() + PAUSE, error
                    raise
            return self.token

    def require_not_refused(self) -> None:
        """Refuse to try what was refused a moment ago."""
        until, error = self.refusal or (0.0, None)
        if error is not None and self.clock() < until:
            raise ApiError(error.code, error.message)

    async def new_session(self) -> str:
        """Sign in."""
        username, password, realm = self.credentials
        options = SessionOptions()
        signed: SignedIn = await self.asked(
            "signInWithPassword", messageId=uuid4().hex, realm=realm, username=username, password=password,
            sessionOpts=options,
        )  # fmt: skip
        return signed.accessToken

    async def issued(self, name: str, message_id: str, **arguments: object) -> Sequence[IssuedToken]:
        """Have tokens made; when it isn't known whether they were, ask for them by the message's id.

        Raises:
            ApiError: a definite refusal: nothing was made.
            UnreachableError: the outcome is not known; ask ``fetched`` again later.
        """
        try:
            made: Sequence[IssuedToken] = await self.call(name, message_id, **arguments)
        except ApiError as error:
            if not error.code.startswith(DOUBTFUL):
                raise
            doubt = str(error)
        except UnreachableError as error:
            doubt = str(error)
        else:
            return made
        found = await self.fetched(message_id)
        if found is None:
            raise UnreachableError(f"it is not known whether tokens were made: {doubt}")
        return found

    async def fetched(self, message_id: str) -> Sequence[IssuedToken] | None:
        """What was made for a message; None if the module doesn't know it, or not any more.

        Raises:
            ApiError, UnreachableError: it can't say.
        """
        try:
            made: Sequence[IssuedToken] = await self.call("fetchTokenResult", uuid4().hex, reqMessageId=message_id)
        except ApiError as error:
            if error.code != NOT_THERE:
                raise
            return None
        return made

    async def nodes(self) -> Sequence[NodeStatus]:
        """What the module's parts say of themselves, with what somebody should see to.

        Raises:
            ApiError, UnreachableError: it can't say.
        """
        found: Sequence[NodeStatus] = await self.call("getStatus", uuid4().hex)
        return found
