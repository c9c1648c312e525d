"""What a crash between the module's journal and the database's commit leaves behind, and how it is cleared up."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import NOW, Town
from tests.vending.abroad import abroad, let
from tests.vending.laboratory import LaboratoryModule, LostReplyError
from tests.vending.shop import Shop, open_shop, proven
from umbane.db import Database
from umbane.security import ModuleStatus, Realm
from umbane.vending import Answer, Buy, ClaimFree, Code, ModuleBehindError, Refused, Sold
from umbane.vending.errors import OtherModuleError


async def lost(shop: Shop, module: LaboratoryModule, money: int = 20_000, message_id: str = "a") -> None:
    """A sale whose tokens are made and never booked, as if the process had died just then."""
    module.lose = 1
    with pytest.raises(LostReplyError):
        await shop.ask(Buy(money=money), message_id)


async def test_a_repetition_completes_the_sale(town: Town, module: LaboratoryModule) -> None:
    """Tokens that were made and not booked are withheld; the same message then sells exactly those digits."""
    async with open_shop(town, module) as shop:
        await lost(shop, module)
    (_, _, made) = next(iter(module.made.values()))
    async with open_shop(town, module) as shop:
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 1
        await proven(shop)
        shop.wait(minutes=7)
        sold = await shop.buy(message_id="a")
        assert (sold.tokens[0].token, module.count) == (made[0], 1)
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 0
        await proven(shop)


async def test_without_a_restart(town: Town, module: LaboratoryModule) -> None:
    """An engine that goes on clears up before its next round, whoever comes first."""
    async with open_shop(town, module) as shop:
        await lost(shop, module)
        await shop.buy(money=5_000, message_id="b")
        assert (await shop.look("SELECT count(*) FROM vending.withheld"), module.count) == (1, 2)
        await proven(shop)


async def test_another_sale_came_between(town: Town, module: LaboratoryModule) -> None:
    """Once another sale has taken their TID, withheld tokens don't fit: never shown, still counted."""
    async with open_shop(town, module) as shop:
        await lost(shop, module)
        other = await shop.buy(message_id="b")
        sold = await shop.buy(message_id="a")
        assert (module.count, sold.tokens[0].minute) == (3, (other.tokens[0].minute or 0) + 1)
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 1
        await proven(shop)


async def test_another_price(town: Town, module: LaboratoryModule) -> None:
    """Withheld tokens with other units than the sale has by now are never shown."""
    async with open_shop(town, module) as shop:
        await shop.buy(money=50_000)
        await lost(shop, module)
        shop.wait(days=25)
        sold = await shop.buy(message_id="a")
        assert (module.count, len(module.made)) == (3, 3)
        assert sold.units
        await proven(shop)


async def test_one_token_fits_and_another_does_not(database: Database) -> None:
    """Of several tokens that are withheld, those that still fit are taken, and only the others made anew."""
    async with abroad(database, NOW, claim="with-purchase") as shop:
        module = shop.engine.house.module
        assert isinstance(module, LaboratoryModule)
        await lost(shop, module)
        await let(shop.town, purchased=5_000, period_start=NOW.date().replace(day=1))
        sold = await shop.buy(message_id="a")
        free, credit = sold.tokens
        assert (free.kind, credit.kind, module.count) == ("free", "credit", 3)
        assert free.token == next(iter(module.made.values()))[2][0]
        assert (credit.minute or 0) > (free.minute or 0)
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 1
        await proven(shop)


async def test_again_and_again(town: Town, module: LaboratoryModule) -> None:
    """However often it is lost, the message is sold once in the end, and every token is accounted for."""
    async with open_shop(town, module) as shop:
        for place in range(5):
            await lost(shop, module)
            await shop.buy(message_id=f"b{place}")
        sold = await shop.buy(message_id="a")
        assert (module.count, sold) == (11, await shop.buy(message_id="a"))
        assert await shop.look("SELECT count(*) FROM vending.withheld") == 5
        await proven(shop)


async def test_an_old_copy_of_the_module(town: Town, module: LaboratoryModule) -> None:
    """A module that has made fewer tokens than are booked isn't worked with."""
    async with open_shop(town, module) as shop:
        await shop.buy()
    with pytest.raises(ModuleBehindError, match="token number 0 of module laboratory, which has made only 0"):
        async with open_shop(town, LaboratoryModule()):
            pass


async def test_an_attempt_that_nobody_cleared_up(town: Town, module: LaboratoryModule) -> None:
    """While an earlier attempt isn't cleared up, the answer is "in progress", for that member of the batch alone."""
    async with open_shop(town, module) as shop:
        await lost(shop, module)
        shop.engine.house.loose.clear()
        shop.wait(minutes=1)
        free = shop.request(ClaimFree(), meter=str(town.stocked.pan.drn))
        other, answer = await shop.sell(free, shop.request(Buy(money=20_000), "a"))
        assert isinstance(other, Refused)
        assert isinstance(answer, Refused)
        assert (answer.code, answer.is_final, other.is_final) == (Code.IN_PROGRESS, False, True)
    async with open_shop(town, module) as shop:
        assert isinstance(await shop.ask(Buy(money=20_000), "a"), Sold)
        await proven(shop)


class Watched(LaboratoryModule):
    """A module outside that tells its count a moment late, when somebody may have sold once more."""

    def __init__(self) -> None:
        super().__init__("watched", external=True)
        self.calls = 0
        self.sale: asyncio.Task[Answer] | None = None
        self.shop: Shop | None = None

    async def status(self) -> ModuleStatus:
        """What it said of itself before a sale that is let through, if it can be."""
        answer = await super().status()
        self.calls += 1
        if self.shop and self.calls == 2:
            self.sale = asyncio.create_task(self.shop.ask(Buy(money=20_000)))
            await asyncio.wait([self.sale], timeout=0.3)
        return answer


async def test_opened_while_others_sell(town: Town) -> None:
    """An engine that opens while another sells doesn't take the module they share for one that is behind."""
    module = Watched()
    async with open_shop(town, module) as shop:
        await shop.buy()
        module.calls, module.shop = 0, shop
        async with open_shop(town, module) as other:
            assert module.sale
            assert isinstance(await module.sale, Sold)
            await proven(other)


async def test_an_old_copy_without_a_sale(town: Town, module: LaboratoryModule) -> None:
    """Neither is one that has made fewer than are withheld: it would make tokens of the same numbers again."""
    async with open_shop(town, module) as shop:
        await lost(shop, module)
    async with open_shop(town, module):
        pass
    with pytest.raises(ModuleBehindError, match="token number 0 of module laboratory, which has made only 0"):
        async with open_shop(town, LaboratoryModule()):
            pass


class Real(LaboratoryModule):
    """A module with production keys, it says."""

    async def status(self) -> ModuleStatus:
        """What it says of itself."""
        return replace(await super().status(), realm=Realm.PRODUCTION)


async def test_another_realm(town: Town, module: LaboratoryModule) -> None:
    """A module of another realm doesn't get the place of one that the books know by that name."""
    async with open_shop(town, module):
        pass
    with pytest.raises(OtherModuleError, match="of the test realm"):
        async with open_shop(town, Real()):
            pass


@pytest.mark.parametrize("change", ["reconciled = 0", "realm = 'production'", "name = 'other'"])
async def test_a_module_moves_on(town: Town, module: LaboratoryModule, change: str) -> None:
    """What the books know of a module isn't taken back: then tokens could go missing unseen."""
    async with open_shop(town, module) as shop:
        await shop.buy()
    async with open_shop(town, module):
        pass
    with pytest.raises(asyncpg.RestrictViolationError):
        await by_owner(town.database, f"UPDATE vending.module SET {change}")  # noqa: S608 - our words
