"""Who one is, at which tills one may act, and the messages of those tills."""

from typing import Any

import httpx
import pytest

from tests.api.counter import Counter, api_key
from tests.api.staff import Person, enter
from tests.registry.town import new_id
from umbane.registry import (
    Role,
    Terminal,
    Vendor,
    add_terminals,
    add_vendors,
    block_terminal,
    change_policy,
    read_policy,
)


async def tills(counter: Counter, headers: dict[str, str]) -> list[str]:
    """The tills at which somebody may act, by their codes."""
    answer = await counter.http.get("/v1/terminals", headers=headers)
    return sorted(f"{it['vendor']}/{it['code']}" for it in answer.json()["items"])


async def furnish(counter: Counter) -> Vendor:
    """Another till of the same vendor, and another vendor with one."""
    town = counter.shop.town
    other = Vendor(new_id(), "V-2", "Other Shop")
    await town.does(add_vendors, [other])
    await town.does(add_terminals, [Terminal(new_id(), town.vendor.id, "T-2"), Terminal(new_id(), other.id, "T-1")])
    return other


async def test_who_one_is(counter: Counter) -> None:
    """Somebody who signed in learns their name, for whom they work, their roles and their rights."""
    person = await enter(counter, Role.CASHIER, vendor_id=counter.shop.town.vendor.id)
    told = (await counter.http.get("/v1/me", headers=person.headers)).json()
    assert (told["name"], told["utility"], told["vendor"]) == (person.operator.name, "seaview", "V-1")
    assert (told["roles"], told["rights"]) == (["cashier"], ["find", "own", "quote", "reprint", "sell"])


async def test_at_which_tills(counter: Counter) -> None:
    """Staff of the utility act at every till, people of a vendor at those of the vendor, a program at its own."""
    other = await furnish(counter)
    boss, stranger = await enter(counter, Role.ENGINEER), await enter(counter, Role.CASHIER, vendor_id=other.id)
    assert await tills(counter, boss.headers) == ["V-1/T-1", "V-1/T-2", "V-2/T-1"]
    assert await tills(counter, stranger.headers) == ["V-2/T-1"]
    assert await tills(counter, {"Authorization": f"Bearer {counter.key}"}) == ["V-1/T-1"]


async def test_a_till_that_is_stopped(counter: Counter) -> None:
    """Nobody acts at a till that is stopped."""
    town = counter.shop.town
    await town.does(block_terminal, town.terminal.id, blocked=True, reason="stolen")
    assert await tills(counter, (await enter(counter, Role.ENGINEER)).headers) == []


async def test_page_by_page(counter: Counter) -> None:
    """Tills come page by page, each once."""
    await furnish(counter)
    headers, found, cursor = (await enter(counter, Role.ENGINEER)).headers, 0, ""
    while True:
        page = (await counter.http.get(f"/v1/terminals?limit=1&cursor={cursor}", headers=headers)).json()
        found += len(page["items"])
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert found == 3


# --------------------------------------------------------------------------------------------- messages of a named till


@pytest.fixture
async def cashier(counter: Counter) -> Person:
    """Give a cashier of the shop, who has signed in; digits are shown when a sale is confirmed."""
    await counter.shop.town.does(change_policy, read_policy({"sale": {"release": "on_confirmation"}}))
    return await enter(counter, Role.CASHIER, vendor_id=counter.shop.town.vendor.id)


async def ask(counter: Counter, who: Person, method: str, path: str, till: Any = "", **sent: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
    """Ask about a message of a till."""
    at = {"terminal_id": str(till or counter.shop.town.terminal.id)}
    return await counter.http.request(method, path, params=at, headers=who.headers, **sent)


async def test_a_sale_by_a_person(counter: Counter, cashier: Person) -> None:
    """A cashier without an API key sells at a till that they name, asks what became of it, and shows the digits."""
    order = counter.order("a") | {"terminal_id": str(counter.shop.town.terminal.id)}
    sold = await counter.http.post("/v1/sales", json=order, headers=cashier.headers)
    assert sold.status_code == 201
    outcome = await ask(counter, cashier, "GET", "/v1/messages/a")
    last = await ask(counter, cashier, "GET", "/v1/sales/last")
    assert outcome.json()["id"] == last.json()["id"] == sold.json()["id"]
    shown = await ask(counter, cashier, "POST", "/v1/messages/a/confirmation")
    assert len(shown.json()["tokens"][0]["digits"]) == 20


async def test_a_reversal_by_a_person(counter: Counter, cashier: Person) -> None:
    """A supervisor takes back what was sold at a till that they name; a cashier doesn't."""
    await counter.sell("a")
    boss = await enter(counter, Role.SUPERVISOR)
    answers = [
        await ask(counter, it, "POST", "/v1/messages/a/reversal", json={"reason": "x"}) for it in (cashier, boss)
    ]
    assert [it.status_code for it in answers] == [403, 200]
    by = await counter.shop.look("SELECT by FROM registry.change WHERE action = 'contract.state' ORDER BY id DESC")
    assert by == f"operator:{boss.operator.name}"


ABOUT = [("GET", "/v1/sales/last"), ("GET", "/v1/messages/a"), ("POST", "/v1/messages/a/confirmation")]


async def test_no_till(counter: Counter, cashier: Person) -> None:
    """A person has to say which till; a till that there isn't has no messages, nor has another vendor's."""
    await counter.sell("a")
    other = await furnish(counter)
    stranger = await enter(counter, Role.CASHIER, vendor_id=other.id)
    for method, path in ABOUT:
        unsaid = await counter.http.request(method, path, headers=cashier.headers)
        assert (unsaid.status_code, unsaid.json()["code"]) == (422, "unknown_terminal"), path
        assert (await ask(counter, cashier, method, path, new_id())).status_code == 404, path
        assert (await ask(counter, stranger, method, path)).status_code == 403, path


async def test_another_programs_till(counter: Counter) -> None:
    """A program asks about its own till only, also when it names another."""
    await counter.sell("a")
    neighbour = Terminal(new_id(), counter.shop.town.vendor.id, "T-2")
    await counter.shop.town.does(add_terminals, [neighbour])
    key = await api_key(counter.shop, terminal_id=neighbour.id)
    headers = {"Authorization": f"Bearer {key}"}
    at = {"terminal_id": str(counter.shop.town.terminal.id)}
    for method, path in ABOUT:
        named = await counter.http.request(method, path, params=at, headers=headers)
        unnamed = await counter.http.request(method, path, headers=headers)
        assert (named.status_code, unnamed.status_code) == (403, 404), path
