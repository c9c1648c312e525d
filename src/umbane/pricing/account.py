"""A customer at the moment of a purchase: the period opened, the charges fallen due, what each debt wants."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.pricing.claims import UNLIMITED, Claim
from umbane.pricing.errors import StateError
from umbane.pricing.fields import MILLION
from umbane.pricing.periods import months_between
from umbane.pricing.rates import ChargeRate, RateCard
from umbane.pricing.state import Arrears, CustomerState, share
from umbane.pricing.tariff import DebtRule, FixedCharge, Tariff, TenderShare

__all__ = ["Account", "Deduction", "Due", "free_units_on", "open_account"]

WATTS = 1000
"""To a kilowatt."""
LAST: Final = 10**6
"""The priority of debts that the tariff doesn't name."""
TENTH = 100
"""Watt-hours in a tenth of a kWh."""


class Due(NamedTuple):
    """A charge that has fallen due."""

    rate: ChargeRate
    amount: int
    """In minor units, with taxes."""


class Debt(NamedTuple):
    """A debt that is to be collected."""

    place: int
    """Among the customer's debts."""
    kind: str
    label: str


Source = Due | Debt | TenderShare


class Deduction(NamedTuple):
    """One step before energy: claims on the money that reaches it."""

    claims: Sequence[Claim[Source]]
    ceiling: int
    """The most they may take together, in millionths."""


class Account(NamedTuple):
    """All that a quote depends on."""

    tariff: Tariff
    card: RateCard
    state: CustomerState
    day: date
    start: date
    """The first day of the period."""
    purchased: int
    """Tenths bought in the period."""
    spent: int
    """Minor units tendered in the period."""
    same_period: bool
    """Whether the customer's last purchase was in this period too."""
    deductions: Sequence[Deduction]
    most_units: int
    """Tenths that may be sold at once."""


def open_account(tariff: Tariff, state: CustomerState, at: datetime) -> Account:
    """Look at a customer at a moment.

    Raises:
        PricingError: the moment, the tariff or the state don't allow a purchase.
    """
    day = tariff.local_day(at)
    card = tariff.card(day)
    if state.arrears and not tariff.collects_arrears:
        raise StateError(
            "arrears", f"{tariff.id} collects none", "arrears in the order of the tariff, or no debts here"
        )
    began = state.period_start
    start = tariff.period.start(day, began, state.anniversary)
    same = began is None or began == start
    purchased, spent = (state.purchased, state.spent) if same else (0, 0)
    most = _most_units(tariff, state, purchased)
    deductions: list[Deduction] = []
    account = Account(tariff, card, state, day, start, purchased, spent, same, deductions, most)
    for names, ceiling in tariff.steps:
        claims = list(_claims(account, names))
        if claims:
            deductions.append(Deduction(claims, ceiling))
    return account


def free_units_on(tariff: Tariff, state: CustomerState, day: date) -> int:
    """Tenths of free units that the customer may claim on this day: those of the month, unless claimed already."""
    free, since = tariff.free_units, state.free_from
    if free is None or since is None or not since <= day <= (state.free_until or day):
        return 0
    first = tariff.period.first(state.anniversary)
    return free.units if months_between(state.free_claimed_on, day, first) else 0


def _most_units(tariff: Tariff, state: CustomerState, purchased: int) -> int:
    bounds = tariff.bounds
    most = bounds.max_units
    if bounds.period_units is not None:
        most = min(most, bounds.period_units - purchased)
    if bounds.hours_of_load is not None:
        most = min(most, bounds.hours_of_load * _load(state, "limits.period.hours_of_load") // TENTH - purchased)
    return max(most, 0)


def _claims(account: Account, names: tuple[str, ...]) -> Iterator[Claim[Source]]:
    tariff = account.tariff
    for name in names:
        if name == "arrears":
            yield from _debts(account)
        elif name in tariff.tender_shares:
            share = tariff.tender_shares[name]
            yield Claim(UNLIMITED, share.share, share)
        else:
            due = _due(account, tariff.charges[name])
            if due.amount:
                yield Claim(due.amount, MILLION, due)


# ------------------------------------------------------------------------------------------------------- charges


def _due(account: Account, charge: FixedCharge) -> Due:
    """What has accrued of a charge, and what was left unpaid of it before."""
    state, money = account.state, account.tariff.money_rule
    rate = account.card.charges[charge.name]
    unpaid = dict(state.unpaid_charges).get(charge.name, 0) if state.unpaid_charges else 0
    periods = _periods(account, charge)
    if not periods:
        return Due(rate, unpaid)
    load = _load(state, f"charges.{charge.name}") if charge.per_kilowatt else WATTS
    gross, over = rate.gross.numerator * load, rate.gross.denominator * WATTS
    due = unpaid + money(periods * gross, over)
    return Due(rate, due if charge.at_most is None else min(due, money(charge.at_most * gross, over)))


def _periods(account: Account, charge: FixedCharge) -> int:
    """How many periods have begun since the customer was last charged."""
    since, day = account.state.charged_on, account.day
    if charge.every == "purchase":
        return 1
    if charge.every == "month":
        periods = months_between(since, day, account.tariff.period.first(account.state.anniversary))
    else:
        periods = max((day - since).days, 0) if since else 1
    return periods if charge.accrues else min(periods, 1)


def _load(state: CustomerState, reason: str) -> int:
    if state.connected_load is None:
        raise StateError("connected_load", f"is needed by {reason}", "the connected load in watts")
    return state.connected_load


# --------------------------------------------------------------------------------------------------------- debts


def _debts(account: Account) -> Iterator[Claim[Source]]:
    """Claims for the debts, in the tariff's order of priority; those it doesn't name come last."""
    if not account.state.arrears:
        return
    rules = account.tariff.debts
    found = [(_own_rule(debt, rules.get(debt.kind)), place, debt) for place, debt in enumerate(account.state.arrears)]
    for rule, place, debt in sorted(found, key=lambda it: it[0].priority):
        wanted = 0 if debt.frozen else _wanted(debt, rule, debt.paid if account.same_period else 0)
        if wanted > 0 and rule.share:
            yield Claim(wanted, rule.share, Debt(place, debt.kind, rule.label))


def _own_rule(debt: Arrears, rule: DebtRule | None) -> DebtRule:
    """The tariff's rule for a debt, changed by the customer's own arrangement."""
    if debt.percent is None and debt.instalment is None:
        if rule is None:
            problem = f"the tariff has no rule for debts of the kind {shown(debt.kind)}"
            raise StateError("arrears", problem, "a rule in the tariff, or a percentage or instalment of its own")
        return rule
    own = MILLION if debt.percent is None else int(share(debt.percent) * (MILLION // 100))
    caps = (rule.at_most_per_purchase, rule.at_most_per_period) if rule else (None, None)
    first, label = (rule.priority, rule.label) if rule else (LAST, debt.kind)
    return DebtRule(first, label, own, debt.instalment, *caps)


def _wanted(debt: Arrears, rule: DebtRule, paid: int) -> int:
    """The most that may be collected now."""
    wanted = debt.owed
    if rule.instalment is not None:
        wanted = min(wanted, rule.instalment - paid)
    if rule.at_most_per_period is not None:
        wanted = min(wanted, rule.at_most_per_period - paid)
    if rule.at_most_per_purchase is not None:
        wanted = min(wanted, rule.at_most_per_purchase)
    return wanted
