"""What an event does is done with: the transaction, who tells it, and what it came to."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from umbane.db import Connection
from umbane.fleet.catalogue import approvals
from umbane.fleet.deeds import Deed, Report, Site, require_legal
from umbane.fleet.enforcing import may_be_hung_up
from umbane.fleet.errors import FleetInputError, IllegalEventError, NotCertifiedError
from umbane.fleet.foresight import HANGING_SINCE
from umbane.registry import (
    Meter,
    MeterState,
    NotFoundError,
    Scope,
    Utility,
    contract_by_account,
    pan_of,
    terminal,
    terminals,
    vendor_by_code,
)
from umbane.registry.meters import meter_held

__all__ = [
    "Done",
    "Work",
    "changed",
    "fitting",
    "held",
    "hung",
    "named",
    "place_named",
    "require_fit",
    "require_vacant",
    "taken_down",
    "till_named",
]

ID_OF: Final = "SELECT id FROM registry.meter WHERE utility_id = $1 AND pan = $2"
UNIT: Final = "SELECT firmware, installed FROM fleet.unit WHERE utility_id = $1 AND meter_id = $2"
HUNG: Final = """
INSERT INTO fleet.unit (utility_id, meter_id, installed) VALUES ($1, $2, $3)
ON CONFLICT (utility_id, meter_id) DO UPDATE SET installed = excluded.installed"""
SINCE: Final = f"""
SELECT {HANGING_SINCE} FROM registry.meter m
LEFT JOIN fleet.unit u ON u.utility_id = m.utility_id AND u.meter_id = m.id WHERE m.utility_id = $1 AND m.id = $2"""  # noqa: S608 - our words
ANOTHER: Final = "SELECT drn FROM registry.meter WHERE utility_id = $1 AND service_point_id = $2 LIMIT 1"


@dataclass(frozen=True, slots=True)
class Work:
    """An event while it is done.

    Attributes:
        tx, scope: the transaction, and who tells.
        house: the utility.
        report: what is told.
        now: when it is told.
    """

    tx: Connection
    scope: Scope
    house: Utility
    report: Report
    now: datetime

    @property
    def day(self) -> date:
        """On which it happened, where the utility is."""
        return self.report.at.astimezone(self.house.zone).date()


@dataclass(slots=True)
class Done:
    """What an event did.

    Attributes:
        meter_id, other_id: to which meter, and which took its place.
        did: to keys, books, tokens and all else, for people and for taking it back.
        place_id, left_id: where the meter hangs or hung, and which place it left for that.
        credit, terminal_id: tenths of a kWh that a token is to carry over, and the till that makes it.
        model, faulty, served: of a meter that was taken down, whether for a fault, and for how many days it hung.
        contra_of: the event that it takes back.
    """

    meter_id: UUID
    did: dict[str, Any]
    other_id: UUID | None = None
    place_id: UUID | None = None
    left_id: UUID | None = None
    credit: int = 0
    terminal_id: UUID | None = None
    model: str | None = None
    faulty: bool = False
    served: int | None = None
    contra_of: UUID | None = field(default=None)


async def named(work: Work, number: str) -> Meter:
    """The meter of this number, which nobody else changes until the transaction ends.

    Raises:
        StsInputError, NotFoundError: it is no number, or the utility has no such meter.
    """
    pan = pan_of(number)
    found = await work.tx.fetchval(ID_OF, work.scope.utility_id, pan)
    if found is None:
        raise NotFoundError("meter", number)
    return await held(work, found)


async def held(work: Work, meter_id: UUID) -> Meter:
    """A meter that is there, and nobody else changes until the transaction ends."""
    return await meter_held(work.tx, work.scope.utility_id, meter_id)


async def fitting(work: Work, deed: Deed) -> Meter:
    """The meter that something happened to, in a state in which that can be."""
    found = await named(work, deed.meter)
    require_legal(type(deed), found.state, found.pan.drn)
    return found


async def place_named(connection: Connection, utility_id: UUID, text: str) -> UUID:
    """A place by its id or by an account there.

    Raises:
        NotFoundError: there is no such account.
    """
    try:
        return UUID(text)
    except ValueError:
        return (await contract_by_account(connection, utility_id, text)).service_point_id


async def till_named(connection: Connection, utility_id: UUID, text: str) -> UUID:
    """A till by its id, or by the codes of its vendor and its own.

    Raises:
        NotFoundError: there is no such till.
    """
    try:
        return (await terminal(connection, utility_id, UUID(text))).id
    except ValueError:
        code, _, own = text.partition("/")
    vendor = await vendor_by_code(connection, utility_id, code)
    found = {it.code: it.id for it in await terminals(connection, utility_id, vendor.id)}
    if own not in found:
        raise NotFoundError("terminal", text)
    return found[own]


async def require_fit(work: Work, it: Meter, site: Site) -> None:
    """Refuse to hang up what isn't certified, or wasn't found right where it hangs.

    Raises:
        NotCertifiedError, FleetInputError: it may not be hung up.
    """
    unit = await work.tx.fetchrow(UNIT, work.scope.utility_id, it.id)
    firmware = unit["firmware"] if unit else None
    if why := await may_be_hung_up(work.tx, work.scope.utility_id, it.model, firmware, work.day):
        words = "; ".join(finding.words for finding in why)
        raise NotCertifiedError(f"meter {it.pan.drn} ({it.model or 'unknown model'}) may not be hung up: {words}")
    wanted = (await approvals(work.tx, work.scope.utility_id)).checks
    if missing := [check for check in wanted if check not in site.checks]:
        raise FleetInputError("checks", f"nobody looked at: {', '.join(missing)}", "commission the meter whole")
    if wrong := sorted(check for check, right in site.checks.items() if not right):
        raise FleetInputError("checks", f"not right: {', '.join(wrong)}", "put it right, or hang up another meter")


async def require_vacant(work: Work, place_id: UUID) -> None:
    """Refuse a place where a meter hangs.

    Raises:
        IllegalEventError: one does.
    """
    if drn := await work.tx.fetchval(ANOTHER, work.scope.utility_id, place_id):
        raise IllegalEventError(f"meter {drn} hangs there: replace it, or remove it first")


async def hung(work: Work, it: Meter, day: date | None) -> list[str | None]:
    """Write down since when a meter hangs; answer what was written before, and what now."""
    before = await work.tx.fetchrow(UNIT, work.scope.utility_id, it.id)
    await work.tx.execute(HUNG, work.scope.utility_id, it.id, day)
    was: date | None = before["installed"] if before else None
    return [str(it) if it else None for it in (was, day)]


async def taken_down(work: Work, it: Meter) -> int:
    """For how many days a meter hung."""
    since: date = await work.tx.fetchval(SINCE, work.scope.utility_id, it.id)
    return max(0, (work.day - since).days)


def changed(before: Meter, after: MeterState, **also: object) -> dict[str, Any]:
    """What an event did to a meter's state, and that it did nothing to its key, books and tokens but what is said."""
    usual = {"key": f"unchanged: {before.key}", "books": "nothing", "tokens": "none"}
    return {"state": [before.state, after], **usual, **also}
