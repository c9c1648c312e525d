"""Events of the town, in few words."""

from datetime import datetime
from typing import Any

from tests.registry.town import NOW, Town, new_id
from umbane.fleet import (
    ApprovalPolicy,
    Consequence,
    Deed,
    Event,
    EvidenceKind,
    Install,
    Report,
    Rule,
    Site,
    change_approvals,
    record_event,
)
from umbane.registry import Meter, ServicePoint, add_service_points, meter

__all__ = ["GOOD", "again", "another_place", "install", "lenient", "told", "work_order"]

GOOD = Site({"display": True, "relay": True, "test_token": True, "wiring": True}, gps="-25.746111,28.188056")
"""A meter that was commissioned whole."""


def work_order(id_: str, deed: Deed, at: datetime = NOW, reason: str = "work order") -> Report:
    """What the engineer tells."""
    return Report(id_, at, reason, deed)  # type: ignore[arg-type]  # any deed


async def told(town: Town, report: Report, now: datetime = NOW) -> Event:
    """What becomes of it."""
    return await town.does(record_event, report, now)


async def lenient(town: Town) -> None:
    """Let everything be hung up that takes tokens."""
    nothing = Rule(Consequence.IGNORE, Consequence.IGNORE)
    policy = ApprovalPolicy(Consequence.IGNORE, dict.fromkeys(EvidenceKind, nothing), ())
    await town.does(change_approvals, policy, "for now")


def install(it: Meter, place: str, **fields: Any) -> Install:  # noqa: ANN401 - checked by Install itself
    """A meter was hung up, and all was right."""
    return Install(meter=it.pan.digits, place=place, **({"site": GOOD} | fields))


async def another_place(town: Town) -> ServicePoint:
    """A place where nothing hangs."""
    place = ServicePoint(new_id(), "3 Hill Street", "F2", "T-9")
    await town.does(add_service_points, [place])
    return place


async def again(town: Town, it: Meter) -> Meter:
    """A meter as it is now."""
    return await town.reads(meter, it.id)
