"""What pricing has to know about a customer: a value, made anew by every sale.

`msgspec.structs.replace` makes a changed copy. It belongs to the contract, not to the meter: it survives a meter
replacement, and a new tenant starts with a new one.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from umbane.errors import shown
from umbane.pricing.currency import LARGEST_AMOUNT
from umbane.pricing.errors import StateError

__all__ = ["LARGEST_UNITS", "MOST_DEBTS", "Arrears", "CustomerState"]

LARGEST_UNITS: Final = 10**12
"""No count of tenths is larger: a hundred billion kWh."""
MOST_DEBTS: Final = 50
"""Debts of one customer, and charges left unpaid."""
LAST_DAY_OF_MONTH: Final = 31
PERCENTAGE: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,4})?", re.ASCII)


def whole(field: str, value: object, least: int, most: int) -> None:
    """Refuse anything but an integer in the range.

    Raises:
        StateError: it isn't one.
    """
    if type(value) is not int or not least <= value <= most:
        raise StateError(field, f"{shown(value)} is not possible", f"a whole number from {least} to {most}")


def share(value: Decimal | str | int) -> Decimal:
    """A customer's own percentage, exactly.

    Raises:
        StateError: it isn't a percentage from 0 to 100 with at most four digits after the point.
    """
    if not PERCENTAGE.fullmatch(str(value)) or Decimal(str(value)) > 100:  # noqa: PLR2004 - per cent
        raise StateError("percent", f"{shown(value)} is not a percentage", "0 to 100, at most four decimals")
    return Decimal(str(value))


class Arrears(Struct, frozen=True):
    """One debt of a customer.

    Attributes:
        kind: the name of the tariff's rule for it, or any name if it has an arrangement of its own.
        owed: minor units still owed.
        paid: minor units collected in the current period.
        percent: this customer's own arrangement: so many per cent of each purchase, instead of the tariff's rule.
        instalment: this customer's own arrangement: minor units a period, instead of the tariff's rule.
        frozen: nothing is collected for now, by arrangement.
    """

    kind: str
    owed: int
    paid: int = 0
    percent: Decimal | str | int | None = None
    instalment: int | None = None
    frozen: bool = False

    def __post_init__(self) -> None:
        if not self.kind:
            raise StateError("kind", f"{shown(self.kind)} is not a name", "the name of a kind of debt")
        whole("owed", self.owed, 0, LARGEST_AMOUNT)
        whole("paid", self.paid, 0, LARGEST_AMOUNT)
        if self.percent is not None:
            share(self.percent)
        if self.instalment is not None:
            whole("instalment", self.instalment, 0, LARGEST_AMOUNT)


class CustomerState(Struct, frozen=True):
    """Everything about a customer that a price depends on. A new customer is `CustomerState()`.

    Attributes:
        period_start: the first day of the period that `purchased` and `spent` belong to; None: the current one.
        purchased: tenths of a unit bought in the period.
        spent: minor units tendered in the period.
        credit: minor units left over from earlier purchases, used by the next.
        arrears: debts, in the order they are collected when the tariff doesn't say.
        charged_on: the day up to which charges by day or month are accounted for; None: never charged.
        unpaid_charges: charges that came due and could not be collected yet, by name, in minor units with taxes.
        free_from: the first day of entitlement to free units; None: not entitled.
        free_until: the last day of entitlement; None: no end.
        free_claimed_on: the day of the last claim.
        anniversary: the day of the month on which a period begins, where the tariff goes by it.
        connected_load: in watts, where the tariff needs it.
    """

    period_start: date | None = None
    purchased: int = 0
    spent: int = 0
    credit: int = 0
    arrears: tuple[Arrears, ...] = ()
    charged_on: date | None = None
    unpaid_charges: tuple[tuple[str, int], ...] = ()
    free_from: date | None = None
    free_until: date | None = None
    free_claimed_on: date | None = None
    anniversary: int = 1
    connected_load: int | None = None

    def __post_init__(self) -> None:
        for value in (self.period_start, self.charged_on, self.free_from, self.free_until, self.free_claimed_on):
            if value is not None and type(value) is not date:
                raise StateError("state", f"{shown(value)} is not a date", "a datetime.date, or None")
        whole("purchased", self.purchased, 0, LARGEST_UNITS)
        whole("spent", self.spent, 0, LARGEST_AMOUNT)
        whole("credit", self.credit, 0, LARGEST_AMOUNT)
        whole("anniversary", self.anniversary, 1, LAST_DAY_OF_MONTH)
        if self.connected_load is not None:
            whole("connected_load", self.connected_load, 1, LARGEST_UNITS)
        if len(self.arrears) > MOST_DEBTS or len(self.unpaid_charges) > MOST_DEBTS:
            raise StateError("arrears", "too many debts", f"at most {MOST_DEBTS}")
        for name, amount in self.unpaid_charges:
            whole(f"unpaid_charges[{name}]", amount, 0, LARGEST_AMOUNT)
