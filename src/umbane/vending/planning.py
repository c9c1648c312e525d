"""From an order to a plan: pure rules, each of which says no by a `RefusedError`."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from msgspec import structs

from umbane.errors import shown
from umbane.ledger import Kind
from umbane.pricing import (
    AboveMaximum,
    Arrears,
    BelowMinimum,
    CustomerState,
    Line,
    LineKind,
    Payable,
    PricingError,
    Quote,
    Tariff,
    claim_free_units,
    quote,
)
from umbane.pricing.periods import month_number
from umbane.registry import EngineeringAction, KeyParameters, KeyPhase, MeterState
from umbane.sts import TID, rounded_amount
from umbane.vending.codes import Code
from umbane.vending.engineering import engineering_token
from umbane.vending.errors import RefusedError
from umbane.vending.keying import credit_key, key_change_plan, management_key, require_key
from umbane.vending.models import Buy, ChangeKey, ClaimFree, Engineer, Give, Order, Pay, SaleRequest, TokenKind
from umbane.vending.permits import for_the_books, require_names, require_permit
from umbane.vending.plans import Draft, Plan, Situation

__all__ = ["plan"]

NO_TID: Final = TID(0)


def plan(request: SaleRequest, situation: Situation) -> Plan:
    """What is to be done for a request.

    Raises:
        RefusedError: nothing; it says why.
    """
    require_names(request.staff)
    rule: Callable[[Any, SaleRequest, Situation], Plan] = RULES[type(request.order)]
    return rule(request.order, request, situation)


def buy(order: Buy, _request: SaleRequest, situation: Situation) -> Plan:
    """Electricity for money, with what free units come along."""
    require_currency(order.currency, situation)
    customer, tariff = customer_and_tariff(situation)
    largest = situation.book.utility.policy.sale.largest_money
    quoted = priced(tariff, customer, situation, order)
    if largest is not None and quoted.tender > largest:
        show = tariff.currency.show
        raise RefusedError(
            Code.ABOVE_MAXIMUM, f"{show(quoted.tender)} is more than one purchase may be", f"pay up to {show(largest)}",
            Payable(min(quoted.payable.minimum, largest), largest),
        )  # fmt: skip
    return credit_plan("buy", quoted, tariff, situation)


def claim(_order: ClaimFree, _request: SaleRequest, situation: Situation) -> Plan:
    """The free units of the month, without a purchase."""
    customer, tariff = customer_and_tariff(situation)
    try:
        quoted = claim_free_units(tariff, customer, at=situation.now)
    except PricingError as error:
        code = Code.NOTHING_DUE if error.field == "free_units" else Code.NO_PRICE
        raise RefusedError(code, error.problem, error.remedy) from error
    return credit_plan("claim_free", quoted, tariff, situation)


def credit_plan(kind: str, quoted: Quote, tariff: Tariff, situation: Situation) -> Plan:
    """The tokens of a quote: key change first, then free units, then credit."""
    key, drafts, warnings = credit_key(situation)
    new_key = drafts[0].new if drafts else None
    drafts += [
        credit_draft(units, key, token_kind)
        for units, token_kind in ((quoted.free_units, TokenKind.FREE), (quoted.units, TokenKind.CREDIT))
        if units
    ]
    month = None
    if quoted.free_units:
        month = month_number(tariff.local_day(situation.now), tariff.period.first(quoted.state.anniversary))
    return Plan(
        kind, quoted.tender, quoted.units, quoted.free_units, quoted.lines, quoted, tariff, quoted.state, drafts,
        free_month=month, new_key=new_key, warnings=warnings,
    )  # fmt: skip


def credit_draft(units: int, key: KeyParameters, kind: str) -> Draft:
    """A credit token of so many tenths."""
    return Draft(kind, key, units, as_carried(units))


as_carried: Final = lru_cache(1 << 14)(rounded_amount)
"""What a token adds for so many tenths: most purchases are of amounts that came before."""


def pay(order: Pay, _request: SaleRequest, situation: Situation) -> Plan:
    """Money towards debts, in the order in which they stand."""
    require_currency(order.currency, situation)
    customer = require_contract(situation)
    owed = sum(debt.owed for debt in customer.arrears)
    if not owed:
        raise RefusedError(Code.NOTHING_OWED, "nothing is owed on this account", "buy electricity instead")
    if type(order.money) is not int or not 0 < order.money <= owed:
        show = situation.book.utility.currency.show
        code = Code.ABOVE_MAXIMUM if type(order.money) is int and order.money > owed else Code.BAD_REQUEST
        raise RefusedError(code, "that is not an amount that is owed", f"pay up to {show(owed)}", Payable(1, owed))
    lines, left, money = [], [], order.money
    for debt in customer.arrears:
        part = min(debt.owed, money)
        money -= part
        if part:
            lines.append(Line(LineKind.ARREARS, debt.kind, debt.kind, part))
        if debt.owed > part:
            left.append(without(debt, part))
    after = structs.replace(customer, arrears=tuple(left))
    return Plan("pay", order.money, lines=tuple(lines), customer=after)


def without(debt: Arrears, part: int) -> Arrears:
    """A debt of which a part was paid."""
    return structs.replace(debt, owed=debt.owed - part) if part else debt


def change_key(_order: ChangeKey, request: SaleRequest, situation: Situation) -> Plan:
    """Key-change tokens: anyone may fetch those of a change that is planned; another change takes a permit."""
    require_existing(situation)
    if situation.phase is KeyPhase.SETTLED:
        require_permit(request, EngineeringAction.KEY_CHANGE, situation)
    return key_change_plan(situation)


def engineer(order: Engineer, request: SaleRequest, situation: Situation) -> Plan:
    """One token of class 1 or 2."""
    require_existing(situation)
    require_permit(request, order.action, situation)
    token = engineering_token(order, NO_TID)
    return Plan("engineer", drafts=[Draft(order.action.value, management_key(situation), token=token)])


def give(order: Give, request: SaleRequest, situation: Situation) -> Plan:
    """Credit that nobody pays for now."""
    if order.action not in GIVEN:
        raise RefusedError(Code.BAD_REQUEST, f"{order.action} gives no energy", "free issue, replacement or reissue")
    reason = for_the_books("reason", order.reason)
    most = 18_201_624
    if type(order.units) is not int or not 0 < order.units <= most:
        raise RefusedError(Code.BAD_REQUEST, "that is not a number of units", f"1 to {most} tenths of a kWh")
    require_sellable(situation)
    require_permit(request, order.action, situation)
    key, drafts, warnings = credit_key(situation)
    new_key = drafts[0].new if drafts else None
    drafts.append(credit_draft(order.units, key, order.action.value))
    return Plan(
        "give", free_units=order.units, drafts=drafts, given=GIVEN[order.action], new_key=new_key, warnings=warnings,
        note=reason,
    )  # fmt: skip


GIVEN: Final = {
    EngineeringAction.FREE_ISSUE: Kind.ENERGY_FREE,
    EngineeringAction.REPLACEMENT: Kind.ENERGY_REPLACED,
    EngineeringAction.REISSUE: Kind.ENERGY_REPLACED,
}
"""Acts that give energy, and the account on which it is booked."""

RULES: Final[dict[type[Order], Callable[[Any, SaleRequest, Situation], Plan]]] = {
    Buy: buy,
    ClaimFree: claim,
    Pay: pay,
    ChangeKey: change_key,
    Engineer: engineer,
    Give: give,
}


# ----------------------------------------------------------------------------------------------------------- conditions


def priced(tariff: Tariff, customer: CustomerState, situation: Situation, order: Buy) -> Quote:
    """The quote of a purchase."""
    try:
        return quote(tariff, customer, at=situation.now, money=order.money, units=order.units)
    except (BelowMinimum, AboveMaximum) as error:
        code = Code.BELOW_MINIMUM if isinstance(error, BelowMinimum) else Code.ABOVE_MAXIMUM
        raise RefusedError(code, error.problem, error.remedy, error.payable) from error
    except PricingError as error:
        code = Code.BAD_REQUEST if error.field in {"money", "units"} else Code.NO_PRICE
        raise RefusedError(code, error.problem, error.remedy) from error


def customer_and_tariff(situation: Situation) -> tuple[CustomerState, Tariff]:
    """The contract's state and the tariff in force, of a meter that electricity may be sold to."""
    require_sellable(situation)
    customer = require_contract(situation)
    versions = situation.book.tariffs.get(situation.tariff_id or "")
    if versions is None:
        raise RefusedError(Code.NO_TARIFF, f"tariff {situation.tariff_id} is not active", "activate a version of it")
    try:
        return customer, versions.at(situation.now)
    except PricingError as error:
        raise RefusedError(Code.NO_PRICE, error.problem, error.remedy) from error


def require_sellable(situation: Situation) -> None:
    """Refuse credit for a meter that hangs nowhere, is blocked, or whose key can't be used."""
    if situation.state is MeterState.BLOCKED:
        raise RefusedError(
            Code.METER_BLOCKED, f"meter {situation.pan.drn} is blocked", "ask the utility why, and pay what is owed"
        )
    if situation.state is not MeterState.INSTALLED:
        problem = f"meter {situation.pan.drn} is {situation.state}, not installed"
        raise RefusedError(Code.METER_NOT_INSTALLED, problem, "sell to the meter that hangs at the customer's place")
    require_key(situation)


def require_existing(situation: Situation) -> None:
    """Refuse tokens for a meter that is gone for ever."""
    if situation.state is MeterState.SCRAPPED:
        raise RefusedError(Code.METER_NOT_INSTALLED, f"meter {situation.pan.drn} is scrapped", "check the number")


def require_contract(situation: Situation) -> CustomerState:
    """The state of the contract; refuse a meter that has none."""
    if situation.customer is None:
        problem = f"nobody has a contract for meter {situation.pan.drn}"
        raise RefusedError(Code.NO_CONTRACT, problem, "let the utility open one first")
    return situation.customer


def require_currency(code: str | None, situation: Situation) -> None:
    """Refuse money of another country."""
    ours = situation.book.utility.currency.code
    if code is not None and code != ours:
        raise RefusedError(Code.WRONG_CURRENCY, f"this utility doesn't take {shown(code)}", f"pay in {ours}")
