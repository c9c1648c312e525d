"""A town in which tills, their connections, their security modules and PostgreSQL are killed, and what came of it."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import asyncpg

from tests.database import administer, at
from tests.project.tree import ROOT
from tests.registry.town import Town, build
from tests.vending.killing import kill
from tests.vending.shop import Shop, counted, proven, set_float
from tests.vending.street import street
from tests.vending.till import AT_ONCE, MESSAGES, clock, module_of, outcome, request
from umbane.db import Server, new_ids, open_database
from umbane.db.embedded import EmbeddedServer
from umbane.registry import Terminal, add_terminals
from umbane.vending import Engine, open_engine, resolve, sell
from umbane.vending.intents import open_intents

__all__ = ["Field"]

TILLS = 2
METERS = 40
AT_A_TIME = 500
STARTING = 0.15
"""How often tills are killed while they start, and not while they sell."""
PIECE = 1 << 16
MOST_LINES = 40
"""That tills say before something is killed."""
LONGEST_START = 10.0
PATIENCE = 1.5
"""Seconds to wait for that."""
CHECKED = 1 / 3
"""How often everything is looked at after a round; else the next tills find what the last ones left."""
PROVEN = 1 / 4
"""How often all books are proven when everything is looked at: that takes the longer the more there is in them."""
TOLD_EVERY = 50
NAME = "crash"
CUT = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{NAME}' AND random() < 0.6"  # noqa: S608 - our name
FIELDS = ["scope", "customer", "place", "contract", "meter", "stocked", "vendor", "terminal"]
LEFT = "SELECT count(*) FROM vending.withheld"
KNOWN = "SELECT message_id FROM vending.message WHERE message_id = ANY($1)"
WAYS = {"application": 8, "connections": 5, "server": 1, "server and back": 1}
"""What is killed, and how often of all."""


class Field:
    """A town, tills that are killed in it, and everything that they ever said.

    Attributes:
        said: the outcomes that each message was answered, by its number.
        asked: the numbers that were asked for and not answered yet.
        seen: what was killed how often, and what was found afterwards.
    """

    def __init__(self, server: EmbeddedServer, folder: Path, seed: int, *, external: bool = False) -> None:
        self.server, self.folder, self.chance = server, folder, Random(seed)  # noqa: S311 - no secrets
        self.external = external
        self.said: dict[int, set[str]] = {}
        self.fresh: set[int] = set()
        self.asked: set[int] = set()
        self.seen: Counter[str] = Counter()
        self.town: dict[str, Any] = {}
        self.built: Town | None = None
        self.modules: list[subprocess.Popen[bytes]] = []
        self.alive: list[int] = []
        """Tills that weren't killed yet."""

    @property
    def place(self) -> Server:
        """Where the database is."""
        return at(self.server, NAME)

    # ------------------------------------------------------------------------------------------------- before and after

    async def build(self) -> None:
        """Build a town with some meters and two tills."""
        async with open_database(self.place, migrating=True) as database:
            town = self.built = await build(database, "seaview", 1)
            await set_float(town, 10**12)
            tills = [Terminal(id_, town.vendor.id, f"T-{place}") for place, id_ in enumerate(new_ids(2), 2)]
            await town.does(add_terminals, tills)
            numbers = [str(it.pan.drn) for it in await street(town, METERS)]
            terminals = [str(it.id) for it in tills]
        self.town = {"utility": str(town.id), "terminals": terminals, "meters": numbers, "external": self.external}

    def program(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a program of the tests."""
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        words = [sys.executable, "-m", f"tests.vending.{name}", *arguments]
        return subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=ROOT, env=environment
        )

    def start_module(self, place: int) -> "subprocess.Popen[bytes]":
        """Start a module of the other kind, outside of the tills' processes."""
        module = self.program("outside", str(self.folder), f"outside-{place}", str(self.chance.randrange(10**9)))
        assert module.stdout
        assert module.stdout.readline() == b"ready\n"
        return module

    def run(self, rounds: int) -> None:
        """Let the tills be killed so many times."""
        self.modules = [self.start_module(place) for place in range(TILLS)] if self.external else []
        till = self.program("till", self.place.url, str(self.folder), json.dumps(self.town))
        try:
            for number in range(1, rounds + 1):
                self.round(till)
                if number == rounds or self.chance.random() < CHECKED:
                    asyncio.run(self.check(everything=number == rounds))
                if number % TOLD_EVERY == 0:
                    print(f"{number} rounds, {len(self.said)} messages")  # noqa: T201 - for whoever waits
        finally:
            for pid in self.alive:  # a round was broken off: nobody else would end them
                os.kill(pid, signal.SIGKILL)
            till.communicate()
            for module in self.modules:
                module.kill()
                module.communicate()

    # ---------------------------------------------------------------------------------------------------------- a round

    def round(self, till: "subprocess.Popen[bytes]") -> None:
        """Start two tills, kill something at a random moment, kill the tills, and take down what they said."""
        assert till.stdout
        said = self.begin(till)
        begun = self.chance.random() > STARTING
        said += self.listen(till, LONGEST_START, 1) if begun else b""
        said += self.listen(till, PATIENCE, self.chance.randint(1, MOST_LINES)) if begun else b""
        said += self.listen(till, self.chance.uniform(0.0, 0.05 if begun else 0.3))
        said += self.harm(till)
        for pid in self.chance.sample(self.alive, len(self.alive)):
            os.kill(pid, signal.SIGKILL)
            self.alive.remove(pid)
            said += self.listen(till, self.chance.choice([0, self.chance.uniform(0, 0.1)]))
        while not said.endswith(b'["dead", 0]\n'):
            said += os.read(till.stdout.fileno(), PIECE)
        self.server.start()
        self.note(said)

    def begin(self, till: "subprocess.Popen[bytes]") -> bytes:
        """Start two tills; what the first of them says before it is known how they are called."""
        assert till.stdin
        assert till.stdout
        seeds = " ".join(str(self.chance.randrange(10**9)) for _ in range(TILLS))
        till.stdin.write(f"{max(0, max(self.said, default=0) - MESSAGES // 2)} {seeds}\n".encode())
        said = b""
        while not (line := till.stdout.readline()).startswith(b'["pids"'):
            assert line, "the tills are gone"
            said += line
        self.alive = json.loads(line)[1]
        return said

    def harm(self, till: "subprocess.Popen[bytes]") -> bytes:
        """Kill what the tills need; what they said then."""
        way, said = self.chance.choices([*WAYS], [*WAYS.values()])[0], b""
        if self.external and self.chance.random() < 1 / 4:
            self.seen["killed: module"] += 1
            place = self.chance.randrange(TILLS)
            self.modules[place].kill()
            self.modules[place].communicate()
            self.modules[place] = self.start_module(place)
        self.seen[f"killed: {way}"] += 1
        if way == "connections":
            for _ in range(self.chance.randint(1, 3)):
                with suppress(asyncpg.PostgresError, OSError):
                    administer(self.server, CUT)
                said += self.listen(till, self.chance.uniform(0.0, 0.2))
        if way.startswith("server"):
            kill(self.server.pid)
            said += self.listen(till, self.chance.uniform(0.0, 0.1))
        if way == "server and back":
            self.server.start()
            said += self.listen(till, self.chance.uniform(0.0, 0.4))
        return said

    def listen(self, till: "subprocess.Popen[bytes]", seconds: float, lines: int = 10**6) -> bytes:
        """What the tills say for a while, or until they have said so much."""
        assert till.stdout
        said, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and said.count(b"\n") < lines:
            if select.select([till.stdout], [], [], left)[0]:
                said += os.read(till.stdout.fileno(), PIECE)
        return said

    def note(self, said: bytes) -> None:
        """Take down what was asked and answered; a line that was cut off by the kill was never said."""
        for line in said.split(b"\n"):
            with suppress(json.JSONDecodeError):
                what, value = json.loads(line)
                if what == "asked":
                    self.asked.update(value)
                elif isinstance(what, int):
                    self.seen["answers of tills"] += 1
                    self.said.setdefault(what, set()).add(value)
                    self.fresh.add(what)
        self.asked -= self.said.keys()

    # ---------------------------------------------------------------------------------------------------------- a check

    @asynccontextmanager
    async def shops(self) -> AsyncIterator[list[Shop]]:
        """Open for business with each of the modules, after everybody was killed."""
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(open_database(self.place))
            assert self.built
            town = Town(database, *(getattr(self.built, it) for it in FIELDS))
            await self.look(town)
            shops = []
            for place in range(TILLS):
                module = await stack.enter_async_context(module_of(self.folder, place, external=self.external))
                engine = await stack.enter_async_context(open_engine(database, module, clock=clock))
                shops.append(Shop(town, engine, engine.clock()))
            yield shops

    async def look(self, town: Town) -> None:
        """Count what the kills left behind: tokens that nobody has, and messages that came to nothing."""
        async with town.database.reading() as connection:
            withheld = await connection.fetchval(LEFT)
            known = {row[0] for row in await connection.fetch(KNOWN, [f"m{it}" for it in self.asked])}
        self.seen["left: withheld tokens"] -= withheld
        self.seen["left: claimed, not told"] += len(known)
        self.seen["left: neither"] += len(self.asked) - len(known)

    async def look_at_questions(self, shop: Shop) -> None:
        """Count the questions that are open, and to which of them a module outside has an answer."""
        house = shop.engine.house
        async with shop.town.database.reading() as connection:
            for intent in await open_intents(connection, house.module_number):
                made = await house.module.fetch(intent.requests)
                self.seen["left: asked and made, not booked" if made else "left: to be asked, not made"] += 1

    async def check(self, *, everything: bool) -> None:
        """Every message has one outcome, the same now as ever before; the books prove; every token is accounted for."""
        async with self.shops() as shops:
            self.seen["left: withheld tokens"] += await shops[0].look(LEFT)
            for shop in shops:
                await self.look_at_questions(shop)
                while await resolve(shop.engine, AT_ONCE):
                    pass
            proof = everything or self.chance.random() < PROVEN
            await self.prove(shops, proof=proof)
            old = self.chance.sample(sorted(self.said), min(len(self.said), 20))
            wanted = {*range(MESSAGES), *self.said, *self.asked} if everything else {*self.fresh, *self.asked, *old}
            await self.ask_again(shops, sorted(wanted))
            await self.prove(shops, proof=proof)
        self.fresh.clear()

    async def prove(self, shops: list[Shop], *, proof: bool) -> None:
        """Every token of every module is in the books, and now and then the books are proven as a whole."""
        for shop in shops:
            await counted(shop)
        if proof:
            await proven(shops[0])

    async def ask_again(self, shops: list[Shop], numbers: list[int]) -> None:
        """Ask for these messages again, in another order and at all tills at once: each answer is the one it was."""
        self.chance.shuffle(numbers)
        portions = [numbers[at : at + AT_A_TIME] for at in range(0, len(numbers), AT_A_TIME)]
        for portion in portions:
            answers = await asyncio.gather(*(self.ask(shop.engine, portion) for shop in shops))
            for number, found in zip(portion, zip(*answers, strict=True), strict=True):
                outcomes = self.said.setdefault(number, set()) | set(found)
                assert len(outcomes) == 1, f"message {number} has several outcomes: {outcomes}"
                self.said[number] = outcomes
        self.asked -= self.said.keys()

    async def ask(self, engine: Engine, numbers: list[int]) -> list[str]:
        """Ask until every message has its outcome."""
        found: dict[int, str] = {}
        waiting = deque([numbers])
        while waiting:
            portion = waiting.popleft()
            answers = await sell(engine, [request(self.town, number) for number in portion])
            told = {number: it for number, answer in zip(portion, answers, strict=True) if (it := outcome(answer))}
            found |= told
            if left := [number for number in portion if number not in told]:
                await resolve(engine, AT_ONCE)
                waiting.append(left)
        return [found[number] for number in numbers]
