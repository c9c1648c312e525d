"""The sequencer: what was written gets its place in the tree, and the new head is signed. One at a time does it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from umbane.audit import store
from umbane.audit.errors import AlteredError
from umbane.audit.hashing import leaf_hashes
from umbane.audit.heads import Head, Signer
from umbane.audit.store import Batch
from umbane.audit.tree import Tile, Tree
from umbane.db import Connection, Database

__all__ = ["LONGEST_WAIT", "sequence"]

LONGEST_WAIT: Final = 60.0
"""Seconds after which every entry has its place, while anybody serves: the maximum merge delay. [choice]"""
AT_LEAST: Final = timedelta(hours=1)
"""So often a head is signed although nothing happened: who shows an old one for longer hides something. [choice]"""
AT_ONCE: Final = 200
"""Batches in a transaction: a piece of work that keeps nobody waiting."""
LOCK: Final = 1635086451
"""The advisory lock of the sequencer."""
TURN: Final = "SELECT pg_try_advisory_xact_lock($1)"


async def sequence(database: Database, signer: Signer, now: datetime, at_once: int = AT_ONCE) -> int:
    """Give all entries that wait their places, and sign heads over them; answer how many they were.

    When another process does it just now, nothing is done; when nothing waits, no more than a head each hour.

    Args:
        database: with the log.
        signer: of heads.
        now: when this is.
        at_once: batches in each transaction, which has a head of its own.

    Raises:
        AlteredError: the log isn't what was signed last. Then nothing is signed any more.
    """
    placed = 0
    while more := await database.run(lambda tx: one_round(tx, signer, now, at_once)):
        placed += more
    return placed


async def one_round(tx: Connection, signer: Signer, now: datetime, at_once: int) -> int:
    """Sequence some batches; how many entries they had."""
    if not await tx.fetchval(TURN, LOCK):
        return 0
    batches, last = await store.waiting(tx, at_once), await store.last_head(tx)
    if not batches and (last is None or now < last.at + AT_LEAST):
        return 0
    tree = await store.load_tree(tx)
    require_signed(tree, last)
    start = tree.size
    placed, tiles = grow(tree, batches)
    await store.place(tx, placed)
    await store.insert_tiles(tx, tiles)
    at = max(now, last.at) if last else now  # a clock that steps back makes no older head
    await store.insert_head(tx, signer.sign(tree.size, tree.root(), at))
    return tree.size - start


def require_signed(tree: Tree, last: Head | None) -> None:
    """Check that the log ends as it was signed last.

    Raises:
        AlteredError: it doesn't.
    """
    size, root = (last.size, last.root) if last else (0, Tree().root())
    if tree.size != size or tree.root() != root:
        raise AlteredError(
            f"the log has {tree.size} entries and isn't what was signed when it had {size}: "
            "keep the database as it is, and compare an export with the heads that others collected"
        )


def grow(tree: Tree, batches: Sequence[Batch]) -> tuple[list[tuple[Batch, int]], list[Tile]]:
    """Add the entries of batches to a tree; the place of each batch's first entry, and the tiles that became full."""
    placed, tiles = [], list[Tile]()
    for it in batches:
        placed.append((it, tree.size))
        lines = it.lines
        if len(lines) != it.leaves:
            raise AlteredError(f"batch {it.id} has {len(lines)} entries and says that it has {it.leaves}")
        tiles += tree.append(leaf_hashes(lines))
    return placed, tiles
