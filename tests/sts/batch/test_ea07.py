"""EA07 on arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.sts.batch.columns import columns, word64, words
from tests.sts.hazmat import oracle
from umbane.sts.batch.ea07 import MANY, decrypt, encrypt
from umbane.sts.batch.ea07few import encrypt_few
from umbane.sts.hazmat import sta
from umbane.sts.hazmat.tables import SAMPLE_TABLES, StaTables

IDENTITY = tuple(range(16))
MOVES = (*tuple(range(1, 64)), 0)


def test_worked_example() -> None:
    """The worked example of the standard is reproduced, both ways."""
    block, key, cipher = words([0x0B19EB230100C207]), words([0x0ABC12DEF3456789]), words([0xC45ED1619406DF95])
    assert encrypt(block, key, SAMPLE_TABLES) == cipher
    assert decrypt(cipher, key, SAMPLE_TABLES) == block


@given(columns(word64, word64, max_rows=200))
def test_like_one_by_one(columns: list[NDArray[np.uint64]]) -> None:
    """Every row goes to where the cipher of single blocks takes it, both ways."""
    blocks, keys = columns
    pairs = list(zip(blocks.tolist(), keys.tolist(), strict=True))
    assert encrypt(blocks, keys, SAMPLE_TABLES).tolist() == [sta.encrypt(*pair, SAMPLE_TABLES) for pair in pairs]
    assert decrypt(blocks, keys, SAMPLE_TABLES).tolist() == [sta.decrypt(*pair, SAMPLE_TABLES) for pair in pairs]


@given(st.integers(1, 1000), st.integers(0, 2**32))
@settings(max_examples=20)
def test_few_and_many(rows: int, seed: int) -> None:
    """By lookups or sliced, in whichever portions, a block becomes the same."""
    blocks, keys = np.random.default_rng(seed).integers(0, 1 << 64, (2, rows), np.uint64)
    assert encrypt_few(blocks, keys, SAMPLE_TABLES).tolist() == sliced_encrypt(blocks, keys)
    assert encrypt(blocks, keys, SAMPLE_TABLES).tolist() == sliced_encrypt(blocks, keys)


def sliced_encrypt(blocks: NDArray[np.uint64], keys: NDArray[np.uint64]) -> list[int]:
    """The blocks encrypted by bit-slicing, however few they are."""
    padded = [np.resize(column, MANY + len(column)) for column in (blocks, keys)]
    found: list[int] = encrypt(padded[0], padded[1], SAMPLE_TABLES)[: len(blocks)].tolist()
    return found


@given(columns(word64, word64, max_rows=5), oracle.tables)
@settings(max_examples=20)
def test_any_tables(columns: list[NDArray[np.uint64]], tables: StaTables) -> None:
    """Any tables are followed by the book, and decryption undoes encryption."""
    blocks, keys = columns
    ciphers = encrypt(blocks, keys, tables)
    pairs = zip(blocks.tolist(), keys.tolist(), strict=True)
    assert ciphers.tolist() == [oracle.encrypt(*pair, tables) for pair in pairs]
    assert decrypt(ciphers, keys, tables).tolist() == blocks.tolist()


@pytest.mark.parametrize(
    ("substitution1", "substitution2"),
    [(IDENTITY, IDENTITY), (IDENTITY, IDENTITY[::-1]), (SAMPLE_TABLES.substitution1, SAMPLE_TABLES.substitution1)],
    ids=["linear", "complement", "keyless"],
)
def test_few_terms(substitution1: tuple[int, ...], substitution2: tuple[int, ...]) -> None:
    """Substitutions that are sums of one product or none, or that do without the key, are followed by the book."""
    tables = StaTables("plain", substitution1, substitution2, MOVES)
    blocks, keys = words([0, 1, oracle.MASK, 0x0123456789ABCDEF]), words([oracle.MASK, 0, 1, 0xFEDCBA9876543210])
    pairs = list(zip(blocks.tolist(), keys.tolist(), strict=True))
    assert encrypt(blocks, keys, tables).tolist() == [oracle.encrypt(*pair, tables) for pair in pairs]
    assert decrypt(blocks, keys, tables).tolist() == [oracle.decrypt(*pair, tables) for pair in pairs]


@given(st.integers(1, 300))
def test_leaves_arguments_alone(rows: int) -> None:
    """The arrays that come in are not written to."""
    blocks, keys = np.arange(rows, dtype=np.uint64), np.full(rows, 7, np.uint64)
    blocks.flags.writeable = keys.flags.writeable = False
    ciphers = encrypt(blocks, keys, SAMPLE_TABLES)
    assert len(ciphers) == rows
    assert decrypt(ciphers, keys, SAMPLE_TABLES).tolist() == list(range(rows))
