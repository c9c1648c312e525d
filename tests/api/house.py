"""`umbane serve` in processes of its own, in front of a town whose tariff has no last day."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from tests.project.tree import ROOT
from tests.registry.town import TARIFF, TSHWANE, Town, build
from tests.vending.shop import set_float
from umbane.api import TILL
from umbane.db import Database, Server
from umbane.registry import ApiKeyLimits, activate_tariff, add_tariff_version, issue_api_key

__all__ = ["Process", "furnished", "serving", "till", "till_key"]

ENDLESS = (
    TSHWANE.partition("\nexamples:")[0]
    .replace("2025/26", "for ever")
    .replace("2025-07-01", "2026-07-01")
    .replace("valid_until: 2026-06-30", "")
)
PATIENCE = 60.0
"""Seconds that a process is given to say something; it takes one or two."""
FLOAT = 10**9


async def furnished(database: Database) -> Town:
    """Give a town in which something can be sold on any day from now on."""
    town = await build(database, "seaview", 1)
    await town.does(add_tariff_version, ENDLESS)
    other = replace(town.scope, by="somebody else")
    await database.run(lambda tx: activate_tariff(tx, other, TARIFF, "for ever"))
    await set_float(town, FLOAT)
    return town


async def till_key(town: Town) -> str:
    """An API key of the town's till."""
    _, secret = await town.does(
        issue_api_key, town.vendor.id, town.terminal.id, label="till", scopes=[str(it) for it in TILL],
        limits=ApiKeyLimits(), randomness=secrets.token_bytes(32),
    )  # fmt: skip
    return secret


class Process:
    """One `umbane serve`, and what it says on standard error."""

    def __init__(self, place: Server, *words: str | Path, **more: str) -> None:
        usual = {"UMBANE_DATABASE_URL": place.url, "PYTHONPATH": str(ROOT / "src"), "UMBANE_SEAL_KEY": "07" * 32}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "umbane", "serve", *map(str, words)],
            env=os.environ | usual | more, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def first_line(self) -> str:
        """What it says first: that it serves, or why not."""
        assert self.popen.stderr
        return self.popen.stderr.readline()

    def kill(self) -> None:
        """End it without a word."""
        self.popen.kill()
        self.popen.communicate()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end; its exit code, and what it said since."""
        self.popen.send_signal(number)
        _, said = self.popen.communicate(timeout=PATIENCE)
        return self.popen.returncode, said


@contextmanager
def serving(place: Server, *words: str | Path, note: str = "", **more: str) -> Iterator[Process]:
    """Start `umbane serve`, wait until it serves, perhaps after a note, and end it if nobody did."""
    process = Process(place, *words, **more)
    try:
        assert not note or note in process.first_line()
        assert process.first_line().startswith("Serving at ")
        yield process
    finally:
        if process.popen.poll() is None:
            process.kill()


@asynccontextmanager
async def till(socket: Path, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A till at a server on a Unix socket."""
    headers = {"Authorization": f"Bearer {key}"}
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://till", headers=headers, timeout=PATIENCE
    ) as http:
        yield http
