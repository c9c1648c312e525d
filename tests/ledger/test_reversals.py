"""Corrections: contra entries, one for an entry."""

import pytest

from tests.ledger.support import ARREARS, CASH, FLOAT, NOON, Shop, execute, minutes, numbered, open_shop
from umbane.db import Database
from umbane.errors import InputError
from umbane.ledger import BOOKS, Entry, EntryError, LimitError, Reversal, ReversalError, prove


async def reverse(shop: Shop, *reversals: Reversal) -> None:
    """Take back entries in a transaction of their own."""
    await shop.run(lambda book: book.reverse(reversals))


async def test_a_contra_entry(database: Database) -> None:
    """A reversal has the same accounts, the opposite amounts, the reason, and what it takes back."""
    shop = await open_shop(database, limit=20_000)
    sale = shop.sale(11_500, source=numbered(77))
    await shop.post(sale)
    await reverse(shop, Reversal(numbered(1), sale.id, minutes(3), "wrong meter"))
    row = await shop.look("SELECT e FROM ledger.entry AS e WHERE id = $1", numbered(1))
    assert (row["kind"], row["reverses"], row["note"], row["at"]) == ("reversal", sale.id, "wrong meter", minutes(3))
    assert row["accounts"] == sale.accounts
    assert row["amounts"] == [-amount for amount in sale.amounts]
    assert row["source_id"] == numbered(77)
    assert await shop.free() == 20_000
    assert (await prove(database, BOOKS)).holds


async def test_once_only(database: Database) -> None:
    """An entry is taken back once: not again later, and not twice in one list."""
    shop = await open_shop(database, limit=10**6)
    first, second = shop.sale(), shop.sale()
    await shop.post(first, second)
    await reverse(shop, Reversal(numbered(1), first.id, NOON, "mistake"))
    with pytest.raises(ReversalError, match="once only"):
        await reverse(shop, Reversal(numbered(2), first.id, NOON, "mistake"))
    with pytest.raises(ReversalError, match="once only"):
        await reverse(shop, *(Reversal(numbered(n), second.id, NOON, "mistake") for n in (3, 4)))


async def test_no_reversal_of_a_reversal(database: Database) -> None:
    """A reversal isn't taken back: what is right is booked anew."""
    shop = await open_shop(database, limit=10**6)
    sale = shop.sale()
    await shop.post(sale)
    await reverse(shop, Reversal(numbered(1), sale.id, NOON, "mistake"))
    with pytest.raises(ReversalError, match=f"{numbered(1)} is a reversal itself"):
        await reverse(shop, Reversal(numbered(2), numbered(1), NOON, "mistake in the mistake"))


async def test_what_isnt_booked(database: Database) -> None:
    """What isn't booked can't be taken back."""
    shop = await open_shop(database)
    with pytest.raises(ReversalError, match="there is no entry") as caught:
        await reverse(shop, Reversal(numbered(1), numbered(9), NOON, "mistake"))
    assert caught.value.subject == str(numbered(9))


@pytest.mark.parametrize("note", ["", " ", "\n\t"])
def test_no_reason(note: str) -> None:
    """A reversal has a reason."""
    with pytest.raises(InputError, match="say why"):
        Reversal(numbered(1), numbered(2), NOON, note)


async def test_a_deposit_that_was_spent(database: Database) -> None:
    """A deposit that bounced can't be taken back from a float that has spent it."""
    shop = await open_shop(database)
    deposit = shop.deposit(100)
    await shop.post(deposit, shop.sale(30))
    with pytest.raises(LimitError, match=f"account {shop.ids[FLOAT]}"):
        await reverse(shop, Reversal(numbered(1), deposit.id, NOON, "the cheque bounced"))


@pytest.mark.parametrize("times", [1, 2, -2])
async def test_the_database_knows_a_contra_entry(database: Database, times: int) -> None:
    """The database takes no entry for a reversal that isn't the exact opposite of a whole entry."""
    shop = await open_shop(database)
    debt = shop.entry((ARREARS, 50), (CASH, -50), kind="debt")
    await shop.post(debt)
    amounts = [amount * times for amount in debt.amounts]
    contra = Entry(numbered(1), NOON, "reversal", debt.accounts, amounts, note="x", reverses=debt.id)
    with pytest.raises(ReversalError, match=f"isn't the contra entry of {debt.id}"):
        await shop.post(contra)


@pytest.mark.parametrize(
    ("kind", "reverses", "note"), [("sale", 1, "why"), ("reversal", None, "why"), ("reversal", 1, None)]
)
async def test_only_a_reversal_reverses(database: Database, kind: str, reverses: int | None, note: str | None) -> None:
    """An entry that takes back another is of the kind "reversal" and has a reason, and no other entry is."""
    shop = await open_shop(database)
    sql = """INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts, reverses, note)
        VALUES ($1, $1, now(), $2, '{1, 2}', '{5, -5}', $3, $4)"""
    taken_back = reverses and numbered(reverses)
    with pytest.raises(EntryError, match="only a reversal takes back an entry"):
        await execute(database, sql, shop.utility, kind, taken_back, note)
