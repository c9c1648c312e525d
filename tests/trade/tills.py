"""A cashier at the town's till: shifts in few words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from tests.registry.town import new_id
from tests.vending.shop import Shop
from umbane.db import Connection
from umbane.registry import Operator, Role, add_operator
from umbane.trade.shifts import Closing, Ended, Opening, PayType, close_shifts, open_shifts
from umbane.trade.takings import Counted, Shift, Taken, counted, shifts, taken

__all__ = ["Till", "till_of"]

T = TypeVar("T")


@dataclass
class Till:
    """A till with a cashier and whatever is sold there."""

    shop: Shop
    cashier: UUID
    opened: list[UUID] = field(default_factory=list)

    async def open(self, cash_float: int = 10_000) -> UUID:
        """Open a shift with this in the drawer."""
        opening = Opening(self.shop.town.terminal.id, self.cashier, cash_float)
        self.opened += await self.shop.town.does(open_shifts, [opening], self.shop.now)
        return self.opened[-1]

    async def close(self, cash: int, reason: str | None = None, **others: int) -> Ended:
        """End the last shift with this in the drawer."""
        found = {PayType.CASH: cash} | {PayType(name): amount for name, amount in others.items()}
        closing = Closing(self.opened[-1], found, reason)
        [ended] = await self.shop.town.does(close_shifts, [closing], self.shop.now)
        return ended

    async def shifts(self) -> list[Shift]:
        """All shifts."""
        return await self.reads(lambda connection: shifts(connection, self.shop.town.id))

    async def taken(self, *ids: UUID) -> list[Taken]:
        """What was taken in these shifts."""
        return await self.reads(lambda connection: taken(connection, self.shop.town.id, ids))

    async def counted(self, *ids: UUID) -> list[Counted]:
        """What was counted in these shifts."""
        return await self.reads(lambda connection: counted(connection, self.shop.town.id, ids))

    async def reads(self, look: Callable[[Connection], Awaitable[T]]) -> T:
        """Read something."""
        async with self.shop.town.database.reading() as connection:
            return await look(connection)


async def till_of(shop: Shop, name: str = "thandi", vendor_id: UUID | None = None) -> Till:
    """Let a cashier sit at the till of a shop."""
    cashier = Operator(new_id(), name, name.title(), frozenset({Role.CASHIER}), vendor_id or shop.town.vendor.id)
    await shop.town.does(add_operator, cashier)
    return Till(shop, cashier.id)
