"""Debts that are put on an account by hand."""

import pytest

from tests.ledger.support import ARREARS, CONTRACT, NOON, Shop, minutes, numbered, open_shop
from umbane.db import Database
from umbane.ledger import BOOKS, AccountKey, DuplicateEntryError, EntryError, Kind, Reversal, prove
from umbane.ledger.debts import BookedDebt, Origin, book_debt, booked_debt

DEBT = BookedDebt(CONTRACT, ARREARS.name, 5_000)


async def put(shop: Shop, number: int, debt: BookedDebt = DEBT, origin: Origin = Origin.TAKEN_OVER) -> None:
    """Put a debt on an account."""
    await shop.run(lambda book: book_debt(book, numbered(number), debt, "ZAR", origin, NOON, "from the old books"))


async def found(shop: Shop, number: int) -> BookedDebt | None:
    """The debt of an entry."""
    async with shop.database.reading() as connection:
        return await booked_debt(connection, shop.utility, numbered(number))


@pytest.mark.parametrize(
    ("origin", "against"),
    [
        (Origin.TAKEN_OVER, AccountKey(Kind.OPENING, "ZAR")),
        (Origin.CHARGED, AccountKey(Kind.REVENUE_CHARGE, "ZAR", name=ARREARS.name)),
    ],
)
async def test_a_debt(database: Database, origin: Origin, against: AccountKey) -> None:
    """What is put on an account stands against where it comes from, and is found by its entry."""
    shop = await open_shop(database)
    await put(shop, 1, origin=origin)
    numbers = await shop.run(lambda book: book.accounts([ARREARS, against]))
    row = await shop.look("SELECT e FROM ledger.entry AS e WHERE id = $1", numbered(1))
    assert (row["kind"], row["accounts"], row["amounts"]) == (
        "debt",
        [numbers[ARREARS], numbers[against]],
        [5_000, -5_000],
    )
    assert (row["source_id"], row["note"]) == (CONTRACT, "from the old books")
    assert await found(shop, 1) == DEBT
    assert (await prove(database, BOOKS)).holds


async def test_taken_back(database: Database) -> None:
    """A debt is taken back by a contra entry, which is itself no debt."""
    shop = await open_shop(database)
    await put(shop, 1)
    await shop.run(lambda book: book.reverse([Reversal(numbered(2), numbered(1), minutes(1), "a mistake")]))
    assert await found(shop, 2) is None
    assert (await prove(database, BOOKS)).holds


async def test_what_is_no_debt(database: Database) -> None:
    """A sale is no debt, nor what isn't there; nothing is no amount, and an id is taken once."""
    shop = await open_shop(database, limit=10**6)
    sale = shop.sale(11_500)
    await shop.post(sale)
    async with database.reading() as connection:
        assert await booked_debt(connection, shop.utility, sale.id) is None
    assert await found(shop, 3) is None
    with pytest.raises(EntryError):
        await put(shop, 4, DEBT._replace(amount=0))
    await put(shop, 5)
    with pytest.raises(DuplicateEntryError):
        await put(shop, 5)
