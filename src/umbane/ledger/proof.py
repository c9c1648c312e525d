"""The proof of the books: named claims, each recomputed from the postings, each naming the first row that is wrong.

A claim is a value; a room that builds on the books has claims of its own and proves them together with ours.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from umbane.db import Connection, Database
from umbane.ledger.reading import BEGINNING, PATIENCE, unhurried, utilities

__all__ = ["PATIENCE", "Check", "Claim", "Finding", "Progress", "Proof", "Wrong", "first_wrong", "prove", "sweep"]

WINDOW: Final = 25_000
"""About how many entries are looked at in one statement."""
END: Final = datetime.max.replace(tzinfo=BEGINNING.tzinfo)
"""After everything that can be booked."""

NEXT_WINDOW: Final = """
SELECT at FROM ledger.entry WHERE utility_id = $1 AND at >= $2 ORDER BY at OFFSET $3 LIMIT 1
"""
AFTER: Final = "SELECT min(at) FROM ledger.entry WHERE utility_id = $1 AND at > $2"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that is wrong.

    Attributes:
        table: where it is.
        key: which row, as a person would look it up.
        problem: what is wrong with it.
    """

    table: str
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.problem}"


Progress = Callable[[int], None]
"""Called with how many more rows were looked at."""
Check = Callable[[Connection, Progress], Awaitable[Wrong | None]]
"""Looks at a snapshot of the database, tells how far it is, and answers the first row that is wrong."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is true of books that are in order.

    Attributes:
        name: one or two words.
        says: the claim as a sentence.
        check: finds the first row for which it isn't.
    """

    name: str
    says: str
    check: Check = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a claim.

    Attributes:
        claim: which.
        rows: how many rows were looked at.
        wrong: the first that is wrong, or None when the claim holds.
    """

    claim: Claim
    rows: int
    wrong: Wrong | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of all claims, in their order.

    Attributes:
        findings: one for each claim.
    """

    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return all(finding.wrong is None for finding in self.findings)


async def prove(
    database: Database,
    claims: Sequence[Claim],
    progress: Callable[[Claim, int], None] = lambda _claim, _rows: None,
    found: Callable[[Finding], None] = lambda _finding: None,
) -> Proof:
    """Check claims against one unchanging state of the database, whatever is booked meanwhile.

    Args:
        database: where the books are.
        claims: those of all rooms that have any.
        progress: called with a claim and how many of its rows were looked at so far.
        found: called with what became of a claim, as soon as that is known.
    """
    findings = []
    async with database.reading() as connection:
        await unhurried(connection)
        for claim in claims:
            findings.append(await _find(claim, connection, progress))
            found(findings[-1])
    return Proof(tuple(findings))


async def _find(claim: Claim, connection: Connection, progress: Callable[[Claim, int], None]) -> Finding:
    rows = 0

    def looked_at(more: int) -> None:
        nonlocal rows
        rows += more
        progress(claim, rows)

    looked_at(0)
    wrong = await claim.check(connection, looked_at)
    return Finding(claim, rows, wrong)


async def first_wrong(connection: Connection, sql: str, *arguments: object) -> Wrong | None:
    """The first row that a statement answers, as (table, key, problem): so it is to answer the wrong ones, in order."""
    row = await connection.fetchrow(sql, *arguments, timeout=PATIENCE)
    return Wrong(*map(str, row)) if row else None


def sweep(sql: str, window: int = WINDOW) -> Check:
    """A check that goes over all entries, utility by utility, in the order of their dates, a window at a time.

    Args:
        sql: answers the wrong rows of a window as (table, key, problem), the first one first. Its parameters are the
            utility, the first instant of the window, and the first after it.
        window: about how many entries to look at in one statement.
    """

    async def check(connection: Connection, progress: Progress) -> Wrong | None:
        for utility in await utilities(connection):
            async for since, until, entries in windows(connection, utility, window):
                if wrong := await first_wrong(connection, sql, utility, since, until):
                    return wrong
                progress(entries)
        return None

    return check


async def windows(connection: Connection, utility: UUID, size: int) -> AsyncIterator[tuple[datetime, datetime, int]]:
    """The dates of all entries of a utility, cut where about so many entries lie between, and how many they are."""
    since = BEGINNING
    while since < END:
        until = await connection.fetchval(NEXT_WINDOW, utility, since, size, timeout=PATIENCE)
        if until == since:  # more entries of one instant than fit a window
            until = await connection.fetchval(AFTER, utility, since)
        until = until or END
        sql = "SELECT count(*) FROM ledger.entry WHERE utility_id = $1 AND at >= $2 AND at < $3"
        yield since, until, await connection.fetchval(sql, utility, since, until)
        since = until
