"""Bars: many meters blocked by one act that isn't about any of them, such as for a model that nothing may be sold to.

The record of changes says of each blocked meter whether it is barred or was blocked for a reason of its own, so lifting
a bar never unblocks a meter that somebody blocked by hand.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.registry.changes import tell_many
from umbane.registry.roles import Scope

__all__ = ["IS_BARRED", "bar_meters", "barred", "lift_bars"]

MOVES: Final = "'meter.bar', 'meter.lift', 'meter.block', 'meter.unblock', 'meter.install', 'meter.remove'"
IS_BARRED: Final = f"""
m.state = 'blocked' AND 'meter.bar' = (
    SELECT action FROM registry.change c
    WHERE c.utility_id = m.utility_id AND c.object = m.id AND c.action IN ({MOVES}) ORDER BY c.id DESC LIMIT 1
)"""  # noqa: S608 - our words
"""The condition under which a meter m is blocked by such an act."""
MOVING: Final = """
WITH held AS (
    SELECT id FROM registry.meter m WHERE utility_id = $1 AND id = ANY ($2) AND {which} ORDER BY id FOR NO KEY UPDATE
), moved AS (
    UPDATE registry.meter m SET state = '{to}' FROM held WHERE m.utility_id = $1 AND m.id = held.id
    RETURNING m.id, m.service_point_id
), noted AS (
    INSERT INTO registry.change (utility_id, by, action, object, details)
    SELECT $1, $3, '{action}', id, jsonb_build_object(
        'state', jsonb_build_array('{since}', '{to}'), 'reason', $4::text,
        'service_point_id', jsonb_build_array(service_point_id, service_point_id))
    FROM moved
)
SELECT count(*) FROM moved"""
BARRING: Final = MOVING.format(which="m.state = 'installed'", since="installed", to="blocked", action="meter.bar")
LIFTING: Final = MOVING.format(which=IS_BARRED, since="blocked", to="installed", action="meter.lift")
BARRED: Final = f"""
SELECT id FROM registry.meter m WHERE utility_id = $1 AND id = ANY ($2) AND {IS_BARRED} ORDER BY id"""  # noqa: S608 - our words


async def bar_meters(tx: Connection, scope: Scope, meter_ids: Sequence[UUID], reason: str) -> int:
    """Block those of these meters that are in use, and answer how many: one statement, and one entry of the log."""
    count: int = await tx.fetchval(BARRING, scope.utility_id, [*meter_ids], scope.by, reason)
    await tell_many(tx, scope, "meter.bar", count, reason)
    return count


async def lift_bars(tx: Connection, scope: Scope, meter_ids: Sequence[UUID], reason: str) -> int:
    """Let those of these meters that are barred be sold to again; who was blocked by hand stays so."""
    count: int = await tx.fetchval(LIFTING, scope.utility_id, [*meter_ids], scope.by, reason)
    await tell_many(tx, scope, "meter.lift", count, reason)
    return count


async def barred(connection: Connection, utility_id: UUID, meter_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these meters that are blocked by such an act."""
    return [row["id"] for row in await connection.fetch(BARRED, utility_id, [*meter_ids])]
