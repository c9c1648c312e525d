"""The statement of a vendor: what became of the float and of the commission between two instants."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from umbane.db import Connection
from umbane.ledger import Account, Kind, StatementLine
from umbane.ledger.reading import balance_at, find, statement
from umbane.trade.accrual import PAYABLE

__all__ = ["ACCOUNTS", "Movement", "accounts_of", "balance", "movements", "summed"]

ACCOUNTS: Final = (Kind.VENDOR_FLOAT, PAYABLE)
"""The kinds of a vendor's accounts, in the order in which they are told."""
SALES: Final = frozenset({"buy", "pay", "claim_free", "change_key", "engineer", "give"})
"""Kinds of entries that come in numbers: a day's are one line."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a statement, or several sales in one.

    Attributes:
        at: when; of several, the last.
        kind: what happened: "buy", "deposit", "commission".
        count: how many there were.
        amount: minor units; above zero what the vendor owes more, or is owed less.
        balance: what the account stands at afterwards, in the same way.
        entry: of the books; of several, the last.
        note: words of whoever booked it.
    """

    at: datetime
    kind: str
    count: int
    amount: int
    balance: int
    entry: UUID
    note: str


async def accounts_of(connection: Connection, utility_id: UUID, vendor_id: UUID) -> list[Account]:
    """The accounts of a vendor's float and commission that there are, in the order of `ACCOUNTS`."""
    found = await find(connection, utility_id, owner=vendor_id)
    return sorted((it for it in found if it.key.kind in ACCOUNTS), key=lambda it: ACCOUNTS.index(it.key.kind))


async def balance(connection: Connection, utility_id: UUID, account: Account, at: datetime) -> int:
    """What an account stood at: above zero what its vendor owed."""
    return await balance_at(connection, utility_id, account.id, at)


async def movements(
    connection: Connection, utility_id: UUID, account: Account, since: datetime, until: datetime
) -> AsyncIterator[Movement]:
    """What happened on an account, line by line, a few at a time however many there are."""
    found = await statement(connection, utility_id, account.id, since, until)
    async for line in found.lines():
        yield movement(line)


def movement(line: StatementLine) -> Movement:
    """A line of the books as a vendor reads it."""
    return Movement(line.at, line.kind, 1, line.amount, line.balance, line.entry, line.note or "")


async def summed(lines: AsyncIterator[Movement], zone: ZoneInfo) -> AsyncIterator[Movement]:
    """The same with the sales of a kind that follow each other on a day as one line."""
    last: Movement | None = None
    async for it in lines:
        if last and belongs(last, it, zone):
            last = Movement(it.at, it.kind, last.count + 1, last.amount + it.amount, it.balance, it.entry, "")
            continue
        if last:
            yield last
        last = it
    if last:
        yield last


def belongs(last: Movement, it: Movement, zone: ZoneInfo) -> bool:
    """Whether a sale may be told in one line with those before it."""
    same_day = last.at.astimezone(zone).date() == it.at.astimezone(zone).date()
    return it.kind in SALES and it.kind == last.kind and same_day
