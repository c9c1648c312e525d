"""Batches of vouchers: made once, sold, stopped, and over.

A batch belongs to a vendor whose float is its money and nothing else: what is paid for its vouchers is paid into that
float, stands there as what the house owes, and leaves it by sales, or when the batch expires.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

import asyncpg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from umbane.db import Connection, Table, columns, new_ids
from umbane.ledger import AccountKey, Entry, Kind, open_book
from umbane.ledger.payments import Payment, book_payments
from umbane.registry import DuplicateError, NotFoundError, Scope, terminal, utility
from umbane.registry.changes import record
from umbane.registry.texts import clean, code
from umbane.trade.errors import TradeInputError, TradeStateError
from umbane.trade.pins import new_pins, pin_hash
from umbane.trade.printing import Printed, fingerprint, voucher_file

__all__ = ["Batch", "Standing", "activate", "batch", "batches", "expire", "make_batch", "stop"]

EXPIRED: Final = "voucher.expire"
"""The kind of the entries by which money of vouchers that nobody used becomes the house's."""
INCOME: Final = "voucher_expired"
MOST: Final = 1_000_000

VOUCHERS: Final = Table(
    "trade.voucher", {"serial": "integer", "hash": "bytea"}, {"utility_id": "uuid", "batch": "text"}
)
BATCH: Final = """
INSERT INTO trade.voucher_batch (utility_id, number, vendor_id, terminal_id, denomination, currency, count, expires_on,
    printer, digest, made_at, made_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""
FOUND: Final = """
SELECT number, vendor_id, terminal_id, denomination, currency, count, expires_on FROM trade.voucher_batch
WHERE utility_id = $1 AND number = $2"""
LOCKED: Final = """
SELECT serial, state FROM trade.voucher
WHERE utility_id = $1 AND batch = $2 AND serial BETWEEN $3 AND $4 ORDER BY serial FOR NO KEY UPDATE"""
SETTING: Final = """
UPDATE trade.voucher SET state = $5 WHERE utility_id = $1 AND batch = $2 AND serial BETWEEN $3 AND $4 AND state <> $5"""
ACTING: Final = """
INSERT INTO trade.voucher_act (utility_id, id, batch, act, first, last, amount, at, by, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
PENDING: Final = """
SELECT count(*) FROM trade.redemption r LEFT JOIN trade.redemption_end e USING (utility_id, batch, serial, attempt)
WHERE r.utility_id = $1 AND r.batch = $2 AND e.at IS NULL"""
STANDINGS: Final = """
SELECT b.number, b.vendor_id, b.terminal_id, b.denomination, b.currency, b.count, b.expires_on,
    (SELECT count(*) FROM trade.voucher v WHERE v.utility_id = $1 AND v.batch = b.number AND v.state = 'active'),
    (SELECT count(*) FROM trade.voucher v WHERE v.utility_id = $1 AND v.batch = b.number AND v.state = 'stopped'),
    (SELECT count(e.sale_id) FROM trade.redemption_end e WHERE e.utility_id = $1 AND e.batch = b.number),
    (SELECT count(*) FROM trade.redemption_end e JOIN vending.reversal r USING (utility_id, sale_id)
        WHERE e.utility_id = $1 AND e.batch = b.number),
    (SELECT coalesce(sum(CASE act WHEN 'expire' THEN -amount ELSE amount END), 0)::bigint FROM trade.voucher_act a
        WHERE a.utility_id = $1 AND a.batch = b.number)
FROM trade.voucher_batch b WHERE b.utility_id = $1 ORDER BY b.number"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Vouchers that were printed together.

    Attributes:
        number: of the batch.
        vendor_id: the issuer, whose float is the money of its vouchers.
        terminal_id: the issuer's terminal through which they are sold.
        denomination: minor units that each is worth.
        currency: ISO 4217.
        count: how many, with the serials 1 to this.
        expires_on: the last day on which they can be used.
    """

    number: str
    vendor_id: UUID
    terminal_id: UUID
    denomination: int
    currency: str
    count: int
    expires_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a batch stands.

    Attributes:
        batch: which.
        active: how many can be used, or were.
        stopped: how many were stopped.
        used: how many were used, though the sale of one may have been taken back since.
        owed: minor units that the house owes for vouchers that were sold, and neither used nor expired.
    """

    batch: Batch
    active: int
    stopped: int
    used: int
    owed: int


async def make_batch(  # noqa: PLR0913 - what, by which keys and chance, to whom, when
    tx: Connection,
    scope: Scope,
    new: Batch,
    *,
    key: bytes,
    printer: X25519PublicKey,
    chance: Callable[[int], int],
    deliver: Callable[[bytes], None],
    now: datetime,
) -> None:
    """Make a batch, sealed as a whole, and deliver its file for the printer: once, for no PIN is kept.

    The file is delivered within the transaction: if it can't be, or the transaction fails, there is no such batch.

    Args:
        tx: a transaction, tried once.
        scope: whose, and by whom.
        new: the batch.
        key: of the hashes of PINs, kept outside of the database.
        printer: to whose key the file is sealed.
        chance: as `new_pins` takes it.
        deliver: takes the file.
        now: when.

    Raises:
        InputError: it can't be so.
        DuplicateError: there is one of this number.
        NotFoundError: there is no such terminal, or it is another vendor's.
    """
    home = await utility(tx, scope.utility_id)
    await check(tx, scope.utility_id, new, home.currency.code, now.astimezone(home.zone).date())
    pins = new_pins(new.count, chance)
    worth = f"{home.currency.show(new.denomination)} {new.currency}"
    text = voucher_file(Printed(new.number, worth, new.expires_on, pins), printer)
    about = (new.number, new.vendor_id, new.terminal_id, new.denomination, new.currency, new.count, new.expires_on)
    made = sha256(text).digest()
    try:
        await tx.execute(BATCH, scope.utility_id, *about, fingerprint(printer), made, now, scope.by)
    except asyncpg.UniqueViolationError as error:
        raise DuplicateError("batch", "there is one of this number", "give the next number") from error
    hashes = [pin_hash(key, scope.utility_id, pin) for pin in pins]
    rows = enumerate(hashes, 1)
    await VOUCHERS.insert(tx, *columns(rows, 2), utility_id=scope.utility_id, batch=new.number)
    details = {"batch": new.number, "count": new.count, "denomination": new.denomination, "file": made.hex()}
    await record(tx, scope, "voucher.make", [(scope.utility_id, details)])
    deliver(text)


async def check(tx: Connection, utility_id: UUID, new: Batch, currency: str, today: date) -> None:
    """Refuse a batch that can't be."""
    code("batch", new.number)
    if new.currency != currency:
        raise TradeInputError("currency", f"{new.currency} isn't the utility's", f"vouchers in {currency}")
    if new.denomination <= 0 or not 1 <= new.count <= MOST:
        raise TradeInputError("batch", "nothing is in it", f"1 to {MOST} vouchers that are worth something")
    if new.expires_on < today:
        raise TradeInputError("expires_on", f"{new.expires_on} is over", "a day to come")
    if (await terminal(tx, utility_id, new.terminal_id)).vendor_id != new.vendor_id:
        raise NotFoundError("terminal of the issuer", str(new.terminal_id))


async def batch(connection: Connection, utility_id: UUID, number: str) -> Batch:
    """A batch; NotFoundError when there is none of this number."""
    row = await connection.fetchrow(FOUND, utility_id, number)
    if row is None:
        raise NotFoundError("voucher batch", number)
    return Batch(*row)


async def batches(connection: Connection, utility_id: UUID) -> list[Standing]:
    """Where every batch stands, by their numbers."""
    found = []
    for *of, active, stopped, used, taken_back, booked in await connection.fetch(STANDINGS, utility_id):
        it = Batch(*of)
        found.append(Standing(it, active, stopped, used, booked - (used - taken_back) * it.denomination))
    return found


# ------------------------------------------------------------------------------------------------- what becomes of them


async def activate(  # noqa: PLR0913, PLR0917 - which, why, when
    tx: Connection, scope: Scope, number: str, serials: tuple[int, int], reason: str, now: datetime
) -> int:
    """Let vouchers count from now on, because they were sold; answer the money that was booked for them.

    Raises:
        NotFoundError: there is no such batch.
        InputError: there are no such serials, or nobody says why.
        TradeStateError: one of them isn't sealed any more, or the batch is over.
    """
    it, states, why = await locked(tx, scope, number, serials, reason)
    if wrong := [serial for serial, state in states.items() if state != "sealed"]:
        raise TradeStateError(f"voucher {number}/{wrong[0]} is {states[wrong[0]]}: only sealed ones are activated")
    home = await utility(tx, scope.utility_id)
    if it.expires_on < now.astimezone(home.zone).date():
        raise TradeStateError(f"the batch {number} expired on {it.expires_on}")
    amount = it.denomination * len(states)
    [id_] = new_ids(1)
    book = await open_book(tx, scope.utility_id)
    payment = Payment(it.vendor_id, amount, f"vouchers {number}/{serials[0]}-{serials[1]}")
    await book_payments(book, it.currency, [payment], scope.by, now)
    await act(tx, scope, id_, number, "activate", serials, amount, why, now)
    return amount


async def stop(  # noqa: PLR0913, PLR0917 - which, why, when
    tx: Connection, scope: Scope, number: str, serials: tuple[int, int], reason: str, now: datetime
) -> None:
    """Let vouchers count no more, because they were stolen or printed wrongly. For those that were used it is too late.

    What was paid for them stays owed until the batch expires.

    Raises:
        NotFoundError: there is no such batch.
        InputError: there are no such serials, or nobody says why.
    """
    _, _, why = await locked(tx, scope, number, serials, reason)
    await act(tx, scope, new_ids(1)[0], number, "stop", serials, 0, why, now)


async def locked(
    tx: Connection, scope: Scope, number: str, serials: tuple[int, int], reason: str
) -> tuple[Batch, dict[int, str], str]:
    """A batch and the states of some of its vouchers, which nobody else changes until the transaction ends."""
    it, why = await batch(tx, scope.utility_id, number), clean("reason", reason)
    first, last = serials
    if not 1 <= first <= last <= it.count:
        raise TradeInputError("serials", f"there are no vouchers {first} to {last}", f"within 1 to {it.count}")
    rows = await tx.fetch(LOCKED, scope.utility_id, number, first, last)
    return it, {row[0]: row[1] for row in rows}, why


async def act(  # noqa: PLR0913, PLR0917 - what, on which, how much, why, when
    tx: Connection,
    scope: Scope,
    id_: UUID,
    number: str,
    what: str,
    serials: tuple[int, int],
    amount: int,
    reason: str,
    now: datetime,
) -> None:
    """Write down what became of vouchers, and let it be so."""
    if what != "expire":
        state = "active" if what == "activate" else "stopped"
        await tx.execute(SETTING, scope.utility_id, number, *serials, state)
    await tx.execute(ACTING, scope.utility_id, id_, number, what, *serials, amount, now, scope.by, reason)
    details = {"batch": number, "first": serials[0], "last": serials[1], "amount": amount, "reason": reason}
    await record(tx, scope, f"voucher.{what}", [(id_, details)])


async def expire(tx: Connection, scope: Scope, number: str, now: datetime) -> int:
    """Book the money of vouchers that nobody used, once the batch is over; answer how much.

    Raises:
        NotFoundError: there is no such batch.
        TradeStateError: it isn't over, one of its vouchers is being used, or that is booked already.
    """
    it = await batch(tx, scope.utility_id, number)
    serials = 1, it.count
    await tx.fetch(LOCKED, scope.utility_id, number, *serials)
    home = await utility(tx, scope.utility_id)
    if it.expires_on >= now.astimezone(home.zone).date():
        raise TradeStateError(f"the batch {number} can be used up to {it.expires_on}")
    if await tx.fetchval(PENDING, scope.utility_id, number):
        raise TradeStateError("one of its vouchers is being used: wait for its message")
    [standing] = [it for it in await batches(tx, scope.utility_id) if it.batch.number == number]
    id_ = uuid5(scope.utility_id, f"voucher batch {number} expires")
    try:
        await act(tx, scope, id_, number, "expire", serials, standing.owed, "over", now)
    except asyncpg.UniqueViolationError as error:
        raise TradeStateError(f"the batch {number} is booked as over already") from error
    if standing.owed:
        keys = AccountKey(Kind.VENDOR_FLOAT, it.currency, it.vendor_id), AccountKey(INCOME, it.currency)
        book = await open_book(tx, scope.utility_id)
        accounts = await book.accounts(keys)
        amounts = [standing.owed, -standing.owed]
        entry = Entry(id_, now, EXPIRED, [accounts[key] for key in keys], amounts, it.vendor_id, note=f"batch {number}")
        await book.post([entry])
    return standing.owed
