"""Tables in CSV files, whichever program wrote them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umbane.registry import ImportFileError
from umbane.registry.csvfile import LONGEST_FIELD, Problem, Row, read_rows

COLUMNS = ("meter", "name", "id_number")


def read(tmp_path: Path, content: bytes | str) -> list[Row | Problem]:
    """Everything that a file with this content holds."""
    path = tmp_path / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(path, COLUMNS, ("meter",)))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_dialect(tmp_path: Path, delimiter: str, end: str, mark: str) -> None:
    """A table is the same with commas, semicolons, tabs or bars, any line ends, with or without a byte-order mark."""
    lines = [["Name", "METER"], ["Thandi", "1"], ["Lerato ", " 2"], []]
    text = mark + end.join(delimiter.join(it) for it in lines)
    assert read(tmp_path, text) == [Row(2, ["1", "Thandi", ""]), Row(3, ["2", "Lerato", ""])]


def test_a_hint_for_spreadsheets(tmp_path: Path) -> None:
    """A first line that only says what stands between the fields is understood."""
    assert read(tmp_path, "sep=;\nmeter;name\n1;a,b\n") == [Row(3, ["1", "a,b", ""])]


def test_quotation_marks(tmp_path: Path) -> None:
    """Within quotation marks stand delimiters, line breaks and doubled marks, and lines are still counted rightly."""
    text = 'meter,name\n1,"a ""b"", c"\n2,"one\ntwo\nthree"\n3,last\n'
    assert read(tmp_path, text) == [
        Row(2, ["1", 'a "b", c', ""]),
        Row(3, ["2", "one\ntwo\nthree", ""]),
        Row(6, ["3", "last", ""]),
    ]


def test_a_quoted_header(tmp_path: Path) -> None:
    """Names of columns may be quoted, and have spaces for underscores."""
    assert read(tmp_path, '"ID number","meter"\n7,1\n') == [Row(2, ["1", "", "7"])]


def test_empty_lines(tmp_path: Path) -> None:
    """Lines without anything in them are left out, also those that a spreadsheet filled with delimiters."""
    assert read(tmp_path, "meter,name\n\n,\n , ,\n1,a\n\n") == [Row(5, ["1", "a", ""])]


@pytest.mark.parametrize("line", ["1", "1,a,b", "1,a,", '1,"a",b'])
def test_rows_that_do_not_fit(tmp_path: Path, line: str) -> None:
    """A row with more or fewer fields than the header is a problem of its own; the others are read."""
    rows = read(tmp_path, f"meter,name\n{line}\n2,b\n")
    assert isinstance(rows[0], Problem)
    assert (rows[0].line, rows[0].field) == (2, "row")
    assert "give 2" in rows[0].remedy
    assert rows[1:] == [Row(3, ["2", "b", ""])]


@pytest.mark.parametrize(
    ("content", "problem", "remedy"),
    [
        (b"", "it is empty", "meter"),
        (b"\n\n", "it is empty", "meter"),
        (b"\xef\xbb\xbf", "it is empty", "meter"),
        (b"name\nThandi\n", "no column meter", "at least meter"),
        (b"meter,nmae\n1,a\n", "knows a column 'nmae'", "call it name"),
        (b"meter,opening_kwh\n", "knows a column 'opening_kwh'", "leave it out"),
        (b"meter,name,\n", "knows a column ''", "leave it out"),
        (b"meter,name,Name\n", "two columns name", "leave one out"),
        ("meter,name\n1,é\n".encode("latin-1"), "not UTF-8", "CSV UTF-8"),
        ("meter,name\n".encode("utf-16"), "it is UTF-16", "CSV UTF-8"),
        (b"\xfe\xff\x00m", "it is UTF-16", "CSV UTF-8"),
        (b"PK\x03\x04\xff\xff", "not UTF-8", "CSV UTF-8"),
        (b'meter,"name\n1,a\n', "line 1: unexpected end", "close every quotation mark"),
        (b'sep=;\nmeter;"name\n1,a\n', "line 2: unexpected end", "close every quotation mark"),
        (b'meter,name\n1,"a\n2,b\n', "line 2: unexpected end", "close every quotation mark"),
        (b'meter,name\n1,"a"b\n2,b\n', "line 2: ',' expected", "close every quotation mark"),
        (b'meter,name\n1,"' + b"x\n" * LONGEST_FIELD + b'"\n', "line 2: a field of more than", "close the quotation"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, problem: str, remedy: str) -> None:
    """A file that isn't a table of what it should hold is refused with what is wrong and what to do."""
    with pytest.raises(ImportFileError) as error:
        read(tmp_path, content)
    assert problem in error.value.problem
    assert remedy in error.value.remedy


@pytest.mark.parametrize("make", [lambda it: it / "nowhere.csv", lambda it: it])
def test_no_file(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """A file that isn't there, or is a folder, is told by its name."""
    with pytest.raises(ImportFileError, match=tmp_path.name):
        list(read_rows(make(tmp_path), COLUMNS, ("meter",)))


def test_row_by_row(tmp_path: Path) -> None:
    """Rows come before the file is read to its end, so that its length doesn't matter."""
    path = tmp_path / "table.csv"
    path.write_bytes(b"meter\n" + b"1\n" * 100_000 + b"\xff")
    rows = read_rows(path, COLUMNS, ("meter",))
    assert [next(rows).line for _ in range(1000)] == list(range(2, 1002))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda it: f"meter,name\n{it}".encode("utf-8", "replace")))
def test_any_file(tmp_path: Path, content: bytes) -> None:
    """Whatever a file holds, the answer is rows, problems of rows, or what is wrong with the file."""
    try:
        rows = read(tmp_path, content)
    except ImportFileError:
        return
    assert all(isinstance(it, Problem) or len(it.fields) == len(COLUMNS) for it in rows)


def test_in_words() -> None:
    """A problem is said in one line."""
    assert str(Problem(7, "meter", "it is wrong", "correct it")) == "line 7, meter: it is wrong; correct it"
