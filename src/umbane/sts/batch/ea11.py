"""EA11 (MISTY1) on arrays of blocks, each under a key of its own (RFC 2994)."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umbane.sts.batch.arrays import U64
from umbane.sts.hazmat.misty1 import KEY_WORDS, ROUNDS, fi_tables

__all__ = ["decrypt", "encrypt"]

U16 = NDArray[np.uint16]


class Work(NamedTuple):
    """The expanded keys, and the memory that the rounds use over and over.

    Attributes:
        k: eight rows, the words of the keys.
        k_dash: eight rows, K'.
        indices: room for table indices.
        t0: room for one word of every block.
        t1: room for another.
    """

    k: U16
    k_dash: U16
    indices: NDArray[np.intp]
    t0: U16
    t1: U16


def encrypt(blocks: U64, keys: U64) -> U64:
    """Encrypt each block under the key of the same row; ``keys`` has two columns, the high and the low 64 bits."""
    work = prepared(keys)
    words = word_rows(blocks)
    left, right = words[:2], words[2:]
    for number in range(0, ROUNDS, 2):
        fl(left, number, work)
        fl(right, number + 1, work)
        fo(left, right, number, work)
        fo(right, left, number + 1, work)
    fl(left, ROUNDS, work)
    fl(right, ROUNDS + 1, work)
    return from_word_rows(np.concatenate([right, left]))


def decrypt(blocks: U64, keys: U64) -> U64:
    """Decrypt each block under the key of the same row; ``keys`` has two columns, the high and the low 64 bits."""
    work = prepared(keys)
    words = word_rows(blocks)
    right, left = words[:2], words[2:]
    fl_inverse(left, ROUNDS, work)
    fl_inverse(right, ROUNDS + 1, work)
    for number in range(ROUNDS - 2, -1, -2):
        fo(right, left, number + 1, work)
        fo(left, right, number, work)
        fl_inverse(left, number, work)
        fl_inverse(right, number + 1, work)
    return from_word_rows(np.concatenate([left, right]))


@cache
def fi_arrays() -> tuple[U16, U16]:
    """The two tables of function FI."""
    before, after = fi_tables()
    return np.array(before, np.uint16), np.array(after, np.uint16)


def fi(words: U16, keys: U16, indices: NDArray[np.intp]) -> None:
    """Function FI, in place."""
    before, after = fi_arrays()
    np.copyto(indices, words)
    before.take(indices, out=words, mode="clip")
    words ^= keys
    np.copyto(indices, words)
    after.take(indices, out=words, mode="clip")


def prepared(keys: U64) -> Work:
    """Expand every key (RFC 2994 2.2)."""
    k = word_rows(keys)
    k_dash, count = k.copy(), k.shape[1]
    fi(k_dash, np.roll(k, -1, axis=0), np.empty((KEY_WORDS, count), np.intp))
    return Work(k, k_dash, np.empty(count, np.intp), np.empty(count, np.uint16), np.empty(count, np.uint16))


def word_rows(numbers: U64) -> U16:
    """One row for each 16-bit word of the numbers, the most significant first; a copy."""
    big_endian = np.ascontiguousarray(numbers, ">u8").view(">u2")
    return np.ascontiguousarray(big_endian.reshape(len(numbers), -1).T, np.uint16)


def from_word_rows(rows: U16) -> U64:
    """The inverse of ``word_rows`` for numbers of 64 bits."""
    return np.ascontiguousarray(rows.T, ">u2").view(">u8").astype(np.uint64).reshape(-1)


def fo(half: U16, target: U16, number: int, work: Work) -> None:
    """Add function FO of one half to the other (RFC 2994 2.3)."""
    k, k_dash, indices, t0, t1 = work
    np.bitwise_xor(half[0], k[number], t0)
    fi(t0, k_dash[number + 5 & 7], indices)
    t0 ^= half[1]
    np.bitwise_xor(half[1], k[number + 2 & 7], t1)
    fi(t1, k_dash[number + 1 & 7], indices)
    t1 ^= t0
    t0 ^= k[number + 7 & 7]
    fi(t0, k_dash[number + 3 & 7], indices)
    t0 ^= t1
    t1 ^= k[number + 4 & 7]
    target[0] ^= t1
    target[1] ^= t0


def fl_keys(number: int, work: Work) -> tuple[U16, U16]:
    """The AND words and the OR words of function FL number 0-9."""
    index, odd = divmod(number, 2)
    if odd:
        return work.k_dash[index + 2 & 7], work.k[index + 4 & 7]
    return work.k[index], work.k_dash[index + 6 & 7]


def fl(half: U16, number: int, work: Work) -> None:
    """Function FL, in place (RFC 2994 2.3)."""
    and_words, or_words = fl_keys(number, work)
    half[1] ^= np.bitwise_and(half[0], and_words, work.t0)
    half[0] ^= np.bitwise_or(half[1], or_words, work.t0)


def fl_inverse(half: U16, number: int, work: Work) -> None:
    """The inverse of function FL, in place."""
    and_words, or_words = fl_keys(number, work)
    half[0] ^= np.bitwise_or(half[1], or_words, work.t0)
    half[1] ^= np.bitwise_and(half[0], and_words, work.t0)
