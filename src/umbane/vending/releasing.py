"""Digits leave the house, or the sale is taken back: one or the other, once."""

from uuid import UUID

import asyncpg
from asyncpg import Record

from umbane.db import Connection, new_ids
from umbane.ledger import Reversal, open_book
from umbane.registry import Scope, change_state, decode_state, load_for_sale
from umbane.vending import store
from umbane.vending.cases import message_id_problem, refused
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError, UnknownSaleError
from umbane.vending.looking import in_progress
from umbane.vending.models import Refused, Sold
from umbane.vending.permits import for_the_books
from umbane.vending.service import Engine
from umbane.vending.telling import tell_end

__all__ = ["confirm", "reverse"]

RELEASING = "INSERT INTO vending.release (utility_id, sale_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
REVERSING = """
INSERT INTO vending.reversal (utility_id, sale_id, entry_id, at, contract_id, version)
VALUES ($1, $2, $3, $4, $5, $6)"""
FREEING = "DELETE FROM vending.free_claim WHERE utility_id = $1 AND contract_id = $2 AND sale_id = $3"
DETAILS = """
SELECT s.contract_id, s.version, s.before, c.version AS current, (
    SELECT count(*) FROM vending.reversal r
    WHERE r.utility_id = s.utility_id AND r.contract_id = s.contract_id AND r.version > s.version) AS undone
FROM vending.sale s LEFT JOIN registry.contract c ON c.utility_id = s.utility_id AND c.id = s.contract_id
WHERE s.utility_id = $1 AND s.id = $2"""
LATER = "other sales came after it on the same account, or the account was changed"
MOVES = 2
"""By so many versions a sale that was taken back has moved its account: once there, once back."""


async def confirm(engine: Engine, utility_id: UUID, terminal_id: UUID, message_id: str) -> Sold | Refused:
    """Say that the customer is there: the digits of a sale leave the house. Again and again the same answer.

    Raises:
        UnknownSaleError: this till sold nothing under that message id.
    """

    async def work(tx: Connection) -> Sold | Refused:
        sold = await find(tx, utility_id, terminal_id, message_id)
        if isinstance(sold, Refused):
            return sold
        if sold.reversed:
            return Refused(Code.REVERSED, "this sale was taken back", "sell again")
        if not sold.released:
            now = engine.clock()
            await tx.execute(RELEASING, utility_id, sold.id, now)
            await tell_end(tx, "release", utility_id, sold.id, now)
        return await find(tx, utility_id, terminal_id, message_id)

    try:
        return await engine.database.run(work)
    except asyncpg.RestrictViolationError:  # somebody took it back at the same moment
        return Refused(Code.REVERSED, "this sale was taken back", "sell again")


async def reverse(  # noqa: PLR0913 - which sale, why, by whom
    engine: Engine, utility_id: UUID, terminal_id: UUID, message_id: str, reason: str, *, by: str = ""
) -> Sold | Refused:
    """Take a sale back, if none of its digits has left the house: money, units and debts are as before.

    A token once shown is money, and nobody can see whether it was typed in; so afterwards the answer is no. It is
    written down as done by the terminal, or by whoever is named.

    Raises:
        UnknownSaleError: this till sold nothing under that message id.
    """
    try:
        why = for_the_books("reason", reason)
    except RefusedError as error:
        return refused(error)

    async def work(tx: Connection) -> Sold | Refused:
        sold = await find(tx, utility_id, terminal_id, message_id)
        if isinstance(sold, Refused) or sold.reversed:
            return sold
        if sold.released:
            return released() if sold.tokens else without_digits()
        await load_for_sale(tx, utility_id, [sold.meter])  # whoever sells to it waits
        scope = Scope(utility_id, by or f"terminal:{terminal_id}")
        if not await take_back(tx, engine, scope, sold, why):
            return Refused(Code.LATER_SALES, LATER, "take back the sales after it first")
        return await find(tx, utility_id, terminal_id, message_id)

    try:
        return await engine.database.run(work)
    except asyncpg.RestrictViolationError:  # somebody confirmed it at the same moment
        return released()
    except asyncpg.UniqueViolationError:  # somebody else takes it back just now
        return await engine.database.run(work)


async def take_back(tx: Connection, engine: Engine, scope: Scope, sold: Sold, reason: str) -> bool:
    """Take a sale back, unless anything came after it on the account that still stands."""
    utility_id = scope.utility_id
    contract_id, version, before, current, undone = required(await tx.fetchrow(DETAILS, utility_id, sold.id))
    now, entry = engine.clock(), new_ids(1)[0]
    if version is None or current != version + MOVES * undone:
        return False
    book = await open_book(tx, utility_id)
    await tx.execute(REVERSING, utility_id, sold.id, entry, now, contract_id, version)
    await tell_end(tx, "reversal", utility_id, sold.id, now, by=scope.by, reason=reason)
    await book.reverse([Reversal(entry, sold.id, now, reason)])
    await tx.execute(FREEING, utility_id, contract_id, sold.id)
    await change_state(tx, scope, contract_id, current, decode_state(before), f"sale {sold.id} taken back: {reason}")
    return True


def required(row: Record | None) -> Record:
    """A row that is there."""
    if row is None:
        raise TypeError("a sale that was found is gone")
    return row


def released() -> Refused:
    """The truthful no."""
    problem = "its digits have left the house, and nobody can see whether they were typed in"
    return Refused(Code.RELEASED, problem, "have the utility look at the meter, and decide about a refund")


def without_digits() -> Refused:
    """The same for what has none, such as a payment: its customer was told that it is done."""
    return Refused(Code.RELEASED, "the customer was told that it is done", "have the utility correct the account")


async def find(tx: Connection, utility_id: UUID, terminal_id: UUID, message_id: str) -> Sold | Refused:
    """The sale of a message, or that nobody knows yet whether there will be one.

    Raises:
        UnknownSaleError: there is none.
    """
    claims = [] if message_id_problem(message_id) else [store.Claim(terminal_id, message_id, terminal_id, b"")]
    for claim in (await store.seen(tx, utility_id, claims)).values():
        answer = (await store.answers(tx, utility_id, {claim.id: claim.message_id})).get(claim.id)
        if not isinstance(answer, Refused):
            return answer or in_progress()
    raise UnknownSaleError("this till sold nothing under that message id")
