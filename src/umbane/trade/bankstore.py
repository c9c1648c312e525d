"""How statements, slips and what became of entries are kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

from umbane.audit import canonical
from umbane.db import Connection, Table
from umbane.trade.matching import Deposit, Rule, Slip
from umbane.trade.statements import Balance, BankEntry, Party, Read, Statement, identities

__all__ = [
    "AGREEMENTS",
    "DECISIONS",
    "ENTRIES",
    "PROPOSALS",
    "STATEMENTS",
    "Decision",
    "Kept",
    "Place",
    "Proposal",
    "columns_of",
    "decided",
    "deposits_of",
    "digest",
    "entry_from",
    "kept_entries",
    "lock_deposits",
    "open_slips",
    "payers",
    "proposals",
    "read_statements_of",
    "undecided",
]

LOCKS: Final = 1414676805
LOCKING: Final = "SELECT pg_advisory_xact_lock($1, ledger.lock_number($2))"

STATEMENTS: Final = Table(
    "trade.statement",
    {"id": "uuid", "account": "text", "name": "text", "sequence": "bigint", "opened_on": "date", "opening": "bigint"}
    | {"closed_on": "date", "closing": "bigint", "digest": "bytea"},
    {"utility_id": "uuid", "read_at": "timestamptz", "read_by": "text"},
)
ENTRY: Final = (
    "reference", "given", "booked", "valued", "amount", "reversal", "text", "party_name", "party_account",
)  # fmt: skip
ENTRIES: Final = Table(
    "trade.bank_entry",
    {"account": "text", "identity": "text", "statement_id": "uuid"}
    | dict(zip(ENTRY, ("text", "text", "date", "date", "bigint", "boolean", "text", "text", "text"), strict=True)),
    {"utility_id": "uuid"},
)
DECISIONS: Final = Table(
    "trade.decision",
    {"account": "text", "identity": "text", "rule": "text", "vendor_id": "uuid", "slip_id": "uuid"}
    | {"takes_back": "text", "entry_id": "uuid", "reason": "text"},
    {"utility_id": "uuid", "at": "timestamptz", "by": "text"},
)
PROPOSALS: Final = Table(
    "trade.proposal",
    {"id": "uuid", "account": "text", "identity": "text", "vendor_id": "uuid", "reason": "text"},
    {"utility_id": "uuid", "at": "timestamptz", "by": "text"},
)
AGREEMENTS: Final = Table(
    "trade.agreement", {"proposal_id": "uuid"}, {"utility_id": "uuid", "by": "text", "at": "timestamptz"}
)

COLUMNS: Final = ", ".join(f"e.{it}" for it in ENTRY)
KEPT: Final = f"""
SELECT e.identity, {COLUMNS} FROM trade.bank_entry e
WHERE e.utility_id = $1 AND e.account = $2 AND e.identity = ANY ($3::text[])"""  # noqa: S608 - our columns
UNDECIDED: Final = f"""
SELECT e.account, e.identity, {COLUMNS}, s.read_at FROM trade.bank_entry e
JOIN trade.statement s ON s.utility_id = e.utility_id AND s.id = e.statement_id
LEFT JOIN trade.decision d ON d.utility_id = e.utility_id AND d.account = e.account AND d.identity = e.identity
WHERE e.utility_id = $1 AND d.identity IS NULL AND (e.account = $2 OR $2 IS NULL)
ORDER BY e.booked, e.account, e.identity"""  # noqa: S608 - our columns
DEPOSITS: Final = f"""
SELECT e.identity, {COLUMNS}, d.vendor_id FROM trade.decision d
JOIN trade.bank_entry e ON e.utility_id = d.utility_id AND e.account = d.account AND e.identity = d.identity
LEFT JOIN trade.decision b ON b.utility_id = d.utility_id AND b.account = d.account AND b.takes_back = d.identity
WHERE d.utility_id = $1 AND d.account = $2 AND d.vendor_id IS NOT NULL AND d.takes_back IS NULL AND b.identity IS NULL
    AND e.amount > 0 AND e.amount = ANY ($3::bigint[])
    AND NOT EXISTS (SELECT FROM ledger.entry r WHERE r.utility_id = d.utility_id AND r.reverses = d.entry_id)
ORDER BY e.booked, e.identity"""  # noqa: S608 - our columns
DECIDED: Final = """
SELECT account, identity, rule, vendor_id, slip_id, takes_back, entry_id, at, by, reason FROM trade.decision
WHERE utility_id = $1 ORDER BY at, account, identity"""
OPEN_SLIPS: Final = """
SELECT s.id, s.number, s.vendor_id, s.amount, s.paid_on, s.batch FROM trade.slip s
LEFT JOIN trade.decision d ON d.utility_id = s.utility_id AND d.slip_id = s.id
LEFT JOIN trade.slip_withdrawn w ON w.utility_id = s.utility_id AND w.slip_id = s.id
WHERE s.utility_id = $1 AND d.slip_id IS NULL AND w.slip_id IS NULL ORDER BY s.paid_on, s.number"""
PAYERS: Final = "SELECT kind, value, vendor_id FROM trade.payer WHERE utility_id = $1"
PROPOSED: Final = """
SELECT p.id, p.account, p.identity, p.vendor_id, p.reason, p.by FROM trade.proposal p
LEFT JOIN trade.decision d ON d.utility_id = p.utility_id AND d.account = p.account AND d.identity = p.identity
WHERE p.utility_id = $1 AND d.identity IS NULL ORDER BY p.at, p.id"""
READ: Final = """
SELECT sequence, opened_on, opening, closed_on, closing FROM trade.statement WHERE utility_id = $1 AND account = $2"""


class Place(NamedTuple):
    """By what an entry is known: its account, and its identity there."""

    account: str
    identity: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that nothing became of so far, and since when it is here."""

    place: Place
    entry: BankEntry
    since: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of an entry.

    Attributes:
        place: which.
        rule: by what it was decided.
        vendor_id: whose it is; None for no vendor's.
        slip_id: which slip it settles.
        takes_back: the identity of the deposit that it takes back.
        entry_id: what books it.
        at, by, reason: when, by whom, and why where a person said so.
    """

    place: Place
    rule: Rule
    vendor_id: UUID | None
    slip_id: UUID | None
    takes_back: str | None
    entry_id: UUID | None
    at: datetime
    by: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody said of an entry that still waits: whose it is (None for no vendor's), why, and who said so."""

    id: UUID
    place: Place
    vendor_id: UUID | None
    reason: str
    by: str


async def lock_deposits(tx: Connection, utility_id: UUID) -> None:
    """Let nobody else decide about a utility's bank entries until the transaction ends."""
    await tx.execute(LOCKING, LOCKS, utility_id)


def digest(it: Statement) -> bytes:
    """What a statement says, so that the same one is known again; not how its file was written."""
    days = it.opening.on.isoformat(), it.closing.on.isoformat()
    says = (it.account, it.currency, it.name, it.sequence, *days, it.opening.amount, it.closing.amount)
    entries = zip(identities(it.entries), it.entries, strict=True)
    named = [f"{name} {entry.amount} {entry.booked}" for name, entry in entries]
    return sha256(canonical([*says, *named])).digest()


def entry_from(row: Sequence[Any]) -> BankEntry:
    """An entry from its columns."""
    reference, given, booked, valued, amount, reversal, text, name, account = row
    return BankEntry(reference, given, booked, valued, amount, reversal, text, Party(name, account))


def columns_of(it: BankEntry) -> tuple[object, ...]:
    """The columns of an entry."""
    says = it.reference, it.given, it.booked, it.valued, it.amount, it.reversal, it.text
    return (*says, it.party.name, it.party.account)


async def kept_entries(tx: Connection, utility_id: UUID, account: str, names: Iterable[str]) -> dict[str, BankEntry]:
    """The entries of an account that are here already, of these."""
    return {row[0]: entry_from(row[1:]) for row in await tx.fetch(KEPT, utility_id, account, list(names))}


async def undecided(connection: Connection, utility_id: UUID, account: str | None = None) -> list[Kept]:
    """Entries of which nothing became so far, of an account or of all, the oldest first."""
    rows = await connection.fetch(UNDECIDED, utility_id, account)
    return [Kept(Place(row[0], row[1]), entry_from(row[2:-1]), row[-1]) for row in rows]


async def deposits_of(tx: Connection, utility_id: UUID, account: str, amounts: Sequence[int]) -> list[Deposit]:
    """The deposits of these amounts on an account that weren't taken back."""
    rows = await tx.fetch(DEPOSITS, utility_id, account, amounts)
    return [Deposit(row[0], entry_from(row[1:-1]), row[-1]) for row in rows]


async def decided(connection: Connection, utility_id: UUID) -> list[Decision]:
    """What became of entries, in the order in which that was decided."""
    rows = await connection.fetch(DECIDED, utility_id)
    return [Decision(Place(account, name), Rule(rule), *rest) for account, name, rule, *rest in rows]


async def proposals(connection: Connection, utility_id: UUID) -> list[Proposal]:
    """What was said by hand of entries that still wait, the oldest first."""
    rows = await connection.fetch(PROPOSED, utility_id)
    return [Proposal(id_, Place(account, name), *rest) for id_, account, name, *rest in rows]


async def open_slips(connection: Connection, utility_id: UUID) -> list[Slip]:
    """The slips whose money no statement has shown so far, the oldest first."""
    return [Slip(*row) for row in await connection.fetch(OPEN_SLIPS, utility_id)]


async def payers(connection: Connection, utility_id: UUID) -> dict[str, dict[str, UUID]]:
    """By what vendors are known: by "reference" and by "account"."""
    found: dict[str, dict[str, UUID]] = {"reference": {}, "account": {}}
    for kind, value, vendor_id in await connection.fetch(PAYERS, utility_id):
        found[kind][value] = vendor_id
    return found


async def read_statements_of(connection: Connection, utility_id: UUID, account: str) -> list[Read]:
    """The statements of an account that were read."""
    rows = await connection.fetch(READ, utility_id, account)
    return [Read(number, Balance(*both[:2]), Balance(*both[2:])) for number, *both in rows]
