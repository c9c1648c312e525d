"""The proof: whatever somebody with all rights changes, a claim names the row."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.ledger.support import (
    OTHER_HOUSE,
    REVENUE,
    as_superuser,
    execute,
    minutes,
    open_shop,
)
from tests.ledger.tampering import FIRST, SECOND, TAMPERED, Case, a_week, tamper
from umbane.db import Connection, Database, Server
from umbane.db.guards import known_guards
from umbane.db.rights import declared
from umbane.ledger import BOOKS, Claim, Wrong, prove, sweep


async def first_wrong(database: Database) -> tuple[str, Wrong] | None:
    """The first claim that doesn't hold, with the row it names."""
    for finding in (await prove(database, BOOKS)).findings:
        if finding.wrong:
            return finding.claim.name, finding.wrong
    return None


async def test_books_in_order(database: Database, place: Server) -> None:
    """Books that nobody tampered with prove themselves, claim by claim, even with guards switched off and on again."""
    await a_week(database)
    await tamper(place)
    result = await prove(database, BOOKS)
    assert [(finding.claim.name, finding.rows, finding.wrong) for finding in result.findings] == [
        ("guards", len(known_guards().triggers) + len(known_guards().functions), None),
        ("rights", len(declared()), None),
        ("entries", 7, None),
        ("lines", 7, None),
        ("reversals", 1, None),
        ("debts taken back", 7, None),
        ("holds", 3, None),
        ("balances", 2, None),
        ("periods", 2, None),
    ]
    assert result.holds


async def test_empty_books(database: Database) -> None:
    """Books without any entry are in order."""
    assert (await prove(database, BOOKS)).holds


@pytest.mark.parametrize("case", TAMPERED, ids=lambda case: case.change)
async def test_a_row_that_was_changed(database: Database, place: Server, case: Case) -> None:
    """A superuser changes one row, every guard off: the claim that it breaks names the table, the row, the problem."""
    await a_week(database)
    await tamper(place, case.change)
    found = await first_wrong(database)
    assert found is not None
    assert (found[0], found[1].table) == (case.claim, case.table)
    assert case.problem in found[1].problem
    assert case.key in found[1].key


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("ALTER TABLE ledger.entry DISABLE TRIGGER stays", "stays of ledger.entry"),
        ("ALTER TABLE ledger.hold DISABLE TRIGGER ALL", "ends_once of ledger.hold"),
        ("ALTER TABLE ledger.entry ENABLE REPLICA TRIGGER book", "book of ledger.entry"),
        ("DROP TRIGGER in_order ON ledger.period", "in_order of ledger.period"),
        ("ALTER TABLE vending.token DISABLE TRIGGER stays", "stays of vending.token"),
        ("ALTER TABLE registry.change DISABLE TRIGGER append_only", "append_only of registry.change"),
    ],
)
async def test_a_guard_that_is_missing(database: Database, place: Server, change: str, key: str) -> None:
    """A guard that is missing or switched off is named, of whichever room it is."""
    await as_superuser(place, change)
    found = await first_wrong(database)
    assert found == ("guards", Wrong("trigger", key, "is missing or switched off"))


async def test_one_role(owner: Database) -> None:
    """Where the role that works owns the tables, the proof of books that are in order says so, and nothing else."""
    await a_week(owner)
    proof = await prove(owner, BOOKS)
    assert {it.claim.name: it.wrong for it in proof.findings if it.wrong} == {
        "rights": Wrong("role", "umbane", "owns tables, and can take their guards away")
    }


async def test_the_first_of_several(database: Database, place: Server) -> None:
    """Of several wrong rows the one with the earliest date is named, utility by utility."""
    await a_week(database)
    neighbour = await open_shop(database, OTHER_HOUSE, limit=10**6)
    await neighbour.post(neighbour.sale())
    await tamper(place, "UPDATE ledger.entry SET amounts[1] = amounts[1] + 1")
    assert await first_wrong(database) == ("entries", Wrong("ledger.entry", FIRST, "ZAR sum to 1, not to zero"))


async def test_words() -> None:
    """A wrong row is told in one line: where it is, which it is, and what is wrong with it."""
    assert str(Wrong("ledger.entry", "7", "ZAR sum to 1, not to zero")) == "ledger.entry 7: ZAR sum to 1, not to zero"


async def test_claims_of_other_rooms(database: Database) -> None:
    """Another room proves claims of its own with ours; one that fails doesn't keep later ones from being checked."""
    shop = await open_shop(database, limit=10**6)
    await shop.post(shop.sale(11_500, id=UUID(FIRST)), shop.sale(23_000, id=UUID(SECOND)))

    async def nothing_sold_twice(connection: Connection, progress: Callable[[int], None]) -> Wrong | None:
        progress(await connection.fetchval("SELECT count(*) FROM ledger.entry"))
        return None

    dear = sweep("""
        SELECT 'ledger.entry', id, 'costs ' || amounts[1] FROM ledger.entry
        WHERE utility_id = $1 AND at >= $2 AND at < $3 AND amounts[1] > 20000 ORDER BY at, id LIMIT 1""")
    claims = [Claim("cheap", "Nothing costs more than 200.", dear), Claim("once", "Once.", nothing_sold_twice)]
    seen: list[tuple[str, int]] = []
    result = await prove(database, [*BOOKS, *claims], lambda claim, rows: seen.append((claim.name, rows)))
    assert not result.holds
    assert [finding.wrong for finding in result.findings[-2:]] == [
        Wrong("ledger.entry", SECOND, "costs 23000"),
        None,
    ]
    assert seen[-2:] == [("once", 0), ("once", 2)]
    assert list(dict.fromkeys(name for name, _ in seen)) == [claim.name for claim in [*BOOKS, *claims]]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_windows(database: Database, size: int) -> None:
    """A sweep looks at each entry once, however large its windows are and however many entries are of one instant."""
    shop, neighbour = await open_shop(database, limit=10**6), await open_shop(database, OTHER_HOUSE, limit=10**6)
    dates = [0, 0, 0, 1, 2, 2, 3, 9, 9, 9, 9]
    await shop.post(*(shop.sale(at=minutes(number)) for number in dates))
    await neighbour.post(*(neighbour.sale(at=minutes(number)) for number in dates))
    wrong = "SELECT 'ledger.entry', id, 'is late' FROM ledger.entry WHERE utility_id = $1 AND at >= $2 AND at < $3"
    claims = [
        Claim("none", "None is wrong.", sweep(f"{wrong} AND false", size)),
        Claim("last", "None is wrong.", sweep(f"{wrong} AND at = '{minutes(3)}'", size)),
    ]
    all_good, one_wrong = (await prove(database, claims)).findings
    assert (all_good.rows, all_good.wrong) == (22, None)
    assert one_wrong.wrong
    assert one_wrong.rows < 22


async def test_a_proof_sees_one_state(database: Database) -> None:
    """What is booked while the books are being proven doesn't disturb the proof."""
    shop = await open_shop(database, limit=10**9)
    await shop.post(shop.sale())

    async def sell(connection: Connection, progress: Callable[[int], None]) -> Wrong | None:
        progress(await connection.fetchval("SELECT count(*) FROM ledger.entry"))
        await shop.post(shop.sale())
        return None

    claims = [Claim("before", "Before.", sell), *BOOKS, Claim("after", "After.", sell)]
    result = await prove(database, claims)
    assert result.holds
    assert [finding.rows for finding in result.findings if finding.claim.name in {"before", "after"}] == [1, 1]


async def test_a_proof_changes_nothing(database: Database) -> None:
    """A claim that tries to write is refused by the database."""
    await a_week(database)

    async def write(connection: Connection, _progress: Callable[[int], None]) -> Wrong | None:
        await connection.execute("CREATE TABLE ledger.notes (note text)")
        return None

    with pytest.raises(Exception, match="read-only"):
        await prove(database, [Claim("sly", "Writes.", write)])
    await execute(database, "SELECT 1")


async def test_who_owes_what_is_in_the_account(database: Database, place: Server) -> None:
    """An account that was given to another utility is missed by its entries."""
    shop = await a_week(database)
    change = f"UPDATE ledger.account SET utility_id = '{OTHER_HOUSE}' WHERE kind = 'revenue_energy'"  # noqa: S608 - our own words
    await tamper(place, change)
    problem = f"account {shop.ids[REVENUE]} isn't one of its utility"
    assert await first_wrong(database) == ("entries", Wrong("ledger.entry", FIRST, problem))
