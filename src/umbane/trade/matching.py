"""Which entry of a bank is whose deposit: rules in their order, the surest first. Pure.

1. The number of a slip stands in the text, and the amount is the slip's.
2. A vendor's reference stands in the text.
3. The amount is that of one slip, paid in within some days, and no other entry could be that slip.
4. The money comes from an account that is known as a vendor's.

What takes money back is matched to the deposit that it takes back. Where a rule finds several, nothing is guessed: the
entry waits for a person.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from umbane.trade.statements import BankEntry

__all__ = ["WINDOW", "Deposit", "Known", "Match", "Rule", "Slip", "match", "words"]

WINDOW: Final = timedelta(days=3)
"""How far the day of booking may lie from the day on a slip: over a weekend. (A choice.)"""
WORD: Final = re.compile(r"[A-Z0-9]+", re.ASCII)


class Rule(StrEnum):
    """By what an entry was matched."""

    SLIP = "slip"
    REFERENCE = "reference"
    AMOUNT = "amount"
    PAYER = "payer"
    CHARGE_BACK = "charge_back"
    HAND = "hand"
    """A person said so."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A deposit that somebody announced.

    Attributes:
        id: its own.
        number: on the slip.
        vendor_id: whose money.
        amount: minor units.
        paid_on: the day on which it was paid in.
        batch: the bank batch whose money it is, if anybody says.
    """

    id: UUID
    number: str
    vendor_id: UUID
    amount: int
    paid_on: date
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Deposit:
    """An entry that was booked as a deposit and not taken back so far: its identity, what the bank said, and whose."""

    identity: str
    entry: BankEntry
    vendor_id: UUID


@dataclass(frozen=True, slots=True)
class Known:
    """What entries are matched by.

    Attributes:
        slips: those that are open.
        references: vendors by the words by which their bank knows them.
        accounts: vendors by the accounts that their money comes from.
        deposits: what could be taken back, on the same account.
    """

    slips: Sequence[Slip] = ()
    references: Mapping[str, UUID] = field(default_factory=dict)
    accounts: Mapping[str, UUID] = field(default_factory=dict)
    deposits: Sequence[Deposit] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """Whose an entry is.

    Attributes:
        rule: by what.
        vendor_id: whose.
        slip_id: which slip it settles.
        takes_back: the identity of the deposit that it takes back.
    """

    rule: Rule
    vendor_id: UUID
    slip_id: UUID | None = None
    takes_back: str | None = None


def words(text: str) -> str:
    """A text as words in capitals with a space round each, so that a reference is found in it as a whole."""
    return f" {' '.join(WORD.findall(text.upper()))} "


def match(entries: Mapping[str, BankEntry], known: Known) -> dict[str, Match]:
    """What is found for these entries of one account, by their identities; one for which nothing is found is left out.

    Each slip and each deposit is used once.
    """
    found: dict[str, Match] = {}
    open_slips = {it.id: it for it in known.slips}
    for rule in (by_slip, by_reference, by_amount, by_payer):
        left = {name: it for name, it in entries.items() if name not in found and it.amount > 0 and not it.reversal}
        for name, it in rule(left, open_slips, known).items():
            found[name] = it
            if it.slip_id:
                del open_slips[it.slip_id]
    return found | taken_back(entries, known)


Found = dict[str, Match]
Slips = Mapping[UUID, Slip]


def by_slip(entries: Mapping[str, BankEntry], slips: Slips, _known: Known) -> Found:
    """Entries whose text has the number of one slip with their amount; of two that have the same the first."""
    numbers = by_amounts(slips)
    found: Found = {}
    used: set[UUID] = set()
    for name, it in entries.items():
        said = words(f"{it.given} {it.text} {it.reference}")
        fitting = [slip for slip in numbers[it.amount] if slip.id not in used and words(slip.number) in said]
        if len(fitting) == 1:
            found[name] = Match(Rule.SLIP, fitting[0].vendor_id, fitting[0].id)
            used.add(fitting[0].id)
    return found


def by_reference(entries: Mapping[str, BankEntry], slips: Slips, known: Known) -> Found:
    """Entries whose text has the reference of one vendor."""
    references = {words(value): vendor for value, vendor in known.references.items()}
    whose: dict[str, UUID] = {}
    for name, it in entries.items():
        said = words(f"{it.given} {it.text}")
        vendors = {vendor for value, vendor in references.items() if value in said}
        if len(vendors) == 1:
            whose[name] = vendors.pop()
    return with_slips(Rule.REFERENCE, entries, whose, slips)


def by_amount(entries: Mapping[str, BankEntry], slips: Slips, known: Known) -> Found:
    """Entries that can be one slip only, which can be no other entry; one whose text names vendors is left alone."""
    named = [words(value) for value in known.references]
    silent = {
        name: it for name, it in entries.items() if not any(value in words(f"{it.given} {it.text}") for value in named)
    }
    amounts = by_amounts(slips)
    fitting = {name: [slip for slip in amounts[it.amount] if is_near(it, slip)] for name, it in entries.items()}
    claimed: dict[UUID, int] = defaultdict(int)
    for its in fitting.values():
        for slip in its:
            claimed[slip.id] += 1
    sure = {name: its[0] for name, its in fitting.items() if name in silent and len(its) == 1 == claimed[its[0].id]}
    return {name: Match(Rule.AMOUNT, slip.vendor_id, slip.id) for name, slip in sure.items()}


def by_payer(entries: Mapping[str, BankEntry], slips: Slips, known: Known) -> Found:
    """Entries that come from an account of a vendor's; one whose text names vendors is left alone."""
    named = [words(value) for value in known.references]
    whose = {
        name: known.accounts[it.party.account]
        for name, it in entries.items()
        if it.party.account in known.accounts and not any(value in words(f"{it.given} {it.text}") for value in named)
    }
    return with_slips(Rule.PAYER, entries, whose, slips)


def with_slips(rule: Rule, entries: Mapping[str, BankEntry], whose: Mapping[str, UUID], slips: Slips) -> Found:
    """Matches to vendors, each with the slip that the vendor announced for it, if there is one only."""
    amounts = by_amounts(slips)
    found: Found = {}
    used: set[UUID] = set()
    for name, vendor in whose.items():
        it = entries[name]
        its = [s for s in amounts[it.amount] if s.vendor_id == vendor and s.id not in used and is_near(it, s)]
        slip = its[0].id if len(its) == 1 else None
        found[name] = Match(rule, vendor, slip)
        used |= {slip} if slip else set()
    return found


def by_amounts(slips: Slips) -> defaultdict[int, list[Slip]]:
    """Slips by their amounts."""
    found: defaultdict[int, list[Slip]] = defaultdict(list)
    for slip in slips.values():
        found[slip.amount].append(slip)
    return found


def is_near(entry: BankEntry, slip: Slip) -> bool:
    """Whether the day of an entry fits that of a slip."""
    return abs(entry.booked - slip.paid_on) <= WINDOW


def taken_back(entries: Mapping[str, BankEntry], known: Known) -> Found:
    """Entries that take back one deposit: of the same amount, and with its reference as theirs or in their text."""
    found: Found = {}
    used: set[str] = set()
    for name, it in entries.items():
        said = words(f"{it.reference} {it.given} {it.text}")
        fitting = [
            deposit
            for deposit in known.deposits
            if deposit.entry.amount == -it.amount
            and deposit.identity not in used
            and deposit.entry.reference
            and words(deposit.entry.reference) in said
        ]
        if len(fitting) == 1:
            found[name] = Match(Rule.CHARGE_BACK, fitting[0].vendor_id, takes_back=fitting[0].identity)
            used.add(fitting[0].identity)
    return found
