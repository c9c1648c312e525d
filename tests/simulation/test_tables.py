"""CSV files from many hands: what is read, what is refused, and by which words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.support import write
from umbane.simulation.errors import TableFileError
from umbane.simulation.tables import MAX_BYTES, MAX_LINE, MAX_LINES, Row, read_table

COLUMNS = ("id", "name")


def read(folder: Path, content: str | bytes) -> list[Row | TableFileError]:
    """The rows of a file with this content."""
    path = folder / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_table(path, COLUMNS))


def values(folder: Path, content: str | bytes) -> list[list[str]]:
    """The two columns of every row; no row may be wrong."""
    rows = read(folder, content)
    assert [str(row) for row in rows if isinstance(row, TableFileError)] == []
    return [[row["id"], row["name"]] for row in rows if isinstance(row, Row)]


def problems(folder: Path, content: str | bytes) -> list[str]:
    """What is wrong with the rows that are."""
    return [str(row) for row in read(folder, content) if isinstance(row, TableFileError)]


@pytest.mark.parametrize(
    "content",
    [
        "id,name\n1,Anna\n",
        "\ufeffid,name\n1,Anna\n",
        "id;name\n1;Anna\n",
        "id\tname\n1\tAnna\n",
        "id,name\r\n1,Anna\r\n",
        "id,name\r1,Anna\r",
        "id,name\n1,Anna",
        "ID, Name \n 1 , Anna \n",
        "name,id\nAnna,1\n",
        'id,name\n1,"Anna"\n',
        "id,name,age,name of dog\n1,Anna,7,Rex\n",
        "id,age,name\n1,,Anna\n",
        "id,name\n\n1,Anna\n , \n,\n",
    ],
)
def test_one_row_in_many_dresses(tmp_path: Path, content: str) -> None:
    """Byte-order marks, delimiters, line ends, spaces, quotes, more columns and blank lines change nothing."""
    assert values(tmp_path, content) == [["1", "Anna"]]


@pytest.mark.parametrize(
    "name",
    ["=cmd()", "+1", "@SUM(A1)", "<script>alert(1)</script>", "[bold]", "محمد", "नीता\u200d", "O'Hara", "a;b"],
)
def test_names_are_only_names(tmp_path: Path, name: str) -> None:
    """Formulas, markup and letters of any script are read as what they are: text."""
    assert values(tmp_path, f"id,name\n1,{name}\n") == [["1", name]]


def test_a_quoted_delimiter(tmp_path: Path) -> None:
    """A delimiter between quotation marks belongs to the field, and two marks are one."""
    assert values(tmp_path, 'id,name\n1,"Anna, ""Ann"""\n') == [["1", 'Anna, "Ann"']]


def test_a_short_line(tmp_path: Path) -> None:
    """A line that was cut short has empty fields."""
    assert values(tmp_path, "id,name\n1\n") == [["1", ""]]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "line 1: it has no column id, name"),
        ("\n\n", "line 1: it has no column id, name"),
        ("name\n", "line 1: it has no column id; start with: id,name"),
        ("id,name,ID\n", "line 1: it has column id twice"),
        ('id,"name\n', "line 1: its quotation marks are wrong"),
        ("id|name\n", "line 1: it has no column id, name"),
        (b"id,name\n1,\xff\n", "byte 10 is not UTF-8 text; save it as UTF-8"),
        ("id,name\n".encode("utf-16"), "byte 0 is not UTF-8 text"),
        ("id,name\n1,Anna\n".encode("utf-32-le"), "it has no column"),
        (b"\n" * (MAX_LINES + 1), "larger than"),
        (b"\r" * (MAX_LINES + 1), "larger than"),
        (b"," * (MAX_BYTES + 1), "larger than"),
        ("id,name," + "x" * MAX_LINE, "line 1: it has 2,008 characters"),
    ],
)
def test_a_useless_file(tmp_path: Path, content: str | bytes, problem: str) -> None:
    """A file that can't be read as a whole is refused by its name and what is wrong with it."""
    with pytest.raises(TableFileError, match=r"^t\.csv") as caught:
        read(tmp_path, content)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1,Anna,x", "t.csv line 2: it has 3 fields; give 2, as the header has"),
        ('1,"Anna', "t.csv line 2: its quotation marks are wrong"),
        ('1,"Anna"x', "t.csv line 2: its quotation marks are wrong"),
        ("1," + "x" * MAX_LINE, "t.csv line 2: it has 2,002 characters; give at most 2,000"),
        ("1,A\x00nna", "t.csv line 2, name: 'A\\x00nna' holds U+0000, which nobody sees"),
        ("1,A\x1b[31m", "U+001B"),
        ("1,A\u202enna", "U+202E"),
        ("1,A\u200bnna", "U+200B"),
        ("1,A\u2066nna", "U+2066"),
        ("1,A\tnna", "U+0009"),
        ("1,A\u2028nna", "U+2028"),
        ("1,A\x0bnna", "U+000B"),
        ("1,A\U000e0041nna", "U+E0041"),
        ("\ufeff1,Anna", "U+FEFF"),
    ],
)
def test_a_useless_line(tmp_path: Path, line: str, problem: str) -> None:
    """A line that can't be read is named with its number, and the lines around it are read."""
    rows = read(tmp_path, f"id,name\n{line}\n2,Ben\n")
    assert problem in str(rows[0])
    assert isinstance(rows[1], Row)


@pytest.mark.parametrize("name", ["no such file", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    """A path at which there is no file is refused by its name."""
    with pytest.raises(TableFileError, match="give a file that can be read"):
        list(read_table(tmp_path / name, COLUMNS))


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever bytes a file holds, it is read or refused with one of our errors."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"id,name\n" + content)
    try:
        rows = list(read_table(path, COLUMNS))
    except TableFileError:
        return
    assert all(isinstance(row, TableFileError) or list(row.values) == ["id", "name"] for row in rows)


def test_a_file_of_the_greatest_size(tmp_path: Path) -> None:
    """As many lines as are allowed are all read."""
    path = write(tmp_path / "t.csv", "id,name\n" + "1,x\n" * (MAX_LINES - 1))
    assert sum(isinstance(row, Row) for row in read_table(path, COLUMNS)) == MAX_LINES - 1


def test_all_problems_are_told(tmp_path: Path) -> None:
    """Every wrong line has its own error."""
    assert len(problems(tmp_path, 'id,name\n1,"\n2,a,b\n3,\x00\n')) == 3
