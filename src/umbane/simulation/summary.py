"""What a story comes to: money by tariff, tokens, energy, and whether every figure meets its counterpart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from umbane.pricing import LineKind, Tariff
from umbane.simulation.fleet import MILLIJOULES_PER_TENTH
from umbane.simulation.story import Story

__all__ = ["Proof", "TariffTotal", "dark_hours", "proofs", "tariff_totals"]

ENERGY: Final = "mJ"


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
        if sale.tariff is None:
            continue
        total = totals.setdefault(sale.tariff.id, TariffTotal(sale.tariff))
        total.units += sum(delivery.units for delivery in sale.deliveries)
        total.free_units += sum(delivery.units for delivery in sale.deliveries if delivery.free)
        if sale.quote:
            total.sales += 1
            total.money += sale.quote.tender
            total.taxes += sum(line.amount for line in sale.quote.lines if line.kind is LineKind.TAX)
            total.arrears += sum(line.amount for line in sale.quote.lines if line.kind is LineKind.ARREARS)
    return list(totals.values())


@dataclass(frozen=True, slots=True)
class Proof:
    """Two figures that must be one.

    Attributes:
        claim: what is claimed, in a sentence.
        left: the one figure.
        right: the other.
        unit: what both count; energy is counted in mJ.
    """

    claim: str
    left: int
    right: int
    unit: str

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.left == self.right

    @property
    def words(self) -> str:
        """The figures for people: energy in kWh, and to the last mJ only when that is where they differ."""
        if self.unit != ENERGY:
            return f"{self.left:,} {'=' if self.holds else '≠'} {self.right:,} {self.unit}"
        if not self.holds:
            return f"{self.left:,} ≠ {self.right:,} mJ"
        tenths, rest = divmod(self.left, MILLIJOULES_PER_TENTH)
        return (
            f"{tenths // 10:,}.{tenths % 10} kWh{'' if not rest else f' and {rest:,} mJ'} = the same, to the millijoule"
        )


def proofs(story: Story) -> list[Proof]:
    """What anyone can check about the story: money, tokens and energy."""
    return [*money_proofs(story), *token_proofs(story), *energy_proofs(story)]


def money_proofs(story: Story) -> Iterator[Proof]:
    """Every cent of every tender stands on a line."""
    quotes = [sale.quote for sale in story.sales if sale.quote]
    lines = sum(line.amount for quote in quotes for line in quote.lines)
    tendered = sum(quote.tender for quote in quotes)
    yield Proof("The lines of all receipts add up to the money tendered", lines, tendered, "minor units")


def token_proofs(story: Story) -> Iterator[Proof]:
    """Every token is one of a kind, was taken once, and never twice."""
    tokens = [delivery for sale in story.sales for delivery in sale.deliveries]
    different = len({token.token for token in tokens})
    taken = sum(token.result == "Accept" or token.result.endswith("KCT") for token in tokens)
    again = sum(answer == "Accept" for repeat in story.repeats for answer in repeat.typed_again)
    yield Proof("Every token issued has digits of its own", len(tokens), different, "tokens")
    yield Proof("Every token issued was taken by its meter", len(tokens), taken, "tokens")
    yield Proof("Tokens that did anything when they were typed again", again, 0, "tokens")


def energy_proofs(story: Story) -> Iterator[Proof]:
    """Nothing is lost between the shop's tokens, the meters' registers and the appliances."""
    houses = story.houses.values()
    sold = sum(house.household.opening_units for house in houses)
    sold += sum(token.units for sale in story.sales for token in sale.deliveries)
    given = sum(house.given for house in houses)
    kept = sum(house.used + house.credit for house in houses)
    yield Proof(
        "The energy on the tokens is the credit that the meters took", MILLIJOULES_PER_TENTH * sold, given, ENERGY
    )
    yield Proof("Credit taken is energy used and credit left", given, kept, ENERGY)


def dark_hours(story: Story) -> int:
    """Hours without supply, all houses together."""
    return sum((house.dark for house in story.houses.values()), timedelta()) // timedelta(hours=1)
