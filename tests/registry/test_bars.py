"""Many meters blocked by one act, and let go by another."""

import json

import pytest

from tests.registry.town import Town
from umbane.audit.entries import entries_of
from umbane.registry import MeterState, block_meter, history, remove_meter, unblock_meter
from umbane.registry import meter as meter_of
from umbane.registry.bars import bar_meters, barred, lift_bars


async def told(town: Town) -> list[str]:
    """What the log says was done to many meters."""
    rows = await town.database.run(lambda tx: tx.fetch("SELECT entries FROM audit.batch ORDER BY id"))
    every = [json.loads(it).get("action") for row in rows for it in entries_of(row["entries"])]
    return [it for it in every if it in {"meter.bar", "meter.lift"}]


async def state(town: Town) -> MeterState:
    """Of the town's meter."""
    return (await town.reads(meter_of, town.meter.id)).state


async def test_there_and_back(town: Town, other: Town) -> None:
    """A meter that is barred is blocked, and let go as it was; the record and the log say so once."""
    ids = [town.meter.id, town.stocked.id, other.meter.id]
    assert [await town.does(bar_meters, ids, "not certified") for _ in range(2)] == [1, 0]
    assert (await state(town), await town.reads(barred, ids)) == (MeterState.BLOCKED, [town.meter.id])
    assert await other.reads(barred, ids) == []
    assert [await town.does(lift_bars, ids, "certified") for _ in range(2)] == [1, 0]
    assert (await state(town), await town.reads(barred, ids)) == (MeterState.INSTALLED, [])
    assert (await other.reads(meter_of, other.meter.id)).state is MeterState.INSTALLED
    last = (await town.reads(history, town.meter.id))[-2:]
    assert [(it.action, it.details["reason"]) for it in last] == [
        ("meter.bar", "not certified"),
        ("meter.lift", "certified"),
    ]
    assert await told(town) == ["meter.bar", "meter.lift"]


@pytest.mark.parametrize("barred_first", [False, True])
async def test_blocked_by_hand(town: Town, *, barred_first: bool) -> None:
    """A meter that was blocked for a reason of its own isn't barred, and no lifting unblocks it."""
    if barred_first:
        await town.does(bar_meters, [town.meter.id], "not certified")
        await town.does(unblock_meter, town.meter.id, "by mistake")
    await town.does(block_meter, town.meter.id, "seal broken")
    assert await town.does(bar_meters, [town.meter.id], "not certified") == 0
    assert await town.does(lift_bars, [town.meter.id], "certified") == 0
    assert await state(town) is MeterState.BLOCKED


async def test_gone(town: Town) -> None:
    """A barred meter that was taken down is barred no more."""
    await town.does(bar_meters, [town.meter.id], "not certified")
    await town.does(remove_meter, town.meter.id, "for another")
    assert await town.reads(barred, [town.meter.id]) == []
    assert await town.does(lift_bars, [town.meter.id], "certified") == 0
