"""Credit comes in by tokens, goes out by use, debt and charges, and decides whether there is supply.

The order of collection, in one place:

* A token first repays what the register is below zero (emergency credit, friendly periods). Of the rest, a percentage
  goes to the debt; then standing charges that are due are paid; what remains can be used.
* At midnight of the meter's clock the day's instalment of the debt is taken, then the standing charge. Neither takes
  the register below zero: what is missing of a charge stays due, what is missing of an instalment stays debt.
"""

from umbane.meter.accounts import with_account
from umbane.meter.clock import moment, reading
from umbane.meter.config import MeterConfig
from umbane.meter.errors import TokenRefusedError
from umbane.meter.events import EventKind
from umbane.meter.load import Load
from umbane.meter.results import Collection, TokenResult
from umbane.meter.state import State
from umbane.meter.units import NEVER, SCALES
from umbane.meter.work import Work

__all__ = [
    "clear_credit",
    "collect_days",
    "credit_lasts",
    "floor_of",
    "price_of",
    "receive_credit",
    "settle_credit",
    "take_emergency_credit",
    "use_energy",
    "use_time",
]

ELECTRICITY, TIME, ELECTRICITY_CURRENCY = 0, 3, 4


def floor_of(config: MeterConfig, state: State, gate: int) -> int:
    """The balance, in units of account, at which a register stops the supply."""
    if state.standing.emergency and gate == config.payer:
        return -config.emergency.limit * SCALES[gate]
    return 0


def price_of(work: Work, gate: int) -> int:
    """Units of account that one mJ costs now."""
    return work.state.tariff.prices[work.state.calendar.rate] if gate == ELECTRICITY_CURRENCY else 1


def receive_credit(work: Work, subclass: int, least: int) -> Collection:
    """Add a token's credit, in least units, to its register; negative for a debit in currency.

    Raises:
        TokenRefusedError: FunctionError without such a register, OverflowError when it would hold too much.
    """
    state, config = work.state, work.config
    if subclass not in config.subclasses:
        raise TokenRefusedError(TokenResult.FUNCTION_ERROR)
    account, amount = state.accounts[subclass], least * SCALES[subclass]
    limit = config.register_limit
    if limit is not None and abs(account.balance + amount) > limit * SCALES[subclass]:
        raise TokenRefusedError(TokenResult.OVERFLOW_ERROR)
    split = split_credit(work, account.balance, amount) if subclass == config.payer else Collection(0, 0, 0, amount)
    state.accounts = with_account(state.accounts, subclass, account.receive(amount, split.debt + split.charges))
    standing = state.standing
    state.standing = standing._replace(debt=standing.debt - split.debt, charges=standing.charges - split.charges)
    return split


def split_credit(work: Work, balance: int, amount: int) -> Collection:
    """Where a token's amount goes: overdraft, debt, charges, use."""
    standing = work.state.standing
    rest = amount - (overdraft := max(0, min(amount, -balance)))
    debt = max(0, min(standing.debt, rest * work.config.collection.debt_percent // 100))
    charges = max(0, min(standing.charges, rest - debt))
    return Collection(overdraft, debt, charges, rest - debt - charges)


def collect_days(work: Work, days: int) -> None:
    """Take what is due at so many midnights, the instalment of the debt before the standing charge."""
    state, plan, payer = work.state, work.config.collection, work.config.payer
    if payer is None or not ((state.standing.debt and plan.debt_per_day) or plan.charge_per_day):
        return
    scale, account, standing = SCALES[payer], state.accounts[payer], state.standing
    left, debt, charges = max(0, account.balance), standing.debt, standing.charges
    for _ in range(days):
        instalment = min(plan.debt_per_day * scale, debt, left)
        due = charges + plan.charge_per_day * scale
        paid = min(due, left - instalment)
        left, debt, charges = left - instalment - paid, debt - instalment, due - paid
    taken = max(0, account.balance) - left
    state.accounts = with_account(state.accounts, payer, account.collect(taken))
    state.standing = standing._replace(debt=debt, charges=charges)
    if taken:
        work.note(EventKind.CHARGES_COLLECTED, f"{days} d")


def clear_credit(work: Work, subclasses: tuple[int, ...]) -> None:
    """Set registers to zero, whatever they hold."""
    for subclass in subclasses:
        cleared = work.state.accounts[subclass].clear()
        work.state.accounts = with_account(work.state.accounts, subclass, cleared)


def take_emergency_credit(work: Work) -> None:
    """Lend what the plan allows, if it does and the balance is low enough; once until it is repaid."""
    state, plan, payer = work.state, work.config.emergency, work.config.payer
    if payer is None or not plan.limit or state.standing.emergency:
        return
    if state.accounts[payer].balance <= plan.offered_from * SCALES[payer]:
        state.standing = state.standing._replace(emergency=True)
        work.note(EventKind.EMERGENCY_CREDIT)


def settle_credit(work: Work) -> None:
    """Decide whether credit allows supply, and warn when it gets low."""
    state, config = work.state, work.config
    standing, payer = state.standing, config.payer
    if payer is None:
        return
    accounts, balance = state.accounts, state.accounts[payer].balance
    emergency = standing.emergency and balance <= config.emergency.offered_from * SCALES[payer]
    below = any(accounts[gate].balance <= floor_of(config, state, gate) for gate in config.gates)
    exhausted = below and (standing.exhausted or not state.calendar.friendly)
    warning = sum([balance <= level * SCALES[payer] for level in config.low_credit])
    if (exhausted, warning, emergency) == standing[:3]:
        return
    state.standing = standing._replace(exhausted=exhausted, warning=warning, emergency=emergency)
    if warning > standing.warning:
        work.note(EventKind.LOW_CREDIT, f"level {warning}")
    if exhausted and not standing.exhausted:
        work.note(EventKind.CREDIT_USED_UP)


def use_energy(work: Work, millijoules: int) -> None:
    """Charge energy to the register that pays for it."""
    state = work.state
    for gate in work.config.gates:
        if gate != TIME:
            used = state.accounts[gate].consume(millijoules * price_of(work, gate))
            state.accounts = with_account(state.accounts, gate, used)


def use_time(work: Work, milliseconds: int) -> None:
    """Let time credit run off; it stops where it stops the supply."""
    if TIME in work.config.gates and milliseconds:
        account = work.state.accounts[TIME]
        used = max(0, min(milliseconds, account.balance - floor_of(work.config, work.state, TIME)))
        work.state.accounts = with_account(work.state.accounts, TIME, account.consume(used))


def credit_lasts(work: Work, load: Load) -> int:
    """Milliseconds until the credit runs out or the next warning is due, under this load; NEVER if neither comes."""
    config = work.config
    spans = [lasts(work, load, gate, floor_of(work.config, work.state, gate)) for gate in config.gates]
    if config.payer is not None and work.state.standing.warning < len(config.low_credit):
        level = config.low_credit[work.state.standing.warning] * SCALES[config.payer]
        spans.append(lasts(work, load, config.payer, level))
    return min(spans, default=NEVER)


def lasts(work: Work, load: Load, gate: int, target: int) -> int:
    """Milliseconds until the register is down to ``target``; NEVER if it is there already or nothing is used."""
    state = work.state
    left = state.accounts[gate].balance - target
    if left <= 0:
        return NEVER
    if gate == TIME:
        drift = work.config.clock.drift_ppm
        return moment(state.clock, drift, reading(state.clock, drift, state.time) + left) - state.time
    used = 0 if state.holds else load.total * price_of(work, gate)
    return -(-left // used) if used else NEVER
