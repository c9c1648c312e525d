"""The client against a real server, over a wire that breaks."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx
import pytest

from tests.api.counter import Counter
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import proven
from umbane.client import Client, OutcomeUnknownError, ProblemError, Retries

T = TypeVar("T")


class BrokenWire(httpx.BaseTransport):
    """A wire to a server that loses some requests on their way, and some answers on theirs.

    Attributes:
        faults: what happens to each request: "lost", "unheard" (it is done, and the answer is lost), "refused" (nobody
            is there), "garbled"; afterwards the wire is sound.
    """

    def __init__(self, counter: Counter, *faults: str) -> None:
        self.wire = httpx.HTTPTransport(uds=str(counter.socket))
        self.faults: Iterator[str] = iter(faults)
        self.sent = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, or lose it."""
        self.sent += 1
        fault = next(self.faults, "")
        if fault == "refused":
            raise httpx.ConnectError("nobody is there")
        if fault == "lost":
            raise httpx.ReadTimeout("it took too long")
        answer = self.wire.handle_request(request)
        if fault == "unheard":
            answer.read()
            raise httpx.ReadError("the line broke")
        if fault == "garbled":
            answer.read()
            return httpx.Response(502, text="<html>Bad gateway</html>")
        return answer

    def close(self) -> None:
        """Close the sound wire below."""
        self.wire.close()


async def till(counter: Counter, work: Callable[[Client], T], *faults: str, attempts: int = 6) -> T:
    """Do something at a till whose wire has faults."""

    def at_till() -> T:
        wire = BrokenWire(counter, *faults)
        retries = Retries(attempts, 0.001)
        with Client("http://till", counter.key, transport=wire, retries=retries, wait=bool) as client:
            return work(client)

    return await asyncio.to_thread(at_till)


@pytest.mark.parametrize(
    "faults", [(), ("lost",), ("unheard",), ("refused",), ("garbled",), ("unheard", "lost", "garbled", "refused")]
)
async def test_a_purchase(counter: Counter, module: LaboratoryModule, faults: tuple[str, ...]) -> None:
    """However the wire breaks, one purchase is one token, and the till gets its digits."""
    sale = await till(counter, lambda it: it.buy("a", counter.meter, 20_000), *faults)
    (token,) = sale.tokens
    assert (len(token.digits or ""), token.units, sale.tender, module.count) == (20, sale.units, 20_000, 1)
    assert sum(line.amount for line in sale.lines) == 20_000
    await proven(counter.shop)


async def test_an_outcome_that_stays_unknown(counter: Counter, module: LaboratoryModule) -> None:
    """When no answer comes at all, the till is told by which message id to ask; and asking finds the sale."""
    with pytest.raises(OutcomeUnknownError, match="message a") as caught:
        await till(counter, lambda it: it.buy("a", counter.meter, 20_000), "unheard", "lost", attempts=2)
    outcome = await till(counter, lambda it: it.outcome(caught.value.message_id))
    last = await till(counter, lambda it: it.last_response())
    assert outcome is not None
    assert (outcome, module.count) == (last, 1)


async def test_a_message_that_never_came(counter: Counter) -> None:
    """A message that was lost on its way has no outcome, and the till never sold."""
    with pytest.raises(OutcomeUnknownError):
        await till(counter, lambda it: it.buy("a", counter.meter, 20_000), "lost", attempts=1)
    assert await till(counter, lambda it: it.outcome("a")) is None
    assert await till(counter, lambda it: it.last_response()) is None


async def test_a_refusal(counter: Counter, module: LaboratoryModule) -> None:
    """A refusal is told at once with its code and what could be paid, and isn't tried again."""
    with pytest.raises(ProblemError) as caught:
        await till(counter, lambda it: it.buy("a", counter.meter, 1))
    refusal = caught.value
    assert (refusal.code, refusal.is_final, refusal.status, module.count) == ("below_minimum", True, 422, 0)
    assert refusal.payable is not None


async def test_a_wrong_key(counter: Counter) -> None:
    """Whoever isn't let in is told so at once."""
    counter.key = "umb_wrong"
    with pytest.raises(ProblemError) as caught:
        await till(counter, lambda it: it.last_response())
    assert caught.value.status == 401


async def test_a_quote(counter: Counter, module: LaboratoryModule) -> None:
    """An offer tells what a purchase would give, and makes no token."""
    offered = await till(counter, lambda it: it.quote(counter.meter, {"kind": "buy", "money": 20_000}))
    assert (offered.tender, offered.units > 0, module.count) == (20_000, True, 0)


async def test_a_confirmation(counter: Counter) -> None:
    """Confirming gives the digits again."""
    sale = await till(counter, lambda it: it.buy("a:b.c", counter.meter, 20_000))
    assert (await till(counter, lambda it: it.confirm("a:b.c"))).tokens == sale.tokens


def test_no_digits_in_sight() -> None:
    """Pauses grow to a limit, and each is spread over its upper half."""
    pauses = [Retries().pause(attempt, chance) for attempt in (1, 2, 10) for chance in (0.0, 1.0)]
    assert pauses == [0.1, 0.2, 0.2, 0.4, 5.0, 10.0]


def test_a_final_answer_of_a_broken_server() -> None:
    """What is the outcome of the message is told at once, also when it is the server's own fault."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(503, json={"code": "not_made", "detail": "the module made none", "final": True})

    client = Client("http://till", "k", transport=httpx.MockTransport(answer), wait=bool)
    with client, pytest.raises(ProblemError, match="made none") as refused:
        client.buy("m1", "07000000013", 20_000)
    assert (refused.value.is_final, len(sent)) == (True, 1)
