"""How much may be paid: from units back to money, the exact inverse of a sale, and the limits that follow from it."""

from umbane.pricing.account import Account
from umbane.pricing.claims import needed
from umbane.pricing.currency import LARGEST_AMOUNT
from umbane.pricing.errors import AboveMaximum, BelowMinimum, Payable
from umbane.pricing.rounding import up

__all__ = ["check_tender", "energy_money", "payable_now", "tender_for"]


def tender_for(account: Account, units: int) -> int:
    """The least tender that pays for so many tenths in full, with all deductions."""
    return _tender_leaving(account, energy_money(account, units))


def _tender_leaving(account: Account, left: int) -> int:
    """The least tender of which the deductions leave so much for energy, with the customer's credit."""
    left = max(left - account.state.credit, 0)
    for deduction in reversed(account.deductions):
        left = needed(left, deduction.claims, deduction.ceiling)
    return left


def energy_money(account: Account, units: int) -> int:
    """Minor units for so many tenths of energy, with all that is on it.

    Where units are rounded up, the customer owes the price rounded down, and the other way about: so this money buys
    these units again.
    """
    if not units:
        return 0
    card, total = account.card, account.purchased + units
    exact = card.value(total) - card.value(account.purchased)
    if account.tariff.unit_rule is not up:
        return -(-exact // card.scale)
    short = exact - card.slopes[card.block_of(total)]  # a tenth less, on the same side of a step: must be exceeded
    return max(exact // card.scale, short // card.scale + 1)


def payable_now(account: Account) -> Payable:
    """The least and the greatest tender; the greatest is below the least when nothing can be sold."""
    minimum = max(account.tariff.bounds.min_money, tender_for(account, account.tariff.bounds.min_units))
    most = _tender_leaving(account, energy_money(account, account.most_units) + 1) - 1
    return Payable(minimum, max(min(most, _most_money(account)), 0))


def _most_money(account: Account) -> int:
    bounds = account.tariff.bounds
    most = min(bounds.max_money, LARGEST_AMOUNT)
    return most if bounds.period_money is None else min(most, bounds.period_money - account.spent)


def check_tender(account: Account, tender: int, left: int, units: int) -> None:
    """Refuse a tender that is below the least or above the greatest; the deductions leave so much of it for energy.

    It compares what is left with what energy costs, and that only where the units stand at a limit. This says the same
    as comparing the tender with `payable_now`, but an accepted sale doesn't need the inverse.
    """
    bounds = account.tariff.bounds
    if not bounds.min_money <= tender <= _most_money(account):
        _refuse(account, tender)
    if not bounds.min_units < units < account.most_units:
        money = left + account.state.credit
        if not energy_money(account, bounds.min_units) <= money <= energy_money(account, account.most_units):
            _refuse(account, tender)


def _refuse(account: Account, tender: int) -> None:
    """Say what would do."""
    limits = payable_now(account)
    show, code = account.tariff.currency.show, account.tariff.currency.code
    if limits.maximum < limits.minimum:
        raise AboveMaximum("nothing more can be sold in this period", "the next period", limits)
    if tender < limits.minimum:
        problem = f"{show(tender)} {code} doesn't cover what is due and the smallest purchase"
        raise BelowMinimum(problem, f"at least {show(limits.minimum)} {code}", limits)
    problem = f"{show(tender)} {code} is more than may be sold now"
    raise AboveMaximum(problem, f"at most {show(limits.maximum)} {code}", limits)
