"""Many at once: on one meter, with one message, from two processes."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from tests.db.program import begin, finish
from tests.registry.town import Town
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, counted, open_shop, proven, set_float
from tests.vending.street import street
from umbane.db import Connection, Limits, Server, open_database
from umbane.vending import Buy, Code, Refused, Sold

AT_ONCE = 64

PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from tests.vending.till import outcome, request
from umbane.db import Server, open_database
from umbane.security import open_software_module, published_vault
from umbane.sts import KRN, SGC
from umbane.vending import open_engine, sell
from tests.vending.till import clock

url, folder, town = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])

async def main():
    vault = published_vault([(SGC(123456), KRN(1))])
    async with (
        open_software_module(sys.argv[4], folder, vault) as module,
        open_database(Server(url)) as database,
        open_engine(database, module, clock=clock) as engine,
    ):
        print("ready", flush=True)
        sys.stdin.readline()
        said = {}
        async def till(numbers):
            for number in numbers:
                while (found := outcome((await sell(engine, [request(town, number)]))[0])) is None:
                    pass
                said[number] = found
        await asyncio.gather(*(till(range(start, 60, 4)) for start in range(4)))
        print(json.dumps(sorted(said.items())))
        print((await module.status()).count)

asyncio.run(main())
"""


async def test_one_meter(shop: Shop, module: LaboratoryModule) -> None:
    """Many tills at one meter get a token each, with a TID of its own."""
    answers = await asyncio.gather(*(shop.ask(Buy(money=3_000)) for _ in range(AT_ONCE)))
    minutes = {it.tokens[0].minute for it in answers if isinstance(it, Sold)}
    assert (len(minutes), module.count) == (AT_ONCE, AT_ONCE)
    await proven(shop)


async def test_one_message(shop: Shop, module: LaboratoryModule) -> None:
    """The same message many times at once is sold once, and every answer that isn't "in progress" is that sale."""
    answers = await asyncio.gather(*(shop.ask(Buy(money=3_000), "a") for _ in range(AT_ONCE)))
    sold = [it for it in answers if isinstance(it, Sold)]
    others = {it.code for it in answers if isinstance(it, Refused)}
    assert (len({it.id for it in sold}), module.count) == (1, 1)
    assert others <= {Code.IN_PROGRESS}
    assert sum(not it.repeated for it in sold) == 1
    await proven(shop)


async def test_one_message_with_other_bodies(shop: Shop, module: LaboratoryModule) -> None:
    """Of many bodies under one message id at once, one is sold, and the others are conflicts."""
    answers = await asyncio.gather(*(shop.ask(Buy(money=3_000 + place), "a") for place in range(16)))
    codes = [it.code for it in answers if isinstance(it, Refused)]
    assert (len(answers) - len(codes), set(codes), module.count) == (1, {Code.CONFLICT}, 1)
    await proven(shop)


async def test_one_float(shop: Shop) -> None:
    """Many tills of one vendor never sell more than its float holds, and not less than what fits."""
    await set_float(shop.town, 30_000)
    answers = await asyncio.gather(*(shop.ask(Buy(money=1_000)) for _ in range(AT_ONCE)))
    assert sum(isinstance(it, Sold) for it in answers) == 30
    assert {it.code for it in answers if isinstance(it, Refused)} == {Code.FLOAT_EXHAUSTED}
    await proven(shop)


async def test_a_float_that_others_spend_meanwhile(town: Town, module: LaboratoryModule) -> None:
    """A sale for which there was ample money when it began is refused if others have spent it before it is booked."""
    (house,) = await street(town, 1)
    other = LaboratoryModule("other")
    async with open_shop(town, module, 154_000) as one, open_shop(town, other, 154_000) as two:
        await one.buy(2_000, "first")
        await two.buy(2_000, "second", meter=str(house.pan.drn))
        module.asked.clear()
        module.awake.clear()
        slow = asyncio.create_task(one.ask(Buy(money=1_000), "slow"))
        await asyncio.wait_for(module.asked.wait(), 10)
        assert isinstance(await two.ask(Buy(money=149_500), "other", meter=str(house.pan.drn)), Sold)
        module.awake.set()
        answer = await slow
        assert isinstance(answer, Refused)
        assert (answer.code, await one.ask(Buy(money=1_000), "slow")) == (Code.FLOAT_EXHAUSTED, answer)
        assert isinstance(await one.ask(Buy(money=500), "last"), Sold)
        assert await one.look("SELECT count(*) FROM vending.withheld") == 1
        await proven(one)
        await counted(two)


async def test_batches_that_cross(shop: Shop) -> None:
    """Batches with the same messages in other orders don't stand in each other's way."""
    requests = [shop.request(Buy(money=3_000), f"m{place}") for place in range(8)]
    orders = [requests[turn:] + requests[:turn] for turn in range(8)]
    found = await asyncio.gather(*(shop.sell(*order) for order in orders))
    ids = {(it.message_id, it.id) for answers in found for it in answers if isinstance(it, Sold)}
    assert len(ids) == 8
    await proven(shop)


async def test_a_till_that_is_cut_off(shop: Shop) -> None:
    """A caller who is cancelled anywhere leaves nothing half done: the same message is sold once afterwards."""
    for place in range(12):
        task = asyncio.create_task(shop.ask(Buy(money=3_000), f"c{place}"))
        for _ in range(place * 3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        first = await shop.buy(3_000, f"c{place}")
        assert await shop.buy(3_000, f"c{place}") == first
    await proven(shop)


async def test_two_engines(town: Town, module: LaboratoryModule) -> None:
    """Tills at two engines, each with a module of its own, that ask the same at once: each message is sold once."""
    houses = [town.meter, *await street(town, 2)]
    other = LaboratoryModule("other")
    async with open_shop(town, module) as one, open_shop(town, other) as two:

        async def till(shop: Shop, number: int) -> Sold:
            meter = str(houses[number % len(houses)].pan.drn)
            while True:
                answer = await shop.ask(Buy(money=3_000 + number), f"m{number}", meter=meter)
                if isinstance(answer, Sold):
                    return answer
                assert answer.code is Code.IN_PROGRESS

        asked = [(number, shop) for number in range(AT_ONCE) for shop in (one, two)]
        sold = await asyncio.gather(*(till(shop, number) for number, shop in asked))
        assert sold[::2] == sold[1::2]
        assert sum(not it.repeated for it in sold) == AT_ONCE == module.count + other.count
        assert len({(it.meter, it.tokens[0].minute) for it in sold}) == AT_ONCE
        await proven(one)
        await counted(two)


async def test_two_processes(town: Town, place: Server, module: LaboratoryModule, tmp_path: Path) -> None:
    """Two processes, each with a module of its own, that get the same messages at once, give the same answers."""
    number = str(town.meter.pan.drn)
    words = json.dumps({"utility": str(town.id), "terminals": [str(town.terminal.id)], "meters": [number]})
    async with open_shop(town, module) as shop:
        programs = [begin(PROGRAM, place.url, tmp_path / name, words, name) for name in ("one", "two")]
        for program in programs:
            assert program.stdout
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin
            program.stdin.write("go\n")
            program.stdin.flush()
        said = [await asyncio.to_thread(finish, program) for program in programs]
        (first, made), (second, made_too) = (it.splitlines() for it in said)
        assert first == second
        assert len(dict(json.loads(first))) == 60
        assert int(made) + int(made_too) == await shop.look("SELECT count(*) FROM vending.token")
        await proven(shop)


async def test_a_meter_that_others_hold(town: Town, module: LaboratoryModule, place: Server) -> None:
    """Who sells to a meter that others hold for long hears so; all others of the batch are sold."""
    houses = await street(town, 8)
    freed, held = asyncio.Event(), asyncio.Event()

    async def hold(tx: Connection) -> None:
        await tx.execute("SELECT FROM registry.meter WHERE pan = $1 FOR UPDATE", houses[3].pan.digits)
        held.set()
        await freed.wait()

    async with (
        open_database(place, limits=Limits(lock=0.3)) as impatient,
        open_shop(replace(town, database=impatient), module) as shop,
    ):
        holding = asyncio.create_task(town.database.run(hold))
        await held.wait()
        answers = await shop.sell(*(shop.request(Buy(money=9_000), meter=str(it.pan.drn)) for it in houses))
        freed.set()
        await holding
        assert [place for place, it in enumerate(answers) if not isinstance(it, Sold)] == [3]
        assert isinstance(answers[3], Refused)
        assert answers[3].code is Code.IN_PROGRESS
        await proven(shop)
