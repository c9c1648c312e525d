"""What customers owe from before, or are charged once: put on their accounts, moved between them, taken back.

What purchases collect is booked against the same accounts, so each of them stands at what its contract still owes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from umbane.db import Connection
from umbane.ledger.models import AccountKey, Entry, Kind
from umbane.ledger.service import Book

__all__ = [
    "DEBT",
    "PART",
    "BookedDebt",
    "Origin",
    "book_debts",
    "booked_debt",
    "move_debts",
    "take_part_back",
    "taken_back",
]

DEBT: Final = "debt"
"""The kind of the entries of debts."""
MOVED: Final = "debt_moved"
"""The kind of the entries by which debts go from one account to another."""
PART: Final = "debt_taken_back"
"""The kind of the entries that take back a part of a debt, which is their source."""
ENTRY: Final = "SELECT accounts, amounts FROM ledger.entry WHERE utility_id = $1 AND id = $2 AND kind = 'debt'"
TAKEN: Final = """
SELECT coalesce(-sum(l.amount), 0)::bigint FROM ledger.entry e
JOIN ledger.account a ON a.id = ANY (e.accounts) AND a.kind = 'arrears'
JOIN ledger.line l ON l.account = a.id AND l.at >= e.at
JOIN ledger.entry t ON t.utility_id = e.utility_id AND t.id = l.entry_id
    AND (t.reverses = e.id OR t.kind = 'debt_taken_back' AND t.source_id = e.id)
WHERE e.utility_id = $1 AND e.id = $2"""
BOOKED: Final = """
SELECT a.owner_id, a.name, p.amount FROM ledger.entry e
CROSS JOIN LATERAL unnest(e.accounts, e.amounts) AS p (account, amount)
JOIN ledger.account a ON a.id = p.account AND a.kind = 'arrears'
WHERE e.utility_id = $1 AND e.id = $2 AND e.kind = 'debt'"""


class Origin(StrEnum):
    """Where a debt comes from, and so what stands against it in the books."""

    TAKEN_OVER = "taken_over"
    """Owed before, in other books."""
    CHARGED = "charged"
    """A charge that is made once, such as a reconnection; taxes are not worked out."""


class BookedDebt(NamedTuple):
    """A debt that was put on an account: on whose, of which kind, and how much in minor units."""

    contract_id: UUID
    kind: str
    amount: int


async def book_debts(  # noqa: PLR0913, PLR0917 - whose, how much, since when, and why
    book: Book, debts: Mapping[UUID, BookedDebt], currency: str, origin: Origin, at: datetime, note: str
) -> None:
    """Book debts of contracts, an entry for each.

    Args:
        book: of the utility.
        debts: whose, of which kind, and how much, above 0; by the ids of the entries, by which they can be taken back.
        currency: of the amounts, ISO 4217.
        origin: where they come from.
        at: when.
        note: why, and by whom.
    """
    keys = {id_: (owed_on(debt, currency), _against(debt, currency, origin)) for id_, debt in debts.items()}
    numbers = await book.accounts({key for both in keys.values() for key in both})
    await book.post(
        Entry(id_, at, DEBT, [numbers[key] for key in keys[id_]], [it.amount, -it.amount], it.contract_id, note=note)
        for id_, it in debts.items()
    )


async def move_debts(  # noqa: PLR0913, PLR0917 - from whom to whom, how much, when, and why
    book: Book, id_: UUID, debts: Sequence[BookedDebt], heir: UUID, currency: str, at: datetime, note: str
) -> None:
    """Book that another contract owes these debts from now on, in one entry.

    Args:
        book: of the utility.
        id_: of the entry.
        debts: as they were owed, no kind of a contract twice; amounts above 0.
        heir: the contract that owes them now.
        currency: of the amounts, ISO 4217.
        at: when.
        note: why, and by whom.
    """
    postings = {owed_on(it, currency): -it.amount for it in debts}
    postings |= {owed_on(it._replace(contract_id=heir), currency): it.amount for it in debts}
    numbers = await book.accounts(postings)
    await book.post([Entry(id_, at, MOVED, [numbers[it] for it in postings], [*postings.values()], heir, note=note)])


def owed_on(debt: BookedDebt, currency: str) -> AccountKey:
    """The account that says what is owed."""
    return AccountKey(Kind.ARREARS, currency, debt.contract_id, debt.kind)


def _against(debt: BookedDebt, currency: str, origin: Origin) -> AccountKey:
    """The account that stands against a debt."""
    if origin is Origin.CHARGED:
        return AccountKey(Kind.REVENUE_CHARGE, currency, name=debt.kind)
    return AccountKey(Kind.OPENING, currency)


async def booked_debt(connection: Connection, utility: UUID, id_: UUID) -> BookedDebt | None:
    """The debt that an entry booked; None if it is no such entry."""
    row = await connection.fetchrow(BOOKED, utility, id_)
    return BookedDebt(*row) if row else None


async def taken_back(connection: Connection, utility: UUID, id_: UUID) -> int:
    """How much of a debt was taken back, in parts or as a whole, in minor units."""
    amount: int = await connection.fetchval(TAKEN, utility, id_)
    return amount


async def take_part_back(  # noqa: PLR0913, PLR0917 - of what, how much, when, and why
    connection: Connection, book: Book, id_: UUID, debt_id: UUID, amount: int, at: datetime, note: str
) -> None:
    """Book that a part of a debt isn't owed, on the accounts of the debt.

    Args:
        connection: the transaction in which the book is open; whoever owes is locked in it.
        book: of the utility.
        id_: of the new entry.
        debt_id: of the entry of the debt.
        amount: minor units, above 0, no more than `taken_back` leaves of it.
        at: when.
        note: why, and by whom.
    """
    accounts, amounts = await connection.fetchrow(ENTRY, book.utility, debt_id)  # type: ignore[misc]  # it is there
    contrary = [-amount if it > 0 else amount for it in amounts]
    await book.post([Entry(id_, at, PART, accounts, contrary, debt_id, note=note)])
