"""EA07 tables as values."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.sts.hazmat import oracle
from umbane.sts.errors import StaTablesError
from umbane.sts.hazmat.tables import SAMPLE_TABLES, StaTables


def test_sample_decryption_tables() -> None:
    """The tables derived for decryption are the ones that the standard prints for it."""
    assert SAMPLE_TABLES.decrypt_substitution1 == SAMPLE_TABLES.substitution1
    assert SAMPLE_TABLES.decrypt_substitution2 == SAMPLE_TABLES.substitution2
    assert SAMPLE_TABLES.decrypt_permutation[:8] == (44, 16, 7, 32, 51, 22, 49, 52)
    assert SAMPLE_TABLES.decrypt_permutation[-8:] == (54, 19, 23, 50, 33, 13, 5, 61)


@given(oracle.tables)
@settings(max_examples=20)
def test_derived_tables_undo(tables: StaTables) -> None:
    """The first table for decryption undoes the second for encryption, the second the first."""
    for nibble in range(16):
        assert tables.decrypt_substitution1[tables.substitution2[nibble]] == nibble
        assert tables.decrypt_substitution2[tables.substitution1[nibble]] == nibble
    assert all(tables.decrypt_permutation[target] == source for source, target in enumerate(tables.permutation))


def test_fused_once() -> None:
    """The lookups of a set are made once and kept with it."""
    tables = replace(SAMPLE_TABLES)
    assert tables.encryption is tables.encryption
    assert tables.decryption is tables.decryption
    assert tables.encryption is not SAMPLE_TABLES.encryption


def test_repr_hides_tables() -> None:
    """The repr of a set names it and shows none of its entries."""
    assert repr(SAMPLE_TABLES) == "StaTables(name='sample')"


@pytest.mark.parametrize("field", ["substitution1", "substitution2", "permutation"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda table: table[:-1],
        lambda table: (*table, 0),
        lambda table: (*table[:-1], table[0]),
        lambda table: (*table[:-1], 64),
        lambda table: (*table[:-1], -1),
        lambda table: tuple(map(float, table)),
        lambda table: tuple(map(str, table)),
        lambda table: (*table[:-1], True),
        lambda table: (*table[:-1], None),
        list,
        lambda _: (),
        lambda _: None,
    ],
)
def test_not_a_permutation(field: str, spoil: object) -> None:
    """A table that isn't a tuple holding each number of its range once is refused by its name."""
    assert callable(spoil)
    with pytest.raises(StaTablesError) as caught:
        replace(SAMPLE_TABLES, **{field: spoil(getattr(SAMPLE_TABLES, field))})
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["", None, 7, ["sample"]])
def test_without_a_name(name: object) -> None:
    """A set is named by a text, and by nothing else."""
    with pytest.raises(StaTablesError, match="name"):
        replace(SAMPLE_TABLES, name=name)  # type: ignore[arg-type] # what is tested
