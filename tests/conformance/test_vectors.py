"""Vector files: what is read, and what is refused with the place named."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.test_fields import JSON
from umbane.conformance import VectorFileError, load_vectors, parse_vectors
from umbane.conformance.vectors import MAXIMUM_FILE_BYTES

GOOD: dict[str, Any] = {"id": "a", "inputs": {"kind": "luhn_digit", "digits": "1"}, "expected": {"digit": 8}}


def content(*entries: object) -> bytes:
    """A file with these entries."""
    return json.dumps(entries).encode()


def test_a_vector() -> None:
    """A vector needs inputs with a kind, and an expectation; the rest has defaults."""
    (vector,) = parse_vectors("f", b'[{"inputs": {"kind": "tid"}, "expected": {}}]').vectors
    assert (vector.id, vector.group, vector.table_set, vector.provenance) == ("#0", "(no group)", "n/a", "unknown")


def test_numbers_stay_exact() -> None:
    """A number with a point is never a float."""
    (vector,) = parse_vectors("f", b'[{"inputs": {"kind": "k", "amount": 0.1}, "expected": {}}]').vectors
    assert vector.inputs["amount"] == Decimal("0.1")


def test_an_object_around_the_list() -> None:
    """The list may also stand in an object, under the name vectors."""
    assert len(parse_vectors("f", json.dumps({"vectors": [GOOD, GOOD]}).encode()).vectors) == 2


def test_the_hash_is_of_the_bytes() -> None:
    """A file is known by the SHA-256 of its bytes."""
    assert parse_vectors("f", content(GOOD)).sha256 != parse_vectors("f", content(GOOD) + b" ").sha256


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (None, "entry 1"),
        ([], "entry 1"),
        ("text", "entry 1"),
        (GOOD | {"id": 5}, "entry 1: id"),
        (GOOD | {"inputs": None}, "entry 1 ('a'): inputs"),
        (GOOD | {"inputs": []}, "entry 1 ('a'): inputs"),
        (GOOD | {"inputs": {}}, "entry 1 ('a'): inputs: kind"),
        (GOOD | {"inputs": {"kind": 1}}, "entry 1 ('a'): inputs: kind"),
        (GOOD | {"expected": "x"}, "entry 1 ('a'): expected"),
        ({"id": "a", "inputs": {"kind": "k"}}, "entry 1 ('a'): expected"),
        (GOOD | {"expected_with_sample_tables": []}, "entry 1 ('a'): expected_with_sample_tables"),
        (GOOD | {"group": 1}, "entry 1 ('a'): group"),
        (GOOD | {"table_set": {}}, "entry 1 ('a'): table_set"),
        (GOOD | {"provenance": True}, "entry 1 ('a'): provenance"),
        (GOOD | {"id": "\ud800"}, "entry 1"),
        (GOOD | {"inputs": {"kind": "k", "\udfff": 1}}, "entry 1"),
        (GOOD | {"expected": {"a": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}}, "entry 1"),
    ],
)
def test_a_wrong_entry(entry: object, field: str) -> None:
    """An entry that is no vector is refused; the error names the file, the entry and the field."""
    with pytest.raises(VectorFileError) as caught:
        parse_vectors("my.json", content(GOOD, entry))
    assert caught.value.field == f"my.json: {field}"


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[",
        b"{}",
        b"[]",
        b"5",
        b"null",
        b'"text"',
        b'{"vectors": {}}',
        b'[{"inputs": {"kind": "k", "x": NaN}, "expected": {}}]',
        b'[{"inputs": {"kind": "k", "x": -Infinity}, "expected": {}}]',
        b'[{"inputs": {"kind": "k", "x": 1e99999999999999999999}, "expected": {}}]',
        b'[{"inputs": {"kind": "k", "x": ' + b"9" * 5000 + b'}, "expected": {}}]',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"\xff\xfe\x00",
        b"\x00",
    ],
    ids=lambda wrong: repr(wrong[:40]),
)
def test_a_wrong_file(wrong: bytes) -> None:
    """A file that holds no list of vectors is refused by its name."""
    with pytest.raises(VectorFileError, match=r"^my\.json"):
        parse_vectors("my.json", wrong)


def test_a_huge_file() -> None:
    """A file beyond the bound is refused unread."""
    with pytest.raises(VectorFileError, match="more than"):
        parse_vectors("my.json", b" " * (MAXIMUM_FILE_BYTES + 1))


@pytest.mark.parametrize("path", ["", "no such file", "/", "a\0b", "x" * 5000])
def test_no_file(path: str, tmp_path: Path) -> None:
    """A path that leads to no readable file is refused."""
    with pytest.raises(VectorFileError):
        load_vectors(path if path.startswith("/") or "\0" in path else str(tmp_path / path))


def test_a_file(tmp_path: Path) -> None:
    """A file is read under the name it was given."""
    path = tmp_path / "v.json"
    path.write_bytes(content(GOOD))
    assert load_vectors(path).name == str(path)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value, default=str).encode()))
def test_nothing_breaks_the_reader(data: bytes) -> None:
    """Whatever a file holds, reading it gives vectors or the error about it."""
    try:
        assert parse_vectors("f", data).vectors
    except VectorFileError as error:
        assert error.field.startswith("f")  # noqa: PT017 - either outcome is right, and this is what the error must say


@given(st.lists(JSON, max_size=3), st.dictionaries(st.sampled_from(sorted(GOOD)), JSON, max_size=3))
def test_nothing_in_an_entry_breaks_the_reader(entries: list[object], changes: dict[str, object]) -> None:
    """Whatever stands in an entry, reading it gives vectors or the error about it."""
    try:
        assert parse_vectors("f", json.dumps([GOOD | changes, *entries], default=str).encode()).vectors
    except VectorFileError as error:
        assert error.field.startswith("f")  # noqa: PT017 - as above
