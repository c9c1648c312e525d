"""A bank's statement, whatever the format it came in. Money is in minor units, above zero when it came in."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final

__all__ = ["UNREFERENCED", "Balance", "BankEntry", "Party", "Statement", "identities"]

UNREFERENCED: Final = frozenset({"", "NONREF", "NOTPROVIDED", "NOTAVAILABLE"})
"""What banks write where they have no reference."""
DIGEST: Final = 24
"""Hexadecimal digits of the identity of an entry that its bank gave none."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account stood at when a day ended.

    Attributes:
        on: the day.
        amount: minor units; below zero when the account was overdrawn.
    """

    on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at the other end, as far as the bank says; what it doesn't say is empty."""

    name: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class BankEntry:
    """One movement on the account.

    Attributes:
        reference: the bank's own, by which it knows this movement; empty when it gave none.
        given: the reference that the payer gave.
        booked: the day on which the bank booked it.
        valued: the day from which it counts for interest.
        amount: minor units; above zero what came in, below zero what went out.
        reversal: whether the bank says that it takes back an earlier movement.
        text: what the payer wrote.
        party: who is at the other end.
        line: where in the file it begins; it makes no difference between entries.
    """

    reference: str
    given: str
    booked: date
    valued: date
    amount: int
    reversal: bool = False
    text: str = ""
    party: Party = Party()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a bank says happened on an account between two balances.

    Attributes:
        account: its number or IBAN, without spaces.
        currency: ISO 4217.
        name: what the bank calls this statement; may be empty.
        sequence: its number in the bank's count of statements of this account, where the bank counts them.
        opening: before the first entry.
        closing: after the last.
        entries: in the order of the file.
    """

    account: str
    currency: str
    name: str
    sequence: int | None
    opening: Balance
    closing: Balance
    entries: tuple[BankEntry, ...]


def identities(entries: Iterable[BankEntry]) -> list[str]:
    """By what each entry of an account is known, so that it is the same one in every statement that has it.

    That is the bank's reference; what takes an earlier movement back may have the same one, and is told apart. Where
    the bank gave none, it is a digest of what the entry says, and among those that say the same of a day its number.
    (That is a choice. Two equal payments of a day without references count as one if two exports share that day and
    one of them begins in the middle of it: then too little is booked, never too much.)
    """
    counted: Counter[str] = Counter()
    found = []
    for entry in entries:
        name = entry.reference.upper() if has_reference(entry) else f"~{digest(entry)}"
        name += "/back" if entry.reversal else ""
        if not has_reference(entry):
            counted[name] += 1
            name += f"#{counted[name]}"
        found.append(name)
    return found


def has_reference(entry: BankEntry) -> bool:
    """Whether the bank gave it one."""
    return entry.reference.upper() not in UNREFERENCED


def digest(entry: BankEntry) -> str:
    """What an entry says, in few digits."""
    days = entry.booked.isoformat(), entry.valued.isoformat()
    says = (*days, str(entry.amount), entry.given, entry.text, entry.party.name, entry.party.account)
    return sha256("\0".join(says).encode()).hexdigest()[:DIGEST]
