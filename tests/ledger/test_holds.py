"""Holds: money set aside, then posted or voided, each once."""

from datetime import timedelta

import pytest

from tests.ledger.support import (
    CASH,
    FLOAT,
    HOUSE,
    NOON,
    OTHER_FLOAT,
    REVENUE,
    Shop,
    execute,
    minutes,
    numbered,
    open_shop,
)
from umbane.db import Database
from umbane.errors import InputError
from umbane.ledger import (
    BOOKS,
    AccountKey,
    Book,
    Demand,
    Hold,
    HoldError,
    HoldRequest,
    HoldState,
    LimitError,
    UnknownAccountError,
    prove,
)


def request(shop: Shop, number: int, amount: int, key: AccountKey = FLOAT, expires: int = 5) -> HoldRequest:
    """A request to hold an amount from noon on."""
    return HoldRequest(numbered(number), shop.ids[key], amount, NOON, minutes(expires))


async def hold(shop: Shop, *requests: HoldRequest) -> list[bool]:
    """Set money aside in a transaction of its own."""
    return await shop.run(lambda book: book.hold(requests))


async def void(shop: Shop, *numbers: int) -> None:
    """Set money free again."""
    await shop.run(lambda book: book.void([numbered(number) for number in numbers], minutes(1), "the module said no"))


async def test_what_is_held_cant_be_spent(database: Database) -> None:
    """A hold takes from what can be spent, until it is voided."""
    shop = await open_shop(database, limit=100)
    assert await hold(shop, request(shop, 1, 60), request(shop, 2, 50), request(shop, 3, 40)) == [True, False, True]
    assert await shop.free() == 0
    with pytest.raises(LimitError):
        await shop.post(shop.sale(1))
    await void(shop, 1)
    assert await shop.free() == 60


async def test_no_holds(database: Database) -> None:
    """No requests hold nothing."""
    shop = await open_shop(database)
    assert await hold(shop) == []
    await void(shop)


async def test_a_hold_is_posted(database: Database) -> None:
    """An entry that names a hold books the money and sets it free, in one."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 100))
    sale = shop.sale(100, hold=numbered(1))
    await shop.post(sale)
    row = await shop.look("SELECT h FROM ledger.hold AS h")
    assert (row["state"], row["entry_id"], row["ended_at"]) == ("posted", sale.id, sale.at)
    assert await shop.free() == 0
    assert (await prove(database, BOOKS)).holds


async def test_less_than_was_held(database: Database) -> None:
    """What an entry needs less than was held is free again."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 100))
    await shop.post(shop.sale(30, hold=numbered(1)))
    assert await shop.free() == 70


async def test_more_than_was_held(database: Database) -> None:
    """What an entry needs beyond its hold must be free."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 60), request(shop, 2, 30))
    with pytest.raises(LimitError):
        await shop.post(shop.sale(71, hold=numbered(1)))
    await shop.post(shop.sale(70, hold=numbered(1)))
    assert await shop.free() == 0


async def test_many_holds_at_once(database: Database) -> None:
    """A list of entries may post a hold each, on several accounts, beside others that post none."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 50), request(shop, 2, 50), request(shop, 3, 90, OTHER_FLOAT))
    await shop.post(
        shop.sale(50, hold=numbered(1)),
        shop.sale(10, OTHER_FLOAT),
        shop.sale(90, OTHER_FLOAT, hold=numbered(3)),
        shop.sale(50, hold=numbered(2)),
    )
    assert (await shop.free(), await shop.free(OTHER_FLOAT)) == (0, 0)
    assert (await prove(database, BOOKS)).holds


async def test_a_hold_ends_once(database: Database) -> None:
    """A hold that was posted or voided is neither posted nor voided again."""
    shop = await open_shop(database, limit=1000)
    await hold(shop, request(shop, 1, 10), request(shop, 2, 10))
    await shop.post(shop.sale(10, hold=numbered(1)))
    await void(shop, 2)
    for number in (1, 2, 3):
        with pytest.raises(HoldError, match=f"hold {numbered(number)} isn't pending") as caught:
            await void(shop, number)
        assert caught.value.subject == str(numbered(number))
        with pytest.raises(HoldError, match=f"can't post hold {numbered(number)}: it isn't pending"):
            await shop.post(shop.sale(10, hold=numbered(number)))
    assert await shop.free() == 990


async def test_two_entries_for_one_hold(database: Database) -> None:
    """Two entries of one list can't both post the same hold."""
    shop = await open_shop(database, limit=1000)
    await hold(shop, request(shop, 1, 10))
    with pytest.raises(HoldError, match="isn't pending"):
        await shop.post(shop.sale(10, hold=numbered(1)), shop.sale(10, hold=numbered(1)))
    assert await shop.free() == 990


async def test_all_or_none_are_voided(database: Database) -> None:
    """When one hold of a list isn't pending, none is voided."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 10))
    with pytest.raises(HoldError):
        await void(shop, 1, 2)
    assert await shop.free() == 90


async def test_a_hold_of_another_account(database: Database) -> None:
    """An entry posts no hold of an account that it doesn't touch."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 10, OTHER_FLOAT))
    with pytest.raises(HoldError, match="it isn't pending on an account of the entry"):
        await shop.post(shop.sale(10, hold=numbered(1)))


async def test_an_id_twice(database: Database) -> None:
    """The id of a hold is used once."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 10))
    with pytest.raises(HoldError, match="made already"):
        await hold(shop, request(shop, 1, 10))
    await void(shop, 1)
    with pytest.raises(HoldError, match="made already"):
        await hold(shop, request(shop, 1, 10))


@pytest.mark.parametrize("key", [CASH, REVENUE])
async def test_accounts_without_a_limit(database: Database, key: AccountKey) -> None:
    """Money is held on guarded accounts only."""
    shop = await open_shop(database)
    with pytest.raises(UnknownAccountError, match="has no credit limit"):
        await hold(shop, request(shop, 1, 10, key))


@pytest.mark.parametrize("state", ["posted", "voided"])
async def test_a_hold_begins_as_pending(database: Database, state: str) -> None:
    """A hold can't be made as one that has ended."""
    shop = await open_shop(database, limit=100)
    sql = """INSERT INTO ledger.hold (utility_id, id, account, amount, at, expires_at, state, ended_at, entry_id, note)
        VALUES ($1, $1, $2, 5, now(), now() + interval '1 h', $3, now(), $4, $5)"""
    entry, note = (HOUSE, None) if state == "posted" else (None, "why")
    values = (HOUSE, shop.ids[FLOAT], state, entry, note)
    with pytest.raises(UnknownAccountError, match="takes no such hold"):
        await execute(database, sql, *values)


async def test_holds_count_in_later_demands(database: Database) -> None:
    """Within one transaction what was held can't be admitted again."""
    shop = await open_shop(database, limit=100)

    async def work(book: Book) -> list[bool]:
        return await book.hold([request(shop, 1, 60)]) + await book.admit([Demand(shop.ids[FLOAT], 41)])

    assert await shop.run(work) == [True, False]


async def test_expired_holds(database: Database) -> None:
    """Holds that are pending past their time are listed, the oldest first, and stay pending."""
    shop = await open_shop(database, limit=100)
    await hold(shop, *(request(shop, number, 10, expires=10 - number) for number in range(1, 5)))
    await void(shop, 4)
    found = await shop.run(lambda book: book.expired_holds(minutes(8)))
    assert found == [
        Hold(numbered(3), shop.ids[FLOAT], 10, NOON, minutes(7), HoldState.PENDING, None, None),
        Hold(numbered(2), shop.ids[FLOAT], 10, NOON, minutes(8), HoldState.PENDING, None, None),
    ]
    assert await shop.run(lambda book: book.expired_holds(minutes(8), most=1)) == found[:1]
    assert await shop.run(lambda book: book.expired_holds(minutes(6))) == []
    assert await shop.free() == 70


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_to_hold(amount: int) -> None:
    """A hold of nothing is refused."""
    with pytest.raises(InputError, match="at least 1"):
        HoldRequest(numbered(1), 1, amount, NOON, minutes(1))


@pytest.mark.parametrize("length", [timedelta(0), timedelta(microseconds=-1)])
def test_a_hold_that_is_over_before_it_begins(length: timedelta) -> None:
    """A hold ends after it begins."""
    with pytest.raises(InputError, match="name a later moment"):
        HoldRequest(numbered(1), 1, 5, NOON, NOON + length)


async def test_a_void_without_a_reason(database: Database) -> None:
    """A hold is voided for a reason."""
    shop = await open_shop(database, limit=100)
    await hold(shop, request(shop, 1, 10))
    with pytest.raises(HoldError, match="without a reason"):
        await shop.run(lambda book: book.void([numbered(1)], NOON, ""))
