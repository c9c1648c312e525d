"""What a sale loads and stores."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from tests.registry.town import KEY, NEXT_KEY, NOW, TARIFF, TODAY, Town, meter, new_id, pan
from umbane.db import Connection, write
from umbane.db.errors import ConflictError
from umbane.pricing import CustomerState
from umbane.registry import (
    Contract,
    ForSale,
    KeyPhase,
    MeterState,
    ServicePoint,
    add_meters,
    add_service_points,
    block_meter,
    change_vendor,
    close_contract,
    contract,
    install_meter,
    load_for_sale,
    load_terminals,
    mark_issued,
    moved_states,
    open_contracts,
)

SPENT = CustomerState(purchased=584, spent=20_000, period_start=date(2026, 3, 1), connected_load=5_000)


async def load(town: Town, *pans: str, lock: bool = True) -> ForSale:
    """What a sale in this town would see."""
    return await town.database.run(lambda tx: load_for_sale(tx, town.id, pans, lock=lock))


async def store(town: Town, version: int, state: CustomerState = SPENT) -> None:
    """Store a sale to the town's meter."""
    await town.database.run(lambda tx: write(tx, moved_states(town.id, [town.contract.id], [state], [version])))


@pytest.mark.parametrize("lock", [True, False])
async def test_a_meter_with_its_contract(town: Town, *, lock: bool) -> None:
    """A sale sees of a meter its key and last TID, and of its contract the tariff, the state and its version."""
    rows = await load(town, town.meter.pan.digits, lock=lock)
    assert rows == ForSale(
        position=[0],
        edition=[4],
        meter_id=[town.meter.id],
        pan=[town.meter.pan.digits],
        ea=[town.meter.ea],
        state=[MeterState.INSTALLED],
        key_phase=[KeyPhase.SETTLED],
        last_minute=[None],
        key=[KEY],
        pending=[None],
        contract_id=[town.contract.id],
        tariff_id=[TARIFF],
        customer=[town.contract.state],
        version=[0],
    )


async def test_a_meter_without_a_contract(town: Town) -> None:
    """A meter in the store is seen without anything of a contract, for tokens of its own."""
    rows = await load(town, pan(9).digits, town.stocked.pan.digits)
    assert (rows.position, rows.meter_id, rows.state) == ([1], [town.stocked.id], [MeterState.STOCKED])
    assert (rows.contract_id, rows.customer, rows.version, rows.tariff_id) == ([None], [None], [None], [None])


async def test_positions(town: Town) -> None:
    """Rows say which of the meters asked for they are, and a meter that isn't there has no row."""
    asked = [pan(9).digits, town.stocked.pan.digits, pan(8).digits, town.meter.pan.digits]
    rows = await load(town, *asked)
    assert dict(zip(rows.position, rows.pan, strict=True)) == {1: asked[1], 3: asked[3]}


async def test_nothing_asked(town: Town) -> None:
    """No meters are no rows."""
    assert len(await load(town)) == 0


async def test_a_pending_key(town: Town) -> None:
    """A sale sees both keys of a meter whose key-change tokens are out."""
    await town.does(mark_issued, [town.meter.id], [NEXT_KEY], NOW, "sale 1")
    rows = await load(town, town.meter.pan.digits)
    assert (rows.key, rows.pending, rows.key_phase) == ([KEY], [NEXT_KEY], [KeyPhase.ISSUED])


async def test_a_blocked_meter(town: Town) -> None:
    """A sale sees that a meter is blocked."""
    await town.does(block_meter, town.meter.id, "unpaid fine")
    assert (await load(town, town.meter.pan.digits)).state == [MeterState.BLOCKED]


async def test_a_closed_contract(town: Town) -> None:
    """A meter whose contract was closed is nobody's."""
    await town.does(close_contract, town.contract.id, TODAY)
    rows = await load(town, town.meter.pan.digits)
    assert (rows.state, rows.contract_id) == ([MeterState.INSTALLED], [None])


async def test_what_is_stored(town: Town) -> None:
    """After a sale the contract has the new state in its next version."""
    await store(town, 0)
    rows = await load(town, town.meter.pan.digits)
    assert (rows.customer, rows.version) == ([SPENT], [1])


@pytest.mark.parametrize("version", [0, 2])
async def test_stale(town: Town, version: int) -> None:
    """With another version than the one in the database nothing is stored."""
    await store(town, 0)
    before = await load(town, town.meter.pan.digits)
    with pytest.raises(ConflictError):
        await store(town, version, CustomerState())
    assert await load(town, town.meter.pan.digits) == before


async def test_one_stale_member(town: Town) -> None:
    """One member that is stale keeps the whole batch from being stored."""
    place = ServicePoint(new_id(), "1 Long Street")
    house = Contract(new_id(), town.customer.id, place.id, "800-1", TARIFF, TODAY)
    await town.does(add_service_points, [place])
    await town.does(open_contracts, [house])
    arguments = ([house.id, town.contract.id], [SPENT, SPENT], [0, 7])
    with pytest.raises(ConflictError):
        await town.database.run(lambda tx: write(tx, moved_states(town.id, *arguments)))
    assert (await load(town, town.meter.pan.digits)).customer == [town.contract.state]
    assert (await town.reads(contract, house.id)).version == 0


async def test_only_ones_own(town: Town, other: Town) -> None:
    """A meter is not seen, and not stored to, with the id of another utility."""
    assert len(await load(replace_scope(other, town), town.meter.pan.digits)) == 1
    assert len(await load(other, town.meter.pan.digits)) == 0
    with pytest.raises(ConflictError):
        await town.database.run(lambda tx: write(tx, moved_states(other.id, [town.contract.id], [SPENT], [0])))


def replace_scope(town: Town, by: Town) -> Town:
    """One town with the name of another."""
    return replace(town, scope=by.scope)


async def test_one_number_in_two_utilities(town: Town, other: Town) -> None:
    """One number that two utilities have is two meters."""
    twin = replace(meter(0), pan=town.meter.pan)
    await other.does(add_meters, [twin])
    assert (await load(town, town.meter.pan.digits)).meter_id == [town.meter.id]
    assert (await load(other, town.meter.pan.digits)).meter_id == [twin.id]


async def test_the_second_waits(town: Town) -> None:
    """Who loads a meter that another sale holds waits for it, and then sees what that one stored."""
    holding, done = asyncio.Event(), asyncio.Event()

    async def first(tx: Connection) -> None:
        await load_for_sale(tx, town.id, [town.meter.pan.digits])
        holding.set()
        await done.wait()
        await write(tx, moved_states(town.id, [town.contract.id], [SPENT], [0]))

    async def second() -> ForSale:
        await holding.wait()
        loading = asyncio.create_task(load(town, town.meter.pan.digits))
        await until_somebody_waits(town)
        done.set()
        return await loading

    _, rows = await asyncio.gather(town.database.run(first), second())
    assert (rows.customer, rows.version) == ([SPENT], [1])


async def until_somebody_waits(town: Town) -> None:
    """Come back when a connection waits for a lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while not await town.database.run(lambda tx: tx.fetchval(sql)):  # noqa: ASYNC110 - PostgreSQL sets no event
        await asyncio.sleep(0)


async def test_a_contract_opened_meanwhile(town: Town) -> None:
    """A meter that gets a contract while a sale waits for it is loaded with that contract."""
    await town.does(close_contract, town.contract.id, TODAY)
    holding, done = asyncio.Event(), asyncio.Event()
    new = replace(town.contract, id=new_id(), account_no="700-9", opened=TODAY)

    async def moving_in(tx: Connection) -> None:
        await open_contracts(tx, town.scope, [new])
        holding.set()
        await done.wait()

    async def selling() -> ForSale:
        await holding.wait()
        loading = asyncio.create_task(load(town, town.meter.pan.digits))
        await until_somebody_waits(town)
        done.set()
        return await loading

    _, rows = await asyncio.gather(town.database.run(moving_in), selling())
    assert rows.contract_id == [new.id]


async def test_no_circle(town: Town) -> None:
    """Sales that load the same meters in opposite orders never wait for each other in a circle."""
    await three_more(town)
    pans = [town.meter.pan.digits, *(pan(100 + it).digits for it in range(3))]

    async def sell(order: list[str]) -> int:
        rows = await town.database.run(lambda tx: load_for_sale(tx, town.id, order), attempts=1)
        return len(rows)

    assert await asyncio.gather(*(sell(it) for it in [pans, pans[::-1]] * 10)) == [4] * 20


async def three_more(town: Town) -> None:
    """Three more houses in town."""
    for number in range(3):
        place = ServicePoint(new_id(), f"{number} Long Street")
        house = Contract(new_id(), town.customer.id, place.id, f"800-{number}", TARIFF, TODAY)
        new = meter(100 + number)
        await town.does(add_service_points, [place])
        await town.does(open_contracts, [house])
        await town.does(add_meters, [new])
        await town.does(install_meter, new.id, place.id)


async def test_terminals(town: Town, other: Town) -> None:
    """A terminal is loaded with its vendor, and not with the id of another utility."""
    [seller] = (await town.database.run(lambda tx: load_terminals(tx, town.id, [town.terminal.id]))).values()
    assert (seller.vendor_id, seller.vendor_code, seller.terminal_code) == (town.vendor.id, "V-1", "T-1")
    assert not seller.blocked
    assert await town.database.run(lambda tx: load_terminals(tx, other.id, [town.terminal.id])) == {}


async def test_a_blocked_vendor(town: Town) -> None:
    """The terminals of a blocked vendor are blocked."""
    await town.does(change_vendor, replace(town.vendor, blocked=True), "unpaid")
    found = await town.database.run(lambda tx: load_terminals(tx, town.id, [town.terminal.id]))
    assert found[town.terminal.id].blocked
