"""Vendors, what they may owe, what they pay in; and the books that say so."""

import asyncio
from typing import Any

import pytest

from tests.api.managing.desk import Clerk
from tests.registry.town import NOW, new_id
from tests.vending.shop import FLOAT, proven
from umbane.db import Connection
from umbane.ledger import ENERGY, AccountKey, Entry, Kind, open_book
from umbane.registry import vendor

LIMIT = "SELECT credit_limit FROM ledger.balance JOIN ledger.account a ON a.id = account WHERE a.owner_id = $1"


async def both_limits(clerk: Clerk, vendor_id: str) -> tuple[int, int]:
    """What a vendor may owe by the registry, and by the books."""
    shop = clerk.counter.shop
    async with shop.town.database.reading() as connection:
        said = (await vendor(connection, shop.town.id, new_id().__class__(vendor_id))).credit_limit
    return said, await shop.look(LIMIT, vendor_id)


async def a_vendor(clerk: Clerk, limit: int = 0) -> dict[str, Any]:
    """A new vendor."""
    body = {"code": "V-2", "name": "Tuck Shop", "credit_limit": limit, "reason": "new"}
    made: dict[str, Any] = await (clerk.together if limit else clerk.do)("/registry/vendors", body)
    return made


async def test_a_vendor(clerk: Clerk) -> None:
    """What a new vendor may owe stands in the registry and in the books, and so does every change of it."""
    made = await a_vendor(clerk, 50_000)
    assert await both_limits(clerk, made["id"]) == (50_000, 50_000)
    assert (made["owes"], made["held"], made["left"], made["blocked"]) == (0, 0, 50_000, False)
    path = f"/registry/vendors/{made['id']}"
    change = {"amount": 70_000, "reason": "good year", "edition": made["edition"]}
    changed = await clerk.together(f"{path}/credit-limit", change)
    assert await both_limits(clerk, made["id"]) == (70_000, 70_000)
    assert (await clerk.get(path)) == changed
    await clerk.refused(409, "conflict", f"{path}/credit-limit", change)
    other = {"code": "V-3", "name": "Spaza", "blocked": True, "reason": "moved", "edition": changed["edition"]}
    assert (await clerk.do(path, other, method="PUT"))["credit_limit"] == 70_000
    assert [it["code"] for it in await clerk.all_pages("/registry/vendors")] == ["V-1", "V-3"]


async def test_a_limit_below_what_is_owed(clerk: Clerk) -> None:
    """A limit that is lower than what is owed is refused, in the registry and in the books."""
    await clerk.counter.sell()
    town = clerk.counter.shop.town
    path = f"/registry/vendors/{town.vendor.id}"
    before = await clerk.get(path)
    assert before["owes"] == 20_000
    body = {"amount": 19_999, "reason": "bad year", "edition": before["edition"]}
    await clerk.refused(402, "float_exhausted", f"{path}/credit-limit", body)
    assert await both_limits(clerk, str(town.vendor.id)) == (town.vendor.credit_limit, FLOAT)


async def test_somebody_who_is_stopped(clerk: Clerk) -> None:
    """A till that is stopped sells nothing until it is free again; the same goes for its vendor."""
    town = clerk.counter.shop.town
    path = f"/registry/terminals/{town.terminal.id}"
    for blocked, status in ((True, 403), (False, 201)):
        body = {"blocked": blocked, "reason": "stolen", "edition": (await clerk.get(path))["edition"]}
        await clerk.do(path, body, method="PUT")
        assert (await clerk.counter.sell()).status_code == status
    path = f"/registry/vendors/{town.vendor.id}"
    fields = {"code": "V-1", "name": "Corner Shop", "blocked": True, "reason": "in arrears"}
    await clerk.do(path, fields | {"edition": (await clerk.get(path))["edition"]}, method="PUT")
    assert (await clerk.counter.sell()).json()["code"] == "seller_blocked"


async def test_a_till(clerk: Clerk) -> None:
    """A vendor gets another till; a code that is taken, and a vendor that isn't there, are refused."""
    town = clerk.counter.shop.town
    path = f"/registry/vendors/{town.vendor.id}/terminals"
    await clerk.do(path, {"code": "T-9"})
    assert [it["code"] for it in await clerk.all_pages(path)] == ["T-1", "T-9"]
    await clerk.refused(409, "conflict", path, {"code": "T-9"})
    await clerk.refused(404, "unknown_vendor", f"/registry/vendors/{new_id()}/terminals", {"code": "T-9"})


async def test_a_deposit(clerk: Clerk) -> None:
    """What a vendor pays in can be sold for; what was booked wrongly is taken back by a contra entry, once, by name."""
    made = await a_vendor(clerk)
    path = f"/books/vendors/{made['id']}/deposits"
    first = await clerk.do(path, {"money": 40_000, "reference": "bank 4711"})
    assert (first["amount"], first["vendor"]["owes"], first["vendor"]["left"]) == (40_000, -40_000, 40_000)
    second = await clerk.do(path, {"money": "100.50", "currency": "ZAR", "reference": "bank 4712"})
    assert (second["amount"], second["vendor"]["left"]) == (10_050, 50_050)
    back = await clerk.together(f"/books/deposits/{first['id']}/reversal", {"reason": "it was another vendor's"})
    assert (back["amount"], back["reverses"], back["vendor"]["left"]) == (-40_000, first["id"], 10_050)
    note = await clerk.counter.shop.look("SELECT note FROM ledger.entry WHERE kind = 'reversal'")
    assert note.startswith("it was another vendor's (operator:p-")
    await clerk.refused(422, "books_refuse", f"/books/deposits/{first['id']}/reversal", {"reason": "again"})
    await clerk.refused(404, "unknown_deposit", f"/books/deposits/{back['id']}/reversal", {"reason": "no"})
    await proven(clerk.counter.shop)


async def test_a_reference_twice(clerk: Clerk) -> None:
    """A payment is booked once for its reference, also under another key, and for each vendor by itself."""
    town, other = clerk.counter.shop.town, await a_vendor(clerk)
    path, body = f"/books/vendors/{town.vendor.id}/deposits", {"money": 1_000, "reference": "bank 4711"}
    await clerk.do(path, body)
    await clerk.refused(409, "already_booked", path, body)
    await clerk.refused(409, "already_booked", path, body | {"money": 2_000})
    await clerk.do(f"/books/vendors/{other['id']}/deposits", body)
    assert await clerk.counter.shop.look("SELECT count(*) FROM ledger.entry WHERE kind <> 'debt'") == 2


async def test_a_deposit_that_is_spent(clerk: Clerk) -> None:
    """A deposit that was sold for isn't taken back from the float, and a sale is no deposit."""
    town = clerk.counter.shop.town
    path = f"/registry/vendors/{town.vendor.id}"
    paid = await clerk.do(f"/books/vendors/{town.vendor.id}/deposits", {"money": 50_000, "reference": "cash"})
    body = {"amount": 0, "reason": "prepaid from now on", "edition": (await clerk.get(path))["edition"]}
    await clerk.together(f"{path}/credit-limit", body)
    sale = (await clerk.counter.sell()).json()
    await clerk.refused(402, "float_exhausted", f"/books/deposits/{paid['id']}/reversal", {"reason": "bounced"})
    await clerk.refused(404, "unknown_deposit", f"/books/deposits/{sale['id']}/reversal", {"reason": "no"})
    await proven(clerk.counter.shop)


async def test_a_deposit_from_elsewhere(clerk: Clerk) -> None:
    """A deposit that was booked in another way is taken back like any other."""
    town, id_ = clerk.counter.shop.town, new_id()

    async def work(tx: Connection) -> None:
        book = await open_book(tx, town.id)
        cash, float_ = AccountKey(Kind.CASH, "ZAR"), AccountKey(Kind.VENDOR_FLOAT, "ZAR", town.vendor.id)
        numbers = await book.accounts([cash, float_])
        await book.post([Entry(id_, NOW, "deposit", [numbers[cash], numbers[float_]], [700, -700])])

    await town.database.run(work)
    back = await clerk.together(f"/books/deposits/{id_}/reversal", {"reason": "counted wrongly"})
    assert (back["amount"], back["vendor"]["code"], back["vendor"]["owes"]) == (-700, "V-1", 0)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"money": 0, "reference": "cash"}, 400, "bad_body"),
        ({"money": -1, "reference": "cash"}, 400, "bad_body"),
        ({"money": 1.5, "reference": "cash"}, 400, "bad_body"),
        ({"money": 100}, 400, "bad_body"),
        ({"money": "1.00", "reference": "cash"}, 422, "bad_value"),
        ({"money": "1.001", "currency": "ZAR", "reference": "cash"}, 422, "bad_value"),
        ({"money": 100, "currency": "KES", "reference": "cash"}, 422, "bad_value"),
    ],
)
async def test_a_deposit_that_can_not_be(clerk: Clerk, body: dict[str, Any], status: int, code: str) -> None:
    """Nothing, less than nothing, parts of a cent, other currencies and money without a reference are not booked."""
    path = f"/books/vendors/{clerk.counter.shop.town.vendor.id}/deposits"
    await clerk.refused(status, code, path, body)
    assert await clerk.counter.shop.look("SELECT count(*) FROM ledger.entry WHERE kind <> 'debt'") == 0


# ---------------------------------------------------------------------------------------------------------------- once


async def test_the_same_key(clerk: Clerk) -> None:
    """What is sent twice is booked once, and answered alike; the same key with other words is a conflict."""
    path = f"/books/vendors/{clerk.counter.shop.town.vendor.id}/deposits"
    body = {"money": 1_000, "reference": "cash"}
    first = await clerk.do(path, body, key="one")
    assert await clerk.do(path, body, key="one", status=200) == first
    other = await clerk.ask("POST", path, body | {"money": 1_001}, "one")
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    elsewhere = await clerk.ask("POST", "/registry/customers", {"name": "Zoë"}, "one")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "key_conflict")
    assert await clerk.counter.shop.look("SELECT count(*) FROM ledger.entry WHERE kind <> 'debt'") == 1


async def test_the_same_key_at_once(clerk: Clerk) -> None:
    """The same wish many times at the same moment is fulfilled once, and all get that answer."""
    path = f"/books/vendors/{clerk.counter.shop.town.vendor.id}/deposits"
    body = {"money": 1_000, "reference": "cash"}
    answers = await asyncio.gather(*(clerk.ask("POST", path, body, "one") for _ in range(8)))
    assert sorted(it.status_code for it in answers) == [200] * 7 + [201]
    assert len({it.text for it in answers}) == 1
    assert await clerk.counter.shop.look("SELECT count(*) FROM ledger.entry WHERE kind <> 'debt'") == 1


async def test_a_key_of_a_refusal(clerk: Clerk) -> None:
    """A refusal takes no key: what is right may come with the same one."""
    await clerk.do("/registry/customers", {"name": "=1"}, key="one", status=422)
    await clerk.do("/registry/customers", {"name": "One"}, key="one")


@pytest.mark.parametrize("key", ["", "a b", "ü", "a" * 65, "-a"])
async def test_a_key_that_is_none(clerk: Clerk, key: str) -> None:
    """Without a key of the right form nothing is done."""
    answer = await clerk.ask("POST", "/registry/customers", {"name": "One"}, headers={"Idempotency-Key": key.encode()})
    assert answer.status_code == 400
    assert len(await clerk.all_pages("/registry/customers")) == 1


# --------------------------------------------------------------------------------------------------------------- books


async def test_trial_balance(clerk: Clerk) -> None:
    """Debits and credits are equal in each unit, and before the first sale there is only what was owed already."""
    await clerk.counter.sell()
    found = await clerk.get("/books/trial-balance", until="2026-03-13T00:00:00Z")
    assert {it["unit"] for it in found["items"]} == {"ZAR", ENERGY}
    for unit in ("ZAR", ENERGY):
        lines = [it for it in found["items"] if it["unit"] == unit]
        assert sum(it["debits"] for it in lines) == sum(it["credits"] for it in lines) > 0
    before = (await clerk.get("/books/trial-balance", until="2026-03-12T09:00:00Z"))["items"]
    assert {it["kind"] for it in before} == {"arrears", "opening"}


async def test_a_statement(clerk: Clerk) -> None:
    """A statement has every posting once, whatever its pages are, and its balances lead from one to the next."""
    for place in range(5):
        await clerk.counter.sell(kind="buy", money=10_000 + place)
        clerk.counter.shop.wait(minutes=place % 2)  # some at the very same moment
    [account] = await clerk.all_pages("/books/accounts", kind="vendor_float")
    path = f"/books/accounts/{account['number']}/statement"
    period = {"until": "2026-03-13T00:00:00Z"}
    whole = [await clerk.all_pages(path, limit, **period) for limit in (1, 2, 100)]
    assert whole[0] == whole[1] == whole[2]
    assert [it["amount"] for it in whole[0]] == [10_000, 10_001, 10_002, 10_003, 10_004]
    assert whole[0][-1]["balance"] == 50_010
    page = await clerk.get(path, limit=2, cursor=(await clerk.get(path, limit=3, **period))["next_cursor"], **period)
    assert (page["opening"], len(page["items"])) == (30_003, 2)
    later = await clerk.get(path, since="2026-03-12T09:01:00Z", **period)
    assert (later["opening"], len(later["items"])) == (20_001, 3)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/books/accounts/999999/statement", 404),
        ("/books/accounts/9999999999/statement", 422),
        ("/books/accounts/one/statement", 422),
        ("/books/accounts/1/statement?since=0001-01-01T00:00:00%2B05:00", 422),
        ("/books/accounts/1/statement?since=2026-03-12", 400),
        ("/books/trial-balance?until=9999-12-31T23:59:59-05:00", 422),
        ("/books/trial-balance?until=2026-03-12T00:00:00", 400),
    ],
)
async def test_books_that_are_not_there(clerk: Clerk, path: str, status: int) -> None:
    """Accounts that nobody has and moments without an offset, or of other ages, are refused."""
    assert (await clerk.ask("GET", path)).status_code == status


async def test_closing(clerk: Clerk) -> None:
    """A period is closed once, never before it is over, and what is booked later counts from its end on."""
    clerk.counter.shop.wait(days=30)
    body = {"until": "2026-04-01T00:00:00+02:00", "note": "March"}
    closed = await clerk.do("/books/periods", body)
    assert closed["note"].startswith("March (operator:p-")
    await clerk.refused(422, "books_refuse", "/books/periods", body)
    await clerk.refused(422, "books_refuse", "/books/periods", {"until": "2027-01-01T00:00:00Z", "note": "early"})
    while not (await clerk.get("/books/periods"))["items"][0]["summed"]:  # noqa: ASYNC110 - a job does it
        await asyncio.sleep(0.05)
    assert len((await clerk.get("/books/periods"))["items"]) == 1


async def test_a_proof(clerk: Clerk) -> None:
    """A proof that somebody asks for is done beside the sales, and says of each claim whether it holds."""
    await clerk.counter.sell()
    asked = await clerk.do("/books/proofs", {})
    assert (asked["holds"], asked["findings"]) == (None, [])
    while (proof := await clerk.get(f"/books/proofs/{asked['id']}"))["finished_at"] is None:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    assert proof["holds"] is True
    assert {"entries", "balances", "tokens counted"} <= {it["claim"] for it in proof["findings"]}
    await clerk.refused(404, "unknown_proof", f"/books/proofs/{new_id()}", None, method="GET")


def test_the_day() -> None:
    """The town's clock stands in the period that the tests above look at."""
    assert NOW.date().isoformat() == "2026-03-12"
