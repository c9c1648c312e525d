"""The price of energy as one function of the period's total, and its exact inverse.

A rate card holds what a unit costs with everything on it (surcharges and taxes), in integers over one denominator. The
value of a total is a line for each block: the value where the block begins, plus its slope times the units inside it.
Marginal blocks join without a step. A block that reprices what was bought before, or that has an entry amount, begins
with a step upwards; money that doesn't reach over a step buys the units before it, and the rest is carried to the
customer's next purchase. So more money never buys fewer units, and buying in two goes buys the same as in one.

A purchase is the difference of two totals: that is why the block a customer is in, and what earlier purchases were
charged, needs no other memory than the units bought in the period.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from umbane.pricing.rounding import Rule

__all__ = ["BlockRate", "ChargeRate", "EntryRate", "LevyRate", "RateCard"]


class BlockRate(NamedTuple):
    """The price of a tenth of a unit in one block, without what is added to it."""

    name: str
    label: str
    rate: Fraction
    """In major units for a unit."""
    numerator: int
    """Over `denominator`: minor units for a tenth of a unit."""
    denominator: int
    place: int
    """The place of its amount among those that taxes are taken on."""


class EntryRate(NamedTuple):
    """Money due when the total first enters a block."""

    block: int
    name: str
    label: str
    rate: Fraction
    """In minor units, without taxes."""
    place: int


class ChargeRate(NamedTuple):
    """A charge with and without the taxes on it."""

    name: str
    label: str
    rate: Fraction
    """In minor units for a period (or a kilowatt and period), or as a ratio of the money; without taxes."""
    gross: Fraction
    """With taxes: rate × factor."""
    factor: Fraction
    place: int

    def net(self, paid: int, money: Rule) -> int:
        """The part of what was paid that isn't tax."""
        return money(paid * self.factor.denominator, self.factor.numerator)


class LevyRate(NamedTuple):
    """A surcharge, rebate or tax on the lines before it."""

    is_tax: bool
    name: str
    label: str
    rate: Fraction
    """In major units for a unit, or as a ratio."""
    numerator: int
    """Over `denominator`: minor units for a tenth of a unit, or a ratio."""
    denominator: int
    place: int
    bases: tuple[int, ...] | None
    """The places of the amounts it is taken on; None: the units."""


@dataclass(frozen=True, slots=True)
class RateCard:
    """All prices in force on a day, in integers over `scale`."""

    scale: int
    starts: tuple[int, ...]
    """Where each block begins, in tenths; the first is 0."""
    levels: tuple[int, ...]
    """The value where each block begins, above its step."""
    slopes: tuple[int, ...]
    """The value of a tenth in each block."""
    repricing: tuple[int, ...]
    """For each block, the last one at or before it that reprices all before it."""
    blocks: tuple[BlockRate, ...]
    entries: tuple[EntryRate, ...]
    charges: Mapping[str, ChargeRate]
    levies: tuple[LevyRate, ...]
    components: int
    """How many places for amounts there are."""

    def block_of(self, total: int) -> int:
        """The block that the last tenth of the total lies in."""
        return max(bisect_left(self.starts, total) - 1, 0)

    def value(self, total: int) -> int:
        """What the total costs, over `scale`."""
        block = self.block_of(total)
        return self.levels[block] + (total - self.starts[block]) * self.slopes[block]

    def total(self, value: int, rule: Rule) -> int:
        """The total that a value buys, rounded by the rule; never beyond a step that the value doesn't reach over."""
        block = bisect_right(self.levels, value) - 1
        start, slope = self.starts[block], self.slopes[block]
        if block + 1 == len(self.starts):
            return start + rule(value - self.levels[block], slope)
        end = self.starts[block + 1]
        return min(start + rule(value - self.levels[block], slope), end) if slope else end

    def left_over(self, total: int, value: int) -> int:
        """Whole minor units that can't be spent, because the total stands before a step."""
        block = bisect_left(self.starts, total)
        if block == len(self.starts) or self.starts[block] != total or not block:
            return 0
        return max(value - self.value(total), 0) // self.scale if self.levels[block] > self.value(total) else 0

    def portions(self, before: int, after: int) -> Iterator[tuple[int, int]]:
        """Blocks and the tenths bought in each, when the total goes from one to another.

        Where a block reprices, what was bought before at other prices comes back as negative tenths.
        """
        first, last = self.block_of(before), self.block_of(after)
        if self.repricing[first] != self.repricing[last]:
            yield from ((block, -tenths) for block, tenths in self._portions(self.repricing[first], 0, before))
            first, before = self.repricing[last], 0
        yield from self._portions(first, before, after)

    def _portions(self, block: int, before: int, after: int) -> Iterator[tuple[int, int]]:
        """The tenths from one total to another by block; the first block given holds all before its end."""
        while before < after:
            end = self.starts[block + 1] if block + 1 < len(self.starts) else after
            upper = min(end, after)
            if upper > before:
                yield block, upper - before
                before = upper
            block += 1
