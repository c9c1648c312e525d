"""Households, purchases, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from umbane.pricing import Quote, Tariff
from umbane.sts import EA, KRN, SGC, TI, EncodedToken, MeterPAN

__all__ = ["Action", "Arrear", "Delivery", "Household", "Purchase", "Refusal", "Repeat", "Sale"]


class Action(StrEnum):
    """What a line of a purchases file asks for."""

    BUY = "buy"
    """Electricity for an amount of money."""
    UNITS = "units"
    """A number of kWh, for what they cost."""
    FREE = "free"
    """The free units due this period, without buying."""
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

    customer: str
    pan: MeterPAN
    tariff: str
    ea: EA
    sgc: SGC
    krn: KRN
    ti: TI
    load: str
    arrears: tuple[Arrear, ...]
    free_from: date | None
    opening_units: int


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


@dataclass(frozen=True, slots=True)
class Delivery:
    """A token and what the meter said when it was typed.

    Attributes:
        title: what it is, for the receipt.
        token: the digits.
        units: 0.1 kWh that it carries; 0 for a key change.
        free: whether it was given for nothing.
        result: the meter's answer in the standard's word; empty before it was typed.
    """

    title: str
    token: EncodedToken
    units: int = 0
    free: bool = False
    result: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase that was done.

    Attributes:
        purchase: the line that asked for it.
        customer: who it was for.
        tariff: by which it was priced; None when no money or units were involved.
        quote: the money, line by line; None when there was none.
        deliveries: the tokens, in the order they must be typed.
        note: what else happened, in words.
    """

    purchase: Purchase
    customer: str
    tariff: Tariff | None
    quote: Quote | None
    deliveries: tuple[Delivery, ...]
    note: str = ""

    @property
    def meter(self) -> MeterPAN:
        """The meter it was for."""
        return MeterPAN.parse(self.purchase.meter)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A line that asks for what was sold before under the same id: the same digits again, and nothing new.

    Attributes:
        purchase: the line that came again.
        sale: what was answered the first time.
        typed_again: what the meter says to those digits now, token by token.
    """

    purchase: Purchase
    sale: Sale
    typed_again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that was not done, and why.

    Attributes:
        where: file and line.
        reason: what is wrong and what would be right.
    """

    where: str
    reason: str
