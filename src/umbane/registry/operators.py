"""People who sign in: what they may do, and what their sign-in is checked against."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from umbane.db import Connection
from umbane.registry import texts
from umbane.registry.changes import record
from umbane.registry.models import Operator
from umbane.registry.roles import Role, Scope
from umbane.registry.store import explained, one, operator_from

__all__ = [
    "add_operator",
    "block_operator",
    "is_same_person",
    "operator",
    "operator_by_name",
    "operators",
    "set_password_hash",
    "set_person",
    "set_roles",
    "set_totp",
]

OPERATOR: Final = "SELECT * FROM registry.operator WHERE utility_id = $1 AND id = $2"
BY_NAME: Final = "SELECT * FROM registry.operator WHERE utility_id = $1 AND name = $2"
ALL: Final = "SELECT * FROM registry.operator WHERE utility_id = $1 ORDER BY name"
ADDITION: Final = """
INSERT INTO registry.operator
    (utility_id, id, name, full_name, vendor_id, roles, password_hash, totp_secret, blocked, person)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
SAME: Final = """
SELECT count(*) = 2 AND count(DISTINCT person) = 1 FROM registry.operator
WHERE utility_id = $1 AND 'operator:' || name IN ($2, $3)"""
SETTING: Final = "UPDATE registry.operator SET {column} = $3 WHERE utility_id = $1 AND id = $2 RETURNING id"


async def operator(connection: Connection, utility_id: UUID, operator_id: UUID) -> Operator:
    """An operator; NotFoundError when the utility has none of this id."""
    return operator_from(await one(connection, "operator", OPERATOR, utility_id, operator_id))


async def operator_by_name(connection: Connection, utility_id: UUID, name: str) -> Operator:
    """An operator by the name to sign in with; NotFoundError when the utility has none."""
    return operator_from(await one(connection, "operator", BY_NAME, utility_id, name))


async def operators(connection: Connection, utility_id: UUID) -> list[Operator]:
    """Every operator of a utility, by their names."""
    return [operator_from(row) for row in await connection.fetch(ALL, utility_id)]


async def add_operator(tx: Connection, scope: Scope, new: Operator) -> None:
    """Add an operator.

    Raises:
        DuplicateError: the name is taken.
        NotFoundError: there is no such vendor.
    """
    values = (new.id, new.name, new.full_name, new.vendor_id, sorted(new.roles), new.password_hash, new.totp_secret)
    with explained():
        await tx.execute(ADDITION, scope.utility_id, *values, new.blocked, new.person)
    details = {"name": new.name, "roles": sorted(new.roles), "person": new.person}
    await record(tx, scope, "operator.add", [(new.id, details)])


async def set_password_hash(tx: Connection, scope: Scope, operator_id: UUID, password_hash: str) -> None:
    """Keep the Argon2id hash of an operator's new password; NotFoundError when there is no such operator."""
    await _set(tx, scope, operator_id, "password_hash", password_hash, {})


async def set_totp(tx: Connection, scope: Scope, operator_id: UUID, sealed_secret: bytes | None) -> None:
    """Keep an operator's second factor, sealed, or take it away; NotFoundError when there is no such operator."""
    await _set(tx, scope, operator_id, "totp_secret", sealed_secret, {"set": sealed_secret is not None})


async def set_roles(tx: Connection, scope: Scope, operator_id: UUID, roles: Iterable[Role]) -> None:
    """Say what an operator may do from now on; NotFoundError when there is no such operator."""
    old = await operator(tx, scope.utility_id, operator_id)
    now = sorted(set(roles))
    await _set(tx, scope, operator_id, "roles", now, {"roles": [sorted(old.roles), now]})


async def set_person(tx: Connection, scope: Scope, operator_id: UUID, person: str) -> None:
    """Say who an operator is: with all others of the same person they count once.

    Raises:
        RegistryInputError: that can't be a personnel number or a name.
        NotFoundError: there is no such operator.
    """
    old = await operator(tx, scope.utility_id, operator_id)
    now = texts.code("person", person).lower()
    await _set(tx, scope, operator_id, "person", now, {"person": [old.person, now]})


async def is_same_person(connection: Connection, utility_id: UUID, one_of: str, other: str) -> bool:
    """Whether two who did something, as the record of changes names them, are one person."""
    if one_of == other:
        return True
    same: bool = await connection.fetchval(SAME, utility_id, one_of, other)
    return same


async def block_operator(tx: Connection, scope: Scope, operator_id: UUID, *, blocked: bool, reason: str) -> None:
    """Let an operator not sign in, or let them again; NotFoundError when there is no such operator."""
    await _set(tx, scope, operator_id, "blocked", blocked, {"blocked": blocked, "reason": reason})


async def _set(  # noqa: PLR0913, PLR0917 - whose, what, to what
    tx: Connection, scope: Scope, operator_id: UUID, column: str, value: object, details: dict[str, Any]
) -> None:
    """Set one column of an operator and write down that it was, never to what if it is a secret."""
    await one(tx, "operator", SETTING.format(column=column), scope.utility_id, operator_id, value)
    await record(tx, scope, f"operator.{column}", [(operator_id, details)])
