"""What a quote is: the lines of a receipt, and the customer's state after the sale."""

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from umbane.pricing.account import Account
from umbane.pricing.errors import Payable
from umbane.pricing.limits import payable_now
from umbane.pricing.state import CustomerState

__all__ = ["Line", "LineKind", "Quote"]


class LineKind(StrEnum):
    """What the money of a line is for."""

    ENERGY = "energy"
    SURCHARGE = "surcharge"
    CHARGE = "charge"
    TAX = "tax"
    ARREARS = "arrears"
    CREDIT = "credit"
    """Money brought from the customer's last purchase (negative) or carried to the next."""
    FREE = "free"
    """Units for nothing, on a token of their own."""
    ROUNDING = "rounding"
    """What rounding to 0.1 kWh and to minor units adds up to: negative in the customer's favour."""


class Line(NamedTuple):
    """One line of a receipt: `amount` is `base` × `rate`, rounded by the tariff's rule."""

    kind: LineKind
    name: str
    """The name in the tariff, or the kind of debt."""
    label: str
    """The words of the tariff for people."""
    amount: int
    """In minor units."""
    base: int = 0
    """What the rate applies to: tenths of a unit, or minor units of money (of a tax: the amount it is taken on)."""
    rate: Fraction | None = None
    """Major units of money for a unit of energy, or a ratio; None where the amount is all there is to say."""
    per_unit: bool = False
    """Whether the base is energy and the rate a price."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a tender buys. `sum(line.amount for line in lines)` is the tender, always."""

    tender: int
    """In minor units."""
    units: int
    """Tenths of a unit for the credit token."""
    free_units: int
    """Tenths for a token of its own, issued with this purchase."""
    lines: tuple[Line, ...]
    state: CustomerState
    """The customer's state after the sale."""
    account: Account = field(repr=False, compare=False)
    """What the quote was made from."""

    @property
    def payable(self) -> Payable:
        """The least and greatest tender that could have been accepted."""
        return payable_now(self.account)

    def amount(self, name: str) -> int:
        """The sum of the lines of this name, in minor units; `energy` means all blocks."""
        if name == LineKind.ENERGY:
            return sum(line.amount for line in self.lines if line.kind is LineKind.ENERGY)
        return sum(line.amount for line in self.lines if line.name == name)
