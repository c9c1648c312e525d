"""What the log is told of the books: whatever is no sale, in the transaction that books it."""

import json
from typing import Any

import pytest

from tests.database import by_owner
from tests.ledger.support import FLOAT, HOUSE, NOON, VENDOR, Shop, minutes, numbered, open_shop
from umbane.audit import moment
from umbane.audit.store import waiting
from umbane.db import Database
from umbane.ledger import CreditLimit, LimitError, Reversal, close_period


@pytest.fixture
async def shop(database: Database) -> Shop:
    """Give a shop in which vendors may owe something."""
    return await open_shop(database, limit=20_000)


async def told(shop: Shop, kind: str) -> list[dict[str, Any]]:
    """What the log says of this kind."""
    async with shop.database.reading() as connection:
        lines = [line for it in await waiting(connection, 99) for line in it.lines]
    return [it for it in map(json.loads, lines) if it["kind"] == kind]


async def test_an_entry(shop: Shop) -> None:
    """What a vendor pays in stands in the log with its accounts by name, its amounts, its note and its moment."""
    deposit = shop.deposit(500, note="REF-7", at=minutes(3))
    await shop.post(deposit)
    [said] = await told(shop, "entry")
    assert (said["utility"], said["id"], said["at"]) == (str(HOUSE), str(deposit.id), moment(minutes(3)))
    assert (said["entry"], said["note"]) == ("deposit", "REF-7")
    assert said["postings"] == [
        {"account": "cash bank", "amount": 500, "unit": "ZAR"},
        {"account": "vendor_float", "amount": -500, "owner": str(VENDOR), "unit": "ZAR"},
    ]


async def test_a_reversal(shop: Shop) -> None:
    """That an entry was taken back stands in the log, with which and why."""
    deposit = shop.deposit(500)
    await shop.post(deposit)
    await shop.run(lambda book: book.reverse([Reversal(numbered(1), deposit.id, minutes(3), "mistake")]))
    _, said = await told(shop, "entry")
    assert (said["entry"], said["reverses"], said["note"]) == ("reversal", str(deposit.id), "mistake")
    assert [it["amount"] for it in said["postings"]] == [-500, 500]


async def test_a_limit(shop: Shop) -> None:
    """What a vendor may owe stands in the log each time that it is set, with why."""
    before = len(await told(shop, "limit"))
    limit = CreditLimit(shop.ids[FLOAT], 30_000, minutes(3), "pays on time")
    await shop.run(lambda book: book.set_credit_limits([limit]))
    said = (await told(shop, "limit"))[before:]
    assert [(it["owner"], it["amount"], it["note"]) for it in said] == [(str(VENDOR), 30_000, "pays on time")]


async def test_a_period(shop: Shop) -> None:
    """That a period was closed stands in the log; what is booked into it later is told at the moment that it counts."""
    await close_period(shop.database, HOUSE, minutes(1), minutes(2), "March")
    [said] = await told(shop, "period")
    assert (said["until"], said["at"], said["note"]) == (moment(minutes(1)), moment(minutes(2)), "March")
    await shop.post(shop.deposit(500, at=NOON))
    [late] = await told(shop, "entry")
    assert (late["at"], "closed" in late["note"]) == (moment(minutes(1)), True)


async def test_sales_tell_themselves(shop: Shop) -> None:
    """The entry of a sale isn't told here: the sale is."""
    await shop.run(lambda book: book.post_sales([shop.sale()]))
    assert await told(shop, "entry") == []


async def test_what_is_refused_is_not_told(shop: Shop) -> None:
    """An entry that the books refuse isn't in the log."""
    with pytest.raises(LimitError):
        await shop.post(shop.deposit(500), shop.entry((FLOAT, 99_999), (FLOAT, -1), kind="x"))
    assert await told(shop, "entry") == []


BREAK = "ALTER TABLE audit.batch ADD CONSTRAINT broken CHECK (false) NOT VALID"


async def test_no_log_no_entry(shop: Shop) -> None:
    """While the log can't be written nothing is booked, no limit is set, and no period is closed."""
    await by_owner(shop.database, BREAK)
    limit = CreditLimit(shop.ids[FLOAT], 30_000, NOON, "x")
    for work in (
        lambda book: book.post([shop.deposit(500)]),
        lambda book: book.set_credit_limits([limit]),
    ):
        with pytest.raises(Exception, match="broken"):
            await shop.run(work)
    with pytest.raises(Exception, match="broken"):
        await close_period(shop.database, HOUSE, minutes(1), minutes(2), "March")
    assert await shop.free() == 20_000
    assert await shop.look("SELECT count(*) FROM ledger.period") == 0
