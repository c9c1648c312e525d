"""The client against a real server, over a wire that breaks."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import UUID

import httpx
import pytest

from tests.api.counter import Counter
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import proven
from umbane.client import Client, NoAnswerError, OutcomeUnknownError, ProblemError, Retries

T = TypeVar("T")
ID = UUID(int=7)
TYPE = "urn:umbane:problem:"


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
    assert (offered.payable is not None, offered.free_due >= 0) == (True, True)


async def test_a_confirmation(counter: Counter) -> None:
    """Confirming gives the digits again."""
    sale = await till(counter, lambda it: it.buy("a:b.c", counter.meter, 20_000))
    assert (await till(counter, lambda it: it.confirm("a:b.c"))).tokens == sale.tokens


def test_pauses() -> None:
    """Pauses grow to a limit, and each is spread over its upper half."""
    pauses = [Retries().pause(attempt, chance) for attempt in (1, 2, 10) for chance in (0.0, 1.0)]
    assert pauses == [0.1, 0.2, 0.2, 0.4, 5.0, 10.0]


def test_a_final_answer_of_a_broken_server() -> None:
    """What is the outcome of the message is told at once, also when it is the server's own fault."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(503, json=problem(503, "gone", final=True)[1])

    client = Client("http://till", "k", transport=httpx.MockTransport(answer), wait=bool)
    with client, pytest.raises(ProblemError, match="gone") as refused:
        client.buy("m1", "07000000013", 20_000)
    assert (refused.value.is_final, len(sent)) == (True, 1)


# ------------------------------------------------------------------------------------------ whatever else may answer


NONSENSE = [
    (200, {}), (200, []), (200, {"id": "x"}), (200, "<html>Welcome to our network</html>"), (204, ""),
    (302, "<html>Moved</html>"), (401, {"message": "Unauthorized"}), (403, "Forbidden"), (404, {"error": "no route"}),
    (429, {"type": TYPE + "x", "code": "x", "retry_after": "soon"}), (502, []),
    (422, {"type": TYPE + "x", "code": "x", "payable": {"least": 1}}),
    (500, {"code": None}),
    (403, {"type": "about:blank", "code": "forbidden"}), (403, {"type": TYPE + "a", "code": "b"}),
]  # fmt: skip
"""What others on the way answer in the server's place."""


def answering(*answers: tuple[int, object]) -> Client:
    """A till to which these answers come, one after the other; the last one again and again."""
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        status, body = left.pop(0) if len(left) > 1 else left[0]
        content = body if isinstance(body, str) else json.dumps(body)
        return httpx.Response(status, content=content)

    return Client("http://till", "k", transport=httpx.MockTransport(answer), retries=Retries(3, 0.0), wait=bool)


@pytest.mark.parametrize(("status", "body"), NONSENSE)
def test_an_answer_of_somebody_else(status: int, body: object) -> None:
    """What is no answer of the API is none: whether something was sold is unknown, and what was asked isn't told."""
    with answering((status, body)) as till:
        acts: list[Callable[[], object]] = [
            lambda: till.buy("m1", "1", 1), lambda: till.confirm("m1"), lambda: till.reverse("m1", "a slip"),
        ]  # fmt: skip
        for act in acts:
            with pytest.raises(OutcomeUnknownError, match="message m1"):
                act()
        asks: list[Callable[[], object]] = [
            lambda: till.outcome("m1"), till.last_response, lambda: till.quote("1", {}), lambda: till.reprint(ID),
        ]  # fmt: skip
        for ask in asks:
            with pytest.raises(NoAnswerError):
                ask()


def problem(status: int, code: str, *, final: bool | None = None) -> tuple[int, dict[str, object]]:
    """A problem that the server answers."""
    return status, {"type": TYPE + code, "code": code, "detail": code} | ({} if final is None else {"final": final})


@pytest.mark.parametrize(
    "later",
    [
        problem(401, "not_let_in"), problem(403, "not_permitted"), problem(403, "above_key_limit"),
        problem(429, "too_many_requests"), problem(503, "overloaded"), problem(404, "not_found"),
    ],
)  # fmt: skip
def test_a_later_no(later: tuple[int, object]) -> None:
    """After a call without an answer, whoever is let in no more doesn't know either whether the first one sold."""
    with pytest.raises(OutcomeUnknownError):
        answering((502, ""), later).buy("m1", "1", 1)
    with pytest.raises(ProblemError):
        answering(later).buy("m1", "1", 1)


@pytest.mark.parametrize(
    "later",
    [problem(422, "bad_value"), problem(409, "message_id_conflict", final=False), problem(402, "x", final=True)],
)
def test_a_no_for_all(later: tuple[int, object]) -> None:
    """A refusal that is final, or that the first call must have met as well, is one also after a lost answer."""
    with pytest.raises(ProblemError):
        answering((502, ""), later).buy("m1", "1", 1)


def test_asking_again() -> None:
    """Whoever looks asks again while the answer may be another in a moment, and tells what stays."""
    busy = problem(409, "in_progress", final=False)
    assert answering((502, ""), busy, problem(404, "unknown_sale")).outcome("m1") is None
    with pytest.raises(ProblemError) as caught:
        answering(busy).outcome("m1")
    assert (caught.value.code, caught.value.is_final) == ("in_progress", False)
