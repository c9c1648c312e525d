"""The log over the API: heads and what proves that one follows another for everybody, entries for auditors."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta
from msgspec.json import decode

from umbane import audit
from umbane.api import wire
from umbane.api.desk import STRANGERS, Call, Desk, Operation, Reply
from umbane.api.problems import ApiError
from umbane.api.rights import Right

__all__ = ["OPERATIONS"]

MOST: Final = 1000
SALE_AT: Final = "SELECT at FROM vending.sale WHERE utility_id = $1 AND id = $2"
SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)

Size = Annotated[int, Meta(ge=0, le=2**52, description="entries of the log")]
Hash = Annotated[str, Meta(description="SHA-256, in hexadecimal digits")]


class HeadsQuery(wire.Asked, frozen=True):
    """Which heads?"""

    after: Annotated[Size, Meta(description="only heads of larger logs")] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100


class HeadOut(wire.Told, frozen=True):
    """A signed tree head."""

    size: Size
    at: datetime
    root: Hash
    key: Annotated[str, Meta(description="the id of the key that signed it")]
    signature: Annotated[str, Meta(description="Ed25519, in hexadecimal digits")]
    line: Annotated[str, Meta(description="all of it as text; what is signed are its words before the signature")]


class HeadsOut(wire.Told, frozen=True):
    """Heads, the smallest first."""

    items: list[HeadOut]


class EntriesQuery(wire.Asked, frozen=True):
    """Which entries?"""

    start: Annotated[Size, Meta(description="the place of the first one")] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100


class EntryOut(wire.Told, frozen=True):
    """An entry."""

    place: Annotated[int | None, Meta(description="in the tree, from 0; null while it waits for one")]
    leaf: Hash
    entry: Annotated[str | None, Meta(description="its bytes, as text; null if it is another utility's")]


class EntriesOut(wire.Told, frozen=True):
    """Entries, in their order."""

    items: list[EntryOut]


class InclusionQuery(wire.Asked, frozen=True):
    """Which entry, in the tree of which size?"""

    place: Size
    size: Size


class InclusionOut(wire.Told, frozen=True):
    """That an entry is in a tree (RFC 9162 2.1.3)."""

    place: int
    size: Size
    leaf: Hash
    entry: str | None
    proof: list[Hash]


class ConsistencyQuery(wire.Asked, frozen=True):
    """Of which log is the beginning to be proven?"""

    old: Size
    new: Size


class ConsistencyOut(wire.Told, frozen=True):
    """That the log of one size is the beginning of that of another (RFC 9162 2.1.4)."""

    old: Size
    new: Size
    proof: list[Hash]


async def head(desk: Desk, _call: Call) -> Reply:
    """The last head."""
    async with desk.database.reading() as connection:
        found = await audit.last_head(connection)
    if found is None:
        detail = "nothing was signed yet"
        raise ApiError(HTTPStatus.NOT_FOUND, "no_head", detail, "ask again when something has happened")
    return Reply(head_out(found))


async def heads(desk: Desk, call: Call) -> Reply:
    """Heads behind a size."""
    query: HeadsQuery = call.query
    async with desk.database.reading() as connection:
        found = await audit.heads_after(connection, (query.after + 1, SINCE), query.limit)
    return Reply(HeadsOut([head_out(it) for it in found]))


def head_out(it: audit.Head) -> HeadOut:
    """A head as it is answered."""
    return HeadOut(it.size, it.at, it.root.hex(), it.key, it.signature.hex(), str(it))


async def entries(desk: Desk, call: Call) -> Reply:
    """Entries from a place on."""
    query: EntriesQuery = call.query
    async with desk.database.reading() as connection:
        found = await audit.some_entries(connection, query.start, query.limit)
    return Reply(EntriesOut([EntryOut(it.place, it.leaf.hex(), shown(it.entry, call.who.utility_id)) for it in found]))


def shown(entry: bytes, utility_id: UUID) -> str | None:
    """What people of a utility see of an entry: their own, and what is nobody's; of others only the leaf."""
    whose = decode(entry).get("utility")
    return entry.decode("ascii") if whose in {None, str(utility_id)} else None


async def inclusion(desk: Desk, call: Call) -> Reply:
    """What proves that an entry is in a tree."""
    query: InclusionQuery = call.query
    async with desk.database.reading() as connection:
        try:
            found = await audit.inclusion_proof(connection, query.place, query.size)
        except audit.UnknownEntryError as error:
            raise unknown(error) from error
    leaf, entry = audit.leaf_hash(found.entry).hex(), shown(found.entry, call.who.utility_id)
    return Reply(InclusionOut(found.place, found.size, leaf, entry, [it.hex() for it in found.proof]))


async def consistency(desk: Desk, call: Call) -> Reply:
    """What proves that the log has only grown."""
    query: ConsistencyQuery = call.query
    async with desk.database.reading() as connection:
        try:
            proof = await audit.consistency_proof(connection, query.old, query.new)
        except audit.UnknownEntryError as error:
            raise unknown(error) from error
    return Reply(ConsistencyOut(query.old, query.new, [it.hex() for it in proof]))


async def of_sale(desk: Desk, call: Call) -> Reply:
    """The entry of a sale."""
    utility_id, sale_id = call.who.utility_id, call.id("sale_id")
    async with desk.database.reading() as connection:
        at: datetime | None = await connection.fetchval(SALE_AT, utility_id, sale_id)
        if at is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "unknown_sale", "there is no such sale", "look at the id")
        try:
            found = await audit.sale_entry(connection, sale_id, at)
        except audit.UnknownEntryError as error:
            raise unknown(error) from error
    return Reply(EntryOut(found.place, found.leaf.hex(), shown(found.entry, utility_id)))


def unknown(error: audit.UnknownEntryError) -> ApiError:
    """The log has no such thing."""
    return ApiError(HTTPStatus.NOT_FOUND, "unknown_entry", str(error), "look at the size of the last head")


READ: Final = (Right.READ_LOG,)

OPERATIONS: Final = (
    Operation("log_head", "GET", "/v1/audit/head", "The last signed head of the log", head, {200: HeadOut},
        problems=(404, 429, 503), per_minute=STRANGERS),
    Operation("log_heads", "GET", "/v1/audit/heads", "Signed heads of the log", heads, {200: HeadsOut},
        query=HeadsQuery, problems=(422, 429, 503), per_minute=STRANGERS),
    Operation("log_consistency", "GET", "/v1/audit/consistency", "What proves that the log has only grown",
        consistency, {200: ConsistencyOut}, query=ConsistencyQuery, problems=(404, 422, 429, 503),
        per_minute=STRANGERS),
    Operation("log_entries", "GET", "/v1/audit/entries", "Entries of the log", entries, {200: EntriesOut}, READ,
        query=EntriesQuery, problems=(422,)),
    Operation("log_inclusion", "GET", "/v1/audit/inclusion", "What proves that an entry is in the log", inclusion,
        {200: InclusionOut}, READ, query=InclusionQuery, problems=(404, 422)),
    Operation("log_entry_of_sale", "GET", "/v1/audit/sales/{sale_id}", "The entry of a sale", of_sale, {200: EntryOut},
        READ, problems=(404, 422)),
)  # fmt: skip
