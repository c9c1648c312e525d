"""That the log and the books say the same: neither has a sale, the end of one, or an entry that the other hasn't."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from asyncpg import Record
from msgspec.json import decode

from umbane.audit.entries import entries_of, moment
from umbane.audit.store import batches, waiting
from umbane.db import Connection
from umbane.ledger import Wrong
from umbane.ledger.proof import PATIENCE, Progress

__all__ = ["is_kept", "is_told"]

AT_A_TIME: Final = 5000
MANY: Final = 1 << 30

SALES: Final = """
SELECT s.id::text, s.at, s.kind AS order, s.terminal_id::text AS terminal, s.meter_id::text AS meter, s.currency,
    s.tender AS paid, s.units, s.free_units AS free, coalesce(s.staff, '') AS by
FROM vending.sale s ORDER BY s.id"""
ENDS: Final = "SELECT e.sale_id::text AS id, e.at FROM vending.{table} e ORDER BY e.sale_id"
ENTRIES: Final = """
SELECT e.id::text, e.at, e.kind AS entry, e.amounts, coalesce(e.reverses::text, '') AS reverses,
    coalesce(e.note, '') AS note
FROM ledger.entry e
WHERE NOT EXISTS (SELECT FROM vending.sale s WHERE s.utility_id = e.utility_id AND s.id = e.id)
ORDER BY e.at, e.id"""
TOLD: Final = "SELECT entries FROM audit.batch WHERE at = ANY($1)"
MISSING: Final = """
SELECT it FROM unnest($1::uuid[]) AS it WHERE NOT EXISTS (SELECT FROM {table} WHERE {column} = it) LIMIT 1"""


class Kind(NamedTuple):
    """Rows that stand in the log.

    Attributes:
        table, column: where they are, and the id in which both sides name them.
        name: of this id in the log.
        rows: a statement for all of them: their ids, moments, and what is said of them, as the log calls it.
    """

    table: str
    column: str
    name: str
    rows: str


KINDS: Final = {
    "sale": Kind("vending.sale", "id", "id", SALES),
    "release": Kind("vending.release", "sale_id", "sale", ENDS.format(table="release")),
    "reversal": Kind("vending.reversal", "sale_id", "sale", ENDS.format(table="reversal")),
    "entry": Kind("ledger.entry", "id", "id", ENTRIES),
}
"""By what the log calls them."""
NOTHING: Final[Mapping[str, Any]] = {"by": "", "free": 0, "reverses": "", "note": ""}
"""What isn't said where there is none."""


async def is_told(connection: Connection, progress: Progress) -> Wrong | None:
    """Find the entry of every row by its moment, and hold both against each other."""
    for name, kind in KINDS.items():
        cursor = await connection.cursor(kind.rows)
        while rows := await cursor.fetch(AT_A_TIME, timeout=PATIENCE):
            told = await told_at(connection, name, {row["at"] for row in rows})
            for row in rows:
                if problem := difference(row, told.get(row["id"], [])):
                    return Wrong(kind.table, row["id"], problem)
            progress(len(rows))
    return None


async def told_at(connection: Connection, kind: str, moments: set[Any]) -> Mapping[str, list[dict[str, Any]]]:
    """The entries of this kind and of some moments, by what they are about."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await connection.fetch(TOLD, list(moments), timeout=PATIENCE):
        for said in map(decode, entries_of(row["entries"])):
            if said["kind"] == kind:
                found.setdefault(said[KINDS[kind].name], []).append(said)
    return found


def difference(row: Record, told: Sequence[dict[str, Any]]) -> str | None:
    """What is wrong with the entries about a row."""
    if len(told) != 1:
        return "stands in the log more than once" if told else "isn't in the log"
    [said] = told
    if said["at"] != (at := moment(row["at"])):
        return f"is of {at}, and in the log of {said['at']}"
    said["amounts"] = [it["amount"] for it in said.get("postings", ())]
    for name, value in row.items():
        if name not in {"id", "at"} and (was := said.get(name) or NOTHING.get(name, 0)) != value:
            return f"says {name} {value}, and in the log stands {was}"
    return None


async def is_kept(connection: Connection, progress: Progress) -> Wrong | None:
    """Look for everything that the log has in the books."""
    async for lines in every_line(connection):
        told: dict[str, list[str]] = {}
        for said in map(decode, lines):
            if kind := KINDS.get(said["kind"]):
                told.setdefault(said["kind"], []).append(said[kind.name])
        for name, ids in told.items():
            kind = KINDS[name]
            missing = MISSING.format(table=kind.table, column=kind.column)
            if (lost := await connection.fetchval(missing, ids, timeout=PATIENCE)) is not None:
                return Wrong("audit.batch", str(lost), f"stands there as a {name}, and isn't in {kind.table}")
        progress(len(lines))
    return None


async def every_line(connection: Connection) -> AsyncIterator[list[bytes]]:
    """All entries, those that wait for their places too, some thousands at a time."""
    lines: list[bytes] = []
    async for it in batches(connection):
        lines += it.lines
        if len(lines) >= AT_A_TIME:
            yield lines
            lines = []
    yield lines + [line for it in await waiting(connection, MANY) for line in it.lines]
