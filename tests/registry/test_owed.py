"""What accounts owe stands in the books, whichever way it came."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.registry.test_customers import LERATO, entering
from tests.registry.test_importing import LIVED_IN, home, load
from tests.registry.town import Town, new_id
from umbane.db import Connection
from umbane.ledger import close_period
from umbane.pricing import Arrears, CustomerState
from umbane.registry import (
    ServicePoint,
    add_customers,
    add_service_points,
    change_policy,
    change_tenant,
    contract_by_account,
    open_contracts,
)

KIND = "outstanding"
OWED = f"{LIVED_IN},arrears"
OF = """
SELECT a.name, sum(l.amount)::bigint FROM ledger.account a JOIN ledger.line l ON l.account = a.id
WHERE a.utility_id = $1 AND a.owner_id = $2 AND a.kind = 'arrears' GROUP BY a.name HAVING sum(l.amount) <> 0"""
ENTRIES = """
SELECT e.kind, e.at, e.note, e.amounts FROM ledger.entry e WHERE utility_id = $1 AND source_id = $2 ORDER BY at, id"""


async def booked(town: Town, owner: UUID | None = None) -> dict[str, int]:
    """What an account owes by the books, by kinds of debt; the town's, unless another is named."""
    return dict(await rows(town, OF, owner))


async def rows(town: Town, sql: str, owner: UUID | None = None) -> list[tuple[Any, ...]]:
    """What the books say of an account."""
    async with town.database.reading() as connection:
        return [tuple(row) for row in await connection.fetch(sql, town.id, owner or town.contract.id)]


async def entries(town: Town) -> int:
    """How many entries the books have."""
    async with town.database.reading() as connection:
        number: int = await connection.fetchval("SELECT count(*) FROM ledger.entry WHERE utility_id = $1", town.id)
        return number


async def test_opened(town: Town) -> None:
    """What is owed when an account is opened is booked on its first day where it lies, with who opened it."""
    [(kind, at, note, amounts)] = await rows(town, ENTRIES)
    assert (kind, at, note) == (
        "debt",
        datetime(2025, 12, 31, 22, tzinfo=UTC),
        "owed when the account was opened (test)",
    )
    assert (await booked(town), amounts) == ({KIND: 85_000}, [85_000, -85_000])


async def test_several_at_once(town: Town) -> None:
    """Each kind of debt of each account is one entry; nothing is booked for who owes nothing."""
    places = [ServicePoint(new_id(), f"{it} High St") for it in range(3)]
    await town.does(add_service_points, places)
    owed: list[tuple[Arrears, ...]] = [
        (Arrears("a", 1), Arrears("b", 2), Arrears("a", 4)),
        (),
        (Arrears("a", 8), Arrears("b", 0)),
    ]
    new = [
        replace(
            town.contract, id=new_id(), service_point_id=place.id, account_no=str(place.id)[:30],
            opened=date(2026, 1, 1 + (place is places[0])), state=CustomerState(arrears=arrears),
        )
        for place, arrears in zip(places, owed, strict=True)
    ]  # fmt: skip
    before = await entries(town)
    await town.does(open_contracts, new)
    assert [await booked(town, it.id) for it in new] == [{"a": 5, "b": 2}, {}, {"a": 8}]
    assert await entries(town) == before + 3


async def test_imported(town: Town, tmp_path: Path) -> None:
    """What a file says is owed is booked when the day begins on which it is taken over, however many lines it has."""
    many = [home(number, arrears="outstanding:450.00:30 fines:10:5") for number in range(10, 520)]
    assert (await load(town, tmp_path, OWED, *many)).added == 510
    for number in (10, 519):
        whose = await town.reads(contract_by_account, f"A-{number}")
        assert await booked(town, whose.id) == {"outstanding": 45_000, "fines": 1_000}
        note = "taken over with meters.csv (test)"
        day = datetime(2026, 3, 11, 22, tzinfo=UTC)
        found = await rows(town, ENTRIES, whose.id)
        assert {(kind, at.replace(microsecond=0), note) for kind, at, note, _ in found} == {("debt", day, note)}


async def test_imported_twice(town: Town, tmp_path: Path) -> None:
    """A file that comes again, a trial, and a file with a line that is wrong book nothing."""
    one = home(10, arrears="outstanding:450.00 outstanding:1")
    await load(town, tmp_path, OWED, one, dry_run=True)
    await load(town, tmp_path, OWED, one, "nonsense")
    assert await entries(town) == 1
    for _ in range(2):
        await load(town, tmp_path, OWED, one, home(11, arrears="outstanding:0"), good_rows_only=True)
    assert await booked(town, (await town.reads(contract_by_account, "A-10")).id) == {"outstanding": 45_100}
    assert await entries(town) == 2


async def test_after_the_books_were_closed(town: Town, tmp_path: Path) -> None:
    """What is taken over on a day that is closed in the books is booked at the first open moment."""
    end = datetime(2026, 4, 1, tzinfo=UTC)
    await close_period(town.database, town.id, end, end)
    await load(town, tmp_path, OWED, home(10, arrears="outstanding:450.00"))
    whose = await town.reads(contract_by_account, "A-10")
    [(_, at, note, _)] = await rows(town, ENTRIES, whose.id)
    assert (at, note) == (end, "taken over with meters.csv (test); happened in a period that was closed")


@pytest.mark.parametrize("follows", [True, False])
async def test_a_new_tenant(town: Town, *, follows: bool) -> None:
    """Debts that follow the premises are the newcomer's in the books too; others stay with the one who leaves."""
    await town.does(change_policy, {"tenant": {"debt": "premises" if follows else "person"}})
    await town.does(add_customers, [LERATO])
    new = await town.does(change_tenant, town.contract.id, entering(town))
    debts = {KIND: 85_000}
    assert (await booked(town), await booked(town, new.id)) == (({}, debts) if follows else (debts, {}))
    moved = [(kind, amounts, note) for kind, _, note, amounts in await rows(town, ENTRIES, new.id)]
    assert moved == [("debt_moved", [-85_000, 85_000], "debts follow the premises (test)")] * follows


async def test_nothing_to_inherit(town: Town) -> None:
    """Where nothing is owed nothing follows the premises, and nothing is booked."""
    await town.does(change_policy, {"tenant": {"debt": "premises"}})
    await town.does(add_customers, [LERATO])
    second = await town.does(change_tenant, town.contract.id, entering(town))

    async def pay(tx: Connection) -> None:
        await tx.execute("UPDATE registry.contract SET state = '{}' WHERE utility_id = $1", town.id)

    await town.database.run(pay)
    before = await entries(town)
    third = replace(entering(town), id=new_id(), account_no="third", opened=second.opened)
    await town.does(change_tenant, second.id, third)
    assert await entries(town) == before
