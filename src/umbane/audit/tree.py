"""A tree that grows: its right edge is enough to go on, and what lies to the left of it is cut into tiles that stay.

A tile is 256 hashes beside one another. On level 0 they are leaves; on level 1 they are the roots of tiles of level 0,
and so on. A tile that is full never changes, so it can be stored once. The hashes behind the last full tile of each
level are the right edge.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from umbane.audit.hashing import EMPTY, node_hash, perfect_root

__all__ = ["TILE", "TILE_BITS", "Place", "Tile", "Tree", "place_of", "root_of"]

TILE_BITS: Final = 8
TILE: Final = 1 << TILE_BITS
"""Hashes in a tile."""


class Tile(NamedTuple):
    """256 hashes that stay.

    Attributes:
        level: 0 for leaves; one more for each eight steps up.
        number: from the left, from 0.
        root: of its hashes.
        hashes: one after the other.
    """

    level: int
    number: int
    root: bytes
    hashes: bytes


class Place(NamedTuple):
    """Where the hashes below a node are: so many of a tile, from one of them on.

    Attributes:
        level, number: of the tile.
        first: of its hashes.
        width: 1, 2, 4 ... 128: the node is the root above so many.
    """

    level: int
    number: int
    first: int
    width: int


class Tree:
    """The right edge of a tree, which grows by leaves.

    Args:
        size: how many leaves it has.
        edge: for each level the hashes behind the last full tile, lowest first; may be shorter than the tree is high.
    """

    __slots__ = ("edge", "size")

    def __init__(self, size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self.edge = [list(it) for it in edge]

    def append(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add the hashes of leaves; answer the tiles that became full, each after those that it stands on."""
        full: list[Tile] = []
        start = 0
        while start < len(leaves):
            room = TILE - self.size % TILE
            added = leaves[start : start + room]
            self.push(0, added, self.size, full)
            self.size += len(added)
            start += room
        return full

    def push(self, level: int, hashes: Sequence[bytes], position: int, full: list[Tile]) -> None:
        """Add hashes to a level, no more than its last tile has room for; `position` is that of the first of them."""
        if level == len(self.edge):
            self.edge.append([])
        last = self.edge[level]
        last.extend(hashes)
        if len(last) == TILE:
            tile = Tile(level, position >> TILE_BITS, perfect_root(last), b"".join(last))
            last.clear()
            full.append(tile)
            self.push(level + 1, [tile.root], tile.number, full)

    def root(self) -> bytes:
        """The root of all leaves so far."""
        root = b""
        for hashes in self.edge:
            for start, end in reversed(powers(len(hashes))):
                peak = perfect_root(hashes[start:end])
                root = node_hash(peak, root) if root else peak
        return root or EMPTY


def powers(count: int) -> list[tuple[int, int]]:
    """Cut so many things into pieces of 128, 64 ... 1, the largest first: where each begins and ends."""
    pieces, start = [], 0
    while start < count:
        end = start + (1 << (count - start).bit_length() - 1)
        pieces.append((start, end))
        start = end
    return pieces


def place_of(level: int, index: int) -> Place:
    """Where to find what is below the node of this level (0 for leaves) with this number from the left."""
    width = 1 << level % TILE_BITS
    position = index * width
    return Place(level // TILE_BITS, position >> TILE_BITS, position % TILE, width)


def root_of(start: int, end: int, node: Callable[[int, int], bytes]) -> bytes:
    """The root above the leaves from one to before another, from the nodes of which it consists (RFC 9162 2.1.1).

    Args:
        start: divisible by the largest power of two that is not above the number of leaves.
        end: above it.
        node: the hash of a node that is perfect, by its level and its number from the left.
    """
    size = 1 << (end - start).bit_length() - 1
    left = node(size.bit_length() - 1, start // size)
    return left if start + size == end else node_hash(left, root_of(start + size, end, node))
