"""A licensed set of EA07 tables, read from the file that its operator supplies.

The file is JSON: ``{"name": ..., "encrypt": {"sub1": [16 integers], "sub2": [16], "perm": [64]}}``. It may hold
``decrypt`` with the same three lists, which then have to agree with those for encryption; anything else is ignored.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.sts.checks import require_type
from umbane.sts.errors import StaTablesError
from umbane.sts.hazmat.sta import encrypt
from umbane.sts.hazmat.tables import BLOCK_BITS, NIBBLE_VALUES, StaTables, require_permutation

__all__ = ["ENVIRONMENT_VARIABLE", "TableSet", "load_sta_tables", "recognise", "sta_tables_from_environment"]

ENVIRONMENT_VARIABLE: Final = "UMBANE_STA_TABLES"
"""Names the file of the licensed set."""

MAXIMUM_FILE_BYTES: Final = 65_536
"""A real file has some 2 000."""

TABLE_SIZES: Final = {"sub1": NIBBLE_VALUES, "sub2": NIBBLE_VALUES, "perm": BLOCK_BITS}


class TableSet(StrEnum):
    """The sets that can be told by a published token."""

    SAMPLE = "sample"
    PRODUCTION = "production"


class KnownAnswer(NamedTuple):
    """A published token, reduced to what its cipher did."""

    table_set: TableSet
    key: int
    block: int
    cipher: int


KNOWN_ANSWERS: Final = (
    # The worked example of IEC 62055-41 (Figure 16).
    KnownAnswer(TableSet.SAMPLE, 0x0ABC12DEF3456789, 0x0B19EB230100C207, 0xC45ED1619406DF95),
    # 10 kWh with RND 5 and TID 6 675 056, published as the token 3550 0312 4430 4794 0328.
    KnownAnswer(TableSet.PRODUCTION, 0xE7B21AA9EC929C96, 0x0565DA7000646C75, 0xECAA72140F4090E8),
)


def load_sta_tables(path: str | Path) -> StaTables:
    """Read a set of tables and make sure that it is one that meters know.

    Raises:
        StaTablesError: the file can't be read, isn't of this form, or reproduces no published token; the error names
            the file and the field.
    """
    document = parsed(path)
    sub1, sub2, perm = table_lists(path, document, "encrypt")
    try:
        tables = StaTables(document.get("name", Path(path).name), sub1, sub2, perm)  # type: ignore[arg-type] # it checks
        recognise(tables)
    except StaTablesError as error:
        raise StaTablesError(f"{path}: {error.field}", error.problem, error.remedy) from None
    if "decrypt" in document:
        require_agreement(path, tables, table_lists(path, document, "decrypt"))
    return tables


def sta_tables_from_environment(environ: Mapping[str, str]) -> StaTables | None:
    """The set in the file that ``UMBANE_STA_TABLES`` names; None if it names none.

    Raises:
        StaTablesError: as ``load_sta_tables``.
    """
    path = environ.get(ENVIRONMENT_VARIABLE)
    return load_sta_tables(path) if path else None


def recognise(tables: StaTables) -> TableSet:
    """Tell which set this is by the published token it reproduces.

    Raises:
        StaTablesError: it reproduces none.
        StsInputError: it is no set of tables.
    """
    require_type("tables", tables, StaTables)
    for table_set, key, block, cipher in KNOWN_ANSWERS:
        if encrypt(block, key, tables) == cipher:
            return table_set
    raise StaTablesError(
        "encrypt",
        "these tables reproduce no published token, neither the worked example of the standard nor one from the field",
        "compare them with the licensed tables, entry by entry and in their order",
    )


def parsed(path: str | Path) -> dict[str, object]:
    """The JSON object in a file."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAXIMUM_FILE_BYTES + 1)
    except (OSError, TypeError, ValueError) as error:
        raise StaTablesError(str(path), f"the file can't be read ({error})", "give the path of a JSON file") from error
    if len(content) > MAXIMUM_FILE_BYTES:
        raise StaTablesError(str(path), "the file is far too long", f"give a file of up to {MAXIMUM_FILE_BYTES} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise StaTablesError(str(path), f"the file is not JSON ({shown(str(error))})", "give a JSON object") from error
    return require_object(str(path), document)


def require_object(field: str, value: object) -> dict[str, object]:
    """Return ``value`` if it is a JSON object."""
    if not isinstance(value, dict):
        raise StaTablesError(field, "it is not a JSON object", 'give an object in braces, {"...": ...}')
    return value


def table_lists(path: str | Path, document: dict[str, object], direction: str) -> list[tuple[int, ...]]:
    """The three tables of one direction, each a permutation of its range."""
    section = require_object(f"{path}: {direction}", document.get(direction))
    return [
        require_permutation(f"{path}: {direction}.{name}", as_tuple(section.get(name)), size)
        for name, size in TABLE_SIZES.items()
    ]


def as_tuple(value: object) -> object:
    """A JSON list as a tuple, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def require_agreement(path: str | Path, tables: StaTables, given: list[tuple[int, ...]]) -> None:
    """Raise unless the tables given for decryption undo those for encryption."""
    derived = (tables.decrypt_substitution1, tables.decrypt_substitution2, tables.decrypt_permutation)
    for name, table, expected in zip(TABLE_SIZES, given, derived, strict=True):
        if table != expected:
            raise StaTablesError(
                f"{path}: decrypt.{name}",
                "it does not undo the tables for encryption",
                "correct it, or leave decrypt out: it follows from encrypt",
            )
