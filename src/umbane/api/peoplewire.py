"""What goes over the wire about people: their sessions, their passwords, and what they agree to."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from umbane.api import wire

__all__ = [
    "ApprovalOut",
    "ApprovalsPage",
    "ApprovalsQuery",
    "AtTill",
    "DecisionIn",
    "DecisionOut",
    "EmergencyIn",
    "Evidence",
    "Justified",
    "MeOut",
    "OwnSession",
    "OwnSessions",
    "PasswordIn",
    "RequestOut",
    "TerminalOut",
    "TerminalsPage",
    "TerminalsQuery",
]

Password = Annotated[str, Meta(min_length=1, max_length=256)]
Cursor = Annotated[str, Meta(max_length=64)]


class AtTill(wire.Asked, frozen=True):
    """Whose messages are meant: those of the API key's till, or of the one that a person names."""

    terminal_id: UUID | UnsetType = UNSET


class TerminalsQuery(wire.Asked, frozen=True):
    """Which page of the tills?"""

    cursor: Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class TerminalOut(wire.Told, frozen=True):
    """A till at which one may act."""

    id: UUID
    vendor: str
    code: str


class TerminalsPage(wire.Told, frozen=True):
    """A page of them, in the order in which they were added."""

    items: list[TerminalOut]
    next_cursor: str | None


class MeOut(wire.Told, frozen=True):
    """Who one is."""

    id: UUID
    name: str
    full_name: str
    utility: str
    vendor: str | None
    roles: list[str]
    rights: list[str]


class OwnSession(wire.Told, frozen=True):
    """One of one's own sessions."""

    id: UUID
    opened_at: datetime
    seen_at: Annotated[datetime, Meta(description="when it was last used, to the minute")]
    expires_at: Annotated[datetime, Meta(description="if nobody uses it from now on")]
    agent: Annotated[str, Meta(description="the address from which it was opened, as the server saw it")]
    current: Annotated[bool, Meta(description="whether it is the one in which this is asked")]


class OwnSessions(wire.Told, frozen=True):
    """All of one's own sessions that are open, the oldest first."""

    items: list[OwnSession]


class PasswordIn(wire.Asked, frozen=True):
    """Somebody wants another password."""

    present: Password
    new: Annotated[str, Meta(min_length=1, max_length=256, description="at least 12 characters")]


class ApprovalsQuery(wire.Asked, frozen=True):
    """Which page of what waits for a decision?"""

    cursor: Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


Evidence = Annotated[str, Meta(max_length=200, description="where others see that it is so: a file, a photograph")]
SecondFactor = Annotated[
    str, Meta(pattern=r"^[0-9]{6}$(?!\n)", description="what the telephone shows now; a code that was used is none")
]


class Justified(wire.Asked, frozen=True, kw_only=True):
    """What is asked for at a desk and may take several people: with its reason, and with what shows that it is so."""

    reason: wire.Reason
    evidence: Evidence = ""


class DecisionIn(wire.Asked, frozen=True):
    """Somebody agrees, with a fresh code of their second factor, or refuses, with a reason."""

    decision: Literal["agree", "refuse"]
    reason: Annotated[str, Meta(max_length=200, description="needed for a refusal")] = ""
    code: SecondFactor | UnsetType = UNSET


class EmergencyIn(wire.Asked, frozen=True):
    """Somebody wants to do what they asked for, although nobody agreed; an alarm will say so."""

    reason: wire.Reason
    code: SecondFactor


class DecisionOut(wire.Told, frozen=True):
    """What somebody decided."""

    by: str
    agreed: bool
    reason: str
    at: datetime


class RequestOut(wire.Told, frozen=True):
    """What is asked for at a desk."""

    path: Annotated[dict[str, str], Meta(description="of what, by the names in the path")]
    body: dict[str, Any]


class ApprovalOut(wire.Told, frozen=True):
    """Something that takes several people, and who has decided on it: an order at a till, or a request at a desk."""

    id: UUID
    status: Literal["open", "agreed", "refused", "expired", "done"]
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    vendor: str | None
    terminal: str | None
    message_id: Annotated[str, Meta(description="or the Idempotency-Key, at a desk")]
    meter: Annotated[str | None, Meta(description="18 digits")]
    action: str
    order: wire.OrderIn | None
    request: RequestOut | None
    reason: str
    evidence: str
    fingerprint: Annotated[str, Meta(description="of what may be sent again when all agree, and of nothing else")]
    needed: Annotated[int, Meta(description="how many others have to agree")]
    emergency: Annotated[str | None, Meta(description="why it may be done although nobody agreed")]
    decisions: list[DecisionOut]


class ApprovalsPage(wire.Told, frozen=True):
    """A page of what waits for a decision, the oldest first."""

    items: list[ApprovalOut]
    next_cursor: str | None
