"""Debts that somebody puts on an account by hand: what a customer owed elsewhere before, or is charged once."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from umbane.db import Connection
from umbane.ledger.models import AccountKey, Entry, Kind
from umbane.ledger.service import Book

__all__ = ["DEBT", "BookedDebt", "Origin", "book_debt", "booked_debt"]

DEBT: Final = "debt"
"""The kind of the entries of debts."""
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


async def book_debt(  # noqa: PLR0913, PLR0917 - whose, how much, since when, and why
    book: Book, id_: UUID, debt: BookedDebt, currency: str, origin: Origin, at: datetime, note: str
) -> None:
    """Book a debt of a contract.

    Args:
        book: of the utility.
        id_: of the entry, by which it can be taken back as a whole.
        debt: whose, of which kind, and how much; above 0.
        currency: of the amount, ISO 4217.
        origin: where it comes from.
        at: when.
        note: why, and by whom.
    """
    owed = AccountKey(Kind.ARREARS, currency, debt.contract_id, debt.kind)
    is_charge = origin is Origin.CHARGED
    against = (
        AccountKey(Kind.REVENUE_CHARGE, currency, name=debt.kind) if is_charge else AccountKey(Kind.OPENING, currency)
    )
    numbers = await book.accounts([owed, against])
    accounts, amounts = [numbers[owed], numbers[against]], [debt.amount, -debt.amount]
    await book.post([Entry(id_, at, DEBT, accounts, amounts, debt.contract_id, note=note)])


async def booked_debt(connection: Connection, utility: UUID, id_: UUID) -> BookedDebt | None:
    """The debt that an entry booked; None if it is no such entry."""
    row = await connection.fetchrow(BOOKED, utility, id_)
    return BookedDebt(*row) if row else None
