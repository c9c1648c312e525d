"""Where the tokens come from: a shop and the utility's office, with keys of the test realm."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from umbane.errors import InputError, shown
from umbane.simulation.realm import vending_key
from umbane.sts import (
    EA,
    KRN,
    SGC,
    TI,
    TID,
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    DecoderKey,
    EncodedToken,
    InitiateTest,
    MeterPAN,
    Register,
    Service,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    Token,
    derive,
    encode,
    key_change_set,
)

__all__ = ["CURRENCY_PLACES", "Desk", "Slip", "number", "realm_key"]

SUPPLY_GROUP: Final = SGC(123_456)
TIME_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
MOST_DIGITS: Final = 6
LEAST_TIME: Final = timedelta(seconds=6)
ENERGY_PLACES: Final = 1
CURRENCY_PLACES: Final = 5
MOST_SLIPS: Final = 100


@dataclass(frozen=True, slots=True)
class Slip:
    """What is handed over: a few words and the tokens, which somebody is going to type.

    Attributes:
        title: what was asked for.
        tokens: in the order in which they are typed.
    """

    title: str
    tokens: tuple[EncodedToken, ...]


def realm_key(pan: MeterPAN, ea: EA, krn: KRN, ti: TI) -> DecoderKey:
    """The meter's key of this revision and tariff index: anybody can work it out, and no meter in the field has it."""
    return derive(vending_key(SUPPLY_GROUP, krn), pan, ti, ea)


@dataclass(slots=True)
class Desk:
    """Shop and office for one meter.

    Attributes:
        pan: the meter.
        key: the key that the meter has, or will have when the tokens on the last slip are typed.
        register: what is sold: 0 electricity, 3 time, 4 electricity in currency.
        last: the last TID that was issued under the key.
        slips: everything that was handed over, the latest last.
        left: the tokens of the last slip that the meter hasn't taken yet.
        elsewhere: who else sells tokens for this meter, in words; then nobody does here.
    """

    pan: MeterPAN
    key: DecoderKey
    register: int
    last: TID | None = None
    slips: list[Slip] = field(default_factory=list)
    left: list[EncodedToken] = field(default_factory=list)
    elsewhere: str = ""

    def require_here(self) -> None:
        """Refuse where the tokens are sold elsewhere.

        Raises:
            InputError: they are.
        """
        if self.elsewhere:
            raise InputError("shop", "nobody sells tokens for this meter here", self.elsewhere)

    def sell(self, words: str, now: datetime) -> Slip:
        """Credit: kWh, an amount of money, or a time such as ``3d``, ``12h``, ``90m``.

        Raises:
            InputError: the amount can't be read or sold.
        """
        if self.register == Service.TIME:
            units = time_units(words)
            return self.issue(f"{words} of supply", now, lambda tid, rnd: Credit(Service.TIME, units, tid=tid, rnd=rnd))
        if self.register == Service.ELECTRICITY:
            units = number("amount", words, ENERGY_PLACES)
            title = f"{words} kWh"
            return self.issue(title, now, lambda tid, rnd: Credit(Service.ELECTRICITY, units, tid=tid, rnd=rnd))
        money = number("amount", words, CURRENCY_PLACES)
        return self.issue(f"{words} of money", now, lambda tid, _rnd: CurrencyCredit(Service.ELECTRICITY, money, tid))

    def set_limit(self, watts: int, now: datetime) -> Slip:
        """A token that sets the maximum power limit."""
        title = f"power limit {watts} W"
        return self.issue(title, now, lambda tid, rnd: SetMaximumPowerLimit(watts=watts, tid=tid, rnd=rnd))

    def set_unbalance(self, watts: int, now: datetime) -> Slip:
        """A token that sets the limit for the difference between phases."""
        kind = SetMaximumPhasePowerUnbalanceLimit
        return self.issue(f"unbalance limit {watts} W", now, lambda tid, rnd: kind(watts=watts, tid=tid, rnd=rnd))

    def clear_tamper(self, now: datetime) -> Slip:
        """A token that forgives interference."""
        return self.issue("clear tamper", now, lambda tid, rnd: ClearTamperCondition(tid=tid, rnd=rnd))

    def clear_credit(self, now: datetime) -> Slip:
        """A token that sets all credit to zero."""
        return self.issue("clear credit", now, lambda tid, rnd: ClearCredit(field=Register.ALL, tid=tid, rnd=rnd))

    def test(self) -> Slip:
        """The token that makes any meter show everything; it is the same for all of them."""
        self.require_here()
        digits = 2 if len(self.pan.drn.digits) == SHORT_DRN else 4
        return self.hand_over("test everything", (encode(InitiateTest.everything(code_digits=digits)),))

    def change_key(self, krn: KRN, ti: TI, now: datetime) -> Slip:
        """The tokens that give the meter another key of its supply group."""
        self.require_here()
        new = realm_key(self.pan, self.key.ea, krn, ti)
        sections: Iterable[Token] = key_change_set(self.key, new, at=TID.at(now, new.base_date), with_sgc=True)
        tokens = tuple(encode(section, self.key) for section in sections)
        self.key = new
        return self.hand_over(f"key change to revision {krn}, tariff index {ti}", tokens)

    def issue(self, title: str, now: datetime, make: Callable[[TID, int], Token]) -> Slip:
        """One token with a TID of its own."""
        self.require_here()
        tid = TID.following(now, self.key.base_date, self.last)
        encoded = encode(make(tid, len(self.slips) % 16), self.key)
        self.last = tid
        return self.hand_over(title, (encoded,))

    def hand_over(self, title: str, tokens: tuple[EncodedToken, ...]) -> Slip:
        """Print the slip, and keep a copy."""
        slip = Slip(title, tokens)
        self.slips, self.left = [*self.slips, slip][-MOST_SLIPS:], list(tokens)
        return slip

    def next_token(self) -> EncodedToken:
        """The next token of the last slip that the meter hasn't taken yet.

        Raises:
            InputError: there is none.
        """
        if not self.left:
            raise InputError("slip", "there is no token left on it", "buy one first: buy 10")
        return self.left[0]

    def taken(self) -> None:
        """Strike the next token out: the meter has it."""
        self.left = self.left[1:]


SHORT_DRN: Final = 11


def number(name: str, words: str, places: int) -> int:
    """A decimal number in units of ten to the minus ``places``.

    Raises:
        InputError: it isn't one, or has more decimals.
    """
    try:
        found = Decimal(words).scaleb(places)
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite() or found != found.to_integral_value() or not 0 < found < 10**15:
        raise InputError(name, f"{shown(words)} isn't understood", f"give a number with at most {places} decimals")
    return int(found)


def time_units(words: str) -> int:
    """A time such as ``3d`` in tenths of a minute."""
    count, unit = words[:-1], words[-1:].lower()
    if (
        unit not in TIME_UNITS
        or not (count.isascii() and count.isdigit())
        or len(count) > MOST_DIGITS
        or not int(count)
    ):
        raise InputError("time", f"{shown(words)} isn't understood", "give a number with d, h or m: 3d")
    return int(count) * TIME_UNITS[unit] // LEAST_TIME
