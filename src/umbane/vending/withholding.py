"""Tokens that a module made and no sale has: found by comparing the module's count with the books, and kept unseen."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any, Final

from umbane.db import Connection, Database, columns
from umbane.security import Issued, ModuleStatus, SecurityModule
from umbane.sts import EncodedToken, StampedToken
from umbane.vending.errors import ModuleBehindError
from umbane.vending.house import House
from umbane.vending.intents import Intent
from umbane.vending.issuing import signature
from umbane.vending.plans import Asked
from umbane.vending.store import TOKEN_BYTES, lock_module
from umbane.vending.telling import tell_withheld

__all__ = ["from_intent", "insert", "recover", "row", "tidy"]

Row = tuple[Any, ...]
# An array of arrays can't be unnested by rows: digits come one after the other, and are put together again.
INSERTING: Final = """
INSERT INTO vending.withheld (module, number, made, request_id, signature, tid, since, digits)
SELECT n.*, (SELECT array_agg(d.digits ORDER BY d.place) FROM unnest($8::bigint[], $9::bytea[])
    WITH ORDINALITY AS d (number, digits, place) WHERE d.number = n.number)
FROM unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::uuid[], $5::text[], $6::integer[], $7::timestamptz[])
    AS n (module, number, made, request_id, signature, tid, since)
ON CONFLICT DO NOTHING"""
BOOKED: Final = """
SELECT number FROM vending.token WHERE module = $1 AND number = ANY($2)
UNION ALL SELECT number FROM vending.withheld WHERE module = $1 AND number = ANY($2)"""
WAITING: Final = "SELECT unnest(requests) FROM vending.intent WHERE module = $1"
RECONCILED: Final = "SELECT reconciled FROM vending.module WHERE id = $1"
RECONCILING: Final = "UPDATE vending.module SET reconciled = $2 WHERE id = $1"
GREATEST: Final = "SELECT max(number) FROM vending.token WHERE module = $1"
AT_A_TIME: Final = 5000
SINCE: Final = 6
"""Where a row has the moment since when its tokens are withheld."""


def row(module: int, first: int, request: Asked, digits: Sequence[EncodedToken], since: datetime) -> Row:
    """What is kept of tokens that are withheld."""
    token = getattr(request, "token", None)
    tid = token.tid.minutes if isinstance(token, StampedToken) else None
    bits = [it.bits.to_bytes(TOKEN_BYTES) for it in digits]
    return module, first, len(bits), request.id, signature(request), tid, since, bits


def from_intent(intent: Intent, place: int, answer: Issued, since: datetime) -> Row:
    """The same for tokens of which only the intent is known."""
    words, _, tid = intent.signatures[place].rpartition(" ")
    bits = [it.bits.to_bytes(TOKEN_BYTES) for it in answer.tokens]
    minutes = None if tid == "None" else int(tid)
    return intent.module, answer.first, len(bits), intent.requests[place], words, minutes, since, bits


async def insert(tx: Connection, rows: Collection[Row]) -> None:
    """Withhold tokens."""
    if rows:
        flat = [(it[1], digits) for it in rows for digits in it[-1]]
        await tx.execute(INSERTING, *columns([it[:-1] for it in rows], 7), *columns(flat, 2))
        made = [(it[0], it[1] + place, digits) for it in rows for place, digits in enumerate(it[-1])]
        await tell_withheld(tx, next(iter(rows))[SINCE], made)


async def booked(tx: Connection, module: int, numbers: Collection[int]) -> set[int]:
    """Which of a module's tokens the books know."""
    return {it[0] for it in await tx.fetch(BOOKED, module, list(numbers))}


async def tidy(database: Database, house: House, now: datetime) -> None:
    """Find out what became of the requests of turns that failed, and withhold what was made and not booked."""
    loose = dict(house.loose)
    if not loose:
        return
    made = {id_: it for id_, it in (await house.module.fetch(list(loose))).items() if isinstance(it, Issued)}

    async def work(tx: Connection) -> None:
        await lock_module(tx, house.module_number)
        known = await booked(tx, house.module_number, [it.first for it in made.values()])
        rows = (
            row(house.module_number, it.first, loose[id_], it.tokens, now)
            for id_, it in made.items()
            if it.first not in known
        )
        await insert(tx, list(rows))

    await database.run(work)
    for id_ in loose:
        house.loose.pop(id_, None)


async def recover(database: Database, module: SecurityModule, number: int, now: datetime) -> int:
    """Withhold whatever a module made and the books don't know; answer how many requests that were.

    To be done when an engine starts. Waits for transactions that a process which died may have left behind.

    Raises:
        ModuleBehindError: the books know tokens that the module hasn't made.
    """

    async def work(tx: Connection) -> int:
        await lock_module(tx, number)
        status = await module.status()  # now that nobody books its tokens: others may have, a moment ago
        reconciled: int = await tx.fetchval(RECONCILED, number)
        await require_not_behind(tx, number, reconciled, status)
        waiting = {row[0] for row in await tx.fetch(WAITING, number)}
        found, open_from = 0, status.count
        async for records in in_portions(module, reconciled):
            known = await booked(tx, number, [it.first for it in records])
            open_from = min([open_from, *(it.first for it in records if it.request.id in waiting)])
            lost = [it for it in records if it.first not in known and it.request.id not in waiting]
            found += await withhold(tx, module, number, lost, now)
        await tx.execute(RECONCILING, number, open_from)
        return found

    return await database.run(work)


async def require_not_behind(tx: Connection, number: int, reconciled: int, status: ModuleStatus) -> None:
    """Refuse a module that made fewer tokens than are booked, or withheld."""
    greatest: int | None = await tx.fetchval(GREATEST, number)
    known = max(reconciled, 0 if greatest is None else greatest + 1)
    if known > status.count:
        raise ModuleBehindError(
            f"the books hold token number {known - 1} of module {status.name}, which has made only {status.count}: "
            "its journal was lost or is an old copy; bring the right one back"
        )


async def withhold(tx: Connection, module: SecurityModule, number: int, records: Sequence[Any], now: datetime) -> int:
    """Withhold what these records of a module made."""
    if records:
        made = await module.fetch([it.request.id for it in records])
        answers = ((it, made.get(it.request.id)) for it in records)
        rows = [row(number, it.first, it.request, got.tokens, now) for it, got in answers if isinstance(got, Issued)]
        await insert(tx, rows)
    return len(records)


async def in_portions(module: SecurityModule, count: int) -> AsyncIterator[list[Any]]:
    """The records of a module from a count on, some thousands at a time."""
    portion: list[Any] = []
    async for record in module.since(count):
        portion.append(record)
        if len(portion) == AT_A_TIME:
            yield portion
            portion = []
    if portion:
        yield portion
