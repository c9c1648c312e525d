"""People sign in with a name, a password (Argon2id) and the code of a second factor (TOTP, RFC 6238)."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

from umbane.api.accounts import set_password
from umbane.api.attempts import count_attempt, forget_attempts, key_of
from umbane.api.passwords import NOBODY, hash_password, require_good, verified
from umbane.api.problems import ApiError
from umbane.api.rights import Caller
from umbane.api.secondfactor import matching_step, seal, unseal
from umbane.api.sessions import open_session
from umbane.db import Connection, Database
from umbane.registry import NotFoundError, Operator, Scope, operator, operator_by_name, utility
from umbane.registry import utility_by_code as utility_of

__all__ = ["Gate", "SignedIn"]

AT_ONCE: Final = 2
"""Passwords that are checked at the same time: each takes 64 MiB and a processor."""
MOST_WAITING: Final = 50
"""Passwords that wait; whoever comes later is told at once that it is too much."""
NOWHERE: Final = UUID(int=0)
"""The id of no utility."""
NO_SECRET: Final = bytes(20)
"""Looked at when there is no other, so that it takes as long."""

DONE: Final = """
INSERT INTO api.sign_in AS it (utility_id, operator_id, last_step) VALUES ($1, $2, $3)
ON CONFLICT (utility_id, operator_id) DO UPDATE SET last_step = $3 WHERE it.last_step < $3 RETURNING true"""

Verify = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody has signed in.

    Attributes:
        token: of the session, shown once; what is kept of it is a hash.
        expires_at: until when at the longest.
        who: has signed in.
    """

    token: str
    expires_at: datetime
    who: Operator


class Gate:
    """Where people sign in.

    Args:
        database: with the operators.
        seal_key: 32 bytes with which the secrets of second factors are sealed; they are not in the database.
        verify: whether a hash is that of a password.
    """

    def __init__(self, database: Database, seal_key: bytes, verify: Verify = verified) -> None:
        self.database = database
        self.verify = verify
        self._seal_key = seal_key
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def sign_in(self, utility: str, name: str, password: str, code: str, *, agent: str = "") -> SignedIn:
        """Open a session. Whatever is wrong, the same is done for it, and the same is answered.

        Args:
            utility: its code.
            name: of the operator.
            password: theirs.
            code: of their second factor at this moment.
            agent: from which address they come.

        Raises:
            ApiError: one of the four is wrong, and nobody is told which; or there were too many failures.
        """
        now, key = datetime.now(UTC), key_of(utility, name)
        with self._in_line():
            await count_attempt(self.database, key, now)
            found = await self._find(utility, name)
            utility_id, who = found or (None, None)
            is_right = await self._is_password(who, password)
        step = self._step(who, code, now, is_right=is_right)
        if utility_id is None or who is None or not is_right or step is None or who.blocked:
            raise wrong()
        return await self._open(utility_id, who, step, key, agent)

    async def change_password(self, who: Caller, old: str, new: str) -> None:
        """Give the person who asks another password; all their sessions end but the one in which they ask.

        Raises:
            ApiError: the old password is wrong, or was so too often.
            InputError: the new one isn't good enough.
        """
        async with self.database.reading() as connection:
            home, person = await utility(connection, who.utility_id), await operator(connection, who.utility_id, who.id)
        require_good(new, person.name)
        with self._in_line():
            await count_attempt(self.database, key_of(home.code, person.name), datetime.now(UTC))
            is_right = await self._is_password(person, old)
        if not is_right:
            raise ApiError(HTTPStatus.FORBIDDEN, "wrong_password", "that is not your password", "give the present one")
        kept = await asyncio.to_thread(hash_password, new)

        scope = Scope(who.utility_id, who.name)
        await self.database.run(lambda tx: set_password(tx, scope, home, person, kept, but=who.session_id))

    async def fresh_step(self, who: Caller, code: str) -> int:
        """The step of the code that somebody's telephone shows now, to be used up in the transaction that it is for.

        Raises:
            ApiError: it isn't that code, or there were too many wrong ones.
        """
        now = datetime.now(UTC)
        async with self.database.reading() as connection:
            home, person = await utility(connection, who.utility_id), await operator(connection, who.utility_id, who.id)
        await count_attempt(self.database, key_of(home.code, person.name), now)
        step = self._step(person, code, now, is_right=True)
        if step is None:
            raise stale_code()
        return step

    async def use_up(self, tx: Connection, who: Caller, step: int) -> None:
        """Let a code not be used again.

        Raises:
            ApiError: it was used before.
        """
        home, person = await utility(tx, who.utility_id), await operator(tx, who.utility_id, who.id)
        if not await tx.fetchval(DONE, who.utility_id, who.id, step):
            raise stale_code()
        await forget_attempts(tx, key_of(home.code, person.name))

    def seal(self, owner: UUID, secret: bytes) -> bytes:
        """A secret as it is kept."""
        return seal(self._seal_key, owner, secret)

    async def _find(self, code: str, name: str) -> tuple[UUID, Operator] | None:
        """Whose name that is. In a utility that there isn't it is looked for too, so that it takes as long."""
        home_id = NOWHERE
        async with self.database.reading() as connection:
            with suppress(NotFoundError, ValueError):
                home_id = (await utility_of(connection, code)).id
            with suppress(NotFoundError, ValueError):
                return home_id, await operator_by_name(connection, home_id, name)
        return None

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        """Wait with others, or be sent away before anything is counted when there are too many."""
        if self._waiting >= MOST_WAITING:
            detail = "too many people sign in at this moment"
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", detail, "try again", retry_after=2)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def _is_password(self, who: Operator | None, password: str) -> bool:
        """Whether that is somebody's password; it takes its time for nobody's too."""
        async with self._room:
            return await asyncio.to_thread(self.verify, (who and who.password_hash) or NOBODY, password)

    def _step(self, who: Operator | None, code: str, now: datetime, *, is_right: bool) -> int | None:
        """The step of somebody's second factor whose code that is; None for none."""
        secret = NO_SECRET
        if who and who.totp_secret:
            try:
                secret = unseal(self._seal_key, who.id, who.totp_secret)
            except ApiError:
                if is_right:  # nobody else is to learn that there is such a name
                    raise
        step = matching_step(secret, code, now)
        return None if secret is NO_SECRET else step

    async def _open(self, utility_id: UUID, who: Operator, step: int, key: bytes, agent: str) -> SignedIn:
        """Open a session, unless the code was used before."""

        async def work(tx: Connection) -> SignedIn:
            if not await tx.fetchval(DONE, utility_id, who.id, step):
                raise wrong()
            await forget_attempts(tx, key)
            return SignedIn(*await open_session(tx, utility_id, who.id, agent), who)

        return await self.database.run(work)


def wrong() -> ApiError:
    """Something is wrong, and which of it isn't said."""
    return ApiError(HTTPStatus.UNAUTHORIZED, "not_let_in", "name, password or code are wrong", "try again")


def stale_code() -> ApiError:
    """The second factor of somebody who has signed in isn't shown anew."""
    detail = "that isn't the code of your second factor, or it was used before"
    return ApiError(HTTPStatus.FORBIDDEN, "wrong_code", detail, "give the one that the telephone shows next")
