"""The batches in front of the engine: full, slow, failing, and with callers who went away."""

import asyncio
import json
from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.api.counter import Counter
from tests.vending.shop import proven
from umbane.api import OPERATIONS
from umbane.api.batcher import Batcher
from umbane.api.desk import Call, Desk
from umbane.api.peoplewire import AtTill
from umbane.api.problems import ApiError, problem_from
from umbane.api.rates import Rates
from umbane.api.rights import Caller
from umbane.vending import Answer, Buy, Code, Refused, SaleRequest

HOUSE = UUID(int=1)
LOOKING = {it.name: it.handler for it in OPERATIONS if it.name in {"outcome", "last"}}


def request(number: int) -> SaleRequest:
    """The message of a number."""
    return SaleRequest(HOUSE, HOUSE, f"m{number}", "", Buy(money=number))


class Counterpart:
    """Stands where the engine stands: takes batches, and answers when it is told to."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.door = asyncio.Event()
        self.fails = False
        if is_open:
            self.door.set()

    async def sell(self, requests: Sequence[SaleRequest]) -> list[Answer]:
        """Answer each of a batch with its own message id."""
        self.batches.append([it.message_id for it in requests])
        await self.door.wait()
        if self.fails:
            raise ConnectionError("no database")
        return [Refused(Code.UNAVAILABLE, it.message_id, "") for it in requests]

    @property
    def seen(self) -> list[str]:
        """All that was ever given to it."""
        return [it for batch in self.batches for it in batch]


async def settle() -> None:
    """Let everything happen that can happen now."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_too_many() -> None:
    """When the queue is full, whoever comes next is told to come again, and nothing of theirs reaches the engine."""
    engine = Counterpart()
    batcher = Batcher(engine.sell, most=2, at_once=1, pause=0, most_waiting=3)
    asked = [asyncio.create_task(batcher.ask(request(number))) for number in range(2)]
    await settle()
    asked += [asyncio.create_task(batcher.ask(request(number))) for number in range(2, 5)]
    await settle()
    with pytest.raises(ApiError) as refusal:
        await batcher.ask(request(5))
    problem = problem_from(refusal.value)
    assert (problem.status, problem.code) == (HTTPStatus.SERVICE_UNAVAILABLE, "overloaded")
    assert problem.retry_after
    engine.door.set()
    answers = await asyncio.gather(*asked)
    assert [it.problem for it in answers if isinstance(it, Refused)] == engine.seen == [f"m{it}" for it in range(5)]


async def test_room_again() -> None:
    """Whoever was told to come again is served when the queue has room again."""
    engine = Counterpart()
    batcher = Batcher(engine.sell, most=1, at_once=1, pause=0, most_waiting=1)
    first = []
    for number in range(2):
        first.append(asyncio.create_task(batcher.ask(request(number))))
        await settle()
    with pytest.raises(ApiError):
        await batcher.ask(request(2))
    engine.door.set()
    await asyncio.gather(*first)
    await batcher.ask(request(2))
    assert engine.seen == ["m0", "m1", "m2"]


async def test_somebody_who_hangs_up() -> None:
    """A caller who goes away before or during the sale takes nothing from the others: each of them has their answer."""
    engine = Counterpart()
    batcher = Batcher(engine.sell, most=2, at_once=1, pause=0)
    asked = [asyncio.create_task(batcher.ask(request(number))) for number in range(4)]
    await settle()
    asked[0].cancel()
    asked[3].cancel()
    engine.door.set()
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(it, asyncio.CancelledError) for it in ends] == [True, False, False, True]
    assert [it.problem for it in ends if isinstance(it, Refused)] == ["m1", "m2"]
    assert engine.seen[:3] == ["m0", "m1", "m2"]
    await batcher.drain()
    assert not batcher.waiting


async def test_a_batch_that_fails() -> None:
    """When a batch fails, each of its callers is told so, and the next ones are served."""
    engine = Counterpart(is_open=True)
    batcher = Batcher(engine.sell, most=3, at_once=1, pause=0)
    engine.fails = True
    ends = await asyncio.gather(*(batcher.ask(request(it)) for it in range(3)), return_exceptions=True)
    assert [type(it) for it in ends] == [ConnectionError] * 3
    engine.fails = False
    assert isinstance(await batcher.ask(request(3)), Refused)


async def test_what_is_under_way() -> None:
    """A message is known from when it waits until it is answered, by its till and its id."""
    engine = Counterpart()
    batcher = Batcher(engine.sell, most=1, at_once=1, pause=0)
    asked = [asyncio.create_task(batcher.ask(request(number))) for number in range(2)]
    await settle()
    ids = ("m0", "m1", "m2", None)
    assert [batcher.has(HOUSE, it) for it in ids] == [True, True, False, True]
    assert not batcher.has(UUID(int=2))
    engine.door.set()
    await asyncio.gather(*asked)
    assert not batcher.has(HOUSE)


async def test_asked_for_under_way(counter: Counter) -> None:
    """A message that came and isn't in the books yet is in progress, and never unknown: it will be done."""
    town, engine = counter.shop.town, Counterpart()
    batcher = Batcher(engine.sell, most=1, at_once=1, pause=0)
    desk = Desk(counter.shop.engine, batcher, None, Rates(town.database))
    till = Caller(HOUSE, "till", town.id, frozenset(), town.vendor.id, town.terminal.id)
    asked = structs.replace(request(0), utility_id=town.id, terminal_id=town.terminal.id)
    under_way = asyncio.create_task(batcher.ask(asked))
    await settle()
    for name, path in (("outcome", "m0"), ("last", "")):
        reply = await LOOKING[name](desk, Call(till, {"message_id": path}, query=AtTill()))
        assert (reply.problem and reply.problem.code, reply.status) == ("in_progress", 409)
    engine.door.set()
    await under_way
    for name, path in (("outcome", "m0"), ("outcome", "m1"), ("last", "")):
        with pytest.raises(ApiError, match="no such sale"):
            await LOOKING[name](desk, Call(till, {"message_id": path}, query=AtTill()))


async def test_draining() -> None:
    """Whoever waits for the end waits until everybody has their answer."""
    engine = Counterpart()
    batcher = Batcher(engine.sell, most=1, at_once=2, pause=0)
    asked = [asyncio.create_task(batcher.ask(request(number))) for number in range(5)]
    await settle()
    end = asyncio.create_task(batcher.drain())
    await settle()
    assert not end.done()
    engine.door.set()
    await end
    assert all(it.done() for it in asked)


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 3))
def test_every_request_once(number: int, most: int, at_once: int) -> None:
    """However many come at once, each reaches the engine once, in its order, in batches that aren't too large."""

    async def run() -> Counterpart:
        engine = Counterpart(is_open=True)
        batcher = Batcher(engine.sell, most=most, at_once=at_once, pause=0)
        answers = await asyncio.gather(*(batcher.ask(request(it)) for it in range(number)))
        assert [it.problem for it in answers if isinstance(it, Refused)] == [f"m{it}" for it in range(number)]
        return engine

    engine = asyncio.run(run())
    assert engine.seen == [f"m{it}" for it in range(number)]
    assert max(map(len, engine.batches)) <= most


async def test_a_line_that_is_cut(counter: Counter) -> None:
    """A till that hangs up, whenever, sells once: it gets the digits when it sends the same message again."""
    digits = []
    for place in range(6):
        body = json.dumps(counter.order(f"c{place}")).encode()
        head = (
            f"POST /v1/sales HTTP/1.1\r\nHost: till\r\nAuthorization: Bearer {counter.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        _, writer = await asyncio.open_unix_connection(counter.socket)
        writer.write(head.encode() + body)
        await writer.drain()
        for _ in range(place * 4):
            await asyncio.sleep(0)
        writer.close()
        while (answer := await counter.sell(f"c{place}")).status_code == HTTPStatus.CONFLICT:
            assert answer.json()["code"] == "in_progress"
        again = await counter.http.get(f"/v1/messages/c{place}")
        assert answer.json()["tokens"] == again.json()["tokens"]
        digits.append(again.json()["tokens"][0]["digits"])
    assert len(set(digits)) == len(digits)
    assert await counter.shop.look("SELECT count(*) FROM vending.sale") == len(digits)
    await proven(counter.shop)
