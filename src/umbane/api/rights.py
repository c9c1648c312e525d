"""Who may do what over the API: rights, and the least of them for each role."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from umbane.registry import ApiKeyLimits, Role
from umbane.vending import Staff

__all__ = ["FOR_PEOPLE", "RIGHTS_OF", "TILL", "Caller", "Right"]


class Right(StrEnum):
    """What somebody may ask for; API keys carry some of them as their scopes."""

    QUOTE = "quote"
    SELL = "sell"
    REVERSE = "reverse"
    REPRINT = "reprint"
    VERIFY = "verify"
    FIND = "find"
    ENGINEER = "engineer"
    WEBHOOKS = "webhooks"
    APPROVE = "approve"
    """Agree to what somebody else asked for, or refuse it."""
    OWN = "own"
    """Look after one's own sessions and password, as everybody may who has signed in."""


TILL: Final = frozenset({Right.QUOTE, Right.SELL, Right.REVERSE, Right.REPRINT, Right.VERIFY, Right.FIND})
"""All that a till needs; engineering takes a person who has signed in."""

FOR_PEOPLE: Final = frozenset({Right.ENGINEER, Right.APPROVE, Right.OWN})
"""What no program does, whatever the scopes of its key."""

RIGHTS_OF: Final = {
    Role.CASHIER: frozenset({Right.QUOTE, Right.SELL, Right.REPRINT, Right.FIND}),
    Role.SUPERVISOR: frozenset({Right.QUOTE, Right.REPRINT, Right.REVERSE, Right.VERIFY, Right.FIND, Right.APPROVE}),
    Role.ENGINEER: frozenset({Right.ENGINEER, Right.VERIFY, Right.FIND, Right.APPROVE}),
    Role.REGISTRAR: frozenset({Right.FIND}),
    Role.TARIFF_MANAGER: frozenset({Right.QUOTE}),
    Role.VENDOR_MANAGER: frozenset({Right.WEBHOOKS}),
    Role.KEY_CUSTODIAN: frozenset[Right](),
    Role.ACCOUNTANT: frozenset({Right.FIND}),
    Role.AUDITOR: frozenset({Right.FIND, Right.VERIFY}),
    Role.ADMINISTRATOR: frozenset[Right](),
}
"""An auditor reads everything but digits: a token that wasn't typed in yet is money."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in.

    Attributes:
        id: of the API key, or of the operator.
        name: for the logs: "api:till 7", "operator:thandi".
        utility_id: in whose house.
        rights: what they may ask for.
        vendor_id: for whom they act; None for staff of the utility.
        terminal_id: at which till; None for people, who say it each time.
        limits: how much they may do.
        staff: the person, for what the utility's policy wants to know; None for programs.
        session_id: in which session they ask; None for programs.
    """

    id: UUID
    name: str
    utility_id: UUID
    rights: frozenset[Right]
    vendor_id: UUID | None = None
    terminal_id: UUID | None = None
    limits: ApiKeyLimits = field(default_factory=ApiKeyLimits)
    staff: Staff | None = None
    session_id: UUID | None = None
