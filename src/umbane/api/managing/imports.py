"""Filling the registry from a table of meters: tried first, then done, with every problem of every row."""

import tempfile
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.writing import once
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.errors import InputError
from umbane.registry import ImportReport, Scope, import_meters, utility
from umbane.registry.csvfile import Row, read_rows
from umbane.registry.importing import add_meters_of_file
from umbane.registry.importrows import COLUMNS, REQUIRED

__all__ = ["OPERATIONS", "first_gift"]

LARGEST: Final = 8 * 2**20
"""Bytes: some fifty thousand meters. Whoever has more takes `umbane registry import`."""
MOST_PROBLEMS: Final = 1000
TWO_PEOPLE: Final = ("arrears", "free_from")
"""Columns with which a table would do alone what takes two."""
CSV: Final = "text/csv"


class RowProblem(wire.Told, frozen=True):
    """What is wrong with a field of a row."""

    line: Annotated[int, Meta(description="counted from 1, the heading included")]
    field: str
    problem: str
    remedy: str


class ImportOut(wire.Told, frozen=True):
    """What became of a table."""

    rows: int
    added: Annotated[int, Meta(description="rows that were added; in a trial, that would have been")]
    bad_rows: int
    problem_count: int
    problems: Annotated[list[RowProblem], Meta(description="the first thousand")]


async def trial(desk: Desk, call: Call) -> Reply:
    """Do everything, and undo it."""
    who = call.who
    with Table(call.body) as path:
        require_no_gifts(path)
        async with desk.database.reading() as connection:
            zone = (await utility(connection, who.utility_id)).zone
        today = desk.now().astimezone(zone).date()
        scope = Scope(who.utility_id, who.name)
        return Reply(report_out(await import_meters(desk.database, scope, path, today=today, dry_run=True)))


async def really(desk: Desk, call: Call) -> Reply:
    """Add all rows, or none when one is wrong: then the same key may come with a better table."""
    with Table(call.body) as path:
        require_no_gifts(path)

        async def work(tx: Connection, scope: Scope) -> ImportOut:
            today = desk.now().astimezone((await utility(tx, scope.utility_id)).zone).date()
            report = report_out(await add_meters_of_file(tx, scope, path, today))
            if report.bad_rows:
                raise NothingAddedError(report)
            return report

        try:
            return await once(desk, call, ImportOut, work)
        except NothingAddedError as error:
            return Reply(error.report)


class NothingAddedError(Exception):
    """Takes a report out of a transaction that adds nothing."""

    def __init__(self, report: ImportOut) -> None:
        super().__init__()
        self.report = report


class Table:
    """A table as a file that is there for a while."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __enter__(self) -> Path:
        self.folder = tempfile.TemporaryDirectory(prefix="umbane-")
        path = Path(self.folder.name) / "meters.csv"
        path.write_bytes(self.content)
        return path

    def __exit__(self, *_error: object) -> None:
        self.folder.cleanup()


def require_no_gifts(path: Path) -> None:
    """Let a table that one person brings put no debt on an account, and give none a right to free units.

    Raises:
        InputError: it does; that takes two.
    """
    if found := first_gift(path):
        line, field = found
        problem = f"line {line} says something that takes two people"
        raise InputError(field, problem, "leave it empty and do it afterwards, or import at the server")


def first_gift(path: Path) -> tuple[int, str] | None:
    """Where a table says something first that takes two people: the line, and the field."""
    places = [COLUMNS.index(name) for name in TWO_PEOPLE]
    for row in read_rows(path, COLUMNS, REQUIRED):
        found = [COLUMNS[it] for it in places if row.fields[it]] if isinstance(row, Row) else []
        if found:
            return row.line, found[0]
    return None


def report_out(it: ImportReport) -> ImportOut:
    """A report as it is answered."""
    problems = [RowProblem(one.line, one.field, one.problem, one.remedy) for one in it.problems[:MOST_PROBLEMS]]
    return ImportOut(it.rows, it.added, it.bad_rows, it.problem_count, problems)


OPERATIONS: Final = (
    Operation("try_import", "POST", "/v1/registry/meters/imports/trial", "See what a table of meters would do", trial,
        {200: ImportOut}, (Right.WRITE_REGISTRY,), bytes, problems=(422,), media=CSV, largest=LARGEST),
    Operation("import_meters", "POST", "/v1/registry/meters/imports", "Add all meters of a table, or none", really,
        {201: ImportOut, 200: ImportOut}, (Right.WRITE_REGISTRY,), bytes, problems=(409, 422), media=CSV,
        largest=LARGEST, keyed=True),
)  # fmt: skip
