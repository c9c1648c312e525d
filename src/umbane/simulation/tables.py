"""CSV files as people make them: with a byte-order mark, semicolons, blank lines, columns in any order."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from umbane.errors import shown
from umbane.simulation.errors import TableFileError

__all__ = ["Row", "read_table"]

MAX_BYTES: Final = 16_000_000
MAX_LINES: Final = 100_000
MAX_LINE: Final = 2_000
"""Characters of one line."""

DELIMITERS: Final = ",;\t"
LINE_END: Final = re.compile(r"\r\n|\n|\r")

HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\uf8ff\U000e0000-\U0010ffff]"
)
"""Characters nobody sees, some of which turn the digits beside them around: they have no business in a name or a
number. The joiners U+200C and U+200D are not among them, because scripts of South Asia and Iran write names with them.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file.

    Attributes:
        where: the file's name and the number of the line, the header being line 1.
        values: by column, without the spaces around them; an empty field is an empty string.
    """

    where: str
    values: dict[str, str]

    def error(self, column: str, problem: str, remedy: str) -> TableFileError:
        """The error for one field of this line."""
        return TableFileError(f"{self.where}, {column}", problem, remedy)

    def __getitem__(self, column: str) -> str:
        return self.values[column]


def read_table(path: Path, columns: tuple[str, ...]) -> Iterator[Row | TableFileError]:
    """Yield what a CSV file in UTF-8 says line by line: a row, or the error that makes one line useless.

    The header must name all of ``columns``; others are passed over. A line is a row: a field can't hold a line break.

    Raises:
        TableFileError: the file as a whole can't be read, isn't text, is too large, or lacks a column.
    """
    header, *lines = LINE_END.split(read_text(path))
    delimiter = max(DELIMITERS, key=header.count)
    names = require_columns(path, header, delimiter, columns)
    for number, line in enumerate(lines, start=2):
        if line.strip(delimiter + " "):
            where = f"{path.name} line {number}"
            try:
                yield read_row(where, names, split(where, line, delimiter))
            except TableFileError as error:
                yield error


def read_text(path: Path) -> str:
    """The text of a file of a reasonable size, without a byte-order mark."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TableFileError(str(path), error.strerror or "it can't be read", "give a file that can be read") from error
    if len(content) > MAX_BYTES or max(content.count(b"\n"), content.count(b"\r")) > MAX_LINES:
        problem = f"it is larger than {MAX_BYTES:,} bytes or {MAX_LINES:,} lines"
        raise TableFileError(path.name, problem, "split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableFileError(path.name, f"byte {error.start} is not UTF-8 text", "save it as UTF-8") from None


def split(where: str, line: str, delimiter: str) -> list[str]:
    """The fields of one line."""
    if len(line) > MAX_LINE:
        raise TableFileError(where, f"it has {len(line):,} characters", f"give at most {MAX_LINE:,}")
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise TableFileError(where, "its quotation marks are wrong", "close each on its own line, or none") from None


def require_columns(path: Path, header: str, delimiter: str, columns: tuple[str, ...]) -> list[str]:
    """The names of a header; raise unless it has every column, and none twice."""
    where = f"{path.name} line 1"
    names = [name.strip().lower() for name in split(where, header, delimiter)]
    if missing := [column for column in columns if column not in names]:
        raise TableFileError(where, f"it has no column {', '.join(missing)}", f"start with: {','.join(columns)}")
    if twice := [column for column in columns if names.count(column) > 1]:
        raise TableFileError(where, f"it has column {twice[0]} twice", "name each column once")
    return names


def read_row(where: str, names: list[str], fields: list[str]) -> Row:
    """One line as a Row; a line cut short has empty fields."""
    if len(fields) > len(names):
        raise TableFileError(where, f"it has {len(fields)} fields", f"give {len(names)}, as the header has")
    padded = [field.strip() for field in fields] + [""] * (len(names) - len(fields))
    for name, field in zip(names, padded, strict=True):
        if found := HIDDEN.search(field):
            problem = f"{shown(field)} holds U+{ord(found[0]):04X}, which nobody sees"
            raise TableFileError(f"{where}, {shown(name)[1:-1]}", problem, "take the character out")
    return Row(where, dict(zip(names, padded, strict=True)))
