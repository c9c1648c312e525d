"""The SQL of sales: one statement for a whole round, whatever its length."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from asyncpg import Record, UniqueViolationError

from umbane.audit import Fact, append
from umbane.db import Connection, Table, columns
from umbane.ledger import Book, Opening
from umbane.pricing import Payable
from umbane.registry import Seller
from umbane.sts import EncodedToken
from umbane.vending.codes import Code
from umbane.vending.errors import OtherModuleError
from umbane.vending.lines import lines_from
from umbane.vending.models import Answer, IssuedToken, Refused, Sold

__all__ = [
    "TOKEN_BYTES",
    "Claim",
    "RepeatedError",
    "Withheld",
    "answers",
    "begin_making",
    "claim",
    "claim_new",
    "claimed_months",
    "find_sale",
    "last_message",
    "last_minutes",
    "lock_module",
    "recent_sales",
    "register_module",
    "seen",
    "take_withheld",
    "withheld",
]

TOKEN_BYTES: Final = 9
"""66 bits."""
LOCKS: Final = 1987208551
"""Under which number the locks of modules are held."""

MESSAGES: Final = Table(
    "vending.message",
    {"terminal_id": "uuid", "message_id": "text", "id": "uuid", "fingerprint": "bytea"},
    same={"utility_id": "uuid", "at": "timestamptz"},
)
KEYS: Final = Table("", {"terminal_id": "uuid", "message_id": "text"}).rows
MONTHS: Final = Table("", {"contract_id": "uuid", "month": "integer"}).rows
NUMBERS: Final = Table("", {"module": "smallint", "number": "bigint"}).rows

CLAIMING: Final = f"""
WITH till AS MATERIALIZED (
    SELECT t.id, v.id AS vendor_id, v.code AS vendor, t.code, v.blocked OR t.blocked
    FROM registry.terminal t JOIN registry.vendor v ON v.utility_id = t.utility_id AND v.id = t.vendor_id
    WHERE t.utility_id = $5 AND t.id = ANY($7)
), claimed AS (
    INSERT INTO vending.message (terminal_id, message_id, id, fingerprint, utility_id, at)
    SELECT new.*, $5, $6 FROM {MESSAGES.rows} JOIN till ON till.id = new.terminal_id
    ORDER BY new.terminal_id, new.message_id COLLATE "C"
)
SELECT * FROM till"""  # noqa: S608 - our names
SEEN: Final = f"""
SELECT new.terminal_id, new.message_id, m.id, m.fingerprint FROM {KEYS} JOIN vending.message m
ON m.utility_id = $3 AND m.terminal_id = new.terminal_id AND m.message_id = new.message_id"""  # noqa: S608 - our names
SOLD: Final = """
SELECT s.id, s.at, s.kind, r.pan, s.currency, s.tender, s.units, s.free_units, s.lines, s.warnings,
    s.released OR l.sale_id IS NOT NULL AS released, v.sale_id IS NOT NULL AS reversed
FROM vending.sale s JOIN registry.meter r ON r.utility_id = s.utility_id AND r.id = s.meter_id
LEFT JOIN vending.release l ON l.utility_id = s.utility_id AND l.sale_id = s.id
LEFT JOIN vending.reversal v ON v.utility_id = s.utility_id AND v.sale_id = s.id
WHERE s.utility_id = $1 AND s.id = ANY($2)"""
ITS_TOKENS: Final = """
SELECT sale_id, kind, units, minute, digits FROM vending.token
WHERE utility_id = $1 AND sale_id = ANY($2) ORDER BY sale_id, ordinal"""
REFUSED: Final = """
SELECT id, code, problem, remedy, minimum, maximum FROM vending.refusal WHERE utility_id = $1 AND id = ANY($2)"""
LAST: Final = """
SELECT id, message_id FROM vending.message WHERE utility_id = $1 AND terminal_id = $2 ORDER BY id DESC LIMIT 1"""
ITS_MESSAGE: Final = """
SELECT m.message_id FROM vending.sale s JOIN vending.message m
ON m.utility_id = s.utility_id AND m.terminal_id = s.terminal_id AND m.id = s.id
WHERE s.utility_id = $1 AND s.id = $2"""
CLAIMED: Final = f"""
SELECT c.contract_id, c.month FROM {MONTHS} JOIN vending.free_claim c
ON c.utility_id = $3 AND c.contract_id = new.contract_id AND c.month = new.month"""  # noqa: S608 - our names
WITHHELD: Final = """
SELECT module, number, request_id, signature, tid, digits FROM vending.withheld WHERE request_id = ANY($1)"""
TAKING: Final = f"""
DELETE FROM vending.withheld w USING {NUMBERS} WHERE w.module = new.module AND w.number = new.number"""  # noqa: S608 - our names
RECENT: Final = """
SELECT t.meter_id, count(DISTINCT t.sale_id) FROM vending.token t
JOIN vending.sale s ON s.utility_id = t.utility_id AND s.id = t.sale_id
WHERE t.utility_id = $1 AND t.meter_id = ANY($2) AND t.units > 0 AND s.at >= $3 GROUP BY t.meter_id"""
BEGINNING: Final = """
SELECT b.withheld, b.minutes, o.opened, o.standings, o.accounts
FROM vending.begin_making($1, $7, $8, $9) AS b, ledger.opening($1, $2, $3, $4, $5, $6) AS o"""
LAST_MINUTES: Final = "SELECT vending.last_minutes($1, $2)"
REGISTERING: Final = """
INSERT INTO vending.module (name, realm) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, realm, xmax = '0' AS is_new, now()"""


# -------------------------------------------------------------------------------------------------------------- modules


async def register_module(tx: Connection, name: str, realm: str) -> int:
    """The number by which the books know a module.

    Raises:
        OtherModuleError: they know one of that name, of another realm.
    """
    [(number, known, is_new, now)] = await tx.fetch(REGISTERING, name, realm)
    if known != realm:
        raise OtherModuleError(f"module {name} of the books is of the {known} realm: give this one another name")
    if is_new:
        await append(tx, [Fact("module", now, {"module": number, "name": name, "realm": str(realm)})])
    return int(number)


async def begin_making(
    tx: Connection, module: int, meters: Sequence[UUID], opening: Opening
) -> tuple[bool, dict[UUID, int | None], Book]:
    """Say that tokens of a module will be booked for these meters, which are locked, and open the books for them.

    Returns:
        Whether any tokens are withheld; the last TID of the tokens that were sold to each meter, as `minute_of` counts
        it; and the books.
    """
    [(withheld, minutes, *opened)] = await tx.fetch(BEGINNING, *opening.values, LOCKS, module, meters)
    return withheld, dict(zip(meters, minutes, strict=True)), opening.book(tx, *opened)


async def last_minutes(connection: Connection, utility_id: UUID, meters: Sequence[UUID]) -> list[int | None]:
    """The last TID of the tokens that were sold to each of these meters, as `minute_of` counts it."""
    found: list[int | None] = await connection.fetchval(LAST_MINUTES, utility_id, meters)
    return found


async def lock_module(tx: Connection, module: int) -> None:
    """Wait until nobody books tokens of a module, and let nobody begin to."""
    await tx.execute("SELECT pg_advisory_xact_lock($1, $2)", LOCKS, module)


# ------------------------------------------------------------------------------------------------------------- messages


class Claim(NamedTuple):
    """A message that came: whose it is, and the id it has if it is the first."""

    terminal_id: UUID
    message_id: str
    id: UUID
    fingerprint: bytes


class RepeatedError(Exception):
    """Somebody has claimed one of these messages before: nothing can be done in this transaction any more."""


async def claim(tx: Connection, utility_id: UUID, claims: Collection[Claim], at: datetime) -> dict[UUID, Seller]:
    """Find the tills of messages, and claim the messages of those that are found for ever, all of them or none.

    They are claimed in their order, so that nobody waits in a circle for who claims the same.

    Raises:
        RepeatedError: one was claimed before.
    """
    tills = list({it.terminal_id for it in claims})
    try:
        rows = await tx.fetch(CLAIMING, *columns(claims, 4), utility_id, at, tills)
    except UniqueViolationError as error:
        raise RepeatedError from error
    return {row[0]: Seller(*row) for row in rows}


async def claim_new(tx: Connection, utility_id: UUID, claims: Iterable[Claim], at: datetime) -> set[UUID]:
    """Claim those of these messages that nobody has claimed, for ever; answer their ids."""
    sql = f"{MESSAGES.insertion} ON CONFLICT DO NOTHING RETURNING id"
    return {row[0] for row in await tx.fetch(sql, *columns(sorted(claims), 4), utility_id, at)}


async def seen(tx: Connection, utility_id: UUID, claims: Collection[Claim]) -> dict[tuple[UUID, str], Claim]:
    """The messages that were claimed before, as they were."""
    terminals, ids = [it.terminal_id for it in claims], [it.message_id for it in claims]
    found = (Claim(*row) for row in await tx.fetch(SEEN, terminals, ids, utility_id))
    return {(it.terminal_id, it.message_id): it for it in found}


async def last_message(connection: Connection, utility_id: UUID, terminal_id: UUID) -> tuple[UUID, str] | None:
    """The message that a till sent last, by our id and its own."""
    row = await connection.fetchrow(LAST, utility_id, terminal_id)
    return None if row is None else (row["id"], row["message_id"])


async def find_sale(connection: Connection, utility_id: UUID, sale_id: UUID) -> Sold | None:
    """A sale by its id."""
    message_id = await connection.fetchval(ITS_MESSAGE, utility_id, sale_id)
    found = (await answers(connection, utility_id, {sale_id: message_id})).get(sale_id) if message_id else None
    return found if isinstance(found, Sold) else None


async def answers(connection: Connection, utility_id: UUID, messages: dict[UUID, str]) -> dict[UUID, Answer]:
    """The answers that are kept, by the ids of their messages, which are given with the tills' own."""
    ids = list(messages)
    rows = await connection.fetch(SOLD, utility_id, ids)
    tokens: dict[UUID, list[Record]] = defaultdict(list)
    if rows:
        for row in await connection.fetch(ITS_TOKENS, utility_id, [row["id"] for row in rows]):
            tokens[row["sale_id"]].append(row)
    found: dict[UUID, Answer] = {row["id"]: sold(row, tokens[row["id"]], messages[row["id"]]) for row in rows}
    if len(found) < len(ids):
        found |= {row["id"]: refusal(row) for row in await connection.fetch(REFUSED, utility_id, ids)}
    return found


def sold(row: Record, tokens: Sequence[Record], message_id: str) -> Sold:
    """A sale as it was answered, without digits that are held back."""
    hidden = row["reversed"] or not row["released"]
    return Sold(
        row["id"], row["at"], row["kind"], message_id, row["pan"], row["currency"],
        row["tender"], row["units"], row["free_units"], lines_from(row["lines"]),
        tuple(token(it, hidden=hidden) for it in tokens), tuple(json.loads(row["warnings"])),
        released=row["released"], reversed=row["reversed"],
    )  # fmt: skip


def token(row: Record, *, hidden: bool) -> IssuedToken:
    """A token of a sale."""
    digits = None if hidden else EncodedToken(int.from_bytes(row["digits"]))
    return IssuedToken(row["kind"], row["units"], row["minute"], digits)


def refusal(row: Record) -> Refused:
    """A refusal as it was answered."""
    payable = None if row["minimum"] is None else Payable(row["minimum"], row["maximum"])
    return Refused(Code(row["code"]), row["problem"], row["remedy"], payable)


# ------------------------------------------------------------------------------------------------------- before issuing


async def claimed_months(
    tx: Connection, utility_id: UUID, claims: Collection[tuple[UUID, int]]
) -> set[tuple[UUID, int]]:
    """The months, of these contracts, whose free units were claimed."""
    contracts, months = [it[0] for it in claims], [it[1] for it in claims]
    return {(row[0], row[1]) for row in await tx.fetch(CLAIMED, contracts, months, utility_id)}


async def recent_sales(tx: Connection, utility_id: UUID, meters: Collection[UUID], since: datetime) -> dict[UUID, int]:
    """How many sales with credit these meters had."""
    return {row[0]: row[1] for row in await tx.fetch(RECENT, utility_id, list(meters), since)}


class Withheld(NamedTuple):
    """Tokens that were made and never shown."""

    module: int
    number: int
    request_id: UUID
    signature: str
    tid: int | None
    digits: list[bytes]


async def withheld(tx: Connection, requests: Collection[UUID]) -> dict[UUID, list[Withheld]]:
    """What is withheld of these requests."""
    found: dict[UUID, list[Withheld]] = defaultdict(list)
    for row in await tx.fetch(WITHHELD, list(requests)):
        it = Withheld(*row)
        found[it.request_id].append(it)
    return found


async def take_withheld(tx: Connection, numbers: Collection[tuple[int, int]]) -> None:
    """Take tokens off the list of those that are withheld, by module and number."""
    await tx.execute(TAKING, *columns(numbers, 2))
