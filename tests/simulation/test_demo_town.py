"""The town of the demonstration in the registry: founded once, made ready each morning, and never a real one."""

from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import pytest

from tests.database import database, place
from tests.project.tree import ROOT
from tests.registry.town import build
from umbane.db import Connection, Database, new_ids
from umbane.ledger import AccountKey, Entry, Kind, open_book
from umbane.ledger.reading import guarded
from umbane.registry import (
    KeyPhase,
    Scope,
    Utility,
    api_key_by_secret,
    api_keys,
    import_utility,
    meter_by_number,
    revoke_api_key,
    vendors,
)
from umbane.simulation.demo.homes import read_homes
from umbane.simulation.demo.plan import key_changes
from umbane.simulation.demo.town import BY, find_town, found_town, morning, open_tills, vault_of
from umbane.simulation.errors import DemoError

__all__ = ["database", "place"]

TOWN = ROOT / "examples" / "utility"
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
async def seaview(database: Database) -> Utility:
    """Give the town, founded."""
    return await found_town(database, TOWN, NOW)


async def test_it_is_founded_once(database: Database) -> None:
    """Before it is founded there is no town, and after that it is found."""
    assert await find_town(database) is None
    whose = await found_town(database, TOWN, NOW)
    assert await find_town(database) == whose
    async with database.reading() as connection:
        floats = sorted(it.credit_limit for it in await guarded(connection, whose.id))
        assert floats == [50_000, 5_000_000, 6_000_000, 10_000_000, 25_000_000]
        assert await connection.fetchval("SELECT count(*) FROM registry.meter") == 318


async def test_what_was_broken_off(database: Database) -> None:
    """A town whose meters weren't read yet isn't founded, and is gone on with."""
    await database.run(lambda tx: import_utility(tx, BY, TOWN / "utility.yaml"))
    assert await find_town(database) is None
    whose = await found_town(database, TOWN, NOW)
    assert await find_town(database) == whose


async def test_a_wrong_row(database: Database, tmp_path: Path) -> None:
    """A wrong row of the file of meters is told by its line, and once it is right the town can be founded."""
    town = copytree(TOWN, tmp_path / "town")
    good = (town / "meters.csv").read_text(encoding="utf-8")
    (town / "meters.csv").write_text(good.replace(",seaview-domestic,", ",seaside,", 1), encoding="utf-8")
    with pytest.raises(DemoError, match=r"meters\.csv: line 2, tariff: the utility has no tariff 'seaside'"):
        await found_town(database, town, NOW)
    assert await find_town(database) is None
    (town / "meters.csv").write_text(good, encoding="utf-8")
    await found_town(database, town, NOW)


async def test_no_place_for_it(database: Database, seaview: Utility) -> None:
    """A database with several utilities is none for a demonstration."""
    await build(database, "hilltop", 2)
    with pytest.raises(DemoError, match="2 utilities"):
        await find_town(database)
    assert seaview.code == "seaview"


async def test_no_real_keys(database: Database, tmp_path: Path) -> None:
    """A town with a key of the production realm gets no vault: nothing is sold there."""
    town = copytree(TOWN, tmp_path / "town")
    text = (town / "utility.yaml").read_text(encoding="utf-8").replace("realm: test", "realm: production", 1)
    (town / "utility.yaml").write_text(text, encoding="utf-8")
    whose = await found_town(database, town, NOW)
    with pytest.raises(DemoError, match="not of the test realm"):
        await vault_of(database, whose)


async def test_tills_keep_their_keys(database: Database, seaview: Utility) -> None:
    """A till keeps the API key that it has; one that was revoked, is another till's, or is none gets a new one."""
    first = await open_tills(database, seaview, {})
    assert len(first) == len(set(first.values())) == 8
    assert await open_tills(database, seaview, first) == first

    async def revoke(tx: Connection) -> None:
        key = await api_key_by_secret(tx, first["KIOSK/K-1"])
        await revoke_api_key(tx, Scope(seaview.id, "test"), key.id, "lost")

    await database.run(revoke)
    known = first | {"MOBILE/APP": first["MOBILE/USSD"], "OFFICE/DESK-1": "umb_nothing"}
    second = await open_tills(database, seaview, known)
    changed = {name for name, secret in second.items() if secret != known[name]}
    assert changed == {"KIOSK/K-1", "MOBILE/APP", "OFFICE/DESK-1"}
    async with database.reading() as connection:
        assert len(await api_keys(connection, seaview.id)) == 11


async def test_a_morning_twice(database: Database, seaview: Utility) -> None:
    """A morning that is begun again banks nothing twice, and plans the same key for the same meter."""

    async def take(tx: Connection) -> int:
        book = await open_book(tx, seaview.id)
        (kiosk,) = (it for it in await vendors(tx, seaview.id) if it.code == "KIOSK")
        keys = AccountKey(Kind.VENDOR_FLOAT, "ZAR", kiosk.id), AccountKey(Kind.REVENUE_ENERGY, "ZAR")
        numbers = await book.accounts(keys)
        await book.post([Entry(new_ids(1)[0], NOW, "sale", [numbers[it] for it in keys], (45_000, -45_000))])
        return numbers[keys[0]]

    number = await database.run(take)
    homes = key_changes(read_homes(TOWN / "meters.csv"), 1)
    for _ in range(2):
        await morning(database, seaview, 1, homes, NOW)
    async with database.reading() as connection:
        meter = await meter_by_number(connection, seaview.id, homes[0].meter)
        assert (meter.key_phase, meter.pending and meter.pending.krn.value) == (KeyPhase.PLANNED, 2)
        assert await connection.fetchval("SELECT count(*) FROM ledger.entry WHERE kind = 'deposit'") == 1
        assert [it.posted for it in await guarded(connection, seaview.id, [number])] == [0]
