"""`umbane reconcile` with a module of its own, where no server runs."""

import asyncio
from pathlib import Path

from tests.api.house import furnished
from tests.cli.calls import call, done, refused
from tests.database import by_owner
from umbane.cli.serve import published_keys
from umbane.db import Database, Server, open_database
from umbane.security import open_software_module
from umbane.vending import Buy, SaleRequest, Sold, open_engine, sell


async def sold(database: Database, folder: Path) -> list[Sold]:
    """Sell something with a software module in a folder."""
    town = await furnished(database)
    vault = await published_keys(database)
    async with open_software_module("software", folder, vault) as module, open_engine(database, module) as engine:
        meter = str(town.meter.pan.drn)
        requests = [SaleRequest(town.id, town.terminal.id, f"m{it}", meter, Buy(money=20_000)) for it in range(3)]
        return [it for it in await sell(engine, requests) if isinstance(it, Sold)]


def test_a_module_in_a_folder(place: Server, tmp_path: Path) -> None:
    """The module, the books and the log agree after a day; a token that leaves the books is named: exit code 1."""

    async def work(*statements: str) -> None:
        async with open_database(place) as database:
            if not statements:
                await sold(database, tmp_path)
            for it in statements:
                await by_owner(database, it)

    asyncio.run(work())
    told = done(place, "reconcile", "--module", tmp_path)
    assert told.splitlines()[0] == "module software: 3 tokens"
    assert told.splitlines()[1].split() == ["key", "made", "units", "sold", "withheld", "open", "logged"]
    assert told.splitlines()[2].split()[1::2] == ["3", "3", "0"]
    assert told.endswith("The module, the books and the log agree.\n")
    guards = "GRANT ALL ON vending.token TO CURRENT_USER; ALTER TABLE vending.token DISABLE TRIGGER USER"
    asyncio.run(work(guards, "DELETE FROM vending.token WHERE number = 1"))
    result = call(place, "reconcile", "--module", tmp_path)
    assert result.exit_code == 1, result.output
    assert "DIFFERS  journal software 1: was made for request" in result.output
    assert result.output.endswith("They don't agree.\n")


def test_a_slip_is_held_against_the_log(place: Server, tmp_path: Path) -> None:
    """With a receipt anybody sees that the digits on a slip are those of a sale in the log, and no others are."""

    async def work() -> list[Sold]:
        async with open_database(place) as database:
            return await sold(database, tmp_path)

    one, other, _ = asyncio.run(work())
    slip, another = (it.tokens[0].token for it in (one, other))
    assert slip
    assert another
    assert "has no place yet" in refused(place, "audit", "receipt", str(one.id))
    done(place, "audit", "sequence", "--audit-key", tmp_path / "audit.key")
    file = tmp_path / "receipt"
    file.write_text(done(place, "audit", "receipt", str(one.id)))
    assert slip.digits not in file.read_text()
    words = "audit", "check", file, "--key", tmp_path / "audit.pub"
    told = done(place, *words, "--digits", slip.grouped)
    assert f'"id":"{one.id}"' in told
    assert told.endswith(", and it seals these digits.\n")
    assert done(place, *words).splitlines()[-1].startswith("That is entry ")
    false = call(place, *words, "--digits", another.digits)
    assert (false.exit_code, "isn't what is sealed in it" in false.stderr) == (1, True)


def test_no_module(place: Server) -> None:
    """Where nothing was ever sold there is nothing to reconcile."""
    assert done(place, "reconcile") == "No module has made a token for these books.\n"


def test_nobody_answers(place: Server) -> None:
    """When a module is known and no server answers in time, the exit code is 1."""

    async def work() -> None:
        async with open_database(place) as database:
            await database.run(lambda tx: tx.execute("INSERT INTO vending.module (name, realm) VALUES ('m', 'test')"))

    asyncio.run(work())
    result = call(place, "reconcile", "--wait", "0")
    assert (result.exit_code, "no server has answered yet" in result.output) == (1, True)
