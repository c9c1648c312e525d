"""What is true of the log, for `books prove`: it is what was signed, and every sale stands in it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec.json import decode

from umbane.audit import Head, heads_after, leaf_hash
from umbane.audit.entries import entries_of
from umbane.audit.store import Batch, batches
from umbane.audit.tree import Tile, Tree
from umbane.db import Connection, columns
from umbane.ledger import Claim, Wrong
from umbane.ledger.proof import PATIENCE, Progress
from umbane.ledger.reading import BEGINNING, utilities

__all__ = ["LOG"]

AT_A_TIME: Final = 5000

TILES: Final = """
SELECT new.level, new.number FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[])
    WITH ORDINALITY AS new (level, number, root, hashes, place)
LEFT JOIN audit.tile t ON t.level = new.level AND t.number = new.number
WHERE t.root IS DISTINCT FROM new.root OR t.hashes IS DISTINCT FROM new.hashes ORDER BY new.place LIMIT 1"""
SINCE: Final = "SELECT last_sale FROM audit.beginning WHERE utility_id = $1"
SALES: Final = """
SELECT id, at, kind, terminal_id::text, meter_id::text, currency, tender, units, free_units,
    coalesce(staff, '') AS staff
FROM vending.sale WHERE utility_id = $1 AND id > $2 ORDER BY id LIMIT $3"""
SAID: Final = {
    "order": "kind", "terminal": "terminal_id", "meter": "meter_id", "currency": "currency", "paid": "tender",
    "units": "units", "free": "free_units", "by": "staff",
}  # fmt: skip
"""How the log calls what the books have of a sale."""
NOBODY: Final = {"by": ""}
"""What is left out where there is none, and no number."""
TOLD: Final = "SELECT entries FROM audit.batch WHERE at = ANY($1)"


async def is_signed(connection: Connection, progress: Progress) -> Wrong | None:
    """Build the tree again from all entries, and hold every head and tile against it. Signatures aren't looked at."""
    tree, heads = Tree(), every_head(connection)
    head = await anext(heads, None)
    async for batch in batches(connection):
        if wrong := misplaced(batch, tree):
            return wrong
        tiles = tree.append([leaf_hash(it) for it in batch.lines])
        if wrong := await other_tile(connection, tiles):
            return wrong
        progress(batch.leaves)
        while head and head.size == tree.size:
            if head.root != tree.root():
                return Wrong("audit.head", f"of {head.size} entries", "isn't of the entries that are there")
            head = await anext(heads, None)
        if head and head.size < tree.size:
            return Wrong("audit.head", f"of {head.size} entries", "ends within a batch")
    return Wrong("audit.head", f"of {head.size} entries", f"and there are {tree.size}") if head else None


def misplaced(batch: Batch, tree: Tree) -> Wrong | None:
    """What is wrong with the place of a batch, or with its size."""
    if batch.first != tree.size:
        return Wrong("audit.batch", str(batch.id), f"has the place {batch.first}, and {tree.size} comes next")
    if len(batch.lines) != batch.leaves:
        return Wrong("audit.batch", str(batch.id), f"has {len(batch.lines)} entries, and says {batch.leaves}")
    return None


async def other_tile(connection: Connection, tiles: Sequence[Tile]) -> Wrong | None:
    """The first of some tiles that isn't kept as it has to be."""
    row = await connection.fetchrow(TILES, *columns(tiles, 4)) if tiles else None
    return (
        Wrong("audit.tile", f"{row['number']} of level {row['level']}", "isn't of the entries below it")
        if row
        else None
    )


async def every_head(connection: Connection) -> AsyncIterator[Head]:
    """All heads."""
    after = 0, BEGINNING
    while found := await heads_after(connection, after, AT_A_TIME):
        for head in found:
            yield head
        after = found[-1].size, found[-1].at


async def is_told(connection: Connection, progress: Progress) -> Wrong | None:
    """Find the entry of every sale by its moment, and hold both against each other."""
    for utility in await utilities(connection):
        last: UUID = await connection.fetchval(SINCE, utility) or UUID(int=0)
        while sales := await connection.fetch(SALES, utility, last, AT_A_TIME, timeout=PATIENCE):
            told = await entries_at(connection, {sale["at"] for sale in sales})
            for sale in sales:
                if problem := untold(dict(sale), told.get(str(sale["id"]), [])):
                    return Wrong("vending.sale", str(sale["id"]), problem)
            last = sales[-1]["id"]
            progress(len(sales))
    return None


async def entries_at(connection: Connection, moments: set[Any]) -> Mapping[str, list[dict[str, Any]]]:
    """The entries of sales of some moments, by their ids."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await connection.fetch(TOLD, list(moments), timeout=PATIENCE):
        for said in map(decode, entries_of(row["entries"])):
            if said["kind"] == "sale":
                found.setdefault(said["id"], []).append(said)
    return found


def untold(sale: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> str | None:
    """What is wrong with the entries of a sale."""
    if len(told) != 1:
        return "stands in the log more than once" if told else "isn't in the log"
    for name, column in SAID.items():
        if (was := told[0].get(name) or NOBODY.get(name, 0)) != sale[column]:
            return f"says {column} {sale[column]}, and in the log stands {was}"
    return None


LOG: Final = (
    Claim("log", "The log has no gap, and is what was signed at every head.", is_signed),
    Claim("sales told", "Every sale stands in the log once, as it is in the books.", is_told),
)
