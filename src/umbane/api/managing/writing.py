"""What every operation has in common with which staff changes something: once for each key, and held to an edition."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Final, TypeVar
from uuid import UUID

from asyncpg import Record
from msgspec import Raw, Struct
from msgspec.json import encode

from umbane.api.bodies import words_of
from umbane.api.consent import OthersNeededError, ask_others, is_agreed
from umbane.api.desk import Call, Desk, Reply
from umbane.api.problems import ApiError
from umbane.db import Connection
from umbane.registry import Act, NotFoundError, Scope, StaleError
from umbane.registry.listing import Shelf, hold

__all__ = ["DIGITS", "edition_of", "held", "once", "reason_of"]

T = TypeVar("T")
Told = TypeVar("Told", bound=Struct)

CLAIMING: Final = """
INSERT INTO api.written (utility_id, caller_id, key, fingerprint, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING true"""
WRITTEN: Final = """
SELECT fingerprint, answer FROM api.written WHERE utility_id = $1 AND caller_id = $2 AND key = $3"""
ANSWERING: Final = "UPDATE api.written SET answer = $4 WHERE utility_id = $1 AND caller_id = $2 AND key = $3"

DIGITS: Final = 16
"""Of an edition, in hexadecimal."""


async def once(
    desk: Desk,
    call: Call,
    kind: type[Told],
    work: Callable[[Connection, Scope], Awaitable[Told]],
    act: Act | None = None,
) -> Reply:
    """Do something once for the key that came with it, in one transaction with its answer.

    Whoever sends the same again gets the same answer; a refusal leaves no trace. What takes others is tried and undone
    before they are asked, so that nobody is asked to agree to what can't be done.

    Args:
        desk: where.
        call: with its key.
        kind: of the answer.
        work: what to do, which gives the answer.
        act: what policies call it, if it may take several people; the body has a reason and evidence then.

    Raises:
        ApiError: the key came before with other words, or others have to agree first.
    """
    who = call.who
    claim = who.utility_id, who.id, call.key
    words = [kind.__name__, type(call.body).__name__, sorted(call.path.items()), call.body]
    fingerprint = sha256(encode(words)).digest()

    async def work_once(tx: Connection) -> Reply:
        if not await tx.fetchval(CLAIMING, *claim, fingerprint, desk.now()):
            return repeated(await tx.fetchrow(WRITTEN, *claim), fingerprint)
        agreed = act is None or await is_agreed(tx, desk, call, act, fingerprint)
        answer = await work(tx, Scope(who.utility_id, who.name))
        if not agreed:
            raise OthersNeededError
        await tx.execute(ANSWERING, *claim, encode(answer).decode())
        return Reply(answer, HTTPStatus.CREATED)

    try:
        return await desk.database.run(work_once)
    except OthersNeededError:
        if act is None:
            raise
        raise await ask_others(desk, call, act, fingerprint) from None


def repeated(row: Record | None, fingerprint: bytes) -> Reply:
    """The answer that was given before, as it was given: an older Umbane's may have had other fields."""
    if row is None:
        raise TypeError("a key that was claimed is gone")
    if row[0] != fingerprint:
        detail = "this key came before, with other words"
        raise ApiError(
            HTTPStatus.CONFLICT, "key_conflict", detail, "give each thing to do an Idempotency-Key of its own"
        )
    return Reply(Raw(row[1]), HTTPStatus.OK)


def edition_of(thing: object) -> str:
    """What tells a thing from the same thing after a change: of all its fields, also of those that no log shows."""
    values = [getattr(thing, name) for name in thing.__slots__]  # type: ignore[attr-defined] # a slotted dataclass
    return sha256(repr(values).encode()).hexdigest()[:DIGITS]


async def held(tx: Connection, scope: Scope, shelf: Shelf[T], thing_id: UUID, edition: str) -> T:
    """A thing that is going to be changed.

    Raises:
        NotFoundError: there is none.
        StaleError: somebody changed it since it was read.
    """
    kind = shelf.table.replace("_", " ")
    found = await hold(tx, scope.utility_id, shelf, thing_id)
    if found is None:
        raise NotFoundError(kind, thing_id)
    if edition_of(found) != edition:
        raise StaleError(f"somebody changed this {kind} since it was read")
    return found


def reason_of(text: str) -> str:
    """A reason as it is written down."""
    return words_of("reason", text)
