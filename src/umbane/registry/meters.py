"""What becomes of meters: from the store to a place, blocked and unblocked, replaced, removed, scrapped."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from umbane.db import Connection
from umbane.registry.changes import record, record_addition
from umbane.registry.errors import NotFoundError, TransitionError
from umbane.registry.meternumbers import pan_of
from umbane.registry.models import LEGAL_MOVES, Meter, MeterState
from umbane.registry.roles import Scope
from umbane.registry.store import METERS, explained, insert, meter_columns, meter_from, one
from umbane.registry.texts import require_clean

__all__ = [
    "add_meters",
    "block_meter",
    "install_meter",
    "meter",
    "meter_by_number",
    "meter_held",
    "name_models",
    "remove_meter",
    "replace_meter",
    "restock_meter",
    "scrap_meter",
    "unblock_meter",
]

METER: Final = "SELECT * FROM registry.meter WHERE utility_id = $1 AND id = $2"
BY_PAN: Final = "SELECT * FROM registry.meter WHERE utility_id = $1 AND pan = $2"
LOCKED: Final = " FOR NO KEY UPDATE"
NAMED: Final = """
SELECT id, model FROM registry.meter WHERE utility_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"""
NAMING: Final = """
UPDATE registry.meter m SET model = new.model FROM unnest($2::uuid[], $3::text[]) AS new (id, model)
WHERE m.utility_id = $1 AND m.id = new.id"""
MOVE: Final = """
UPDATE registry.meter SET state = $3, service_point_id = $4, contract_id = (
    SELECT id FROM registry.contract WHERE utility_id = $1 AND service_point_id = $4 AND closed IS NULL
) WHERE utility_id = $1 AND id = $2 RETURNING *"""
"""A meter that hangs at a place serves the contract that is open there, if there is one."""


async def name_models(tx: Connection, scope: Scope, models: Mapping[UUID, str]) -> None:
    """Say of which model meters are, each by its id.

    Raises:
        NotFoundError: there is no such meter.
        RegistryInputError: a name can't be one.
    """
    for name in set(models.values()):
        require_clean(("model", name))
    before = {row["id"]: row["model"] for row in await tx.fetch(NAMED, scope.utility_id, [*models])}
    if missing := models.keys() - before.keys():
        raise NotFoundError("meter", min(missing))
    new = {id_: name for id_, name in models.items() if before[id_] != name}
    await tx.execute(NAMING, scope.utility_id, [*new], [*new.values()])
    await record(tx, scope, "meter.model", [(id_, {"model": [before[id_], name]}) for id_, name in new.items()])


async def meter(connection: Connection, utility_id: UUID, meter_id: UUID) -> Meter:
    """A meter; NotFoundError when the utility has none of this id."""
    return meter_from(await one(connection, "meter", METER, utility_id, meter_id))


async def meter_held(tx: Connection, utility_id: UUID, meter_id: UUID) -> Meter:
    """A meter that nobody else changes until the transaction ends; NotFoundError when there is none of this id."""
    return meter_from(await one(tx, "meter", METER + LOCKED, utility_id, meter_id))


async def meter_by_number(connection: Connection, utility_id: UUID, number: str) -> Meter:
    """A meter by its number in any of its forms.

    Raises:
        StsInputError: the number is none; CheckDigitError when a check digit is wrong.
        NotFoundError: the utility has no such meter.
    """
    return meter_from(await one(connection, "meter", BY_PAN, utility_id, pan_of(number)))


async def add_meters(tx: Connection, scope: Scope, meters: Sequence[Meter]) -> None:
    """Add meters.

    Raises:
        DuplicateError: the utility has one of them already.
        NotFoundError: there is no such supply group, service point or contract.
    """
    number = await record_addition(tx, scope, "meter.add", {"count": len(meters)})
    await insert(tx, METERS, scope.utility_id, [*zip(*map(meter_columns, meters), strict=True)], number)


async def install_meter(tx: Connection, scope: Scope, meter_id: UUID, service_point_id: UUID) -> Meter:
    """Hang a meter from the store, or one that was removed, at a place; it serves the contract that is open there.

    Raises:
        NotFoundError: there is no such meter or place.
        TransitionError: the meter hangs somewhere, or is scrapped.
    """
    found = await meter_held(tx, scope.utility_id, meter_id)
    if found.state is MeterState.BLOCKED:
        raise TransitionError(f"meter {found.pan.drn} is blocked where it hangs: unblock or remove it first")
    return await _move(tx, scope, found, "install", MeterState.INSTALLED, service_point_id, {})


async def block_meter(tx: Connection, scope: Scope, meter_id: UUID, reason: str) -> Meter:
    """Sell nothing to a meter until it is unblocked.

    Raises:
        NotFoundError, TransitionError: there is none, or it isn't installed.
    """
    found = await meter_held(tx, scope.utility_id, meter_id)
    return await _move(tx, scope, found, "block", MeterState.BLOCKED, found.service_point_id, {"reason": reason})


async def unblock_meter(tx: Connection, scope: Scope, meter_id: UUID, reason: str) -> Meter:
    """Sell to a blocked meter again.

    Raises:
        NotFoundError, TransitionError: there is none, or it isn't blocked.
    """
    found = await meter_held(tx, scope.utility_id, meter_id)
    if found.state is not MeterState.BLOCKED:
        raise TransitionError(f"meter {found.pan.drn} is {found.state}, not blocked")
    return await _move(tx, scope, found, "unblock", MeterState.INSTALLED, found.service_point_id, {"reason": reason})


async def remove_meter(tx: Connection, scope: Scope, meter_id: UUID, reason: str) -> Meter:
    """Take a meter down. What its contract bought, and owes, stays with the contract.

    Raises:
        NotFoundError, TransitionError: there is none, or it hangs nowhere.
    """
    found = await meter_held(tx, scope.utility_id, meter_id)
    return await _move(tx, scope, found, "remove", MeterState.REMOVED, None, {"reason": reason})


async def restock_meter(tx: Connection, scope: Scope, meter_id: UUID) -> Meter:
    """Put a meter that was removed back into the store.

    Raises:
        NotFoundError, TransitionError: there is none, or it wasn't removed.
    """
    found = await meter_held(tx, scope.utility_id, meter_id)
    return await _move(tx, scope, found, "restock", MeterState.STOCKED, None, {})


async def scrap_meter(tx: Connection, scope: Scope, meter_id: UUID, reason: str) -> Meter:
    """Put a meter away for ever.

    Raises:
        NotFoundError, TransitionError: there is none, or it hangs somewhere.
    """
    found = await meter_held(tx, scope.utility_id, meter_id)
    return await _move(tx, scope, found, "scrap", MeterState.SCRAPPED, None, {"reason": reason})


async def replace_meter(tx: Connection, scope: Scope, old_id: UUID, new_id: UUID, reason: str) -> Meter:
    """Take a meter down and hang another in its place: the contract goes on, with its blocks and debts.

    Raises:
        NotFoundError, TransitionError: one isn't there, the old one hangs nowhere, or the new one can't be installed.
    """
    old = await meter_held(tx, scope.utility_id, old_id)
    if old.service_point_id is None:
        raise TransitionError(f"meter {old.pan.drn} is {old.state}: it hangs nowhere")
    new = await meter_held(tx, scope.utility_id, new_id)
    if new.service_point_id is not None:
        raise TransitionError(f"meter {new.pan.drn} hangs at another place: remove it there first")
    await _move(tx, scope, old, "remove", MeterState.REMOVED, None, {"reason": reason, "by": new.pan.digits})
    details = {"reason": reason, "for": old.pan.digits}
    return await _move(tx, scope, new, "install", MeterState.INSTALLED, old.service_point_id, details)


async def _move(  # noqa: PLR0913, PLR0917 - what, how, whither
    tx: Connection,
    scope: Scope,
    found: Meter,
    verb: str,
    to: MeterState,
    service_point_id: UUID | None,
    details: dict[str, Any],
) -> Meter:
    """Let a meter go into another state and place, if that is legal."""
    if to not in LEGAL_MOVES[found.state]:
        raise TransitionError(f"meter {found.pan.drn} is {found.state}: it can't become {to}")
    with explained():
        [row] = await tx.fetch(MOVE, scope.utility_id, found.id, to, service_point_id)
    moved = {"state": [found.state, to], "service_point_id": [found.service_point_id, service_point_id]}
    await record(tx, scope, f"meter.{verb}", [(found.id, moved | details)])
    return meter_from(row)
