"""Tables in CSV files, row by row, however long the file is and whichever program wrote it.

Taken are commas, semicolons, tabs and bars between fields, a byte-order mark, `sep=;` on the first line, line breaks
within quotation marks. A column that nobody knows is refused: it may be one that matters, spelled wrongly.
"""

import csv
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from umbane.errors import InputError, shown
from umbane.registry.errors import ImportFileError

if TYPE_CHECKING:
    import _csv

__all__ = ["Problem", "Row", "read_rows"]

DELIMITERS: Final = ",;\t|"
LONGEST_FIELD: Final = 10_000
"""Characters. A field that is longer begins with a quotation mark that nobody closed."""
csv.field_size_limit(max(LONGEST_FIELD, csv.field_size_limit()))
WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class Problem(NamedTuple):
    """Why a row can't be taken: which line and field, what is wrong, what would be right."""

    line: int
    field: str
    problem: str
    remedy: str

    @classmethod
    def of(cls, line: int, field: str, error: InputError) -> "Problem":
        """What an error says, about this line and column."""
        return cls(line, field, error.problem, error.remedy)

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.problem}; {self.remedy}"


class Row(NamedTuple):
    """One row: the line it begins on, and its fields in the order of the columns asked for, without spaces around."""

    line: int
    fields: list[str]


def read_rows(path: Path, columns: Sequence[str], required: Collection[str]) -> Iterator[Row | Problem]:
    """Yield the rows of a CSV file in UTF-8, or what is wrong with one; lines that say nothing are left out.

    Args:
        path: the file.
        columns: every column that is known, in the order in which the fields are to come; one the file lacks is empty.
        required: the columns that the file must have.

    Raises:
        ImportFileError: the file can't be read, isn't CSV in UTF-8, or its columns are wrong.
    """
    with _opened(path) as file:
        delimiter, before = _delimiter(file)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        rows = _guarded(reader, path, before)
        header = next(rows, [])
        places = _places(path, header, columns, required)
        width, line = len(header), reader.line_num + before
        for cells in rows:
            begins, line = line + 1, reader.line_num + before
            if not any(map(str.strip, cells)):
                continue
            if len(cells) == width:
                yield Row(begins, [cells[it].strip() if it >= 0 else "" for it in places])
            else:
                remedy = (
                    f"give {width}, as the first line has, with quotation marks around one that holds {delimiter!r}"
                )
                yield Problem(begins, "row", f"it has {len(cells)} fields", remedy)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """Open a file, and say in words of ours what is wrong with it."""
    try:
        with path.open("rb") as start:
            if start.read(2) in WIDE_MARKS:
                raise ImportFileError(path.name, "it is UTF-16", "save it as “CSV UTF-8”")
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise ImportFileError(
            str(path), error.strerror or "it can't be read", "name a file that can be read"
        ) from error
    except UnicodeDecodeError as error:
        raise ImportFileError(path.name, "it is not UTF-8 text", "save it as “CSV UTF-8”") from error


def _delimiter(file: IO[str]) -> tuple[str, int]:
    """What stands between the fields, and how many lines come before the header, at which the file then stands."""
    header = file.readline()
    if header.lower().startswith("sep=") and len(header.rstrip("\r\n")) == len("sep=;"):
        return header[len("sep=")], 1
    file.seek(0)
    return max(DELIMITERS, key=header.count), 0


def _guarded(reader: "_csv.Reader", path: Path, before: int) -> Iterator[list[str]]:
    """The rows of a reader; an error that leaves no way to tell where the next one begins ends the file."""
    while True:
        begins = before + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problem = f"line {begins}: {error}"
            raise ImportFileError(
                path.name, problem, "close every quotation mark; write one within a field twice"
            ) from None
        if cells is None:
            return
        if any(len(it) > LONGEST_FIELD for it in cells):
            problem = f"line {begins}: a field of more than {LONGEST_FIELD} characters"
            raise ImportFileError(path.name, problem, "close the quotation mark with which it begins")
        yield cells


def _places(path: Path, header: Sequence[str], columns: Sequence[str], required: Collection[str]) -> list[int]:
    """Where each column is in the file; -1 for one that it lacks.

    Raises:
        ImportFileError: there is one that nobody knows, one that comes twice, or one is missing.
    """
    names = [it.strip().lower().replace(" ", "_") for it in header]
    if not any(names):
        raise ImportFileError(
            path.name, "it is empty", f"begin with a line that names the columns: {', '.join(required)}"
        )
    for place, name in enumerate(names):
        if name not in columns:
            like = get_close_matches(name, columns, 1)
            remedy = f"call it {like[0]}" if like else f"leave it out; known are {', '.join(columns)}"
            raise ImportFileError(path.name, f"nobody knows a column {shown(header[place])}", remedy)
        if name in names[:place]:
            raise ImportFileError(path.name, f"there are two columns {name}", "leave one out")
    if missing := [it for it in columns if it in required and it not in names]:
        raise ImportFileError(path.name, f"there is no column {missing[0]}", f"give at least {', '.join(required)}")
    return [names.index(it) if it in names else -1 for it in columns]
