"""The catalogue, as it is kept."""

from datetime import date

import asyncpg
import pytest
from msgspec import structs

from tests.database import by_owner
from tests.fleet.support import BLUE, CERTIFICATE, DAY, STRICT, paper, with_blue
from tests.registry.town import Town, build, new_id
from umbane.db import Database
from umbane.errors import InputError
from umbane.fleet import (
    ApprovalPolicy,
    Dossier,
    EvidenceKind,
    Unit,
    add_evidence,
    add_models,
    approvals,
    change_approvals,
    describe_units,
    dossiers,
    withdraw_evidence,
)
from umbane.registry import DuplicateError, NotFoundError, history, meter

TABLES = ["model", "evidence", "withdrawal", "policy", "event", "carrying"]


async def test_there_and_back(town: Town) -> None:
    """Models and documents come back as they were added, whatever they say."""
    red = structs.replace(BLUE, name="Red 1", communication=None)
    every = [paper(it, number=f"N-{it}", words="as it is", sha256="ab" * 32) for it in EvidenceKind]
    some = paper(number="C-2", firmware=("1.0", "1.1"), valid_until=None)
    await town.does(add_models, [BLUE, red])
    await town.does(add_evidence, [*every, some])
    known = await town.reads(dossiers)
    assert known["Red 1"] == Dossier(red)
    assert known["Blue 3"].model == BLUE
    assert set(known["Blue 3"].evidence) == {*every, some}


async def test_a_withdrawal(town: Town) -> None:
    """A document that was withdrawn says since when, and can't be withdrawn again."""
    await with_blue(town)
    await town.does(add_evidence, [paper()])
    await town.does(withdraw_evidence, BLUE.name, CERTIFICATE, "C-1", DAY, "recalled by the laboratory")
    known = await town.reads(dossiers)
    assert known["Blue 3"].evidence == (paper(withdrawn=DAY),)
    with pytest.raises(DuplicateError):
        await town.does(withdraw_evidence, BLUE.name, CERTIFICATE, "C-1", DAY, "again")


async def test_refused(town: Town) -> None:
    """What is there already, what is about nothing, and what is given as withdrawn isn't added."""
    await with_blue(town)
    await town.does(add_evidence, [paper()])
    with pytest.raises(DuplicateError):
        await with_blue(town)
    with pytest.raises(DuplicateError):
        await town.does(add_evidence, [paper()])
    with pytest.raises(NotFoundError):
        await town.does(add_evidence, [paper(model="Green")])
    with pytest.raises(InputError, match="withdrawn"):
        await town.does(add_evidence, [paper(number="C-9", withdrawn=DAY)])
    with pytest.raises(NotFoundError):
        await town.does(withdraw_evidence, BLUE.name, CERTIFICATE, "C-9", DAY, "never was")
    with pytest.raises(InputError, match="reason"):
        await town.does(withdraw_evidence, BLUE.name, CERTIFICATE, "C-1", DAY, " ")
    with pytest.raises(NotFoundError):
        await town.does(describe_units, [Unit(new_id(), "1.0")])
    assert (await town.reads(dossiers))["Blue 3"].evidence == (paper(),)


async def test_policies(town: Town) -> None:
    """A utility goes by the usual policy until it says another, and then by its last."""
    assert await town.reads(approvals) == ApprovalPolicy()
    await town.does(change_approvals, STRICT, "as the council decided")
    assert await town.reads(approvals) == STRICT
    await town.does(change_approvals, ApprovalPolicy(), "as it was")
    assert await town.reads(approvals) == ApprovalPolicy()
    with pytest.raises(InputError, match="reason"):
        await town.does(change_approvals, STRICT, "")


async def test_another_utility(town: Town, database: Database) -> None:
    """Models, documents and policies of one utility are nobody else's."""
    other = await build(database, "hilltop", 2)
    await with_blue(town)
    await town.does(add_evidence, [paper()])
    await town.does(change_approvals, STRICT, "ours")
    assert await other.reads(dossiers) == {}
    assert await other.reads(approvals) == ApprovalPolicy()
    with pytest.raises(NotFoundError):
        await other.does(add_evidence, [paper(number="C-2")])
    with pytest.raises(NotFoundError):
        await other.does(withdraw_evidence, BLUE.name, CERTIFICATE, "C-1", DAY, "not ours")
    with pytest.raises(NotFoundError):
        await other.does(describe_units, [Unit(town.meter.id, "1.0")])


async def test_a_unit(town: Town) -> None:
    """What isn't said of a meter stays as it was known."""
    await town.does(describe_units, [Unit(town.meter.id, "1.0", date(2024, 5, 1))])
    await town.does(describe_units, [Unit(town.meter.id, battery=DAY)])
    row = await town.database.run(lambda tx: tx.fetchrow("SELECT firmware, delivered, battery FROM fleet.unit"))
    assert tuple(row or ()) == ("1.0", date(2024, 5, 1), DAY)


async def test_models_of_meters(town: Town) -> None:
    """Of which model a meter is may be said later, of the catalogue's, and stands in the registry with what it was."""
    await with_blue(town)
    for _ in range(2):
        await town.does(describe_units, [Unit(town.meter.id, model=BLUE.name), Unit(town.stocked.id)])
    assert [(await town.reads(meter, it.id)).model for it in (town.meter, town.stocked)] == [BLUE.name, None]
    named = [it.details for it in await town.reads(history, town.meter.id) if it.action == "meter.model"]
    assert named == [{"model": [None, BLUE.name]}]
    for wrong in (Unit(town.meter.id, model="Green"), Unit(new_id(), model=BLUE.name)):
        with pytest.raises(NotFoundError):
            await town.does(describe_units, [wrong])


@pytest.mark.parametrize("table", TABLES)
async def test_nobody_changes_it(town: Town, table: str) -> None:
    """What was recorded is changed, deleted and emptied by nobody, the owner included."""
    for statement in (f"UPDATE fleet.{table} SET utility_id = utility_id", f"DELETE FROM fleet.{table}"):  # noqa: S608 - our tables
        with pytest.raises(asyncpg.RestrictViolationError):
            await by_owner(town.database, statement)
    with pytest.raises(asyncpg.RestrictViolationError):
        await by_owner(town.database, f"TRUNCATE fleet.{table} CASCADE")
