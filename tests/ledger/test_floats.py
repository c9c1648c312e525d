"""Floats: what a vendor may spend, decided for many sales at once, exactly."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.ledger.support import (
    CASH,
    FLOAT,
    HOUSE,
    NOON,
    OTHER_FLOAT,
    REVENUE,
    Shop,
    new_house,
    open_shop,
)
from umbane.db import Connection, Database
from umbane.errors import InputError
from umbane.ledger import (
    AccountKey,
    Book,
    CreditLimit,
    Demand,
    Kind,
    LimitError,
    Opening,
    Standing,
    UnknownAccountError,
)
from umbane.ledger.reading import guarded


async def admit(shop: Shop, *demands: tuple[AccountKey, int]) -> list[bool]:
    """Which of these demands fit."""
    return await shop.run(lambda book: book.admit([Demand(shop.ids[key], amount) for key, amount in demands]))


async def set_limit(shop: Shop, limit: CreditLimit) -> None:
    """Set a limit in a transaction of its own."""
    await shop.run(lambda book: book.set_credit_limits([limit]))


async def sell(shop: Shop, amounts: list[int]) -> list[bool]:
    """Sell for each of these amounts what the float admits, in one transaction."""

    async def work(book: Book) -> list[bool]:
        fits = await book.admit([Demand(shop.ids[FLOAT], amount) for amount in amounts])
        await book.post([shop.sale(amount) for amount, fitted in zip(amounts, fits, strict=True) if fitted])
        return fits

    return await shop.run(work)


async def test_what_fits_in_order(database: Database) -> None:
    """Of demands beyond a limit exactly those are admitted that fit in order; smaller ones may still fit."""
    shop = await open_shop(database, limit=100)
    assert await admit(shop, (FLOAT, 60), (FLOAT, 50), (FLOAT, 40), (FLOAT, 1), (FLOAT, 0)) == [
        True, False, True, False, True,
    ]  # fmt: skip


async def test_floats_are_apart(database: Database) -> None:
    """What one vendor spends is nothing to another."""
    shop = await open_shop(database, limit=100)
    assert await admit(shop, (FLOAT, 100), (OTHER_FLOAT, 100), (FLOAT, 1), (OTHER_FLOAT, 1)) == [
        True, True, False, False,
    ]  # fmt: skip


async def test_opened_on_the_way(database: Database) -> None:
    """Books opened by another room's statement know from when, where floats stand, and which accounts are there."""
    shop = await open_shop(database, limit=100)
    nobody = AccountKey(Kind.VENDOR_FLOAT, "ZAR", new_house())
    opening = Opening(HOUSE, [shop.ids[FLOAT]], [REVENUE, nobody, FLOAT])

    async def work(connection: Connection) -> tuple[Book, list[bool]]:
        row = await connection.fetchrow("SELECT * FROM ledger.opening($1, $2, $3, $4, $5, $6)", *opening.values)
        assert row
        book = opening.book(connection, *row)
        return book, await book.admit([Demand(shop.ids[FLOAT], amount) for amount in (60, 50, 40)])

    book, fits = await database.run(work)
    assert book.known == {REVENUE: shop.ids[REVENUE], FLOAT: shop.ids[FLOAT]}
    assert book.opened.year == 1
    assert fits == [True, False, True]


async def test_no_demands(database: Database) -> None:
    """No demands have no answers."""
    assert await admit(await open_shop(database)) == []


async def test_paid_in_advance(database: Database) -> None:
    """What was paid in can be spent, with or without credit, and nothing more."""
    shop = await open_shop(database)
    await shop.post(shop.deposit(100))
    assert await admit(shop, (FLOAT, 100), (FLOAT, 1)) == [True, False]
    await shop.post(shop.sale(99))
    assert await shop.free() == 1
    assert await admit(shop, (FLOAT, 2), (FLOAT, 1)) == [False, True]


async def test_admitted_twice_in_one_transaction(database: Database) -> None:
    """Within one transaction later demands see what earlier ones took, before and after it was posted."""
    shop = await open_shop(database, limit=100)

    async def work(book: Book) -> list[bool]:
        answers = await book.admit([Demand(shop.ids[FLOAT], 60)])
        answers += await book.admit([Demand(shop.ids[FLOAT], 60)])
        await book.post([shop.sale(60)])
        return answers + await book.admit([Demand(shop.ids[FLOAT], 41), Demand(shop.ids[FLOAT], 40)])

    assert await shop.run(work) == [True, False, False, True]
    assert await shop.free() == 40


async def test_what_isnt_posted_stays_free(database: Database) -> None:
    """A demand that was admitted and not posted takes nothing once the transaction has ended."""
    shop = await open_shop(database, limit=100)
    assert await admit(shop, (FLOAT, 100)) == [True]
    assert await admit(shop, (FLOAT, 100)) == [True]


@pytest.mark.parametrize("key", [CASH, REVENUE])
async def test_accounts_without_a_limit(database: Database, key: AccountKey) -> None:
    """Only guarded accounts can be spent from."""
    shop = await open_shop(database)
    with pytest.raises(UnknownAccountError, match="has no credit limit"):
        await admit(shop, (FLOAT, 0), (key, 1))


@pytest.mark.parametrize("amount", [-1, -(10**18)])
def test_negative_demands(amount: int) -> None:
    """Less than nothing can't be spent."""
    with pytest.raises(InputError, match="can't be spent; at least 0"):
        Demand(1, amount)


async def test_the_database_itself_guards(database: Database) -> None:
    """Whoever posts beyond a limit without asking is refused by the database, and told which account it was."""
    shop = await open_shop(database, limit=100)
    with pytest.raises(LimitError, match=f"account {shop.ids[FLOAT]} would exceed its credit limit") as caught:
        await shop.post(shop.sale(50), shop.sale(51))
    assert caught.value.subject == str(shop.ids[FLOAT])
    assert await shop.free() == 100


async def test_a_deposit_makes_room_in_the_same_list(database: Database) -> None:
    """Entries that are booked together count together."""
    shop = await open_shop(database)
    await shop.post(shop.sale(50), shop.deposit(50))
    assert await shop.free() == 0


async def test_credit_limits(database: Database) -> None:
    """The credit limit that was set last holds."""
    shop = await open_shop(database, limit=100)
    limits = [CreditLimit(shop.ids[FLOAT], amount, NOON, "more trade") for amount in (500, 300)]

    async def work(book: Book) -> list[bool]:
        await book.admit([Demand(shop.ids[FLOAT], 1)])
        await book.set_credit_limits(limits)
        return await book.admit([Demand(shop.ids[FLOAT], 301), Demand(shop.ids[FLOAT], 300)])

    assert await shop.run(work) == [False, True]
    async with database.reading() as connection:
        assert await guarded(connection, HOUSE) == [
            Standing(shop.ids[FLOAT], 0, 0, 300),
            Standing(shop.ids[OTHER_FLOAT], 0, 0, 100),
        ]
        assert await guarded(connection, HOUSE, [shop.ids[CASH]]) == []


async def test_a_limit_below_what_is_used(database: Database) -> None:
    """A limit goes down to what is used, and not below."""
    shop = await open_shop(database, limit=100)
    await shop.post(shop.sale(60))
    with pytest.raises(LimitError, match="would exceed"):
        await set_limit(shop, CreditLimit(shop.ids[FLOAT], 59, NOON, "less trade"))
    await set_limit(shop, CreditLimit(shop.ids[FLOAT], 60, NOON, "less trade"))
    assert await shop.free() == 0


@pytest.mark.parametrize(
    ("amount", "note", "problem"),
    [(-1, "why", "between 0"), (10**15 + 1, "why", "between 0"), (5, "", "without a reason")],
)
async def test_limits_that_are_none(database: Database, amount: int, note: str, problem: str) -> None:
    """A limit is between 0 and 10¹⁵, and set for a reason."""
    shop = await open_shop(database)
    with pytest.raises(LimitError, match=problem):
        await set_limit(shop, CreditLimit(shop.ids[FLOAT], amount, NOON, note))


async def test_a_limit_for_another_account(database: Database) -> None:
    """Only guarded accounts have a limit."""
    shop = await open_shop(database)
    for number in (shop.ids[CASH], 999):
        with pytest.raises(UnknownAccountError, match=f"account {number} has no credit limit"):
            await set_limit(shop, CreditLimit(number, 5, NOON, "why"))


async def test_accounts_of_a_vendor_in_two_currencies(database: Database) -> None:
    """A vendor's floats in two currencies are two floats."""
    shop = await open_shop(database, limit=100)
    euro = AccountKey(Kind.VENDOR_FLOAT, "EUR", FLOAT.owner)
    shop.ids |= await shop.run(lambda book: book.accounts([euro]))
    assert await admit(shop, (FLOAT, 100), (euro, 1)) == [True, False]


def greedy(limit: int, amounts: Sequence[int]) -> list[bool]:
    """The model: take what fits, one after the other."""
    fits = []
    for amount in amounts:
        fits.append(amount <= limit)
        limit -= amount * fits[-1]
    return fits


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    limit=some.integers(0, 300),
    batches=some.lists(some.lists(some.integers(1, 120), max_size=8), max_size=4),
)
async def test_any_demands(database: Database, limit: int, batches: list[list[int]]) -> None:
    """Whatever is demanded, batch after batch, the same is admitted as when each stood in line alone."""
    shop = await open_shop(database, new_house(), limit)
    answers: list[bool] = []
    for amounts in batches:
        answers += await sell(shop, amounts)
    assert answers == greedy(limit, [amount for amounts in batches for amount in amounts])
