"""Sets of EA07 tables read from files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import refused
from umbane.sts.errors import StaTablesError, StsInputError
from umbane.sts.hazmat.tablefile import (
    KNOWN_ANSWERS,
    TableSet,
    load_sta_tables,
    recognise,
    sta_tables_from_environment,
)
from umbane.sts.hazmat.tables import SAMPLE_TABLES


def document() -> dict[str, object]:
    """What a file of the sample tables says."""
    return {
        "name": "sample",
        "provenance": ["printed in the standard"],
        "encrypt": {
            "sub1": list(SAMPLE_TABLES.substitution1),
            "sub2": list(SAMPLE_TABLES.substitution2),
            "perm": list(SAMPLE_TABLES.permutation),
        },
        "decrypt": {
            "sub1": list(SAMPLE_TABLES.decrypt_substitution1),
            "sub2": list(SAMPLE_TABLES.decrypt_substitution2),
            "perm": list(SAMPLE_TABLES.decrypt_permutation),
        },
    }


def changed(path: str, value: object) -> dict[str, object]:
    """The same with the entry at a dotted path replaced; a value of ``...`` takes it away."""
    content = document()
    *parents, last = path.split(".")
    place: dict[str, object] = content
    for parent in parents:
        inner = place[parent]
        assert isinstance(inner, dict)
        place = inner
    place[last] = value
    if value is ...:
        del place[last]
    return content


def written(folder: Path, content: object) -> Path:
    """A file that holds ``content`` as JSON."""
    file = folder / "tables.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def test_load(tmp_path: Path) -> None:
    """A file of the sample tables is read as the sample tables."""
    assert load_sta_tables(written(tmp_path, document())) == SAMPLE_TABLES
    assert load_sta_tables(str(tmp_path / "tables.json")) == SAMPLE_TABLES


def test_load_without_decryption(tmp_path: Path) -> None:
    """The tables for decryption may be left out."""
    assert load_sta_tables(written(tmp_path, changed("decrypt", ...))) == SAMPLE_TABLES


def test_load_without_name(tmp_path: Path) -> None:
    """A set without a name is called after its file."""
    assert load_sta_tables(written(tmp_path, changed("name", ...))).name == "tables.json"


def test_environment(tmp_path: Path) -> None:
    """The file is the one that the environment names, and none if it names none."""
    file = written(tmp_path, document())
    assert sta_tables_from_environment({"UMBANE_STA_TABLES": str(file)}) == SAMPLE_TABLES
    assert sta_tables_from_environment({"UMBANE_STA_TABLES": ""}) is None
    assert sta_tables_from_environment({"HOME": str(file)}) is None


def test_environment_names_missing_file(tmp_path: Path) -> None:
    """A file that the environment names and that isn't there is an error, never a silent return to the samples."""
    with pytest.raises(StaTablesError, match=r"nowhere\.json"):
        sta_tables_from_environment({"UMBANE_STA_TABLES": str(tmp_path / "nowhere.json")})


def test_recognise_sample() -> None:
    """The sample tables are recognised by the worked example of the standard."""
    assert recognise(SAMPLE_TABLES) is TableSet.SAMPLE


@pytest.mark.parametrize("wrong", [None, "sample", 5, {}, ()])
def test_no_tables(wrong: object) -> None:
    """What is no set of tables is refused as such, and so is a path that is none."""
    assert refused(recognise, wrong).field == "tables"
    assert isinstance(refused(load_sta_tables, wrong), StaTablesError)


def test_recognise_unknown() -> None:
    """Tables with two entries exchanged reproduce no published token and are refused in so many words."""
    first, second, *others = SAMPLE_TABLES.substitution1
    with pytest.raises(StaTablesError, match="reproduce no published token"):
        recognise(replace(SAMPLE_TABLES, substitution1=(second, first, *others)))


def test_production_answer_is_the_published_token() -> None:
    """The known answer of the field is 10 kWh, RND 5, TID 6675056, and the token 3550 0312 4430 4794 0328."""
    answer = next(answer for answer in KNOWN_ANSWERS if answer.table_set is TableSet.PRODUCTION)
    assert answer.block >> 16 == 5 << 40 | 6_675_056 << 16 | 100
    bits = (answer.cipher >> 27 & 3) << 64 | answer.cipher & ~(3 << 27)
    assert f"{bits:020}" == "35500312443047940328"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("encrypt", ..., "encrypt"),
        ("encrypt", [1, 2, 3], "encrypt"),
        ("encrypt.sub1", ..., "encrypt.sub1"),
        ("encrypt.sub2", "0123456789ABCDEF", "encrypt.sub2"),
        ("encrypt.perm", list(range(63)), "encrypt.perm"),
        ("encrypt.perm", [*range(63), 63.0], "encrypt.perm"),
        ("encrypt.perm", [*range(63), [63]], "encrypt.perm"),
        ("encrypt.sub1", [*range(14), True, 15], "encrypt.sub1"),
        ("encrypt.sub1", [*range(15), float("nan")], "encrypt.sub1"),
        ("encrypt.sub1", [*range(15), 10**400], "encrypt.sub1"),
        ("encrypt.sub1", {"0": 1}, "encrypt.sub1"),
        ("encrypt.sub1", list(range(16)), "encrypt"),
        ("name", 5, "name"),
        ("name", "", "name"),
        ("decrypt", None, "decrypt"),
        ("decrypt.sub1", ..., "decrypt.sub1"),
        ("decrypt.sub1", list(range(16)), "decrypt.sub1"),
        ("decrypt.sub2", list(range(16)), "decrypt.sub2"),
        ("decrypt.perm", list(range(64)), "decrypt.perm"),
    ],
)
def test_wrong_field(tmp_path: Path, path: str, value: object, field: str) -> None:
    """A wrong field is refused with the file and the field in the error."""
    file = written(tmp_path, changed(path, value))
    with pytest.raises(StaTablesError) as caught:
        load_sta_tables(file)
    assert caught.value.field == f"{file}: {field}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\xfd",
        b"{",
        b"[]",
        b"null",
        b"NaN",
        b"7",
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b"1" * 60_000,
        b" " * 70_000,
        b"sub1: [1, 2, 3]",
    ],
)
def test_hostile_file(tmp_path: Path, content: bytes) -> None:
    """A file that is empty, cut short, of another kind, deep or huge is refused by its name."""
    file = tmp_path / "hostile.json"
    file.write_bytes(content)
    with pytest.raises(StaTablesError) as caught:
        load_sta_tables(file)
    assert caught.value.field == str(file)


def test_endless_file() -> None:
    """A file without an end is refused after its first bytes."""
    with pytest.raises(StaTablesError, match="far too long"):
        load_sta_tables("/dev/zero")


@pytest.mark.parametrize("path", [".", "no/such/file.json", "null\0byte", ""])
def test_unreadable_path(path: str) -> None:
    """A path that leads to no file is refused with the path in the error."""
    with pytest.raises(StaTablesError, match="can't be read"):
        load_sta_tables(path)


@pytest.mark.parametrize("path", [None, 7, b"tables.json", ["tables.json"], {}])
def test_not_a_path(path: object) -> None:
    """What isn't a path is refused as one that leads to no file."""
    with pytest.raises(StaTablesError, match="can't be read"):
        load_sta_tables(path)  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize("tables", [None, "sample", SAMPLE_TABLES.permutation])
def test_recognise_something_else(tables: object) -> None:
    """What isn't a set of tables isn't recognised as one."""
    with pytest.raises(StsInputError, match="tables"):
        recognise(tables)  # type: ignore[arg-type] # what is tested


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_json_section(tmp_path_factory: pytest.TempPathFactory, section: object) -> None:
    """Whatever stands where the tables should be, the error is of our kind."""
    with pytest.raises(StaTablesError):
        load_sta_tables(written(tmp_path_factory.mktemp("tables"), {"name": "x", "encrypt": section}))
