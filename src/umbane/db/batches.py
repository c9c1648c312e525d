"""Statements that work on whole sets: one array for each column, however many rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from umbane.db.connection import Connection

__all__ = ["Table", "columns"]


class Table:
    """Columns of a table, and the SQL to send arrays for them. Made once, when a module is loaded.

    Args:
        name: the table with its schema, such as "ledger.posting".
        types: the PostgreSQL type of each column.
        same: the type of each column that has the same value in all rows of a batch, such as the time: it is sent once.

    Attributes:
        name: as given.
        rows: "unnest($1::bigint[], $2::text[]) AS new(id, name)", to join such arrays in any statement.
        insertion: the whole INSERT, to which ON CONFLICT or RETURNING may be added.
    """

    __slots__ = ("_same", "insertion", "name", "rows")

    def __init__(self, name: str, types: Mapping[str, str], same: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._same = dict(same or {})
        arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types.values(), 1))
        self.rows = f"unnest({arrays}) AS new({', '.join(types)})"
        selected = ["new.*", *(f"${place}::{kind}" for place, kind in enumerate(self._same.values(), len(types) + 1))]
        listed = ", ".join([*types, *self._same])
        self.insertion = f"INSERT INTO {name} ({listed}) SELECT {', '.join(selected)} FROM {self.rows}"  # noqa: S608 - names from our code

    def __repr__(self) -> str:
        return f"Table({self.name!r})"

    async def insert(self, connection: Connection, *values: Sequence[Any], **same: object) -> None:
        """Insert rows, given as a list for each column, and by name what is the same in all of them.

        Raises:
            ValueError: a list is longer than another (PostgreSQL would fill up the shorter with NULL), or what is the
                same isn't what this table has.
        """
        if len({len(column) for column in values}) > 1:
            raise ValueError(f"the columns for {self.name} have different lengths: {[len(it) for it in values]}")
        if same.keys() != self._same.keys():
            raise ValueError(f"the same in all rows of {self.name} are {list(self._same)}, and not {list(same)}")
        if values and values[0]:
            await connection.execute(self.insertion, *values, *(same[name] for name in self._same))


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """Turn rows of this width into columns; no rows are columns without values.

    Raises:
        ValueError: a row has more or fewer values than another.
    """
    turned: list[Sequence[Any]] = list(zip(*rows, strict=True))
    return turned or [()] * width
