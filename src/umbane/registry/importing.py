"""Filling the registry from a file: every row is checked and every problem told, before anything is added.

Rows are staged in a table of the transaction, some hundreds at a time, so that a file of any length needs the same
memory. What can be told from a row alone is checked on the way; what takes the other rows, or those of the database, by
statements on all of them.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from umbane.db import Connection, Database, new_ids
from umbane.ledger.debts import BookedDebt, Origin
from umbane.registry.changes import record_addition
from umbane.registry.csvfile import Problem, Row, read_rows
from umbane.registry.importrows import COLUMNS, REQUIRED, MeterRows
from umbane.registry.owed import beginning, book_owed
from umbane.registry.roles import Scope
from umbane.registry.rulebooks import Rulebooks
from umbane.registry.store import explained
from umbane.registry.utilities import key_revisions, supply_groups, utility

__all__ = ["ImportReport", "Problem", "add_meters_of_file", "import_meters"]

CHUNK: Final = 500
"""Rows at a time; whoever else works in this process waits as long as these take, some hundredths of a second."""
MOST_PROBLEMS: Final = 10_000
"""So many problems are told in full; all are counted."""
LONGEST: Final = 3600.0
"""Seconds that one statement of an import may take."""

STAGED: Final = (
    *(
        "line",
        "meter_id",
        "pan",
        "ea",
        "tct",
        "model",
        "sgc",
        "krn",
        "ti",
        "kt",
        "base_date",
        "ken",
        "state",
        "place_id",
    ),
    *(
        "address",
        "feeder",
        "transformer",
        "pole",
        "phase",
        "customer_id",
        "contract_id",
        "account",
        "customer",
        "phone",
    ),
    *("email", "id_number", "language", "tariff", "opened", "customer_state", "words"),
)
"""The columns of `staged`, in the order in which rows come."""
STAGING: Final = "SELECT registry.stage()"
COUNTING: Final = "SELECT registry.look_at_stage()"
TWICE: Final = """
SELECT line, '{field}', {shown}, first FROM (
    SELECT line, {column}, min(line) OVER (PARTITION BY {column}) AS first FROM staged WHERE {column} IS NOT NULL
) every WHERE line > first"""
KNOWN: Final = """
SELECT line, '{field}', {shown}, 0 FROM staged s WHERE EXISTS (
    SELECT 1 FROM registry.{table} WHERE utility_id = $1 AND {key} = s.{column})"""
DRN: Final = "CASE WHEN left(pan, 4) = '0000' THEN substr(pan, 5, 13) ELSE substr(pan, 7, 11) END"
CONFLICTS: Final = " UNION ALL ".join(
    (
        TWICE.format(field="meter", column="pan", shown=DRN),
        TWICE.format(field="account", column="account", shown="account"),
        KNOWN.format(field="meter", column="pan", shown=DRN, table="meter", key="pan"),
        KNOWN.format(field="account", column="account", shown="account", table="contract", key="account_no"),
    )
)
CLASHING: Final = f"INSERT INTO clash {CONFLICTS}"
COUNT: Final = "SELECT count(*), count(DISTINCT line) FROM clash"
FIRST_CLASHES: Final = "SELECT * FROM clash ORDER BY line, field LIMIT $1"
OFF_THE_STAGE: Final = "DELETE FROM staged WHERE line IN (SELECT line FROM clash)"
ADDITIONS: Final = (
    """INSERT INTO registry.customer (utility_id, id, name, phone, email, id_number, language, added_by)
    SELECT $1, customer_id, customer, phone, email, id_number, language, $2 FROM staged WHERE account IS NOT NULL""",
    """INSERT INTO registry.service_point (utility_id, id, address, feeder, transformer, pole, phase, added_by)
    SELECT $1, place_id, address, feeder, transformer, pole, phase, $2 FROM staged WHERE place_id IS NOT NULL""",
    """INSERT INTO registry.contract
        (utility_id, id, customer_id, service_point_id, account_no, tariff_id, opened, state, added_by)
    SELECT $1, contract_id, customer_id, place_id, account, tariff, opened, customer_state, $2
    FROM staged WHERE account IS NOT NULL""",
    """INSERT INTO registry.meter (utility_id, id, pan, model, ea, tct, sgc, krn, ti, kt, base_date, ken, state,
        service_point_id, contract_id, added_by)
    SELECT $1, meter_id, pan, model, ea, tct, sgc, krn, ti, kt, base_date, ken, state, place_id, contract_id, $2
    FROM staged""",
)
FINDER: Final = (
    """INSERT INTO registry.finder (utility_id, customer_id, contract_id, words)
    SELECT $1, customer_id, contract_id, string_to_array(words, ' ') FROM staged WHERE account IS NOT NULL""",
    """INSERT INTO registry.word (utility_id, word)
    SELECT DISTINCT $1::uuid, word FROM staged, unnest(string_to_array(words, ' ')) AS word WHERE word ~ '[a-z]'
    ORDER BY word ON CONFLICT DO NOTHING""",
)
TARIFFS: Final = "SELECT id FROM registry.tariff WHERE utility_id = $1"
DEBTS: Final = """
SELECT contract_id, kind, sum(owed)::bigint FROM staged, json_to_recordset(customer_state -> 'arrears')
    AS debt (kind text, owed bigint) WHERE owed > 0 GROUP BY line, contract_id, kind ORDER BY line, kind"""
TIDYING: Final = "SELECT registry.tidy_finder()"

T = TypeVar("T")


@dataclass(slots=True)
class ImportReport:
    """What became of a file.

    Attributes:
        rows: how many it has, empty lines apart.
        added: how many of them were added; in a dry run, how many would have been.
        bad_rows: how many can't be taken.
        problems: why, by lines; the first 10 000.
        problem_count: how many there are.
        dry_run: whether nothing was added because nothing was meant to be.
    """

    dry_run: bool
    rows: int = 0
    added: int = 0
    bad_rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def note(self, problems: Sequence[Problem], rows: int, count: int) -> None:
        """Write down problems: the first of so many, which are of so many rows."""
        self.bad_rows += rows
        self.problem_count += count
        self.problems += problems[: MOST_PROBLEMS - len(self.problems)]


class _DryRunError(Exception):
    """Takes a report out of a transaction, which is rolled back."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


async def import_meters(  # noqa: PLR0913 - what, for whom, how
    database: Database,
    scope: Scope,
    path: Path,
    *,
    today: date,
    dry_run: bool = False,
    good_rows_only: bool = False,
    on_rows: Callable[[int], object] = lambda _: None,
) -> ImportReport:
    """Add the meters of a CSV file, with their places, contracts and customers.

    Args:
        database: an open one.
        scope: in whose house, and by whom.
        path: the file; its columns are described on the page about the registry.
        today: the day on which contracts are opened that don't say when.
        dry_run: do everything, and then undo it.
        good_rows_only: add the rows that are right, instead of none when one is wrong.
        on_rows: told after every few hundred rows how many were read; from 0 again when the transaction is repeated.

    Raises:
        ImportFileError: the file can't be read as a table of meters.
        NotFoundError: there is no such utility.
    """

    async def work(tx: Connection) -> ImportReport:
        report = await add_meters_of_file(tx, scope, path, today, good_rows_only=good_rows_only, on_rows=on_rows)
        report.dry_run = dry_run
        if dry_run:
            raise _DryRunError(report)
        return report

    try:
        return await database.run(work)
    except _DryRunError as done:
        return done.report


async def add_meters_of_file(  # noqa: PLR0913 - what, for whom, how
    tx: Connection,
    scope: Scope,
    path: Path,
    today: date,
    *,
    good_rows_only: bool = False,
    on_rows: Callable[[int], object] = lambda _: None,
) -> ImportReport:
    """The same within a transaction of the caller's.

    Raises:
        ImportFileError, NotFoundError: as `import_meters`.
    """
    report = ImportReport(dry_run=False)
    await _stage(tx, scope, path, today, report, on_rows)
    await _compare(tx, scope, report)
    if good_rows_only or not report.bad_rows:
        report.added = await _add(tx, scope, path)
        await _book(tx, scope, path, today)
    return report


async def _stage(  # noqa: PLR0913, PLR0917 - everything that a row meets
    tx: Connection, scope: Scope, path: Path, today: date, report: ImportReport, on_rows: Callable[[int], object]
) -> None:
    """Check each row by itself, and stage those that are right."""
    await tx.execute("SET LOCAL statement_timeout = 0")
    await tx.execute(STAGING)
    known = await _known(tx, scope, today)
    for chunk in _chunks(read_rows(path, COLUMNS, REQUIRED)):
        report.rows += len(chunk)
        staged = list(_good(chunk, known, report))
        await tx.copy_records_to_table("staged", records=staged, columns=STAGED, timeout=LONGEST)
        on_rows(report.rows)


async def _known(tx: Connection, scope: Scope, today: date) -> MeterRows:
    """What rows are checked against."""
    house = await utility(tx, scope.utility_id)
    keys = {(it.sgc, it.kt, it.krn): it for it in await key_revisions(tx, scope.utility_id)}
    groups = frozenset(it.sgc for it in await supply_groups(tx, scope.utility_id))
    books = (await Rulebooks().read(tx, scope.utility_id)).tariffs
    active = {it.id: it for book in books.values() for it in book.versions if it.in_force(today)}
    tariffs = {row["id"]: active.get(row["id"]) for row in await tx.fetch(TARIFFS, scope.utility_id)}
    return MeterRows(house.currency, keys, groups, tariffs, today)


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    """Some hundreds at a time."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _good(chunk: Sequence[Row | Problem], known: MeterRows, report: ImportReport) -> Iterator[tuple[object, ...]]:
    """The rows that are right; the problems of the others are noted."""
    ids = iter(new_ids(4 * len(chunk)))
    for row in chunk:
        four = next(ids), next(ids), next(ids), next(ids)
        staged = [row] if isinstance(row, Problem) else known.read(row, four)
        if isinstance(staged, tuple):
            yield staged
        else:
            report.note(staged, 1, len(staged))


async def _compare(tx: Connection, scope: Scope, report: ImportReport) -> None:
    """Find rows that say what another row, or the database, says already, and take them off the stage."""
    await tx.execute(COUNTING)
    await tx.execute(CLASHING, scope.utility_id, timeout=LONGEST)
    count, rows = await tx.fetchrow(COUNT) or (0, 0)
    clashes = await tx.fetch(FIRST_CLASHES, MOST_PROBLEMS)
    report.note([_clash(*it) for it in clashes], rows, count)
    report.problems.sort()
    await tx.execute(OFF_THE_STAGE, timeout=LONGEST)


def _clash(line: int, field: str, value: str, first: int) -> Problem:
    """The problem of a row that says what was said before."""
    where = f"line {first}" if first else "the registry"
    return Problem(line, field, f"{value} is in {where} already", "leave the line out, or correct the number")


async def _add(tx: Connection, scope: Scope, path: Path) -> int:
    """Add everything that is on the stage; answer how many rows that is."""
    count: int = await tx.fetchval("SELECT count(*) FROM staged")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    details = {"file": path.name, "sha256": digest, "rows": count}
    number = await record_addition(tx, scope, "meter.import", details)
    with explained():  # somebody else may have added the same since
        for sql in ADDITIONS:
            await tx.execute(sql, scope.utility_id, number, timeout=LONGEST)
    for sql in FINDER:
        await tx.execute(sql, scope.utility_id, timeout=LONGEST)
    await tx.execute(TIDYING, timeout=LONGEST)
    return count


async def _book(tx: Connection, scope: Scope, path: Path, today: date) -> None:
    """Book what those owe who were added, each portion at a moment of its own, by which the log is searched."""
    at = await beginning(tx, scope, today)
    debts = await tx.cursor(DEBTS, timeout=LONGEST)
    while rows := await debts.fetch(CHUNK):
        owed = [BookedDebt(*row) for row in rows]
        await book_owed(tx, scope, owed, Origin.TAKEN_OVER, at, f"taken over with {path.name}")
        at += datetime.resolution
