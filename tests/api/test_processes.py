"""Several processes that serve from one database: each message has one outcome, whoever is asked and whoever dies."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.api.house import furnished, serving, till, till_key
from tests.registry.town import Town, meter, new_id
from umbane.api.modules import Own, clear_up, open_own_module
from umbane.db import Database, Server
from umbane.ledger import BOOKS, prove
from umbane.registry import (
    Contract,
    MeterState,
    ServicePoint,
    add_meters,
    add_service_points,
    open_contracts,
)
from umbane.security import open_software_module, published_vault
from umbane.sts import KRN, SGC
from umbane.vending import CLAIMS, booked_tokens, open_engine

MESSAGES = 36
METERS = 4
TASKS = 6
ANSWERS_BEFORE = 12
"""After so many of them one process is killed."""

Digits = tuple[str, ...]


def own(folder: Path) -> Own:
    """Modules in a folder, with the keys with which the town's tokens are made."""
    vault = published_vault([(SGC(123456), KRN(1))])
    return Own("software", folder, partial(open_software_module, folder=folder, vault=vault))


async def sold(http: httpx.AsyncClient, number: int, meters: list[str]) -> Digits:
    """Send a message until it has an outcome; its digits."""
    body = {
        "message_id": f"m{number}",
        "meter": meters[number % METERS],
        "order": {"kind": "buy", "money": 5_000 + number},
    }
    while True:
        try:
            answer = await http.post("/v1/sales", json=body)
        except httpx.TransportError:
            await asyncio.sleep(0.05)  # nobody is there until it is started again
            continue
        found: dict[str, Any] = answer.json()
        if answer.is_success:
            return (found["id"], *(it["digits"] for it in found["tokens"]))
        assert found["final"] is False, found
        await asyncio.sleep(0.01)


class Tills:
    """Tills that send every message to one server, several at a time, and take down what is answered."""

    def __init__(self, socket: Path, key: str, meters: list[str]) -> None:
        self.socket, self.key, self.meters = socket, key, meters
        self.answers: dict[int, Digits] = {}
        self.enough = asyncio.Event()

    async def send_all(self, step: int) -> None:
        """Send all messages; tasks of one server go up, those of another one down."""
        order = iter(range(MESSAGES)[::step])

        async def one(http: httpx.AsyncClient) -> None:
            for number in order:
                self.answers[number] = await sold(http, number, self.meters)
                if len(self.answers) >= ANSWERS_BEFORE:
                    self.enough.set()

        async with till(self.socket, self.key) as http:
            await asyncio.gather(*(one(http) for _ in range(TASKS)))


async def houses(town: Town) -> list[str]:
    """The numbers of some meters with contracts."""
    found = []
    for place in range(METERS):
        point = ServicePoint(new_id(), f"{place} Street")
        await town.does(add_service_points, [point])
        contract = Contract(
            point.id, town.customer.id, point.id, f"C{place}", town.contract.tariff_id, town.contract.opened
        )
        await town.does(open_contracts, [contract])
        hung = meter(9000 + place, state=MeterState.INSTALLED, service_point_id=point.id, contract_id=contract.id)
        await town.does(add_meters, [hung])
        found.append(str(hung.pan.drn))
    return found


def counts(folder: Path) -> dict[str, int]:
    """How many tokens each module of a folder has made, by its journal."""
    return {it.stem: int(it.read_text("ascii").splitlines()[-1].split()[1]) for it in folder.glob("*.journal")}


async def require_proven(database: Database, folder: Path) -> set[str]:
    """The books prove, and every token that a module ever made is in a sale or withheld; the names of the modules."""
    await clear_up(database, own(folder), beyond=0)
    proof = await prove(database, (*BOOKS, *CLAIMS))
    assert not [f"{it.claim.name}: {it.wrong}" for it in proof.findings if it.wrong]
    made = counts(folder)
    async with database.reading() as connection:
        assert made == {name: await booked_tokens(connection, name) for name in made}
    assert sum(made.values()) >= MESSAGES
    return set(made)


async def test_one_of_two_is_killed(database: Database, place: Server, folder: Path) -> None:
    """Two servers get the same messages at once, and one of them dies and comes back: they say the same of each."""
    town = await furnished(database)
    meters, key = await houses(town), await till_key(town)
    words = [("--socket", folder / name, "--module", folder / "modules", "--quiet") for name in ("a", "b")]
    with serving(place, *words[0]) as first, serving(place, *words[1]) as second:
        one, two = Tills(folder / "a", key, meters), Tills(folder / "b", key, meters)
        sending = asyncio.gather(one.send_all(1), two.send_all(-1))
        await one.enough.wait()
        first.kill()
        with serving(place, *words[0]) as again:
            await sending
            assert one.answers == two.answers
            assert len({it[0] for it in one.answers.values()}) == MESSAGES == len(one.answers)
            assert [again.end()[0], second.end()[0]] == [0, 0]
    assert await require_proven(database, folder / "modules") == {"software", "software-2"}


async def test_workers(database: Database, place: Server, folder: Path) -> None:
    """Several processes at one address, one of which is killed and replaced: each message has one outcome."""
    town = await furnished(database)
    meters, key = await houses(town), await till_key(town)
    words = "--workers", "2", "--socket", folder / "a", "--module", folder / "modules", "--quiet"
    with serving(place, *words) as process:
        one, two = Tills(folder / "a", key, meters), Tills(folder / "a", key, meters)
        sending = asyncio.gather(one.send_all(1), two.send_all(-1))
        await one.enough.wait()
        [first, _] = psutil.Process(process.popen.pid).children()
        first.kill()
        await sending
        assert one.answers == two.answers
        assert len({it[0] for it in one.answers.values()}) == MESSAGES
        assert process.end() == (0, "")
    assert await require_proven(database, folder / "modules") <= {"software", "software-2"}


async def test_a_module_that_nobody_takes(database: Database, tmp_path: Path) -> None:
    """What a process that never comes back has made is cleared up by the first of those that do."""
    async with open_own_module(own(tmp_path)) as (_, one), open_own_module(own(tmp_path)) as (_, two):
        assert (one, two) == (1, 2)
        assert await clear_up(database, own(tmp_path), beyond=0) == []
    assert await clear_up(database, own(tmp_path), beyond=2) == []
    assert await clear_up(database, own(tmp_path), beyond=1) == ["software-2"]
    async with open_own_module(own(tmp_path)) as (module, _), open_engine(database, module) as engine:
        assert engine.house.module_number == 2
