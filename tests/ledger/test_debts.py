"""Debts that are put on an account by hand."""

from uuid import UUID

import pytest

from tests.ledger.support import ARREARS, CONTRACT, NOON, Shop, minutes, numbered, open_shop
from umbane.db import Database
from umbane.ledger import BOOKS, AccountKey, DuplicateEntryError, EntryError, Kind, Reversal, prove
from umbane.ledger.debts import BookedDebt, Origin, book_debts, booked_debt, move_debts

DEBT = BookedDebt(CONTRACT, ARREARS.name, 5_000)


async def put(shop: Shop, number: int, debt: BookedDebt = DEBT, origin: Origin = Origin.TAKEN_OVER) -> None:
    """Put a debt on an account."""
    await shop.run(lambda book: book_debts(book, {numbered(number): debt}, "ZAR", origin, NOON, "from the old books"))


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


async def test_several(database: Database) -> None:
    """Debts of several contracts are booked at once, all or none, each in an entry of its own."""
    shop = await open_shop(database)
    debts = {numbered(it): DEBT._replace(contract_id=numbered(100 + it % 2), amount=it) for it in range(1, 6)}

    async def book(some: dict[UUID, BookedDebt]) -> None:
        await shop.run(lambda book: book_debts(book, some, "ZAR", Origin.TAKEN_OVER, NOON, "x"))

    with pytest.raises(EntryError):
        await book(debts | {numbered(9): DEBT._replace(amount=10**16)})
    await book(debts)
    assert [await found(shop, it) for it in (1, 5, 9)] == [debts[numbered(1)], debts[numbered(5)], None]
    assert await shop.look("SELECT sum(amount)::integer FROM ledger.line") == 1 + 2 + 3 + 4 + 5


async def test_moved(database: Database) -> None:
    """A debt that another contract owes from now on is on its account and no longer on the first one's."""
    shop, heir = await open_shop(database), numbered(7)
    await put(shop, 1)
    debts = [DEBT, DEBT._replace(kind="fine", amount=300)]
    await put(shop, 2, debts[1])
    await shop.run(lambda book: move_debts(book, numbered(3), debts, heir, "ZAR", minutes(1), "moved in"))
    sql = """SELECT sum(amount)::integer FROM ledger.line l JOIN ledger.account a ON a.id = l.account
        WHERE a.owner_id = $1 AND a.name = $2"""
    for debt in debts:
        assert (await shop.look(sql, CONTRACT, debt.kind), await shop.look(sql, heir, debt.kind)) == (0, debt.amount)
    assert await found(shop, 3) is None
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
