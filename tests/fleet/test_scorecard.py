"""How good a supplier is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.fleet.support import BLUE, DAY, STRICT, hang_up, paper, with_blue
from tests.fleet.test_approval import DOSSIERS, POLICIES
from tests.registry.town import Town
from umbane.fleet import (
    ApprovalPolicy,
    Consequence,
    Dossier,
    EvidenceKind,
    Rule,
    Service,
    add_evidence,
    add_models,
    change_approvals,
    score,
    scorecard,
)

SERVICES = st.builds(Service, st.integers(0, 9_999), st.integers(0, 10**9), st.integers(0, 9_999))


@pytest.mark.parametrize(
    ("evidence", "service", "points"),
    [
        ((paper(),), Service(1000, 365_250, 0), (40, 60, 0)),
        ((paper(),), Service(1000, 365_250, 5), (40, 45, 50)),
        ((paper(),), Service(1000, 365_250, 20), (40, 0, 200)),
        ((paper(),), Service(1000, 365_250, 900), (40, 0, 9000)),
        ((), Service(1000, 365_250, 0), (0, 60, 0)),
        ((paper(valid_until=date(2026, 3, 11)),), Service(1000, 365_250, 1), (0, 57, 10)),
        ((paper(),), Service(), (40, None, None)),
    ],
)
def test_formula(evidence: tuple[object, ...], service: Service, points: tuple[int | None, ...]) -> None:
    """Evidence and failures give the points that the formula on the page says."""
    it = score("Blue", [Dossier(BLUE, evidence)], [service], STRICT, DAY)  # type: ignore[arg-type]  # documents
    assert (it.evidence, it.reliability, it.failures) == points
    assert it.points == points[0] + (points[1] or 0)


def test_nothing_matters() -> None:
    """Where a policy asks for no evidence, nobody lacks any."""
    policy = ApprovalPolicy(rules=dict.fromkeys(EvidenceKind, Rule(Consequence.IGNORE, Consequence.IGNORE)))
    assert score("Blue", [Dossier(BLUE)], [], policy, DAY).evidence == 40


@given(st.lists(DOSSIERS, max_size=3), st.lists(SERVICES, max_size=3), POLICIES)
def test_in_range(models: list[Dossier], services: list[Service], policy: ApprovalPolicy) -> None:
    """Points are never below 0 nor above 100, and whole numbers."""
    it = score("Blue", models, services, policy, DAY)
    assert 0 <= it.evidence <= 40
    assert 0 <= (it.reliability or 0) <= 60
    assert type(it.points) is int


@given(SERVICES, st.integers(1, 50))
def test_more_faults_are_never_better(service: Service, more: int) -> None:
    """With more failures in the same time nobody has more points."""
    worse = structs.replace(service, faults=service.faults + more)
    first, second = (score("Blue", [], [it], STRICT, DAY) for it in (service, worse))
    assert second.points <= first.points


async def test_suppliers(town: Town) -> None:
    """Suppliers are listed from the best, with their models and the meters that hang."""
    red = structs.replace(BLUE, name="Red 1", maker="Red Meters")
    await with_blue(town)
    await town.does(add_models, [red, structs.replace(BLUE, name="Blue 4")])
    await town.does(add_evidence, [paper(model="Red 1")])
    await town.does(change_approvals, STRICT, "only the certificate")
    await hang_up(town, BLUE.name, 2)
    first, second = await town.reads(scorecard, DAY)
    assert (first.maker, first.evidence, first.meters, first.models) == ("Red Meters", 40, 0, 1)
    assert (second.maker, second.evidence, second.meters, second.models) == ("Blue Meters", 0, 2, 2)
