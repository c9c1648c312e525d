"""The catalogue as it is kept: models, their documents, what a utility makes of them, what is known of one meter."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from umbane.db import Connection, Table, columns
from umbane.fleet.approval import ApprovalPolicy, Dossier, read_policy
from umbane.fleet.errors import FleetInputError
from umbane.fleet.models import Evidence, EvidenceKind, MeterModel
from umbane.fleet.telling import tell
from umbane.registry import DuplicateError, NotFoundError, Scope
from umbane.registry.meters import name_models
from umbane.registry.texts import clean, require_clean

__all__ = [
    "Unit",
    "add_evidence",
    "add_models",
    "approvals",
    "change_approvals",
    "describe_units",
    "dossiers",
    "withdraw_evidence",
]

MODELS: Final = Table(
    "fleet.model",
    {"utility_id": "uuid", "name": "text", "maker": "text", "code": "text", "form": "text", "phases": "smallint"}
    | {"volts": "integer", "amperes": "integer", "communication": "text"},
)
ADDING: Final = """
INSERT INTO fleet.evidence (utility_id, by, model, kind, number, issuer, valid_from, valid_until, firmware, months,
    words, sha256)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""
WITHDRAWING: Final = """
INSERT INTO fleet.withdrawal (utility_id, model, kind, number, since, reason, by) VALUES ($1, $2, $3, $4, $5, $6, $7)"""
POLICY: Final = "SELECT document FROM fleet.policy WHERE utility_id = $1 ORDER BY id DESC LIMIT 1"
NEW_POLICY: Final = "INSERT INTO fleet.policy (utility_id, document, reason, by) VALUES ($1, $2, $3, $4)"
ALL_MODELS: Final = """
SELECT name, maker, code, form, phases, volts, amperes, communication FROM fleet.model
WHERE utility_id = $1 ORDER BY name"""
ALL_EVIDENCE: Final = """
SELECT model, kind, number, issuer, valid_from, valid_until, firmware, months, words, sha256, w.since AS withdrawn
FROM fleet.evidence LEFT JOIN fleet.withdrawal w USING (utility_id, model, kind, number)
WHERE utility_id = $1 ORDER BY kind, valid_from, number"""
UNITS: Final = Table("", {"meter_id": "uuid", "firmware": "text", "delivered": "date", "battery": "date"})
DESCRIBING: Final = f"""
INSERT INTO fleet.unit AS u (utility_id, meter_id, firmware, delivered, battery)
SELECT $5, new.* FROM {UNITS.rows}
ON CONFLICT (utility_id, meter_id) DO UPDATE SET firmware = coalesce(excluded.firmware, u.firmware),
    delivered = coalesce(excluded.delivered, u.delivered), battery = coalesce(excluded.battery, u.battery)"""  # noqa: S608 - our columns


class Unit(Struct, frozen=True):
    """What is known of one meter beyond the registry.

    Attributes:
        meter_id: which.
        firmware: its version; None to leave what is known.
        delivered: the day it came from the supplier; None to leave what is known.
        battery: the day its battery was changed; None to leave what is known.
        model: of the catalogue; None to leave what is known.
    """

    meter_id: UUID
    firmware: str | None = None
    delivered: date | None = None
    battery: date | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        require_clean(("firmware", self.firmware))


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Say in words of ours what the database refuses."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise DuplicateError(what, "it is in the catalogue already", "it stays as it was added") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFoundError("such thing for a", what) from error


async def add_models(tx: Connection, scope: Scope, models: Sequence[MeterModel]) -> None:
    """Add models to the catalogue.

    Raises:
        DuplicateError: one of that name is there.
    """
    rows = [(scope.utility_id, *msgspec.structs.astuple(it)) for it in models]
    with _explained("model"):
        await MODELS.insert(tx, *columns(rows, 9))
    await tell(tx, scope, "model", [msgspec.to_builtins(it) for it in models])


async def add_evidence(tx: Connection, scope: Scope, documents: Sequence[Evidence]) -> None:
    """Add documents about models.

    Raises:
        FleetInputError: one is given as withdrawn.
        DuplicateError: the model has one of this kind and number.
        NotFoundError: there is no such model.
    """
    if any(it.withdrawn for it in documents):
        raise FleetInputError("withdrawn", "a document can't be added as withdrawn", "add it, then withdraw it")
    rows = [(scope.utility_id, scope.by, *msgspec.structs.astuple(it)[:-1]) for it in documents]
    with _explained("document of a model"):
        for row in rows:
            await tx.execute(ADDING, *row)
    await tell(tx, scope, "evidence", [msgspec.to_builtins(it) for it in documents])


async def withdraw_evidence(  # noqa: PLR0913, PLR0917 - which document, since when, and why
    tx: Connection, scope: Scope, model: str, kind: EvidenceKind, number: str, since: date, reason: str
) -> None:
    """Write down that a document doesn't count from a day on, because its issuer said so.

    Raises:
        NotFoundError: there is no such document.
        DuplicateError: it is withdrawn already.
    """
    words = clean("reason", reason, 200)
    with _explained("withdrawal"):
        await tx.execute(WITHDRAWING, scope.utility_id, model, kind, number, since, words, scope.by)
    says = {"model": model, "kind": str(kind), "number": number, "since": str(since), "reason": words}
    await tell(tx, scope, "withdrawal", [says])


async def approvals(connection: Connection, utility_id: UUID) -> ApprovalPolicy:
    """What a utility makes of what is shown and what isn't."""
    document: str | None = await connection.fetchval(POLICY, utility_id)
    return read_policy(msgspec.json.decode(document) if document else {})


async def change_approvals(tx: Connection, scope: Scope, policy: ApprovalPolicy, reason: str) -> None:
    """Go by another policy from now on. What it refuses to sell to is blocked by `enforce`, not by this."""
    words, document = clean("reason", reason, 200), msgspec.json.encode(policy).decode()
    await tx.execute(NEW_POLICY, scope.utility_id, document, words, scope.by)
    await tell(tx, scope, "policy", [{"policy": msgspec.to_builtins(policy, order="sorted"), "reason": words}])


async def dossiers(connection: Connection, utility_id: UUID) -> dict[str, Dossier]:
    """All that is shown of every model of the catalogue, by its name."""
    models = [_model_from(row) for row in await connection.fetch(ALL_MODELS, utility_id)]
    shown: dict[str, list[Evidence]] = {it.name: [] for it in models}
    for row in await connection.fetch(ALL_EVIDENCE, utility_id):
        shown[row["model"]].append(msgspec.convert({**row, "firmware": tuple(row["firmware"])}, Evidence))
    return {it.name: Dossier(it, tuple(shown[it.name])) for it in models}


def _model_from(row: asyncpg.Record) -> MeterModel:
    values: dict[str, Any] = dict(row)
    return msgspec.convert(values, MeterModel)


async def describe_units(tx: Connection, scope: Scope, units: Sequence[Unit]) -> None:
    """Say of meters what is known of them; what isn't said stays.

    Raises:
        NotFoundError: there is no such meter, or no such model.
    """
    named = {it.meter_id: it.model for it in units if it.model}
    if unknown := set(named.values()) - (await dossiers(tx, scope.utility_id)).keys():
        raise NotFoundError("model", min(unknown))
    await name_models(tx, scope, named)
    rows = [(it.meter_id, it.firmware, it.delivered, it.battery) for it in units]
    with _explained("meter"):
        await tx.execute(DESCRIBING, *columns(rows, 4), scope.utility_id)
    await tell(tx, scope, "unit", [msgspec.to_builtins(it) for it in units])
