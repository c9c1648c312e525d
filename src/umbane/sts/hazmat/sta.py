"""EA07, the Standard Transfer Algorithm: one 64-bit block under a 64-bit key (IEC 62055-41 6.5).

By the book a round substitutes 16 nibbles, each by the first or the second table as a bit of the rotating key says,
and then permutes 64 bits. Here the state is kept as 16 bytes, each a nibble with its selecting bit above it, so that a
whole round is eight lookups of two such bytes (see ``tables.Network``).
"""

from struct import Struct
from typing import Final

from umbane.sts.hazmat.tables import BLOCK_BITS, BLOCK_BYTES, SELECTED, Lookup, Network, StaTables

__all__ = ["align_key", "decrypt", "encrypt"]

BLOCK_MASK: Final = (1 << BLOCK_BITS) - 1

ALIGNMENT: Final = 12
"""How far encryption rotates the complemented key before the first round."""

STATE_BYTES: Final = 16
STATE_BITS: Final = 8 * STATE_BYTES
STATE_MASK: Final = (1 << STATE_BITS) - 1
SELECTORS: Final = int.from_bytes([SELECTED] * STATE_BYTES, "little")
byte_pairs: Final = Struct("<8H").unpack


def encrypt(block: int, key: int, tables: StaTables) -> int:
    """Encrypt one block; block and key are integers below 2**64, and are not checked."""
    # Round r selects by bit 3 of every nibble of the key rotated left by r: 3, 2, 1, 0, then 3 of the nibble below.
    words = selector_words(align_key(key), tables.encryption.enter)[::-1]
    return run(tables.encryption, block, [rotated(word, shift) for shift in range(0, 32, 8) for word in words])


def decrypt(block: int, key: int, tables: StaTables) -> int:
    """Decrypt one block; block and key are integers below 2**64, and are not checked."""
    # Round r selects by bit 0 of every nibble of the key rotated right by r: 0, 1, 2, 3, then 0 of the nibble above.
    words = selector_words(key, tables.encryption.enter)
    shifts = range(STATE_BITS, STATE_BITS - 32, -8)
    return run(tables.decryption, block, [rotated(word, shift) for shift in shifts for word in words])


def align_key(key: int) -> int:
    """The key complemented and rotated right by 12 bits: where encryption starts."""
    complement = key ^ BLOCK_MASK
    return (complement >> ALIGNMENT | complement << BLOCK_BITS - ALIGNMENT) & BLOCK_MASK


def selector_words(key: int, enter: Lookup) -> tuple[int, int, int, int]:
    """Bits 0, 1, 2 and 3 of every nibble of the key, each set at the selecting bits of an expanded state."""
    state = joined(enter, key.to_bytes(BLOCK_BYTES, "little"))
    return state << 4 & SELECTORS, state << 3 & SELECTORS, state << 2 & SELECTORS, state << 1 & SELECTORS


def rotated(state: int, count: int) -> int:
    """An expanded state rotated left by ``count`` bits."""
    return (state << count | state >> STATE_BITS - count) & STATE_MASK


def run(network: Network, block: int, selectors: list[int]) -> int:
    """Take ``block`` through 16 rounds."""
    *first, last = selectors
    t0, t1, t2, t3, t4, t5, t6, t7 = network.mix
    state = joined(network.enter, block.to_bytes(BLOCK_BYTES, "little"))
    for selector in first:
        a, b, c, d, e, f, g, h = byte_pairs((state ^ selector).to_bytes(STATE_BYTES, "little"))
        state = t0[a] | t1[b] | t2[c] | t3[d] | t4[e] | t5[f] | t6[g] | t7[h]
    return joined(network.leave, byte_pairs((state ^ last).to_bytes(STATE_BYTES, "little")))


def joined(lookup: Lookup, indices: bytes | tuple[int, ...]) -> int:
    """What eight tables hold at eight indices, ORed together."""
    t0, t1, t2, t3, t4, t5, t6, t7 = lookup
    a, b, c, d, e, f, g, h = indices
    return t0[a] | t1[b] | t2[c] | t3[d] | t4[e] | t5[f] | t6[g] | t7[h]
