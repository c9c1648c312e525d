"""People sign in with a name, a password (Argon2id) and the code of a second factor (TOTP, RFC 6238)."""

import asyncio
import hmac
import secrets
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from umbane.api.problems import ApiError
from umbane.api.rights import RIGHTS_OF, Caller, Right
from umbane.db import Connection, Database
from umbane.registry import NotFoundError, Operator, operator, operator_by_name, utility_by_code
from umbane.vending import Staff

__all__ = ["Gate", "Session", "caller_of_session", "hash_password", "seal", "sign_out", "totp"]

SESSION_PREFIX: Final = "ums_"
SESSION: Final = timedelta(hours=8)
"""A shift; then one signs in again."""
STEP: Final = 30
"""Seconds for which a code stands (RFC 6238 5.2)."""
DRIFT: Final = (0, -1, 1)
"""Steps by which the clock of a telephone may be wrong."""
PATIENCE: Final = 5
"""Failures in a row that are forgiven; from then on each next try has to wait, twice as long each time."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)
NONCE: Final = 12
SECRET_BYTES: Final = 20
AT_ONCE: Final = 2
"""Passwords that are checked at the same time: each takes 64 MiB and a processor."""

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=65536, parallelism=1)
NOBODY: Final = "$argon2id$v=19$m=65536,t=2,p=1$y6MlXvzWsgEgOTPMj1xtAQ$aqN7RYOXjtmBCusP5IZUw2HwVN/k1O58o3HrEYb6FIY"
"""The hash of a password that nobody knows, checked when nobody has that name, so that it takes as long."""

OPENING: Final = """
INSERT INTO api.session (hash, utility_id, operator_id, opened_at, expires_at) VALUES ($1, $2, $3, $4, $5)"""
OPEN: Final = (
    "SELECT utility_id, operator_id FROM api.session WHERE hash = $1 AND ended_at IS NULL AND expires_at > now()"
)
ENDING: Final = "UPDATE api.session SET ended_at = now() WHERE hash = $1 AND ended_at IS NULL"
TRYING: Final = """
INSERT INTO api.sign_in AS it (utility_id, operator_id, failures, not_before) VALUES ($1, $2, 1, $3)
ON CONFLICT (utility_id, operator_id) DO UPDATE SET failures = it.failures + 1
WHERE it.not_before <= $3 RETURNING failures"""
WAITING: Final = "UPDATE api.sign_in SET not_before = $3 WHERE utility_id = $1 AND operator_id = $2"
DONE: Final = """
UPDATE api.sign_in SET failures = 0, last_step = $3 WHERE utility_id = $1 AND operator_id = $2 AND last_step < $3
RETURNING true"""


class Session:
    """Somebody is signed in.

    Attributes:
        token: shown once; what is kept of it is a hash.
        expires_at: until when.
        roles: of the operator.
    """

    def __init__(self, token: str, expires_at: datetime, roles: Sequence[str]) -> None:
        self.token = token
        self.expires_at = expires_at
        self.roles = roles


class Gate:
    """Where people sign in.

    Args:
        database: with the operators.
        seal_key: 32 bytes with which the secrets of second factors are sealed; they are not in the database.
    """

    def __init__(self, database: Database, seal_key: bytes) -> None:
        self.database = database
        self._seal_key = seal_key
        self._room = asyncio.Semaphore(AT_ONCE)

    async def sign_in(self, utility: str, name: str, password: str, code: str) -> Session:
        """Open a session.

        Raises:
            ApiError: one of the four is wrong, and nobody is told which; or there were too many failures.
        """
        now = datetime.now(UTC)
        found = await self._find(utility, name)
        if found is not None:
            await self._count(*found, now)
        is_right = await self._is_password(found[1] if found else None, password)
        step = self._step(found[1], code, now) if found else None
        if found is None or not is_right or step is None or found[1].blocked:
            raise wrong()
        return await self._open(*found, step, now)

    def seal(self, owner: UUID, secret: bytes) -> bytes:
        """A secret as it is kept."""
        return seal(self._seal_key, owner, secret)

    async def _find(self, code: str, name: str) -> tuple[UUID, Operator] | None:
        """Whose name that is."""
        try:
            async with self.database.reading() as connection:
                utility = await utility_by_code(connection, code)
                return utility.id, await operator_by_name(connection, utility.id, name)
        except (NotFoundError, ValueError):
            return None

    async def _count(self, utility_id: UUID, who: Operator, now: datetime) -> None:
        """Count a try before it is made, so that many at once are counted too."""
        start = now

        async def work(tx: Connection) -> int | None:
            failures: int | None = await tx.fetchval(TRYING, utility_id, who.id, start)
            if failures is not None and failures > PATIENCE:
                wait = min(FIRST_WAIT * 2 ** min(failures - PATIENCE - 1, 10), LONGEST_WAIT)
                await tx.execute(WAITING, utility_id, who.id, start + wait)
            return failures

        if await self.database.run(work) is None:
            detail = "there were too many failures in a row"
            raise ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_failures", detail, "wait", retry_after=60)

    async def _is_password(self, who: Operator | None, password: str) -> bool:
        """Whether that is somebody's password; it takes its time for nobody's too."""
        kept = (who.password_hash if who else None) or NOBODY
        async with self._room:
            is_right = await asyncio.to_thread(verified, kept, password)
        return is_right and kept is not NOBODY

    def _step(self, who: Operator, code: str, now: datetime) -> int | None:
        """The step whose code that is; None for none."""
        if who.totp_secret is None:
            return None
        secret = unseal(self._seal_key, who.id, who.totp_secret)
        current = int(now.timestamp()) // STEP
        return next((it for it in (current + by for by in DRIFT) if hmac.compare_digest(totp(secret, it), code)), None)

    async def _open(self, utility_id: UUID, who: Operator, step: int, now: datetime) -> Session:
        """Open a session, unless the code was used before."""
        token, until = SESSION_PREFIX + secrets.token_urlsafe(32), now + SESSION

        async def work(tx: Connection) -> bool:
            if not await tx.fetchval(DONE, utility_id, who.id, step):
                return False
            await tx.execute(OPENING, hashed(token), utility_id, who.id, now, until)
            return True

        if not await self.database.run(work):
            raise wrong()
        return Session(token, until, sorted(who.roles))


async def sign_out(database: Database, token: str) -> None:
    """End a session; one that isn't open stays as it is."""
    await database.run(lambda tx: tx.execute(ENDING, hashed(token)))


async def caller_of_session(connection: Connection, token: str) -> Caller:
    """Who signed in for this session.

    Raises:
        NotFoundError: it is none, it has ended, or the operator was blocked meanwhile.
    """
    row = await connection.fetchrow(OPEN, hashed(token))
    if row is None:
        raise NotFoundError("session", "like this one")
    who = await operator(connection, row["utility_id"], row["operator_id"])
    if who.blocked:
        raise NotFoundError("session", "like this one")
    none: frozenset[Right] = frozenset()
    rights = none.union(*(RIGHTS_OF[role] for role in who.roles))
    staff = Staff(who.name, who.roles)
    return Caller(who.id, f"operator:{who.name}", row["utility_id"], rights, who.vendor_id, staff=staff)


def wrong() -> ApiError:
    """Something is wrong, and which of it isn't said."""
    return ApiError(HTTPStatus.UNAUTHORIZED, "not_let_in", "name, password or code are wrong", "try again")


def hashed(token: str) -> bytes:
    """What is kept of a token: 256 random bits need no salt and no slowness."""
    return sha256(token.encode()).digest()


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return HASHER.hash(password)


def verified(kept: str, password: str) -> bool:
    """Whether a password is the one of which this was kept."""
    try:
        return HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


# ------------------------------------------------------------------------------------------------------- second factor


def totp(secret: bytes, step: int) -> str:
    """The six digits of a step (RFC 6238 with HMAC-SHA-1, which is what every telephone can do; RFC 4226 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    (number,) = struct.unpack_from(">I", mac, mac[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def seal(seal_key: bytes, operator_id: UUID, secret: bytes) -> bytes:
    """The secret of somebody's second factor as it is kept: useless without the key, and for anybody else."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(seal_key).encrypt(nonce, secret, operator_id.bytes)


def unseal(seal_key: bytes, operator_id: UUID, sealed: bytes) -> bytes:
    """The secret that was sealed.

    Raises:
        ApiError: it was sealed with another key.
    """
    try:
        return AESGCM(seal_key).decrypt(sealed[:NONCE], sealed[NONCE:], operator_id.bytes)
    except InvalidTag as error:
        detail = "the second factor can't be checked here"
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, "set it up again") from error
