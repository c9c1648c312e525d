"""Disks that fill up under a sale, and a server that is killed under many: a clear answer, and nothing half done."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.database import HasSocket, administer, by_owner
from tests.db.program import begin, finish
from tests.registry.town import Town, build
from tests.security.test_disk import largest_file
from tests.vending.killing import kill
from tests.vending.shop import Shop, open_shop, proven
from tests.vending.street import street
from umbane.db import Embedded, open_database
from umbane.db.embedded import EmbeddedServer
from umbane.registry import Meter
from umbane.security import open_software_module, published_vault
from umbane.sts import KRN, SGC
from umbane.vending import Answer, Buy, Code, Pay, Refused, SaleRequest, reprint

VAULT = published_vault([(SGC(123456), KRN(1))])
UNSHARE = shutil.which("unshare") or ""
MEGABYTES = 130

PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from tests.database import by_owner
from tests.registry.town import build
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import open_shop, proven
from tests.vending.street import street
from umbane.db import Embedded, open_database
from umbane.db.errors import DatabaseError
from umbane.vending import Buy, Pay, Refused, Sold

DISK = Path(sys.argv[1])
BALLAST = DISK / "ballast"

def fill():
    '''Leave no room on the disk.'''
    disk = os.statvfs(DISK)
    with BALLAST.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize)

async def rub(connection):
    '''Work that needs no room but for the log of what was done.'''
    await connection.execute("UPDATE rubbed SET t = repeat('y', 100000)")

async def fill_log(database):
    '''Leave no room in the log either.'''
    while True:
        try:
            await database.run(rub)
        except DatabaseError:
            return

def words(answers):
    return " ".join(sorted({it.code if isinstance(it, Refused) else "sold" for it in answers}))

async def main():
    async with open_database(Embedded(DISK / "server"), migrating=True) as database:
        town = await build(database, "seaview", 1)
        houses = await street(town, 40)
        await by_owner(database, "CREATE TABLE rubbed AS SELECT repeat('x', 100000) AS t")
        await by_owner(database, "GRANT ALL ON rubbed TO PUBLIC")
        async with open_shop(town, LaboratoryModule()) as shop:
            batch = [
                shop.request(Pay(500 + number) if number % 9 == 0 else Buy(money=9000 + number), f"m{round_}-{number}",
                    meter=str(house.pan.drn))
                for round_ in range(3) for number, house in enumerate(houses)
            ]
            known = await shop.sell(*batch[:5])
            for name in ("a table", "the log"):
                fill()
                if name == "the log":
                    await fill_log(database)
                kept = dict(zip(batch, await shop.sell(*batch)))
                single, = await shop.sell(batch[-1])
                print(f"{name}: {words(kept.values())}; {words([single])}")
                BALLAST.unlink()
                answers = await shop.sell(*batch)
                print(f"with room: {words(answers)}", answers[:5] == known, answers == await shop.sell(*batch),
                    all(kept[request] == answer for request, answer in zip(batch, answers)
                        if isinstance(kept[request], Sold)))
                await proven(shop)
                batch = [shop.request(it.order, it.message_id + "-2", meter=it.meter) for it in batch]
                known = await shop.sell(*batch[:5])
            await proven(shop)

asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0 or not UNSHARE, reason="only root makes a small disk")
def test_full_disk(folder: Path) -> None:
    """When the disk of the database is full, the answer is "unavailable"; with room again all is sold, each once."""
    disk = folder / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size={MEGABYTES}m,mode=711 tmpfs "$0" && exec "$@"'
    inside = [UNSHARE, "--mount", "/bin/sh", "-c", mount, str(disk)]
    if subprocess.run([*inside, "/bin/true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    first, room, second, again = finish(begin(PROGRAM, disk, before=inside)).splitlines()
    assert first.startswith("a table: ")
    assert second.startswith("the log: ")
    assert all(
        set(line.partition(": ")[2].replace(";", "").split()) <= {"sold", "unavailable"} for line in (first, second)
    )
    assert all(line.endswith("; unavailable") for line in (first, second))
    assert (room, again) == ("with room: sold True True True",) * 2


# ------------------------------------------------------------------------------------------------ the module's journal


def orders(shop: Shop, houses: list[Meter], name: str) -> list[SaleRequest]:
    """A purchase or a payment of every household."""
    kinds = (Buy(money=9_000), Buy(units=77), Pay(500))
    return [
        shop.request(kinds[place % 3], f"{name}-{place}", meter=str(house.pan.drn))
        for place, house in enumerate(houses)
    ]


def kinds(answers: list[Answer]) -> set[str]:
    """What answers come to."""
    return {str(it.code) if isinstance(it, Refused) else it.kind for it in answers}


@pytest.mark.parametrize("room", [0, 100, 700])
async def test_full_journal(town: Town, tmp_path: Path, room: int) -> None:
    """Without room for the module's journal no token is made; payments and old answers go on, and later all does."""
    houses = await street(town, 12)
    async with open_software_module("shop", tmp_path, VAULT) as module, open_shop(town, module) as shop:
        known = await shop.sell(*orders(shop, houses, "a"))
        with largest_file((tmp_path / "shop.journal").stat().st_size + room):
            answers = await shop.sell(*orders(shop, houses, "b"))
        assert kinds(answers) == {"pay", Code.UNAVAILABLE}
        assert {it.problem for it in answers if isinstance(it, Refused)} == {
            "the security module can't work, and nothing was done"
        }
        assert await shop.look(KEPT, "b-%") == (4, 4, 4, 0)
        assert await shop.sell(*orders(shop, houses, "a")) == known
        assert kinds(await shop.sell(*orders(shop, houses, "c"))) == {"pay", Code.UNAVAILABLE}
    async with open_software_module("shop", tmp_path, VAULT) as module, open_shop(town, module) as shop:
        for name in "bac":
            answers = await shop.sell(*orders(shop, houses, name))
            assert kinds(answers) == {"buy", "pay"}
            assert await shop.sell(*orders(shop, houses, name)) == answers
        assert await shop.look(KEPT, "b-%") == (12, 12, 12, 8)
        await proven(shop)


KEPT = """
SELECT (count(*), count(s.id), count(e.id), (SELECT count(*) FROM vending.token t
    WHERE t.utility_id = ANY(array_agg(m.utility_id)) AND t.sale_id = ANY(array_agg(m.id))))
FROM vending.message m LEFT JOIN vending.sale s USING (utility_id, id) LEFT JOIN ledger.entry e USING (utility_id, id)
WHERE m.message_id LIKE $1"""
"""How many messages, sales, entries and tokens there are of these."""


# -------------------------------------------------------------------------------------- a database that is read-only


async def test_a_database_that_is_read_only(shop: Shop, server: HasSocket) -> None:
    """While the database can't be written to, batches are put off and say so; what was sold can still be looked at."""
    houses = await street(shop.town, 12)
    known = await shop.buy(message_id="known")
    name = await shop.look("SELECT current_database()")
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - our name
    await asyncio.to_thread(administer, server, f"ALTER DATABASE {name} SET default_transaction_read_only = on", cut)
    answers = await shop.sell(*orders(shop, houses, "a"))
    assert {it.problem for it in answers if isinstance(it, Refused)} == {
        "the database can't be written to, and nothing was done"
    }
    assert kinds(answers) == {Code.UNAVAILABLE}
    assert await reprint(shop.engine, shop.town.id, known.id) == known
    await asyncio.to_thread(administer, server, f"ALTER DATABASE {name} RESET default_transaction_read_only", cut)
    assert kinds(await shop.sell(*orders(shop, houses, "a"))) == {"buy", "pay"}
    await proven(shop)


# ---------------------------------------------------------------------------------------------- a server that is killed


async def test_a_server_that_is_killed_under_load(own: EmbeddedServer, tmp_path: Path) -> None:
    """PostgreSQL is killed three times under many tills: each message is sold once, and the answer never changes."""
    async with (
        open_software_module("shop", tmp_path, VAULT) as module,
        open_database(Embedded(own.directory), migrating=True) as database,
    ):
        town = await build(database, "seaview", 1)
        houses = await street(town, 12)
        async with open_shop(town, module) as shop:
            said: dict[str, Answer] = {}
            progress: asyncio.Queue[int] = asyncio.Queue()

            async def till(name: str) -> None:
                waiting = orders(shop, houses, name)
                while waiting:
                    answers = await shop.sell(*waiting)
                    done = [
                        (it.message_id, answer) for it, answer in zip(waiting, answers, strict=True) if answer.is_final
                    ]
                    assert all(said.setdefault(name, answer) == answer for name, answer in done)
                    waiting = [it for it in waiting if it.message_id not in said]
                    progress.put_nowait(len(said))

            async def killer() -> None:
                for sold in (20, 120, 240):
                    while await progress.get() < sold:
                        pass
                    kill(EmbeddedServer(own.directory).pid)

            await asyncio.gather(killer(), *(till(name) for name in TILLS))
            assert len(said) == len(TILLS) * len(houses)
            for name in TILLS:
                requests = orders(shop, houses, name)
                assert await shop.sell(*requests) == [said[it.message_id] for it in requests]
            await proven(shop)


TILLS = [f"till {number}" for number in range(30)]


# ------------------------------------------------------------------------------------- a server that dies at a commit

DYING = """
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER die AFTER INSERT ON vending.sale DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die()"""


async def test_commits_without_an_answer(shop: Shop) -> None:
    """While nobody knows whether a sale was committed, the till isn't told that nothing was done."""
    await by_owner(shop.town.database, DYING)
    answer = await shop.ask(Buy(money=20_000), "a")
    assert isinstance(answer, Refused)
    assert (answer.code, answer.is_final) == (Code.IN_PROGRESS, False)
    assert "may be done, or not" in answer.problem
    await by_owner(shop.town.database, "DROP TRIGGER die ON vending.sale")
    await shop.buy(message_id="a")
    await proven(shop)
