"""What ends within some days: certificates of models, warranties and batteries of meters, by model and area.

[choice] An area is a feeder. A warranty runs from a meter's delivery, a battery from the day it was put in; where a day
isn't known, the day on which the meter was hung up or came into the registry stands for it.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from umbane.db import Connection
from umbane.fleet.approval import Dossier
from umbane.fleet.catalogue import dossiers
from umbane.fleet.errors import FleetInputError
from umbane.fleet.models import LASTING, Evidence, EvidenceKind

__all__ = ["Due", "Ending", "Wave", "due_meters", "ending_documents", "lasting_months", "waves"]

LONGEST: Final = 3650
"""Days that anybody looks ahead."""
HANGING_SINCE: Final = """coalesce(u.installed, (
    SELECT c.at FROM registry.change c
    WHERE c.utility_id = m.utility_id AND c.object = m.id AND c.action = 'meter.install'
    ORDER BY c.id DESC LIMIT 1)::date, (
    SELECT c.at FROM registry.change c WHERE c.id = m.added_by)::date)"""
"""The day on which a meter was hung up, as far as anybody knows."""
DUE: Final = f"""
SELECT m.pan, m.model, p.address, p.feeder, p.transformer, last.kind, (
    coalesce(CASE last.kind WHEN 'warranty' THEN u.delivered ELSE u.battery END, {HANGING_SINCE})
    + make_interval(months => last.months))::date AS ends
FROM registry.meter m
JOIN unnest($2::text[], $3::text[], $4::integer[]) AS last (model, kind, months) USING (model)
JOIN registry.service_point p ON p.utility_id = m.utility_id AND p.id = m.service_point_id
LEFT JOIN fleet.unit u ON u.utility_id = m.utility_id AND u.meter_id = m.id
WHERE m.utility_id = $1"""  # noqa: S608 - our words
WAVES: Final = f"""
SELECT kind, model, feeder AS area, count(*) AS meters, min(ends) AS first, max(ends) AS last FROM ({DUE}) due
WHERE ends BETWEEN $5 AND $6 GROUP BY kind, model, feeder ORDER BY kind, model, feeder"""  # noqa: S608 - our words
LISTED: Final = f"""
SELECT pan, model, address, feeder AS area, transformer, kind, ends FROM ({DUE}) due
WHERE ends BETWEEN $5 AND $6 AND ($7::text IS NULL OR model = $7) AND ($8::text IS NULL OR feeder = $8)
ORDER BY ends, feeder, transformer, pan LIMIT $9"""  # noqa: S608 - our words
IN_USE: Final = """
SELECT model, count(*) AS meters FROM registry.meter
WHERE utility_id = $1 AND state IN ('installed', 'blocked') GROUP BY model"""


class Ending(Struct, frozen=True):
    """A document that ends, with nothing of its kind to follow it.

    Attributes:
        evidence: the document.
        last_day: on which it counts.
        meters: of its model that hang somewhere.
    """

    evidence: Evidence
    last_day: date
    meters: int


class Wave(Struct, frozen=True):
    """Meters of a model in an area whose warranties or batteries end.

    Attributes:
        kind: which of the two.
        model: of the meters.
        area: the feeder; None where it isn't known.
        meters: how many.
        first, last: the days between which they end.
    """

    kind: EvidenceKind
    model: str
    area: str | None
    meters: int
    first: date
    last: date


class Due(Struct, frozen=True):
    """One meter to be looked at.

    Attributes:
        pan: the 18 digits of its number.
        model, address: of it.
        area, transformer: where it hangs in the network; None where that isn't known.
        kind: what ends.
        ends: the last day.
    """

    pan: str
    model: str
    address: str
    area: str | None
    transformer: str | None
    kind: EvidenceKind
    ends: date


def horizon(today: date, days: int) -> date:
    """The last day of those that are looked ahead.

    Raises:
        FleetInputError: that is too far, or backwards.
    """
    if not 0 <= days <= LONGEST:
        raise FleetInputError("days", f"{days} is no number of days to look ahead", f"0 to {LONGEST}")
    return today + timedelta(days=days)


def ending(dossier: Dossier, today: date, until: date) -> list[Evidence]:
    """The documents of a model that hold today, end by a day, and leave something uncovered after their end."""
    alive = [it for it in dossier.evidence if it.holds(today)]
    ends = [(it, it.last_day) for it in alive if it.last_day is not None and it.last_day <= until]
    return [it for it, last in ends if not _followed(it, last + timedelta(days=1), dossier)]


def _followed(old: Evidence, after: date, dossier: Dossier) -> bool:
    """Whether other documents of its kind cover all of what it covers on the day after its end."""
    others = [it for it in dossier.evidence if it.kind is old.kind and it.holds(after)]
    versions = old.firmware or (None,)
    return all(any(it.covers(version) for it in others) for version in versions)


async def ending_documents(connection: Connection, utility_id: UUID, today: date, days: int) -> list[Ending]:
    """The documents that end within some days, today included, the first one first.

    Raises:
        FleetInputError: days are looked at that nobody can foresee.
    """
    until = horizon(today, days)
    used = {row["model"]: row["meters"] for row in await connection.fetch(IN_USE, utility_id)}
    known = await dossiers(connection, utility_id)
    found = [it for dossier in known.values() for it in ending(dossier, today, until)]
    listed = [Ending(it, it.last_day, used.get(it.model, 0)) for it in found if it.last_day]
    return sorted(listed, key=lambda it: (it.last_day, it.evidence.model, it.evidence.kind))


def lasting_months(known: Mapping[str, Dossier]) -> list[tuple[str, str, int]]:
    """How many months the warranty and the battery of each model last, by the document that began last."""
    found: dict[tuple[str, str], Evidence] = {}
    for model, dossier in known.items():
        for it in dossier.evidence:
            if it.kind in LASTING:
                before = found.get((model, it.kind))
                found[model, it.kind] = it if before is None or before.valid_from <= it.valid_from else before
    return [(model, kind, it.months or 0) for (model, kind), it in sorted(found.items())]


async def _asked(connection: Connection, utility_id: UUID, today: date, days: int) -> tuple[object, ...]:
    months = lasting_months(await dossiers(connection, utility_id))
    lists = ([it[0] for it in months], [it[1] for it in months], [it[2] for it in months])
    return utility_id, *lists, today, horizon(today, days)


async def waves(connection: Connection, utility_id: UUID, today: date, days: int) -> list[Wave]:
    """Warranties and batteries of meters that hang somewhere and end within some days, by model and area.

    Raises:
        FleetInputError: days are looked at that nobody can foresee.
    """
    rows = await connection.fetch(WAVES, *await _asked(connection, utility_id, today, days))
    return [msgspec.convert(dict(row), Wave) for row in rows]


async def due_meters(  # noqa: PLR0913 - whose, when, and which of them
    connection: Connection,
    utility_id: UUID,
    today: date,
    days: int,
    *,
    model: str | None = None,
    area: str | None = None,
    most: int = 1000,
) -> list[Due]:
    """The meters of those waves, in the order of their days and places: a list to go round with.

    Raises:
        FleetInputError: days are looked at that nobody can foresee.
    """
    rows = await connection.fetch(LISTED, *await _asked(connection, utility_id, today, days), model, area, most)
    return [msgspec.convert(dict(row), Due) for row in rows]
