"""Who is let in, what each may do, and how much."""

import base64
from typing import Any

import httpx
import pytest

from tests.api.counter import SEAL_KEY, Counter, api_key
from tests.registry.town import Town, new_id
from umbane.api import OPERATIONS, RIGHTS_OF, Right, hash_password, seal
from umbane.api.desk import Operation
from umbane.api.people import totp
from umbane.registry import Operator, Role, add_operator, api_keys, block_operator, revoke_api_key

PASSWORD = "correct horse battery"  # noqa: S105 - of a test
SECRET = b"12345678901234567890"
HASHED = hash_password(PASSWORD)
STEPS: list[int] = []


async def hire(town: Town, *roles: Role) -> Operator:
    """Add an operator with these roles."""
    id_ = new_id()
    person = Operator(
        id_,
        f"p-{id_.hex[-12:]}",
        "Person",
        frozenset(roles),
        password_hash=HASHED,
        totp_secret=seal(SEAL_KEY, id_, SECRET),
    )
    await town.does(add_operator, person)
    return person


async def now_step(counter: Counter) -> int:
    """The step of the present moment."""
    return int(await counter.shop.look("SELECT extract(epoch FROM now())::bigint")) // 30


async def sign_in(counter: Counter, person: Operator, **other: str) -> httpx.Response:
    """Sign in with the right words, or others."""
    body = {
        "utility": "seaview", "name": person.name, "password": PASSWORD, "code": totp(SECRET, await now_step(counter)),
    } | other  # fmt: skip
    return await counter.http.post("/v1/sessions", json=body)


async def session(counter: Counter, *roles: Role) -> dict[str, str]:
    """The header of somebody who has signed in."""
    answer = await sign_in(counter, await hire(counter.shop.town, *roles))
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def ask(counter: Counter, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    """Call an operation with values that are well formed."""
    path = operation.path.format(message_id="m1", sale_id=new_id(), webhook_id=new_id())
    at = {"terminal_id": str(counter.shop.town.terminal.id)}
    bodies: dict[str, Any] = {
        "sell": counter.order() | at,
        "quote": {"meter": counter.meter, "order": {"kind": "buy", "money": 20_000}} | at,
        "reverse": {"reason": "a mistake"},
        "add_webhook": {"url": "https://till.example.org/sales"},
        "verify": {"meter": counter.meter, "token": "0" * 20},
    }
    queries = {"meters": {"q": "Thandi"}, "sales": {"meter": counter.meter}}
    return await counter.http.request(
        operation.method, path, json=bodies.get(operation.name), params=queries.get(operation.name), headers=headers
    )


@pytest.mark.parametrize("role", Role)
async def test_every_role_at_every_operation(counter: Counter, role: Role) -> None:
    """A role may do exactly what its rights name: everything else answers 403, and nothing of it is done."""
    headers = await session(counter, role)
    sales = 0
    for operation in OPERATIONS:
        answer = await ask(counter, operation, headers)
        is_permitted = not operation.rights or bool(RIGHTS_OF[role].intersection(operation.rights))
        code = answer.json().get("code")
        if operation.name == "sell" and role is Role.ENGINEER:
            is_permitted = False  # an ordinary sale is a cashier's
        if is_permitted and answer.status_code == 403:
            assert "one till" in answer.json()["detail"], operation.name  # a person has no till of their own
        elif is_permitted:
            assert answer.status_code != 401, operation.name
        else:
            assert (answer.status_code, code) == (403, "not_permitted"), operation.name
        sales += operation.name == "sell" and answer.status_code == 201
    assert await counter.shop.look("SELECT count(*) FROM vending.sale") == sales == (role is Role.CASHIER)


@pytest.mark.parametrize("scope", Right)
async def test_every_scope_at_every_operation(counter: Counter, scope: Right) -> None:
    """An API key may do exactly what its scopes name; and engineering isn't for programs, whatever their scope."""
    headers = {"Authorization": f"Bearer {await api_key(counter.shop, [scope])}"}
    for operation in OPERATIONS:
        answer = await ask(counter, operation, headers)
        is_permitted = not operation.rights or (scope in operation.rights and scope is not Right.ENGINEER)
        assert (answer.status_code == 403) is not is_permitted, operation.name


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer umb_", "Basic umb_x", "Bearer umb_" + "a" * 64, "Bearer " + "a" * 5_000]
)
async def test_strangers(counter: Counter, header: str) -> None:
    """Whoever shows no key of ours is refused at every operation that takes a right, whatever else they send."""
    for operation in OPERATIONS:
        if operation.rights:
            answer = await ask(counter, operation, {"Authorization": header})
            assert (answer.status_code, answer.json()["code"]) == (401, "not_let_in")
            assert answer.headers["www-authenticate"] == "Bearer"


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


async def test_sealed_for_another() -> None:
    """The codes are those of RFC 6238, appendix B, cut to six digits."""
    steps = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {moment: totp(SECRET, moment // 30) for moment in steps} == steps
    assert base64.b32encode(SECRET)  # what a telephone would scan


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


async def test_too_often(counter: Counter) -> None:
    """A key that asks more often than it may is told when to come back."""
    headers = {"Authorization": f"Bearer {await api_key(counter.shop, requests_per_minute=6)}"}
    answers = [await counter.http.get("/v1/sales/last", headers=headers) for _ in range(4)]
    assert [it.status_code for it in answers] == [404, 404, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10


async def test_the_log(counter: Counter) -> None:
    """The log has a line for each request and neither a key nor digits in it."""
    digits = (await counter.sell()).json()["tokens"][0]["digits"]
    await session(counter, Role.CASHIER)
    log = counter.log.getvalue()
    assert log.count("\n") == 2
    assert not [it for it in (digits, counter.key, PASSWORD, counter.meter) if it in log]
