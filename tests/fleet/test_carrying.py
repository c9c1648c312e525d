"""The token for what a replaced meter still had: one, whatever is killed."""

import asyncio
from random import Random

import pytest

from tests.fleet.events import again, lenient, told, work_order
from tests.fleet.test_events import number
from tests.registry.town import Town, meter
from tests.vending.laboratory import LaboratoryModule, read
from tests.vending.shop import Shop, open_shop, proven
from umbane.fleet import Block, Cause, Replace, Report, Unblock, carry_over, events, tell_event
from umbane.ledger import BOOKS, prove
from umbane.registry import EngineeringAction, MeterState, NotFoundError, Role, add_meters, contract_by_account
from umbane.sts import Credit
from umbane.vending import CLAIMS, Code, Give, Refused, SaleRequest, Sold, Staff, sell

CHIEF = Staff("bheki", frozenset({Role.SUPERVISOR}))
ENGINEER = Staff("thandi", frozenset({Role.ENGINEER}), (CHIEF,))
ALONE = Staff("thandi", frozenset({Role.ENGINEER}))


def replaced(shop: Shop, closing: int = 123) -> Report:
    """The town's meter was replaced by the one from the store."""
    town = shop.town
    deed = Replace(
        meter=number(town.meter), by=number(town.stocked), cause=Cause.DEAD, closing=closing, terminal="V-1/T-1"
    )
    return work_order("wo-1", deed)


async def made(shop: Shop) -> int:
    """How many tokens there are."""
    count: int = await shop.look("SELECT count(*) FROM vending.token")
    return count


async def test_carried_over(shop: Shop) -> None:
    """The new meter gets a token for what the old one still had; blocks and debts of the account stay as they are."""
    await lenient(shop.town)
    before = await shop.town.reads(contract_by_account, "700-1")
    done = await tell_event(shop.engine, shop.town.scope, replaced(shop), ENGINEER)
    assert isinstance(done.answer, Sold), done.answer
    [token] = done.answer.tokens
    assert (token.units, token.kind, done.answer.meter) == (123, "replacement", shop.town.stocked.pan.digits)
    assert isinstance(read(shop.town.stocked, token.token), Credit)
    assert (done.event.sale_id, done.event.is_pending) == (done.answer.id, False)
    after = await shop.town.reads(contract_by_account, "700-1")
    assert (after.state.purchased, after.state.arrears) == (before.state.purchased, before.state.arrears)
    sql = """SELECT sum(p.amount) FROM ledger.entry e, unnest(e.accounts, e.amounts) AS p (account, amount)
        JOIN ledger.account a ON a.id = p.account WHERE a.kind = 'energy_replaced'"""
    assert abs(await shop.look(sql)) == 123
    await proven(shop)


async def test_told_again(shop: Shop) -> None:
    """Told again, by whoever it is, the event gives the same digits and makes no other token."""
    await lenient(shop.town)
    first = await tell_event(shop.engine, shop.town.scope, replaced(shop), ENGINEER)
    second = await tell_event(shop.engine, shop.town.scope, replaced(shop))
    third = await carry_over(shop.engine, shop.town.scope, "wo-1")
    assert isinstance(first.answer, Sold)
    for it in (second, third):
        assert isinstance(it.answer, Sold)
        assert it.answer.tokens == first.answer.tokens
    assert await made(shop) == 1


async def test_nothing_to_carry(shop: Shop) -> None:
    """Where nothing was left no token is made, and an event that isn't there carries nothing."""
    await lenient(shop.town)
    done = await tell_event(shop.engine, shop.town.scope, replaced(shop, 0))
    assert (done.answer, done.event.is_pending, await made(shop)) == (None, False, 0)
    with pytest.raises(NotFoundError):
        await carry_over(shop.engine, shop.town.scope, "wo-2")


async def test_others_have_to_agree(shop: Shop) -> None:
    """While nobody agrees the meters are exchanged and the token waits; then the same message makes it."""
    await lenient(shop.town)
    waiting = await tell_event(shop.engine, shop.town.scope, replaced(shop), ALONE)
    assert isinstance(waiting.answer, Refused)
    assert (waiting.answer.code, waiting.event.is_pending) == (Code.APPROVAL_NEEDED, True)
    assert (await again(shop.town, shop.town.stocked)).state is MeterState.INSTALLED
    async with shop.town.database.reading() as connection:
        assert [it.report_id for it in await events(connection, shop.town.id, pending=True)] == ["wo-1"]
    done = await carry_over(shop.engine, shop.town.scope, "wo-1", ENGINEER)
    assert isinstance(done.answer, Sold)
    assert await shop.look("SELECT count(*) FROM fleet.carrying") == 1


async def test_refused_for_good(shop: Shop) -> None:
    """What the engine refuses for good is written down, and a later try is a new message."""
    town = shop.town
    await lenient(town)
    await told(town, replaced(shop))
    await told(town, work_order("wo-2", Block(meter=number(town.stocked))))
    for staff, code in ((None, Code.METER_BLOCKED), (ENGINEER, Code.METER_BLOCKED)):
        refused = await carry_over(shop.engine, town.scope, "wo-1", staff)
        assert isinstance(refused.answer, Refused)
        assert (refused.answer.code, refused.event.is_pending) == (code, True)
    await told(town, work_order("wo-3", Unblock(meter=number(town.stocked))))
    refused = await carry_over(shop.engine, town.scope, "wo-1")
    assert isinstance(refused.answer, Refused)
    assert refused.answer.code is Code.NOT_PERMITTED
    done = await carry_over(shop.engine, town.scope, "wo-1", ENGINEER)
    assert isinstance(done.answer, Sold)
    problems = await shop.look("SELECT array_agg(split_part(problem, ':', 1) ORDER BY number) FROM fleet.carrying")
    assert problems == ["meter_blocked", "meter_blocked", "not_permitted", None]
    await proven(shop)


async def test_at_once(shop: Shop) -> None:
    """Several who finish the same event at the same moment get the same digits."""
    await lenient(shop.town)
    report = replaced(shop)
    every = await asyncio.gather(*(tell_event(shop.engine, shop.town.scope, report, ENGINEER) for _ in range(4)))
    sold = [it.answer for it in every if isinstance(it.answer, Sold)]
    unsure = [it.answer for it in every if isinstance(it.answer, Refused)]
    assert {it.code for it in unsure} <= {Code.IN_PROGRESS, Code.UNAVAILABLE}
    assert len({it.tokens for it in sold}) == 1
    assert await made(shop) == 1
    await proven(shop)


async def test_made_and_not_written_down(shop: Shop) -> None:
    """Where the token was made and nobody wrote that down, whoever goes on gets that token."""
    town = shop.town
    await lenient(town)
    happened = await told(town, replaced(shop))
    order = Give(EngineeringAction.REPLACEMENT, 123, happened.reason)
    message = f"fleet:{happened.id}:0"
    request = SaleRequest(town.id, town.terminal.id, message, town.stocked.pan.digits, order, ENGINEER)
    [sold] = await sell(shop.engine, [request])
    done = await carry_over(shop.engine, town.scope, "wo-1", ALONE)
    assert isinstance(sold, Sold)
    assert (done.answer, done.event.sale_id, await made(shop)) == (sold, sold.id, 1)


async def test_cut_off_anywhere(town: Town, module: LaboratoryModule) -> None:
    """Wherever the teller is cut off, the next one finishes: one exchange, one token, and all books agree."""
    chance = Random(20260312)  # noqa: S311 - no secret
    await lenient(town)
    old, longest = town.meter, 1
    for turn in range(16):
        new = meter(9_000 + turn)
        await town.does(add_meters, [new])
        till = str(town.terminal.id)
        deed = Replace(meter=number(old), by=number(new), cause=Cause.DEAD, closing=50 + turn, terminal=till)
        report = work_order(f"wo-{turn}", deed)
        async with open_shop(town, module) as shop:
            telling = asyncio.create_task(tell_event(shop.engine, town.scope, report, ENGINEER))
            steps, cut = 0, chance.randrange(longest) if turn else 1 << 30
            while not telling.done() and steps < cut:
                await asyncio.sleep(0)
                steps += 1
            longest = longest if turn else steps
            telling.cancel()
            await asyncio.wait([telling])
        async with open_shop(town, module) as shop:
            done = await tell_event(shop.engine, town.scope, report, ENGINEER)
            assert isinstance(done.answer, Sold), done.answer
            assert await shop.look("SELECT count(*) FROM vending.token WHERE meter_id = $1", new.id) == 1
            assert await shop.look("SELECT count(*) FROM fleet.event") == turn + 1
        old = new
    async with open_shop(town, module) as shop:
        assert await shop.look("SELECT sum(units) FROM vending.token") == sum(range(50, 66))
        assert (await prove(town.database, (*BOOKS, *CLAIMS))).holds
