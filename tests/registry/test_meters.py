"""What becomes of meters."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import KEY, NEXT_KEY, TODAY, Town, meter, new_id, pan
from umbane.db import Connection
from umbane.pricing import CustomerState
from umbane.registry import (
    LEGAL_MOVES,
    DuplicateError,
    KeyPhase,
    Meter,
    MeterState,
    NotFoundError,
    RegistryInputError,
    Scope,
    ServicePoint,
    TransitionError,
    add_meters,
    add_service_points,
    block_meter,
    change_state,
    close_contract,
    contract,
    history,
    install_meter,
    meter_by_number,
    remove_meter,
    replace_meter,
    restock_meter,
    scrap_meter,
    unblock_meter,
)
from umbane.registry import meter as meter_of
from umbane.registry.meters import name_models
from umbane.sts import EA, SGC, TCT, CheckDigitError, StsInputError

STOCKED, INSTALLED, BLOCKED, REMOVED, SCRAPPED = MeterState

Verb = Callable[[Connection, Scope, Meter, Town], Awaitable[Meter]]

VERBS: dict[str, tuple[Verb, dict[MeterState, MeterState]]] = {
    "install": (
        lambda tx, scope, it, town: install_meter(tx, scope, it.id, town.place.id),
        {STOCKED: INSTALLED, REMOVED: INSTALLED},
    ),
    "block": (lambda tx, scope, it, _: block_meter(tx, scope, it.id, "x"), {INSTALLED: BLOCKED}),
    "unblock": (lambda tx, scope, it, _: unblock_meter(tx, scope, it.id, "x"), {BLOCKED: INSTALLED}),
    "remove": (lambda tx, scope, it, _: remove_meter(tx, scope, it.id, "x"), {INSTALLED: REMOVED, BLOCKED: REMOVED}),
    "restock": (lambda tx, scope, it, _: restock_meter(tx, scope, it.id), {REMOVED: STOCKED}),
    "scrap": (
        lambda tx, scope, it, _: scrap_meter(tx, scope, it.id, "x"),
        {STOCKED: SCRAPPED, REMOVED: SCRAPPED},
    ),
}
"""Each verb, and what it makes of a meter in each state that it works in."""


async def in_state(town: Town, state: MeterState) -> Meter:
    """A meter of the town in this state."""
    hangs = state in {INSTALLED, BLOCKED}
    it = meter(77, state=state, service_point_id=town.place.id if hangs else None)
    await town.does(add_meters, [it])
    return it


async def test_there_and_back(town: Town) -> None:
    """A meter comes back as it was added, whatever is known of it."""
    assert await town.reads(meter_of, town.meter.id) == town.meter
    full = meter(
        5,
        ea=EA.MISTY1,
        tct=TCT.VTC07,
        model="Blue 3",
        key_phase=KeyPhase.ISSUED,
        pending=NEXT_KEY,
        last_minute=17_000_000,
        state=BLOCKED,
        service_point_id=town.place.id,
        contract_id=town.contract.id,
    )
    await town.does(add_meters, [full])
    assert await town.reads(meter_of, full.id) == full


async def test_by_number(town: Town) -> None:
    """A meter is found by its DRN and by its MeterPAN; a wrong number says what is wrong with it."""
    drn = str(town.meter.pan.drn)
    for number in (drn, town.meter.pan.digits, f"{drn[:4]} {drn[4:]}"):
        assert (await town.reads(meter_by_number, number)).id == town.meter.id
    for number, wrong in ((f"{drn[:-1]}{(int(drn[-1]) + 1) % 10}", CheckDigitError), ("12", StsInputError)):
        with pytest.raises(wrong):
            await town.reads(meter_by_number, number)
    with pytest.raises(NotFoundError, match="no meter"):
        await town.reads(meter_by_number, str(pan(999).drn))


@pytest.mark.parametrize("state", MeterState)
@pytest.mark.parametrize("name", VERBS)
async def test_every_verb_in_every_state(town: Town, name: str, state: MeterState) -> None:
    """Each verb does its work in the states that it is for, and in every other one changes nothing."""
    verb, outcomes = VERBS[name]
    before = await in_state(town, state)
    if state in outcomes:
        after = await town.does(verb, before, town)
        assert after.state is outcomes[state]
        assert after == await town.reads(meter_of, before.id)
    else:
        with pytest.raises(TransitionError, match=str(before.pan.drn)):
            await town.does(verb, before, town)
        assert await town.reads(meter_of, before.id) == before


@pytest.mark.parametrize("to", MeterState)
@pytest.mark.parametrize("state", MeterState)
async def test_the_database_knows_the_same_moves(town: Town, state: MeterState, to: MeterState) -> None:
    """Whoever changes a meter's state by hand is held to the same table of legal moves."""
    before = await in_state(town, state)
    place = town.place.id if to in {INSTALLED, BLOCKED} else None
    sql = "UPDATE registry.meter SET state = $2, service_point_id = $3 WHERE id = $1"
    moving = town.database.run(lambda tx: tx.execute(sql, before.id, to, place))
    if to is state or to in LEGAL_MOVES[state]:
        await moving
    else:
        with pytest.raises(asyncpg.CheckViolationError, match="can't go from"):
            await moving
    assert ((await town.reads(meter_of, before.id)).state is to) == (to is state or to in LEGAL_MOVES[state])


async def test_installed_where_somebody_lives(town: Town) -> None:
    """A meter that is installed serves the contract that is open at the place, and nobody at a vacant one."""
    hung = await town.does(install_meter, town.stocked.id, town.place.id)
    assert (hung.service_point_id, hung.contract_id) == (town.place.id, town.contract.id)
    await town.does(close_contract, town.contract.id, TODAY)
    await town.does(remove_meter, town.stocked.id, "x")
    assert (await town.does(install_meter, town.stocked.id, town.place.id)).contract_id is None


async def test_blocked_and_unblocked(town: Town) -> None:
    """A blocked meter stays where it hangs, and who pays stays too."""
    blocked = await town.does(block_meter, town.meter.id, "tampered")
    assert blocked == replace(town.meter, state=BLOCKED)
    assert await town.does(unblock_meter, town.meter.id, "paid the fine") == town.meter
    actions = [(it.action, it.details.get("reason")) for it in await town.reads(history, town.meter.id)]
    assert actions[-2:] == [("meter.block", "tampered"), ("meter.unblock", "paid the fine")]


async def test_replaced(town: Town) -> None:
    """A meter that is replaced goes; the new one takes its place and contract, whose blocks and debts go on."""
    state = CustomerState(purchased=584, arrears=town.contract.state.arrears)
    await town.does(change_state, town.contract.id, 0, state, "bought")
    new = await town.does(replace_meter, town.meter.id, town.stocked.id, "burnt")
    old = await town.reads(meter_of, town.meter.id)
    assert (old.state, old.contract_id, old.service_point_id) == (REMOVED, None, None)
    assert (new.id, new.state) == (town.stocked.id, INSTALLED)
    assert (new.contract_id, new.service_point_id) == (town.contract.id, town.place.id)
    assert (await town.reads(contract, town.contract.id)).state == state
    removal, installation = [(await town.reads(history, it))[-1] for it in (town.meter.id, town.stocked.id)]
    assert (removal.details["by"], installation.details["for"]) == (town.stocked.pan.digits, town.meter.pan.digits)


async def test_what_cannot_be_replaced(town: Town) -> None:
    """A meter that hangs nowhere isn't replaced, nor one by itself, by one that hangs elsewhere, or by a scrapped."""
    elsewhere, scrapped = ServicePoint(new_id(), "2 High St"), meter(8, state=SCRAPPED)
    hung = meter(9, state=INSTALLED, service_point_id=elsewhere.id)
    await town.does(add_service_points, [elsewhere])
    await town.does(add_meters, [scrapped, hung])
    for old, new in ((town.stocked, scrapped), (town.meter, town.meter), (town.meter, hung), (town.meter, scrapped)):
        with pytest.raises(TransitionError):
            await town.does(replace_meter, old.id, new.id, "x")
    assert await town.reads(meter_of, town.meter.id) == town.meter


async def test_the_last_tid_stays(town: Town) -> None:
    """Whatever becomes of a meter, its last TID is remembered: when it hangs again no TID is used twice."""
    used = meter(6, last_minute=17_000_000)
    await town.does(add_meters, [used])
    for verb in ("install", "block", "remove", "restock"):
        await town.does(VERBS[verb][0], used, town)
    assert (await town.reads(meter_of, used.id)).last_minute == 17_000_000


async def test_a_number_once(town: Town, other: Town) -> None:
    """A utility has a meter once; another utility may have taken the same one over."""
    with pytest.raises(DuplicateError, match="meter: there is one already"):
        await town.does(add_meters, [meter(0, pan=town.meter.pan)])
    await other.does(add_meters, [meter(0, pan=town.meter.pan)])


@pytest.mark.parametrize("field", ["key", "service_point_id", "contract_id"])
async def test_only_ones_own(town: Town, other: Town, field: str) -> None:
    """A meter has a supply group, a place and a contract of its own utility, or isn't added."""
    fields: dict[str, dict[str, Any]] = {
        "key": {"key": replace(KEY, sgc=SGC(999))},
        "service_point_id": {"service_point_id": other.place.id, "state": INSTALLED},
        "contract_id": {
            "contract_id": other.contract.id,
            "service_point_id": town.place.id,
            "state": INSTALLED,
        },
    }
    with pytest.raises(NotFoundError):
        await town.does(add_meters, [meter(7, **fields[field])])


async def test_a_contract_of_another_place(town: Town) -> None:
    """A meter never serves a contract for another place than where it hangs, not even by hand."""
    elsewhere = ServicePoint(new_id(), "2 High St")
    await town.does(add_service_points, [elsewhere])
    sql = "UPDATE registry.meter SET service_point_id = $2 WHERE id = $1"
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await town.database.run(lambda tx: tx.execute(sql, town.meter.id, elsewhere.id))


async def test_installed_nowhere(town: Town, other: Town) -> None:
    """A meter is installed only at a place that the utility has."""
    for place in (new_id(), other.place.id):
        with pytest.raises(NotFoundError, match="service point"):
            await town.does(install_meter, town.stocked.id, place)


@pytest.mark.parametrize(
    "change",
    [
        *("service_point_id = NULL", "state = 'stocked', contract_id = NULL", "pan = '123456789012345678'", "krn = 0"),
        *("ti = 100", "last_minute = -1", "key_phase = 'issued'", "pending_krn = 2", "ea = 9", "tct = 3", "kt = 4"),
        *("ken = 256", "base_date = 2000", "state = 'lost'"),
    ],
)
async def test_what_the_database_refuses(town: Town, change: str) -> None:
    """The database keeps no meter that can't be, whoever writes it."""
    sql = f"UPDATE registry.meter SET {change} WHERE id = $1"  # noqa: S608 - the changes above
    with pytest.raises(asyncpg.CheckViolationError):
        await by_owner(town.database, sql, town.meter.id)


async def test_models(town: Town, other: Town) -> None:
    """Of which model meters are is said of many at once; what changed is written down, and nobody else's is touched."""
    await town.does(name_models, {town.meter.id: "Blue 3", town.stocked.id: "Red 1"})
    await town.does(name_models, {town.meter.id: "Blue 4", town.stocked.id: "Red 1"})
    await town.does(name_models, {})
    assert [(await town.reads(meter_of, it.id)).model for it in (town.meter, town.stocked)] == ["Blue 4", "Red 1"]
    said = [it.details for it in await town.reads(history, town.meter.id) if it.action == "meter.model"]
    assert said == [{"model": [None, "Blue 3"]}, {"model": ["Blue 3", "Blue 4"]}]
    with pytest.raises(NotFoundError):
        await town.does(name_models, {other.meter.id: "Blue 3"})
    with pytest.raises(RegistryInputError, match="model"):
        await town.does(name_models, {town.meter.id: "=1"})
