"""The price of a purchase: a pure function of the tariff, the customer's state, the moment, and money or units.

Money runs through the declared order: each step takes its deductions, and what is left buys energy with its surcharges
and taxes at the exact rational price. Units are rounded once, each line of money once, and one line says what all the
rounding adds up to. The way back, from units to money, is the exact inverse of each step in reverse order.
"""

from datetime import datetime
from fractions import Fraction

from umbane.errors import shown
from umbane.pricing.account import Account, free_units_on, open_account
from umbane.pricing.currency import LARGEST_AMOUNT
from umbane.pricing.errors import Payable, PricingError
from umbane.pricing.limits import payable_now, tender_for
from umbane.pricing.quotes import Quote
from umbane.pricing.sale import claim, settle
from umbane.pricing.state import CustomerState
from umbane.pricing.tariff import LARGEST_TOKEN, Tariff

__all__ = ["claim_free_units", "free_units_due", "payable", "price_of", "quote"]


def quote(
    tariff: Tariff, state: CustomerState, *, at: datetime, money: int | None = None, units: int | None = None
) -> Quote:
    """Price one purchase, by money or by units.

    Args:
        tariff: the version in force at the moment.
        state: the customer before the purchase.
        at: the moment of the purchase, with its time zone.
        money: the tender in minor units, from 1.
        units: tenths of a unit wanted, from 1. The quote is then the one for the least tender that pays for them in
            full; it may hold more units only where a minor unit buys more than 0.1 kWh.

    Raises:
        BelowMinimum, AboveMaximum: this purchase can't be made now; the error says which one could be.
        PricingError: anything else that stands in the way, by field.
    """
    account = open_account(tariff, state, at)
    return settle(account, _tender(account, money, units))


def payable(tariff: Tariff, state: CustomerState, *, at: datetime) -> Payable:
    """The least and greatest tender that a customer could pay now; nothing can be sold if the greatest is the lower.

    Raises:
        PricingError: the moment, the tariff or the state don't allow a purchase.
    """
    return payable_now(open_account(tariff, state, at))


def free_units_due(tariff: Tariff, state: CustomerState, *, at: datetime) -> int:
    """Tenths of free units that the customer could claim now."""
    return free_units_on(tariff, state, tariff.local_day(at))


def claim_free_units(tariff: Tariff, state: CustomerState, *, at: datetime) -> Quote:
    """Give the free units of the month without a purchase: a quote of no money, for a token of their own.

    Raises:
        PricingError: there is nothing to claim, or the state or the moment don't allow it.
    """
    account = open_account(tariff, state, at)
    units = free_units_on(tariff, state, account.day)
    if not (tariff.free_units and units):
        problem = f"nothing to claim on {account.day}"
        raise PricingError("free_units", problem, "a customer entitled on that day, who hasn't claimed this month")
    return claim(account, tariff.free_units, units)


def price_of(tariff: Tariff, *, at: datetime, purchased: int, units: int) -> Fraction:
    """The exact price of energy in minor units, with all surcharges and taxes, without charges and arrears.

    Args:
        tariff: the version in force at the moment.
        at: the moment of the purchase, with its time zone.
        purchased: tenths bought in the period before.
        units: tenths to buy.
    """
    card = tariff.card(tariff.local_day(at))
    return Fraction(card.value(purchased + units) - card.value(purchased), card.scale)


def _tender(account: Account, money: int | None, units: int | None) -> int:
    if units is None:
        return _whole("money", money, LARGEST_AMOUNT)
    if money is not None:
        raise PricingError("units", "given together with money", "one of the two")
    return tender_for(account, _whole("units", units, LARGEST_TOKEN))


def _whole(field: str, value: object, most: int) -> int:
    if type(value) is not int or not 0 < value <= most:
        raise PricingError(field, f"{shown(value)} is not possible", f"a whole number from 1 to {most}")
    return value
