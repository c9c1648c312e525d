"""A till that speaks HTTP with a real server."""

import asyncio
import io
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.vending.shop import Shop
from umbane.api import TILL, Listening, make_app
from umbane.api.serving import make_server
from umbane.registry import ApiKeyLimits, issue_api_key

__all__ = ["SEAL_KEY", "Counter", "api_key", "open_counter"]

SEAL_KEY = bytes(range(32))


@dataclass
class Counter:
    """A shop, a server in front of it, and a client with the till's API key."""

    shop: Shop
    http: httpx.AsyncClient
    socket: Path
    key: str
    log: io.StringIO
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def meter(self) -> str:
        """The number of the town's meter."""
        return str(self.shop.town.meter.pan.drn)

    def order(self, message_id: str | None = None, **order: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """The body of a sale; a purchase for 200.00 unless said otherwise."""
        what = order or {"kind": "buy", "money": 20_000}
        return {"message_id": message_id or f"m{next(self.numbers)}", "meter": self.meter, "order": what}

    async def sell(self, message_id: str | None = None, **order: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
        """Ask for a sale."""
        return await self.http.post("/v1/sales", json=self.order(message_id, **order))


async def api_key(shop: Shop, scopes: Any = TILL, terminal_id: Any = None, **limits: int) -> str:  # noqa: ANN401 - any texts
    """A new API key of the shop's till, or of another of the same vendor."""
    town = shop.town
    _, secret = await town.does(
        issue_api_key, town.vendor.id, terminal_id or town.terminal.id, label="till 1",
        scopes=[str(it) for it in scopes], limits=ApiKeyLimits(**limits), randomness=secrets.token_bytes(32),
    )  # fmt: skip
    return secret


@asynccontextmanager
async def open_counter(shop: Shop, socket: Path) -> AsyncIterator[Counter]:
    """Start a server in front of a shop, and give a client."""
    log = io.StringIO()
    server = make_server(make_app(shop.engine, seal_key=SEAL_KEY, log=log), Listening(socket=socket))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    key = await api_key(shop)
    headers = {"Authorization": f"Bearer {key}"}
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://till", headers=headers, timeout=30) as http:
        yield Counter(shop, http, socket, key, log)
    server.should_exit = True
    await running
