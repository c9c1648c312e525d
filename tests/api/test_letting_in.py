"""Who is let in, what each may do, and how much."""

import errno
import io
import json
from dataclasses import replace
from functools import partial
from time import monotonic

import pytest
from starlette.requests import Request

from tests.api.counter import Counter, api_key
from tests.api.staff import PASSWORD, hire, session, sign_in
from umbane.api import OPERATIONS
from umbane.api.access import Doorkeeper
from umbane.api.app import Api
from umbane.api.batcher import Batcher
from umbane.api.desk import Desk
from umbane.api.rates import Rates
from umbane.api.watching import Watch
from umbane.registry import Role, api_keys, block_operator, change_policy, read_policy, revoke_api_key
from umbane.vending import sell


async def test_a_revoked_key(counter: Counter) -> None:
    """A key that was revoked before it was first shown lets nobody in."""
    town = counter.shop.town
    secret = await api_key(counter.shop)
    newest = (await town.reads(api_keys))[-1]
    await town.does(revoke_api_key, newest.id, "lost")
    answer = await counter.http.get("/v1/sales/last", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "other", [{"password": "wrong"}, {"code": "000000"}, {"name": "nobody"}, {"utility": "nowhere"}]
)
async def test_a_wrong_word(counter: Counter, other: dict[str, str]) -> None:
    """Whichever word is wrong, the answer is the same, letter by letter."""
    person = await hire(counter.shop.town, Role.CASHIER)
    answer = await sign_in(counter, person, **other)
    assert (answer.status_code, answer.json()["detail"]) == (401, "name, password or code are wrong")


async def test_a_code_twice(counter: Counter) -> None:
    """A code that let somebody in doesn't do so again."""
    person = await hire(counter.shop.town, Role.CASHIER)
    first, second = await sign_in(counter, person), await sign_in(counter, person)
    assert (first.status_code, second.status_code) == (201, 401)


async def test_guessing(counter: Counter) -> None:
    """After six failures in a row even the right words are not looked at."""
    person = await hire(counter.shop.town, Role.CASHIER)
    failures = [(await sign_in(counter, person, code="000000")).status_code for _ in range(6)]
    answer = await sign_in(counter, person)
    assert (failures, answer.status_code, answer.json()["code"]) == ([401] * 6, 429, "too_many_failures")


async def test_somebody_blocked(counter: Counter) -> None:
    """Whoever is blocked doesn't sign in."""
    person = await hire(counter.shop.town, Role.CASHIER)
    await counter.shop.town.does(block_operator, person.id, blocked=True, reason="left")
    assert (await sign_in(counter, person)).status_code == 401


@pytest.mark.parametrize(
    ("limits", "money", "status"),
    [
        ({"money_per_sale": 20_000}, 20_000, 201),
        ({"money_per_sale": 20_000}, 20_001, 403),
        ({"money_per_day": 50_000}, 30_000, 201),
        ({"money_per_day": 50_000}, 30_001, 403),
    ],
)
async def test_limits_of_money(counter: Counter, limits: dict[str, int], money: int, status: int) -> None:
    """A key sells up to its limits and not a cent beyond; 200.00 were sold before."""
    await counter.sell()
    headers = {"Authorization": f"Bearer {await api_key(counter.shop, **limits)}"}
    body = counter.order("a", kind="buy", money=money)
    answer = await counter.http.post("/v1/sales", json=body, headers=headers)
    again = await counter.http.post("/v1/sales", json=body, headers=headers)
    assert (answer.status_code, again.status_code) == (status, 200 if status == 201 else 403)


async def test_what_counts_in_a_day(counter: Counter) -> None:
    """A limit of a day counts what this till took today: not what was taken back, and not what was yesterday."""
    await counter.shop.town.does(change_policy, read_policy({"sale": {"release": "on_confirmation"}}))
    headers = {"Authorization": f"Bearer {await api_key(counter.shop, money_per_day=20_000)}"}

    async def statuses(*message_ids: str) -> list[int]:
        bodies = [counter.order(it) for it in message_ids]
        return [(await counter.http.post("/v1/sales", json=it, headers=headers)).status_code for it in bodies]

    assert await statuses("a", "b") == [201, 403]
    await counter.http.post("/v1/messages/a/reversal", json={"reason": "wrong meter"})
    assert await statuses("b", "c") == [201, 403]
    counter.shop.wait(days=1)
    assert await statuses("c", "d") == [201, 403]


@pytest.mark.parametrize(
    "order", [{"kind": "buy", "money": 20_000}, {"kind": "claim_free"}, {"kind": "pay", "money": 1}]
)
async def test_an_engineer_sells_nothing(counter: Counter, order: dict[str, object]) -> None:
    """Whoever may do what is no ordinary sale may not sell with that right, and a cashier may."""
    till = {"terminal_id": str(counter.shop.town.terminal.id)}
    for role, codes in ((Role.ENGINEER, {"not_permitted"}), (Role.CASHIER, {None, "nothing_due", "nothing_owed"})):
        headers = await session(counter, role)
        answer = await counter.http.post("/v1/sales", json=counter.order("a", **order) | till, headers=headers)
        assert answer.json().get("code") in codes, answer.text


async def test_too_often(counter: Counter) -> None:
    """A key that asks more often than it may is told when to come back."""
    headers = {"Authorization": f"Bearer {await api_key(counter.shop, requests_per_minute=6)}"}
    answers = [await counter.http.get("/v1/sales/last", headers=headers) for _ in range(4)]
    assert [it.status_code for it in answers] == [404, 404, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10


async def test_strangers_who_ask_too_often(counter: Counter) -> None:
    """What takes no right has a limit for each address, and each of its own; only being alive is told without end."""
    public = {it.name: it for it in OPERATIONS if not it.rights}
    assert {name for name, it in public.items() if not it.per_minute} == {"health"}
    database = counter.shop.town.database
    desk = Desk(counter.shop.engine, Batcher(partial(sell, counter.shop.engine)), None, Rates(database))
    api = Api(desk, Doorkeeper(database, desk.rates, monotonic), Watch(None))

    async def ask(name: str, address: str) -> int:
        request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "client": (address, 7)})
        return (await api.answer(replace(public[name], per_minute=1), request)).status_code

    assert [await ask("health", "10.0.0.7") for _ in range(3)] == [200, 200, 429]
    assert [await ask(*it) for it in (("health", "10.0.0.8"), ("readiness", "10.0.0.7"))] == [200, 200]


async def test_who_was_refused(counter: Counter) -> None:
    """The log names whoever was let in, also when they weren't given what they asked for; and nobody who wasn't."""
    await counter.http.get("/v1/approvals")
    await counter.http.post("/v1/sales", json={})
    await counter.http.get("/v1/approvals", headers={"Authorization": "Bearer umb_wrong"})
    lines = [json.loads(it) for it in counter.log.getvalue().splitlines()]
    assert [(it["status"], it["who"]) for it in lines] == [(403, "api:till 1"), (400, "api:till 1"), (401, "")]


class FullDisk(io.StringIO):
    """A log that takes nothing more."""

    def write(self, _text: str) -> int:
        """Take nothing."""
        raise OSError(errno.ENOSPC, "no space left on device")


def test_a_log_on_a_full_disk() -> None:
    """What can't be written into the log is counted all the same, and is no reason to answer anything else."""
    watch = Watch(FullDisk())
    watch.saw("sell", 201, "", 0.01, "api:till 1")
    watch.fault("sell", ValueError("a secret"))
    assert b'umbane_requests_total{code="",operation="sell",status="201"} 1.0' in watch.page()


async def test_the_log(counter: Counter) -> None:
    """The log has a line for each request and neither a key nor digits in it."""
    digits = (await counter.sell()).json()["tokens"][0]["digits"]
    await sign_in(counter, await hire(counter.shop.town, Role.CASHIER))
    log = counter.log.getvalue()
    assert log.count("\n") == 2
    assert not [it for it in (digits, counter.key, PASSWORD, counter.meter) if it in log]
