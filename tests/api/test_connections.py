"""Connections of strangers, who send whatever they like."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.api.counter import Counter
from tests.database import quick_folder
from umbane.api import Listening
from umbane.api.connections import LARGEST_HEAD, Connection
from umbane.api.serving import make_server

HEALTH = b"GET /health HTTP/1.1\r\nHost: till\r\n\r\n"
SMUGGLED = [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HEALTH,
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HEALTH,
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"Content-Length: -5\r\n\r\n",
    b"Content-Length: +5\r\n\r\nabcde",
    b"Content-Length: 0x5\r\n\r\nabcde",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HEALTH,
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HEALTH,
    b"Na\x00me: x\r\n\r\n",
]


async def sent(socket: Path, *parts: bytes) -> bytes:
    """All that is answered to these bytes, until the line is cut."""
    reader, writer = await asyncio.open_unix_connection(socket)
    answered = b""
    with suppress(ConnectionError):  # the other side may have hung up already
        for part in parts:
            writer.write(part)
            await writer.drain()
        answered = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answered


@pytest.mark.parametrize("rest", SMUGGLED)
async def test_a_request_that_says_two_things(counter: Counter, rest: bytes) -> None:
    """A request whose end two programs could see in two places is refused, and nothing behind it is answered."""
    answer = await sent(counter.socket, b"POST /v1/sales HTTP/1.1\r\nHost: till\r\n" + rest)
    assert (answer.count(b"HTTP/1.1 400"), answer.count(b"HTTP/1.1")) == (1, 1)


async def test_a_head_without_end(counter: Counter) -> None:
    """A head that doesn't end is listened to for a while, and no longer."""
    piece = b"x" * LARGEST_HEAD
    assert await sent(counter.socket, b"GET /health HTTP/1.1\r\nHost: till\r\nA: ", *[piece] * 20) == b""


async def test_a_large_head(counter: Counter) -> None:
    """A head as large as any that means something is answered."""
    large = b"A: " + b"x" * (LARGEST_HEAD // 2) + b"\r\nConnection: close\r\n\r\n"
    answer = await sent(counter.socket, b"GET /health HTTP/1.1\r\nHost: till\r\n" + large)
    assert answer.startswith(b"HTTP/1.1 200")


class Hasty(Connection):
    """A connection that waits for nearly nothing."""

    patience = 0.05


async def slowly(request: Request) -> Response:
    """Answer later than a hasty connection waits for a request."""
    await request.body()
    await asyncio.sleep(2 * Hasty.patience)
    return Response()


@pytest.fixture
async def hasty() -> AsyncIterator[Path]:
    """Give the socket of a server whose connections are hasty."""
    folder = quick_folder()
    app = Starlette(routes=[Route("/health", slowly, methods=["GET", "POST"])])
    server = make_server(app, Listening(socket=folder / "api"), Hasty)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    yield folder / "api"
    server.should_exit = True
    await running
    shutil.rmtree(folder)


BODY = b"POST /health HTTP/1.1\r\nHost: till\r\nContent-Length: 9\r\n\r\n"
SLOW = [[], [b"GET /health HT"], [HEALTH, b"GET /health HT"], [BODY], [BODY, b"half"], [BODY + b"ninebytes" + BODY]]


@pytest.mark.parametrize("parts", SLOW)
async def test_a_request_that_is_slow(hasty: Path, parts: list[bytes]) -> None:
    """Whoever says nothing, or begins a head or a body and doesn't go on, is waited for while patience lasts."""
    assert (await sent(hasty, *parts)).count(b"HTTP/1.1 200") <= 1


async def test_an_answer_that_takes_its_time(hasty: Path) -> None:
    """Patience is for requests alone: whoever asked is answered, however long that takes."""
    for request in (HEALTH, BODY + b"ninebytes"):
        answer = await sent(hasty, request.replace(b"Host: till", b"Host: till\r\nConnection: close"))
        assert answer.startswith(b"HTTP/1.1 200")


async def test_words_of_strangers(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    """What strangers send askew is no line in anybody's log."""
    await sent(counter.socket, b"\x16\x03\x01\x02\x00\x01")
    upgrade = b"GET /health HTTP/1.1\r\nHost: till\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    assert (await sent(counter.socket, upgrade)).startswith(b"HTTP/1.1 200")
    assert not caplog.records
