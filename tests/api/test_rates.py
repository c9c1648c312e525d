"""How often somebody may ask: counted for all processes together, and seldom in the database."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from random import Random

import pytest

from tests.api.counter import Counter, api_key
from umbane.api.problems import ApiError
from umbane.api.rates import BURST, MOST_KEYS, PORTION, Rates, Who, keep
from umbane.db import Database

SLACK = timedelta(milliseconds=1)


async def admitted(rates: Rates, times: int, per_minute: int, who: str = "till") -> int:
    """How many of so many requests, all at once, are let through."""
    answers = await asyncio.gather(*(rates.require(who, per_minute) for _ in range(times)), return_exceptions=True)
    assert all(it is None or isinstance(it, ApiError) for it in answers), answers
    return answers.count(None)


async def moments(database: Database, who: str = "till") -> tuple[datetime, datetime]:
    """The database's time of day, and when all that was taken would have been asked at an even pace."""
    async with database.reading() as connection:
        [row] = await connection.fetch(
            "SELECT clock_timestamp(), (SELECT free_at FROM api.rate WHERE name = $1)", who
        )  # fmt: skip
    return row[0], row[1]


async def test_together(database: Database) -> None:
    """Whatever each of four processes is asked, what they let through together is paid for at the even pace."""
    chance = Random(7)  # noqa: S311 - no secrets
    for number in range(12):
        who, per_minute = f"till {number}", chance.choice([1, 6, 60, 600, 6_000])
        processes, gap = [Rates(database) for _ in range(4)], timedelta(seconds=60 / per_minute)
        begun, _ = await moments(database)
        asks = [(chance.choice(processes), chance.randint(1, 60)) for _ in range(10)]
        through = sum([await admitted(rates, times, per_minute, who) for rates, times in asks])
        now, taken = await moments(database, who)
        kept = sum(it.left.get(who, 0) for it in processes)
        assert 0 < through <= 600
        assert begun + (through + kept) * gap <= taken + SLACK
        assert taken <= now + max(timedelta(seconds=BURST), gap) + gap + SLACK


async def test_one_after_the_other(database: Database) -> None:
    """What one process let through another one doesn't let through again: one a minute, and one ahead of its time."""
    assert [await admitted(Rates(database), 1, 1) for _ in range(4)] == [1, 1, 0, 0]


async def test_seldom(database: Database) -> None:
    """A process asks the database once for a part of a burst, however many wait for that at once."""
    rates, per_minute = Rates(database), 60_000
    portion = per_minute * BURST // 60 // PORTION
    assert await admitted(rates, 500, per_minute) == 500
    assert rates.left["till"] == portion - 500
    now, taken = await moments(database)
    assert taken <= now + timedelta(seconds=60 / per_minute) * portion


async def test_whoever_is_sent_away(database: Database) -> None:
    """Who asks too often is told when to come back, and is sent away until then without asking the database."""
    clock = [0.0]
    rates = Rates(database, lambda: clock[0])
    await admitted(rates, 2, 1)
    with pytest.raises(ApiError) as told:
        await rates.require("till", 1)
    assert told.value.problem.status == 429
    assert 1 <= (told.value.problem.retry_after or 0) <= 60
    await database.run(lambda tx: tx.execute("DELETE FROM api.rate"))
    assert await admitted(rates, 3, 1) == 0
    clock[0] += 61
    assert await admitted(rates, 3, 1) == 2


async def test_each_by_itself(database: Database) -> None:
    """Nobody waits for somebody else."""
    rates = Rates(database)
    assert [await admitted(rates, 3, 1, who) for who in ("a", "b")] == [2, 2]


def test_many() -> None:
    """Whoever was remembered longest ago is forgotten when there are too many."""
    kept: OrderedDict[Who, int] = OrderedDict()
    for number in range(MOST_KEYS + 1):
        keep(kept, str(number), 1)
    assert (len(kept), "0" in kept, "1" in kept) == (MOST_KEYS, False, True)


async def test_a_key_at_two_servers(counter: Counter) -> None:
    """A key's limit holds over HTTP whatever another process let through before."""
    key = await api_key(counter.shop, requests_per_minute=1)
    town = counter.shop.town
    async with town.database.reading() as connection:
        key_id = await connection.fetchval("SELECT id FROM registry.api_key ORDER BY issued_at DESC, id DESC LIMIT 1")
    assert await admitted(Rates(town.database), 2, 1, str(key_id)) == 2
    answer = await counter.http.get("/v1/sales/last", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
