"""Versions of commission schemes: proposed, activated by somebody else, and agreed with vendors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import asyncpg

from umbane.db import Connection, Table, columns
from umbane.registry import DuplicateError, NotFoundError, PermissionDeniedError, Scope, utility
from umbane.registry.changes import record
from umbane.registry.operators import is_same_person
from umbane.registry.tariffs import VERSION_FIELDS, DocumentVersion
from umbane.registry.texts import clean
from umbane.trade.commission import Scheme
from umbane.trade.errors import SchemeError, TradeStateError
from umbane.trade.schemefile import load_scheme

__all__ = [
    "SchemeVersion",
    "Term",
    "activate_schemes",
    "active_schemes",
    "lock_commission",
    "propose_schemes",
    "scheme_versions",
    "set_terms",
    "terms",
]

LOCKS: Final = 1414676804
"""Under which number whoever reckons commission, or changes by what it is reckoned, keeps others away."""

LOCKING: Final = "SELECT pg_advisory_xact_lock($1, ledger.lock_number($2))"
VERSIONS: Final = Table(
    "trade.scheme_version",
    {"scheme_id": "text", "version": "text", "document": "text", "sha256": "text"}
    | {"valid_from": "date", "valid_until": "date"},
    same={"utility_id": "uuid", "added_at": "timestamptz", "added_by": "text"},
)
TERMS: Final = Table(
    "trade.term",
    {"vendor_id": "uuid", "since": "date", "scheme_id": "text"},
    same={"utility_id": "uuid", "at": "timestamptz", "by": "text", "reason": "text"},
)
FIELDS: Final = f"{VERSION_FIELDS}, scheme_id"
ALL: Final = f"""
SELECT {FIELDS} FROM trade.scheme_version WHERE utility_id = $1 ORDER BY scheme_id, valid_from, version"""  # noqa: S608 - our columns
DOCUMENTS: Final = """
SELECT scheme_id, document, valid_until FROM trade.scheme_version
WHERE utility_id = $1 AND activated_at IS NOT NULL ORDER BY scheme_id, valid_from"""
ENDING: Final = """
UPDATE trade.scheme_version SET valid_until = $3::date - 1
WHERE utility_id = $1 AND scheme_id = $2 AND activated_at IS NOT NULL AND valid_until IS NULL AND valid_from < $3"""
ACTIVATION: Final = """
UPDATE trade.scheme_version SET activated_at = $4, activated_by = $5
WHERE utility_id = $1 AND scheme_id = $2 AND version = $3"""
AGREED: Final = """
SELECT DISTINCT ON (vendor_id, since) vendor_id, scheme_id, since FROM trade.term
WHERE utility_id = $1 ORDER BY vendor_id, since, id DESC"""
ACCRUED: Final = """
SELECT v.code, max(a.after) AS after FROM unnest($2::uuid[], $3::date[]) AS new(vendor_id, since)
JOIN trade.accrual a ON a.utility_id = $1 AND a.vendor_id = new.vendor_id AND a.after > new.since
JOIN registry.vendor v ON v.utility_id = $1 AND v.id = new.vendor_id GROUP BY v.code ORDER BY v.code LIMIT 1"""


@dataclass(frozen=True, slots=True)
class SchemeVersion(DocumentVersion):
    """One version of a scheme.

    Attributes:
        scheme_id: as the document says.
    """

    scheme_id: str


@dataclass(frozen=True, slots=True)
class Term:
    """By which scheme a vendor earns.

    Attributes:
        vendor_id: who.
        scheme_id: by which; None for nothing.
        since: from which day on, as the utility counts days.
    """

    vendor_id: UUID
    scheme_id: str | None
    since: date


async def lock_commission(tx: Connection, utility_id: UUID) -> None:
    """Let nobody else reckon a utility's commission, or change by what it is reckoned, until the transaction ends."""
    await tx.execute(LOCKING, LOCKS, utility_id)


async def propose_schemes(tx: Connection, scope: Scope, documents: Sequence[str], now: datetime) -> list[Scheme]:
    """Add versions of schemes as their documents, to be activated later.

    Raises:
        SchemeError: one is wrong, and it says where; or it is in another currency than the utility.
        DuplicateError: a scheme has a version of this name.
    """
    schemes = [load_scheme(document) for document in documents]
    house, there = await utility(tx, scope.utility_id), await scheme_versions(tx, scope.utility_id)
    taken = {(it.scheme_id, it.version) for it in there}
    for it in schemes:
        if it.currency != house.currency.code:
            raise SchemeError("currency", f"{it.id} has {it.currency}", f"{house.code} has {house.currency.code}")
        if (it.id, it.version) in taken:
            raise DuplicateError("version", f"there is a {it.id} {it.version}", "give the new document another one")
        taken.add((it.id, it.version))
    digests = [sha256(document.encode()).hexdigest() for document in documents]
    rows = [
        (it.id, it.version, document, digest, it.valid_from, it.valid_until)
        for it, document, digest in zip(schemes, documents, digests, strict=True)
    ]
    same = {"utility_id": scope.utility_id, "added_at": now, "added_by": scope.by}
    await VERSIONS.insert(tx, *columns(rows, 6), **same)
    told = [{"scheme": row[0], "version": row[1], "sha256": row[3]} for row in rows]
    await record(tx, scope, "scheme.propose", [(scope.utility_id, it) for it in told])
    return schemes


async def activate_schemes(tx: Connection, scope: Scope, names: Iterable[tuple[str, str]], now: datetime) -> None:
    """Let versions, by scheme and name, come into force on their first day.

    A version that has no end yet ends on the day before. What was accrued stays as it was reckoned.

    Raises:
        NotFoundError: there is no such version.
        TradeStateError: it is active already, or another active one holds on one of its days.
        PermissionDeniedError: the same person proposed it, and the policy for tariffs wants two.
    """
    await lock_commission(tx, scope.utility_id)
    policy = (await utility(tx, scope.utility_id)).policy
    for scheme_id, version in names:
        versions = await scheme_versions(tx, scope.utility_id)
        found = next((it for it in versions if (it.scheme_id, it.version) == (scheme_id, version)), None)
        if found is None:
            raise NotFoundError("scheme", f"{scheme_id} {version}")
        if found.activated_at:
            raise TradeStateError(f"{scheme_id} {version} is active already")
        if policy.tariffs.second_person and await is_same_person(tx, scope.utility_id, found.added_by, scope.by):
            raise PermissionDeniedError(f"{scope.by} proposed {scheme_id} {version}: somebody else must activate it")
        await put_in_force(tx, scope, found, now)


async def put_in_force(tx: Connection, scope: Scope, found: SchemeVersion, now: datetime) -> None:
    """Let a version come into force.

    Raises:
        TradeStateError: another active one holds on one of its days.
    """
    name = scope.utility_id, found.scheme_id
    await tx.execute(ENDING, *name, found.valid_from)
    try:
        await tx.execute(ACTIVATION, *name, found.version, now, scope.by)
    except asyncpg.ExclusionViolationError as error:
        problem = f"another active version of {found.scheme_id} holds on a day from {found.valid_from} on"
        raise TradeStateError(f"{problem}: give {found.version} other dates") from error
    details = {"scheme": found.scheme_id, "version": found.version, "sha256": found.sha256}
    await record(tx, scope, "scheme.activate", [(scope.utility_id, details)])


async def scheme_versions(connection: Connection, utility_id: UUID) -> list[SchemeVersion]:
    """Every version of every scheme of a utility, in the order of their days."""
    return [SchemeVersion(*row) for row in await connection.fetch(ALL, utility_id)]


async def active_schemes(connection: Connection, utility_id: UUID) -> dict[str, list[Scheme]]:
    """The active versions of every scheme by its id, in the order of their days, each with the end that it has now."""
    found: dict[str, list[Scheme]] = {}
    for scheme_id, document, valid_until in await connection.fetch(DOCUMENTS, utility_id):
        found.setdefault(scheme_id, []).append(replace(load_scheme(document), valid_until=valid_until))
    return found


async def set_terms(tx: Connection, scope: Scope, new: Sequence[Term], reason: str, now: datetime) -> None:
    """Say by which schemes vendors earn from a day on.

    Raises:
        NotFoundError: there is no such vendor, or no scheme of this name has an active version.
        TradeStateError: what the vendor earned on that day is booked already.
    """
    why = clean("reason", reason)
    await lock_commission(tx, scope.utility_id)
    known = await active_schemes(tx, scope.utility_id)
    for it in new:
        if it.scheme_id is not None and it.scheme_id not in known:
            raise NotFoundError("active scheme", it.scheme_id)
    vendors, days = [it.vendor_id for it in new], [it.since for it in new]
    if booked := await tx.fetchrow(ACCRUED, scope.utility_id, vendors, days):
        problem = f"what {booked['code']} earned is booked up to {booked['after']}, that day not included"
        raise TradeStateError(f"{problem}: name that day or a later one")
    same = {"utility_id": scope.utility_id, "at": now, "by": scope.by, "reason": why}
    try:
        await TERMS.insert(tx, vendors, days, [it.scheme_id for it in new], **same)
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFoundError("vendor", "of this id") from error
    told = [(it.vendor_id, {"scheme": it.scheme_id, "since": str(it.since), "reason": why}) for it in new]
    await record(tx, scope, "vendor.commission", told)


async def terms(connection: Connection, utility_id: UUID) -> list[Term]:
    """What is agreed with vendors, by vendor and in the order of days."""
    return [Term(*row) for row in await connection.fetch(AGREED, utility_id)]
