"""What `books prove` claims of the log, each tried by changing rows as somebody with all rights would."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vending.shop import Shop
from umbane.audit import Fact, Signer, append, sequence
from umbane.db import Connection
from umbane.ledger import prove
from umbane.vending import LOG

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
async def day(shop: Shop) -> Shop:
    """Give a shop that has sold twice, with several heads, a full tile, and a sale that waits for its place."""
    database = shop.town.database
    await shop.buy()
    await sequence(database, SIGNER, NOW)
    await database.run(lambda tx: append(tx, [Fact("x", NOW, {"n": it}) for it in range(260)]))
    await sequence(database, SIGNER, NOW)
    await shop.buy()
    return shop


async def alter(shop: Shop, *statements: str) -> None:
    """Do as somebody with all rights, every guard off."""

    async def work(tx: Connection) -> None:
        for table in ("audit.batch", "audit.tile", "audit.head", "audit.beginning", "vending.sale"):
            await tx.execute(f"GRANT ALL ON {table} TO CURRENT_USER; ALTER TABLE {table} DISABLE TRIGGER USER")
        for it in statements:
            await tx.execute(it)

    await shop.town.database.run(work)


async def wrong(shop: Shop) -> dict[str, str]:
    """The claims that don't hold, each with the row it names."""
    proof = await prove(shop.town.database, LOG)
    return {it.claim.name: str(it.wrong) for it in proof.findings if it.wrong}


async def test_a_log_in_order(day: Shop) -> None:
    """After an ordinary day both claims hold, and every entry and sale was looked at."""
    proof = await prove(day.town.database, LOG)
    assert proof.holds
    assert [it.rows for it in proof.findings] == [await day.look("SELECT max(size) FROM audit.head"), 2]


ALTERED = """
UPDATE audit.batch SET entries = convert_to(replace(convert_from(entries, 'UTF8'), '"n":77}', '"n":78}'), 'UTF8')"""
BATCH = "INSERT INTO audit.batch (at, leaves, entries, salts) SELECT at, leaves, entries, salts FROM audit.batch"
SALE = """
INSERT INTO vending.sale
SELECT utility_id, gen_random_uuid(), at, kind, terminal_id, vendor_id, meter_id, NULL, currency, 0, 0, 0, NULL, NULL,
    lines, warnings, NULL, NULL, NULL, true FROM vending.sale LIMIT 1"""
CHANGES = {
    ALTERED: ("log", "audit.tile 0 of level 0: isn't of the entries below it"),
    "DELETE FROM audit.batch WHERE first = 0": ("log", "has the place"),
    "UPDATE audit.batch SET leaves = leaves + 1 WHERE first = 0": ("log", "entries, and says"),
    "UPDATE audit.head SET root = sha256(root)": ("log", "isn't of the entries that are there"),
    "UPDATE audit.head SET size = size + 7": ("log", "ends within a batch"),
    "UPDATE audit.tile SET root = sha256(root)": ("log", "audit.tile 0 of level 0"),
    "DELETE FROM audit.tile": ("log", "audit.tile 0 of level 0"),
    "INSERT INTO audit.head SELECT 9999, at, root, key, signature FROM audit.head LIMIT 1": ("log", "of 9999 entries"),
    "DELETE FROM audit.batch WHERE first IS NULL": ("sales told", "isn't in the log"),
    f"{BATCH} WHERE first IS NULL": ("sales told", "stands in the log more than once"),
    "UPDATE vending.sale SET tender = tender + 1": ("sales told", "says tender 20001, and in the log stands 20000"),
    "UPDATE vending.sale SET units = units + 1": ("sales told", "says units"),
    "UPDATE vending.sale SET free_units = 7": ("sales told", "says free_units 7, and in the log stands 0"),
    "UPDATE vending.sale SET kind = 'pay'": ("sales told", "says kind pay, and in the log stands buy"),
    "UPDATE vending.sale SET meter_id = terminal_id": ("sales told", "says meter_id"),
    "UPDATE vending.sale SET terminal_id = meter_id": ("sales told", "says terminal_id"),
    "UPDATE vending.sale SET currency = 'EUR'": ("sales told", "says currency EUR, and in the log stands ZAR"),
    "UPDATE vending.sale SET staff = 'thandi'": ("sales told", "says staff thandi, and in the log stands "),
    SALE: ("sales told", "isn't in the log"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_rows_that_were_changed(day: Shop, change: str) -> None:
    """A row of the log or a sale that was changed, dropped or put in breaks the claim about it, which names it."""
    claim, problem = CHANGES[change]
    await alter(day, change)
    assert problem in (await wrong(day))[claim]


async def test_sales_from_before_the_log(day: Shop) -> None:
    """Sales from before there was a log needn't stand in it."""
    last = await day.look("SELECT max(id::text)::uuid FROM vending.sale")
    beginning = f"INSERT INTO audit.beginning SELECT utility_id, '{last}' FROM vending.sale LIMIT 1"  # noqa: S608 - an id
    await alter(day, "DELETE FROM audit.batch WHERE first IS NULL", beginning)
    assert await wrong(day) == {}
