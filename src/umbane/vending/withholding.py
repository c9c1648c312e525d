"""Tokens that a module made and no sale has: found by comparing the module's count with the books, and kept unseen."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from umbane.db import Connection, Database, columns
from umbane.security import Issued, ModuleError, ModuleStatus, SecurityModule
from umbane.sts import EncodedToken, StampedToken
from umbane.vending.errors import ModuleBehindError
from umbane.vending.house import House
from umbane.vending.intents import Intent, drop_intents, open_intents
from umbane.vending.plans import Asked
from umbane.vending.signatures import signature
from umbane.vending.store import TOKEN_BYTES, lock_module
from umbane.vending.telling import tell_withheld

__all__ = ["PATIENCE", "clear_up", "insert", "recover", "resolve", "row", "tidy"]

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
RECONCILED: Final = "SELECT reconciled FROM vending.module WHERE id = $1"
RECONCILING: Final = "UPDATE vending.module SET reconciled = $2 WHERE id = $1"
GREATEST: Final = "SELECT max(number) FROM vending.token WHERE module = $1"
AT_A_TIME: Final = 5000
MOST_LOOSE: Final = 1000
"""Requests that the module is asked about at once."""
FIRST: Final = 1
SINCE: Final = 6
"""Where a row has the number of its first token, and the moment since when its tokens are withheld."""
PATIENCE: Final = timedelta(minutes=1)
"""For so long a question to a module outside of this process may be on its way."""


def row(module: int, first: int, request: Asked, digits: Sequence[EncodedToken], since: datetime) -> Row:
    """What is kept of tokens that are withheld."""
    token = getattr(request, "token", None)
    tid = token.tid.minutes if isinstance(token, StampedToken) else None
    bits = [it.bits.to_bytes(TOKEN_BYTES) for it in digits]
    return module, first, len(bits), request.id, signature(request), tid, since, bits


def from_intent(module: int, id_: UUID, exactly: str, answer: Issued, since: datetime) -> Row:
    """The same for tokens of which only the intent is known: what their request says exactly."""
    words, _, tid = exactly.rpartition(" ")
    bits = [it.bits.to_bytes(TOKEN_BYTES) for it in answer.tokens]
    return module, answer.first, len(bits), id_, words, None if tid == "None" else int(tid), since, bits


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


async def clear_up(database: Database, house: House, now: datetime) -> None:
    """Tidy up before a turn. Others don't wait for who is at it: a module may be silent for long."""
    if house.loose and not house.clearing:
        house.clearing = True
        try:
            await tidy(database, house, now)
            house.doubt = ""
        except ModuleError as error:  # who needs no token is served all the same
            house.doubt = str(error)
        finally:
            house.clearing = False


async def tidy(database: Database, house: House, now: datetime) -> None:
    """Find out what became of the requests of turns that failed, and withhold what was made and not booked."""
    loose = dict(islice(house.loose.items(), MOST_LOOSE))
    if not loose:
        return
    number, found = house.module_number, await house.module.fetch(list(loose))
    rows = [row(number, it.first, loose[id_], it.tokens, now) for id_, it in found.items() if isinstance(it, Issued)]
    await database.run(lambda tx: insert_unbooked(tx, number, rows))
    for id_ in loose:
        house.loose.pop(id_, None)


async def resolve(database: Database, house: House, now: datetime, older_than: timedelta) -> int:
    """Find out what became of questions to a module outside of this process that nobody settled, and count them.

    What was made for them is withheld. Mostly `tidy` has done so; but a question may arrive late, and who asked it may
    be gone. Those that were asked in the time of `older_than` are left alone, unless the clock ran ahead then.
    """
    async with database.reading() as connection:
        found = await open_intents(connection, house.module_number)
    old = [it for it in found if abs(now - it.at) >= older_than]
    for intent in old:
        await settle_intent(database, house, intent, now)
    return len(old)


async def settle_intent(database: Database, house: House, intent: Intent, now: datetime) -> None:
    """Withhold what was made for an intent and isn't booked; then it is settled."""
    number, answers = house.module_number, await house.module.fetch(intent.requests)
    rows = [
        from_intent(number, id_, exactly, it, now)
        for id_, exactly in zip(intent.requests, intent.signatures, strict=True)
        if isinstance(it := answers.get(id_), Issued)
    ]

    async def work(tx: Connection) -> None:
        await insert_unbooked(tx, number, rows)
        await drop_intents(tx, [intent.id])

    await database.run(work)


async def insert_unbooked(tx: Connection, module: int, rows: Sequence[Row]) -> None:
    """Withhold those of these tokens that the books don't know, now that nobody is about to book them."""
    await lock_module(tx, module)
    known = await booked(tx, module, [it[FIRST] for it in rows])
    await insert(tx, [it for it in rows if it[FIRST] not in known])


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
        found = 0
        async for records in in_portions(module, reconciled):
            known = await booked(tx, number, [it.first for it in records])
            found += await withhold(tx, module, number, [it for it in records if it.first not in known], now)
        await tx.execute(RECONCILING, number, status.count)
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
