"""Whether a model may be hung up, or sold to, on a day: pure rules over its documents and a utility's policy."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from umbane.fleet.errors import FleetInputError
from umbane.fleet.models import Evidence, EvidenceKind, MeterModel
from umbane.registry.texts import code

__all__ = [
    "ApprovalPolicy",
    "Consequence",
    "Dossier",
    "Finding",
    "Rule",
    "Use",
    "findings",
    "read_policy",
    "why_not",
]


class Consequence(StrEnum):
    """What follows when something isn't shown of a model."""

    REFUSE_VENDING = "refuse_vending"
    """Nothing is sold to its meters, and none is hung up. [choice] What can't be sold to isn't to be hung up."""
    REFUSE_INSTALLATION = "refuse_installation"
    """None is hung up any more; those that hang go on."""
    WARN = "warn"
    """Whoever looks is told."""
    IGNORE = "ignore"
    """Nothing."""


class Use(StrEnum):
    """What somebody wants to do with a meter."""

    INSTALL = "install"
    VEND = "vend"


REFUSING: Final[Mapping[Use, frozenset[Consequence]]] = {
    Use.INSTALL: frozenset({Consequence.REFUSE_INSTALLATION, Consequence.REFUSE_VENDING}),
    Use.VEND: frozenset({Consequence.REFUSE_VENDING}),
}


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What follows for one kind of evidence.

    Attributes:
        lack: when there is none for the model and its firmware.
        expiry: when there was one, and its last day is over.
    """

    lack: Consequence
    expiry: Consequence


NOTHING: Final = Rule(Consequence.IGNORE, Consequence.IGNORE)
MENTION: Final = Rule(Consequence.WARN, Consequence.WARN)
NO_MORE: Final = Rule(Consequence.REFUSE_INSTALLATION, Consequence.REFUSE_INSTALLATION)
USUAL: Final[Mapping[EvidenceKind, Rule]] = {
    EvidenceKind.STS_CERTIFICATE: NO_MORE,
    EvidenceKind.NATIONAL_APPROVAL: NO_MORE,
    EvidenceKind.SURGE_REPORT: MENTION,
    EvidenceKind.IP_REPORT: MENTION,
    EvidenceKind.WARRANTY: NOTHING,
    EvidenceKind.BATTERY_LIFE: NOTHING,
}
"""Where a utility doesn't say: what isn't approved isn't hung up, and nobody who has such a meter sits in the dark."""
USUAL_CHECKS: Final = ("display", "relay", "test_token", "wiring")


class ApprovalPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What a utility leaves to choice about its meters.

    Attributes:
        unknown_model: what follows for a meter whose model isn't in the catalogue.
        rules: by kind of evidence; what isn't said is as usual.
        checks: what must have been found right before a meter counts as installed.
    """

    unknown_model: Consequence = Consequence.WARN
    rules: dict[EvidenceKind, Rule] = {}
    checks: tuple[str, ...] = USUAL_CHECKS

    def __post_init__(self) -> None:
        for it in self.checks:
            code("checks", it)

    def rule(self, kind: EvidenceKind) -> Rule:
        """What follows for a kind."""
        return self.rules.get(kind, USUAL[kind])


def read_policy(document: object) -> ApprovalPolicy:
    """The policy that a document says; what it leaves out is as usual.

    Raises:
        FleetInputError: a field is unknown or wrong.
    """
    try:
        return msgspec.convert(document, ApprovalPolicy)
    except msgspec.ValidationError as error:
        raise FleetInputError("policy", str(error), "see the page on the fleet") from None


class Dossier(Struct, frozen=True):
    """All that is shown of a model.

    Attributes:
        model: None for one that isn't in the catalogue.
        evidence: in no order.
    """

    model: MeterModel | None = None
    evidence: tuple[Evidence, ...] = ()


class Finding(Struct, frozen=True):
    """Something that isn't shown of a model.

    Attributes:
        about: the kind of evidence; None for the model itself.
        consequence: what follows by the policy.
        words: what is wrong.
    """

    about: EvidenceKind | None
    consequence: Consequence
    words: str


def findings(dossier: Dossier, firmware: str | None, on: date, policy: ApprovalPolicy) -> tuple[Finding, ...]:
    """Everything that isn't shown of a model with a version of firmware on a day, and matters.

    Args:
        dossier: of the model.
        firmware: None where nobody knows it.
        on: the day.
        policy: the utility's.
    """
    if dossier.model is None:
        found = [Finding(None, policy.unknown_model, "the model is not in the catalogue")]
    else:
        looked = (_finding(it, dossier.evidence, firmware, on, policy.rule(it)) for it in EvidenceKind)
        found = [it for it in looked if it]
    return tuple(it for it in found if it.consequence is not Consequence.IGNORE)


def why_not(
    use: Use, dossier: Dossier, firmware: str | None, on: date, policy: ApprovalPolicy
) -> tuple[Finding, ...]:  # fmt: skip
    """Why a meter of this model and firmware may not be hung up, or sold to, on a day; nothing if it may."""
    return tuple(it for it in findings(dossier, firmware, on, policy) if it.consequence in REFUSING[use])


def _finding(
    kind: EvidenceKind, evidence: Sequence[Evidence], firmware: str | None, on: date, rule: Rule
) -> Finding | None:
    """What is wrong with the evidence of a kind."""
    of_kind = [it for it in evidence if it.kind is kind]
    covering = [it for it in of_kind if it.covers(firmware)]
    if any(it.holds(on) for it in covering):
        return None
    name = kind.in_words
    ended = [last for it in covering if (last := it.last_day) is not None and it.valid_from <= on]
    if ended:
        return Finding(kind, rule.expiry, f"{name}: ended on {max(ended)}")
    if covering:
        return Finding(kind, rule.lack, f"{name}: begins on {min(it.valid_from for it in covering)}")
    if of_kind:
        versions = ", ".join(sorted({version for it in of_kind for version in it.firmware}))
        return Finding(kind, rule.lack, f"{name}: covers firmware {versions}, not {firmware or 'one that is unknown'}")
    return Finding(kind, rule.lack, f"{name}: there is none")
