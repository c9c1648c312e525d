"""What is known before the bank says anything: accounts of the house, slips of deposits, by what vendors are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg

from umbane.db import Connection, Table, columns
from umbane.registry import DuplicateError, NotFoundError, Scope, utility, vendor
from umbane.registry.changes import record
from umbane.registry.texts import clean, clean_or_none, code
from umbane.trade.bankstore import lock_deposits, open_slips
from umbane.trade.errors import TradeInputError
from umbane.trade.matching import Slip, words
from umbane.trade.statements.values import account_number, currency_named

__all__ = ["BankAccount", "add_bank_account", "announce", "bank_accounts", "know_payer", "withdraw_slip"]

LEAST: Final = 4
"""Letters and digits of a reference: a shorter one stands in too many texts by chance. (A choice.)"""
ACCOUNT: Final = """
INSERT INTO trade.bank_account (utility_id, number, currency, title, added_at, added_by)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING number"""
ACCOUNTS: Final = "SELECT number, currency, title FROM trade.bank_account WHERE utility_id = $1 ORDER BY number"
PAYER: Final = """
INSERT INTO trade.payer (utility_id, kind, value, vendor_id, added_at, added_by)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING value"""
SLIPS: Final = Table(
    "trade.slip",
    {"id": "uuid", "number": "text", "vendor_id": "uuid", "amount": "bigint", "paid_on": "date", "batch": "text"},
    {"utility_id": "uuid", "announced_at": "timestamptz", "announced_by": "text"},
)
WITHDRAWN: Final = "INSERT INTO trade.slip_withdrawn (utility_id, slip_id, at, by, reason) VALUES ($1, $2, $3, $4, $5)"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account of the utility's at a bank: its number as statements have it, its currency, and what it is for."""

    number: str
    currency: str
    title: str


async def add_bank_account(tx: Connection, scope: Scope, new: BankAccount, now: datetime) -> None:
    """Say that an account is the utility's: statements of no other are taken.

    Raises:
        InputError: the number or the currency can't be one; or it is another currency than the utility's.
        DuplicateError: it is one already.
    """
    number, title = account_number(0, "account", new.number), clean("title", new.title)
    home = (await utility(tx, scope.utility_id)).currency
    if currency_named(0, "currency", new.currency) != home:
        raise TradeInputError("currency", f"{new.currency} isn't the utility's", f"an account in {home.code}")
    if not await tx.fetchval(ACCOUNT, scope.utility_id, number, home.code, title, now, scope.by):
        raise DuplicateError(number, "it is the utility's account already", "look at the list of accounts")
    await record(tx, scope, "bank_account.add", [(scope.utility_id, {"number": number, "title": title})])


async def bank_accounts(connection: Connection, utility_id: UUID) -> list[BankAccount]:
    """The utility's accounts, by their numbers."""
    return [BankAccount(*row) for row in await connection.fetch(ACCOUNTS, utility_id)]


async def know_payer(  # noqa: PLR0913, PLR0917 - by what, whose, and when
    tx: Connection, scope: Scope, kind: Literal["reference", "account"], value: str, vendor_id: UUID, now: datetime
) -> None:
    """Say that words in a payment's text, or the account that it comes from, mean a vendor.

    Raises:
        InputError: the words are too few, or the account can't be one.
        DuplicateError: they mean a vendor already.
        NotFoundError: there is no such vendor.
    """
    await vendor(tx, scope.utility_id, vendor_id)
    known = account_number(0, "account", value) if kind == "account" else words(value).strip()
    if len(known.replace(" ", "")) < LEAST:
        raise TradeInputError(kind, f"{known!r} may stand anywhere by chance", f"at least {LEAST} letters and digits")
    if not await tx.fetchval(PAYER, scope.utility_id, kind, known, vendor_id, now, scope.by):
        raise DuplicateError(known, f"this {kind} means a vendor already", "give one that is the vendor's own")
    told = known if kind == "reference" else f"…{known[-LEAST:]}"  # the log has readers whom the rest is no business of
    await record(tx, scope, "vendor.payer", [(vendor_id, {"kind": kind, "value": told})])


async def announce(tx: Connection, scope: Scope, slips: Sequence[Slip], now: datetime) -> None:
    """Write down slips of money that vendors, or cashiers for them, paid in.

    Raises:
        InputError: a number or a batch can't be one, or nothing was paid.
        DuplicateError: a number is taken.
        NotFoundError: there is no such vendor.
    """
    for it in slips:
        code("slip", it.number)
        if len(words(it.number).replace(" ", "")) < LEAST:
            raise TradeInputError("slip", f"{it.number!r} may stand anywhere by chance", f"at least {LEAST} digits")
        if it.amount <= 0:
            raise TradeInputError("amount", "nothing was paid", "minor units above 0")
        await vendor(tx, scope.utility_id, it.vendor_id)
    rows = ((s.id, s.number, s.vendor_id, s.amount, s.paid_on, clean_or_none("batch", s.batch)) for s in slips)
    try:
        await SLIPS.insert(tx, *columns(rows, 6), utility_id=scope.utility_id, announced_at=now, announced_by=scope.by)
    except asyncpg.UniqueViolationError as error:
        raise DuplicateError(
            "slip", "one of this number was announced already", "look at the number on the slip"
        ) from error
    told = ({"number": s.number, "amount": s.amount, "paid_on": s.paid_on.isoformat()} for s in slips)
    await record(tx, scope, "slip.announce", [(s.id, its) for s, its in zip(slips, told, strict=True)])


async def withdraw_slip(tx: Connection, scope: Scope, number: str, reason: str, now: datetime) -> None:
    """Say that an announced deposit will not come.

    Raises:
        NotFoundError: no slip of this number is open.
        InputError: nobody says why.
    """
    await lock_deposits(tx, scope.utility_id)
    why = clean("reason", reason)
    found = next((it for it in await open_slips(tx, scope.utility_id) if it.number == number), None)
    if found is None:
        raise NotFoundError("open slip", number)
    await tx.execute(WITHDRAWN, scope.utility_id, found.id, now, scope.by, why)
    await record(tx, scope, "slip.withdraw", [(found.id, {"number": number, "reason": why})])
