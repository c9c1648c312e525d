"""Tills in processes of their own, made to be killed: `python -m tests.vending.till URL FOLDER TOWN`.

It reads lines "FIRST SEED SEED ..." and forks a child for each seed, which has a security module of its own and sells
messages from FIRST on, many of them often and at the same time, and writes what it asks and every answer as a line of
JSON, until it is killed. So no time is spent on imports.
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from asyncpg import InterfaceError

from tests.vending.outside import outside_module
from umbane.db import Server, open_database
from umbane.db.errors import DatabaseError, SchemaError
from umbane.registry import EngineeringAction, Role
from umbane.security import SecurityModule, UnreachableError, open_software_module, published_vault
from umbane.sts import KRN, SGC
from umbane.vending import (
    Answer,
    Buy,
    Engine,
    Engineer,
    Order,
    Pay,
    SaleRequest,
    Sold,
    Staff,
    open_engine,
    resolve,
    sell,
)

__all__ = ["MESSAGES", "clock", "module_of", "outcome", "request"]

MESSAGES = 30
"""From which a child picks; with every batch they move on, so that there are always new ones."""
STEP = 3
TASKS = 4
LARGEST_BATCH = 6
PAUSE = 0.02
"""Seconds after a batch that came to nothing."""
AT_ONCE = timedelta(0)
ENGINEER = Staff("thandi", frozenset({Role.ENGINEER}))


def clock() -> datetime:
    """This machine's time of day, on a day for which the tariff has prices. It goes back every midnight."""
    return datetime(2026, 3, 12, tzinfo=UTC) + timedelta(seconds=time.time() % 86_400)


def order(number: int) -> Order:
    """What the message of a number asks for: purchases of all kinds, payments, engineering tokens, and nonsense."""
    if number % 11 == 0:
        return Pay(100 + number % 7)
    if number % 13 == 0:
        return Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 100 + number % 900)
    if number % 17 == 0:
        return Buy(money=1)
    return Buy(units=1 + number % 50) if number % 5 == 0 else Buy(money=3_000 + number * 97 % 9_000)


def request(town: dict[str, Any], number: int) -> SaleRequest:
    """The message of a number: always the same."""
    meters, terminals = town["meters"], town["terminals"]
    meter, terminal = meters[number % len(meters)], terminals[number % len(terminals)]
    return SaleRequest(UUID(town["utility"]), UUID(terminal), f"m{number}", meter, order(number), ENGINEER)


def outcome(answer: Answer) -> str | None:
    """What an answer comes to, without its digits; None for one that is no outcome."""
    if not answer.is_final:
        return None
    if not isinstance(answer, Sold):
        return str(answer.code)
    digits = ",".join(it.token.digits if it.token else "" for it in answer.tokens)
    return f"{answer.id} {sha256(digits.encode()).hexdigest()[:16]}"


def tell(*words: object) -> None:
    """Write a line of JSON at once."""
    os.write(1, json.dumps(words).encode() + b"\n")


@asynccontextmanager
async def module_of(folder: Path, place: int, *, external: bool) -> AsyncIterator[SecurityModule]:
    """The security module of a child."""
    if external:
        with closing(outside_module(folder, f"outside-{place}")) as outside:
            yield outside
        return
    async with open_software_module(f"inside-{place}", folder, published_vault([(SGC(123456), KRN(1))])) as module:
        yield module


async def session(url: str, folder: Path, town: dict[str, Any], place: int, first: int, seed: int) -> None:  # noqa: PLR0913, PLR0917 - of one child
    """Sell until somebody puts an end to it."""
    chance = Random(seed)  # noqa: S311 - no secrets
    async with (
        module_of(folder, place, external=town["external"]) as module,
        open_database(Server(url)) as database,
        open_engine(database, module, clock=clock) as engine,
    ):
        tell("open", place)
        await asyncio.gather(*(sell_on(engine, town, chance, first) for _ in range(TASKS)))


async def sell_on(engine: Engine, town: dict[str, Any], chance: Random, first: int) -> None:
    """Sell batches of messages, the same ones often."""
    batch = 0
    while True:
        numbers = [first + STEP * batch + chance.randrange(MESSAGES) for _ in range(chance.randint(1, LARGEST_BATCH))]
        tell("asked", numbers)
        if town["external"] and chance.random() < 1 / 4:
            await resolve(engine, AT_ONCE)
        answers = await sell(engine, [request(town, number) for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            if found := outcome(answer):
                tell(number, found)
        if any(answer.is_final for answer in answers):
            batch += 1
        else:
            await asyncio.sleep(PAUSE)


def child(url: str, folder: Path, town: dict[str, Any], place: int, first: int, seed: int) -> None:  # noqa: PLR0913, PLR0917 - of one child
    """One child's life."""
    while True:
        try:
            asyncio.run(session(url, folder, town, place, first, seed))
        except SchemaError:  # a migration was added under the test: it would be tried for ever, on all of a processor
            raise
        except (DatabaseError, InterfaceError, UnreachableError):
            seed += 1  # the server or the module is away: it comes back, or we are killed
            time.sleep(PAUSE)  # else nobody else may get a processor to bring it back with


def main(url: str, folder: str, town: str) -> None:
    """Fork the children of each line; say their numbers, and wait until they are dead."""
    gc.freeze()  # what is here already stays shared with the children
    for line in sys.stdin:
        first, *seeds = map(int, line.split())
        pids = []
        for place, seed in enumerate(seeds):
            if not (pid := os.fork()):
                child(url, Path(folder), json.loads(town), place, first, seed)
                os._exit(0)
            pids.append(pid)
        tell("pids", pids)
        for pid in pids:
            os.waitpid(pid, 0)
        tell("dead", 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
