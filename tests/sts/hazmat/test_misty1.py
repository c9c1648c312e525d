"""EA11 (MISTY1) on one block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.sts.hazmat.misty1 import S7, S9, decrypt, encrypt, expand_key, fi_tables

RFC_KEY = 0x00112233445566778899AABBCCDDEEFF

VECTORS = [
    # RFC 2994 appendix A.
    (RFC_KEY, 0x0123456789ABCDEF, 0x8B1DA5F56AB3D07C),
    (RFC_KEY, 0xFEDCBA9876543210, 0x04B68240B13BE95D),
    # The NESSIE submission.
    (1 << 127, 0, 0xB5EDA7D64FCD2A02),
    (1, 0, 0x2049AA1BE3546AED),
    (0x6C6C6C6C6C6C6C6C6C6C6C6C6C6C6C6C, 0x6C6C6C6C6C6C6C6C, 0xA0CC24A85B11E9CD),
    ((1 << 128) - 1, (1 << 64) - 1, 0x651F3092AFA551D0),
    # Other implementations.
    (0x414AFD99BB577EE69DF58CC8FB4E6888, 0x9FC302E281310E90, 0x15C270974B9B9163),
    (0x3C54AED9A5389C947167DB9D97C6967A, 0x032C4A4A100EE807, 0x3346CB8C779CF2DE),
    (0xD3F11A6D25F1B3866FDADA0B5E53FA17, 0xDB9E3218402023F3, 0xB2DD1595A450BC98),
    (0x5F87F88EC7641D83AF03FD8327821046, 0x6553DE24C0DD900B, 0x60081E65CB7C2B84),
]

EXPANDED = [
    (RFC_KEY, "cf518e7f5e29673acdbc07d6bf355e11"),
    (0x414AFD99BB577EE69DF58CC8FB4E6888, "c7bd6e012268237a4389305a1b360b8c"),
    (0x3C54AED9A5389C947167DB9D97C6967A, "7c8e13ebfe7648050c9097934205662b"),
    (0xD3F11A6D25F1B3866FDADA0B5E53FA17, "f011d035ac920f832f69bcf7b860d4f0"),
    (0x5F87F88EC7641D83AF03FD8327821046, "3736172d7421c91401596db29d3d5536"),
]


@pytest.mark.parametrize(("key", "block", "cipher"), VECTORS)
def test_published(key: int, block: int, cipher: int) -> None:
    """Published blocks are reproduced, both ways."""
    assert encrypt(block, key) == cipher
    assert decrypt(cipher, key) == block


@pytest.mark.parametrize(("key", "k_dash"), EXPANDED)
def test_expanded_key(key: int, k_dash: str) -> None:
    """The second half of an expanded key is the published one, the first half the key itself."""
    expanded = expand_key(key)
    assert "".join(f"{word:04x}" for word in expanded.k_dash) == k_dash
    assert "".join(f"{word:04x}" for word in expanded.k) == f"{key:032x}"


def test_expanded_key_hides_itself() -> None:
    """The repr of an expanded key shows none of it."""
    assert repr(expand_key(RFC_KEY)) == "ExpandedKey(...)"


@given(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 128) - 1))
def test_decrypt_undoes_encrypt(block: int, key: int) -> None:
    """Decryption undoes encryption for every block and key."""
    assert decrypt(encrypt(block, key), key) == block


def fi(value: int, key: int) -> int:
    """Function FI step by step (RFC 2994 2.3)."""
    d9, d7 = value >> 7, value & 127
    d9 = S9[d9] ^ d7
    d7 = S7[d7] ^ d9 & 127
    d7 ^= key >> 9
    d9 ^= key & 0x1FF
    return d7 << 9 | S9[d9] ^ d7


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_fi(value: int, key: int) -> None:
    """The two tables of function FI do what its steps do one by one."""
    before, after = fi_tables()
    assert after[before[value] ^ key] == fi(value, key)


def test_boxes_are_permutations() -> None:
    """S7 and S9 each hold every number of their range once."""
    assert sorted(S7) == list(range(128))
    assert sorted(S9) == list(range(512))
