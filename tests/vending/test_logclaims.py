"""What `books prove` claims of the log, each tried by changing rows as somebody with all rights would."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.registry.town import new_id
from tests.vending.shop import Shop
from umbane.audit import Fact, Signer, append, sequence
from umbane.db import Connection, connected
from umbane.ledger import Reversal, open_book, prove
from umbane.ledger.payments import book_payment
from umbane.vending import LOG

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
async def day(shop: Shop) -> Shop:
    """Give a shop that has sold twice, with several heads, a full tile, and a sale that waits for its place.

    Between both a deposit was booked and taken back.
    """
    database, vendor = shop.town.database, shop.town.vendor.id
    await shop.buy()

    async def bank(tx: Connection) -> None:
        book = await open_book(tx, shop.town.id)
        id_ = await book_payment(book, vendor, "ZAR", 500, "REF-1", "thandi", shop.now)
        await book.reverse([Reversal(new_id(), id_, shop.now, "typed wrongly")])

    await database.run(bank)
    await sequence(database, SIGNER, NOW)
    await database.run(lambda tx: append(tx, [Fact("x", NOW, {"n": it}) for it in range(260)]))
    await sequence(database, SIGNER, NOW)
    await shop.buy()
    return shop


TABLES = (
    "audit.batch", "audit.tile", "audit.head", "vending.sale", "vending.release", "vending.reversal",
    "ledger.entry",
)  # fmt: skip


async def alter(shop: Shop, *statements: str) -> None:
    """Do as somebody with all rights, every guard off."""

    async def work(tx: Connection) -> None:
        for table in TABLES:
            await tx.execute(f"GRANT ALL ON {table} TO CURRENT_USER; ALTER TABLE {table} DISABLE TRIGGER USER")
        for it in statements:
            await tx.execute(it)

    async with connected(shop.town.database.place.as_owner()) as owner:
        await owner.run(work)


async def wrong(shop: Shop) -> dict[str, str]:
    """The claims that don't hold, each with the row it names."""
    proof = await prove(shop.town.database, LOG)
    return {it.claim.name: str(it.wrong) for it in proof.findings if it.wrong}


async def test_a_log_in_order(day: Shop) -> None:
    """After an ordinary day all claims hold, and every entry and sale was looked at."""
    proof = await prove(day.town.database, LOG)
    assert proof.holds
    entries, waiting = await day.look("SELECT max(size) FROM audit.head"), 1
    assert [it.rows for it in proof.findings] == [entries, 2 + 3, entries + waiting]


ALTERED = """
UPDATE audit.batch SET entries = convert_to(replace(convert_from(entries, 'UTF8'), '"n":77}', '"n":78}'), 'UTF8')"""
BATCH = "INSERT INTO audit.batch (at, leaves, entries, salts) SELECT at, leaves, entries, salts FROM audit.batch"
SALE = """
INSERT INTO vending.sale
SELECT utility_id, gen_random_uuid(), at, kind, terminal_id, vendor_id, meter_id, NULL, currency, 0, 0, 0, NULL, NULL,
    lines, warnings, NULL, NULL, NULL, true FROM vending.sale LIMIT 1"""
END = "SELECT utility_id, id, at FROM vending.sale LIMIT 1"
TAKEN = "SELECT utility_id, id, at, id, id, 1 FROM vending.sale LIMIT 1"
DEPOSIT = """
INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts)
SELECT utility_id, gen_random_uuid(), at, kind, accounts, amounts FROM ledger.entry WHERE kind = 'deposit'"""
SAYS: str = """
INSERT INTO audit.batch (at, leaves, entries, salts)
VALUES (now(), 1, convert_to('{{"{name}":"' || gen_random_uuid() || '","kind":"{kind}"}}', 'UTF8'), '')"""
NAMES = ("sale", "id"), ("release", "sale"), ("reversal", "sale"), ("entry", "id")
CHANGES = {
    ALTERED: ("log", "audit.tile 0 of level 0: isn't of the entries below it"),
    "DELETE FROM audit.batch WHERE first = 0": ("log", "has the place"),
    "UPDATE audit.batch SET leaves = leaves + 1 WHERE first = 0": ("log", "entries, and says"),
    "UPDATE audit.head SET root = sha256(root)": ("log", "isn't of the entries that are there"),
    "UPDATE audit.head SET size = size + 7": ("log", "ends within a batch"),
    "UPDATE audit.tile SET root = sha256(root)": ("log", "audit.tile 0 of level 0"),
    "DELETE FROM audit.tile": ("log", "audit.tile 0 of level 0"),
    "INSERT INTO audit.head SELECT 9999, at, root, key, signature FROM audit.head LIMIT 1": ("log", "of 9999 entries"),
    "DELETE FROM audit.batch WHERE first IS NULL": ("told", "isn't in the log"),
    f"{BATCH} WHERE first IS NULL": ("told", "stands in the log more than once"),
    "UPDATE vending.sale SET tender = tender + 1": ("told", "says paid 20001, and in the log stands 20000"),
    "UPDATE vending.sale SET units = units + 1": ("told", "says units"),
    "UPDATE vending.sale SET free_units = 7": ("told", "says free 7, and in the log stands 0"),
    "UPDATE vending.sale SET kind = 'pay'": ("told", "says order pay, and in the log stands buy"),
    "UPDATE vending.sale SET meter_id = terminal_id": ("told", "says meter"),
    "UPDATE vending.sale SET terminal_id = meter_id": ("told", "says terminal"),
    "UPDATE vending.sale SET currency = 'EUR'": ("told", "says currency EUR, and in the log stands ZAR"),
    "UPDATE vending.sale SET staff = 'thandi'": ("told", "says by thandi, and in the log stands "),
    SALE: ("told", "isn't in the log"),
    f"INSERT INTO vending.release (utility_id, sale_id, at) {END}": ("told", "vending.release"),
    f"INSERT INTO vending.reversal (utility_id, sale_id, at, entry_id, contract_id, version) {TAKEN}": (
        "told",
        "isn't in",
    ),
    DEPOSIT: ("told", "ledger.entry"),
    "UPDATE ledger.entry SET amounts = ARRAY[501, -501] WHERE kind = 'deposit'": ("told", "says amounts [501, -501]"),
    "UPDATE ledger.entry SET note = 'x' WHERE kind = 'reversal'": ("told", "says note x"),
    "UPDATE ledger.entry SET reverses = id WHERE kind = 'reversal'": ("told", "says reverses"),
    "UPDATE ledger.entry SET at = at + interval '1 s' WHERE kind = 'deposit'": ("told", "is of 2026-03-12T09:00:01"),
    "UPDATE ledger.entry SET id = gen_random_uuid() WHERE kind = 'deposit'": ("kept", "isn't in ledger.entry"),
    **{SAYS.format(kind=kind, name=name): ("kept", f"stands there as a {kind}") for kind, name in NAMES},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_rows_that_were_changed(day: Shop, change: str) -> None:
    """A row of the log or a sale that was changed, dropped or put in breaks the claim about it, which names it."""
    claim, problem = CHANGES[change]
    await alter(day, change)
    assert problem in (await wrong(day))[claim]
