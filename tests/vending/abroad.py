"""Utilities elsewhere: other clocks, other money, one tariff that has everything that depends on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from itertools import count
from typing import Any

from msgspec import structs

from tests.registry.town import NOW, Town, build, utility
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import FLOAT, Shop, open_shop
from umbane.db import Connection, Database
from umbane.ledger.debts import Origin
from umbane.pricing import CURRENCIES
from umbane.registry import Policy, change_state, contract
from umbane.registry.owed import book_owed, owed_by
from umbane.registry.utilities import zone_of

__all__ = ["TARIFF", "abroad", "let", "state_of"]

NUMBERS = count(1)
TARIFF = """
format: umbane-tariff-1
id: abroad
version: "1"
title: Two blocks, a fee, a tax, free units
utility: Somewhere
country: Elsewhere
currency: {currency}
time_zone: {zone}
valid_from: 2020-01-01
sources: [{{title: made up for tests, retrieved: 2026-01-01}}]
period: {{kind: {period}}}
energy:
  method: marginal
  blocks:
    - up_to: 10
      price: {low}
    - price: {high}
charges: [{{name: service, label: Service, amount: {fee}, every: month, accrues: true}}]
taxes: [{{name: vat, label: VAT, percent: 18, on: [service, energy]}}]
arrears: [{{name: outstanding, label: Outstanding, method: percent, percent: 30}}]
free_units: {{units: 5, label: Free units, claim: {claim}, counts_toward_blocks: false}}
order: [arrears, service, energy]
rounding: {{money: half-up, units: up}}
"""


@asynccontextmanager
async def abroad(  # noqa: PLR0913 - each of them is what a test varies
    database: Database,
    now: datetime,
    *,
    zone: str = "Africa/Johannesburg",
    currency: str = "ZAR",
    period: str = "calendar-month",
    prices: tuple[str, str, str] = ("2", "9", "0"),
    claim: str = "on-request",
    external: bool = False,
    **policy: Any,  # noqa: ANN401 - the policy's own
) -> AsyncIterator[Shop]:
    """Give a shop in a country with this clock and this money, whose household owes nothing and may claim free units.

    Args:
        database: where.
        now: what its clock shows first.
        zone: of the utility and its tariff.
        currency: of both.
        period: of the tariff.
        prices: of the first block, the second, and the monthly fee.
        claim: how free units are given.
        external: whether the module is outside of the process.
        policy: of the utility, where it isn't the usual one.
    """
    number = next(NUMBERS)
    code = f"abroad-{number}"
    house = utility(code, currency=CURRENCIES[currency], zone=zone_of(zone), policy=Policy(**policy))
    low, high, fee = prices
    document = TARIFF.format(currency=currency, zone=zone, period=period, claim=claim, low=low, high=high, fee=fee)
    town = await build(database, code, number, house, document)
    await let(town, arrears=(), free_from=date(2020, 1, 1))
    async with open_shop(town, LaboratoryModule(f"module-{number}", external=external), FLOAT, currency) as shop:
        shop.now = now
        yield shop


async def let(town: Town, **fields: Any) -> None:  # noqa: ANN401 - of a state
    """Let the household's account be so, and what it owes in the books too."""

    async def work(tx: Connection) -> None:
        found = await contract(tx, town.id, town.contract.id)
        state = structs.replace(found.state, **fields)
        await change_state(tx, town.scope, found.id, found.version, state, "arranged")
        before = [it._replace(amount=-it.amount) for it in owed_by(found.id, found.state.arrears)]
        debts = before + owed_by(found.id, state.arrears)
        await book_owed(tx, town.scope, debts, Origin.TAKEN_OVER, NOW, "arranged")

    await town.database.run(work)


async def state_of(shop: Shop) -> Any:  # noqa: ANN401 - a CustomerState
    """The household's account as it is."""
    return (await shop.town.reads(contract, shop.town.contract.id)).state
