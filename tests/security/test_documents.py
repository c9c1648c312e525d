"""Documents have one form, and say what they are."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.security import documents
from umbane.security.documents import canonical, instant, instant_text, packed, read, unpacked, written
from umbane.security.errors import AlteredError, DocumentError, OtherDocumentError, UnknownVersionError

KIND = "umbane note"
TEXT = written(KIND, 1, {"b": 1, "a": ["ü", None]})
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def test_form() -> None:
    """A document is ASCII, a field to a line, in the order of the alphabet."""
    expected = b'{\n "a": [\n  "\\u00fc",\n  null\n ],\n "b": 1,\n "document": "umbane note",\n "version": 1\n}\n'
    assert expected == TEXT


@given(st.dictionaries(st.text(max_size=5).filter(lambda name: name not in {"document", "version"}), values))
def test_there_and_back(fields: documents.Fields) -> None:
    """Whatever is written is read again."""
    assert read(KIND, 1, written(KIND, 1, fields)) == fields


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"{",
        b"[]\n",
        b"1\n",
        b"null\n",
        b"NaN\n",
        b'{\n "a": NaN\n}\n',
        b'{\n "a": 1e999\n}\n',
        b'{\n "a": 1,\n "a": 1\n}\n',
        b"[" * 100_000,
        b"9" * 5000,
        TEXT.rstrip(),
        TEXT + b"\n",
        TEXT.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + TEXT,
        TEXT.replace(b"\\u00fc", "ü".encode()),
        TEXT.replace(b"\\u00fc", b"\\u00FC"),
        TEXT.replace(b" 1,", b" 1 ,"),
        TEXT.replace(b"1", b"1.0", 1).replace(b"1.0", b"1e0"),
        canonical({"a": "x" * documents.LARGEST}),
    ],
)
def test_other_forms(text: bytes) -> None:
    """A text that isn't in the one form is refused: no byte of a document is without meaning."""
    with pytest.raises(AlteredError, match="this is no umbane note as it was written"):
        read(KIND, 1, text)


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ("umbane receipt", "the umbane receipt"),
        (None, "no document of Umbane"),
        (5, "no document of Umbane"),
        ("umbane \x1b[2J", "no document of Umbane"),
        ("umbane " + "x" * 50, "no document of Umbane"),
    ],
)
def test_other_documents(found: object, named: str) -> None:
    """A document of another kind is called by its name, if that is fit to be shown."""
    with pytest.raises(OtherDocumentError, match=f"this is {named}, and what is wanted is the umbane note"):
        read(KIND, 1, canonical({"document": found, "version": 1}))


@pytest.mark.parametrize("version", [0, 2, "1", True, None, 10**30])
def test_other_versions(version: object) -> None:
    """A document of another version is refused before anything in it is looked at."""
    with pytest.raises(UnknownVersionError, match="not known here"):
        read(KIND, 1, canonical({"document": KIND, "version": version}))


@given(st.binary(max_size=200) | st.builds(canonical, st.dictionaries(st.text(max_size=9), values)))
def test_any_bytes(text: bytes) -> None:
    """No bytes do anything but be read or refused."""
    try:
        fields = read(KIND, 1, text)
    except DocumentError:
        return
    assert written(KIND, 1, fields) == text


@pytest.mark.parametrize("text", ["", "A", "AA", "AB==", "AA==\n", " AA==", "AA-_", "ü", None, 5, ["AA=="]])
def test_unpacked(text: object) -> None:
    """Bytes are written in one way; any other one is refused."""
    with pytest.raises(AlteredError, match="base64"):
        unpacked(text)


@given(st.binary(min_size=1))
def test_packed(content: bytes) -> None:
    """Bytes are found again in their text."""
    assert unpacked(packed(content)) == content


@pytest.mark.parametrize(
    "text", ["", "2026-03-02", "2026-03-02T08:30:00", "2026-3-2T08:30:00Z", "2026-02-30T00:00:00Z", 5, None]
)
def test_no_instants(text: object) -> None:
    """A moment is written in one way; any other one is refused."""
    with pytest.raises(AlteredError, match="moment"):
        instant(text)


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001 - hypothesis adds none
def test_instants(when: datetime) -> None:
    """A moment of any zone is found again to the second."""
    local = when.replace(tzinfo=timezone(timedelta(hours=2)), microsecond=0)
    assert instant(instant_text(local)) == local
    assert instant(instant_text(local)).tzinfo is UTC
