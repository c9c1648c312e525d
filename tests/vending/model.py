"""What an engine is to answer, in memory: prices, a float, messages, keys, and what can be taken back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from msgspec import structs

from umbane.pricing import (
    AboveMaximum,
    BelowMinimum,
    CustomerState,
    PricingError,
    Tariff,
    claim_free_units,
    quote,
)
from umbane.vending import Answer, Buy, ChangeKey, ClaimFree, Code, Engineer, Give, Order, Pay, Refused

__all__ = ["Model", "Told", "told"]

Message = tuple[int, str]
"""A till, and what it calls its message."""
CHANGE = ("key_change", "key_change")
"""The tokens of a change of key."""


class Told(NamedTuple):
    """What an answer comes to: sold or a code, the money, the units, the kinds of its tokens."""

    what: str
    tender: int = 0
    units: int = 0
    free_units: int = 0
    tokens: tuple[str, ...] = ()


def told(answer: Answer) -> Told:
    """An answer of the engine in the model's words."""
    if isinstance(answer, Refused):
        return Told(answer.code)
    kinds = tuple(str(it.kind) for it in answer.tokens)
    return Told(answer.kind, answer.tender, answer.units, answer.free_units, kinds)


@dataclass
class Done:
    """A sale in the model."""

    told: Told
    before: CustomerState
    changed: bool
    released: bool
    reversed: bool = False


class SaidNoError(Exception):
    """The model refuses."""


@dataclass
class Model:
    """One household, one float, any number of tills.

    Attributes:
        tariff: by which it buys.
        state: of its account.
        left: of the float.
        key_change: the policy for purchases while a change of key is ahead.
        held: whether digits of purchases wait for a confirmation.
        is_blocked: the meter.
        keys: "settled", "planned" or "issued".
        is_newest: whether the meter has the newest key.
        outcomes: of the messages, with what they asked for.
        done: the sales, in their order.
    """

    tariff: Tariff
    state: CustomerState
    left: int
    key_change: str = "ask_first"
    held: bool = False
    is_blocked: bool = False
    keys: str = "settled"
    is_newest: bool = False
    outcomes: dict[Message, tuple[Order, Told]] = field(default_factory=dict)
    done: dict[Message, Done] = field(default_factory=dict)

    def ask(self, message: Message, order: Order, now: datetime) -> Told:
        """What a message is answered."""
        if message in self.outcomes:
            asked, outcome = self.outcomes[message]
            return outcome if asked == order else Told(Code.CONFLICT)
        before = self.state
        try:
            outcome = self.decide(order, now)
        except SaidNoError as no:
            outcome = Told(no.args[0])
        else:
            held = self.held and outcome.what == "buy"
            changed = isinstance(order, Buy | ClaimFree | Pay)
            self.done[message] = Done(outcome, before, changed, released=not held)
        self.outcomes[message] = order, outcome
        return outcome

    def decide(self, order: Order, now: datetime) -> Told:
        """Do it, or say no."""
        match order:
            case Buy():
                return self.buy(order, now)
            case ClaimFree():
                return self.claim(now)
            case Pay():
                return self.pay(order)
            case ChangeKey():
                return self.change_key()
            case Engineer():
                return Told("engineer", tokens=(order.action,))
            case Give():
                self.require(not self.is_blocked, Code.METER_BLOCKED)
                return Told("give", 0, 0, order.units, (*self.change_first(), order.action))

    def require(self, fine: bool, code: Code) -> None:  # noqa: FBT001 - what is asked
        """Say no, unless it is fine."""
        if not fine:
            raise SaidNoError(code)

    def spend(self, money: int) -> None:
        """Take money from the float."""
        self.require(money <= self.left, Code.FLOAT_EXHAUSTED)
        self.left -= money

    def change_first(self) -> tuple[str, ...]:
        """The key-change tokens that come before credit."""
        if self.keys == "settled":
            return ()
        if self.key_change == "bundle":
            self.keys = "issued"
            return CHANGE
        self.require(self.key_change == "ask_first", Code.KEY_CHANGE_PENDING)
        self.require(self.keys == "issued", Code.KEY_CHANGE_DUE)
        return ()

    def buy(self, order: Buy, now: datetime) -> Told:
        """Electricity."""
        self.require(not self.is_blocked, Code.METER_BLOCKED)
        try:
            priced = quote(self.tariff, self.state, at=now, money=order.money, units=order.units)
        except BelowMinimum:
            raise SaidNoError(Code.BELOW_MINIMUM) from None
        except AboveMaximum:
            raise SaidNoError(Code.ABOVE_MAXIMUM) from None
        except PricingError:
            raise SaidNoError(Code.NO_PRICE) from None
        keys = self.keys
        first = self.change_first()
        try:
            self.spend(priced.tender)
        except SaidNoError:
            self.keys = keys
            raise
        self.state = priced.state
        return Told("buy", priced.tender, priced.units, 0, (*first, "credit"))

    def claim(self, now: datetime) -> Told:
        """Free units."""
        self.require(not self.is_blocked, Code.METER_BLOCKED)
        try:
            priced = claim_free_units(self.tariff, self.state, at=now)
        except PricingError as error:
            raise SaidNoError(Code.NOTHING_DUE if error.field == "free_units" else Code.NO_PRICE) from None
        first = self.change_first()
        self.state = priced.state
        return Told("claim_free", 0, 0, priced.free_units, (*first, "free"))

    def pay(self, order: Pay) -> Told:
        """A debt, the first one first."""
        owed = sum(it.owed for it in self.state.arrears)
        self.require(owed > 0, Code.NOTHING_OWED)
        self.require(order.money <= owed, Code.ABOVE_MAXIMUM)
        self.spend(order.money)
        money, left = order.money, []
        for debt in self.state.arrears:
            part = min(money, debt.owed)
            money -= part
            left += [structs.replace(debt, owed=debt.owed - part)] if debt.owed > part else []
        self.state = structs.replace(self.state, arrears=tuple(left))
        return Told("pay", order.money)

    def change_key(self) -> Told:
        """The tokens to the key that is planned, or to the newest."""
        self.require(self.keys != "settled" or not self.is_newest, Code.NO_KEY_CHANGE)
        self.keys = "issued"
        return Told("change_key", tokens=CHANGE)

    # ------------------------------------------------------------------------------------------ what happens afterwards

    def confirm(self, message: Message) -> str:
        """The customer is there."""
        if message not in self.done:
            return "unknown"
        done = self.done[message]
        if done.reversed:
            return Code.REVERSED
        done.released = True
        return done.told.what

    def reverse(self, message: Message) -> str:
        """Take it back."""
        if message not in self.done:
            return "unknown"
        done = self.done[message]
        if done.reversed:
            return done.told.what
        if done.released:
            return Code.RELEASED
        later = list(self.done)[list(self.done).index(message) + 1 :]
        if any(self.done[it].changed and not self.done[it].reversed for it in later):
            return Code.LATER_SALES
        done.reversed = True
        self.state = done.before
        self.left += done.told.tender
        return done.told.what
