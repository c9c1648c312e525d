"""EA11 on arrays."""

import numpy as np
from hypothesis import given
from numpy.typing import NDArray

from tests.sts.batch.columns import columns, word64, words
from umbane.sts.batch.ea11 import decrypt, encrypt
from umbane.sts.hazmat import misty1


def test_published() -> None:
    """The blocks of RFC 2994 are reproduced, both ways."""
    keys = words([0x0011223344556677, 0x8899AABBCCDDEEFF] * 2).reshape(2, 2)
    blocks, ciphers = [0x0123456789ABCDEF, 0xFEDCBA9876543210], [0x8B1DA5F56AB3D07C, 0x04B68240B13BE95D]
    assert encrypt(words(blocks), keys).tolist() == ciphers
    assert decrypt(words(ciphers), keys).tolist() == blocks


@given(columns(word64, word64, word64))
def test_like_one_by_one(columns: list[NDArray[np.uint64]]) -> None:
    """Every row goes to where the cipher of single blocks takes it, both ways; the arguments are not written to."""
    blocks, high, low = columns
    keys = np.stack([high, low], axis=1)
    blocks.flags.writeable = keys.flags.writeable = False
    pairs = [(block, high << 64 | low) for block, (high, low) in zip(blocks.tolist(), keys.tolist(), strict=True)]
    assert encrypt(blocks, keys).tolist() == [misty1.encrypt(*pair) for pair in pairs]
    assert decrypt(blocks, keys).tolist() == [misty1.decrypt(*pair) for pair in pairs]


@given(columns(word64))
def test_one_key_for_all(columns: list[NDArray[np.uint64]]) -> None:
    """A single key spread over all rows without a copy works like one for each."""
    (blocks,) = columns
    keys = np.broadcast_to(words([1, 2]), (len(blocks), 2))
    assert encrypt(blocks, keys).tolist() == [misty1.encrypt(block, 1 << 64 | 2) for block in blocks.tolist()]
