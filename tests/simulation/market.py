"""Where stories are played: a database, a security module, and a loop to wait in."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.simulation.support import DOCUMENTS, HOUSEHOLDS, accounts, purchases
from umbane.db import Database
from umbane.security import SecurityModule
from umbane.simulation.account import Account
from umbane.simulation.errors import TableFileError
from umbane.simulation.models import Outcome, Purchase
from umbane.simulation.shop import Clock, Shop
from umbane.simulation.story import Cast, Story, play, read_cast
from umbane.simulation.world import settle
from umbane.sts import MeterPAN
from umbane.vending import open_engine

__all__ = ["Counter", "Market"]

TILL = "purchases.csv"
START = datetime(2025, 7, 1, tzinfo=UTC)


class Market:
    """Plays stories, each in a world of its own unless it is given a name."""

    def __init__(self, runner: asyncio.Runner, database: Database, module: SecurityModule) -> None:
        self.runner = runner
        self.database = database
        self.module = module

    def play(
        self, people: Sequence[Account], lines: Sequence[Purchase | TableFileError], name: str | None = None
    ) -> Story:
        """The story of these households and lines."""
        return self.tell(Cast(people, DOCUMENTS, lines, TILL), name)

    def tell(self, cast: Cast, name: str | None = None, **more: Any) -> Story:  # noqa: ANN401 - what play takes
        """The story of a cast."""
        return self.runner.run(play(cast, self.database, self.module, name=name or uuid4().hex, **more))

    def story_of(self, folder: Path, *lines: str, households: str = HOUSEHOLDS, name: str | None = None) -> Story:
        """The story of these lines."""
        return self.play(accounts(folder, households), purchases(folder, *lines), name)

    def told(self, folder: Path) -> Story:
        """The story of a folder's files."""
        return self.tell(read_cast(folder / "purchases.csv", folder / "meters.csv", folder / "tariffs"))

    def counter(self, folder: Path) -> "Counter":
        """A shop that has sold nothing yet."""
        return Counter(self, folder)


class Counter:
    """A shop, and a customer who waits for each answer."""

    def __init__(self, market: Market, folder: Path) -> None:
        self.market = market
        self.folder = folder
        people = {it.household.pan: it for it in accounts(folder)}
        name = uuid4().hex
        work = market.database.run(lambda tx: settle(tx, [*people.values()], DOCUMENTS, name, TILL))
        clock = Clock(START)
        engine = market.runner.run(open_engine(market.database, market.module, clock=clock).__aenter__())
        self.shop = Shop(engine, clock, people, market.runner.run(work))

    def account(self, meter: str) -> Account:
        """The account of a meter."""
        return self.shop.accounts[MeterPAN.parse(meter)]

    def sell(self, *lines: str) -> list[Outcome]:
        """What the shop says to these lines, in their order; every key-change token is typed in."""
        return [self.serve(line) for line in purchases(self.folder, *lines) if isinstance(line, Purchase)]

    def serve(self, purchase: Purchase) -> Outcome:
        """What the shop says to one."""
        return self.market.runner.run(self.shop.serve(purchase))
