"""EA07 on arrays of blocks, each under a key of its own: bit-sliced (IEC 62055-41 6.5).

Sixty-four blocks become sixty-four machine words, one for each bit, so that one AND or XOR works on all of them. The
words of all groups stand in *planes*: row ``16 * b + i`` holds bit ``b`` of nibble ``i`` of every block. A substitution
is then a sum of products over four runs of sixteen rows, the permutation a reordering of rows, and the rotation of the
key a choice of where to start reading it.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umbane.sts.batch.arrays import U64
from umbane.sts.batch.ea07few import encrypt_few
from umbane.sts.hazmat.tables import StaTables

__all__ = ["decrypt", "encrypt"]

BITS: Final = 64
NIBBLES: Final = 16
ROUNDS: Final = 16

MANY: Final = 800
"""Fewer blocks than these are encrypted by lookups: that is faster than to slice them."""

Terms = tuple[tuple[int, ...], ...]
"""For each of four output bits, the products that sum up to it: bit ``i`` of a term says that input bit ``i`` is in."""

EMPTY_TERM: Final = 16
"""The term that adds nothing."""

PRODUCTS: Final = tuple(term for term in range(EMPTY_TERM) if term.bit_count() > 1)
ONES: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
ZEROS: Final = np.uint64(0)

PLANE_BITS: Final = np.array([4 * nibble + bit for bit in range(4) for nibble in range(NIBBLES)])
"""The bit of a block that each row of planes holds."""

PLANE_OF_BIT: Final = np.argsort(PLANE_BITS)

HALVES: Final = tuple(
    (1 << step, np.uint64(0xFFFFFFFFFFFFFFFF // ((1 << (1 << step)) + 1))) for step in reversed(range(6))
)
"""Distances 32 to 1, each with the mask of the lower halves at that distance."""


class Circuit(NamedTuple):
    """One direction of EA07 for one set of tables.

    Attributes:
        enter: for each row of planes the bit of the block that it starts with.
        unselected: the substitution where the key's bit is 0.
        difference: what is added where it is 1.
        offsets: for each round, the lowest bit of the key that selects; every fourth bit from there on does.
        mix: for each row of planes the row it is taken from after a round.
        leave: for each bit of the block the row it is taken from after the last round.
    """

    enter: NDArray[np.intp]
    unselected: Terms
    difference: Terms
    offsets: range
    mix: NDArray[np.intp]
    leave: NDArray[np.intp]


def encrypt(blocks: U64, keys: U64, tables: StaTables) -> U64:
    """Encrypt each block under the key of the same row; both of one dimension and length."""
    if len(blocks) < MANY:
        return encrypt_few(blocks, keys, tables)
    return run(blocks, keys, encryption(tables))


def decrypt(blocks: U64, keys: U64, tables: StaTables) -> U64:
    """Decrypt each block under the key of the same row; both of one dimension and length."""
    return run(blocks, keys, decryption(tables))


@lru_cache(maxsize=8)
def encryption(tables: StaTables) -> Circuit:
    """Round r selects by bits 3, 7, 11... of the key complemented and rotated left by r - 12.

    Those are the bits 15 - r, 19 - r, 23 - r... of the key itself; as it isn't complemented here, a 1 selects the
    first table.
    """
    source = np.array(tables.decrypt_permutation)
    return Circuit(
        enter=PLANE_BITS,
        unselected=terms(tables.substitution2),
        difference=terms(exclusive_or(tables.substitution1, tables.substitution2)),
        offsets=range(ROUNDS - 1, -1, -1),
        mix=PLANE_OF_BIT[source[PLANE_BITS]],
        leave=PLANE_OF_BIT[source],
    )


@lru_cache(maxsize=8)
def decryption(tables: StaTables) -> Circuit:
    """The rounds permute before they substitute, so the first permutation is in ``enter`` and none in ``leave``."""
    source = np.array(tables.permutation)
    return Circuit(
        enter=source[PLANE_BITS],
        unselected=terms(tables.decrypt_substitution1),
        difference=terms(exclusive_or(tables.decrypt_substitution1, tables.decrypt_substitution2)),
        offsets=range(ROUNDS),
        mix=PLANE_OF_BIT[source[PLANE_BITS]],
        leave=PLANE_OF_BIT,
    )


def exclusive_or(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """The difference of two substitutions, entry by entry."""
    return tuple(a ^ b for a, b in zip(first, second, strict=True))


def terms(substitution: tuple[int, ...]) -> Terms:
    """The algebraic normal form of a substitution; at least two terms to each output bit."""
    form = list(substitution)
    for bit in (1, 2, 4, 8):
        for value in range(NIBBLES):
            if value & bit:
                form[value] ^= form[value ^ bit]
    sums = [[term for term in range(NIBBLES) if form[term] >> output & 1] for output in range(4)]
    return tuple((*included, *[EMPTY_TERM] * (2 - len(included))) for included in sums)


def run(blocks: U64, keys: U64, circuit: Circuit) -> U64:
    """Take every block through sixteen rounds."""
    planes = sliced(blocks)[circuit.enter]
    key_planes = sliced(keys)[PLANE_BITS].reshape(4, NIBBLES, -1)
    key_planes = np.concatenate([key_planes, key_planes], axis=1).reshape(4, -1)  # twice, to be read from any nibble
    groups = planes.shape[1]
    inputs = planes.reshape(4, -1)
    products = np.empty((EMPTY_TERM, inputs.shape[1]), np.uint64)
    monomials: list[U64 | np.uint64] = [ONES, *products[1:], ZEROS]
    for bit in range(4):
        monomials[1 << bit] = inputs[bit]
    substituted, difference = np.empty_like(inputs), np.empty_like(inputs)
    for offset in circuit.offsets:
        for product in PRODUCTS:
            lowest = product & -product
            np.bitwise_and(monomials[lowest], monomials[product ^ lowest], products[product])
        add_up(monomials, circuit.difference, difference)
        start = offset // 4 * groups
        difference &= key_planes[offset % 4, start : start + NIBBLES * groups]
        add_up(monomials, circuit.unselected, substituted)
        substituted ^= difference
        np.take(substituted.reshape(BITS, -1), circuit.mix, axis=0, out=planes, mode="clip")
    return joined(substituted.reshape(BITS, -1)[circuit.leave], len(blocks))


def add_up(monomials: list[U64 | np.uint64], sums: Terms, outputs: U64) -> None:
    """Write the sum of its terms to each of four outputs."""
    for (first, second, *others), output in zip(sums, outputs, strict=True):
        np.bitwise_xor(monomials[first], monomials[second], output)
        for term in others:
            np.bitwise_xor(output, monomials[term], output)


def sliced(values: U64) -> U64:
    """64 rows, one for each bit of the values; which value goes to which place in them is the same for every call."""
    matrix = np.zeros((BITS, -(-len(values) // BITS)), np.uint64)
    matrix.reshape(-1)[: len(values)] = values
    return transposed(matrix)


def joined(planes: U64, count: int) -> U64:
    """The ``count`` values that were sliced."""
    return transposed(planes).reshape(-1)[:count]


def transposed(matrix: U64) -> U64:
    """Each column of 64 words as a matrix of 64 x 64 bits, mirrored at its diagonal, in place."""
    for distance, lower_half in HALVES:
        pairs = matrix.reshape(BITS // (2 * distance), 2, distance, -1)
        upper_rows, lower_rows = pairs[:, 0], pairs[:, 1]
        exchanged = upper_rows >> distance
        exchanged ^= lower_rows
        exchanged &= lower_half
        lower_rows ^= exchanged
        exchanged <<= distance
        upper_rows ^= exchanged
    return matrix
