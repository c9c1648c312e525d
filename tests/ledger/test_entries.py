"""Booking: what is an entry, and what isn't one."""

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from tests.ledger.support import CASH, FLOAT, HOUSE, NOON, OTHER_HOUSE, REVENUE, SOLD, TAX, execute, numbered, open_shop
from umbane.db import Database
from umbane.ledger import (
    BOOKS,
    AccountKey,
    Book,
    DuplicateEntryError,
    EntryError,
    Kind,
    LedgerError,
    Nature,
    PeriodError,
    UnknownAccountError,
    open_book,
    prove,
)

ENTRIES = "SELECT count(*) FROM ledger.entry"


async def test_a_sale(database: Database) -> None:
    """A sale debits the vendor's float, credits revenue and tax, and moves energy, all in one row."""
    shop = await open_shop(database, limit=20_000)
    sale = shop.sale(11_500, note="first of the day")
    await shop.post(sale)
    row = await shop.look("SELECT e FROM ledger.entry AS e WHERE id = $1", sale.id)
    assert row["at"] == NOON
    assert row["amounts"] == [11_500, -10_000, -1_500, 384, -384]
    assert row["note"] == "first of the day"
    assert await shop.free() == 8_500


async def test_no_entries(database: Database) -> None:
    """An empty list is booked as nothing."""
    shop = await open_shop(database)
    await shop.post()
    assert await shop.look(ENTRIES) == 0


@pytest.mark.parametrize(
    "amounts",
    [
        (100, -99),
        (1, 1),
        (-1, -1),
        (10**15, -(10**15) + 1),
    ],
)
async def test_money_doesnt_sum_to_zero(database: Database, amounts: tuple[int, int]) -> None:
    """An entry whose debits and credits differ is refused, by its id and by how much."""
    shop = await open_shop(database)
    entry = shop.entry((CASH, amounts[0]), (REVENUE, amounts[1]))
    with pytest.raises(EntryError, match=f"the ZAR of entry {entry.id} sum to {sum(amounts)}, not to zero") as caught:
        await shop.post(entry)
    assert caught.value.subject == str(entry.id)


async def test_each_unit_by_itself(database: Database) -> None:
    """Money that makes up for energy is refused: each unit sums to zero by itself."""
    shop = await open_shop(database)
    with pytest.raises(EntryError, match=r"sum to -?5, not to zero"):
        await shop.post(shop.entry((CASH, 5), (SOLD, -5)))


async def test_one_wrong_among_many(database: Database) -> None:
    """When one entry of a list is wrong, none is booked."""
    shop = await open_shop(database, limit=10**9)
    with pytest.raises(EntryError):
        await shop.post(shop.sale(), shop.entry((CASH, 5), (REVENUE, -4)), shop.sale())
    assert await shop.look(ENTRIES) == 0
    assert await shop.free() == 10**9


@pytest.mark.parametrize(
    ("accounts", "amounts", "problem"),
    [
        ([], [], "two postings"),
        ([1], [5], "two postings"),
        ([1, 2], [5], "one amount for each account"),
        ([1, 2], [5, -8, 3], "one amount for each account"),
        ([1, None], [5, -5], "one amount for each account"),
        ([1, 2], [5, None], "one amount for each account"),
        ([[1, 2], [1, 2]], [5, -5, 5, -5], "one amount for each account"),
        ([1, 2, 2], [5, -5, 0], "a posting of nothing"),
        ([1, 2], [0, 0], "a posting of nothing"),
        ([1, 2], [10**15 + 1, -(10**15) - 1], "beyond 10¹⁵"),
        ([1, 2], [-(10**18), 10**18], "beyond 10¹⁵"),
    ],
)
async def test_no_entry(database: Database, accounts: Any, amounts: Any, problem: str) -> None:  # noqa: ANN401 - wrong ones too
    """An entry has an amount for each account, none of them zero and none beyond 10¹⁵."""
    shop = await open_shop(database)
    entry = shop.entry()
    sql = "INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts) VALUES ($1, $2, $3, 'x', $4, $5)"
    with pytest.raises(EntryError, match=problem):
        await execute(database, sql, HOUSE, entry.id, NOON, accounts, amounts)


@pytest.mark.parametrize("kind", ["", "Sale", "sale ", "1sale", "säle", "s" * 41, "sale;"])
async def test_kinds(database: Database, kind: str) -> None:
    """What happened is said in up to 40 lower-case letters."""
    shop = await open_shop(database)
    with pytest.raises(EntryError, match="what happened"):
        await shop.post(shop.sale(kind=kind))


@pytest.mark.parametrize("at", ["infinity", "-infinity"])
async def test_no_date(database: Database, at: str) -> None:
    """An entry that counts at no moment is refused."""
    shop = await open_shop(database)
    cash, revenue = shop.ids[CASH], shop.ids[REVENUE]
    sql = f"INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts) VALUES ($1, $1, '{at}', 'x', $2, $3)"  # noqa: S608 - our own words
    with pytest.raises(EntryError, match="has no date"):
        await execute(database, sql, HOUSE, [cash, revenue], [5, -5])


async def test_an_id_twice(database: Database) -> None:
    """An entry is booked once: the same id is refused later, and within one list."""
    shop = await open_shop(database, limit=10**6)
    sale = shop.sale()
    await shop.post(sale)
    other = shop.sale()
    for again in ([sale], [other, other]):
        with pytest.raises(DuplicateEntryError, match="booked already"):
            await shop.post(*again)
    assert await shop.look(ENTRIES) == 1


async def test_the_same_id_in_another_house(database: Database) -> None:
    """Ids are each utility's own."""
    shop, neighbour = await open_shop(database, limit=10**6), await open_shop(database, OTHER_HOUSE, limit=10**6)
    await shop.post(shop.sale(id=numbered(0)))
    await neighbour.post(neighbour.sale(id=numbered(0)))
    assert await shop.look(ENTRIES) == 2
    assert (await prove(database, BOOKS)).holds


async def test_accounts_of_another_house(database: Database) -> None:
    """An account of another utility is as good as none."""
    shop, neighbour = await open_shop(database), await open_shop(database, OTHER_HOUSE)
    shop.ids[REVENUE] = neighbour.ids[REVENUE]
    entry = shop.entry((CASH, 5), (REVENUE, -5))
    with pytest.raises(UnknownAccountError, match=f"entry {entry.id} names account {neighbour.ids[REVENUE]}, which"):
        await shop.post(entry)


@pytest.mark.parametrize("number", [0, -1, 999_999])
async def test_unknown_accounts(database: Database, number: int) -> None:
    """An account that doesn't exist is refused by its number."""
    shop = await open_shop(database)
    shop.ids[REVENUE] = number
    with pytest.raises(UnknownAccountError, match=f"names account {number}, "):
        await shop.post(shop.entry((CASH, 5), (REVENUE, -5)))


async def test_lines(database: Database) -> None:
    """A posting of an account with an owner has a line; one of an account of the house has none."""
    shop = await open_shop(database, limit=10**6)
    sale = shop.sale()
    await shop.post(sale)
    async with database.reading() as connection:
        rows = await connection.fetch("SELECT utility_id, account, at, entry_id, amount FROM ledger.line")
    assert [tuple(row) for row in rows] == [(HOUSE, shop.ids[FLOAT], NOON, sale.id, 11_500)]


async def test_an_account_twice_in_an_entry(database: Database) -> None:
    """An account may have several postings in one entry; its balance counts all of them."""
    shop = await open_shop(database, limit=100)
    await shop.post(shop.entry((FLOAT, 70), (FLOAT, 20), (REVENUE, -80), (TAX, -10)))
    assert await shop.free() == 10
    assert (await prove(database, BOOKS)).holds


@pytest.mark.parametrize("isolation", ["repeatable_read", "serializable"])
async def test_only_read_committed(database: Database, isolation: Any) -> None:  # noqa: ANN401 - a literal
    """Books aren't opened in a transaction that can't see what others have just closed."""
    with pytest.raises(PeriodError, match="read committed"):
        await database.run(lambda connection: open_book(connection, HOUSE), isolation=isolation)


async def test_numbers_of_accounts(database: Database) -> None:
    """The account of a key is made once and keeps its number."""
    shop = await open_shop(database)
    again = await shop.run(lambda book: book.accounts([*shop.ids, *shop.ids]))
    assert again == shop.ids
    assert len(set(shop.ids.values())) == len(shop.ids)


async def test_no_accounts(database: Database) -> None:
    """No keys have no accounts."""
    shop = await open_shop(database)
    assert await shop.run(lambda book: book.accounts([])) == {}


async def test_the_house_itself(database: Database) -> None:
    """An account of the house belongs to the utility, whichever way that is said."""
    shop = await open_shop(database)
    house = AccountKey(Kind.TAX, "ZAR", HOUSE, "vat")
    assert await shop.run(lambda book: book.accounts([house])) == {house: shop.ids[TAX]}


async def test_keys_that_differ(database: Database) -> None:
    """Another owner, name, unit or kind is another account."""
    shop = await open_shop(database)
    keys = {
        TAX,
        AccountKey(Kind.TAX, "ZAR", name="levy"),
        AccountKey(Kind.TAX, "UGX", name="vat"),
        AccountKey(Kind.TAX, "ZAR", numbered(1), "vat"),
        AccountKey(Kind.LOSS, "ZAR", name="vat"),
    }
    assert len(set((await shop.run(lambda book: book.accounts(keys))).values())) == 5


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (AccountKey("gold", "ZAR"), "no such kind"),
        (AccountKey(Kind.CASH, "zar"), "currency or kWh"),
        (AccountKey(Kind.CASH, "ZA"), "currency or kWh"),
        (AccountKey(Kind.CASH, "kwh"), "currency or kWh"),
        (AccountKey(Kind.CASH, ""), "currency or kWh"),
        (AccountKey(Kind.VENDOR_FLOAT, "ZAR"), "needs an owner"),
    ],
)
async def test_keys_that_are_none(database: Database, key: AccountKey, problem: str) -> None:
    """An account has a kind that exists and a unit; one of a guarded kind has an owner."""
    shop = await open_shop(database)
    with pytest.raises(UnknownAccountError, match=problem):
        await shop.run(lambda book: book.accounts([key]))


async def test_the_kinds_are_in_the_table(database: Database) -> None:
    """Every kind and nature that Python knows is in the database; other rooms may have added kinds of theirs."""
    async with database.reading() as connection:
        rows = await connection.fetch("SELECT kind, nature FROM ledger.kind")
    assert {row["kind"] for row in rows} >= set(Kind)
    assert {row["nature"] for row in rows} == set(Nature)


async def test_every_rule_has_words(database: Database) -> None:
    """Whatever a rule of the tables refuses is told by an error of ours, in words of its own."""
    from umbane.ledger.words import BROKEN  # noqa: PLC0415 - the table of words is nobody else's

    async with database.reading() as connection:
        rows = await connection.fetch("""
            SELECT conname FROM pg_constraint AS c
            WHERE c.connamespace = 'ledger'::regnamespace AND c.contype IN ('c', 'f')""")
    assert set(BROKEN) - {row["conname"] for row in rows} == {"entry_pkey", "hold_pkey", "entry_reversed_once"}


async def test_other_errors_stay(database: Database) -> None:
    """An error that isn't about the books isn't taken for one."""
    shop = await open_shop(database)

    async def work(book: Book) -> None:
        await book.post([shop.sale(note="\0")])

    with pytest.raises(asyncpg.PostgresError) as caught:
        await shop.run(work)
    assert not isinstance(caught.value, LedgerError)


def test_an_error_in_words() -> None:
    """An error of the books says what is wrong and what would be right."""
    assert str(EntryError("a posting of nothing", "leave it out")) == "a posting of nothing; leave it out"


async def test_dates_without_a_zone(database: Database) -> None:
    """A date without a time zone is refused before anything is booked."""
    shop = await open_shop(database)
    with pytest.raises(TypeError):
        await shop.post(shop.sale(at=datetime(2026, 3, 12, 12)))  # noqa: DTZ001 - that is what is tested
