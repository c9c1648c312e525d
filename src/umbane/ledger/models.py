"""What the books are made of. An amount above zero is a debit, one below zero a credit.

Money is counted in minor units of a currency, energy in tenths of a kWh; both are units of accounts, and every entry
sums to zero in each of its units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from umbane.errors import InputError, shown

__all__ = [
    "ENERGY",
    "Account",
    "AccountKey",
    "CreditLimit",
    "Demand",
    "Entry",
    "Hold",
    "HoldRequest",
    "HoldState",
    "Kind",
    "Nature",
    "Reversal",
    "Standing",
]

ENERGY: Final = "kWh"
"""The unit of energy accounts: their amounts are tenths of it."""


class Nature(StrEnum):
    """What kind of thing an account counts."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"
    ENERGY = "energy"


class Kind(StrEnum):
    """The kinds of accounts that the books begin with; other rooms add theirs to the table `ledger.kind`."""

    CASH = "cash"
    VENDOR_RECEIVABLE = "vendor_receivable"
    ARREARS = "arrears"
    VENDOR_FLOAT = "vendor_float"
    CUSTOMER_CREDIT = "customer_credit"
    TAX = "tax"
    OPENING = "opening"
    REVENUE_ENERGY = "revenue_energy"
    REVENUE_CHARGE = "revenue_charge"
    REVENUE_SURCHARGE = "revenue_surcharge"
    ROUNDING = "rounding"
    COMMISSION = "commission"
    LOSS = "loss"
    ENERGY_TOKENS = "energy_tokens"
    ENERGY_SOLD = "energy_sold"
    ENERGY_FREE = "energy_free"
    ENERGY_REPLACED = "energy_replaced"


class AccountKey(NamedTuple):
    """What an account is, whatever its number."""

    kind: str
    """One of `Kind`, or a kind that another room has added."""
    unit: str
    """A currency of ISO 4217, or `ENERGY`."""
    owner: UUID | None = None
    """The vendor, contract or till it belongs to; None, or the utility itself, for an account of the house."""
    name: str = ""
    """Which tax, charge or debt, where a kind has several."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account that exists.

    Attributes:
        id: its number, the same for ever.
        key: what it is.
        title: its kind in words.
        nature: what kind of thing it counts.
    """

    id: int
    key: AccountKey
    title: str
    nature: Nature


class Entry(NamedTuple):
    """Something that happened, as postings that sum to zero in each unit."""

    id: UUID
    """Unique in its utility for ever; best the id of what happened, such as the sale."""
    at: datetime
    """When it counts; an aware datetime."""
    kind: str
    """What happened, in lower-case letters: "sale", "deposit"."""
    accounts: Sequence[int]
    """The account of each posting."""
    amounts: Sequence[int]
    """The amount of each posting: above zero a debit, below zero a credit, never zero."""
    source: UUID | None = None
    """What it is about, if that has another id."""
    hold: UUID | None = None
    """The hold that it posts."""
    note: str | None = None
    """Words for whoever reads the books."""
    happened_at: datetime | None = None
    """When it happened, if that lies in a period that was closed before it was booked; the book sets it."""
    reverses: UUID | None = None
    """The entry that it takes back; `Book.reverse` sets it."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """The wish to take back an entry.

    Attributes:
        id: the id of the contra entry.
        entry: the entry to take back.
        at: when the contra entry counts.
        note: why.
    """

    id: UUID
    entry: UUID
    at: datetime
    note: str

    def __post_init__(self) -> None:
        if not self.note.strip():
            raise InputError("note", "a reversal without a reason", "say why the entry is taken back")


@dataclass(frozen=True, slots=True)
class Demand:
    """Money that somebody wants to spend from a guarded account, in minor units."""

    account: int
    amount: int

    def __post_init__(self) -> None:
        _check_spent(self.amount, least=0)


@dataclass(frozen=True, slots=True)
class CreditLimit:
    """What the owner of a guarded account may owe at most, from now on.

    Attributes:
        account: the guarded account.
        amount: minor units.
        at: when it was decided.
        note: why.
    """

    account: int
    amount: int
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Money to set aside on a guarded account until it is posted or voided.

    Attributes:
        id: unique in its utility for ever; best the id of what it is for.
        account: the guarded account.
        amount: minor units, above zero.
        at: from when.
        expires_at: when somebody should ask what became of it; it stays pending even then.
    """

    id: UUID
    account: int
    amount: int
    at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        _check_spent(self.amount, least=1)
        if self.expires_at <= self.at:
            raise InputError("expires_at", "a hold that ends before it begins", "name a later moment")


class HoldState(StrEnum):
    """Where a hold stands: it is pending, and then either posted or voided, once."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Hold:
    """Money that is, or was, set aside.

    Attributes:
        id: as asked for.
        account: as asked for.
        amount: as asked for.
        at: as asked for.
        expires_at: as asked for.
        state: pending, posted or voided.
        entry: the entry that posted it.
        note: why it was voided.
    """

    id: UUID
    account: int
    amount: int
    at: datetime
    expires_at: datetime
    state: HoldState
    entry: UUID | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a guarded account stands, in minor units.

    Attributes:
        account: its number.
        posted: what its owner owes; below zero, what was paid in advance.
        held: what is set aside.
        credit_limit: what the owner may owe at most.
    """

    account: int
    posted: int
    held: int
    credit_limit: int

    @property
    def free(self) -> int:
        """What can still be spent."""
        return self.credit_limit - self.posted - self.held


def _check_spent(amount: int, least: int) -> None:
    """Check an amount that is to be spent.

    Raises:
        InputError: it is less than that.
    """
    if amount < least:
        raise InputError("amount", f"{shown(amount)} can't be spent", f"at least {least}")
