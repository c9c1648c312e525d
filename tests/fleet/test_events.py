"""What becomes of meters when somebody tells it."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from tests.fleet.events import GOOD, again, another_place, install, lenient, told, work_order
from tests.fleet.support import BLUE, DAY, STRICT, meters_of, paper, with_blue
from tests.registry.town import NOW, TARIFF, Town, build, meter, new_id, pan
from tests.vending.shop import Shop, proven
from umbane.db import Database
from umbane.errors import InputError, UmbaneError
from umbane.fleet import (
    LEGAL,
    Arrangement,
    Block,
    Cause,
    ChangeTenant,
    Convert,
    Deed,
    Event,
    EventConflictError,
    FleetInputError,
    IllegalEventError,
    Install,
    Move,
    NotCertifiedError,
    Remove,
    Replace,
    Restock,
    Scrap,
    Site,
    Stock,
    Unblock,
    add_evidence,
    change_approvals,
    enforce,
    event,
    events,
    read_policy,
)
from umbane.registry import (
    Contract,
    Meter,
    MeterState,
    NotFoundError,
    Policy,
    add_meters,
    change_policy,
    close_contract,
    contract_by_account,
    meter_by_number,
    open_contracts,
)

STOCKED, INSTALLED, BLOCKED, REMOVED, SCRAPPED = MeterState


def number(it: Meter) -> str:
    """As it stands on the meter."""
    return str(it.pan.drn)


def stock(serial: int, **fields: Any) -> Stock:  # noqa: ANN401 - checked by Stock itself
    """A new meter came."""
    common: dict[str, Any] = {"meter": pan(serial).digits, "model": BLUE.name, "sgc": 123456, "krn": 1, "ti": 1}
    return Stock(**(common | fields))


async def test_a_life(town: Town) -> None:
    """A meter comes, is hung up, blocked, unblocked, taken down, put back, and scrapped, each told once."""
    await lenient(town)
    place = await another_place(town)
    it = pan(7001).digits
    life: list[tuple[Deed, MeterState]] = [
        (stock(7001, firmware="1.0", delivered=date(2026, 2, 1)), STOCKED),
        (Install(meter=it, place=str(place.id), site=GOOD), INSTALLED),
        (Block(meter=it), BLOCKED),
        (Unblock(meter=it), INSTALLED),
        (Remove(meter=it, cause=Cause.REQUEST, closing=17), REMOVED),
        (Restock(meter=it), STOCKED),
        (Scrap(meter=it), SCRAPPED),
    ]
    for step, (deed, state) in enumerate(life):
        happened = await told(
            town, work_order(f"wo-{step}", deed, NOW + timedelta(hours=step)), NOW + timedelta(days=1)
        )
        assert happened.did["state"][1] == state == (await town.reads(meter_by_number, it)).state
        assert (happened.repeated, happened.is_pending, happened.by) == (False, False, town.scope.by)
    async with town.database.reading() as connection:
        every = await events(connection, town.id)
        assert [one.kind for one in every[::-1]] == [
            "stock",
            "install",
            "block",
            "unblock",
            "remove",
            "restock",
            "scrap",
        ]
        assert [one.kind for one in await events(connection, town.id, kind="block")] == ["block"]
        assert await events(connection, town.id, pending=True) == []
    assert every[2].did["tokens"] == "17 tenths of a kWh stay in it"


async def test_told_again(town: Town) -> None:
    """The same event again is the same answer, whoever tells it; another under its id is a conflict."""
    report = work_order("wo-1", Block(meter=number(town.meter)))
    first = await told(town, report)
    second = await told(town, report, NOW + timedelta(days=3))
    assert second == structs.replace(first, repeated=True)
    for other in (
        structs.replace(report, reason="another"),
        structs.replace(report, at=NOW - timedelta(seconds=1)),
        structs.replace(report, deed=Unblock(meter=number(town.meter))),
    ):
        with pytest.raises(EventConflictError, match="wo-1"):
            await told(town, other)
    assert (await again(town, town.meter)).state is BLOCKED


async def test_told_at_once(town: Town) -> None:
    """Two who tell the same event at the same moment get the same answer, and it happens once."""
    report = work_order("wo-1", Block(meter=number(town.meter)))
    both = await asyncio.gather(told(town, report), told(town, report))
    assert {it.id for it in both} == {both[0].id}
    assert sorted(it.repeated for it in both) == [False, True]


async def test_nothing_half_done(town: Town) -> None:
    """What can't be leaves nothing behind, and its id may be used for what happened."""
    await lenient(town)
    place = await another_place(town)
    with pytest.raises(IllegalEventError):
        await told(town, work_order("wo-1", install(town.meter, str(place.id))))
    with pytest.raises(NotFoundError):
        await town.reads(event, "wo-1")
    await told(town, work_order("wo-1", Block(meter=number(town.meter))))


async def test_order(town: Town) -> None:
    """What is still to come isn't told, nor what would have been before the last event of a meter."""
    with pytest.raises(InputError, match="still to come"):
        await told(town, work_order("wo-1", Block(meter=number(town.meter)), NOW + timedelta(seconds=1)))
    await told(town, work_order("wo-1", Block(meter=number(town.meter))))
    early = work_order("wo-2", Unblock(meter=number(town.meter)), NOW - timedelta(minutes=1))
    with pytest.raises(InputError, match="wo-1 of this meter was later"):
        await told(town, early)
    assert (await again(town, town.meter)).state is BLOCKED


@pytest.mark.parametrize("deed", [it for it in LEGAL if it is not Stock], ids=lambda it: it.__name__)
async def test_every_deed_in_every_state(town: Town, deed: type[Deed]) -> None:
    """What the table allows happens; what it doesn't is refused with the state, and changes nothing."""
    await lenient(town)
    for serial, state in enumerate(MeterState, 70):
        it = await meter_in(town, state, serial)
        report = work_order(f"wo-{serial}", deed(meter=number(it), **await rest_of(town, deed, serial)))
        if state in LEGAL[deed]:
            assert (await told(town, report)).did["state"][0] == state
        else:
            with pytest.raises(IllegalEventError, match=f"is {state}"):
                await told(town, report)
            assert await again(town, it) == it


async def meter_in(town: Town, state: MeterState, serial: int) -> Meter:
    """A meter in a state, with an account where it hangs."""
    where: dict[str, Any] = {}
    if state in {INSTALLED, BLOCKED}:
        account = await account_at_a_place(town, f"700-{serial}")
        where = {"service_point_id": account.service_point_id, "contract_id": account.id}
    it = meter(serial, state=state, **where)
    await town.does(add_meters, [it])
    return it


async def account_at_a_place(town: Town, account_no: str) -> Contract:
    """Somebody has a contract where nothing hangs."""
    place = await another_place(town)
    new = Contract(new_id(), town.customer.id, place.id, account_no, TARIFF, date(2026, 1, 1))
    await town.does(open_contracts, [new])
    return new


async def rest_of(town: Town, deed: type[Deed], serial: int) -> dict[str, Any]:
    """Whatever else has to be told of a deed."""
    if deed is Replace:
        new = meter(serial + 100)
        await town.does(add_meters, [new])
        return {"by": number(new), "cause": Cause.DEAD, "closing": 0}
    if deed is Convert:
        return {"account": (await account_at_a_place(town, f"800-{serial}")).account_no, "tariff": TARIFF, "reading": 5}
    free: dict[str, Any] = {"place": str((await another_place(town)).id)}
    tenant: dict[str, Any] = {"account": f"900-{serial}", "name": "Zodwa"}
    every: dict[type[Deed], dict[str, Any]]
    every = {Install: free, Move: free, ChangeTenant: tenant, Remove: {"cause": Cause.DEAD}}
    return every.get(deed, {})


async def test_new_meters(town: Town) -> None:
    """A meter comes once, with a key that the utility knows by name."""
    await told(town, work_order("wo-1", stock(7001)))
    it = await town.reads(meter_by_number, pan(7001).digits)
    assert (it.model, it.key.ti.value, it.state) == (BLUE.name, 1, STOCKED)
    with pytest.raises(UmbaneError, match="meter"):
        await told(town, work_order("wo-2", stock(7001)))
    for wrong in ({"krn": 3}, {"sgc": 999999}, {"ti": 100}, {"ea": 9}, {"meter": "00000000001"}, {"kt": 9}):
        with pytest.raises(UmbaneError):
            await told(town, work_order("wo-3", stock(7002, **wrong)))


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (Site(), "nobody looked at: display, relay, test_token, wiring"),
        (structs.replace(GOOD, checks={**GOOD.checks, "relay": False}), "not right: relay"),
        (structs.replace(GOOD, checks={**GOOD.checks, "earth": False}), "not right: earth"),
    ],
)
async def test_commissioning(town: Town, site: Site, words: str) -> None:
    """A meter that wasn't looked at whole, or with which something isn't right, isn't installed."""
    await with_blue(town)
    await town.does(change_approvals, read_policy({"rules": {}}), "the usual")
    await town.does(add_evidence, [paper(), paper(next(k for k in STRICT.rules if k == "national_approval"))])
    [it] = await meters_of(town, BLUE.name, 1)
    place = await another_place(town)
    with pytest.raises(FleetInputError, match=words):
        await told(town, work_order("wo-1", install(it, str(place.id), site=site)))
    await told(town, work_order("wo-1", install(it, str(place.id))))


async def test_not_certified(town: Town) -> None:
    """What isn't certified on the day isn't hung up in any way, and the reason is told."""
    await with_blue(town)
    await town.does(change_approvals, STRICT, "only what is certified")
    [it] = await meters_of(town, BLUE.name, 1)
    place = await another_place(town)
    await town.does(close_contract, town.contract.id, DAY)
    for deed in (
        install(it, str(place.id)),
        Replace(meter=number(town.meter), by=number(it), cause=Cause.DEAD, closing=0),
    ):
        with pytest.raises(NotCertifiedError, match=r"Blue 3.*there is none"):
            await told(town, work_order("wo-1", deed))
    await town.does(add_evidence, [paper(valid_until=DAY)])
    late = NOW + timedelta(days=1)
    with pytest.raises(NotCertifiedError, match="ended on 2026-03-12"):
        await told(town, work_order("wo-1", install(it, str(place.id)), late), late)
    await told(town, work_order("wo-1", install(it, str(place.id))), late)


async def test_barred(town: Town) -> None:
    """A meter that is barred with its model isn't unblocked alone."""
    await town.does(change_approvals, read_policy({"unknown_model": "refuse_vending"}), "only what is known")
    await town.does(enforce, DAY)
    with pytest.raises(IllegalEventError, match="barred with its model"):
        await told(town, work_order("wo-1", Unblock(meter=number(town.meter))))


async def test_a_place_is_taken(town: Town) -> None:
    """Where a meter hangs no other is hung up, moved or converted."""
    await lenient(town)
    place = await another_place(town)
    [it, other] = await meters_of(town, None, 2)
    await told(town, work_order("wo-0", install(other, str(place.id))))
    for deed in (
        install(it, town.contract.account_no),
        install(it, str(town.place.id)),
        Move(meter=number(other), place=town.contract.account_no),
        Convert(meter=number(it), account=town.contract.account_no, tariff=TARIFF, reading=0),
    ):
        with pytest.raises(IllegalEventError, match=f"meter {town.meter.pan.drn} hangs there"):
            await told(town, work_order("wo-1", deed))


@pytest.mark.parametrize("where", ["700-99", "00000000-0000-0000-0000-000000000000", "", "=1"])
async def test_nowhere(town: Town, where: str) -> None:
    """A place that isn't there is refused."""
    await lenient(town)
    with pytest.raises(NotFoundError):
        await told(town, work_order("wo-1", install(town.stocked, where)))


async def test_replaced(town: Town) -> None:
    """With another meter the account goes on as it was, with its debts and blocks; the old one lies there."""
    await lenient(town)
    before = await town.reads(contract_by_account, "700-1")
    deed = Replace(meter=number(town.meter), by=number(town.stocked), cause=Cause.RELAY, closing=-12)
    it = await told(town, work_order("wo-1", deed))
    assert (it.did["state"], it.did["by"], it.credit) == ([INSTALLED, REMOVED], [STOCKED, INSTALLED], 0)
    old, new = await again(town, town.meter), await again(town, town.stocked)
    assert (old.state, new.state, new.contract_id, new.service_point_id) == (
        *(REMOVED, INSTALLED, town.contract.id, town.place.id),
    )
    assert await town.reads(contract_by_account, "700-1") == before
    itself = Replace(meter=number(town.stocked), by=number(town.stocked), cause=Cause.DEAD, closing=0)
    with pytest.raises(IllegalEventError, match="install: "):
        await told(town, work_order("wo-2", itself))


@pytest.mark.parametrize("till", ["V-1/T-9", "V-9/T-1", "V-1", "00000000-0000-0000-0000-000000000000"])
async def test_no_till(town: Town, till: str) -> None:
    """Nothing is exchanged when the till that is to make the token isn't there."""
    await lenient(town)
    it = number(town.meter)
    deed = Replace(meter=it, by=number(town.stocked), cause=Cause.DEAD, closing=1, terminal=till)
    with pytest.raises(NotFoundError):
        await told(town, work_order("wo-1", deed))
    assert await again(town, town.meter) == town.meter


async def test_moved(shop: Shop) -> None:
    """A meter that moves serves who pays there."""
    town = shop.town
    await lenient(town)
    place = await another_place(town)
    it = await told(town, work_order("wo-1", Move(meter=number(town.meter), place=str(place.id))))
    moved = await again(town, town.meter)
    assert (moved.state, moved.service_point_id, moved.contract_id) == (INSTALLED, place.id, None)
    assert it.did["account"] == ["700-1", None]


@pytest.mark.parametrize(("debt", "left", "follows"), [("person", 85_000, 0), ("premises", 0, 85_000)])
async def test_another_tenant(shop: Shop, debt: str, left: int, follows: int) -> None:
    """Who moves in starts anew; debts stay with who left or follow the premises, and the books know."""
    town = shop.town
    await town.does(change_policy, Policy.model_validate({"tenant": {"debt": debt}}), "as the council decided")
    deed = ChangeTenant(meter=number(town.meter), account="700-2", name="Zodwa Khumalo", phone="+27821234567")
    it = await told(town, work_order("wo-1", deed))
    old, new = await town.reads(contract_by_account, "700-1"), await town.reads(contract_by_account, "700-2")
    assert [sum(debt.owed for debt in one.state.arrears) for one in (old, new)] == [left, follows]
    assert (old.closed, new.opened, new.state.purchased) == (DAY, DAY, 0)
    assert (await again(town, town.meter)).contract_id == new.id
    assert it.did["account"] == ["700-1", "700-2"]
    assert it.did["books"].startswith("85000 owed: ")
    await proven(shop)


async def test_no_tenant(town: Town) -> None:
    """Nobody takes over from nobody, under an account that is taken, or as a customer who isn't there."""
    known = ChangeTenant(meter=number(town.meter), account="700-2", customer=town.customer.id, tariff=TARIFF)
    with pytest.raises(UmbaneError, match="700-1"):
        await told(town, work_order("wo-1", structs.replace(known, account="700-1")))
    with pytest.raises(NotFoundError, match="customer"):
        await told(town, work_order("wo-1", structs.replace(known, customer=new_id())))
    with pytest.raises(NotFoundError, match="tariff"):
        await told(town, work_order("wo-1", structs.replace(known, tariff="none")))
    await told(town, work_order("wo-1", known))
    await town.does(close_contract, (await town.reads(contract_by_account, "700-2")).id, DAY)
    with pytest.raises(IllegalEventError, match="nobody has a contract"):
        await told(town, work_order("wo-2", structs.replace(known, account="700-3")))


async def test_converted(shop: Shop) -> None:
    """Who was billed buys from now on, and pays off what was owed as arranged; the books have it as taken over."""
    town = shop.town
    await lenient(town)
    await account_at_a_place(town, "800-1")
    owed = (Arrangement("outstanding", 40_000, percent="25"), Arrangement("penalty", 500, instalment=100))
    deed = Convert(meter=number(town.stocked), account="800-1", tariff=TARIFF, reading=12_345_678, arrears=owed)
    it = await told(town, work_order("wo-1", deed))
    state = (await town.reads(contract_by_account, "800-1")).state
    assert [(debt.kind, debt.owed) for debt in state.arrears] == [("outstanding", 40_000), ("penalty", 500)]
    assert (await again(town, town.stocked)).state is INSTALLED
    assert len(it.did["books"]) == 2
    sold = await shop.buy(20_000, meter=number(town.stocked))
    assert sold.units > 0
    await proven(shop)


async def test_not_converted(town: Town) -> None:
    """Nothing is converted with debts that no tariff collects, without a tariff, or for an account that is closed."""
    await lenient(town)
    await account_at_a_place(town, "800-1")
    good = Convert(meter=number(town.stocked), account="800-1", tariff=TARIFF, reading=0)
    for wrong, error in (
        ({"arrears": (Arrangement("strange", 100),)}, UmbaneError),
        ({"tariff": "none"}, UmbaneError),
        ({"account": "800-9"}, NotFoundError),
        ({"arrears": (Arrangement("outstanding", 100, percent="200"),)}, UmbaneError),
    ):
        with pytest.raises(error):
            await told(town, work_order("wo-1", structs.replace(good, **wrong)))
        assert (await again(town, town.stocked)).state is STOCKED
    await town.does(close_contract, (await town.reads(contract_by_account, "800-1")).id, DAY)
    with pytest.raises(IllegalEventError, match="closed"):
        await told(town, work_order("wo-1", good))


async def test_another_utility(town: Town, database: Database) -> None:
    """Events of one utility are about its own meters, and their ids are its own."""
    other = await build(database, "hilltop", 2)
    with pytest.raises(NotFoundError):
        await told(other, work_order("wo-1", Block(meter=number(town.meter))))
    await told(town, work_order("wo-1", Block(meter=number(town.meter))))
    happened: Event = await told(other, work_order("wo-1", Block(meter=number(other.meter))))
    assert happened.meter == other.meter.pan.digits
    with pytest.raises(NotFoundError):
        await other.reads(event, "wo-2")


async def test_served(town: Town) -> None:
    """A meter that is taken down for a fault counts against its supplier, with the days for which it hung."""
    await lenient(town)
    [it] = await meters_of(town, BLUE.name, 1)
    place = await another_place(town)
    await told(town, work_order("wo-1", install(it, str(place.id))))
    later = NOW + timedelta(days=200)
    await told(town, work_order("wo-2", Remove(meter=number(it), cause=Cause.DISPLAY), later), later)
    row = await town.database.run(
        lambda tx: tx.fetchrow("SELECT model, faulty, served FROM fleet.event ORDER BY id DESC")
    )
    assert tuple(row or ()) == (BLUE.name, True, 200)


async def test_no_number(town: Town) -> None:
    """A number that is none is told as one."""
    with pytest.raises(InputError, match="digits"):
        await told(town, work_order("wo-1", Block(meter="12")))
