"""Sales batches and bank batches: whole when they are made, and then only made void."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import NOW, new_id
from tests.trade.tills import Till, till_of
from tests.vending.shop import Shop
from umbane.registry import DuplicateError, NotFoundError, RegistryInputError, history
from umbane.trade.batches import Batch, BatchKind, batches, make_batch, void_batch
from umbane.trade.errors import TradeInputError, TradeStateError
from umbane.trade.takings import members_of

MEMBER_AGAIN = """INSERT INTO trade.batch_member SELECT utility_id, member_id, 1, batch_id FROM trade.batch_member
    WHERE batch_id NOT IN (SELECT batch_id FROM trade.batch_void)"""


@pytest.fixture
async def till(shop: Shop) -> Till:
    """Give a till with three shifts that ended: with 200.00, with 50.00 of which 0.50 is missing, and with nothing."""
    till = await till_of(shop)
    for money, missing in ((20_000, 0), (5_000, 50), (0, 0)):
        await till.open(10_000)
        if money:
            await shop.buy(money)
            shop.wait(minutes=5)
        await till.close(10_000 + money - missing, "lost" if missing else None)
    return till


async def make(till: Till, kind: BatchKind, number: str, *members: UUID) -> Batch:
    """Make a batch."""
    batch: Batch = await till.shop.town.does(make_batch, kind, number, members, NOW)
    return batch


async def void(till: Till, batch: Batch, reason: str = "wrong till") -> None:
    """Make a batch void."""
    await till.shop.town.does(void_batch, batch.id, reason, NOW)


async def test_to_the_bank(till: Till) -> None:
    """Shifts become a sales batch and that a bank batch, with what was taken and counted without the floats."""
    first = await make(till, BatchKind.SALES, "S-1", *till.opened[:2])
    second = await make(till, BatchKind.SALES, "S-2", till.opened[2])
    bank = await make(till, BatchKind.BANK, "B-1", first.id, second.id)
    assert (first.members, first.expected, first.counted) == (2, 25_000, 24_950)
    assert (bank.members, bank.expected, bank.counted) == (2, 25_000, 24_950)
    kept = await till.shop.town.reads(batches)
    assert [(it.number, it.bank_batch, it.void) for it in kept] == [
        ("S-1", "B-1", None),
        ("S-2", "B-1", None),
        ("B-1", None, None),
    ]
    assert await till.shop.town.reads(members_of, bank.id) == till.opened
    assert await till.shop.town.reads(members_of, first.id) == till.opened[:2]


async def test_void_and_again(till: Till) -> None:
    """What was in a batch that is void goes into another, and both stay to be seen."""
    wrong = await make(till, BatchKind.SALES, "S-1", *till.opened)
    await void(till, wrong)
    right = await make(till, BatchKind.SALES, "S-2", *till.opened[:2])
    kept = await till.shop.town.reads(batches)
    assert [(it.id, it.void) for it in kept] == [(wrong.id, "wrong till"), (right.id, None)]
    await void(till, right)
    assert (await make(till, BatchKind.SALES, "S-3", till.opened[0])).members == 1
    actions = [(it.action, it.details["number"]) for it in await till.shop.town.reads(history, wrong.id)]
    assert actions == [("batch.make", "S-1"), ("batch.void", "S-1")]


async def test_a_shift_is_in_one(till: Till) -> None:
    """A shift that is in a batch is in no other, whoever asks and at the same moment too."""
    await make(till, BatchKind.SALES, "S-1", till.opened[0])
    with pytest.raises(TradeStateError, match="in batch S-1 already"):
        await make(till, BatchKind.SALES, "S-2", *till.opened)
    at_once = (make(till, BatchKind.SALES, f"S-{n}", till.opened[1]) for n in (3, 4))
    answers = await asyncio.gather(*at_once, return_exceptions=True)
    assert sorted(type(it).__name__ for it in answers) == ["Batch", "TradeStateError"]


async def test_refused_batches(till: Till) -> None:
    """A batch of nothing, of what isn't there, hasn't ended, is void or named twice, is refused, and a number twice."""
    still_open = await till.open(0)
    kept = await make(till, BatchKind.SALES, "S-1", till.opened[0])
    broken = await make(till, BatchKind.SALES, "S-0", till.opened[1])
    await void(till, broken)
    free = till.opened[2]
    for kind, number, members, problem in (
        (BatchKind.SALES, "S-2", (), TradeInputError),
        (BatchKind.BANK, "B-2", (), TradeInputError),
        (BatchKind.SALES, "S-2", (new_id(),), NotFoundError),
        (BatchKind.SALES, "S-2", (free, free), NotFoundError),
        (BatchKind.SALES, "S-2", (kept.id,), NotFoundError),
        (BatchKind.BANK, "B-2", (free,), NotFoundError),
        (BatchKind.SALES, "S-2", (still_open,), TradeStateError),
        (BatchKind.BANK, "B-2", (broken.id,), TradeStateError),
        (BatchKind.SALES, "S-1", (free,), DuplicateError),
        (BatchKind.SALES, " ", (free,), RegistryInputError),
    ):
        with pytest.raises(problem):
            await make(till, kind, number, *members)
    assert len(await till.shop.town.reads(batches)) == 2


async def test_refused_voids(till: Till) -> None:
    """What isn't there, is void, or is in a bank batch that stands isn't made void; and nothing is without a reason."""
    sales = await make(till, BatchKind.SALES, "S-1", till.opened[0])
    bank = await make(till, BatchKind.BANK, "B-1", sales.id)
    with pytest.raises(NotFoundError):
        await till.shop.town.does(void_batch, new_id(), "wrong", NOW)
    with pytest.raises(TradeStateError, match="in bank batch B-1"):
        await void(till, sales)
    with pytest.raises(RegistryInputError, match="reason"):
        await void(till, bank, " ")
    await void(till, bank)
    with pytest.raises(TradeStateError, match="void already: wrong till"):
        await void(till, bank)
    await void(till, sales)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE trade.batch SET counted = 0",
        "DELETE FROM trade.batch_member",
        "UPDATE trade.batch_void SET reason = 'none'",
        MEMBER_AGAIN,
    ],
)
async def test_nobody_changes_a_batch(till: Till, sql: str) -> None:
    """A batch is changed by nobody, and what is in one that stands is put in no other."""
    await void(till, await make(till, BatchKind.SALES, "S-0", till.opened[0]))
    await make(till, BatchKind.SALES, "S-1", till.opened[1])
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await by_owner(till.shop.town.database, sql)
