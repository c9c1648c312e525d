"""Looking things up over the API: who is meant, and what was sold to a meter. No digits of tokens here."""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final
from uuid import UUID

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.rights import Right
from umbane.errors import InputError
from umbane.registry import find, pan_of

__all__ = ["OPERATIONS"]

DEEPEST: Final = 300
"""Hits of a search that can be paged through; who needs more should type more."""
OF_METER: Final = """
SELECT s.id, s.at, s.kind, s.tender, s.currency, s.units, s.free_units
FROM vending.sale s JOIN registry.meter m ON m.utility_id = s.utility_id AND m.id = s.meter_id
WHERE m.utility_id = $1 AND m.pan = $2 AND ($3::uuid IS NULL OR s.vendor_id = $3) AND ($4::uuid IS NULL OR s.id < $4)
ORDER BY s.id DESC LIMIT $5"""


async def meters(desk: Desk, call: Call) -> Reply:
    """Who is meant; a page of them."""
    query: wire.MetersQuery = call.query
    start = offset_from(query.cursor)
    async with desk.database.reading() as connection:
        found = await find(connection, call.who.utility_id, query.q, min(start + query.limit + 1, DEEPEST))
    hits = found.hits[start : start + query.limit]
    end = start + len(hits)
    items = [
        wire.MeterFound(
            score=it.score, why=it.why, meter=it.drn, state=it.meter_state and str(it.meter_state),
            account=it.account_no, name=it.name, address=it.address,
        )
        for it in hits
    ]  # fmt: skip
    following = cursor(str(end).encode()) if end < len(found.hits) else None
    return Reply(wire.MetersFound(items=items, hint=found.hint, next_cursor=following))


async def sales(desk: Desk, call: Call) -> Reply:
    """What was sold to a meter, the newest first; by a vendor's till only what that vendor sold."""
    query, who = call.query, call.who
    before = id_from(query.cursor)
    async with desk.database.reading() as connection:
        rows = await connection.fetch(
            OF_METER, who.utility_id, pan_of(query.meter), who.vendor_id, before, query.limit + 1
        )
    items = [wire.Listed(**dict(row)) for row in rows[: query.limit]]
    following = cursor(items[-1].id.bytes) if len(rows) > query.limit else None
    return Reply(wire.SalesPage(items=items, next_cursor=following))


# ------------------------------------------------------------------------------------------------------------- cursors


def cursor(place: bytes) -> str:
    """Where the next page begins, as a text that means nothing to anybody else."""
    return urlsafe_b64encode(place).decode().rstrip("=")


def place_from(text: str) -> bytes:
    """The place that a cursor names."""
    try:
        return b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (Base64Error, UnicodeEncodeError) as error:
        raise no_cursor() from error


def offset_from(text: str) -> int:
    """How many hits come before a page."""
    place = place_from(text)
    if not place:
        return 0
    if not place.isdigit() or not 0 < int(place[:4]) <= DEEPEST:
        raise no_cursor()
    return int(place[:4])


def id_from(text: str) -> UUID | None:
    """The last id of the page before; None for the first page."""
    if not text:
        return None
    place = place_from(text)
    if len(place) != len(UUID(int=0).bytes):
        raise no_cursor()
    return UUID(bytes=place)


def no_cursor() -> InputError:
    """Nobody gave that cursor to anybody."""
    return InputError(
        "cursor", "that is none of ours", "give the next_cursor of the page before, or none for the first page"
    )


OPERATIONS: Final = (
    Operation("meters", "GET", "/v1/meters", "Find a meter or its customer by whatever is known", meters,
        {200: wire.MetersFound}, (Right.FIND,), query=wire.MetersQuery, problems=(422,)),
    Operation("sales", "GET", "/v1/sales", "What was sold to a meter, without digits", sales,
        {200: wire.SalesPage}, (Right.FIND,), query=wire.SalesQuery, problems=(422,)),
)  # fmt: skip
