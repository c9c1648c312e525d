"""How good a supplier is: computed from what is shown of its models and from what failed in the field.

Of its 100 points up to 40 are for evidence and up to 60 for reliability:

    evidence    = 40 × (kinds of evidence that hold today) / (kinds that matter), summed over its models
    failures    = 1000 × (meters taken down for a fault) / (years that its meters hung)      a thousand meter-years
    reliability = 60 × (1 - failures / 20), at least 0; where no meter ever hung, there is none, and the score is of 40

A kind matters unless the policy ignores its lack. Twenty failures in a thousand meter-years, two in a hundred a year,
are worth nothing. [choice] That, and the weights. All of it is counted in whole meters and days.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Final
from uuid import UUID

from msgspec import Struct

from umbane.db import Connection
from umbane.fleet.approval import ApprovalPolicy, Consequence, Dossier
from umbane.fleet.catalogue import approvals, dossiers
from umbane.fleet.foresight import HANGING_SINCE
from umbane.fleet.models import EvidenceKind

__all__ = ["Score", "Service", "score", "scorecard"]

EVIDENCE_POINTS: Final = 40
RELIABILITY_POINTS: Final = 60
WORTHLESS: Final = 20
"""Failures in a thousand meter-years."""
DAYS_OF_A_THOUSAND_YEARS: Final = 365_250

HANGING: Final = f"""
SELECT m.model, count(*) AS meters, sum(greatest(0, $2::date - {HANGING_SINCE})) AS days
FROM registry.meter m LEFT JOIN fleet.unit u ON u.utility_id = m.utility_id AND u.meter_id = m.id
WHERE m.utility_id = $1 AND m.state IN ('installed', 'blocked') AND m.model IS NOT NULL GROUP BY m.model"""  # noqa: S608 - our words
TAKEN_DOWN: Final = """
SELECT e.model, count(*) FILTER (WHERE e.faulty) AS faults, sum(e.served) AS days FROM fleet.event e
WHERE e.utility_id = $1 AND e.served IS NOT NULL AND e.model IS NOT NULL
    AND NOT EXISTS (SELECT FROM fleet.event c WHERE c.utility_id = e.utility_id AND c.contra_of = e.id)
GROUP BY e.model"""


class Service(Struct, frozen=True):
    """What the meters of a model did in the field.

    Attributes:
        meters: so many hang now.
        days: so many days all of them hung, those that were taken down included.
        faults: so many were taken down because something was wrong with them.
    """

    meters: int = 0
    days: int = 0
    faults: int = 0


class Score(Struct, frozen=True):
    """A supplier's.

    Attributes:
        maker: who.
        models: how many of its models are in the catalogue.
        meters, faults: of all of them.
        failures: in a thousand meter-years, to the tenth, times ten; None where no meter hung for a day.
        evidence: points of 40.
        reliability: points of 60; None where no meter hung for a day.
    """

    maker: str
    models: int
    meters: int
    faults: int
    failures: int | None
    evidence: int
    reliability: int | None

    @property
    def points(self) -> int:
        """Of 100; of 40 for a supplier none of whose meters hung for a day."""
        return self.evidence + (self.reliability or 0)


def score(
    maker: str, models: Sequence[Dossier], services: Sequence[Service], policy: ApprovalPolicy, on: date
) -> Score:  # fmt: skip
    """A supplier's score on a day, from the dossiers of its models and their service in the field."""
    matters = [it for it in EvidenceKind if policy.rule(it).lack is not Consequence.IGNORE]
    held = sum(any(it.kind is kind and it.holds(on) for it in model.evidence) for model in models for kind in matters)
    wanted = len(matters) * len(models)
    evidence = EVIDENCE_POINTS * held // wanted if wanted else EVIDENCE_POINTS
    days, faults = sum(it.days for it in services), sum(it.faults for it in services)
    failures, reliability = None, None
    if days:
        rate = Fraction(faults * DAYS_OF_A_THOUSAND_YEARS, days)
        failures, reliability = round(rate * 10), max(0, int(RELIABILITY_POINTS * (1 - rate / WORTHLESS)))
    meters = sum(it.meters for it in services)
    return Score(maker, len(models), meters, faults, failures, evidence, reliability)


async def scorecard(connection: Connection, utility_id: UUID, on: date) -> list[Score]:
    """The scores of all suppliers of the catalogue on a day, the best first."""
    known, policy = await dossiers(connection, utility_id), await approvals(connection, utility_id)
    served = await services(connection, utility_id, on)
    makers: dict[str, list[str]] = defaultdict(list)
    for name, it in known.items():
        makers[it.model.maker if it.model else ""].append(name)
    scores = [
        score(maker, [known[it] for it in names], [served.get(it, Service()) for it in names], policy, on)
        for maker, names in makers.items()
    ]
    return sorted(scores, key=lambda it: (-it.points, it.maker))


async def services(connection: Connection, utility_id: UUID, on: date) -> Mapping[str, Service]:
    """What the meters of each model did in the field, up to a day."""
    hanging = {row["model"]: row for row in await connection.fetch(HANGING, utility_id, on)}
    gone = {row["model"]: row for row in await connection.fetch(TAKEN_DOWN, utility_id)}
    return {
        model: Service(
            hanging[model]["meters"] if model in hanging else 0,
            sum(int(it[model]["days"]) for it in (hanging, gone) if model in it),
            gone[model]["faults"] if model in gone else 0,
        )
        for model in hanging.keys() | gone.keys()
    }
