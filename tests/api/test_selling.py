"""A till buys over HTTP, from the order to the digits."""

import asyncio
from typing import Any

import pytest

from tests.api.counter import Counter
from tests.registry.town import pan
from tests.vending.laboratory import LaboratoryModule, read
from tests.vending.shop import proven
from umbane.sts import Credit, EncodedToken


async def test_a_purchase(counter: Counter, module: LaboratoryModule) -> None:
    """A purchase answers 201 with digits that the meter reads as the units of the answer."""
    answer = await counter.sell()
    sold = answer.json()
    (token,) = sold["tokens"]
    content = read(counter.shop.town.meter, EncodedToken.parse(token["digits"]))
    assert isinstance(content, Credit)
    assert (answer.status_code, content.units, sold["tender"], module.count) == (201, sold["units"], 20_000, 1)
    assert sum(line["amount"] for line in sold["lines"]) == 20_000
    await proven(counter.shop)


async def test_a_repetition(counter: Counter, module: LaboratoryModule) -> None:
    """The same message again answers 200 with the same digits, and says that it is a repetition."""
    first, second = await counter.sell("a"), await counter.sell("a")
    assert (first.status_code, second.status_code, module.count) == (201, 200, 1)
    assert first.json() | {"repeated": True} == second.json()


async def test_another_body(counter: Counter, module: LaboratoryModule) -> None:
    """The same message id with another amount is a conflict that isn't final, and sells nothing."""
    await counter.sell("a")
    answer = await counter.sell("a", kind="buy", money=5_000)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["final"], module.count) == (
        409,
        "message_id_conflict",
        False,
        1,
    )


async def test_many_tills_with_one_message(counter: Counter, module: LaboratoryModule) -> None:
    """The same message 32 times at once makes one token, and all who get an answer get the same digits."""
    answers = await asyncio.gather(*(counter.sell("a") for _ in range(32)))
    sold = [it.json()["tokens"][0]["digits"] for it in answers if it.is_success]
    assert (len(set(sold)), module.count) == (1, 1)
    assert {it.json()["code"] for it in answers if not it.is_success} <= {"in_progress"}
    await proven(counter.shop)


async def test_many_messages_for_one_meter(counter: Counter, module: LaboratoryModule) -> None:
    """32 messages at once for one meter are 32 sales with different digits."""
    answers = await asyncio.gather(*(counter.sell() for _ in range(32)))
    digits = {it.json()["tokens"][0]["digits"] for it in answers}
    assert ({it.status_code for it in answers}, len(digits), module.count) == ({201}, 32, 32)
    await proven(counter.shop)


async def test_a_decimal_amount(counter: Counter) -> None:
    """Money as a decimal text beside its currency is the same as its minor units."""
    answer = await counter.sell(kind="buy", money="200.00", currency="ZAR")
    assert answer.json()["tender"] == 20_000


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"kind": "buy", "money": 20_000.0}, 400, "bad_body"),
        ({"kind": "buy", "money": 1e4}, 400, "bad_body"),
        ({"kind": "buy", "money": -1}, 400, "bad_body"),
        ({"kind": "buy", "money": True}, 400, "bad_body"),
        ({"kind": "buy", "money": "1e4", "currency": "ZAR"}, 400, "bad_body"),
        ({"kind": "buy", "money": "２００", "currency": "ZAR"}, 400, "bad_body"),
        ({"kind": "buy", "money": "200.00\n", "currency": "ZAR"}, 400, "bad_body"),
        ({"kind": "buy", "money": "200.00"}, 422, "bad_value"),
        ({"kind": "buy", "money": "200.001", "currency": "ZAR"}, 422, "bad_value"),
        ({"kind": "buy", "money": 20_000, "units": 10}, 422, "bad_value"),
        ({"kind": "buy"}, 422, "bad_value"),
        ({"kind": "buy", "money": 20_000, "discount": 1}, 400, "bad_body"),
        ({"kind": "steal"}, 400, "bad_body"),
        ({"kind": "buy", "money": 20_000, "currency": "USD"}, 422, "wrong_currency"),
        ({"kind": "buy", "money": 1}, 422, "below_minimum"),
        ({"kind": "buy", "money": 10**14}, 422, "above_maximum"),
        ({"kind": "engineer", "action": "clear_tamper"}, 403, "not_permitted"),
        ({"kind": "change_key"}, 403, "not_permitted"),
    ],
)
async def test_a_bad_order(
    counter: Counter, module: LaboratoryModule, order: dict[str, Any], status: int, code: str
) -> None:
    """What can't be ordered is refused with a code, and leaves no sale behind."""
    answer = await counter.sell(**order)
    problem = answer.json()
    assert (answer.status_code, problem["code"], module.count) == (status, code, 0)
    assert answer.headers["content-type"] == "application/problem+json"
    assert await counter.shop.look("SELECT count(*) FROM vending.sale") == 0


@pytest.mark.parametrize(
    ("meter", "code"),
    [
        (str(pan(99).drn), "unknown_meter"),
        ("12345678901", "wrong_check_digit"),
        ("１２３４５６７８９０１", "bad_meter_number"),
        ("07\u202e000000000", "bad_meter_number"),
        ("0", "bad_meter_number"),
    ],
)
async def test_a_bad_meter(counter: Counter, meter: str, code: str) -> None:
    """A number that is no meter of ours is refused with a code that says in what way."""
    answer = await counter.http.post("/v1/sales", json=counter.order() | {"meter": meter})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("message_id", ["", "a b", "a/b", "..", "ä", "a\n", "a" * 65, "a\u200b", 7, None])
async def test_a_bad_message_id(counter: Counter, message_id: object) -> None:
    """A message id is 1 to 64 letters, digits and plain signs, so that two of them never look the same."""
    answer = await counter.http.post("/v1/sales", json=counter.order() | {"message_id": message_id})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_body")
    assert "(?!" not in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (b'{"message_id": "\xff"}', 400, "malformed_json"),
        (b"[" * 10_000, 400, "bad_body"),
        (b"null", 400, "bad_body"),
        (b"[]", 400, "bad_body"),
        (b" " * 10_000_000, 413, "too_large"),
    ],
)
async def test_a_bad_body(counter: Counter, body: bytes, status: int, code: str) -> None:
    """What isn't JSON of this shape, or is too large, is refused."""
    answer = await counter.http.post("/v1/sales", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_kind_of_body(counter: Counter) -> None:
    """A form is refused: what a page in a browser can send without asking is no order."""
    answer = await counter.http.post("/v1/sales", data={"message_id": "a"})
    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")
