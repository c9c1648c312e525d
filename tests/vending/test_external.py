"""A security module outside of the process: what it is asked is kept before, and a lost reply is asked for again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.database import HasSocket, administer, by_owner
from tests.registry.town import Town, revision
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop, proven
from tests.vending.street import street
from tests.vending.test_engineering import ENGINEER
from umbane.registry import EngineeringAction, add_key_revisions
from umbane.security import Issued, ModuleBusyError, ModuleError, RequestReusedError, TokenRequest, UnknownKeyError
from umbane.security import Refused as Declined
from umbane.vending import Buy, ChangeKey, Code, Engineer, Pay, Refused, Sold, resolve

AT_ONCE = timedelta(0)
INTENTS = "SELECT count(*) FROM vending.intent"
WITHHELD = "SELECT count(*) FROM vending.withheld"
SPENT = "SELECT coalesce(sum(tender), 0)::bigint FROM vending.sale"


@pytest.fixture
def module() -> LaboratoryModule:
    """Give a module outside of the process."""
    return LaboratoryModule("outside", external=True)


def code(answer: object) -> Code:
    """Why it was refused."""
    assert isinstance(answer, Refused), answer
    return answer.code


async def spent(shop: Shop) -> int:
    """The money of all sales."""
    found: int = await shop.look(SPENT)
    return found


async def test_a_sale(shop: Shop, module: LaboratoryModule) -> None:
    """A sale through a module outside is like any other: booked once, and repeated with the same digits."""
    sold = await shop.buy(message_id="a")
    assert (await shop.buy(message_id="a"), module.count) == (sold, 1)
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


async def test_what_is_asked_is_committed_before(town: Town, module: LaboratoryModule) -> None:
    """While a module outside is asked, others see what it is asked; the next sale takes that away."""
    async with open_shop(town, module) as shop:
        module.awake.clear()
        sale = asyncio.create_task(shop.ask(Buy(money=20_000), "a"))
        while not await shop.look(INTENTS):
            assert not sale.done()
        first = await shop.look("SELECT requests FROM vending.intent")
        module.awake.set()
        assert isinstance(await sale, Sold)
        assert first == [*module.made]
        await shop.buy(message_id="b")
        assert await shop.look("SELECT requests FROM vending.intent") == [*module.made][1:]


async def test_a_lost_reply(shop: Shop, module: LaboratoryModule) -> None:
    """When the reply is lost nothing is sold or charged, and the same message then sells the digits that were made."""
    module.lose = 1
    assert code(await shop.ask(Buy(money=20_000), "a")) is Code.UNAVAILABLE
    assert (await spent(shop), module.count) == (0, 1)
    sold = await shop.buy(message_id="a")
    assert ([it.token for it in sold.tokens], module.count) == ([*next(iter(module.made.values()))[2]], 1)
    assert await shop.buy(message_id="a") == sold
    await proven(shop)


async def test_a_lost_question(shop: Shop, module: LaboratoryModule) -> None:
    """When the module never heard of it, nothing is sold or charged, and the same message is sold when it does."""
    module.deaf = 1
    assert code(await shop.ask(Buy(money=20_000), "a")) is Code.UNAVAILABLE
    assert (await spent(shop), module.count) == (0, 0)
    await shop.buy(message_id="a")
    assert (await spent(shop), module.count) == (20_000, 1)
    await proven(shop)


async def test_others_beside_a_lost_reply(shop: Shop, module: LaboratoryModule) -> None:
    """Who needs no token is served although the module's reply got lost for another of the same batch."""
    (other,) = await street(shop.town, 1)
    module.lose = 1
    payment = shop.request(Pay(100), "b", meter=str(other.pan.drn))
    lost, paid = await shop.sell(shop.request(Buy(money=20_000), "a"), payment)
    assert code(lost) is Code.UNAVAILABLE
    assert isinstance(paid, Sold)
    await proven(shop)


async def test_a_module_that_stays_silent(shop: Shop, module: LaboratoryModule) -> None:
    """While nobody can say what became of a question no other is asked or kept, and who needs no token is served."""
    module.lose, module.silent = 1, True
    for name in "abc":
        assert code(await shop.ask(Buy(money=20_000), name)) is Code.UNAVAILABLE
    assert isinstance(await shop.ask(Pay(100), "d"), Sold)
    assert (await shop.look(INTENTS), module.count, await spent(shop)) == (1, 1, 100)
    module.silent = False
    assert isinstance(await shop.ask(Buy(money=20_000), "c"), Sold)
    assert isinstance(await shop.ask(Buy(money=20_000), "a"), Sold)
    await proven(shop)


async def test_nobody_waits_for_who_clears_up(shop: Shop, module: LaboratoryModule) -> None:
    """While one round waits for a module to say what became of a question, others are served or told at once."""
    module.lose, module.silent = 1, True
    for name in "ab":
        await shop.ask(Buy(money=20_000), name)
    module.talking.clear()
    waiting = asyncio.create_task(shop.ask(Buy(money=20_000), "c"))
    while not shop.engine.house.clearing:
        assert not await shop.look(WITHHELD)
    assert isinstance(await shop.ask(Pay(100), "d"), Sold)
    assert code(await shop.ask(Buy(money=20_000), "e")) is Code.UNAVAILABLE
    assert not waiting.done()
    module.talking.set()
    assert code(await waiting) is Code.UNAVAILABLE


async def test_somebody_who_never_comes_back(town: Town, module: LaboratoryModule) -> None:
    """Tokens of a lost reply are withheld a minute later, whoever asked for them and whether he lives or not."""
    async with open_shop(town, module) as other, open_shop(town, module) as shop:
        module.lose = 1
        assert code(await shop.ask(Buy(money=20_000), "a")) is Code.UNAVAILABLE
        assert (await resolve(other.engine), await other.look(WITHHELD)) == (0, 0), "it may still be on its way"
        other.wait(minutes=2)
        assert (await resolve(other.engine), await other.look(WITHHELD), await other.look(INTENTS)) == (1, 1, 0)
        await proven(other)


async def test_withheld_by_somebody_else(town: Town, module: LaboratoryModule) -> None:
    """What somebody else withheld of a message is what it gets when it is sent again, with the same digits."""
    async with open_shop(town, module) as other, open_shop(town, module) as shop:
        module.lose = 1
        await shop.ask(Buy(money=20_000), "a")
        await resolve(other.engine, AT_ONCE)
        sold = await other.buy(message_id="a")
        assert ([it.token for it in sold.tokens], module.count) == ([*next(iter(module.made.values()))[2]], 1)
        assert await shop.buy(message_id="a") == sold
        await proven(shop)


async def test_booked_in_between(shop: Shop, module: LaboratoryModule) -> None:
    """What was asked and is booked is settled without a trace: nothing of it is withheld."""
    await shop.buy()
    assert (await resolve(shop.engine, AT_ONCE), await shop.look(INTENTS), await shop.look(WITHHELD)) == (1, 0, 0)
    assert (await resolve(shop.engine, AT_ONCE), module.count) == (0, 1)
    await proven(shop)


async def test_a_change_of_key_that_got_lost(shop: Shop, module: LaboratoryModule) -> None:
    """Tokens without a TID are withheld like others, and go out when their message comes again."""
    await shop.town.does(add_key_revisions, [revision(2)])
    module.lose = 1
    assert code(await shop.ask(ChangeKey(), "a", staff=ENGINEER)) is Code.UNAVAILABLE
    shop.engine.house.loose.clear()
    await resolve(shop.engine, AT_ONCE)
    sold = await shop.ask(ChangeKey(), "a", staff=ENGINEER)
    assert isinstance(sold, Sold)
    assert [it.token for it in sold.tokens] == [*next(iter(module.made.values()))[2]]
    await proven(shop)


class Stubborn(LaboratoryModule):
    """A module outside that makes no token, and says why."""

    def __init__(self, reason: ModuleError) -> None:
        super().__init__("stubborn", external=True)
        self.reason = reason

    async def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Declined]:
        """Make none."""
        return [Declined(self.reason) for _ in requests]


@pytest.mark.parametrize(
    ("reason", "wanted"),
    [
        (RequestReusedError("again"), Code.IN_PROGRESS),
        (ModuleBusyError("busy"), Code.UNAVAILABLE),
        (UnknownKeyError("no key"), Code.NO_KEY),
    ],
)
async def test_a_module_that_says_no(town: Town, reason: ModuleError, wanted: Code) -> None:
    """Whatever a module outside refuses for, nothing is charged, and the same message gets the same answer."""
    async with open_shop(town, Stubborn(reason)) as shop:
        answer = await shop.ask(Buy(money=20_000), "a")
        assert (code(answer), await spent(shop)) == (wanted, 0)
        assert code(await shop.ask(Buy(money=20_000), "a")) is wanted
        await proven(shop)


async def test_a_question_that_comes_late(town: Town, module: LaboratoryModule) -> None:
    """Tokens that are made after everybody has gone are withheld by the next who looks, and counted."""
    async with open_shop(town, module) as shop:
        module.deaf = 1
        await shop.ask(Buy(money=20_000), "a")
        await shop.ask(Pay(100), "b")  # before which it was looked for, in vain
        await module.issue(module.unheard)
        assert (await resolve(shop.engine, AT_ONCE), await shop.look(WITHHELD)) == (1, 1)
        assert isinstance(await shop.ask(Buy(money=20_000), "a"), Sold)
        assert module.count == 1
        await proven(shop)


async def test_a_question_that_comes_very_late(town: Town, module: LaboratoryModule) -> None:
    """Tokens that are made after nobody waits for them any more are withheld when an engine starts, and counted."""
    async with open_shop(town, module) as shop:
        module.deaf = 1
        await shop.ask(Buy(money=20_000), "a")
        await resolve(shop.engine, AT_ONCE)
        await module.issue(module.unheard)
    async with open_shop(town, module) as shop:
        assert await shop.look(WITHHELD) == 1
        await proven(shop)


async def test_lines_that_are_cut_meanwhile(shop: Shop, module: LaboratoryModule, server: HasSocket) -> None:
    """When all lines to the database are cut while the module is at it, the sale is made over new ones."""
    module.awake.clear()
    sale = asyncio.create_task(shop.ask(Buy(money=20_000), "a"))
    while not await shop.look(INTENTS):
        assert not sale.done()
    name = await shop.look("SELECT current_database()")
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - our name
    await asyncio.to_thread(administer, server, cut)
    module.awake.set()
    answer = await sale
    assert isinstance(answer, Sold)
    assert (await shop.buy(message_id="a"), module.count) == (answer, 1)
    await proven(shop)


async def test_a_crash_in_between(town: Town, module: LaboratoryModule) -> None:
    """A process that starts after another died with a question open withholds what was made for it."""
    async with open_shop(town, module) as shop:
        module.lose = 1
        await shop.ask(Buy(money=20_000), "a")
    async with open_shop(town, module) as shop:
        assert (await shop.look(WITHHELD), await shop.look(INTENTS)) == (1, 1)
        sold = await shop.buy(message_id="a")
        assert ([it.token for it in sold.tokens], module.count) == ([*next(iter(module.made.values()))[2]], 1)
        assert await resolve(shop.engine, AT_ONCE) == 1
        await proven(shop)


async def test_without_an_intent(town: Town, module: LaboratoryModule) -> None:
    """What can't be committed beforehand isn't asked."""
    async with open_shop(town, module) as shop:
        await by_owner(town.database, "DROP TABLE vending.intent")
        assert code(await shop.ask(Buy(money=20_000), "a")) is Code.UNAVAILABLE
        assert (module.asked.is_set(), await spent(shop)) == (False, 0)


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


async def test_a_clock_that_ran_ahead(shop: Shop, module: LaboratoryModule) -> None:
    """A question that was asked while the clock ran ahead is settled when it is right, and not when that day comes."""
    shop.wait(days=1)
    module.lose = 1
    await shop.ask(Buy(money=20_000), "a")
    shop.wait(days=-1)
    assert await resolve(shop.engine) == 1
    await proven(shop)
