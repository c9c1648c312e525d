"""Taking back what was told and didn't happen."""

from datetime import timedelta

import pytest
from msgspec import structs

from tests.fleet.events import again, another_place, install, lenient, told, work_order
from tests.fleet.test_events import account_at_a_place, number, stock
from tests.registry.town import NOW, TARIFF, Town, pan
from tests.vending.shop import Shop, proven
from umbane.fleet import (
    Arrangement,
    Block,
    Cause,
    ChangeTenant,
    Contra,
    Convert,
    Deed,
    IllegalEventError,
    Move,
    NotReversibleError,
    Remove,
    Replace,
    Restock,
    Scrap,
    Unblock,
)
from umbane.fleet.contra import NEVER, UNDOERS
from umbane.registry import (
    Meter,
    MeterState,
    NotFoundError,
    contract_by_account,
    remove_meter,
)
from umbane.vending import Buy, Code, Refused

STOCKED, INSTALLED, BLOCKED, REMOVED, SCRAPPED = MeterState


async def back(town: Town, event: str, it: Meter, id_: str = "back") -> None:
    """Take an event of a meter back."""
    await told(town, work_order(id_, Contra(meter=number(it), event=event)))


async def since(town: Town) -> object:
    """Since when every meter hangs."""
    return await town.database.run(lambda tx: tx.fetch("SELECT meter_id, installed FROM fleet.unit ORDER BY meter_id"))


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("kind", ["remove", "replace"])
async def test_taken_down(town: Town, kind: str, *, blocked: bool) -> None:
    """A meter that was never taken down, or never replaced, hangs again as it did, and so does its contract."""
    await lenient(town)
    it = town.meter
    if blocked:
        await told(town, work_order("block", Block(meter=number(it))))
    before, other = await again(town, it), await again(town, town.stocked)
    replaced = Replace(meter=number(it), by=number(other), cause=Cause.DEAD, closing=0)
    await told(
        town, work_order("wo-1", {"remove": Remove(meter=number(it), cause=Cause.DEAD), "replace": replaced}[kind])
    )
    assert await again(town, it) != before
    await back(town, "wo-1", it)
    assert (await again(town, it), await again(town, other)) == (before, other)


@pytest.mark.parametrize("was", [STOCKED, REMOVED])
async def test_hung_up(town: Town, was: MeterState) -> None:
    """A meter that was never hung up lies where it lay, and hangs since the day it did before."""
    await lenient(town)
    place = await another_place(town)
    it = town.stocked
    if was is REMOVED:
        await told(town, work_order("wo-a", install(it, str(place.id)), NOW - timedelta(days=9)))
        await told(town, work_order("wo-b", Remove(meter=number(it), cause=Cause.REQUEST), NOW - timedelta(days=8)))
    before, days = await again(town, it), await since(town)
    await told(town, work_order("wo-1", install(it, str(place.id))))
    await back(town, "wo-1", it)
    assert await again(town, it) == before
    if was is REMOVED:
        assert await since(town) == days


async def test_moved_and_blocked(town: Town) -> None:
    """A meter that was never moved, blocked or unblocked is where and what it was."""
    await lenient(town)
    place, before = await another_place(town), await again(town, town.meter)
    deeds: dict[str, Deed] = {
        "move": Move(meter=number(before), place=str(place.id)),
        "block": Block(meter=number(before)),
    }
    for name, deed in deeds.items():
        await told(town, work_order(name, deed))
        await back(town, name, before, f"not {name}")
        assert await again(town, before) == before
    await told(town, work_order("block 2", Block(meter=number(before))))
    await told(town, work_order("unblock", Unblock(meter=number(before))))
    await back(town, "unblock", before, "not unblock")
    assert (await again(town, before)).state is BLOCKED


@pytest.mark.parametrize("owed", [(), (Arrangement("outstanding", 40_000, percent="25"),)])
async def test_converted(shop: Shop, owed: tuple[Arrangement, ...]) -> None:
    """A place that was never converted has no meter, and its account owes nothing for it, in the books too."""
    town = shop.town
    await lenient(town)
    await account_at_a_place(town, "800-1")
    deed = Convert(meter=number(town.stocked), account="800-1", tariff=TARIFF, reading=5, arrears=owed)
    await told(town, work_order("wo-1", deed))
    await back(town, "wo-1", town.stocked)
    assert await again(town, town.stocked) == town.stocked
    assert (await town.reads(contract_by_account, "800-1")).state.arrears == ()
    await proven(shop)


async def test_never(town: Town) -> None:
    """What is never taken back is refused with what to do instead."""
    await lenient(town)
    it = pan(7001)
    said: dict[str, Deed] = {
        "stock": stock(7001),
        "scrap": Scrap(meter=it.digits),
        "change_tenant": ChangeTenant(meter=number(town.meter), account="700-2", name="Zodwa"),
        "block": Block(meter=number(town.meter)),
        "contra": Contra(meter=number(town.meter), event="block"),
        "remove": Remove(meter=number(town.meter), cause=Cause.DEAD),
        "restock": Restock(meter=number(town.meter)),
    }
    for kind, deed in said.items():
        await told(town, work_order(kind, deed))
    for kind, instead in NEVER.items():
        with pytest.raises(NotReversibleError, match=instead):
            await told(town, work_order("back", Contra(meter=number(town.meter), event=kind)))
    assert NEVER.keys().isdisjoint(UNDOERS)


async def test_refused(town: Town) -> None:
    """An event is taken back once, as the last of its meter, under its number, and while nothing else happened."""
    await lenient(town)
    it = town.meter
    await told(town, work_order("wo-1", Block(meter=number(it))))
    with pytest.raises(NotReversibleError, match="compare the number"):
        await back(town, "wo-1", town.stocked)
    with pytest.raises(NotFoundError, match="wo-9"):
        await back(town, "wo-9", it)
    await told(town, work_order("wo-2", Unblock(meter=number(it))))
    with pytest.raises(NotReversibleError, match="followed by event wo-2"):
        await back(town, "wo-1", it)
    await back(town, "wo-2", it)
    with pytest.raises(NotReversibleError, match="taken back by event back"):
        await back(town, "wo-2", it, "once more")
    await back(town, "wo-1", it, "and the first")
    assert await again(town, it) == it
    await told(town, work_order("wo-3", Block(meter=number(it))))
    await town.does(remove_meter, it.id, "by somebody at a desk")
    with pytest.raises(NotReversibleError, match="left the meter blocked, and it is removed now"):
        await back(town, "wo-3", it, "and the last")


async def test_a_place_that_is_taken(town: Town) -> None:
    """A meter isn't hung up again where another hangs meanwhile."""
    await lenient(town)
    await told(town, work_order("wo-1", Remove(meter=number(town.meter), cause=Cause.DEAD)))
    await told(town, work_order("wo-2", install(town.stocked, str(town.place.id))))
    with pytest.raises(IllegalEventError, match="hangs there"):
        await back(town, "wo-1", town.meter)


async def test_another_that_is_gone(town: Town) -> None:
    """A replacement isn't taken back when the other meter hangs there no more."""
    await lenient(town)
    deed = Replace(meter=number(town.meter), by=number(town.stocked), cause=Cause.DEAD, closing=0)
    await told(town, work_order("wo-1", deed))
    await town.does(remove_meter, town.stocked.id, "by somebody at a desk")
    with pytest.raises(NotReversibleError, match="hangs there no more"):
        await back(town, "wo-1", town.meter)


async def test_money(shop: Shop) -> None:
    """What carries credit over is never taken back, nor what a purchase followed."""
    town = shop.town
    await lenient(town)
    place = await another_place(town)
    await told(town, work_order("wo-1", Move(meter=number(town.meter), place=str(place.id))))
    await told(town, work_order("wo-2", Move(meter=number(town.meter), place=str(town.place.id))))
    await shop.buy()
    with pytest.raises(NotReversibleError, match="tokens were made for meter"):
        await back(town, "wo-2", town.meter)
    deed = Replace(meter=number(town.meter), by=number(town.stocked), cause=Cause.DEAD, closing=10, terminal="V-1/T-1")
    await told(town, work_order("wo-3", deed))
    with pytest.raises(NotReversibleError, match="which is money"):
        await back(town, "wo-3", town.meter)


async def test_told_again(town: Town) -> None:
    """A contra event is an event: told again it is the same."""
    await told(town, work_order("wo-1", Block(meter=number(town.meter))))
    report = work_order("back", Contra(meter=town.meter.pan.digits, event="wo-1"))
    first = await told(town, report)
    assert await told(town, report) == structs.replace(first, repeated=True)
    assert (first.did["undone"], first.did["state"]) == ("wo-1", [BLOCKED, INSTALLED])


async def test_selling_goes_on(shop: Shop) -> None:
    """A meter whose block was taken back is sold to as before."""
    town = shop.town
    await told(town, work_order("wo-1", Block(meter=number(town.meter))))
    answer = await shop.ask(Buy(money=20_000))
    assert isinstance(answer, Refused)
    assert answer.code is Code.METER_BLOCKED
    await back(town, "wo-1", town.meter)
    await shop.buy()
