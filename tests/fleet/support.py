"""A model, its papers, and meters of it."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import structs

from tests.registry.town import Town, meter, new_id
from umbane.db import Connection
from umbane.fleet import ApprovalPolicy, Consequence, Evidence, EvidenceKind, Form, MeterModel, Rule, add_models
from umbane.registry import Meter, MeterState, Scope, ServicePoint, add_meters, add_service_points

__all__ = ["BLUE", "CERTIFICATE", "DAY", "STRICT", "hang_up", "meters_of", "paper", "policy_of"]

DAY = date(2026, 3, 12)
BLUE = MeterModel("Blue 3", "Blue Meters", "07", Form.DIN_RAIL, 1, 230, 80, "PLC")
CERTIFICATE = EvidenceKind.STS_CERTIFICATE


def paper(kind: EvidenceKind = CERTIFICATE, **fields: Any) -> Evidence:  # noqa: ANN401 - checked by Evidence itself
    """A document about the model."""
    months = 24 if kind in {EvidenceKind.WARRANTY, EvidenceKind.BATTERY_LIFE} else None
    usual = Evidence(BLUE.name, kind, "C-1", "STS Association", date(2024, 1, 1), date(2027, 1, 1), months=months)
    return structs.replace(usual, **fields)


def policy_of(consequence: Consequence, kind: EvidenceKind = CERTIFICATE) -> ApprovalPolicy:
    """A policy by which one thing follows from one kind of evidence, and nothing from any other."""
    nothing = Rule(Consequence.IGNORE, Consequence.IGNORE)
    rules = dict.fromkeys(EvidenceKind, nothing) | {kind: Rule(consequence, consequence)}
    return ApprovalPolicy(Consequence.IGNORE, rules, ())


STRICT = policy_of(Consequence.REFUSE_VENDING)
"""By which nothing is sold to a meter without a certificate."""


async def meters_of(town: Town, model: str | None, count: int, first: int = 5000) -> list[Meter]:
    """Add meters of a model, which lie in the store."""
    new = [meter(first + it, model=model) for it in range(count)]
    await town.does(add_meters, new)
    return new


async def hang_up(
    town: Town, model: str | None, count: int, feeder: str | None = "F1", first: int = 5000
) -> list[UUID]:
    """Add meters of a model that hang at vacant places of an area."""
    places = [ServicePoint(new_id(), f"{it} Long Street", feeder, "T-1") for it in range(count)]
    hanging = [
        replace(meter(first + it, model=model), state=MeterState.INSTALLED, service_point_id=place.id)
        for it, place in enumerate(places)
    ]

    async def work(tx: Connection, scope: Scope) -> None:
        await add_service_points(tx, scope, places)
        await add_meters(tx, scope, hanging)

    await town.does(work)
    return [it.id for it in hanging]


async def with_blue(town: Town) -> None:
    """Put the model into the catalogue."""
    await town.does(add_models, [BLUE])
