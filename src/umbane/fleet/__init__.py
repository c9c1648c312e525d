"""The fleet: models of meters and what is shown of them, and what becomes of each meter until it is scrapped.

- `models`, `approval`: models, documents, and the pure rules that say whether such a meter may be used
- `catalogue`: how those are kept; `enforcing`: blocking what nothing may be sold to, ahead of any sale
- `foresight`, `scorecard`: what ends soon, and how good a supplier is
- `deeds`: what can happen to a meter; `recording`: each event once; `doing`, `contra`, `work`: what it does, and undoes
- `carrying`: the token for what a replaced meter still had
- `histories`: what a meter was at any instant
- `telling`: what the log is told
"""

from umbane.fleet.approval import (
    ApprovalPolicy,
    Consequence,
    Dossier,
    Finding,
    Rule,
    Use,
    findings,
    read_policy,
    why_not,
)
from umbane.fleet.carrying import Carried, carry_over, tell_event
from umbane.fleet.catalogue import (
    Unit,
    add_evidence,
    add_models,
    approvals,
    change_approvals,
    describe_units,
    dossiers,
    withdraw_evidence,
)
from umbane.fleet.deeds import (
    LEGAL,
    Arrangement,
    Block,
    Cause,
    ChangeTenant,
    Contra,
    Convert,
    Deed,
    Install,
    Move,
    Photo,
    Remove,
    Replace,
    Report,
    Restock,
    Scrap,
    Site,
    Stock,
    Unblock,
    read_report,
)
from umbane.fleet.enforcing import Enforced, Standing, enforce, standing
from umbane.fleet.errors import (
    EventConflictError,
    FleetError,
    FleetInputError,
    IllegalEventError,
    NotCertifiedError,
    NotReversibleError,
)
from umbane.fleet.foresight import Due, Ending, Wave, due_meters, ending_documents, waves
from umbane.fleet.histories import MeterAt, Step, meter_at, meter_history, place_history
from umbane.fleet.models import Evidence, EvidenceKind, Form, MeterModel
from umbane.fleet.recording import Event, event, events, record_event
from umbane.fleet.scorecard import Score, Service, score, scorecard

__all__ = [
    "LEGAL",
    "ApprovalPolicy",
    "Arrangement",
    "Block",
    "Carried",
    "Cause",
    "ChangeTenant",
    "Consequence",
    "Contra",
    "Convert",
    "Deed",
    "Dossier",
    "Due",
    "Ending",
    "Enforced",
    "Event",
    "EventConflictError",
    "Evidence",
    "EvidenceKind",
    "Finding",
    "FleetError",
    "FleetInputError",
    "Form",
    "IllegalEventError",
    "Install",
    "MeterAt",
    "MeterModel",
    "Move",
    "NotCertifiedError",
    "NotReversibleError",
    "Photo",
    "Remove",
    "Replace",
    "Report",
    "Restock",
    "Rule",
    "Score",
    "Scrap",
    "Service",
    "Site",
    "Standing",
    "Step",
    "Stock",
    "Unblock",
    "Unit",
    "Use",
    "Wave",
    "add_evidence",
    "add_models",
    "approvals",
    "carry_over",
    "change_approvals",
    "describe_units",
    "dossiers",
    "due_meters",
    "ending_documents",
    "enforce",
    "event",
    "events",
    "findings",
    "meter_at",
    "meter_history",
    "place_history",
    "read_policy",
    "read_report",
    "record_event",
    "score",
    "scorecard",
    "standing",
    "tell_event",
    "waves",
    "why_not",
    "withdraw_evidence",
]
