"""What pricing refuses, and the words it refuses it in.

::

    InputError
    └── PricingError             names the field, what is wrong and what would be right
        ├── TariffFileError      a tariff file is wrong; `problems` lists everything that is
        ├── StateError           a customer's state can't be, or belongs to another period
        ├── NotInForce           the moment lies outside the tariff's dates
        ├── MissingValue         a surcharge has no value for the month
        ├── TimeOfUseOnly        the price depends on when energy is used; a purchase can't know that
        └── TenderRefused        this money or these units can't be sold now; `payable` says what can
            ├── BelowMinimum
            └── AboveMaximum
"""

from typing import NamedTuple

from umbane.errors import InputError

__all__ = [
    "AboveMaximum",
    "BelowMinimum",
    "MissingValue",
    "NotInForce",
    "Payable",
    "PricingError",
    "Problem",
    "StateError",
    "TariffFileError",
    "TenderRefused",
    "TimeOfUseOnly",
]


class PricingError(InputError):
    """Anything that pricing refuses."""


class Problem(NamedTuple):
    """One thing that is wrong in a tariff file."""

    file: str
    line: int
    """Counted from 1; 0 when the file as a whole is meant."""
    field: str
    """Where in the document: `energy.blocks[2].price`."""
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.field}: {self.problem}; {self.remedy}"


class TariffFileError(PricingError):
    """A tariff file is wrong; `problems` holds everything that is, in the order of the lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.field, first.problem, first.remedy)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class StateError(PricingError):
    """A customer's state holds an impossible value, or belongs to a later period than the purchase."""


class NotInForce(PricingError):  # noqa: N818 - reads as the fact it states
    """The moment of the purchase lies outside the dates of the tariff."""


class MissingValue(PricingError):  # noqa: N818 - reads as the fact it states
    """A surcharge has no published value for the month of the purchase."""


class TimeOfUseOnly(PricingError):  # noqa: N818 - reads as the fact it states
    """The tariff prices energy by when it is used, and declares no price for a purchase."""


class Payable(NamedTuple):
    """The tenders that can be accepted now, both ends included, in minor units."""

    minimum: int
    maximum: int


class TenderRefused(PricingError):  # noqa: N818 - reads as the fact it states
    """This purchase can't be made now; `payable` says which one could be."""

    def __init__(self, problem: str, remedy: str, payable: Payable) -> None:
        super().__init__("money", problem, remedy)
        self.payable = payable


class BelowMinimum(TenderRefused):
    """Too little: it doesn't cover what is due and the smallest purchase."""


class AboveMaximum(TenderRefused):
    """Too much: more than one purchase, one period or one token may hold."""
