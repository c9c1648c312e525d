"""A security module outside of the process: what it is asked is kept before, and a lost reply is asked for again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest

from tests.database import HasSocket, administer
from tests.registry.town import Town, new_id
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop, proven, set_float
from tests.vending.street import street
from tests.vending.test_engineering import ENGINEER
from umbane.db import Connection
from umbane.ledger import LimitError, open_book
from umbane.registry import EngineeringAction, change_policy
from umbane.security import Issued, ModuleBusyError, ModuleError, RequestReusedError, TokenRequest, UnknownKeyError
from umbane.security import Refused as Declined
from umbane.vending import Buy, Code, Engineer, Pay, Refused, Sold, answer_to, confirm, resolve, reverse
from umbane.vending.cases import open_case
from umbane.vending.house import Turn
from umbane.vending.looking import look
from umbane.vending.money import hold

AT_ONCE = timedelta(0)


@pytest.fixture
def module() -> LaboratoryModule:
    """Give a module outside of the process."""
    return LaboratoryModule("outside", external=True)


def code(answer: object) -> Code:
    """Why it was refused."""
    assert isinstance(answer, Refused), answer
    return answer.code


async def held(shop: Shop) -> int:
    """Money that is set aside."""
    found: int = await shop.look("SELECT coalesce(sum(held), 0) FROM ledger.balance")
    return found


async def test_a_sale(shop: Shop, module: LaboratoryModule) -> None:
    """A sale through a module outside is like any other: booked once, and repeated with the same digits."""
    sold = await shop.buy(message_id="a")
    assert (await shop.buy(message_id="a"), module.count, await held(shop)) == (sold, 1, 0)
    assert await shop.look("SELECT count(*) FROM vending.intent") == 0
    await proven(shop)


async def test_a_batch(shop: Shop) -> None:
    """Sales, payments, refusals and repetitions of one call each get their answers."""
    sold, paid, refused, again, token = await shop.sell(
        shop.request(Buy(money=20_000), "a"),
        shop.request(Pay(100), "b"),
        shop.request(Buy(money=1), "c"),
        shop.request(Buy(money=20_000), "a"),
        shop.request(Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 9), "d", staff=ENGINEER),
    )
    assert isinstance(paid, Sold)
    assert isinstance(token, Sold)
    assert (sold, code(refused)) == (again, Code.BELOW_MINIMUM)
    await proven(shop)


async def test_a_lost_reply(shop: Shop, module: LaboratoryModule) -> None:
    """When the reply is lost, the message is in progress, its money set aside, and nothing else sold to the meter."""
    module.lose = 1
    assert code(await shop.ask(Buy(money=20_000), "a")) is Code.IN_PROGRESS
    assert code(await shop.ask(Buy(money=20_000), "a")) is Code.IN_PROGRESS
    assert code(await shop.ask(Buy(money=20_000), "b")) is Code.IN_PROGRESS
    assert (await held(shop), module.count) == (20_000, 1)
    assert await resolve(shop.engine) == 0, "it may still be under way"
    shop.wait(minutes=2)
    assert await resolve(shop.engine) == 1
    sold = await answer_to(shop.engine, shop.town.id, shop.town.terminal.id, "a")
    assert isinstance(sold, Sold)
    assert ([it.token for it in sold.tokens], await held(shop)) == ([*next(iter(module.made.values()))[2]], 0)
    assert await shop.buy(message_id="a") == sold
    await shop.buy(message_id="b")
    await proven(shop)


async def test_a_lost_question(shop: Shop, module: LaboratoryModule) -> None:
    """When the module never heard of it, the sale is given up for good: the money is free, and the message says so."""
    module.deaf = 1
    assert code(await shop.ask(Buy(money=20_000), "a")) is Code.IN_PROGRESS
    assert await resolve(shop.engine, AT_ONCE) == 1
    assert (code(await shop.ask(Buy(money=20_000), "a")), await held(shop)) == (Code.NOT_MADE, 0)
    await shop.buy()
    await proven(shop)


class Stubborn(LaboratoryModule):
    """A module outside that makes no token, and says why."""

    def __init__(self, reason: ModuleError) -> None:
        super().__init__("stubborn", external=True)
        self.reason = reason

    async def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Declined]:
        """Make none."""
        return [Declined(self.reason) for _ in requests]


async def test_one_that_can_t_be_settled(shop: Shop, module: LaboratoryModule) -> None:
    """A question that can't be settled doesn't keep others open: they are settled, and then its error is told."""
    others = await street(shop.town, 2)
    module.lose = 3
    numbers = [str(shop.town.meter.pan.drn), *(str(it.pan.drn) for it in others)]
    for place, number in enumerate(numbers):
        assert code(await shop.ask(Buy(money=20_000), f"a{place}", meter=number)) is Code.IN_PROGRESS
        shop.wait(seconds=1)
    broken = (
        """UPDATE vending.intent SET message = '{"kind": "none"}' WHERE at = (SELECT min(at) FROM vending.intent)"""
    )
    await shop.town.database.run(lambda tx: tx.execute(broken))
    with pytest.raises(KeyError):
        await resolve(shop.engine, AT_ONCE)
    assert isinstance(await shop.ask(Buy(money=20_000), "a2", meter=numbers[2]), Sold)
    assert await shop.look("SELECT count(*) FROM vending.intent") == 1


@pytest.mark.parametrize("reason", [RequestReusedError("again"), ModuleBusyError("busy"), UnknownKeyError("no key")])
async def test_a_module_that_says_no(town: Town, reason: ModuleError) -> None:
    """Whatever a module outside refuses for, the message has its outcome: it was claimed before it was asked."""
    async with open_shop(town, Stubborn(reason)) as shop:
        answer = await shop.ask(Buy(money=20_000), "a")
        assert code(answer) in {Code.NOT_MADE, Code.NO_KEY}
        assert (await shop.ask(Buy(money=20_000), "a"), await held(shop)) == (answer, 0)
        await proven(shop)


async def test_a_question_that_comes_late(town: Town, module: LaboratoryModule) -> None:
    """Tokens that are made after their sale was given up are withheld, and counted."""
    async with open_shop(town, module) as shop:
        module.deaf = 1
        await shop.ask(Buy(money=20_000), "a")
        await resolve(shop.engine, AT_ONCE)
        await module.issue(module.unheard)
    async with open_shop(town, module) as shop:
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 1
        assert code(await shop.ask(Buy(money=20_000), "a")) is Code.NOT_MADE
        await proven(shop)


async def test_lines_that_are_cut_meanwhile(shop: Shop, module: LaboratoryModule, server: HasSocket) -> None:
    """When all lines to the database are cut while the module is at it, the sale is settled over new ones."""
    module.awake.clear()
    sale = asyncio.create_task(shop.ask(Buy(money=20_000), "a"))
    while not await shop.look("SELECT count(*) FROM vending.intent"):
        assert not sale.done()
    name = await shop.look("SELECT current_database()")
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - our name
    await asyncio.to_thread(administer, server, cut)
    module.awake.set()
    answer = await sale
    assert isinstance(answer, Sold)
    assert (await shop.buy(message_id="a"), await held(shop)) == (answer, 0)
    await proven(shop)


async def test_somebody_else_gave_up(town: Town, module: LaboratoryModule) -> None:
    """When another process gives a sale up while the module is still at it, its tokens are withheld, never shown."""
    async with open_shop(town, module) as shop, open_shop(town, module) as other:
        module.awake.clear()
        sale = asyncio.create_task(shop.ask(Buy(money=20_000), "a"))
        while not await shop.look("SELECT count(*) FROM vending.intent"):
            assert not sale.done()
        assert await resolve(other.engine, AT_ONCE) == 1
        module.awake.set()
        assert code(await sale) is Code.NOT_MADE
        assert (module.count, await held(shop)) == (1, 0)
        await shop.buy(message_id="b")
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 1
        await proven(shop)


async def test_a_crash_in_between(town: Town, module: LaboratoryModule) -> None:
    """A process that starts after another died with a question open leaves its tokens to whoever resolves it."""
    async with open_shop(town, module) as shop:
        module.lose = 1
        await shop.ask(Buy(money=20_000), "a")
    async with open_shop(town, module) as shop:
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 0
        assert await resolve(shop.engine, AT_ONCE) == 1
        assert isinstance(await shop.ask(Buy(money=20_000), "a"), Sold)
        await proven(shop)


async def test_an_account_that_changed(shop: Shop, module: LaboratoryModule) -> None:
    """A sale whose account changed while the module was asked is given up: its tokens are never shown."""
    module.lose = 1
    await shop.ask(Buy(money=20_000), "a")
    await shop.town.database.run(
        lambda tx: tx.execute("""UPDATE registry.contract SET state = '{"purchased": 5000}', version = version + 1""")
    )
    assert await resolve(shop.engine, AT_ONCE) == 1
    assert (code(await shop.ask(Buy(money=20_000), "a")), await held(shop)) == (Code.NOT_MADE, 0)
    assert await shop.look("SELECT count(*) FROM vending.withheld") == 1
    await proven(shop)


async def test_many_at_once(shop: Shop, module: LaboratoryModule) -> None:
    """Many messages for one meter at once are sold one after the other, each in the end, by asking again."""

    async def till(number: int) -> Sold:
        while True:
            answer = await shop.ask(Buy(money=5_000), f"t{number}")
            if isinstance(answer, Sold):
                return answer

    sold = await asyncio.gather(*(till(number) for number in range(12)))
    assert len({it.tokens[0].minute for it in sold}) == 12
    assert module.count == 12
    await proven(shop)


async def test_a_policy_that_changed(shop: Shop, module: LaboratoryModule) -> None:
    """A message whose permission was taken back while the module was asked has its outcome: nothing was made of it."""
    order = Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 9)
    module.lose = 1
    assert code(await shop.ask(order, "a", staff=ENGINEER)) is Code.IN_PROGRESS
    stricter = {"engineering": {order.action: {"roles": ["engineer"], "approvals": 2}}}
    await shop.town.does(change_policy, stricter)
    assert await resolve(shop.engine, AT_ONCE) == 1
    assert code(await shop.ask(order, "a", staff=ENGINEER)) is Code.NOT_MADE
    assert await shop.look("SELECT count(*) FROM vending.withheld") == 1
    await proven(shop)


@pytest.mark.parametrize("verb", [confirm, partial(reverse, reason="changed her mind")])
async def test_an_end_in_between(shop: Shop, module: LaboratoryModule, verb: Callable[..., Awaitable[object]]) -> None:
    """Who confirms or takes back a message that is under way hears so, and never that there is none."""
    module.lose = 1
    await shop.ask(Buy(money=20_000), "a")
    assert code(await verb(shop.engine, shop.town.id, shop.town.terminal.id, "a")) is Code.IN_PROGRESS


async def test_a_float_that_others_spent(shop: Shop) -> None:
    """Money that was there when it was admitted, and is gone when it is to be set aside, is looked for again."""

    async def work(tx: Connection) -> None:
        case = open_case(shop.request(Buy(money=20_000)), new_id())
        turn = Turn(shop.engine.house, tx, shop.town.id, [case], shop.now)
        await look(turn)
        await set_float(shop.town, 19_999)
        with pytest.raises(LimitError):
            await hold(turn, await open_book(tx, shop.town.id), [case])

    await shop.town.database.run(work)


async def test_a_clock_that_ran_ahead(shop: Shop, module: LaboratoryModule) -> None:
    """A question that was asked while the clock ran ahead is settled when it is right, and not when that day comes."""
    shop.wait(days=1)
    module.lose = 1
    assert code(await shop.ask(Buy(money=20_000), "a")) is Code.IN_PROGRESS
    shop.wait(days=-1)
    assert await resolve(shop.engine) == 1
    await shop.buy(message_id="a")
    await proven(shop)
