"""EA07 on one block."""

from hypothesis import given, settings

from tests.sts.hazmat import oracle
from umbane.sts.hazmat.sta import align_key, decrypt, encrypt
from umbane.sts.hazmat.tables import SAMPLE_TABLES, StaTables

KEY = 0x0ABC12DEF3456789
BLOCK = 0x0B19EB230100C207
CIPHER = 0xC45ED1619406DF95


def test_worked_example() -> None:
    """The sample tables reproduce the worked example of the standard, both ways."""
    assert encrypt(BLOCK, KEY, SAMPLE_TABLES) == CIPHER
    assert decrypt(CIPHER, KEY, SAMPLE_TABLES) == BLOCK


def test_oracle_worked_example() -> None:
    """The implementation by the book reproduces the worked example too, so that it may judge the fast one."""
    assert oracle.encrypt(BLOCK, KEY, SAMPLE_TABLES) == CIPHER
    assert oracle.decrypt(CIPHER, KEY, SAMPLE_TABLES) == BLOCK


def test_key_alignment() -> None:
    """Encryption starts from the key complemented and rotated right by twelve bits."""
    assert align_key(KEY) == 0x876F543ED210CBA9


@given(oracle.blocks, oracle.blocks)
def test_by_the_book(block: int, key: int) -> None:
    """Every block under every key goes to where the implementation by the book takes it."""
    assert encrypt(block, key, SAMPLE_TABLES) == oracle.encrypt(block, key, SAMPLE_TABLES)
    assert decrypt(block, key, SAMPLE_TABLES) == oracle.decrypt(block, key, SAMPLE_TABLES)


@given(oracle.blocks, oracle.blocks, oracle.tables)
@settings(max_examples=15)
def test_any_tables(block: int, key: int, tables: StaTables) -> None:
    """Tables whose inverses are unlike themselves are followed by the book, and decryption undoes encryption."""
    cipher = encrypt(block, key, tables)
    assert cipher == oracle.encrypt(block, key, tables)
    assert decrypt(cipher, key, tables) == block == oracle.decrypt(cipher, key, tables)


@given(oracle.blocks)
def test_extreme_keys(block: int) -> None:
    """Keys of all zeros and all ones decrypt what they encrypted."""
    for key in (0, oracle.MASK):
        assert decrypt(encrypt(block, key, SAMPLE_TABLES), key, SAMPLE_TABLES) == block
