"""Blocking what nothing may be sold to, and letting it go again."""

from datetime import timedelta

import pytest

from tests.fleet.support import BLUE, CERTIFICATE, DAY, STRICT, hang_up, paper, with_blue
from tests.registry.town import Town, build
from tests.vending.shop import Shop
from umbane.db import Database
from umbane.errors import InputError
from umbane.fleet import (
    ApprovalPolicy,
    Consequence,
    Enforced,
    Unit,
    add_evidence,
    change_approvals,
    describe_units,
    enforce,
    standing,
    withdraw_evidence,
)
from umbane.registry import MeterState, block_meter, history, meter, unblock_meter
from umbane.registry.bars import barred
from umbane.vending import Buy, Code, Refused

NOTHING = Enforced(0, 0)


async def strict(town: Town) -> None:
    """Let nothing be sold to the model without a certificate."""
    await with_blue(town)
    await town.does(change_approvals, STRICT, "as the council decided")


async def test_there_and_back(town: Town) -> None:
    """Meters of a model without a certificate are blocked once, with the reason, and let go when it is shown."""
    ids = await hang_up(town, BLUE.name, 3)
    await strict(town)
    assert await town.does(enforce, DAY) == Enforced(3, 0)
    assert await town.does(enforce, DAY) == NOTHING
    assert {(await town.reads(meter, it)).state for it in ids} == {MeterState.BLOCKED}
    [last] = (await town.reads(history, ids[0]))[-1:]
    assert (last.action, last.details["reason"]) == ("meter.bar", "STS certificate: there is none")
    assert (await town.reads(meter, town.meter.id)).state is MeterState.INSTALLED
    await town.does(add_evidence, [paper()])
    assert await town.does(enforce, DAY) == Enforced(0, 3)
    assert await town.does(enforce, DAY) == NOTHING
    assert {(await town.reads(meter, it)).state for it in ids} == {MeterState.INSTALLED}
    assert await town.does(enforce, DAY + timedelta(days=300)) == Enforced(3, 0)
    await town.does(change_approvals, ApprovalPolicy(), "nobody sits in the dark")
    assert await town.does(enforce, DAY + timedelta(days=300)) == Enforced(0, 3)


async def test_a_sale(shop: Shop) -> None:
    """A till sees a blocked meter, and nothing else."""
    town = shop.town
    await town.does(change_approvals, ApprovalPolicy(Consequence.REFUSE_VENDING), "only what is known")
    await shop.buy()
    assert await town.does(enforce, DAY) == Enforced(1, 0)
    answer = await shop.ask(Buy(money=20_000))
    assert isinstance(answer, Refused)
    assert answer.code is Code.METER_BLOCKED
    await town.does(change_approvals, ApprovalPolicy(), "as it was")
    assert await town.does(enforce, DAY) == Enforced(0, 1)
    await shop.buy()


async def test_blocked_by_hand(town: Town) -> None:
    """Who was blocked for a reason of their own stays blocked, also after a bar was lifted by hand in between."""
    first, second, third = await hang_up(town, BLUE.name, 3)
    await strict(town)
    await town.does(block_meter, first, "seal broken")
    assert await town.does(enforce, DAY) == Enforced(2, 0)
    await town.does(unblock_meter, second, "by mistake")
    await town.does(block_meter, second, "seal broken")
    await town.does(unblock_meter, third, "by mistake")
    assert await town.does(enforce, DAY) == Enforced(1, 0)
    assert await town.reads(barred, [first, second, third]) == [third]
    await town.does(add_evidence, [paper()])
    assert await town.does(enforce, DAY) == Enforced(0, 1)
    assert [(await town.reads(meter, it)).state for it in (first, second, third)] == ["blocked", "blocked", "installed"]


async def test_one_version(town: Town) -> None:
    """Only meters whose firmware isn't covered are blocked."""
    old, new, unknown = await hang_up(town, BLUE.name, 3)
    await strict(town)
    await town.does(describe_units, [Unit(old, "1.0"), Unit(new, "2.0")])
    await town.does(add_evidence, [paper(firmware=("2.0",))])
    stands = {it.firmware: it for it in await town.reads(standing, DAY) if it.model}
    assert {it: stands[it].is_refused for it in stands} == {"1.0": True, "2.0": False, None: True}
    assert await town.does(enforce, DAY) == Enforced(2, 0)
    assert set(await town.reads(barred, [old, new, unknown])) == {old, unknown}


async def test_in_stretches(town: Town) -> None:
    """Each call changes so many meters at most, and calls go on until nothing is left to do."""
    await hang_up(town, BLUE.name, 5)
    await strict(town)
    done = [await town.does(enforce, DAY, 2) for _ in range(4)]
    assert done == [Enforced(2, 0), Enforced(2, 0), Enforced(1, 0), NOTHING]
    await town.does(add_evidence, [paper()])
    assert [(await town.does(enforce, DAY, 3)).lifted for _ in range(3)] == [3, 2, 0]
    with pytest.raises(InputError, match="most"):
        await town.does(enforce, DAY, 0)


async def test_another_utility(town: Town, database: Database) -> None:
    """A policy of one utility blocks no meter of another, though it be of a model of that name."""
    other = await build(database, "hilltop", 2)
    ids = await hang_up(other, BLUE.name, 1)
    await strict(town)
    assert await town.does(enforce, DAY) == NOTHING
    assert (await other.reads(meter, ids[0])).state is MeterState.INSTALLED


async def test_withdrawn(town: Town) -> None:
    """A certificate that was withdrawn blocks from that day on and not before."""
    await hang_up(town, BLUE.name, 1)
    await strict(town)
    await town.does(add_evidence, [paper()])
    await town.does(withdraw_evidence, BLUE.name, CERTIFICATE, "C-1", DAY, "recalled")
    assert await town.does(enforce, DAY - timedelta(days=1)) == NOTHING
    assert await town.does(enforce, DAY) == Enforced(1, 0)
