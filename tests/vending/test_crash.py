"""The application, its connections and PostgreSQL are killed again and again; what was promised holds all the same.

A short form runs with the other tests. The long one: ``UMBANE_CRASH_ROUNDS=500 pytest -s tests/vending/test_crash.py``.
The seed of a run is printed; ``UMBANE_CRASH_SEED`` repeats the order of kills, not their moments.
"""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import asyncpg

from tests.database import administer, at
from tests.project.tree import ROOT
from tests.registry.town import Town, build
from tests.vending.killing import kill
from tests.vending.shop import Shop, proven, set_float
from tests.vending.street import street
from tests.vending.till import MESSAGES, clock, outcome, request
from umbane.db import Server, migrate, new_ids, open_database
from umbane.db.database import connected
from umbane.db.embedded import EmbeddedServer
from umbane.registry import Terminal, add_terminals
from umbane.security import open_software_module, published_vault
from umbane.sts import KRN, SGC
from umbane.vending import open_engine, sell

ROUNDS = int(os.environ.get("UMBANE_CRASH_ROUNDS", "10"))
SEED = int(os.environ.get("UMBANE_CRASH_SEED", "0")) or time.time_ns() % 10**9
METERS = 40
ASKED_AGAIN = 2_000
STARTING = 0.15
CHECKED_EVERY = 25
NAME = "crash"


class Field:
    """A town, a till that is killed in it, and everything that the till ever said."""

    def __init__(self, server: EmbeddedServer, folder: Path, seed: int) -> None:
        self.server, self.folder, self.chance = server, folder, Random(seed)  # noqa: S311 - no secrets
        self.said: dict[int, set[str]] = {}
        self.kills = {"application": 0, "connections": 0, "server": 0}
        self.town: dict[str, object] = {}
        self.built: Town | None = None
        self.withheld = 0

    @property
    def place(self) -> Server:
        """Where the database is."""
        return at(self.server, NAME)

    async def build(self) -> None:
        """Build a town with some meters and two tills."""
        async with connected(self.place) as database:
            await migrate(database)
            town = self.built = await build(database, "seaview", 1)
            await set_float(town, 10**12)
            tills = [Terminal(id_, town.vendor.id, f"T-{place}") for place, id_ in enumerate(new_ids(2), 2)]
            await town.does(add_terminals, tills)
            numbers = [str(it.pan.drn) for it in await street(town, METERS)]
            terminals = [str(it.id) for it in tills]
            self.town = {"utility": str(town.id), "terminals": terminals, "meters": numbers}

    def run(self, rounds: int) -> None:
        """Let the till be killed so many times."""
        arguments = [
            sys.executable,
            "-m",
            "tests.vending.till",
            self.place.url,
            str(self.folder),
            json.dumps(self.town),
        ]
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        till = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=ROOT, env=environment
        )
        try:
            for number in range(rounds):
                self.round(till)
                if number % CHECKED_EVERY == CHECKED_EVERY - 1 or number == rounds - 1:
                    asyncio.run(self.check())
        finally:
            till.communicate()

    def round(self, till: "subprocess.Popen[bytes]") -> None:
        """Start a child, kill something at a random moment, kill the child, and take down what it said."""
        assert till.stdin
        assert till.stdout
        till.stdin.write(f"{self.chance.randrange(10**9)} {max(0, max(self.said, default=0) - MESSAGES)}\n".encode())
        till.stdin.flush()
        _, pid = json.loads(till.stdout.readline())
        said = b""
        while not said and self.chance.random() > STARTING:  # mostly it is killed while it sells, else while it starts
            said = next(iter(till.stdout), b"dead")
        said += self.listen(till, self.chance.uniform(0.0, 0.6))
        kind = self.chance.choices(["application", "connections", "server"], [6, 3, 1])[0]
        self.kills[kind] += 1
        if kind == "connections":
            with suppress(asyncpg.PostgresError, OSError):
                administer(self.server, CUT)
            said += self.listen(till, self.chance.uniform(0.0, 0.4))
        if kind == "server":
            kill(self.server.pid)
            said += self.listen(till, self.chance.uniform(0.0, 0.2))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        for line in till.stdout:
            said += line
            if line.startswith(b'["dead"'):
                break
        if kind == "server":
            self.server.start()
        self.note(said)

    def listen(self, till: "subprocess.Popen[bytes]", seconds: float) -> bytes:
        """What the child says for a while."""
        assert till.stdout
        said, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([till.stdout], [], [], left)[0]:
                said += os.read(till.stdout.fileno(), 1 << 16)
        return said

    def note(self, said: bytes) -> None:
        """Take down answers; a line that was cut off by the kill was never said."""
        for line in said.split(b"\n"):
            with suppress(json.JSONDecodeError):
                number, found = json.loads(line)
                if number == "withheld":
                    self.withheld += found
                elif isinstance(number, int):
                    self.said.setdefault(number, set()).add(found)

    async def check(self) -> None:
        """Every message has one outcome, the same now as ever before; the books prove; every token is accounted for."""
        vault = published_vault([(SGC(123456), KRN(1))])
        async with (
            open_software_module("crash", self.folder, vault) as module,
            open_database(self.place) as database,
            open_engine(database, module, clock=clock) as engine,
        ):
            assert self.built
            town = Town(database, *(getattr(self.built, it) for it in FIELDS))
            await proven(Shop(town, engine, engine.clock()))
            numbers = sorted(self.chance.sample(sorted(self.said), min(len(self.said), ASKED_AGAIN)))
            for number, answer in zip(
                numbers, await sell(engine, [request(self.town, it) for it in numbers]), strict=True
            ):
                assert self.said[number] == {outcome(answer)}, f"message {number} has several outcomes"
            await proven(Shop(town, engine, engine.clock()))


FIELDS = ["scope", "customer", "place", "contract", "meter", "stocked", "vendor", "terminal"]
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'crash' AND pid <> pg_backend_pid()"


def test_killed_again_and_again(own: EmbeddedServer, folder: Path) -> None:
    """Whatever is killed, and whenever: each message has one outcome, its digits never change, and the books prove."""
    own.start()
    administer(own, f"CREATE DATABASE {NAME} OWNER umbane")
    field = Field(own, folder, SEED)
    asyncio.run(field.build())
    print(f"crash suite: seed {SEED}, {ROUNDS} rounds")  # noqa: T201 - to repeat it
    field.run(ROUNDS)
    print(f"{field.kills}; messages: {len(field.said)}; withheld at starts: {field.withheld}")  # noqa: T201 - what it tried
    assert any(" " in it for found in field.said.values() for it in found), f"seed {SEED}: nothing was sold"
