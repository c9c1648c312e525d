"""The log in PostgreSQL: batches of entries, tiles of the tree, heads."""

import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from asyncpg import Record

from umbane.audit.entries import Fact, entries_of, written
from umbane.audit.hashing import HASH_BYTES, leaf_hashes, perfect_root
from umbane.audit.heads import Head
from umbane.audit.tree import TILE, TILE_BITS, Place, Tile, Tree, place_of
from umbane.db import Connection, Rows, Table, columns, write

__all__ = [
    "Batch",
    "append",
    "batches",
    "batches_at",
    "entries_from",
    "heads_after",
    "insert_head",
    "insert_tiles",
    "last_head",
    "load_nodes",
    "load_tree",
    "log_rows",
    "place",
    "waiting",
]

PLACING: Final = """
UPDATE audit.batch SET first = new.first
FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[]) AS new (at, id, first)
WHERE batch.at = new.at AND batch.id = new.id"""
FIELDS: Final = "SELECT at, id, leaves, entries, salts, first FROM audit.batch"
WAITING: Final = f"{FIELDS} WHERE first IS NULL ORDER BY id LIMIT $1"
AT: Final = f"{FIELDS} WHERE at = $1 ORDER BY id"
FROM: Final = f"""{FIELDS}
WHERE first >= coalesce((SELECT max(first) FROM audit.batch WHERE first <= $1), $1) ORDER BY first LIMIT $2"""  # noqa: S608 - our words
SIZE: Final = "SELECT first + leaves FROM audit.batch WHERE first IS NOT NULL ORDER BY first DESC LIMIT 1"
HEADS: Final = """
SELECT size, at, root, key, signature FROM audit.head WHERE (size, at) > ($1, $2) ORDER BY size, at LIMIT $3"""
LAST: Final = "SELECT size, at, root, key, signature FROM audit.head ORDER BY size DESC, at DESC LIMIT 1"
HEAD: Final = "INSERT INTO audit.head (size, at, root, key, signature) VALUES ($1, $2, $3, $4, $5)"
TILES: Final = Table("audit.tile", {"level": "smallint", "number": "bigint", "root": "bytea", "hashes": "bytea"})
ROOTS: Final = "SELECT root FROM audit.tile WHERE level = $1 AND number >= $2 ORDER BY number"
NAMED: Final = Table("", {"level": "smallint", "number": "bigint"}).rows
FINDING: Final = f"SELECT level, number, hashes FROM audit.tile JOIN {NAMED} USING (level, number)"  # noqa: S608 - our names
AT_A_TIME: Final = 500


class Batch(NamedTuple):
    """Entries that were written together.

    Attributes:
        at, id: of the batch.
        leaves: how many they are.
        entries: a line each.
        salts: of what is sealed in them.
        first: the place of the first one; None while it has none.
    """

    at: datetime
    id: int
    leaves: int
    entries: bytes
    salts: bytes
    first: int | None

    @property
    def lines(self) -> list[bytes]:
        """The entries."""
        return entries_of(self.entries)


# -------------------------------------------------------------------------------------------------------------- writing


async def append(tx: Connection, facts: Sequence[Fact]) -> None:
    """Write down what happened, in the transaction in which it happens: if this can't be done, neither is that.

    Args:
        tx: the transaction.
        facts: of any moments, in their order; none is no row.
    """
    if facts:
        entries, salts = written(facts, secrets.token_bytes)
        await write(tx, log_rows(facts[0].at, b"\n".join(entries), len(entries), salts))


def log_rows(at: datetime, lines: bytes, count: int, salts: bytes) -> Rows:
    """The row that appends entries which are written already, as those of sales are; for `write`.

    Args:
        at: their moment, by which they are found.
        lines: the entries, one in a line.
        count: how many they are.
        salts: of what is sealed in them.
    """
    return Rows("audit.batch", [(at, None, count, lines, salts, None)])


async def place(tx: Connection, placed: Sequence[tuple[Batch, int]]) -> None:
    """Give batches their places in the tree."""
    await tx.execute(PLACING, *columns([(it.at, it.id, first) for it, first in placed], 3))


async def insert_tiles(tx: Connection, tiles: Sequence[Tile]) -> None:
    """Keep tiles."""
    await TILES.insert(tx, *columns(tiles, 4))


async def insert_head(tx: Connection, head: Head) -> None:
    """Keep a head."""
    await tx.execute(HEAD, head.size, head.at, head.root, head.key, head.signature)


# -------------------------------------------------------------------------------------------------------------- reading


async def waiting(tx: Connection, limit: int) -> list[Batch]:
    """Batches without a place, the first written first."""
    return [Batch(*row) for row in await tx.fetch(WAITING, limit)]


async def batches_at(connection: Connection, at: datetime) -> list[Batch]:
    """The batches of a moment."""
    return [Batch(*row) for row in await connection.fetch(AT, at)]


async def batches(connection: Connection, start: int = 0) -> AsyncIterator[Batch]:
    """All batches that have a place, from the one that holds this entry on, in their order."""
    while found := await connection.fetch(FROM, start, AT_A_TIME):
        for row in found:
            batch = Batch(*row)
            if row["first"] + row["leaves"] > start:
                yield batch
        start = max(start, found[-1]["first"] + found[-1]["leaves"])
        if len(found) < AT_A_TIME:
            return


async def entries_from(connection: Connection, start: int = 0) -> AsyncIterator[bytes]:
    """The entries from a place on."""
    async for batch in batches(connection, start):
        for line in batch.lines[max(0, start - (batch.first or 0)) :]:
            yield line


async def heads_after(connection: Connection, after: tuple[int, datetime], limit: int) -> list[Head]:
    """Heads behind a size and moment, in their order."""
    return [head_from(row) for row in await connection.fetch(HEADS, *after, limit)]


async def last_head(connection: Connection) -> Head | None:
    """The last head that was signed."""
    row = await connection.fetchrow(LAST)
    return head_from(row) if row else None


def head_from(row: Record) -> Head:
    """A head that was kept."""
    return Head(row["size"], row["at"], row["root"], row["key"], row["signature"])


async def load_tree(connection: Connection) -> Tree:
    """The tree of all entries that have a place: its right edge."""
    size: int = await connection.fetchval(SIZE) or 0
    start = size - size % TILE
    leaves = [it async for it in entries_from(connection, start)] if start < size else []
    edge = [leaf_hashes(leaves)]
    tiles = size >> TILE_BITS
    while tiles:
        first = tiles - tiles % TILE
        edge.append([row[0] for row in await connection.fetch(ROOTS, len(edge) - 1, first)])
        tiles >>= TILE_BITS
    return Tree(size, edge)


async def load_nodes(connection: Connection, nodes: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
    """The hashes of perfect nodes of the tree, by their level and number."""
    places = {node: place_of(*node) for node in nodes}
    wanted = {(it.level, it.number) for it in places.values()}
    rows = await connection.fetch(FINDING, *columns(wanted, 2))
    tiles: dict[tuple[int, int], Sequence[bytes]] = {(it[0], it[1]): cut(it[2]) for it in rows}
    if tiles.keys() != wanted:
        tiles = await open_tiles(connection) | tiles
    return {node: hash_at(it, tiles[it.level, it.number]) for node, it in places.items()}


async def open_tiles(connection: Connection) -> dict[tuple[int, int], Sequence[bytes]]:
    """The hashes behind the last full tile of each level."""
    tree = await load_tree(connection)
    return {(level, tree.size >> TILE_BITS * (level + 1)): hashes for level, hashes in enumerate(tree.edge)}


def hash_at(place: Place, hashes: Sequence[bytes]) -> bytes:
    """The hash of a node, from the hashes of its tile."""
    return perfect_root(hashes[place.first : place.first + place.width])


def cut(hashes: bytes) -> list[bytes]:
    """Hashes that stand one after the other."""
    return [hashes[it : it + HASH_BYTES] for it in range(0, len(hashes), HASH_BYTES)]
