"""What the bank's entries do to vendors' floats, in the books."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from umbane.db import Connection
from umbane.ledger import AccountKey, Book, Demand, Entry, Kind
from umbane.ledger.payments import Payment, book_payments
from umbane.ledger.reading import floats_of

__all__ = ["CHARGE_BACK", "OWED_PAID", "Booked", "already_booked", "charge_back", "pay_in"]

CHARGE_BACK: Final = "deposit.charge_back"
OWED_PAID: Final = "deposit.owed"
"""The kinds of the entries: what the bank took back, and what a deposit pays of what was left owing then."""

BOOKED: Final = """
SELECT e.id, -p.amount, EXISTS (SELECT FROM ledger.entry r WHERE r.utility_id = $1 AND r.reverses = e.id)
    OR EXISTS (SELECT FROM trade.decision d WHERE d.utility_id = $1 AND d.entry_id = e.id)
FROM ledger.entry e CROSS JOIN LATERAL unnest(e.accounts, e.amounts) AS p (account, amount)
JOIN ledger.account a ON a.id = p.account AND a.kind = 'vendor_float'
WHERE e.utility_id = $1 AND e.id = ANY ($2::uuid[])"""
OWING: Final = """
SELECT a.owner_id, sum(l.amount)::bigint FROM ledger.account a JOIN ledger.line l ON l.account = a.id
WHERE a.utility_id = $1 AND a.kind = 'vendor_receivable' AND a.unit = $2 AND a.owner_id = ANY ($3::uuid[])
GROUP BY a.owner_id HAVING sum(l.amount) > 0"""

Booked = tuple[int, bool]
"""A payment that is booked: minor units, and whether it was taken back since, or is that of another bank entry."""


async def already_booked(tx: Connection, utility_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Booked]:
    """Which of these entries of payments are booked, perhaps by hand."""
    return {row[0]: (row[1], row[2]) for row in await tx.fetch(BOOKED, utility_id, ids)}


async def pay_in(  # noqa: PLR0913, PLR0917 - whose, how much, by whom, when
    tx: Connection, book: Book, currency: str, payments: Sequence[Payment], by: str, at: datetime
) -> list[UUID]:
    """Book payments of vendors to their floats; what was left owing after a charge-back is paid of them first.

    Answers the ids of the entries of the payments.
    """
    ids = await book_payments(book, currency, payments, by, at)
    paid: dict[UUID, int] = {}
    for it in payments:
        paid[it.vendor_id] = paid.get(it.vendor_id, 0) + it.money
    owing = {row[0]: row[1] for row in await tx.fetch(OWING, book.utility, currency, list(paid))}
    accounts = await book.accounts(
        key for vendor_id in owing for key in (float_key(vendor_id, currency), owed_key(vendor_id, currency))
    )
    settled = {vendor_id: min(owed, paid[vendor_id]) for vendor_id, owed in owing.items()}
    last = {it.vendor_id: id_ for id_, it in zip(ids, payments, strict=True)}
    await book.post(
        Entry(
            uuid5(last[vendor_id], "owed"),
            at,
            OWED_PAID,
            [accounts[float_key(vendor_id, currency)], accounts[owed_key(vendor_id, currency)]],
            [money, -money],
            vendor_id,
            note=f"of the payment {last[vendor_id]}, {by}",
        )
        for vendor_id, money in settled.items()
    )
    return ids


async def charge_back(  # noqa: PLR0913, PLR0917 - which, whose, how much, by what, by whom, when
    tx: Connection, book: Book, id_: UUID, vendor_id: UUID, currency: str, money: int, note: str, at: datetime
) -> None:
    """Take money back from a float. What the vendor has spent already, and may not owe there, is owed all the same."""
    account, owed = float_key(vendor_id, currency), owed_key(vendor_id, currency)
    house = AccountKey(Kind.CASH, currency)
    numbers = await book.accounts([account, house, owed])
    [fits] = await book.admit([Demand(numbers[account], money)])
    free = money if fits else max((await floats_of(tx, book.utility, [vendor_id]))[vendor_id].free, 0)
    postings = {house: -money, account: free, owed: money - free}
    used = {key: amount for key, amount in postings.items() if amount}
    await book.post(
        [Entry(id_, at, CHARGE_BACK, [numbers[key] for key in used], list(used.values()), vendor_id, note=note)]
    )


def float_key(vendor_id: UUID, currency: str) -> AccountKey:
    """The float of a vendor."""
    return AccountKey(Kind.VENDOR_FLOAT, currency, vendor_id)


def owed_key(vendor_id: UUID, currency: str) -> AccountKey:
    """What a vendor owes beside the float."""
    return AccountKey(Kind.VENDOR_RECEIVABLE, currency, vendor_id)
