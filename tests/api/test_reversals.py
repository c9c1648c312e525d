"""Taking a sale back from a desk, where nobody has a till."""

from typing import Any

import httpx
import pytest

from tests.api.counter import Counter, api_key
from tests.api.staff import enter, hire, open_for
from tests.registry.town import build, new_id
from tests.vending.shop import proven
from umbane.registry import (
    Role,
    Terminal,
    Vendor,
    add_terminals,
    add_vendors,
    change_policy,
    read_policy,
)


@pytest.fixture
async def sold(counter: Counter) -> dict[str, Any]:
    """Give a sale of which no digit was shown yet."""
    await counter.shop.town.does(change_policy, read_policy({"sale": {"release": "on_confirmation"}}))
    answer: dict[str, Any] = (await counter.sell("a")).json()
    return answer


async def take_back(counter: Counter, sale_id: object, headers: dict[str, str], reason: str = "x") -> httpx.Response:
    """Ask for it."""
    return await counter.http.post(f"/v1/sales/{sale_id}/reversal", json={"reason": reason}, headers=headers)


async def elsewhere(counter: Counter) -> Vendor:
    """Another vendor."""
    other = Vendor(new_id(), "V-2", "Other Shop")
    await counter.shop.town.does(add_vendors, [other])
    return other


async def test_from_a_desk(counter: Counter, sold: dict[str, Any]) -> None:
    """A supervisor of the utility takes a sale back without a till, and the record names who did it and why."""
    boss = await enter(counter, Role.SUPERVISOR)
    answers = [await take_back(counter, sold["id"], boss.headers, "wrong meter") for _ in range(2)]
    assert [(it.status_code, it.json()["reversed"]) for it in answers] == [(200, True)] * 2
    sql = "SELECT by || ': ' || (details ->> 'reason') FROM registry.change WHERE action = 'contract.state' ORDER BY id"
    told = await counter.shop.look(f"SELECT string_agg(it, '; ') FROM ({sql}) AS listed (it)")  # noqa: S608 - our words
    assert told == f"operator:{boss.operator.name}: sale {sold['id']} taken back: wrong meter"
    await proven(counter.shop)


async def test_by_the_vendor(counter: Counter, sold: dict[str, Any]) -> None:
    """A supervisor of the vendor that sold it may take it back; one of another vendor doesn't find it."""
    other = await elsewhere(counter)
    stranger = await enter(counter, Role.SUPERVISOR, vendor_id=other.id)
    own = await enter(counter, Role.SUPERVISOR, vendor_id=counter.shop.town.vendor.id)
    answers = [await take_back(counter, sold["id"], it.headers) for it in (stranger, own)]
    assert [it.status_code for it in answers] == [404, 200]


async def test_by_others(counter: Counter, sold: dict[str, Any]) -> None:
    """Nobody else takes a sale back, with all other roles together."""
    person = await enter(counter, *(set(Role) - {Role.SUPERVISOR}))
    assert (await take_back(counter, sold["id"], person.headers)).status_code == 403
    assert await counter.shop.look("SELECT count(*) FROM vending.reversal") == 0


async def test_by_another_till(counter: Counter, sold: dict[str, Any]) -> None:
    """A till takes back what it sold itself, and doesn't find what its neighbour sold."""
    town = counter.shop.town
    neighbour = Terminal(new_id(), town.vendor.id, "T-2")
    await town.does(add_terminals, [neighbour])
    key = await api_key(counter.shop, terminal_id=neighbour.id)
    answers = [await take_back(counter, sold["id"], {"Authorization": f"Bearer {it}"}) for it in (key, counter.key)]
    assert [it.status_code for it in answers] == [404, 200]


async def test_of_another_utility(counter: Counter, sold: dict[str, Any]) -> None:
    """A supervisor of another utility doesn't find it."""
    town = await build(counter.shop.town.database, "hilltop", 2)
    boss = await hire(town, Role.SUPERVISOR)
    assert (await take_back(counter, sold["id"], await open_for(town, boss))).status_code == 404


async def test_after_the_digits_left(counter: Counter, sold: dict[str, Any]) -> None:
    """When the digits have left the house, no role takes the sale back."""
    await counter.http.post("/v1/messages/a/confirmation")
    boss = await enter(counter, Role.SUPERVISOR)
    answer = await take_back(counter, sold["id"], boss.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_released")


async def test_after_another_sale(counter: Counter, sold: dict[str, Any]) -> None:
    """What came later is taken back first."""
    await counter.sell("b")
    boss = await enter(counter, Role.SUPERVISOR)
    answer = await take_back(counter, sold["id"], boss.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "later_sales")


@pytest.mark.parametrize(("sale_id", "status"), [("x", 422), ("01980000-0000-7000-8000-000000000007", 404)])
async def test_no_such_sale(counter: Counter, sale_id: str, status: int) -> None:
    """An id that is none, or no sale's, is told."""
    boss = await enter(counter, Role.SUPERVISOR)
    assert (await take_back(counter, sale_id, boss.headers)).status_code == status


async def test_without_a_reason(counter: Counter, sold: dict[str, Any]) -> None:
    """No sale is taken back without a reason that can be kept."""
    boss = await enter(counter, Role.SUPERVISOR)
    for reason in ("", " ", "=1+1", "a\u202eb"):
        assert (await take_back(counter, sold["id"], boss.headers, reason)).status_code in {400, 422}, reason
    assert await counter.shop.look("SELECT count(*) FROM vending.reversal") == 0
