"""What a story comes to: money by tariff, energy by house, and whether every figure meets its counterpart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Final

from umbane.pricing import Currency, LineKind, Tariff
from umbane.simulation.fleet import MILLIJOULES_PER_TENTH, House
from umbane.simulation.models import Action, Sale
from umbane.simulation.proof import Proof
from umbane.simulation.story import Story

__all__ = ["Ending", "Proof", "TariffTotal", "dark_hours", "endings", "proofs", "tariff_totals"]

LOW: Final = 3
"""Days of credit; a household with fewer should buy soon."""

HOUR: Final = timedelta(hours=1)


@dataclass(slots=True)
class TariffTotal:
    """What was sold on one tariff.

    Attributes:
        tariff: one of its versions.
        sales: purchases with money.
        money: minor units tendered.
        units: 0.1 kWh on tokens, the free ones included.
        free_units: 0.1 kWh given for nothing.
        taxes: minor units of taxes and levies.
        arrears: minor units of old debts collected.
    """

    tariff: Tariff
    sales: int = 0
    money: int = 0
    units: int = 0
    free_units: int = 0
    taxes: int = 0
    arrears: int = 0


def tariff_totals(story: Story) -> list[TariffTotal]:
    """The totals of every tariff on which something was sold, in the order of its first sale."""
    totals: dict[str, TariffTotal] = {}
    for sale in story.sales:
        if sale.tariff:
            total = totals.setdefault(sale.tariff.id, TariffTotal(sale.tariff))
            total.sales += bool(sale.tender)
            total.money += sale.tender
            total.units += sum(delivery.units for delivery in sale.deliveries)
            total.free_units += sum(delivery.units for delivery in sale.deliveries if delivery.free)
            total.taxes += sum(line.amount for line in sale.lines if line.kind is LineKind.TAX)
            total.arrears += sum(line.amount for line in sale.lines if line.kind is LineKind.ARREARS)
    return list(totals.values())


@dataclass(frozen=True, slots=True)
class Ending:
    """How the story leaves one house.

    Attributes:
        house: which one, with its meter.
        customer: who lives there now.
        bought: 0.1 kWh on its tokens.
        dark_hours: how long it had no supply.
    """

    house: House
    customer: str
    bought: int
    dark_hours: int

    @property
    def low(self) -> bool:
        """Whether the household should buy soon."""
        return self.house.days_left < LOW


def endings(story: Story) -> list[Ending]:
    """How the story leaves every house, in the order of the households file."""
    bought = dict.fromkeys(story.houses, 0)
    for sale in story.sales:
        bought[sale.pan] += sum(delivery.units for delivery in sale.deliveries)
    return [
        Ending(house, story.accounts[pan].customer, bought[pan], house.dark // HOUR)
        for pan, house in story.houses.items()
    ]


def dark_hours(story: Story) -> int:
    """Hours without supply, all houses together."""
    return sum((house.dark for house in story.houses.values()), timedelta()) // HOUR


# --------------------------------------------------------------------------------------------------------- proofs


def proofs(story: Story) -> list[Proof]:
    """What anyone can check about the story: money, tokens, energy, and the books."""
    return [*money_proofs(story), *token_proofs(story), *energy_proofs(story), *story.books]


def money_proofs(story: Story) -> Iterator[Proof]:
    """Every cent that the file of purchases tenders stands on the line of a receipt."""
    priced = [(sale.tariff.currency, sale) for sale in story.sales if sale.tariff]
    priced.sort(key=lambda pair: pair[0].code)
    for currency, sales in groupby(priced, key=lambda pair: pair[0]):
        lines = tendered = 0
        for _, sale in sales:
            lines += sum(line.amount for line in sale.lines)
            tendered += tender(sale, currency)
        yield Proof(
            f"{currency.code}: the lines of all receipts add up to the money tendered", lines, tendered, currency.show
        )


def tender(sale: Sale, currency: Currency) -> int:
    """What the customer put on the counter: the file says it, or the shop said what the units cost."""
    if sale.purchase.action is Action.BUY:
        return currency.parse(sale.purchase.value)
    return sale.tender


def token_proofs(story: Story) -> Iterator[Proof]:
    """Every token is one of a kind, was taken once, and never twice."""
    tokens = [(sale.pan, delivery) for sale in story.sales for delivery in sale.deliveries]
    different = {(pan, delivery.token) for pan, delivery in tokens}
    taken = [delivery for _, delivery in tokens if delivery.typed and delivery.typed.accepted]
    again = [pan for pan, delivery in tokens if story.houses[pan].would_answer(delivery.token).accepted]
    yield Proof("Every token is one of its kind", len(tokens), len(different), str)
    yield Proof("Every token was taken by its meter", len(tokens), len(taken), str)
    yield Proof("Typed once more at the end, so many tokens work again", len(again), 0, str)


def energy_proofs(story: Story) -> Iterator[Proof]:
    """Nothing is lost between the shop's tokens, the meters' registers and the appliances."""
    houses = story.houses.values()
    opening = sum(house.household.opening_units for house in houses)
    sold = sum(delivery.units for sale in story.sales for delivery in sale.deliveries)
    given = sum(house.given for house in houses)
    kept = sum(house.used + house.credit for house in houses)
    tokens = MILLIJOULES_PER_TENTH * (opening + sold)
    yield Proof("The energy on the tokens is the credit that the meters took", tokens, given, show_energy)
    yield Proof("Credit taken is energy used and credit left", given, kept, show_energy)


def show_energy(millijoules: int) -> str:
    """Energy for people, in kWh when that says all of it."""
    tenths, rest = divmod(millijoules, MILLIJOULES_PER_TENTH)
    return f"{millijoules:,} mJ" if rest else f"{tenths // 10:,}.{tenths % 10} kWh"
