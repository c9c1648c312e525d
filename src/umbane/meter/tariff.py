"""The prices in a meter that holds its credit as money, and the rates it counts energy under."""

from dataclasses import dataclass
from typing import Final

from umbane.meter.errors import MeterInputError, require_int
from umbane.meter.schedule import WeekPlan

__all__ = ["MeterTariff"]

MOST_RATES: Final = 8
MAX_PRICE: Final = 10**12
ALWAYS_THE_FIRST: Final = WeekPlan.daily((0, 0))


@dataclass(frozen=True, slots=True)
class MeterTariff:
    """Time-of-use rates as the meter holds them; it knows nothing of taxes or blocks, which are the seller's.

    Attributes:
        prices: one for each rate, in 10**-5 of the currency per kWh; used only by meters with credit in currency.
        plan: which rate holds when, on the meter's clock.
        fallback: the rate that holds while the clock is lost.
    """

    prices: tuple[int, ...] = (0,)
    plan: WeekPlan = ALWAYS_THE_FIRST
    fallback: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.prices) <= MOST_RATES:
            raise MeterInputError("prices", f"{len(self.prices)} were given", f"give 1 to {MOST_RATES}")
        for price in self.prices:
            require_int("price", price, 0, MAX_PRICE)
        require_int("fallback", self.fallback, 0, len(self.prices) - 1)
        if max(self.plan.values) >= len(self.prices):
            problem = f"it switches to rate {max(self.plan.values)}, but there are {len(self.prices)} prices"
            raise MeterInputError("plan", problem, "give a price for each rate, counted from 0")
