"""Kill -9 of whoever tells events, at any moment: each happened once, and no credit was carried over twice."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec

from tests.fleet.events import lenient, work_order
from tests.fleet.support import hang_up, meters_of
from tests.fleet.teller import ENGINEER
from tests.project.tree import ROOT
from tests.registry.town import NOW, Town
from tests.vending.shop import set_float
from tests.vending.till import clock, module_of
from umbane.db import Server
from umbane.fleet import Cause, Replace, Report, tell_event
from umbane.ledger import BOOKS, prove
from umbane.registry import meter
from umbane.vending import CLAIMS, Sold, booked_tokens, open_engine

EVENTS = 24
ROUNDS = 10
MOST_LINES = 6
LONGEST = 0.03
"""Seconds until a teller is killed, once it has said so many lines."""


async def exchanges(town: Town) -> list[Report]:
    """Meters that are replaced, each with something left in it."""
    await lenient(town)
    hanging = [(await town.reads(meter, it)).pan.digits for it in await hang_up(town, None, EVENTS)]
    lying = [it.pan.digits for it in await meters_of(town, None, EVENTS, 6_000)]
    till = str(town.terminal.id)
    return [
        work_order(
            f"wo-{it}", Replace(meter=old, by=new, cause=Cause.DEAD, closing=it + 1, terminal=till), NOW.replace(day=11)
        )
        for it, (old, new) in enumerate(zip(hanging, lying, strict=True))
    ]


def start(*words: str) -> "subprocess.Popen[bytes]":
    """Start the program of which tellers are children."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.fleet.teller", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment)


def kill_tellers(program: "subprocess.Popen[bytes]", chance: Random) -> None:
    """Let tellers begin and be killed."""
    assert program.stdin
    assert program.stdout
    for seed in range(ROUNDS):
        program.stdin.write(f"{seed}\n".encode())
        program.stdin.flush()
        pid = int(program.stdout.readline().split()[1])
        for _ in range(chance.randint(1, MOST_LINES)):
            assert program.stdout.readline()
        select.select([], [], [], chance.uniform(0, LONGEST))
        os.kill(pid, signal.SIGKILL)
        while program.stdout.readline() != b"dead\n":
            pass


async def test_killed(town: Town, place: Server, folder: Path) -> None:
    """However often tellers are killed, each event happened once and each meter has one token, as the books say."""
    await set_float(town, 10_000_000)
    reports = await exchanges(town)
    told = msgspec.json.encode(reports).decode()
    program = start(place.url, str(folder), str(town.id), told)
    try:
        kill_tellers(program, Random(20260312))  # noqa: S311 - no secret
    finally:
        program.communicate()
    async with (
        module_of(folder, 0, external=False) as module,
        open_engine(town.database, module, clock=clock) as engine,
    ):
        every = [await tell_event(engine, town.scope, report, ENGINEER) for report in reports]
        assert all(isinstance(it.answer, Sold) and not it.event.is_pending for it in every)
        async with town.database.reading() as connection:
            tokens = await connection.fetch(
                "SELECT count(*) AS n, sum(units) AS units FROM vending.token GROUP BY meter_id"
            )
            assert await booked_tokens(connection, "inside-0") == (await module.status()).count
            events = await connection.fetchval("SELECT count(*) FROM fleet.event")
    assert (len(tokens), {it["n"] for it in tokens}, events) == (EVENTS, {1}, EVENTS)
    assert sorted(it["units"] for it in tokens) == [*range(1, EVENTS + 1)]
    assert (await prove(town.database, (*BOOKS, *CLAIMS))).holds
