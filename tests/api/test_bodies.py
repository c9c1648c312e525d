"""Bodies that could mean two things."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError
from msgspec.json import Decoder

from tests.api.counter import Counter
from umbane.api.bodies import decoded

ANYTHING = Decoder(object)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda it: st.lists(it, max_size=3) | st.dictionaries(st.text(max_size=5), it, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_says_one_thing(value: object) -> None:
    """Whatever names everything once is read as it is."""
    assert decoded(ANYTHING, json.dumps(value).encode()) == value


@given(st.text(max_size=5), JSON, JSON)
def test_a_name_twice(name: str, first: object, second: object) -> None:
    """A name that stands twice is refused at any depth, also when both say the same."""
    word = json.dumps(name)
    twice = f"{{{word}: {json.dumps(first)}, {word}: {json.dumps(second)}}}"
    for body in (twice, f"[{twice}]", f'{{"a": [1, {{"b": {twice}}}]}}'):
        with pytest.raises(ValidationError, match="stands twice"):
            decoded(ANYTHING, body.encode())


@given(TEXT, TEXT)
def test_a_text_that_no_database_keeps(before: str, after: str) -> None:
    """A text with the character U+0000 is refused at any depth."""
    word = json.dumps(f"{before}\0{after}")
    for body in (f'{{"name": {word}}}', f'{{"a": [{{"b": {word}}}]}}'):
        with pytest.raises(ValidationError, match=r"U\+0000"):
            decoded(ANYTHING, body.encode())


@pytest.mark.parametrize("address", ["/v1/meters?q=%00", "/v1/meters?q=Smith%00", "/v1/sales?meter=%00"])
async def test_a_query_that_no_database_keeps(counter: Counter, address: str) -> None:
    """A query with the character U+0000 is refused."""
    assert (await counter.http.get(address)).status_code == 400


TWO_THINGS = [
    '{"message_id": "a", "meter": "%s", "order": {"kind": "buy", "money": 1000, "money": 20000}}',
    '{"message_id": "a", "meter": "%s", "order": {"kind": "buy", "money": 1000, "mone\\u0079": 20000}}',
    '{"message_id": "b", "message_id": "a", "meter": "%s", "order": {"kind": "buy", "money": 20000}}',
]


async def test_an_order_that_says_two_things(counter: Counter) -> None:
    """An order that names its money or its message twice isn't done, however the name is written."""
    headers = {"Content-Type": "application/json"}
    for body in TWO_THINGS:
        answer = await counter.http.post("/v1/sales", content=body % counter.meter, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_body"), body
    assert await counter.shop.look("SELECT count(*) FROM vending.message") == 0


async def test_bodies_that_are_none(counter: Counter) -> None:
    """What is no JSON, or too deep, is refused and breaks nothing."""
    for body in (b"[" * 8_000, b'{"a":' * 3_000, b"\xff\xfe", b"", b"{", b'"\xed\xa0\x80"'):
        answer = await counter.http.post("/v1/sales", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, body[:9]
