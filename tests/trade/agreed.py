"""Schemes that are in force, and what was sold by them: what tests of commission begin with."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from tests.registry.town import NOW, Town
from tests.vending.shop import Shop
from umbane.trade.accrual import Accrued, accrue
from umbane.trade.schemes import Term, activate_schemes, propose_schemes, set_terms
from umbane.vending import Sold, reverse

__all__ = ["CHAINS", "SHOPS", "SINCE", "accrued", "agree", "in_force", "number", "take_back"]

EXAMPLES: Final = Path(__file__).parents[2] / "examples" / "commission"
SHOPS: Final = (EXAMPLES / "corner-shops.yaml").read_text(encoding="utf-8")
CHAINS: Final = (EXAMPLES / "chains.yaml").read_text(encoding="utf-8")
SINCE: Final = date(2026, 3, 10)


async def in_force(town: Town, document: str) -> str:
    """Let one propose a scheme, and another activate it; answer its id."""
    [scheme] = await town.does(propose_schemes, [document], NOW)
    another = replace(town, scope=replace(town.scope, by="another"))
    await another.does(activate_schemes, [(scheme.id, scheme.version)], NOW)
    return scheme.id


async def agree(town: Town, document: str = SHOPS, since: date = SINCE) -> str:
    """Let the town's vendor earn by this scheme."""
    scheme_id = await in_force(town, document)
    await town.does(set_terms, [Term(town.vendor.id, scheme_id, since)], "agreed", NOW)
    return scheme_id


async def accrued(town: Town, now: datetime, again: date | None = None) -> list[Accrued]:
    """Accrue what was earned until now."""
    return await town.database.run(lambda tx: accrue(tx, town.scope, now, again=again))


async def take_back(shop: Shop, sold: Sold) -> None:
    """Take a sale back."""
    town = shop.town
    answer = await reverse(shop.engine, town.id, town.terminal.id, sold.message_id, "typed wrongly")
    assert isinstance(answer, Sold)
    assert answer.reversed


async def number(town: Town, sql: str) -> int:
    """One number out of the town's tables; $1 is the utility."""
    async with town.database.reading() as connection:
        found: int = await connection.fetchval(sql, town.id)
        return found
