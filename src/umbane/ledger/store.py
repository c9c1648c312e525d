"""The SQL of the books: one statement for a whole list, whatever its length."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from umbane.db import Connection, Rows, Table, columns
from umbane.ledger.models import AccountKey, CreditLimit, Entry, Hold, HoldRequest, HoldState, Standing

__all__ = [
    "end_holds",
    "entries",
    "entry_rows",
    "expired_holds",
    "find_accounts",
    "insert_accounts",
    "insert_credit_limits",
    "insert_holds",
    "lock_standings",
    "open_books",
    "opening_values",
    "standings",
]

KEYS: Final = Table("ledger.account", {"owner_id": "uuid", "kind": "text", "name": "text", "unit": "text"})
HOLDS: Final = Table(
    "ledger.hold",
    {
        "utility_id": "uuid",
        "id": "uuid",
        "account": "integer",
        "amount": "bigint",
        "at": "timestamptz",
        "expires_at": "timestamptz",
    },
)
HOLD_COLUMNS: Final = ("id", "account", "amount", "at", "expires_at", "entry", "note")
LIMITS: Final = Table(
    "ledger.credit_limit",
    {"utility_id": "uuid", "account": "integer", "amount": "bigint", "at": "timestamptz", "note": "text"},
)
FIND_ACCOUNTS: Final = f"""
SELECT new.owner_id, new.kind, new.name, new.unit, account.id
FROM {KEYS.rows} JOIN ledger.account USING (owner_id, kind, name, unit) WHERE account.utility_id = $5
"""  # noqa: S608 - our own words
# In the order of their keys, so that those who make the same accounts at once wait for each other in turn.
INSERT_ACCOUNTS: Final = f"""
INSERT INTO ledger.account (utility_id, owner_id, kind, name, unit)
SELECT $5, owner_id, kind, name, unit FROM {KEYS.rows} ORDER BY owner_id, kind, name, unit ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own words
STANDINGS: Final = """
SELECT account, posted, held, credit_limit FROM ledger.balance
WHERE utility_id = $1 AND account = ANY ($2::integer[])"""
LOCKED: Final = " ORDER BY account FOR NO KEY UPDATE"
OPENING: Final = "SELECT opened, standings, accounts FROM ledger.opening($1, $2, $3, $4, $5, $6)"
END_HOLDS: Final = """
UPDATE ledger.hold SET state = 'voided', ended_at = $3, note = $4
WHERE utility_id = $1 AND id = ANY ($2::uuid[]) AND state = 'pending' RETURNING id
"""
EXPIRED_HOLDS: Final = """
SELECT id, account, amount, at, expires_at, state, entry_id AS entry, note FROM ledger.hold
WHERE utility_id = $1 AND state = 'pending' AND expires_at <= $2 ORDER BY expires_at, id LIMIT $3
"""
ENTRIES: Final = """
SELECT id, at, kind, accounts, amounts, source_id, hold_id, note, happened_at, reverses FROM ledger.entry
WHERE utility_id = $1 AND id = ANY ($2::uuid[])
"""


def opening_values(utility: UUID, guarded: Sequence[int], keys: Sequence[AccountKey]) -> tuple[Any, ...]:
    """The arguments of `ledger.opening`: whose books, guarded accounts, and keys of accounts."""
    return (utility, guarded, *columns((_row(utility, key) for key in keys), 4))


async def open_books(
    connection: Connection, values: Sequence[Any]
) -> tuple[datetime, list[list[int]], list[int | None]]:
    """From when the books are open, where guarded accounts stand at the moment, and the numbers of accounts.

    They stay open until the transaction ends: whoever closes a period waits for it.
    """
    [row] = await connection.fetch(OPENING, *values)
    return row["opened"], row["standings"], row["accounts"]


async def find_accounts(connection: Connection, utility: UUID, keys: Iterable[AccountKey]) -> dict[AccountKey, int]:
    """The accounts that exist of these."""
    wanted = {_row(utility, key): key for key in keys}
    rows = await connection.fetch(FIND_ACCOUNTS, *columns(wanted, 4), utility)
    return {wanted[owner, kind, name, unit]: number for owner, kind, name, unit, number in rows}


async def insert_accounts(connection: Connection, utility: UUID, keys: Iterable[AccountKey]) -> None:
    """Make these accounts, unless another transaction has just made them."""
    await connection.execute(INSERT_ACCOUNTS, *columns((_row(utility, key) for key in keys), 4), utility)


def _row(utility: UUID, key: AccountKey) -> tuple[UUID, str, str, str]:
    """A key as it stands in the table: an account of the house belongs to the utility."""
    return key.owner or utility, key.kind, key.name, key.unit


def entry_rows(utility: UUID, new: Iterable[Entry]) -> Rows:
    """Entries to insert; the triggers of the table check all of them at once."""
    return Rows("ledger.entry", [(utility, *entry) for entry in new])


async def entries(connection: Connection, utility: UUID, ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """The entries that exist of these."""
    return {row[0]: Entry(*row) for row in await connection.fetch(ENTRIES, utility, ids)}


async def lock_standings(connection: Connection, utility: UUID, accounts: Sequence[int]) -> list[Standing]:
    """Where these guarded accounts stand, and nobody else changes that until the transaction ends."""
    return [Standing(*row) for row in await connection.fetch(STANDINGS + LOCKED, utility, accounts)]


async def standings(connection: Connection, utility: UUID, accounts: Sequence[int]) -> list[Standing]:
    """Where these guarded accounts stand at the moment."""
    return [Standing(*row) for row in await connection.fetch(STANDINGS, utility, accounts)]


async def insert_credit_limits(connection: Connection, utility: UUID, new: Iterable[CreditLimit]) -> None:
    """Write down new credit limits, which hold from now on."""
    rows = ((utility, limit.account, limit.amount, limit.at, limit.note) for limit in new)
    await LIMITS.insert(connection, *columns(rows, 5))


async def insert_holds(connection: Connection, utility: UUID, new: Iterable[HoldRequest]) -> None:
    """Insert holds, all of them pending."""
    rows = ((utility, hold.id, hold.account, hold.amount, hold.at, hold.expires_at) for hold in new)
    await HOLDS.insert(connection, *columns(rows, 6))


async def end_holds(connection: Connection, utility: UUID, ids: Sequence[UUID], at: datetime, note: str) -> set[UUID]:
    """Void those of these holds that are pending, and answer which they were."""
    return {row["id"] for row in await connection.fetch(END_HOLDS, utility, ids, at, note)}


async def expired_holds(connection: Connection, utility: UUID, at: datetime, most: int) -> list[Hold]:
    """The holds that are pending although they have expired, the oldest first."""
    rows = await connection.fetch(EXPIRED_HOLDS, utility, at, most)
    return [Hold(state=HoldState(row["state"]), **{name: row[name] for name in HOLD_COLUMNS}) for row in rows]
