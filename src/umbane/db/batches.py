"""Statements that work on whole sets: one array for each column, however many rows."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Final, NamedTuple

from umbane.db.connection import Connection
from umbane.db.errors import ConflictError

__all__ = ["Change", "Rows", "Table", "columns", "write"]


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


# ----------------------------------------------------------------------------------------- several tables at one go

MANY: Final = 100
"""So many rows go by COPY, which costs less a row; fewer go with everything else in one statement."""


class Rows(NamedTuple):
    """Rows to add to a table: all its columns in their order, and None for what the server numbers by itself."""

    table: str
    rows: Sequence[tuple[Any, ...]]

    @property
    def sql(self) -> str:
        """The statement, with a place for its value."""
        return f"INSERT INTO {self.table} OVERRIDING USER VALUE SELECT * FROM unnest({{0}}::{self.table}[])"  # noqa: S608 - our names

    @property
    def values(self) -> Sequence[Any]:
        """The value: an array of rows."""
        return (self.rows,)

    async def copy(self, connection: Connection) -> None:
        """Add them by COPY."""
        schema, table = self.table.split(".")
        await connection.copy_records_to_table(table, schema_name=schema, records=self.rows)


class Change(NamedTuple):
    """Another change: its SQL, with {0}, {1} in the places of its values, and how many rows it must touch."""

    sql: str
    values: Sequence[Any]
    exactly: int


async def write(connection: Connection, *parts: Rows | Change) -> None:
    """Write to several tables in one statement, but for many rows: those come last, in the order in which they stand.

    Raises:
        ConflictError: a change touched another number of rows than it must: somebody else was quicker.
    """
    many = [it for it in parts if isinstance(it, Rows) and len(it.rows) >= MANY]
    few = [it for it in parts if isinstance(it, Change) or 0 < len(it.rows) < MANY]
    if few:
        sql = _together(tuple((it.sql, len(it.values)) for it in few))
        found = await connection.fetchrow(sql, *(value for it in few for value in it.values))
        for part, touched in zip(few, found or (), strict=True):
            if isinstance(part, Change) and touched != part.exactly:
                raise ConflictError("a row was changed since it was read", "do it again")
    for rows in many:
        await rows.copy(connection)


@lru_cache(256)
def _together(parts: tuple[tuple[str, int], ...]) -> str:
    """One statement for these, each given with the number of its values; it answers how many rows each touched."""
    places = count(1)
    named = [
        f"part{at} AS ({sql.format(*(f'${next(places)}' for _ in range(width)))} RETURNING 1)"
        for at, (sql, width) in enumerate(parts)
    ]
    touched = (f"(SELECT count(*) FROM part{at})" for at in range(len(parts)))  # noqa: S608 - our own words
    return f"WITH {', '.join(named)} SELECT {', '.join(touched)}"
