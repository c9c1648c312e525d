"""A module's process that is killed at any moment: what it told is there, once."""

import asyncio
from itertools import pairwise
from pathlib import Path
from random import Random
from uuid import UUID

from tests.db.program import begin
from tests.security.process.support import loaded, place_of
from tests.security.support import change, requests
from umbane.security import Issued, Refused, UnreachableError
from umbane.security.process.remote import RemoteModule, open_remote_module

ROUNDS = 3

SERVE = """
import asyncio, sys
from pathlib import Path
from tests.security.process.support import place_of, unsealed
from umbane.security.process.serving import Server, listening

async def serve(folder):
    async with listening(Server(unsealed(folder)), place_of(folder).socket):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(serve(Path(sys.argv[1])))
"""

Told = dict[UUID, Issued | Refused]


async def trade(module: RemoteModule, told: Told, chance: Random, wanted: int, enough: asyncio.Event) -> None:
    """Ask for tokens and key changes, and note every answer, until the module is gone."""
    try:
        while True:
            asked = [one._replace(id=UUID(int=chance.getrandbits(128))) for one in requests(chance.randint(1, 40))]
            told |= zip([one.id for one in asked], await module.issue(asked), strict=True)
            changed = change(id_=UUID(int=chance.getrandbits(128)))
            told |= zip([changed.id], await module.change_keys([changed]), strict=True)
            if len(told) > wanted:
                enough.set()
    except UnreachableError:
        return


async def consistent(module: RemoteModule, told: Told) -> int:
    """Hold what the module knows against what it told; its count."""
    assert await module.fetch(list(told)) == told
    records = [record async for record in module.since(0)]
    assert all(one.first + one.made == other.first for one, other in pairwise(records))
    assert len({record.request.id for record in records}) == len(records)
    count = (await module.status()).count
    assert count == sum(record.made for record in records)
    assert count == sum(counter.tokens for counter in (await module.counters()).values())
    return count


async def test_killed(tmp_path: Path) -> None:
    """Whenever the process is killed, the next one knows every answer that was given, and its numbers have no gap."""
    folder, told, chance = loaded(tmp_path), dict[UUID, Issued | Refused](), Random()  # noqa: S311 - no secrets
    for _ in range(ROUNDS):
        process, enough = begin(SERVE, folder), asyncio.Event()
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        async with open_remote_module(place_of(folder), seen=tmp_path / "seen") as module:
            await consistent(module, told)
            wanted = len(told) + chance.randint(0, 100)
            trading = [asyncio.create_task(trade(module, told, chance, wanted, enough)) for _ in range(3)]
            await enough.wait()
            process.kill()
            await asyncio.gather(*trading)
        process.communicate()
    assert all(isinstance(answer, Issued) for answer in told.values())
