"""What vendors pay in, by the references by which their banks know it, and what they may owe."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid5

from umbane.ledger.models import AccountKey, CreditLimit, Entry, Kind
from umbane.ledger.service import Book

__all__ = ["DEPOSIT", "book_payment", "let_owe"]

DEPOSIT = "deposit"
"""The kind of the entries of payments."""


async def book_payment(  # noqa: PLR0913, PLR0917 - whose, how much, known by what, by whom, when
    book: Book, vendor_id: UUID, currency: str, money: int, reference: str, by: str, at: datetime
) -> UUID:
    """Book what a vendor paid into the bank; answer the id of the entry: always the same for the same reference.

    Args:
        book: of the utility.
        vendor_id: who paid.
        currency: of the money, ISO 4217.
        money: minor units, above 0.
        reference: by which the bank knows it.
        by: who books it.
        at: when.

    Raises:
        DuplicateEntryError: a payment of this vendor with this reference is booked already.
    """
    keys = [AccountKey(Kind.CASH, currency), AccountKey(Kind.VENDOR_FLOAT, currency, vendor_id)]
    numbers = await book.accounts(keys)
    id_ = uuid5(book.utility, f"deposit/{vendor_id}/{reference}")
    accounts, amounts = [numbers[it] for it in keys], [money, -money]
    await book.post([Entry(id_, at, DEPOSIT, accounts, amounts, vendor_id, note=f"{reference}, {by}")])
    return id_


async def let_owe(book: Book, currency: str, limits: Mapping[UUID, int], at: datetime, note: str) -> None:
    """Set what vendors may owe at most.

    Args:
        book: of the utility.
        currency: of the limits, ISO 4217.
        limits: minor units for each vendor.
        at: when that was decided.
        note: why.

    Raises:
        LimitError: one of them owes more than that already.
    """
    keys = {vendor_id: AccountKey(Kind.VENDOR_FLOAT, currency, vendor_id) for vendor_id in limits}
    numbers = await book.accounts(keys.values())
    await book.set_credit_limits([CreditLimit(numbers[keys[it]], amount, at, note) for it, amount in limits.items()])
