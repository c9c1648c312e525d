"""Who may do what over the API: rights, and the least of them for each role."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from umbane.registry import ApiKeyLimits, Operator, Role
from umbane.vending import Staff

__all__ = ["FOR_PEOPLE", "OF_STAFF", "RIGHTS_OF", "TILL", "Caller", "Right", "rights_of"]


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

    READ_REGISTRY = "read_registry"
    """Customers, places, contracts, meters."""
    WRITE_REGISTRY = "write_registry"
    MOVE_METERS = "move_meters"
    CHANGE_KEYS = "change_keys"
    """Say which key a meter is to have, and has."""
    READ_VENDORS = "read_vendors"
    WRITE_VENDORS = "write_vendors"
    DEPOSIT = "deposit"
    """Book what vendors pay in, and take it back."""
    READ_TARIFFS = "read_tariffs"
    WRITE_TARIFFS = "write_tariffs"
    READ_KEYS = "read_keys"
    """Names of keys, and never a key."""
    WRITE_KEYS = "write_keys"
    READ_POLICY = "read_policy"
    """What the utility leaves to choice."""
    WRITE_POLICY = "write_policy"
    WRITE_DEBTS = "write_debts"
    """Put a debt on an account, and take it back."""
    READ_OPERATORS = "read_operators"
    WRITE_OPERATORS = "write_operators"
    """Who signs in, and what they may do."""
    READ_ALARMS = "read_alarms"
    """What was done without anybody who could have said no."""
    ANSWER_ALARMS = "answer_alarms"
    READ_HISTORY = "read_history"
    """Who changed what."""
    READ_LOG = "read_log"
    """The entries of the log, and that they are in it."""
    READ_BOOKS = "read_books"
    CLOSE_BOOKS = "close_books"
    JOBS = "jobs"


TILL: Final = frozenset({Right.QUOTE, Right.SELL, Right.REVERSE, Right.REPRINT, Right.VERIFY, Right.FIND})
"""All that a till needs; engineering takes a person who has signed in."""

OF_STAFF: Final = frozenset({
    Right.READ_REGISTRY, Right.WRITE_REGISTRY, Right.MOVE_METERS, Right.CHANGE_KEYS, Right.READ_VENDORS,
    Right.WRITE_VENDORS, Right.DEPOSIT, Right.READ_TARIFFS, Right.WRITE_TARIFFS, Right.READ_KEYS, Right.WRITE_KEYS,
    Right.READ_POLICY, Right.WRITE_POLICY, Right.WRITE_DEBTS, Right.READ_OPERATORS, Right.WRITE_OPERATORS,
    Right.READ_ALARMS, Right.ANSWER_ALARMS, Right.READ_HISTORY, Right.READ_LOG, Right.READ_BOOKS, Right.CLOSE_BOOKS,
    Right.JOBS,
})  # fmt: skip
"""What nobody does who works for a vendor, whatever their roles."""

FOR_PEOPLE: Final = OF_STAFF | {Right.ENGINEER, Right.APPROVE, Right.OWN}
"""What no program does, whatever the scopes of its key."""

RIGHTS_OF: Final = {
    Role.CASHIER: frozenset({Right.QUOTE, Right.SELL, Right.REPRINT, Right.FIND}),
    Role.SUPERVISOR: frozenset({
        Right.QUOTE, Right.REPRINT, Right.REVERSE, Right.VERIFY, Right.FIND, Right.APPROVE, Right.READ_ALARMS,
        Right.ANSWER_ALARMS,
    }),
    Role.ENGINEER: frozenset({
        Right.ENGINEER, Right.VERIFY, Right.FIND, Right.APPROVE, Right.READ_REGISTRY, Right.MOVE_METERS,
        Right.CHANGE_KEYS, Right.READ_KEYS,
    }),
    Role.REGISTRAR: frozenset({
        Right.FIND, Right.APPROVE, Right.READ_REGISTRY, Right.WRITE_REGISTRY, Right.MOVE_METERS, Right.READ_TARIFFS,
    }),
    Role.TARIFF_MANAGER: frozenset({Right.QUOTE, Right.APPROVE, Right.READ_TARIFFS, Right.WRITE_TARIFFS}),
    Role.VENDOR_MANAGER: frozenset({Right.WEBHOOKS, Right.APPROVE, Right.READ_VENDORS, Right.WRITE_VENDORS}),
    Role.KEY_CUSTODIAN: frozenset({Right.APPROVE, Right.READ_KEYS, Right.WRITE_KEYS}),
    Role.ACCOUNTANT: frozenset({
        Right.FIND, Right.APPROVE, Right.READ_VENDORS, Right.DEPOSIT, Right.WRITE_DEBTS, Right.READ_BOOKS,
        Right.CLOSE_BOOKS, Right.READ_TARIFFS,
    }),
    Role.AUDITOR: frozenset({
        Right.FIND, Right.VERIFY, Right.READ_REGISTRY, Right.READ_VENDORS, Right.READ_TARIFFS, Right.READ_KEYS,
        Right.READ_POLICY, Right.READ_OPERATORS, Right.READ_HISTORY, Right.READ_LOG, Right.READ_BOOKS,
        Right.READ_ALARMS,
    }),
    Role.ADMINISTRATOR: frozenset({
        Right.APPROVE, Right.READ_OPERATORS, Right.WRITE_OPERATORS, Right.READ_POLICY, Right.WRITE_POLICY,
        Right.READ_ALARMS, Right.ANSWER_ALARMS, Right.JOBS,
    }),
}  # fmt: skip
"""An auditor reads everything but digits: a token that wasn't typed in yet is money."""


def rights_of(who: Operator) -> frozenset[Right]:
    """What somebody may do who has signed in, by their roles; who works for a vendor nothing that is for staff."""
    rights = frozenset({Right.OWN}).union(*(RIGHTS_OF[role] for role in who.roles))
    return rights if who.vendor_id is None else rights - OF_STAFF


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
        person: who they are, whatever name they signed in with; empty for programs.
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
    person: str = ""
