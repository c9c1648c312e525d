"""What a policy refuses to sell to is blocked, and let go again when it is shown: sets of meters, ahead of any sale.

So a sale looks nothing up: it sees a blocked meter, as it always did.
"""

from datetime import date
from typing import Final
from uuid import UUID

from msgspec import Struct

from umbane.db import Connection
from umbane.fleet.approval import ApprovalPolicy, Consequence, Dossier, Finding, Use, findings, why_not
from umbane.fleet.catalogue import approvals, dossiers
from umbane.fleet.errors import FleetInputError
from umbane.registry import Scope
from umbane.registry.bars import IS_BARRED, bar_meters, lift_bars

__all__ = ["AT_A_TIME", "Enforced", "Standing", "enforce", "may_be_hung_up", "standing"]

AT_A_TIME: Final = 10_000
"""Meters in one transaction: purchases at them wait for its end."""
BUILDS: Final = """
SELECT model, firmware, count(*) AS meters, count(*) FILTER (WHERE state = 'blocked') AS blocked
FROM registry.meter m LEFT JOIN fleet.unit u ON u.utility_id = m.utility_id AND u.meter_id = m.id
WHERE m.utility_id = $1 AND state IN ('installed', 'blocked') GROUP BY model, firmware ORDER BY model, firmware"""
OF_BUILD: Final = """
SELECT m.id FROM registry.meter m LEFT JOIN fleet.unit u ON u.utility_id = m.utility_id AND u.meter_id = m.id
WHERE m.utility_id = $1 AND model IS NOT DISTINCT FROM $2 AND firmware IS NOT DISTINCT FROM $3"""
IN_USE: Final = OF_BUILD + " AND state = 'installed' ORDER BY m.id LIMIT $4"
BARRED: Final = f"{OF_BUILD} AND {IS_BARRED} ORDER BY m.id LIMIT $4"
SHOWN_AGAIN: Final = "what was missing is shown, or the policy changed"


class Standing(Struct, frozen=True):
    """How the meters of one model and firmware stand on a day.

    Attributes:
        model, firmware: None where nobody knows.
        meters: so many hang somewhere.
        blocked: so many of them are blocked, for whatever reason.
        findings: what isn't shown of them.
    """

    model: str | None
    firmware: str | None
    meters: int
    blocked: int
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """Whether nothing may be sold to them."""
        return any(it.consequence is Consequence.REFUSE_VENDING for it in self.findings)


class Enforced(Struct, frozen=True):
    """What became of a stretch of meters.

    Attributes:
        barred: so many were blocked.
        lifted: so many are sold to again.
    """

    barred: int
    lifted: int


async def standing(connection: Connection, utility_id: UUID, on: date) -> list[Standing]:
    """How every model and firmware that hangs somewhere stands on a day."""
    known, policy = await dossiers(connection, utility_id), await approvals(connection, utility_id)
    return [
        Standing(model, firmware, meters, blocked, _judged(known, model, firmware, on, policy))
        for model, firmware, meters, blocked in await connection.fetch(BUILDS, utility_id)
    ]


def _judged(
    known: dict[str, Dossier], model: str | None, firmware: str | None, on: date, policy: ApprovalPolicy
) -> tuple[Finding, ...]:
    return findings(known.get(model or "", Dossier()), firmware, on, policy)


async def enforce(tx: Connection, scope: Scope, on: date, most: int = AT_A_TIME) -> Enforced:
    """Block meters that nothing may be sold to by the policy, and let those go again to which it may.

    Call it until nothing is left to do: each call changes so many meters at most. A meter that was blocked for a reason
    of its own stays blocked.

    Raises:
        FleetInputError: the most is none.
    """
    if most < 1:
        raise FleetInputError("most", f"{most} is none", "at least 1")
    done, lifted = 0, 0
    for it in await standing(tx, scope.utility_id, on):
        build, left = (scope.utility_id, it.model, it.firmware), most - done - lifted
        if it.is_refused and it.meters > it.blocked:
            ids = [row["id"] for row in await tx.fetch(IN_USE, *build, left)]
            done += await bar_meters(tx, scope, ids, reason_of(it.findings))
        elif it.blocked and not it.is_refused:
            ids = [row["id"] for row in await tx.fetch(BARRED, *build, left)]
            lifted += await lift_bars(tx, scope, ids, SHOWN_AGAIN)
    return Enforced(done, lifted)


def reason_of(found: tuple[Finding, ...]) -> str:
    """Why nothing is sold, in one line."""
    return "; ".join(it.words for it in found if it.consequence is Consequence.REFUSE_VENDING)


async def may_be_hung_up(
    connection: Connection, utility_id: UUID, model: str | None, firmware: str | None, on: date
) -> tuple[Finding, ...]:
    """Why a meter of this model and firmware may not be hung up on a day; nothing if it may."""
    known, policy = await dossiers(connection, utility_id), await approvals(connection, utility_id)
    return why_not(Use.INSTALL, known.get(model or "", Dossier()), firmware, on, policy)
