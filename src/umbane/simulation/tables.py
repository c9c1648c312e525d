"""CSV files as people make them: with a byte-order mark, semicolons, blank lines, columns in any order."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from umbane.errors import shown
from umbane.simulation.errors import TableFileError

__all__ = ["Row", "read_table"]

MAX_BYTES: Final = 16_000_000
MAX_FIELD: Final = 1000
DELIMITERS: Final = ",;\t"


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

    The header must name all of ``columns``. A line is a row: a field can't hold a line break.

    Raises:
        TableFileError: the file as a whole can't be read, isn't text, is too large, or lacks a column.
    """
    header, *lines = read_text(path).splitlines() or [""]
    delimiter = max(DELIMITERS, key=header.count)
    names = [name.strip().lower() for name in split(header, delimiter)]
    require_columns(path, names, columns)
    for number, line in enumerate(lines, start=2):
        if line.strip(delimiter + " "):
            try:
                yield row(f"{path.name} line {number}", names, split(line, delimiter))
            except csv.Error as error:
                yield TableFileError(f"{path.name} line {number}", str(error), "close every quotation mark on its line")
            except TableFileError as error:
                yield error


def split(line: str, delimiter: str) -> list[str]:
    """The fields of one line."""
    return next(csv.reader([line], delimiter=delimiter, strict=True), [])


def read_text(path: Path) -> str:
    """The text of a file of a reasonable size, without a byte-order mark."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise TableFileError(path.name, f"it is larger than {MAX_BYTES:,} bytes", "split it")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise TableFileError(str(path), error.strerror or "it can't be read", "give a file that can be read") from error
    except UnicodeDecodeError as error:
        raise TableFileError(path.name, f"byte {error.start} is not UTF-8 text", "save it as UTF-8") from None


def require_columns(path: Path, names: list[str], columns: tuple[str, ...]) -> None:
    """Raise unless the header has every column, and none twice."""
    if missing := [column for column in columns if column not in names]:
        raise TableFileError(
            f"{path.name} line 1", f"it has no column {', '.join(missing)}", f"start with: {','.join(columns)}"
        )
    if twice := [column for column in columns if names.count(column) > 1]:
        raise TableFileError(f"{path.name} line 1", f"it has column {twice[0]} twice", "name each column once")


def row(where: str, names: list[str], fields: list[str]) -> Row:
    """One line as a Row; a line cut short has empty fields."""
    if len(fields) > len(names):
        raise TableFileError(where, f"it has {len(fields)} fields", f"give {len(names)}, as the header has")
    padded = [*fields, *[""] * (len(names) - len(fields))]
    for name, field in zip(names, padded, strict=True):
        if len(field) > MAX_FIELD:
            raise TableFileError(f"{where}, {name}", f"{shown(field)} is too long", "shorten it")
    return Row(where, {name: field.strip() for name, field in zip(names, padded, strict=True)})
