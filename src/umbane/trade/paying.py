"""What vendors are paid of their commission: out of the house, or towards what they owe for sales."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from umbane.db import Connection
from umbane.ledger import AccountKey, Entry, Kind, open_book
from umbane.ledger.reading import find
from umbane.registry import Scope, utility
from umbane.registry.texts import clean
from umbane.trade.accrual import PAYABLE
from umbane.trade.errors import TradeInputError, TradeStateError
from umbane.trade.schemes import lock_commission

__all__ = ["CREDITED", "PAID_OUT", "Settlement", "owed", "settle"]

PAID_OUT: Final = "commission.payout"
CREDITED: Final = "commission.credit"
"""The kinds of the entries."""

BALANCES: Final = """
SELECT account, -sum(amount)::bigint FROM ledger.line
WHERE utility_id = $1 AND account = ANY ($2::integer[]) GROUP BY account"""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Commission that a vendor gets.

    Attributes:
        vendor_id: who.
        money: minor units, above 0.
        reference: by which the bank or the vendor knows it; a vendor has each once.
        to_float: whether it goes towards what the vendor owes for sales, and not out of the house.
    """

    vendor_id: UUID
    money: int
    reference: str
    to_float: bool

    def __post_init__(self) -> None:
        if self.money <= 0:
            raise TradeInputError("money", f"{self.money} can't be paid", "more than 0")
        object.__setattr__(self, "reference", clean("reference", self.reference))


async def settle(tx: Connection, scope: Scope, new: Sequence[Settlement], now: datetime) -> list[UUID]:
    """Pay commission; answer the ids of the entries: always the same for the same reference.

    Raises:
        TradeStateError: a vendor isn't owed as much.
        DuplicateEntryError: a payment to this vendor with this reference is booked already.
    """
    await lock_commission(tx, scope.utility_id)
    currency, left = (await utility(tx, scope.utility_id)).currency, await owed(tx, scope.utility_id)
    for it in new:
        left[it.vendor_id] = left.get(it.vendor_id, 0) - it.money
        if left[it.vendor_id] < 0:
            more = currency.show(-left[it.vendor_id])
            raise TradeStateError(f"{it.reference}: {more} more than is owed; pay what is owed at most")
    book = await open_book(tx, scope.utility_id)
    keys = [keys_of(it, currency.code) for it in new]
    numbers = await book.accounts({key for its in keys for key in its})
    ids = [uuid5(scope.utility_id, f"{PAID_OUT}/{it.vendor_id}/{it.reference}") for it in new]
    await book.post(
        Entry(
            id_, now, CREDITED if it.to_float else PAID_OUT, [numbers[key] for key in its],
            [it.money, -it.money], it.vendor_id, note=f"{it.reference}, {scope.by}",
        )
        for id_, it, its in zip(ids, new, keys, strict=True)
    )  # fmt: skip
    return ids


def keys_of(it: Settlement, currency: str) -> tuple[AccountKey, AccountKey]:
    """What is owed less, and where it goes."""
    whence = AccountKey(PAYABLE, currency, it.vendor_id)
    float_ = AccountKey(Kind.VENDOR_FLOAT, currency, it.vendor_id)
    return whence, float_ if it.to_float else AccountKey(Kind.CASH, currency)


async def owed(connection: Connection, utility_id: UUID) -> dict[UUID, int]:
    """Minor units of commission that every vendor is owed; below 0 where more was paid than was earned in the end."""
    accounts = {it.id: it.key.owner for it in await find(connection, utility_id, kind=PAYABLE)}
    rows = await connection.fetch(BALANCES, utility_id, list(accounts))
    return {owner: amount for number, amount in rows if (owner := accounts[number])}
