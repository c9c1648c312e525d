"""What is true of the log, for `books prove`: it is what was signed, and says what the books say."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from umbane.audit import Head, heads_after, leaf_hash
from umbane.audit.store import Batch, batches
from umbane.audit.tree import Tile, Tree
from umbane.db import Connection, columns
from umbane.ledger import Claim, Wrong
from umbane.ledger.proof import Progress
from umbane.ledger.reading import BEGINNING
from umbane.vending.toldclaims import is_kept, is_told

__all__ = ["LOG"]

AT_A_TIME: Final = 5000

TILES: Final = """
SELECT new.level, new.number FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[])
    WITH ORDINALITY AS new (level, number, root, hashes, place)
LEFT JOIN audit.tile t ON t.level = new.level AND t.number = new.number
WHERE t.root IS DISTINCT FROM new.root OR t.hashes IS DISTINCT FROM new.hashes ORDER BY new.place LIMIT 1"""


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


LOG: Final = (
    Claim("log", "The log has no gap, and is what was signed at every head.", is_signed),
    Claim("told", "What was sold, taken back and booked stands in the log once, as it is in the books.", is_told),
    Claim("kept", "What stands in the log as sold, taken back or booked is in the books.", is_kept),
)
