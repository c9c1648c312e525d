"""A corner shop: what a till does, in few words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.registry.town import NOW, Town
from umbane.db import Connection
from umbane.ledger import BOOKS, AccountKey, CreditLimit, Kind, open_book, prove
from umbane.security import SecurityModule
from umbane.vending import CLAIMS, Answer, Buy, Engine, Order, SaleRequest, Sold, booked_tokens, open_engine, sell

__all__ = ["FLOAT", "Shop", "counted", "open_shop", "proven", "set_float"]

FLOAT = 10_000_000


@dataclass
class Shop:
    """A shop in a town, with an engine of its own and a clock that a test sets."""

    town: Town
    engine: Engine
    now: datetime
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def request(self, order: Order, message_id: str | None = None, **fields: Any) -> SaleRequest:  # noqa: ANN401 - a request's own
        """A request of the shop's till for the town's meter."""
        common = {"meter": str(self.town.meter.pan.drn)} | fields
        return SaleRequest(
            self.town.id, self.town.terminal.id, message_id or f"m{next(self.numbers)}", order=order, **common
        )

    async def ask(self, order: Order, message_id: str | None = None, **fields: Any) -> Answer:  # noqa: ANN401 - a request's own
        """Ask for one thing."""
        return (await sell(self.engine, [self.request(order, message_id, **fields)]))[0]

    async def sell(self, *requests: SaleRequest) -> list[Answer]:
        """Ask for several things at once."""
        return await sell(self.engine, requests)

    async def buy(self, money: int = 20_000, message_id: str | None = None, **fields: Any) -> Sold:  # noqa: ANN401 - a request's own
        """Buy for money; it must be sold."""
        answer = await self.ask(Buy(money=money), message_id, **fields)
        assert isinstance(answer, Sold), answer
        return answer

    async def look(self, sql: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever there is
        """One value from the database."""
        async with self.town.database.reading() as connection:
            return await connection.fetchval(sql, *arguments)

    def wait(self, **time: float) -> None:
        """Let time go by."""
        self.now += timedelta(**time)


async def set_float(town: Town, limit: int, currency: str = "ZAR") -> None:
    """Let the town's vendor owe so much."""

    async def work(tx: Connection) -> None:
        book = await open_book(tx, town.id)
        key = AccountKey(Kind.VENDOR_FLOAT, currency, town.vendor.id)
        number = (await book.accounts([key]))[key]
        await book.set_credit_limits([CreditLimit(number, limit, NOW, "agreed")])

    await town.database.run(work)


@asynccontextmanager
async def open_shop(
    town: Town, module: SecurityModule, limit: int = FLOAT, currency: str = "ZAR"
) -> AsyncIterator[Shop]:
    """Open a shop whose vendor may owe up to a limit."""
    await set_float(town, limit, currency)
    shops: list[Shop] = []
    async with open_engine(town.database, module, clock=lambda: shops[0].now if shops else NOW) as engine:
        shops.append(Shop(town, engine, NOW))
        yield shops[0]


async def proven(shop: Shop) -> None:
    """Everything holds that is to hold of books and sales, and every token of the module is in them."""
    proof = await prove(shop.town.database, (*BOOKS, *CLAIMS))
    wrong = [f"{it.claim.name}: {it.wrong}" for it in proof.findings if it.wrong]
    assert not wrong
    await counted(shop)


async def counted(shop: Shop) -> None:
    """The books know just as many tokens as the module has made."""
    status = await shop.engine.house.module.status()
    async with shop.town.database.reading() as connection:
        assert await booked_tokens(connection, status.name) == status.count
