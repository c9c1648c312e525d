"""The rate card of a month: names become places, prices become integers over one denominator."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from umbane.pricing import document as doc
from umbane.pricing.rates import BlockRate, ChargeRate, EntryRate, LevyRate, RateCard

__all__ = ["CardMaker", "blocks_of", "named_blocks"]

Amounts = dict[str, Fraction]


def blocks_of(document: doc.TariffDocument) -> list[doc.Block]:
    """The blocks that a purchase is priced by: one for a flat price, none for time of use without a purchase rate."""
    energy = document.energy
    if energy.blocks:
        return energy.blocks
    if energy.price is not None:
        return [doc.Block.model_construct(price=energy.price)]
    prices = {rate.name: rate.price for rate in energy.time_of_use.rates} if energy.time_of_use else {}
    rate = energy.time_of_use.purchase_rate if energy.time_of_use else None
    return [doc.Block.model_construct(price=prices[rate])] if rate else []


def named_blocks(document: doc.TariffDocument) -> dict[str, doc.Block]:
    """The blocks by their names, or by their numbers where they have none."""
    return {block.name or f"block {place}": block for place, block in enumerate(blocks_of(document), 1)}


class _Levy(NamedTuple):
    """A surcharge or tax while names are still names."""

    name: str
    label: str
    rate: Fraction
    bases: tuple[str, ...]
    per_unit: bool
    is_tax: bool
    included: bool


class CardMaker:
    """One rate card in the making; `values` are those of the surcharges in its month, rebates negative."""

    def __init__(self, document: doc.TariffDocument, values: Amounts) -> None:
        self.document = document
        self.minor = document.currency.minor_units
        self.blocks = named_blocks(document)
        self.levies = list(self._levies(values))
        self.entries = [
            (place, block.entry) for place, block in enumerate(self.blocks.values()) if block.entry is not None
        ]
        names = [
            *(charge.name for charge in document.charges),
            *self.blocks,
            *(entry.name for _, entry in self.entries),
            *(levy.name for levy in self.levies),
        ]
        self.places = {name: place for place, name in enumerate(names)}
        self.factors: dict[tuple[bool, ...], Fraction] = {}

    def _levies(self, values: Amounts) -> Iterator[_Levy]:
        for it in self.document.surcharges:
            rate = values[it.name]
            unit = it.basis == "unit"
            exact = rate if unit else rate / 100
            yield _Levy(it.name, it.label, exact, self._bases(it.on), per_unit=unit, is_tax=False, included=False)
        for tax in self.document.taxes:
            if tax.on != ["tender"]:
                bases, included = self._bases(tax.on), tax.included
                yield _Levy(tax.name, tax.label, tax.percent, bases, per_unit=False, is_tax=True, included=included)

    def _bases(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names with `energy` spelt out as all the blocks."""
        return tuple(base for name in names for base in (self.blocks if name == "energy" else (name,)))

    def make(self) -> RateCard:
        """The card, in integers over one denominator."""
        starts = (0, *(block.up_to for block in self.blocks.values() if block.up_to is not None))
        repricing = tuple(self._repricing())
        by_unit = sum((self._gross(levy.name, levy.rate) for levy in self.levies if levy.per_unit), Fraction(0))
        slopes = [(self._gross(name, block.price) + by_unit) / 10 for name, block in self.blocks.items()]
        steps = {place: self._gross(entry.name, entry.amount) for place, entry in self.entries}
        levels = _levels(starts, slopes, repricing, steps)
        scale = lcm(*(number.denominator for number in (*slopes, *levels)))
        return RateCard(
            scale=scale,
            starts=starts,
            levels=tuple(int(level * scale) for level in levels),
            slopes=tuple(int(slope * scale) for slope in slopes),
            repricing=repricing,
            blocks=tuple(map(self._block, self.blocks)),
            entries=tuple(self._entry(place, entry) for place, entry in self.entries),
            charges={it.name: self.charge(it) for it in self.document.charges},
            levies=tuple(map(self._levy, self.levies)),
            components=len(self.places),
        )

    def _repricing(self) -> Iterator[int]:
        """For each block, the last one up to it that reprices everything before."""
        last = 0
        for place, block in enumerate(self.blocks.values()):
            reprices = self.document.energy.method == "whole" if block.reprices is None else block.reprices
            last = place if reprices else last
            yield last

    # What a price is without the taxes it contains, and with all that is added to it.

    def _net(self, name: str, price: Fraction) -> Fraction:
        """A price in minor units, without the taxes that it contains."""
        return price * self.minor / self._factor(name, contained=True)

    def _gross(self, name: str, price: Fraction) -> Fraction:
        """All that has to be paid, in minor units, where this price is due."""
        return self._net(name, price) * self._factor(name)

    def _factor(self, name: str, *, contained: bool = False) -> Fraction:
        """What 1 on a line comes to with all percentages on it, or with those alone that its price contains."""
        key = (contained, *(name in levy.bases for levy in self.levies))
        if key not in self.factors:
            self.factors[key] = sum(self._spread(name, contained=contained).values(), Fraction(0))
        return self.factors[key]

    def _spread(self, name: str, *, contained: bool) -> Amounts:
        """1 on a line, and what the percentages make of it, in the declared order."""
        spread = {name: Fraction(1)}
        for levy in self.levies:
            if not levy.per_unit and (levy.included or not contained):
                bases = [spread[base] for base in levy.bases if base in spread]
                spread[levy.name] = levy.rate * sum(bases, Fraction(0))
        return spread

    # The entries of the card.

    def _block(self, name: str) -> BlockRate:
        net = self._net(name, self.blocks[name].price)
        tenth = net / 10
        label = f"{self.document.resource.capitalize()}{self._range(name)}"
        return BlockRate(name, label, net / self.minor, tenth.numerator, tenth.denominator, self.places[name])

    def _range(self, name: str) -> str:
        """Where a block begins and ends, in words: `, 100–400 kWh`."""
        blocks = list(self.blocks)
        place = blocks.index(name)
        begin = (self.blocks[blocks[place - 1]].up_to or 0) if place else 0
        end = self.blocks[name].up_to
        unit = "kWh" if self.document.resource == "electricity" else "m³"
        if end is None:
            return f", over {_plain(begin)} {unit}" if place else ""
        return f", {_plain(begin)}–{_plain(end)} {unit}"

    def _entry(self, place: int, entry: doc.Entry) -> EntryRate:
        net = self._net(entry.name, entry.amount)
        return EntryRate(place, entry.name, entry.label, net, self.places[entry.name])

    def charge(self, charge: doc.Charge) -> ChargeRate:
        """What a charge costs without and with the taxes on it."""
        rate = charge.percent if charge.percent is not None else self._net(charge.name, charge.amount or Fraction(0))
        factor = self._factor(charge.name)
        return ChargeRate(charge.name, charge.label, rate, rate * factor, factor, self.places[charge.name])

    def _levy(self, levy: _Levy) -> LevyRate:
        rate = self._net(levy.name, levy.rate) / self.minor if levy.per_unit else levy.rate
        exact = rate * self.minor / 10 if levy.per_unit else rate
        bases = None if levy.per_unit else tuple(self.places[base] for base in levy.bases)
        place = self.places[levy.name]
        return LevyRate(levy.is_tax, levy.name, levy.label, rate, exact.numerator, exact.denominator, place, bases)


def _plain(tenths: int) -> str:
    """Tenths as a number of units, without a fraction where there is none."""
    return f"{tenths // 10}.{tenths % 10}".removesuffix(".0")


def _levels(
    starts: tuple[int, ...], slopes: list[Fraction], repricing: tuple[int, ...], steps: dict[int, Fraction]
) -> list[Fraction]:
    """The value of the period's total where each block begins, above its step."""
    levels: list[Fraction] = []
    entered = Fraction(0)
    for place, start in enumerate(starts):
        entered += steps.get(place, Fraction(0))
        if place == repricing[place]:
            levels.append(start * slopes[place] + entered)
        else:
            width = start - starts[place - 1]
            levels.append(levels[-1] + width * slopes[place - 1] + steps.get(place, Fraction(0)))
    return levels
