"""Debts that are put on an account by hand."""

from uuid import UUID

import pytest

from tests.ledger.support import ARREARS, CONTRACT, NOON, Shop, minutes, numbered, open_shop
from tests.ledger.tampering import tamper
from umbane.db import Connection, Database, Server
from umbane.ledger import BOOKS, AccountKey, DuplicateEntryError, EntryError, Kind, Reversal, open_book, prove
from umbane.ledger.debts import (
    BookedDebt,
    Origin,
    book_debts,
    booked_debt,
    move_debts,
    take_part_back,
    taken_back,
)

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


async def take(shop: Shop, number: int, amount: int, debt: int = 1) -> None:
    """Take a part of a debt back."""

    async def work(tx: Connection) -> None:
        book = await open_book(tx, shop.utility)
        await take_part_back(tx, book, numbered(number), numbered(debt), amount, minutes(number), "too much")

    await shop.database.run(work)


async def back(shop: Shop, debt: int = 1) -> int:
    """How much of a debt was taken back."""
    async with shop.database.reading() as connection:
        return await taken_back(connection, shop.utility, numbered(debt))


@pytest.mark.parametrize("origin", Origin)
async def test_parts(database: Database, origin: Origin) -> None:
    """A debt is taken back in parts, each on the accounts of the debt; each debt has its own, and payments are none."""
    shop = await open_shop(database, limit=10**6)
    await put(shop, 1, origin=origin)
    await put(shop, 2, DEBT._replace(amount=900))
    assert [await back(shop, it) for it in (1, 2, 7)] == [0, 0, 0]
    await take(shop, 3, 1_000)
    await take(shop, 4, 4_000)
    await take(shop, 5, 100, debt=2)
    await shop.post(shop.sale(11_500))
    assert [await back(shop, it) for it in (1, 2, 3)] == [5_000, 100, 0]
    both = await shop.look(
        "SELECT array_agg(accounts ORDER BY id) FROM ledger.entry WHERE id IN ($1, $2)", *map(numbered, (1, 3))
    )
    assert both[0] == both[1]
    assert await found(shop, 3) is None
    assert (await prove(database, BOOKS)).holds


async def test_all_of_it(database: Database) -> None:
    """What a contra entry took back is all of the debt."""
    shop = await open_shop(database)
    await put(shop, 1)
    await shop.run(lambda book: book.reverse([Reversal(numbered(2), numbered(1), minutes(1), "a mistake")]))
    assert await back(shop) == 5_000


PARTS = {
    "more in parts than there was": ("", 3_001, "of which more was taken back than there was"),
    "another debt": ("source_id = '{nowhere}'", 1, "takes back a part of {nowhere}, which is no debt"),
    "nothing": ("source_id = NULL", 1, "takes back a part of nothing, which is no debt"),
    "a part of itself": ("source_id = id", 1, "which is no debt"),
    "the other way round": ("amounts = ledger.negated(amounts)", 1, "isn't a part of debt"),
    "other accounts": ("accounts = ARRAY[accounts[2], accounts[1]]", 1, "isn't a part of debt"),
}


@pytest.mark.parametrize(("change", "more", "problem"), PARTS.values(), ids=PARTS)
async def test_parts_that_are_none(database: Database, place: Server, change: str, more: int, problem: str) -> None:
    """A part that is of no debt, or more than there was, is named by the proof."""
    shop, nowhere = await open_shop(database), str(numbered(99))
    await put(shop, 1)
    await take(shop, 2, 2_000)
    await take(shop, 3, more)
    if change:
        sql = f"UPDATE ledger.entry SET {change.format(nowhere=nowhere)} WHERE id = '{numbered(3)}'"  # noqa: S608 - our words
        await tamper(place, sql)
    wrong = {it.claim.name: it.wrong for it in (await prove(database, BOOKS)).findings}["debts taken back"]
    assert wrong
    assert (wrong.table, wrong.key in {str(numbered(2)), str(numbered(3))}) == ("ledger.entry", True)
    assert problem.format(nowhere=nowhere) in wrong.problem


async def test_a_part_and_the_whole(database: Database) -> None:
    """A debt of which a part was taken back isn't taken back as a whole as well without the proof seeing it."""
    shop = await open_shop(database)
    await put(shop, 1)
    await take(shop, 2, 1)
    await shop.run(lambda book: book.reverse([Reversal(numbered(3), numbered(1), minutes(3), "a mistake")]))
    assert not (await prove(database, BOOKS)).holds


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
