"""Debts and rights to free units, put on an account by two people, and through the books."""

from typing import Any

import pytest

from tests.api.managing.desk import Clerk
from tests.registry.town import new_id
from tests.vending.shop import proven

KIND = "outstanding"
STANDING = """
SELECT coalesce(sum(l.amount), 0)::bigint FROM ledger.line l JOIN ledger.account a ON a.id = l.account
WHERE a.kind = 'arrears' AND a.owner_id = $1 AND a.name = $2"""


def debts_of(clerk: Clerk) -> str:
    """Where debts are put on the town's account."""
    return f"/books/contracts/{clerk.counter.shop.town.contract.id}/debts"


def a_debt(**other: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A debt that was owed before, elsewhere."""
    usual = {"kind": KIND, "money": 5_000, "origin": "taken_over", "reason": "from the old system", "evidence": "p. 7"}
    return usual | other


async def stands(clerk: Clerk, kind: str = KIND) -> tuple[int, int]:
    """What is owed by the contract, and what its account in the books stands at."""
    contract = clerk.counter.shop.town.contract.id
    owed = {it["kind"]: it["amount"] for it in (await clerk.get(f"/registry/contracts/{contract}"))["debts"]}
    return owed.get(kind, 0), await clerk.counter.shop.look(STANDING, contract, kind)


async def test_a_debt(clerk: Clerk) -> None:
    """A debt is booked, and purchases pay it; taken back by a contra entry, it is as if it had never been."""
    owed, booked = await stands(clerk)
    made = await clerk.together(debts_of(clerk), a_debt())
    assert (made["amount"], made["contract"]["debts"][0]["amount"]) == (5_000, owed + 5_000)
    assert await stands(clerk) == (owed + 5_000, booked + 5_000)
    back = await clerk.together(f"/books/debts/{made['id']}/reversal", {"reason": "another account's"})
    assert (back["amount"], back["reverses"]) == (-5_000, made["id"])
    assert await stands(clerk) == (owed, booked)
    await clerk.refused(409, "transition", f"/books/debts/{made['id']}/reversal", {"reason": "again"})
    await clerk.refused(404, "unknown_debt", f"/books/debts/{back['id']}/reversal", {"reason": "no"})
    await proven(clerk.counter.shop)


async def test_what_was_paid(clerk: Clerk) -> None:
    """A charge is collected by purchases, and isn't taken back when less than all of it is owed."""
    charge = a_debt(kind="reconnection", money="50.00", currency="ZAR", origin="charged", percent="100")
    made = await clerk.together(debts_of(clerk), charge)
    assert await stands(clerk, "reconnection") == (5_000, 5_000)
    lines = (await clerk.counter.sell()).json()["lines"]
    assert ["reconnection", 5_000] in [[it["name"], it["amount"]] for it in lines]
    assert await stands(clerk, "reconnection") == (0, 0)
    await clerk.refused(409, "transition", f"/books/debts/{made['id']}/reversal", {"reason": "too late"})
    await proven(clerk.counter.shop)


async def test_a_part(clerk: Clerk) -> None:
    """A part of a debt is taken back by two, and the rest when nothing is said of how much; the books prove."""
    owed, booked = await stands(clerk)
    made = await clerk.together(debts_of(clerk), a_debt())
    path = f"/books/debts/{made['id']}/reversal"
    assert (made["left"], made["reverses"]) == (5_000, None)
    part = await clerk.together(path, {"reason": "half of it was paid elsewhere", "money": "20.00", "currency": "ZAR"})
    assert (part["amount"], part["left"], part["reverses"]) == (-2_000, 3_000, made["id"])
    assert await stands(clerk) == (owed + 3_000, booked + 3_000)
    await clerk.refused(409, "transition", path, {"reason": "more", "money": 3_001})
    rest = await clerk.together(path, {"reason": "all of it"})
    assert (rest["amount"], rest["left"]) == (-3_000, 0)
    assert await stands(clerk) == (owed, booked)
    await clerk.refused(409, "transition", path, {"reason": "more", "money": 1})
    await proven(clerk.counter.shop)
    entries = await clerk.counter.shop.look("SELECT string_agg(convert_from(entries, 'UTF8'), '') FROM audit.batch")
    assert '"entry":"debt_taken_back"' in entries


@pytest.mark.parametrize(
    ("other", "status", "code"),
    [
        ({"money": 0}, 400, "bad_body"),
        ({"money": -1}, 400, "bad_body"),
        ({"money": None}, 400, "bad_body"),
        ({"money": 1.5}, 400, "bad_body"),
        ({"money": "1.00"}, 422, "bad_value"),
        ({"money": "0.00", "currency": "ZAR"}, 422, "bad_value"),
        ({"money": 100, "currency": "KES"}, 422, "bad_value"),
        ({"money": 5_001}, 409, "transition"),
        ({"amount": 1}, 400, "bad_body"),
    ],
)
async def test_a_part_that_is_none(clerk: Clerk, other: dict[str, Any], status: int, code: str) -> None:
    """What is no part of a debt is refused before anybody is asked, and all of it stays."""
    made = await clerk.together(debts_of(clerk), a_debt())
    asked, before = await clerk.counter.shop.look("SELECT count(*) FROM api.approval"), await stands(clerk)
    await clerk.refused(status, code, f"/books/debts/{made['id']}/reversal", {"reason": "x"} | other)
    assert await clerk.counter.shop.look("SELECT count(*) FROM api.approval") == asked
    assert await stands(clerk) == before


async def test_a_part_is_what_was_agreed_to(clerk: Clerk) -> None:
    """Who had others agree to a part takes back nothing else for it."""
    made = await clerk.together(debts_of(clerk), a_debt())
    path = f"/books/debts/{made['id']}/reversal"
    before = await stands(clerk)
    asked = (await clerk.ask("POST", path, {"reason": "a part", "money": 10}, "p")).json()
    assert (await clerk.agree(asked["approval_id"])).is_success
    for other in ({"money": 4_000}, {}):
        answer = await clerk.ask("POST", path, {"reason": "a part", **other}, "p")
        assert (answer.status_code, answer.json()["code"]) == (409, "key_conflict")
    assert await stands(clerk) == before


async def test_never_alone(clerk: Clerk) -> None:
    """Until another agreed nothing is owed, and the books know of nothing."""
    before = await stands(clerk)
    await clerk.refused(403, "approval_needed", debts_of(clerk), a_debt())
    assert await stands(clerk) == before


@pytest.mark.parametrize(
    ("other", "status", "code"),
    [
        ({"money": 0}, 400, "bad_body"),
        ({"money": -1}, 400, "bad_body"),
        ({"money": "1.00"}, 422, "bad_value"),
        ({"money": "0.00", "currency": "ZAR"}, 422, "bad_value"),
        ({"money": 100, "currency": "KES"}, 422, "bad_value"),
        ({"kind": "unheard of"}, 422, "bad_value"),
        ({"kind": "unheard-of"}, 422, "bad_value"),
        ({"kind": "=1+1"}, 422, "bad_value"),
        ({"percent": "101"}, 422, "bad_value"),
        ({"percent": "1e1"}, 400, "bad_body"),
        ({"instalment": 0}, 400, "bad_body"),
        ({"origin": "stolen"}, 400, "bad_body"),
        ({"reason": ""}, 400, "bad_body"),
        ({"debt": 1}, 400, "bad_body"),
    ],
)
async def test_a_debt_that_is_none(clerk: Clerk, other: dict[str, Any], status: int, code: str) -> None:
    """What isn't a debt is refused before anybody is asked."""
    await clerk.refused(status, code, debts_of(clerk), a_debt(**other))
    assert await clerk.counter.shop.look("SELECT count(*) FROM api.approval") == 0


async def test_nobodys_account(clerk: Clerk) -> None:
    """An account or a debt that isn't there is told."""
    await clerk.refused(404, "unknown_contract", f"/books/contracts/{new_id()}/debts", a_debt())
    await clerk.refused(404, "unknown_debt", f"/books/debts/{new_id()}/reversal", {"reason": "no"})


async def test_free_units(clerk: Clerk) -> None:
    """A right to free units is given by two, held to its own edition, which sales don't change, and ended."""
    path = f"/registry/contracts/{clerk.counter.shop.town.contract.id}"
    free = (await clerk.get(path))["free"]
    body = {"free_from": "2026-01-01", "free_until": "2026-12-31", "reason": "indigent", "edition": free["edition"]}
    await clerk.counter.sell()
    given = await clerk.together(f"{path}/free-units", body)
    assert (given["free"]["free_from"], given["free"]["free_until"]) == ("2026-01-01", "2026-12-31")
    await clerk.refused(409, "conflict", f"{path}/free-units", body | {"free_until": None})
    ended = {"free_from": None, "reason": "moved", "edition": given["free"]["edition"]}
    assert (await clerk.together(f"{path}/free-units", ended))["free"]["free_from"] is None
    wrong = body | {"free_until": "2025-12-31", "edition": free["edition"]}
    await clerk.refused(422, "bad_value", f"{path}/free-units", wrong)
    await clerk.refused(404, "unknown_contract", f"/registry/contracts/{new_id()}/free-units", body)
