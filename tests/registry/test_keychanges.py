"""A meter's change of key, and the two keys that it may have until something shows which."""

import json
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import KEY, NEXT_KEY, NOW, Town, meter
from umbane.audit.store import waiting
from umbane.registry import (
    KeyPhase,
    MeterState,
    NotFoundError,
    TransitionError,
    abandon_keys,
    add_meters,
    key_events,
    mark_issued,
    plan_keys,
    settle_keys,
)
from umbane.registry import meter as meter_of
from umbane.sts import KRN, SGC, BaseDate

THIRD_KEY = replace(KEY, krn=KRN(3), base_date=BaseDate.Y2035)
LATER = NOW + timedelta(hours=1)


async def keys(town: Town) -> tuple[object, ...]:
    """What is known of the keys of the town's meter."""
    it = await town.reads(meter_of, town.meter.id)
    return it.key_phase, it.key, it.pending


async def plan(town: Town) -> None:
    """Mean the next key for the town's meter."""
    await town.does(plan_keys, [town.meter.id], [NEXT_KEY], NOW, "new key revision")


async def issue(town: Town) -> None:
    """Let the key-change tokens for the next key out."""
    await town.does(mark_issued, [town.meter.id], [NEXT_KEY], NOW, "sale 1")


async def settle(town: Town) -> None:
    """Show that they were typed in."""
    await town.does(settle_keys, [town.meter.id], LATER, "the next token was taken")


async def abandon(town: Town) -> None:
    """Give them up."""
    await town.does(abandon_keys, [town.meter.id], LATER, "typed in the wrong order")


async def test_planned_issued_settled(town: Town) -> None:
    """A key is meant for a meter, then may be in it, then is: until there is evidence both are kept."""
    seen = []
    for step in (plan, issue, settle):
        await step(town)
        seen.append(await keys(town))
    assert seen == [
        (KeyPhase.PLANNED, KEY, NEXT_KEY),
        (KeyPhase.ISSUED, KEY, NEXT_KEY),
        (KeyPhase.SETTLED, NEXT_KEY, None),
    ]


async def test_every_step_is_kept(town: Town) -> None:
    """Every step stays in the record with its key, its time, who took it, and the evidence or the reason."""
    for step in (plan, issue, abandon, issue, settle):
        await step(town)
    events = await town.reads(key_events, town.meter.id)
    assert [it.event for it in events] == ["planned", "issued", "abandoned", "issued", "settled"]
    assert {it.key for it in events} == {NEXT_KEY}
    assert [(it.at, it.by, it.words) for it in events[3:]] == [
        (NOW, "test", "sale 1"),
        (LATER, "test", "the next token was taken"),
    ]


async def test_every_step_in_the_log(town: Town) -> None:
    """Each step stands in the log: of which meter and key, by whom, and with which reason or evidence."""
    for step in (plan, issue, settle):
        await step(town)
    async with town.database.reading() as connection:
        lines = [line for it in await waiting(connection, 999) for line in it.lines]
    said = [it for it in map(json.loads, lines) if it["kind"] == "key_change"]
    assert [(it["event"], it["words"]) for it in said] == [
        ("planned", "new key revision"), ("issued", "sale 1"), ("settled", "the next token was taken"),
    ]  # fmt: skip
    assert {(it["meter"], it["key"], it["utility"]) for it in said} == {
        (str(town.meter.id), str(NEXT_KEY), str(town.id))
    }
    assert {it["by"] for it in said} == {town.scope.by}


@pytest.mark.parametrize("first", [plan, issue])
async def test_abandoned(town: Town, first: object) -> None:
    """A change that comes to nothing leaves the key that was there."""
    await first(town)  # type: ignore[operator] # one of the steps above
    await abandon(town)
    assert await keys(town) == (KeyPhase.SETTLED, KEY, None)


async def test_printed_again(town: Town) -> None:
    """Printing the same key-change tokens again is nothing new, and any number of times."""
    for _ in range(3):
        await issue(town)
    assert len(await town.reads(key_events, town.meter.id)) == 1


async def test_another_plan(town: Town) -> None:
    """A plan that led to no tokens gives way to another."""
    await plan(town)
    await town.does(plan_keys, [town.meter.id], [THIRD_KEY], LATER, "better idea")
    assert await keys(town) == (KeyPhase.PLANNED, KEY, THIRD_KEY)


async def test_tokens_that_are_out(town: Town) -> None:
    """While key-change tokens are out nobody plans or issues another key."""
    await issue(town)
    with pytest.raises(TransitionError, match="tokens out"):
        await plan(town)
    with pytest.raises(TransitionError, match="another key"):
        await town.does(mark_issued, [town.meter.id], [THIRD_KEY], NOW, "sale 2")
    assert await keys(town) == (KeyPhase.ISSUED, KEY, NEXT_KEY)


async def test_no_evidence_without_tokens(town: Town) -> None:
    """A key that was never issued can't be settled, and where none is meant none can be abandoned."""
    for step in (settle, abandon):
        with pytest.raises(TransitionError):
            await step(town)
    await plan(town)
    with pytest.raises(TransitionError, match="no key-change tokens"):
        await settle(town)


async def test_scrapped(town: Town) -> None:
    """A scrapped meter gets no other key."""
    gone = meter(5, state=MeterState.SCRAPPED)
    await town.does(add_meters, [gone])
    for verb in (plan_keys, mark_issued):
        with pytest.raises(TransitionError, match="scrapped"):
            await town.does(verb, [gone.id], [NEXT_KEY], NOW, "x")


async def test_many_at_once(town: Town) -> None:
    """A change of many meters is one statement; one that can't keeps all of them as they were."""
    fleet = [meter(100 + it) for it in range(20)]
    await town.does(add_meters, fleet)
    ids = [it.id for it in fleet]
    await town.does(plan_keys, ids, [NEXT_KEY] * 20, NOW, "campaign")
    await town.does(mark_issued, ids[:10], [NEXT_KEY] * 10, NOW, "campaign")
    with pytest.raises(TransitionError):
        await town.does(settle_keys, ids, LATER, "all done")
    await town.does(settle_keys, ids[:10], LATER, "done")
    phases = [(await town.reads(meter_of, it)).key_phase for it in ids]
    assert phases == [KeyPhase.SETTLED] * 10 + [KeyPhase.PLANNED] * 10


async def test_nothing_at_once(town: Town) -> None:
    """No meters at all are no error."""
    await town.does(plan_keys, [], [], NOW, "x")
    await town.does(settle_keys, [], NOW, "x")
    assert await town.reads(key_events, town.meter.id) == []


async def test_a_key_of_nobody(town: Town) -> None:
    """A key of a supply group that the utility doesn't have is meant for no meter."""
    with pytest.raises(NotFoundError, match="supply group"):
        await town.does(plan_keys, [town.meter.id], [replace(KEY, sgc=SGC(9))], NOW, "x")


async def test_apart(town: Town, other: Town) -> None:
    """Nobody changes, or reads about, the keys of another utility's meter."""
    await issue(town)
    steps = (
        (plan_keys, ([town.meter.id], [NEXT_KEY], NOW, "x")),
        (mark_issued, ([town.meter.id], [NEXT_KEY], NOW, "x")),
        (settle_keys, ([town.meter.id], NOW, "x")),
        (abandon_keys, ([town.meter.id], NOW, "x")),
    )
    for verb, arguments in steps:
        with pytest.raises(NotFoundError, match="meter"):
            await other.does(verb, *arguments)
    assert await other.reads(key_events, town.meter.id) == []
    assert await keys(town) == (KeyPhase.ISSUED, KEY, NEXT_KEY)


async def test_the_meters_must_fit_the_keys(town: Town) -> None:
    """There is one key for each meter, or nothing happens."""
    for verb in (plan_keys, mark_issued):
        with pytest.raises(ValueError, match="zip"):
            await town.does(verb, [town.meter.id], [], NOW, "x")


@pytest.mark.parametrize("sql", ["DELETE FROM", "UPDATE", "TRUNCATE"])
async def test_the_record_stays(town: Town, sql: str) -> None:
    """Nobody takes a step out of the record, or changes one."""
    await issue(town)
    statement = f"{sql} registry.key_event" + (" SET words = ''" if sql == "UPDATE" else "")
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await by_owner(town.database, statement)
    assert len(await town.reads(key_events, town.meter.id)) == 1
