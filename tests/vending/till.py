"""A till in a process of its own, made to be killed: `python -m tests.vending.till URL FOLDER TOWN`.

It reads lines "SEED FIRST" and forks a child for each, which sells messages from FIRST on, many of them often and at
the same time, and writes every answer as a line of JSON, until it is killed. So no time is spent on imports.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from uuid import UUID

from asyncpg import InterfaceError

from umbane.db import Server, open_database
from umbane.db.errors import DatabaseError
from umbane.security import open_software_module, published_vault
from umbane.sts import KRN, SGC
from umbane.vending import Answer, Buy, Engine, Pay, SaleRequest, Sold, open_engine, sell

__all__ = ["MESSAGES", "clock", "outcome", "request"]

MESSAGES = 30
"""From which a child picks; with every batch they move on by two, so that there are always new ones."""
TASKS = 4
LARGEST_BATCH = 6


def clock() -> datetime:
    """This machine's time of day, on a day for which the tariff has prices. It goes back every midnight."""
    return datetime(2026, 3, 12, tzinfo=UTC) + timedelta(seconds=time.time() % 86_400)


def request(town: dict[str, object], number: int) -> SaleRequest:
    """The message of a number: always the same."""
    meters, terminals = town["meters"], town["terminals"]
    assert isinstance(meters, list)
    assert isinstance(terminals, list)
    order = Pay(100 + number % 7) if number % 11 == 0 else Buy(money=3_000 + number * 97 % 9_000)
    meter, terminal = meters[number % len(meters)], terminals[number % len(terminals)]
    return SaleRequest(UUID(str(town["utility"])), UUID(terminal), f"m{number}", meter, order)


def outcome(answer: Answer) -> str | None:
    """What an answer comes to, without its digits; None for one that is no outcome."""
    if not answer.is_final:
        return None
    if not isinstance(answer, Sold):
        return str(answer.code)
    digits = ",".join(it.token.digits if it.token else "" for it in answer.tokens)
    return f"{answer.id} {sha256(digits.encode()).hexdigest()[:16]}"


async def session(url: str, folder: Path, town: dict[str, object], seed: int, first: int) -> None:
    """Sell until somebody puts an end to it."""
    chance = Random(seed)  # noqa: S311 - no secrets
    vault = published_vault([(SGC(123456), KRN(1))])
    async with (
        open_software_module("crash", folder, vault) as module,
        open_database(Server(url)) as database,
        open_engine(database, module, clock=clock) as engine,
    ):
        async with database.reading() as connection:
            left = await connection.fetchval("SELECT count(*) FROM vending.withheld")
        os.write(1, json.dumps(["withheld", left]).encode() + b"\n")
        await asyncio.gather(*(sell_on(engine, town, chance, first) for _ in range(TASKS)))


async def sell_on(engine: Engine, town: dict[str, object], chance: Random, first: int) -> None:
    """Sell batches of messages, the same ones often."""
    for batch in count():
        numbers = [first + 2 * batch + chance.randrange(MESSAGES) for _ in range(chance.randint(1, LARGEST_BATCH))]
        answers = await sell(engine, [request(town, number) for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            if found := outcome(answer):
                os.write(1, json.dumps([number, found]).encode() + b"\n")


def child(url: str, folder: Path, town: dict[str, object], seed: int, first: int) -> None:
    """One child's life."""
    while True:
        try:
            asyncio.run(session(url, folder, town, seed, first))
        except (DatabaseError, InterfaceError):
            seed += 1  # the server is away: it comes back, or we are killed


def main(url: str, folder: str, town: str) -> None:
    """Fork a child for each line; say its number, and wait until it is dead."""
    for line in sys.stdin:
        seed, first = map(int, line.split())
        pid = os.fork()
        if not pid:
            child(url, Path(folder), json.loads(town), seed, first)
            os._exit(0)
        os.write(1, json.dumps(["pid", pid]).encode() + b"\n")
        os.waitpid(pid, 0)
        os.write(1, b'["dead", 0]\n')


if __name__ == "__main__":
    main(*sys.argv[1:])
