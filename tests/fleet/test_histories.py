"""What a meter was at any instant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet.events import another_place, install, lenient, told, work_order
from tests.fleet.test_events import account_at_a_place, number, stock
from tests.registry.town import KEY, NEXT_KEY, NOW, Town, meter, pan
from umbane.errors import UmbaneError
from umbane.fleet import (
    Block,
    Cause,
    ChangeTenant,
    Contra,
    Move,
    Remove,
    Replace,
    Restock,
    Unblock,
    meter_at,
    meter_history,
    place_history,
)
from umbane.registry import MeterState, NotFoundError, block_meter, mark_issued, meter_by_number, settle_keys
from umbane.sts import StsInputError

STOCKED, INSTALLED, BLOCKED, REMOVED, SCRAPPED = MeterState
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=30)


async def test_a_life(town: Town) -> None:
    """At each instant a meter is what the last event before it made of it, where and for whom it hung."""
    await lenient(town)
    place = (await account_at_a_place(town, "700-8")).service_point_id
    it = pan(7001).digits
    for step, deed in enumerate((
        stock(7001),
        install(meter(7001), "700-8"),
        Block(meter=it),
        Unblock(meter=it),
        Remove(meter=it, cause=Cause.DEAD),
    )):  # fmt: skip
        await told(town, work_order(f"wo-{step}", deed, NOW + step * HOUR), LATER)
    half = timedelta(minutes=30)
    assert await town.reads(meter_at, it, NOW - half) is None
    seen = [await town.reads(meter_at, it, NOW + step * HOUR + half) for step in range(5)]
    assert [one.state for one in seen if one] == [STOCKED, INSTALLED, BLOCKED, INSTALLED, REMOVED]
    assert [one.service_point_id for one in seen if one] == [None, place, place, place, None]
    assert [one.account for one in seen if one] == [None, "700-8", "700-8", "700-8", None]
    assert [one.since for one in seen if one] == [NOW + step * HOUR for step in range(5)]
    edge = await town.reads(meter_at, it, NOW + HOUR)
    assert edge
    assert (edge.state, edge.key, edge.customer, edge.model) == (INSTALLED, KEY, "Thandi Mokoena", "Blue 3")
    history = await town.reads(meter_history, it)
    assert [step.event for step in history] == [None, "wo-1", "wo-2", "wo-3", "wo-4"]
    assert history[2].what == "block: installed → blocked"


async def test_what_was_never(town: Town) -> None:
    """What was taken back never was, and the history shows that it was told."""
    await told(town, work_order("wo-1", Block(meter=number(town.meter)), NOW), LATER)
    await told(town, work_order("back", Contra(meter=number(town.meter), event="wo-1"), NOW + 2 * HOUR), LATER)
    now = datetime.now(UTC)
    for instant in (now, now + HOUR):
        seen = await town.reads(meter_at, number(town.meter), instant)
        assert seen
        assert seen.state is INSTALLED
    undone = [step.event for step in await town.reads(meter_history, number(town.meter)) if step.undone]
    assert undone == ["wo-1", "back"]


async def test_at_desks(town: Town) -> None:
    """What was done at a desk counts from when it was written down, and stands in the same history."""
    await town.does(block_meter, town.meter.id, "seal broken")
    now = datetime.now(UTC) + timedelta(minutes=1)
    seen = await town.reads(meter_at, number(town.meter), now)
    assert seen
    assert (seen.state, seen.account) == (BLOCKED, "700-1")
    [*_, last] = await town.reads(meter_history, number(town.meter))
    assert (last.what, last.reason, last.event) == ("block: installed → blocked", "seal broken", None)


async def test_that_nothing_happened_to(town: Town) -> None:
    """A meter that nothing happened to was since it became known what it is now."""
    now = datetime.now(UTC) + timedelta(minutes=1)
    seen = await town.reads(meter_at, number(town.stocked), now)
    assert seen
    assert (seen.state, seen.service_point_id, seen.key) == (STOCKED, None, KEY)
    assert len(await town.reads(meter_history, number(town.stocked))) == 1


async def test_keys(town: Town) -> None:
    """Of a key one knows when it was settled; of the time before the first change on record nothing is claimed."""
    now = datetime.now(UTC) + timedelta(days=1)
    await town.does(mark_issued, [town.meter.id], [NEXT_KEY], now, "tokens")
    seen = await town.reads(meter_at, number(town.meter), now)
    assert seen
    assert seen.key == KEY
    await town.does(settle_keys, [town.meter.id], now + HOUR, "a purchase")
    before, after = [await town.reads(meter_at, number(town.meter), now + it * HOUR) for it in (0, 2)]
    assert before
    assert after
    assert (before.key, after.key) == (None, NEXT_KEY)
    assert [step.what.split(":")[0] for step in await town.reads(meter_history, number(town.meter))][-2:] == [
        "key issued",
        "key settled",
    ]


async def test_tenants(town: Town) -> None:
    """On the day of a change of tenants the new one counts."""
    deed = ChangeTenant(meter=number(town.meter), account="700-2", name="Zodwa")
    late = datetime.now(UTC) + timedelta(days=1)
    await told(town, work_order("wo-1", deed, late), late + HOUR)
    seen = await town.reads(meter_at, number(town.meter), late)
    assert seen
    assert (seen.account, seen.customer) == ("700-2", "Zodwa")


async def test_a_place(town: Town) -> None:
    """A place knows which meters came and went, in their order, and who moved in."""
    await lenient(town)
    place = await another_place(town)
    old, new = number(town.meter), number(town.stocked)
    told_ = (
        Replace(meter=old, by=new, cause=Cause.RELAY, closing=0),
        ChangeTenant(meter=new, account="700-2", name="Zodwa"),
        Move(meter=new, place=str(place.id)),
        Restock(meter=old),
    )
    for step, deed in enumerate(told_):
        await told(town, work_order(f"wo-{step}", deed, NOW + step * HOUR), LATER)
    said = [step.what for step in await town.reads(place_history, town.place.id)]
    assert said == [f"replace: {old} by {new}", f"change tenant: {new}", f"move: {new} (to another place)"]
    assert [step.what for step in await town.reads(place_history, place.id)] == [f"move: {new}"]


async def test_nothing_known(town: Town) -> None:
    """A number that is none, or of no meter of the utility, has no history."""
    for verb in (lambda number: town.reads(meter_at, number, NOW), lambda number: town.reads(meter_history, number)):
        with pytest.raises(NotFoundError):
            await verb(pan(999).digits)
        with pytest.raises(StsInputError):
            await verb("12")


DEEDS = st.lists(st.sampled_from(["block", "unblock", "remove", "restock", "install", "back"]), max_size=12)


async def test_any_life(town: Town) -> None:
    """Whatever happens to meters, at each instant each was what it had become by what was told up to then."""
    await lenient(town)
    serials = iter(range(8000, 9000))

    async def live(deeds: list[str]) -> None:
        serial = next(serials)
        place = await another_place(town)
        it, states = pan(serial).digits, [STOCKED]
        await told(town, work_order(f"{serial}", stock(serial), NOW), LATER)
        for step, name in enumerate(deeds, 1):
            deed = {
                "block": Block(meter=it),
                "unblock": Unblock(meter=it),
                "remove": Remove(meter=it, cause=Cause.UPGRADE),
                "restock": Restock(meter=it),
                "install": install(meter(serial), str(place.id)),
                "back": Contra(meter=it, event=f"{serial}-{step - 1}"),
            }[name]
            try:
                await told(town, work_order(f"{serial}-{step}", deed, NOW + step * HOUR), LATER)
            except UmbaneError:  # what is refused changes nothing
                states.append(states[-1])
                continue
            became = (await town.reads(meter_by_number, it)).state
            if name == "back":
                states[-1] = became
            states.append(became)
        for step, state in enumerate(states):
            seen = await town.reads(meter_at, it, NOW + step * HOUR)
            assert seen
            assert seen.state is state
        seen = await town.reads(meter_at, it, LATER)
        assert seen
        assert (await town.reads(meter_by_number, it)).state is seen.state

    lives: list[list[str]] = []

    @settings(max_examples=12)
    @given(DEEDS)
    def draw(deeds: list[str]) -> None:
        lives.append(deeds)

    draw()
    for deeds in [*lives, ["install", "block", "back", "remove", "back", "block", "unblock", "back"]]:
        await live(deeds)
