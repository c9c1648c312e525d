"""The rules by which a model may be hung up and sold to."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.fleet.support import BLUE, CERTIFICATE, DAY, STRICT, paper, policy_of
from umbane.errors import InputError
from umbane.fleet import (
    ApprovalPolicy,
    Consequence,
    Dossier,
    Evidence,
    EvidenceKind,
    Rule,
    Use,
    findings,
    read_policy,
    why_not,
)

DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
FIRMWARE = st.sampled_from([None, "1.0", "1.1", "2.0"])
POLICIES = st.builds(
    ApprovalPolicy,
    st.sampled_from(Consequence),
    st.fixed_dictionaries(
        {it: st.builds(Rule, st.sampled_from(Consequence), st.sampled_from(Consequence)) for it in EvidenceKind}
    ),
)


@st.composite
def papers(draw: st.DrawFn) -> Evidence:
    """Any document of the model."""
    begins, ends = sorted([draw(DAYS), draw(DAYS)])
    return paper(
        draw(st.sampled_from(EvidenceKind)),
        number=f"N-{draw(st.integers(0, 999))}",
        valid_from=begins,
        valid_until=draw(st.sampled_from([ends, None])),
        firmware=tuple(draw(st.lists(st.sampled_from(["1.0", "1.1", "2.0"]), max_size=2))),
        withdrawn=draw(st.none() | DAYS),
    )


DOSSIERS = st.builds(Dossier, st.just(BLUE), st.lists(papers(), max_size=8).map(tuple))


@given(DOSSIERS, FIRMWARE, DAYS, POLICIES)
def test_what_may_not_be_sold_to_may_not_be_hung_up(
    dossier: Dossier, firmware: str | None, on: date, policy: ApprovalPolicy
) -> None:
    """Every reason against selling is a reason against hanging up, and every reason is a finding."""
    vend, install = (set(why_not(use, dossier, firmware, on, policy)) for use in (Use.VEND, Use.INSTALL))
    assert vend <= install <= set(findings(dossier, firmware, on, policy))


@given(DOSSIERS, papers(), FIRMWARE, DAYS, POLICIES)
def test_more_papers_never_refuse(
    dossier: Dossier, more: Evidence, firmware: str | None, on: date, policy: ApprovalPolicy
) -> None:
    """A document that holds takes away what is found of its kind, and none adds a finding about another kind."""
    richer = structs.replace(dossier, evidence=(*dossier.evidence, more))
    before, after = (
        {it.about for it in findings(some, firmware, on, policy)} for some in (dossier, richer)
    )  # fmt: skip
    assert after - {more.kind} == before - {more.kind}
    if more.holds(on) and more.covers(firmware):
        assert more.kind not in after


@given(DOSSIERS, FIRMWARE, DAYS, POLICIES, st.randoms(use_true_random=False))
def test_any_order(dossier: Dossier, firmware: str | None, on: date, policy: ApprovalPolicy, chance: Random) -> None:
    """The order in which documents were added doesn't matter."""
    shuffled = list(dossier.evidence)
    chance.shuffle(shuffled)
    other = structs.replace(dossier, evidence=tuple(shuffled))
    assert findings(other, firmware, on, policy) == findings(dossier, firmware, on, policy)


@given(DOSSIERS, FIRMWARE, DAYS, POLICIES)
def test_every_finding_matters(dossier: Dossier, firmware: str | None, on: date, policy: ApprovalPolicy) -> None:
    """A kind is found once at most, with a consequence that the policy names for it, and never where it is ignored."""
    found = findings(dossier, firmware, on, policy)
    assert len({it.about for it in found}) == len(found)
    for it in found:
        assert it.about is not None
        assert it.consequence in {policy.rule(it.about).lack, policy.rule(it.about).expiry} - {Consequence.IGNORE}


@pytest.mark.parametrize(
    ("evidence", "firmware", "words"),
    [
        ((), "1.0", "there is none"),
        ((paper(valid_until=DAY - timedelta(days=1)),), "1.0", "ended on 2026-03-11"),
        ((paper(valid_from=DAY + timedelta(days=1)),), "1.0", "begins on 2026-03-13"),
        ((paper(firmware=("2.0",)), paper(firmware=("1.1",))), "1.0", "covers firmware 1.1, 2.0, not 1.0"),
        ((paper(firmware=("2.0",)),), None, "covers firmware 2.0, not one that is unknown"),
        ((paper(withdrawn=DAY),), "1.0", "ended on 2026-03-11"),
        ((paper(EvidenceKind.IP_REPORT),), "1.0", "there is none"),
    ],
)
def test_words(evidence: tuple[Evidence, ...], firmware: str | None, words: str) -> None:
    """What is found says which document is missing, over, still to come, or about another version."""
    [it] = findings(Dossier(BLUE, evidence), firmware, DAY, STRICT)
    assert (it.about, it.words) == (CERTIFICATE, f"STS certificate: {words}")


@pytest.mark.parametrize("consequence", Consequence)
def test_consequences(consequence: Consequence) -> None:
    """Each consequence refuses what it says, for a lack and for an end alike."""
    refused = {
        Consequence.REFUSE_VENDING: {Use.VEND, Use.INSTALL},
        Consequence.REFUSE_INSTALLATION: {Use.INSTALL},
        Consequence.WARN: set(),
        Consequence.IGNORE: set(),
    }[consequence]
    over = paper(valid_until=DAY - timedelta(days=1))
    for evidence in ((), (over,)):
        dossier = Dossier(BLUE, evidence)
        assert {use for use in Use if why_not(use, dossier, None, DAY, policy_of(consequence))} == refused
    unknown = ApprovalPolicy(unknown_model=consequence)
    assert {use for use in Use if why_not(use, Dossier(), None, DAY, unknown)} == refused


def test_lack_and_end_differ() -> None:
    """A policy may let go on what was certified once, and refuse what never was."""
    policy = structs.replace(
        STRICT, rules={**STRICT.rules, CERTIFICATE: Rule(Consequence.REFUSE_VENDING, Consequence.WARN)}
    )
    over = Dossier(BLUE, (paper(valid_until=DAY - timedelta(days=1)),))
    assert why_not(Use.VEND, over, None, DAY, policy) == ()
    assert why_not(Use.VEND, Dossier(BLUE), None, DAY, policy)


def test_usual() -> None:
    """Usually what isn't approved isn't hung up, and nobody who has such a meter sits in the dark."""
    policy = ApprovalPolicy()
    assert {it.about for it in why_not(Use.INSTALL, Dossier(BLUE), None, DAY, policy)} == {
        EvidenceKind.STS_CERTIFICATE,
        EvidenceKind.NATIONAL_APPROVAL,
    }
    assert why_not(Use.VEND, Dossier(BLUE), None, DAY, policy) == ()
    assert [it.consequence for it in findings(Dossier(), None, DAY, policy)] == [Consequence.WARN]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"unknown": "warn"}, "unknown"),
        ({"unknown_model": "maybe"}, "unknown_model"),
        ({"rules": {"sts": {"lack": "warn", "expiry": "warn"}}}, "sts"),
        ({"rules": {"sts_certificate": {"lack": "warn"}}}, "expiry"),
        ({"checks": ["two words"]}, "checks"),
        ([], "object"),
    ],
)
def test_no_policy(document: object, words: str) -> None:
    """A policy with a field that is unknown or wrong is refused by its name."""
    with pytest.raises(InputError, match=words):
        read_policy(document)
