"""What is claimed of sales: whatever somebody with all rights changes, a claim names the row."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID

import asyncpg
import pytest

from tests.database import by_owner, superusers
from tests.ledger.support import as_superuser
from tests.registry.town import new_id
from tests.vending.abroad import abroad, let
from tests.vending.laboratory import LaboratoryModule, LostReplyError
from tests.vending.shop import Shop, proven
from tests.vending.test_engineering import ENGINEER
from umbane.db import Connection, Database, Server
from umbane.db.embedded import WORKER
from umbane.db.guards import known_guards
from umbane.ledger import BOOKS, Reversal, Wrong, open_book, prove
from umbane.ledger.debts import BookedDebt, Origin, book_debts
from umbane.pricing import Arrears
from umbane.registry import EngineeringAction
from umbane.vending import CLAIMS, Buy, ClaimFree, Engineer, Pay, Refused, confirm, open_engine, reverse

BEGIN: Final = datetime(2026, 3, 20, 9, tzinfo=UTC)
HELD: Final = {"release": "on_confirmation"}
TABLES: Final = sorted({it.table for it in known_guards().triggers if it.table.startswith(("vending.", "ledger."))})
STAYING: Final = sorted({it for it in TABLES if it.startswith("vending.")} - {"vending.module"})
"""Of a module the books note how far its tokens are accounted for."""


async def a_day(shop: Shop) -> None:
    """Sales of every kind; one that is taken back, one that is refused, tokens that are withheld."""
    await let(shop.town, arrears=(Arrears("outstanding", 20_000),))
    await shop.buy(message_id="kept")
    await shop.ask(Pay(100), "paid")
    await shop.ask(ClaimFree(), "free")
    await shop.ask(Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 9), "limit", staff=ENGINEER)
    await shop.buy(message_id="back")
    tills = shop.engine, shop.town.id, shop.town.terminal.id
    await confirm(*tills, "kept")
    await reverse(*tills, "back", "changed her mind")
    assert isinstance(await shop.ask(Buy(money=1), "refused"), Refused)
    module = shop.engine.house.module
    assert isinstance(module, LaboratoryModule)
    module.lose = 1
    with pytest.raises(LostReplyError):
        await shop.ask(Buy(money=9_000), "lost")
    async with open_engine(shop.town.database, module):
        await proven(shop)


async def first_wrong(database: Database) -> tuple[str, Wrong]:
    """The first claim that doesn't hold, with the row it names."""
    proof = await prove(database, (*BOOKS, *CLAIMS))
    return one([(it.claim.name, it.wrong) for it in proof.findings if it.wrong])


async def after(connection: "asyncpg.Connection[asyncpg.Record]", change: str) -> tuple[str, Wrong]:
    """The same after a change with every guard off and on again; then the change is undone."""
    transaction = connection.transaction()
    await transaction.start()
    for statement in (*guards("DISABLE"), change, *guards("ENABLE"), f"SET LOCAL ROLE {WORKER}"):
        await connection.execute(statement)
    found = [(it.name, await it.check(cast("Connection", connection), lambda _: None)) for it in (*BOOKS, *CLAIMS)]
    await transaction.rollback()
    return one([(name, wrong) for name, wrong in found if wrong])


def one(wrong: list[tuple[str, Wrong]]) -> tuple[str, Wrong]:
    """The first of them; there must be one."""
    assert wrong, "every claim holds"
    return wrong[0]


def guards(how: str) -> list[str]:
    """Switch every guard on or off."""
    return [f"ALTER TABLE {it} {how} TRIGGER USER" for it in TABLES]


@dataclass(frozen=True, slots=True)
class Case:
    """A change, and the claim that it breaks, with words of what the claim says."""

    change: str
    claim: str
    problem: str


SALE = "UPDATE vending.sale SET"
STRANGER = """
INSERT INTO vending.sale (utility_id, id, at, kind, terminal_id, vendor_id, meter_id, currency, tender, units,
    free_units, lines, released)
SELECT utility_id, gen_random_uuid(), at, 'pay', terminal_id, vendor_id, meter_id, currency, 0, 0, 0, '[]', true
FROM vending.sale LIMIT 1"""
TWO_OUTCOMES = """
INSERT INTO vending.refusal (utility_id, id, code, problem, remedy)
SELECT utility_id, id, 'unavailable', '', '' FROM vending.sale WHERE kind = 'pay'"""
OWING = """UPDATE registry.contract
SET state = jsonb_set(state::jsonb, '{arrears,0,owed}', to_jsonb(7))::json"""
LEFT_OVER = "UPDATE registry.contract SET state = jsonb_set(state::jsonb, '{credit}', '7')::json"

CASES: Final = [
    Case(f"{SALE} tender = tender + 1 WHERE kind = 'pay'", "sales booked", "took 101, but 100 is booked"),
    Case(f"{SALE} vendor_id = gen_random_uuid() WHERE kind = 'pay'", "sales booked", "took 100, but 0 is booked"),
    Case(f"{SALE} free_units = 51 WHERE kind = 'claim_free'", "sales booked", "promised more units"),
    Case("UPDATE vending.token SET units = units + 1 WHERE kind = 'free'", "sales booked", "its tokens carry 51"),
    Case("DELETE FROM vending.token WHERE kind = 'free'", "sales booked", "its tokens carry 0, but 50 is booked"),
    Case("DELETE FROM vending.token WHERE units = 0", "sales booked", "was charged for and has no token"),
    Case("DELETE FROM vending.sale WHERE kind = 'claim_free'", "sales founded", "belongs to no sale"),
    Case("DELETE FROM vending.reversal", "sales reversed", "is taken back in the books alone"),
    Case("UPDATE vending.reversal SET entry_id = sale_id", "sales reversed", "is taken back, and not in the books"),
    Case("UPDATE vending.reversal SET version = version + 1", "sales reversed", "is taken back from another account"),
    Case(
        f"{SALE} released = true FROM vending.reversal WHERE sale_id = sale.id",
        "sales reversed", "is taken back, and its digits have left the house",
    ),
    Case(
        "INSERT INTO vending.release SELECT utility_id, sale_id, at FROM vending.reversal",
        "sales reversed", "is taken back, and its digits have left the house",
    ),
    Case("DELETE FROM vending.free_claim", "free units", "gave 50 free units, and no month is claimed"),
    Case("UPDATE vending.free_claim SET sale_id = gen_random_uuid()", "free units", "gave 50 free units"),
    Case("DELETE FROM vending.withheld", "tokens counted", "made 5 tokens, and the books know 4"),
    Case("UPDATE vending.withheld SET number = 0", "withheld", "is withheld, and in sale"),
    Case(f"{SALE} purchased = purchased + 1 WHERE kind = 'claim_free'", "blocks", "but the block count went from"),
    Case("UPDATE registry.contract SET state = '{}'", "accounts", "bought in the period, but the contract says 0"),
    Case(OWING, "debts = books", "owes 7 ZAR of the kind outstanding, and the books say 13900"),
    Case(LEFT_OVER, "debts = books", "has 7 ZAR left over, and the books say 0"),
    Case("DELETE FROM vending.refusal", "outcomes", "was never answered"),
    Case(TWO_OUTCOMES, "outcomes", "has more than one outcome"),
    Case(STRANGER, "messages", "answers no message"),
]  # fmt: skip


async def test_rows_that_were_changed(database: Database, place: Server) -> None:
    """A superuser changes rows of sales, every guard off: the claim that it breaks says what is wrong."""
    async with abroad(database, BEGIN, sale=HELD) as shop:
        await a_day(shop)
        connection = await asyncpg.connect(superusers(place))
        for case in CASES:
            name, wrong = await after(connection, case.change)
            assert (name, case.problem in wrong.problem) == (case.claim, True), (case, wrong)
        await connection.close()
        await proven(shop)


def test_every_claim() -> None:
    """Each claim about sales has a change here that breaks it."""
    assert {it.claim for it in CASES} == {it.name for it in CLAIMS}


async def test_taken_back_in_the_books_alone(shop: Shop) -> None:
    """An entry of a sale that was taken back by the verb of the books, and not as a sale, is found."""
    sold = await shop.buy()
    whim = Reversal(new_id(), sold.id, shop.now, "a favour")

    async def work(tx: Connection) -> None:
        await (await open_book(tx, shop.town.id)).reverse([whim])

    await shop.town.database.run(work)
    problem = "is taken back in the books alone"
    assert await first_wrong(shop.town.database) == ("sales reversed", Wrong("vending.sale", str(sold.id), problem))


async def test_owed_in_the_books_alone(shop: Shop) -> None:
    """A debt that only the books know is found, of an account or of nobody's: the first one that differs is named."""
    town, nobody = shop.town, UUID(int=1)
    debts = {new_id(): BookedDebt(it, "outstanding", 5) for it in (nobody, town.contract.id)}

    async def work(tx: Connection) -> None:
        await book_debts(await open_book(tx, town.id), debts, "ZAR", Origin.CHARGED, shop.now, "a slip")

    async def undo(tx: Connection, id_: UUID) -> None:
        await (await open_book(tx, town.id)).reverse([Reversal(new_id(), id_, shop.now, "a slip")])

    await town.database.run(work)
    told = (str(nobody), "owes 0 ZAR", "5"), ("700-1", "owes 85000 ZAR", "85005")
    for id_, (whose, owes, books) in zip(debts, told, strict=True):
        problem = f"{owes} of the kind outstanding, and the books say {books}"
        assert await first_wrong(town.database) == ("debts = books", Wrong("registry.contract", whose, problem))
        await town.database.run(lambda tx, it=id_: undo(tx, it))  # type: ignore[misc] # a loop's value
    await proven(shop)


async def test_what_was_sold_stays(database: Database, place: Server) -> None:
    """Neither the owner nor a superuser changes, deletes or empties what was sold, even as a replica would."""
    forms = ("UPDATE {} SET utility_id = utility_id", "DELETE FROM {}", "TRUNCATE {} CASCADE")
    async with abroad(database, BEGIN, sale=HELD) as shop:
        await a_day(shop)
        for change in (form.format(table) for form in forms for table in STAYING):
            with pytest.raises(asyncpg.RestrictViolationError):
                await by_owner(database, change)
            with pytest.raises(asyncpg.RestrictViolationError):
                await as_superuser(place, "SET session_replication_role = replica", change)
        await proven(shop)
