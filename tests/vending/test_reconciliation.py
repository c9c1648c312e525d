"""Reconciliation A: whatever differs between a module, the books and the log is found and named, off by one or more."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.registry.town import Town
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop
from umbane.audit import Signer, sequence
from umbane.db import Connection, connected
from umbane.registry import EngineeringAction, Role
from umbane.security import KeyCount, Record, TokenRequest, UnsupportedError, VendingKeyName
from umbane.sts import Credit
from umbane.vending import Buy, Engineer, Reconciliation, Sold, Staff, reconcile

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEY = "123456/1/2"
TABLES = "vending.token", "vending.sale", "vending.withheld", "audit.batch", "ledger.entry"


@pytest.fixture
async def day(shop: Shop) -> Shop:
    """Give a shop that has sold three times, with an engineering token and one that is withheld."""
    for _ in range(2):
        await shop.buy()
    staff = Staff("thandi", frozenset({Role.ENGINEER}), (Staff("sipho", frozenset({Role.SUPERVISOR})),))
    assert isinstance(await shop.ask(Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 5_000), staff=staff), Sold)
    await sequence(shop.town.database, SIGNER, datetime(2026, 12, 1, tzinfo=UTC))
    await shop.buy()
    return shop


async def alter(shop: Shop, *statements: str) -> None:
    """Do as somebody with all rights, every guard off."""

    async def work(tx: Connection) -> None:
        for table in TABLES:
            await tx.execute(f"GRANT ALL ON {table} TO CURRENT_USER; ALTER TABLE {table} DISABLE TRIGGER USER")
        for it in statements:
            await tx.execute(it)

    async with connected(shop.town.database.place.as_owner()) as owner:
        await owner.run(work)


async def found(shop: Shop) -> list[str]:
    """What differs."""
    return [str(it) for it in (await reconcile(shop.engine)).differences]


async def sale_of(shop: Shop, number: int) -> UUID:
    """The sale that a token is in."""
    sale: UUID = await shop.look("SELECT sale_id FROM vending.token WHERE number = $1", number)
    return sale


async def test_all_witnesses_agree(day: Shop) -> None:
    """After an ordinary day the module, the books and the log say the same, key by key, and nothing is left over."""
    result = await reconcile(day.engine)
    assert result.agrees, result.differences
    [tally] = result.tallies.values()
    units = await day.look("SELECT sum(units)::bigint FROM vending.token")
    assert (result.module, result.count) == ("laboratory", 4)
    assert tally._replace(units=0) == (KEY, 4, 0, 4, 0, 0, 4)
    assert tally.units == units


async def test_nothing_was_made(shop: Shop) -> None:
    """A module that has made nothing agrees with empty books."""
    assert await reconcile(shop.engine) == Reconciliation("laboratory", 0)


async def test_withheld_tokens_are_accounted_for(town: Town, module: LaboratoryModule) -> None:
    """A token that was made and lost is withheld, and that is an account of it."""
    async with open_shop(town, module) as shop:
        await alter(shop, "ALTER TABLE vending.sale ADD CONSTRAINT broken CHECK (tender <> 20000)")
        await shop.ask(Buy(money=20_000), "lost")
        result = await reconcile(shop.engine)
    assert result.agrees, result.differences
    assert result.tallies[KEY].withheld == result.count == 1


async def test_a_withheld_token_that_left_the_log(shop: Shop) -> None:
    """A token that was withheld is named when the log says nothing of it, also where the log is empty."""
    await alter(shop, "ALTER TABLE vending.sale ADD CONSTRAINT broken CHECK (tender <> 20000)")
    await shop.ask(Buy(money=20_000), "lost")
    assert not await found(shop)
    await alter(shop, "DELETE FROM audit.batch")
    assert await found(shop) == ["vending.withheld laboratory 0: is withheld, and not in the log"]


async def test_a_token_that_nobody_sold(day: Shop, module: LaboratoryModule) -> None:
    """A token that somebody made with the module beside the books is found: by its number and its request."""
    request = next(iter(module.made.values()))[1]
    assert isinstance(request, TokenRequest)
    stolen = UUID(int=77)
    await module.issue([request._replace(id=stolen)])
    problem = f"was made for request {stolen}, and is neither sold nor withheld"
    assert await found(day) == [f"journal laboratory 4: {problem}"]


async def test_a_token_that_left_the_books(day: Shop) -> None:
    """A token that was taken out of the books is found in the journal and in the log, and its sale in the books."""
    sale = await sale_of(day, 1)
    await alter(day, "DELETE FROM vending.token WHERE number = 1")
    journal, log, booked = await found(day)
    assert journal.startswith("journal laboratory 1: was made for request ")
    assert log == f"log laboratory 1: stands there as one of sale {sale}, and the books have it in no such sale"
    assert booked.startswith(f"vending.sale {sale}: its tokens carry 0")


async def test_a_token_that_the_module_never_made(day: Shop, module: LaboratoryModule) -> None:
    """When the module has made fewer than are booked, its journal is an old one: off by one is enough."""
    lost = list(module.made)[-1]
    del module.made[lost]
    module.count -= 1
    assert await found(day) == ["vending.token laboratory 3: is booked, and the module has made only 3 tokens"]


CHANGES = {
    "another request": ("request_id = gen_random_uuid()", "and the journal made it for request"),
    "another key": ("krn = 2", "under key 123456/2/2, and was made under 123456/1/2"),
    "more units": ("units = units + 1", "units, and carries"),
    "other digits": ("digits = decode(repeat('00', 9), 'hex')", "stands there with other digits than in sale"),
    "another number": ("number = 99", "is booked, and the module has made only 4 tokens"),
    "another sale": (
        "sale_id = (SELECT sale_id FROM vending.token WHERE number = 0), ordinal = 7",
        "the books have it in no such sale",
    ),
}


@pytest.mark.parametrize(("change", "problem"), CHANGES.values(), ids=CHANGES)
async def test_a_token_that_was_altered(day: Shop, change: str, problem: str) -> None:
    """A token whose request, key, units, digits, number or sale was altered in the books is named."""
    await alter(day, f"UPDATE vending.token SET {change} WHERE number = 1")  # noqa: S608 - our words
    problems = await found(day)
    assert any(" laboratory " in it and problem in it for it in problems), problems


async def test_the_log_is_held_against_the_books(day: Shop) -> None:
    """A sale that isn't in the log is named, and so is one that stands there twice or under another key."""
    sale = await sale_of(day, 3)
    await alter(day, "DELETE FROM audit.batch WHERE first IS NULL")
    assert await found(day) == [f"vending.token laboratory 3: is in sale {sale}, and not in the log"]
    twice = "INSERT INTO audit.batch (at, leaves, entries, salts) SELECT at, leaves, entries, salts FROM audit.batch"
    await alter(day, f"{twice} WHERE encode(entries, 'escape') LIKE '%\"number\":0,%'")
    assert "log laboratory 0: stands there twice" in await found(day)
    key = "convert_to(replace(convert_from(entries, 'UTF8'), '123456/1/2', '123456/9/2'), 'UTF8')"
    await alter(day, f"UPDATE audit.batch SET entries = {key}")  # noqa: S608 - our words
    assert any("stands there under key 123456/9/2" in it for it in await found(day))


ANOTHER = """
INSERT INTO vending.token
    (utility_id, sale_id, ordinal, module, number, request_id, meter_id, kind, units, sgc, krn, kt, ti, digits)
SELECT {utility}, sale_id, 7, module, {number}, request_id, meter_id, kind, units, sgc, krn, kt, ti, digits
FROM vending.token WHERE number = 1"""
LEAVES = "DELETE FROM vending.token WHERE number = 1"
UNITS = "UPDATE vending.token SET units = units + {by} WHERE number = 1"
ENERGY = """
UPDATE ledger.entry e SET amounts = (
    SELECT array_agg(
        amount + CASE kind WHEN 'energy_tokens' THEN {by} WHEN 'energy_sold' THEN -({by}) ELSE 0 END ORDER BY n)
    FROM unnest(e.accounts, e.amounts) WITH ORDINALITY AS p (number, amount, n) JOIN ledger.account a ON a.id = number)
WHERE id = (SELECT sale_id FROM vending.token WHERE number = 0)"""
ONE_MORE_ENTRY = """
INSERT INTO ledger.entry (utility_id, id, at, kind, accounts, amounts)
SELECT utility_id, gen_random_uuid(), at, kind, accounts, amounts FROM ledger.entry
WHERE id = (SELECT sale_id FROM vending.token WHERE number = 0)"""
LOGGED = """
UPDATE audit.batch SET entries = convert_to(
    regexp_replace(convert_from(entries, 'UTF8'), '{old}', '{new}'), 'UTF8')"""
ONE_MORE_LOGGED = """
INSERT INTO audit.batch (at, leaves, entries, salts)
SELECT at, leaves, convert_to(replace(convert_from(entries, 'UTF8'), '"number":0,', '"number":1,'), 'UTF8'), salts
FROM audit.batch WHERE convert_from(entries, 'UTF8') LIKE '%"number":0,%'"""
WITHHELD = """
INSERT INTO vending.withheld (module, number, made, request_id, signature, since, digits)
SELECT module, number, 1, request_id, 'x', now(), ARRAY[digits] FROM vending.token WHERE number = 1"""
OFF_BY_ONE = {
    "a token more in the books": (
        [ANOTHER.format(utility="utility_id", number=4)], "laboratory 4: is booked, and the module has made only 4",
    ),
    "a token of two utilities": (
        [ANOTHER.format(utility="gen_random_uuid()", number=1)], "vending.token laboratory 1: is in sale",
    ),
    "a token less in the books": ([LEAVES], "journal laboratory 1: was made for"),
    "a unit more of a token": ([UNITS.format(by=1)], "laboratory 1: is in sale"),
    "a unit less of a token": ([UNITS.format(by=-1)], "laboratory 1: is in sale"),
    "a unit more in the ledger": ([ENERGY.format(by=1)], "is booked"),
    "a unit less in the ledger": ([ENERGY.format(by=-1)], "is booked"),
    "an entry more in the ledger": ([ONE_MORE_ENTRY], "moves energy into tokens and belongs to no sale"),
    "an entry less in the ledger": (
        ["DELETE FROM ledger.entry WHERE id = (SELECT sale_id FROM vending.token WHERE number = 0)"], "but 0 is booked",
    ),
    "a token more in the log": ([ONE_MORE_LOGGED], "log laboratory 1: stands there as one of sale"),
    "a token less in the log": (
        ["DELETE FROM audit.batch WHERE convert_from(entries, 'UTF8') LIKE '%\"number\":1,%'"],
        "vending.token laboratory 1: is in sale",
    ),
    "other units in the log": (
        [LOGGED.format(old='"units":[0-9]+}', new='"units":1}')], "log laboratory 0: stands there with 1",
    ),
    "a token withheld that was sold": (
        [WITHHELD, LEAVES], "vending.withheld laboratory 1: is withheld, and not in the log",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "problem"), OFF_BY_ONE.values(), ids=OFF_BY_ONE)
async def test_off_by_one(day: Shop, statements: list[str], problem: str) -> None:
    """One token, unit or entry more or less, among the tokens, in the ledger or in the log, is found and named."""
    await alter(day, *statements)
    problems = await found(day)
    assert any(problem in it for it in problems), problems


@pytest.mark.parametrize("by", [(1, 0), (-1, 0), (0, 1), (0, -1)])
async def test_a_counter_that_is_off_by_one(town: Town, by: tuple[int, int]) -> None:
    """A module's counter of a key that has one token or unit more or less than its journal is named."""
    module = Shortened()
    async with open_shop(town, module) as shop:
        await shop.buy()
        module.off = by
        [problem] = await found(shop)
    assert problem.startswith(f"module laboratory: counts {1 + by[0]} tokens with ")


async def test_a_module_that_counts_one_more(day: Shop, module: LaboratoryModule) -> None:
    """A module that says of itself that it made one token more than its journal tells is named."""
    module.count += 1
    assert "module laboratory: its counter says 5 tokens, and its journal tells only 4" in await found(day)


async def test_the_books_of_money(day: Shop) -> None:
    """A sale whose entry was altered is named as well: what the tokens carry must be what is booked."""
    sale = await sale_of(day, 0)
    await alter(day, f"UPDATE vending.sale SET tender = tender + 1 WHERE id = '{sale}'")  # noqa: S608 - an id
    [problem] = await found(day)
    assert problem.startswith(f"vending.sale {sale}: took 20001")


class Shortened(LaboratoryModule):
    """A module whose journal tells less than its counters, or other things."""

    cut = 0
    gap = -1
    units = 0
    off = 0, 0
    counts = True

    async def since(self, count: int) -> AsyncIterator[Record]:
        """Every request but the last ones."""
        records = [it async for it in super().since(count)]
        for it in (it for it in records[: len(records) - self.cut] if it.first != self.gap):
            request = it.request
            if isinstance(request, TokenRequest) and isinstance(request.token, Credit):
                request = request._replace(token=replace(request.token, units=request.token.units + self.units))
            yield it._replace(request=request)

    async def counters(self) -> dict[VendingKeyName, KeyCount]:
        """What it made with each key, if it keeps count."""
        if not self.counts:
            raise UnsupportedError("it keeps none")
        counted = await super().counters()
        return {key: KeyCount(it.tokens + self.off[0], it.units + self.off[1]) for key, it in counted.items()}


@pytest.mark.parametrize("counts", [True, False])
async def test_a_journal_that_was_cut_short(town: Town, *, counts: bool) -> None:
    """A journal that tells fewer tokens than the module's counter is named, with how many it tells."""
    module = Shortened()
    async with open_shop(town, module) as shop:
        await shop.buy()
        await shop.buy()
        module.cut, module.counts = 1, counts
        problems = await found(shop)
    assert "module laboratory: its counter says 2 tokens, and its journal tells only 1" in problems
    assert any("and its journal tells 1 with" in it for it in problems) is counts


async def test_a_journal_with_a_gap(town: Town) -> None:
    """A token that was sold and isn't in the journal is named, with its sale."""
    module = Shortened()
    async with open_shop(town, module) as shop:
        sold = [await shop.buy() for _ in range(3)]
        module.gap = 1
        problems = await found(shop)
    assert f"vending.token laboratory 1: is in sale {sold[1].id}, and the journal has no such token" in problems


async def test_a_journal_that_tells_other_amounts(town: Town) -> None:
    """A journal with other amounts than the counters and the books is named by both, key and token."""
    module = Shortened()
    async with open_shop(town, module) as shop:
        await shop.buy()
        module.units = 1
        problems = await found(shop)
    assert any(it.startswith("vending.token laboratory 0: is in sale ") for it in problems)
    assert any(it.startswith("module laboratory: counts 1 tokens with ") for it in problems)


async def test_only_the_first_are_named(town: Town, module: LaboratoryModule) -> None:
    """However much differs, what is answered stays readable."""
    async with open_shop(town, module) as shop:
        await shop.buy()
        request = next(iter(module.made.values()))[1]
        assert isinstance(request, TokenRequest)
        await module.issue([request._replace(id=UUID(int=it)) for it in range(30)])
        assert len(await found(shop)) == 20
