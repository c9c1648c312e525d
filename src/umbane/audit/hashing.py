"""The hashes of the tree (RFC 9162 2.1.1): a leaf can't be taken for a node, nor a node for a leaf."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

__all__ = ["EMPTY", "HASH_BYTES", "leaf_hash", "leaf_hashes", "node_hash", "perfect_root"]

HASH_BYTES: Final = 32
LEAF: Final = b"\x00"
NODE: Final = b"\x01"
EMPTY: Final = sha256().digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf that holds this entry."""
    return sha256(LEAF + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The same for many."""
    return [sha256(LEAF + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node above two others."""
    return sha256(NODE + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root above 1, 2, 4, 8 ... hashes."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(NODE + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]
