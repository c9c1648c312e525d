"""Floats of vendors: what they may owe, what they pay in, and what was booked wrongly."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.paging import Edition
from umbane.api.managing.writing import edition_of, held, once, reason_of
from umbane.api.orders import money_from
from umbane.api.peoplewire import Justified
from umbane.api.problems import ApiError
from umbane.api.rights import Right
from umbane.db import Connection, new_ids
from umbane.errors import InputError
from umbane.ledger import DuplicateEntryError, Reversal, Standing, open_book, payments
from umbane.ledger.reading import floats_of
from umbane.registry import Act, Scope, Vendor, change_vendor, texts, utility, vendor
from umbane.registry.listing import VENDORS

__all__ = ["OPERATIONS", "VendorOut", "currency_in", "let_owe", "vendor_out", "vendors_out"]

BOOKED: Final = """
SELECT a.owner_id FROM ledger.entry e JOIN ledger.account a ON a.id = ANY (e.accounts) AND a.kind = 'vendor_float'
WHERE e.utility_id = $1 AND e.id = $2 AND e.kind = 'deposit'"""
LONGEST: Final = 100
NONE: Final = Standing(0, 0, 0, 0)
"""Without a float a vendor can sell nothing."""


class VendorOut(wire.Told, frozen=True):
    """A vendor, and how the float stands."""

    id: UUID
    code: str
    name: str
    credit_limit: Annotated[int, Meta(description="what they may owe at most, in minor units")]
    blocked: bool
    owes: Annotated[int, Meta(description="minor units; below zero what was paid in advance")]
    held: Annotated[int, Meta(description="minor units that are set aside for sales under way")]
    left: Annotated[int, Meta(description="minor units for which they can still sell")]
    edition: str


class CreditLimitIn(Justified, frozen=True, kw_only=True):
    """What a vendor may owe at most from now on."""

    amount: wire.MinorUnits
    edition: Edition


class DepositIn(wire.Asked, frozen=True, kw_only=True):
    """Money that a vendor paid in."""

    money: Annotated[int, Meta(ge=1, le=10**15)] | wire.Decimal
    currency: wire.CurrencyCode | UnsetType = UNSET
    reference: Annotated[
        str, Meta(min_length=1, max_length=LONGEST, description="by which the bank knows it; each is booked once")
    ]


class EntryOut(wire.Told, frozen=True):
    """An entry that was booked."""

    id: UUID
    at: datetime
    kind: str
    amount: Annotated[int, Meta(description="minor units by which the float grew; below zero when it shrank")]
    reverses: Annotated[UUID | None, Meta(description="the entry that it takes back")]
    vendor: VendorOut


async def set_limit(desk: Desk, call: Call) -> Reply:
    """What a vendor may owe, in the registry and in the books, in one transaction."""
    body: CreditLimitIn = call.body
    vendor_id, reason = call.id("vendor_id"), reason_of(body.reason)

    async def work(tx: Connection, scope: Scope) -> VendorOut:
        old = await held(tx, scope, VENDORS, vendor_id, body.edition)
        new = replace(old, credit_limit=body.amount)
        await change_vendor(tx, scope, new, reason)
        await let_owe(tx, scope, new, desk.now(), reason)
        return await vendor_out(tx, scope.utility_id, new)

    return await once(desk, call, VendorOut, work, Act.CREDIT_LIMIT)


async def deposit(desk: Desk, call: Call) -> Reply:
    """Book what a vendor paid in."""
    body: DepositIn = call.body
    money, reference = money_from(body.money, body.currency), texts.clean("reference", body.reference, LONGEST)
    now = desk.now()

    async def work(tx: Connection, scope: Scope) -> EntryOut:
        whose = await vendor(tx, scope.utility_id, call.id("vendor_id"))
        currency = await currency_in(tx, scope, body.currency)
        book = await open_book(tx, scope.utility_id)
        id_ = await payments.book_payment(book, whose.id, currency, money, reference, scope.by, now)
        return EntryOut(id_, now, payments.DEPOSIT, money, None, await vendor_out(tx, scope.utility_id, whose))

    try:
        return await once(desk, call, EntryOut, work)
    except DuplicateEntryError as error:
        detail, remedy = "a payment with this reference is booked already", "look at the vendor's statement"
        raise ApiError(HTTPStatus.CONFLICT, "already_booked", detail, remedy, field="reference") from error


async def take_back(desk: Desk, call: Call) -> Reply:
    """Take a deposit back by a contra entry; not if it is spent already."""
    deposit_id, reason = call.id("deposit_id"), reason_of(call.body.reason)
    [id_], now = new_ids(1), desk.now()

    async def work(tx: Connection, scope: Scope) -> EntryOut:
        vendor_id = await tx.fetchval(BOOKED, scope.utility_id, deposit_id)
        if vendor_id is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "unknown_deposit", "there is no such deposit", "look at the id")
        whose = await vendor(tx, scope.utility_id, vendor_id)
        before = await vendor_out(tx, scope.utility_id, whose)
        book = await open_book(tx, scope.utility_id)
        await book.reverse([Reversal(id_, deposit_id, now, f"{reason} ({scope.by})")])
        after = await vendor_out(tx, scope.utility_id, whose)
        return EntryOut(id_, now, "reversal", before.owes - after.owes, deposit_id, after)

    return await once(desk, call, EntryOut, work, Act.DEPOSIT_REVERSAL)


async def let_owe(tx: Connection, scope: Scope, whose: Vendor, now: datetime, reason: str) -> None:
    """Give the float of a vendor the limit that the registry has.

    Raises:
        LimitError: they owe more than that already.
    """
    currency, book = await currency_in(tx, scope, UNSET), await open_book(tx, scope.utility_id)
    await payments.let_owe(book, currency, {whose.id: whose.credit_limit}, now, reason)


async def currency_in(tx: Connection, scope: Scope, said: str | UnsetType) -> str:
    """The utility's currency.

    Raises:
        InputError: another one was said.
    """
    ours = str((await utility(tx, scope.utility_id)).currency.code)
    if said not in {UNSET, ours}:
        raise InputError("currency", f"the books of vendors are in {ours}", f"give {ours}, or leave it out")
    return ours


async def vendor_out(connection: Connection, utility_id: UUID, it: Vendor) -> VendorOut:
    """A vendor as it is answered."""
    return (await vendors_out(connection, utility_id, [it]))[0]


async def vendors_out(connection: Connection, utility_id: UUID, several: Sequence[Vendor]) -> list[VendorOut]:
    """Vendors as they are answered."""
    floats = await floats_of(connection, utility_id, [it.id for it in several])
    return [told(it, floats.get(it.id, NONE)) for it in several]


def told(it: Vendor, float_: Standing) -> VendorOut:
    """A vendor and how the float stands."""
    return VendorOut(
        it.id, it.code, it.name, it.credit_limit, it.blocked, float_.posted, float_.held, float_.free, edition_of(it)
    )


LIMIT: Final = "/v1/registry/vendors/{vendor_id}/credit-limit"
BOOKED_NOW: Final = {201: EntryOut, 200: EntryOut}

OPERATIONS: Final = (
    Operation("set_credit_limit", "POST", LIMIT, "Say what a vendor may owe at most", set_limit,
        {201: VendorOut, 200: VendorOut}, (Right.WRITE_VENDORS,), CreditLimitIn, problems=(402, 404, 409, 422),
        keyed=True),
    Operation("deposit", "POST", "/v1/books/vendors/{vendor_id}/deposits", "Book what a vendor paid in", deposit,
        BOOKED_NOW, (Right.DEPOSIT,), DepositIn, problems=(402, 404, 409, 422), keyed=True),
    Operation("take_deposit_back", "POST", "/v1/books/deposits/{deposit_id}/reversal", "Take a deposit back",
        take_back, BOOKED_NOW, (Right.DEPOSIT,), Justified, problems=(402, 404, 409, 422), keyed=True),
)  # fmt: skip
