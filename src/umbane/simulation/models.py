"""Households, purchases, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from umbane.meter import Result
from umbane.pricing import Line, Tariff
from umbane.sts import EA, KRN, SGC, TI, EncodedToken, MeterPAN

__all__ = [
    "Action", "Arrear", "Chapter", "Delivery", "Glance", "Household", "Outcome", "Purchase", "Refused", "Repeat",
    "Sale", "Typed",
]  # fmt: skip


class Action(StrEnum):
    """What a line of a purchases file asks for."""

    BUY = "buy"
    """Electricity for an amount of money."""
    UNITS = "units"
    """A number of kWh, for what they cost."""
    FREE = "free"
    """The free units due this month, without buying."""
    TENANT = "tenant"
    """Another person takes the place over: blocks and fixed charges start again, old debts don't follow."""
    KEY = "key"
    """The meter gets a key for another tariff index or key revision: TI=02, KRN=2, or both with a space between."""


@dataclass(frozen=True, slots=True)
class Arrear:
    """A debt to begin with.

    Attributes:
        kind: what it is for, as the tariff calls it.
        amount: in the tariff's currency, as written.
        percent: how much of each purchase goes to it, by arrangement; None where the tariff's own rule holds.
    """

    kind: str
    amount: str
    percent: str | None


@dataclass(frozen=True, slots=True)
class Household:
    """A customer with a meter.

    Attributes:
        where: file and line, for messages.
        customer: who pays.
        pan: the meter.
        tariff: the id of the tariff.
        ea: the meter's encryption algorithm.
        sgc: its supply group, with ``krn`` and ``ti`` what its first key is made from.
        load: what is drawn, a name in ``load.LOADS``.
        arrears: debts to begin with.
        free_from: since when the household has a right to free units; None for never.
        opening_units: 0.1 kWh already in the meter when the story begins.
    """

    where: str
    customer: str
    pan: MeterPAN
    tariff: str
    ea: EA
    sgc: SGC
    krn: KRN
    ti: TI
    load: str
    arrears: tuple[Arrear, ...] = ()
    free_from: date | None = None
    opening_units: int = 0


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of a purchases file.

    Attributes:
        where: file and line, for messages.
        id: the caller's own, by which a line that comes twice is known.
        time: an aware moment.
        meter: as it was typed.
        action: what is asked for.
        value: how much, in the words of the file; its meaning depends on the action.
    """

    where: str
    id: str
    time: datetime
    meter: str
    action: Action
    value: str


class Typed(NamedTuple):
    """What a meter answers when a token is typed.

    Attributes:
        result: the standard's word.
        display: what stands on the display.
        words: what it means and what to do.
        accepted: whether it was taken, as a whole or as a part of a key change.
    """

    result: Result
    display: str
    words: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """A token of a sale.

    Attributes:
        title: what it is, for the receipt.
        token: the digits.
        units: 0.1 kWh that it carries; 0 for a key change.
        free: whether it was given for nothing.
        typed: the meter's answer; None before it was typed.
    """

    title: str
    token: EncodedToken
    units: int = 0
    free: bool = False
    typed: Typed | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase that was done.

    Attributes:
        purchase: the line that asked for it.
        customer: who it was for.
        pan: the meter it was for.
        key: which of the meter's keys the tokens are under: SGC, KRN, TI, EA.
        tariff: by which it was priced; None when no money or units were involved.
        tender: what was paid, in minor units.
        lines: of the receipt; they add up to the tender.
        owed: what is still owed, by the kinds of debts.
        deliveries: the tokens, in the order they must be typed.
        note: what else happened, in words.
        id: in the books; None where nothing was sold.
        sold_before: whether it was done in an earlier run, and this is its answer again.
    """

    purchase: Purchase
    customer: str
    pan: MeterPAN
    key: str
    tariff: Tariff | None = None
    tender: int = 0
    lines: tuple[Line, ...] = ()
    owed: tuple[tuple[str, int], ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    note: str = ""
    id: UUID | None = None
    sold_before: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """A line that asks for what was sold before under the same id: the same digits again, and nothing new.

    Attributes:
        purchase: the line that came again.
        sale: what was answered the first time.
        typed: what the meter says to those digits now, token by token.
    """

    purchase: Purchase
    sale: Sale
    typed: tuple[Typed, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not done, and why.

    Attributes:
        where: file and line.
        reason: what is wrong and what would be right.
        purchase: what was asked for; None when the line could not be read.
    """

    where: str
    reason: str
    purchase: Purchase | None = None


Outcome = Sale | Repeat | Refused


class Glance(NamedTuple):
    """A look at a meter after a purchase.

    Attributes:
        credit_wh: what is in it, in Wh.
        days: for how many days of this household that lasts.
        lit: whether there is light.
        was_lit: whether there was before the tokens were typed.
    """

    credit_wh: int
    days: int
    lit: bool
    was_lit: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """What became of one line.

    Attributes:
        outcome: a sale, a repeated answer, or a refusal.
        glance: the meter afterwards; None where none took part.
    """

    outcome: Outcome
    glance: Glance | None = None
