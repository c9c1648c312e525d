"""EA07 and its tables by the book, slowly: what the fast implementations are compared with."""

from hypothesis import strategies as st

from umbane.sts.hazmat.tables import StaTables

MASK = (1 << 64) - 1

blocks = st.integers(0, MASK)
tables = st.builds(
    StaTables,
    name=st.just("made up"),
    substitution1=st.permutations(range(16)).map(tuple),
    substitution2=st.permutations(range(16)).map(tuple),
    permutation=st.permutations(range(64)).map(tuple),
)


def rotate_left(value: int, count: int) -> int:
    """A 64-bit rotation."""
    return (value << count | value >> 64 - count) & MASK


def encrypt(block: int, key: int, tables: StaTables) -> int:
    """Sixteen rounds of substitution and permutation (IEC 62055-41 6.5)."""
    key = rotate_left(key ^ MASK, 64 - 12)
    for _ in range(16):
        substituted = 0
        for i in range(0, 64, 4):
            chosen = tables.substitution2 if key >> i + 3 & 1 else tables.substitution1
            substituted |= chosen[block >> i & 15] << i
        block = sum((substituted >> j & 1) << tables.permutation[j] for j in range(64))
        key = rotate_left(key, 1)
    return block


def decrypt(block: int, key: int, tables: StaTables) -> int:
    """Sixteen rounds of inverse permutation and substitution (IEC 62055-41 6.5)."""
    for _ in range(16):
        permuted = sum((block >> j & 1) << tables.decrypt_permutation[j] for j in range(64))
        block = 0
        for i in range(0, 64, 4):
            chosen = tables.decrypt_substitution2 if key >> i & 1 else tables.decrypt_substitution1
            block |= chosen[permuted >> i & 15] << i
        key = rotate_left(key, 64 - 1)
    return block
