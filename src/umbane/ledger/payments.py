"""What vendors pay in, by the references by which their banks know it, and what they may owe."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from umbane.ledger.models import AccountKey, CreditLimit, Entry, Kind
from umbane.ledger.service import Book

__all__ = ["DEPOSIT", "Payment", "book_payment", "book_payments", "let_owe", "payment_id"]

DEPOSIT = "deposit"
"""The kind of the entries of payments."""


class Payment(NamedTuple):
    """What a vendor paid into the bank: minor units above 0, and the reference by which the bank knows it."""

    vendor_id: UUID
    money: int
    reference: str


def payment_id(utility: UUID, vendor_id: UUID, reference: str) -> UUID:
    """The id of the entry that books a payment of a vendor."""
    return uuid5(utility, f"deposit/{vendor_id}/{reference}")


async def book_payments(book: Book, currency: str, payments: Sequence[Payment], by: str, at: datetime) -> list[UUID]:
    """Book what vendors paid into the bank; answer the ids of the entries, as `book_payment` does for one.

    Raises:
        DuplicateEntryError: a payment of the same vendor with the same reference is booked already.
    """
    house = AccountKey(Kind.CASH, currency)
    floats = {it.vendor_id: AccountKey(Kind.VENDOR_FLOAT, currency, it.vendor_id) for it in payments}
    numbers = await book.accounts([house, *floats.values()])
    ids = [payment_id(book.utility, it.vendor_id, it.reference) for it in payments]
    await book.post(
        Entry(
            id_,
            at,
            DEPOSIT,
            [numbers[house], numbers[floats[it.vendor_id]]],
            [it.money, -it.money],
            it.vendor_id,
            note=f"{it.reference}, {by}",
        )
        for id_, it in zip(ids, payments, strict=True)
    )
    return ids


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
    [id_] = await book_payments(book, currency, [Payment(vendor_id, money, reference)], by, at)
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
