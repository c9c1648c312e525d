"""Tariffs: versions are added as their documents, looked at, and activated; an active one never changes its words."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import asyncpg

from umbane.db import Connection
from umbane.pricing import Tariff, load_tariff_text
from umbane.registry.changes import record
from umbane.registry.errors import NotFoundError, PermissionDeniedError, RegistryInputError, TransitionError
from umbane.registry.operators import is_same_person
from umbane.registry.roles import Scope
from umbane.registry.store import explained
from umbane.registry.utilities import new_edition, utility

__all__ = [
    "VERSION_FIELDS",
    "DocumentVersion",
    "TariffVersion",
    "activate_tariff",
    "add_tariff_version",
    "ended",
    "tariff_versions",
]

VERSION_FIELDS: Final = "version, sha256, valid_from, valid_until, added_at, added_by, activated_at, activated_by"
"""The columns of a `DocumentVersion`, in its order."""
FIELDS: Final = f"{VERSION_FIELDS}, tariff_id, title"
ADDITION: Final = """
INSERT INTO registry.tariff_version
    (utility_id, tariff_id, version, title, document, sha256, valid_from, valid_until, added_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
VERSIONS: Final = f"""
SELECT {FIELDS} FROM registry.tariff_version WHERE utility_id = $1
ORDER BY tariff_id, valid_from, version"""  # noqa: S608 - our columns
VERSION: Final = f"""
SELECT {FIELDS} FROM registry.tariff_version WHERE utility_id = $1 AND tariff_id = $2 AND version = $3
FOR UPDATE"""  # noqa: S608 - our columns
ENDING: Final = """
UPDATE registry.tariff_version SET valid_until = $3::date - 1
WHERE utility_id = $1 AND tariff_id = $2 AND activated_at IS NOT NULL AND valid_until IS NULL AND valid_from < $3
RETURNING version"""
ACTIVATION: Final = f"""
UPDATE registry.tariff_version SET activated_at = now(), activated_by = $4
WHERE utility_id = $1 AND tariff_id = $2 AND version = $3 RETURNING {FIELDS}"""  # noqa: S608 - our columns


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """One version of what is changed by documents, without its document.

    Attributes:
        version: as the document says.
        sha256: of the document, in hexadecimal digits.
        valid_from: the first day.
        valid_until: the last day; None while no end is known.
        added_at, added_by: when and by whom it was added.
        activated_at, activated_by: the same of its activation; None before that.
    """

    version: str
    sha256: str
    valid_from: date
    valid_until: date | None
    added_at: datetime
    added_by: str
    activated_at: datetime | None
    activated_by: str | None


@dataclass(frozen=True, slots=True)
class TariffVersion(DocumentVersion):
    """One version of a tariff.

    Attributes:
        tariff_id, title: as the document says.
    """

    tariff_id: str
    title: str


async def add_tariff_version(tx: Connection, scope: Scope, document: str) -> Tariff:
    """Add a version of a tariff as its document, to be activated later.

    Raises:
        TariffFileError: the document is wrong; it says where.
        RegistryInputError: it is in another currency or time zone than the utility.
        DuplicateError: the tariff has a version of this name.
    """
    tariff = load_tariff_text(document)
    house = await utility(tx, scope.utility_id)
    for field, its, ours in (
        ("currency", tariff.currency.code, house.currency.code),
        ("time_zone", tariff.zone.key, house.zone.key),
    ):
        if its != ours:
            raise RegistryInputError(field, f"the tariff has {its}, but {house.code} has {ours}", f"give one in {ours}")
    parent = "INSERT INTO registry.tariff (utility_id, id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    await tx.execute(parent, scope.utility_id, tariff.id)
    digest = sha256(document.encode()).hexdigest()
    values = (tariff.id, tariff.version, tariff.title, document, digest, tariff.valid_from, tariff.valid_until)
    with explained():
        await tx.execute(ADDITION, scope.utility_id, *values, scope.by)
    details = {"tariff": tariff.id, "version": tariff.version, "sha256": digest}
    await record(tx, scope, "tariff.add", [(scope.utility_id, details)])
    return tariff


async def activate_tariff(tx: Connection, scope: Scope, tariff_id: str, version: str) -> TariffVersion:
    """Let a version come into force on its first day; one that has no end yet ends on the day before.

    Raises:
        NotFoundError: there is no such version.
        TransitionError: it is active already, or another active version holds on one of its days.
        PermissionDeniedError: the same person added it, and the policy wants two.
    """
    row = await tx.fetchrow(VERSION, scope.utility_id, tariff_id, version)
    if row is None:
        raise NotFoundError("tariff version", f"{tariff_id} {version}")
    found = TariffVersion(*row)
    if found.activated_at:
        raise TransitionError(f"{tariff_id} {version} is active already")
    policy = (await utility(tx, scope.utility_id)).policy
    if policy.tariffs.second_person and await is_same_person(tx, scope.utility_id, found.added_by, scope.by):
        raise PermissionDeniedError(f"{scope.by} added {tariff_id} {version}: somebody else must activate it")
    ended_one = await tx.fetchval(ENDING, scope.utility_id, tariff_id, found.valid_from)
    try:
        [row] = await tx.fetch(ACTIVATION, scope.utility_id, tariff_id, version, scope.by)
    except asyncpg.ExclusionViolationError as error:
        problem = f"another active version of {tariff_id} holds on a day from {found.valid_from} on"
        raise TransitionError(f"{problem}: give {version} other dates") from error
    details = {"tariff": tariff_id, "version": version, "sha256": found.sha256, "ended": ended_one}
    await record(tx, scope, "tariff.activate", [(scope.utility_id, details)])
    await new_edition(tx, scope.utility_id)
    return TariffVersion(*row)


async def tariff_versions(connection: Connection, utility_id: UUID) -> list[TariffVersion]:
    """Every version of every tariff of a utility, in the order of their days."""
    return [TariffVersion(*row) for row in await connection.fetch(VERSIONS, utility_id)]


def ended(tariff: Tariff, valid_until: date | None) -> Tariff:
    """A tariff that holds to this day, which may be earlier than its document says."""
    if valid_until == tariff.valid_until:
        return tariff
    return replace(tariff, document=tariff.document.model_copy(update={"valid_until": valid_until}))
