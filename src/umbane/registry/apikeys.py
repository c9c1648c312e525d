"""Keys with which programs are let in. A key is shown once; what is kept of it is a hash that can't be turned back."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from typing import Final
from uuid import UUID

import asyncpg

from umbane.db import Connection, new_ids
from umbane.registry.changes import record
from umbane.registry.errors import NotFoundError, RegistryInputError
from umbane.registry.models import ApiKey, ApiKeyLimits
from umbane.registry.roles import Scope
from umbane.registry.store import explained, one
from umbane.registry.texts import clean

__all__ = ["api_key_by_secret", "api_keys", "issue_api_key", "revoke_api_key"]

PREFIX: Final = "umb_"
"""By this a key is recognised that somebody published by mistake."""
SECRET_BYTES: Final = 32

COLUMNS: Final = "id, utility_id, vendor_id, terminal_id, label, scopes, limits, issued_at, revoked_at"
ADDITION: Final = f"""
INSERT INTO registry.api_key (utility_id, id, vendor_id, terminal_id, label, hash, scopes, limits)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {COLUMNS}"""  # noqa: S608 - our columns
BY_HASH: Final = f"SELECT {COLUMNS} FROM registry.api_key WHERE hash = $1 AND revoked_at IS NULL"  # noqa: S608 - our columns
ALL: Final = f"SELECT {COLUMNS} FROM registry.api_key WHERE utility_id = $1 ORDER BY id"  # noqa: S608 - our columns
REVOCATION: Final = """
UPDATE registry.api_key SET revoked_at = now() WHERE utility_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id"""


async def issue_api_key(  # noqa: PLR0913 - for whom, for what, how much
    tx: Connection,
    scope: Scope,
    vendor_id: UUID,
    terminal_id: UUID,
    *,
    label: str,
    scopes: Iterable[str],
    limits: ApiKeyLimits,
    randomness: bytes,
) -> tuple[ApiKey, str]:
    """Make a key for a terminal; answer what is known of it, and the key itself, which nobody can show again.

    Args:
        tx: a transaction.
        scope: in whose house, and by whom.
        vendor_id: for whom it will act.
        terminal_id: at which of the vendor's tills.
        label: for people.
        scopes: what it may ask for.
        limits: how much it may do.
        randomness: 32 bytes from the operating system's source for secrets.

    Raises:
        NotFoundError: the vendor has no such terminal.
        RegistryInputError: the label can't be one, or there are not 32 random bytes.
    """
    if len(randomness) != SECRET_BYTES:
        raise RegistryInputError("randomness", f"it has {len(randomness)} bytes", f"give {SECRET_BYTES}")
    [key_id] = new_ids(1)
    secret = PREFIX + urlsafe_b64encode(key_id.bytes + randomness).decode()
    hashed = _hash(secret)
    values = (key_id, vendor_id, terminal_id, clean("label", label), hashed, sorted(set(scopes)))
    with explained():
        [row] = await tx.fetch(ADDITION, scope.utility_id, *values, json.dumps(asdict(limits)))
    may = {"scopes": values[-1], "limits": asdict(limits)}
    await record(tx, scope, "api_key.issue", [(key_id, {"terminal": terminal_id, "label": label, **may})])
    return _key_from(row), secret


def _hash(secret: str) -> bytes:
    """What is kept of a key: 256 random bits need no salt and no slowness."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def api_key_by_secret(connection: Connection, secret: str) -> ApiKey:
    """The key that somebody shows.

    Raises:
        NotFoundError: there is none such, or it was revoked; which of the two isn't said.
    """
    row = await connection.fetchrow(BY_HASH, _hash(secret))
    if row is None:
        raise NotFoundError("API key", "like this one")
    return _key_from(row)


async def api_keys(connection: Connection, utility_id: UUID) -> list[ApiKey]:
    """Every key of a utility, in the order in which they were made."""
    return [_key_from(row) for row in await connection.fetch(ALL, utility_id)]


async def revoke_api_key(tx: Connection, scope: Scope, key_id: UUID, reason: str) -> None:
    """Let nobody in with a key any more.

    Raises:
        NotFoundError: there is none, or it was revoked before.
    """
    await one(tx, "API key", REVOCATION, scope.utility_id, key_id)
    await record(tx, scope, "api_key.revoke", [(key_id, {"reason": reason})])


def _key_from(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        row["id"],
        row["utility_id"],
        row["vendor_id"],
        row["terminal_id"],
        row["label"],
        frozenset(row["scopes"]),
        ApiKeyLimits(**json.loads(row["limits"])),
        row["issued_at"],
        row["revoked_at"],
    )
