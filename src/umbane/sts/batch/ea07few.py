"""EA07 for some hundreds of blocks, each under a key of its own: a round is a lookup for each byte of the block.

The tables hold what a byte becomes by substitution and permutation, for each choice of tables that two bits of the key
make. Up to this many blocks that is several times faster than bit-slicing, whose steps cost the same for one block as
for a thousand; beyond it, the tables and what they give fit no longer into the processor's nearest memory.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from umbane.sts.batch.arrays import U64
from umbane.sts.hazmat.tables import StaTables

__all__ = ["encrypt_few"]

AT_A_TIME: Final = 256
BYTES: Final = 8
SELECTORS: Final = np.uint64(0x1111111111111111)
"""The bits of a rotated key that select, one for each nibble of a block."""

TURNS: Final = np.arange(15, -1, -1, dtype=np.uint64)[:, np.newaxis]
"""How far the complemented key is rotated to the right for each of the sixteen rounds."""

ENTRIES: Final = 0x1200
"""The selecting bits of two nibbles, 00, 01, 10 or 11 in hexadecimal, and the byte that they are."""


def encrypt_few(blocks: U64, keys: U64, tables: StaTables) -> U64:
    """Encrypt each block under the key of the same row; both of one dimension and length."""
    lookups, result = fused(tables), np.empty(len(blocks), np.uint64)
    for start in range(0, len(blocks), AT_A_TIME):
        rows = slice(start, start + AT_A_TIME)
        result[rows] = encrypted(blocks[rows], keys[rows], lookups)
    return result


@lru_cache(maxsize=8)
def fused(tables: StaTables) -> U64:
    """Eight tables behind one another, one for each byte of a block."""
    entries = np.arange(ENTRIES)
    low, high = entries & 15 | (entries >> 8 & 1) << 4, entries >> 4 & 15 | entries >> 12 << 4
    return np.array(tables.encryption.leave, np.uint64)[:, high << 8 | low].reshape(-1)


def encrypted(blocks: U64, keys: U64, lookups: U64) -> U64:
    """Take each block through sixteen rounds."""
    state = blocks.astype("<u8")
    places, found = np.empty((BYTES, len(state)), np.int64), np.empty((BYTES, len(state)), np.uint64)
    for offsets in offsets_of_rounds(keys):
        np.add(offsets, state.view(np.uint8).reshape(-1, BYTES).T, places)
        lookups.take(places, out=found, mode="clip")
        np.bitwise_or.reduce(found, axis=0, out=state)
    return state.astype(np.uint64, copy=False)


def offsets_of_rounds(keys: U64) -> NDArray[np.int64]:
    """For each round, byte and key where the lookup of that byte begins: at its table, and as the key selects."""
    turned = ~keys >> TURNS | ~keys << (64 - TURNS) % 64
    selectors = (turned & SELECTORS).astype("<u8").view(np.uint8).reshape(len(TURNS), -1, BYTES)
    tables = np.arange(BYTES)[:, np.newaxis] * ENTRIES
    offsets: NDArray[np.int64] = (selectors.transpose(0, 2, 1).astype(np.int64) << 8) + tables
    return offsets
