"""What is booked stays: no role changes it, not even the owner of the database."""

import asyncpg
import pytest

from tests.ledger.support import FLOAT, HOUSE, NOON, Shop, as_superuser, execute, minutes, numbered, open_shop
from umbane.db import Database, Server
from umbane.ledger import BOOKS, Book, HoldRequest, SealedError, close_period, prove

TABLES = ["account", "credit_limit", "entry", "line", "period", "period_sum", "period_summed"]
CHANGES = [
    *(f"UPDATE ledger.{table} SET utility_id = utility_id" for table in TABLES),  # noqa: S608 - our own words
    *(f"DELETE FROM ledger.{table}" for table in [*TABLES, "hold", "balance", "kind"]),  # noqa: S608 - our own words
    *(f"TRUNCATE ledger.{table}" for table in [*TABLES, "hold", "balance"]),
    "TRUNCATE ledger.kind CASCADE",
    "UPDATE ledger.kind SET guarded = false",
    "UPDATE ledger.balance SET posted = 0",
    "UPDATE ledger.balance SET credit_limit = 1000000",
    "INSERT INTO ledger.balance SELECT utility_id, 999 FROM ledger.balance LIMIT 1",
    "INSERT INTO ledger.line SELECT * FROM ledger.line",
    "UPDATE ledger.hold SET amount = 1",
    "UPDATE ledger.hold SET expires_at = expires_at + interval '1 day'",
    "UPDATE ledger.hold SET state = 'posted', ended_at = at, entry_id = (SELECT id FROM ledger.entry LIMIT 1)",
    "UPDATE ledger.hold SET note = 'other words'",
    "MERGE INTO ledger.entry USING ledger.entry AS e ON e.id = entry.id WHEN MATCHED THEN DELETE",
    "INSERT INTO ledger.entry SELECT * FROM ledger.entry ON CONFLICT (utility_id, id) DO UPDATE SET note = 'lies'",
]


async def shop_with_everything(database: Database) -> Shop:
    """A shop with an entry, a hold and a closed period."""
    shop = await open_shop(database, limit=10**6)
    await shop.post(shop.sale())
    request = HoldRequest(numbered(0), shop.ids[FLOAT], 5, NOON, minutes(1))
    await shop.run(lambda book: book.hold([request]))
    await close_period(database, HOUSE, minutes(1), minutes(2))
    return shop


@pytest.mark.parametrize("change", CHANGES)
async def test_no_change(database: Database, place: Server, change: str) -> None:
    """Neither the owner nor a superuser changes, deletes or empties what is booked, even as a replica would."""
    await shop_with_everything(database)
    with pytest.raises((SealedError, asyncpg.InsufficientPrivilegeError)):
        await execute(database, change)
    with pytest.raises(asyncpg.PostgresError, match="is refused"):
        await as_superuser(place, change)
    with pytest.raises(asyncpg.PostgresError, match="is refused"):
        await as_superuser(place, "SET session_replication_role = replica", change)
    assert (await prove(database, BOOKS)).holds


async def test_the_owner_has_no_right_to_it(owner: Database) -> None:
    """Rights to change the tables of facts were taken from their owner."""
    async with owner.reading() as connection:
        rows = await connection.fetch("""
            SELECT table_name, privilege_type FROM information_schema.role_table_grants
            WHERE table_schema = 'ledger' AND grantee = current_user AND privilege_type IN ('DELETE', 'TRUNCATE')""")
    assert [tuple(row) for row in rows] == []


async def test_a_refusal_in_words(database: Database) -> None:
    """What a trigger refuses is told as an error of ours, with what to do instead."""
    await shop_with_everything(database)

    with pytest.raises(SealedError, match=r"UPDATE of ledger\.balance is refused; correct it by a contra entry"):
        await execute(database, "UPDATE ledger.balance SET posted = 0")


async def test_a_hold_ends_once(database: Database) -> None:
    """A hold that has ended can't be made pending again, or end in another way."""
    shop = await shop_with_everything(database)

    async def void(book: Book) -> None:
        await book.void([numbered(0)], NOON, "not needed")

    await shop.run(void)
    for change in ("state = 'pending', ended_at = NULL, note = NULL", "note = 'why not'", "ended_at = ended_at"):
        with pytest.raises(SealedError):
            await execute(database, f"UPDATE ledger.hold SET {change}")  # noqa: S608 - our own words
