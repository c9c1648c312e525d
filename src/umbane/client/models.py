"""What a till is told. Money is in minor units, energy in tenths of a kWh."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

__all__ = ["Line", "Offer", "Sale", "Token", "offer_from", "sale_from"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt.

    Attributes:
        kind: what the money is for.
        label: for people.
        amount: minor units.
        name: in the tariff, or the kind of debt.
        base: what the rate applies to: tenths of a kWh, or minor units.
        rate: as a decimal or a fraction; None where the amount is all there is to say.
    """

    kind: str
    label: str
    amount: int
    name: str = ""
    base: int = 0
    rate: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token, in the order in which it must be typed.

    Attributes:
        kind: what it is for.
        units: tenths of a kWh.
        digits: all 20; None while they are held back, and after a reversal.
    """

    kind: str
    units: int
    digits: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sale:
    """It was done, and is booked.

    Attributes:
        id: of the sale.
        at: when.
        kind: of the order: "buy", "pay", ...
        message_id: ours.
        meter: its 18 digits.
        currency, tender: what was paid.
        units, free_units: what was bought, and what came for nothing.
        lines: of the receipt; they sum to the tender.
        tokens: in the order in which they must be typed.
        warnings: for whoever stands at the till.
        released: whether the digits have left the house; held back ones leave when the sale is confirmed.
        reversed: whether it was taken back since: then the money is the customer's.
        repeated: whether it had been done before.
    """

    id: UUID
    at: datetime
    kind: str
    message_id: str
    meter: str
    currency: str
    tender: int
    units: int
    free_units: int
    lines: tuple[Line, ...]
    tokens: tuple[Token, ...]
    warnings: tuple[str, ...]
    released: bool
    reversed: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What an order would get now.

    Attributes:
        meter: its 18 digits.
        currency, tender: what it would cost.
        units, free_units: what it would give.
        lines: of the receipt.
        payable: the least and the greatest tender now, in minor units, where that is known.
        owed: all debts, in minor units.
        free_due: free units that are due, with a purchase or without.
        warnings: for whoever stands at the till.
    """

    meter: str
    currency: str
    tender: int
    units: int
    free_units: int
    lines: tuple[Line, ...]
    payable: tuple[int, int] | None
    owed: int
    free_due: int
    warnings: tuple[str, ...]


def sale_from(body: dict[str, Any]) -> Sale:
    """The sale that a body tells."""
    return Sale(
        UUID(body["id"]),
        datetime.fromisoformat(body["at"]),
        body["kind"],
        body["message_id"],
        body["meter"],
        body["currency"],
        body["tender"],
        body["units"],
        body["free_units"],
        lines_from(body),
        tuple(Token(it["kind"], it["units"], it["digits"]) for it in body["tokens"]),
        tuple(body["warnings"]),
        body["released"],
        body["reversed"],
        body["repeated"],
    )


def offer_from(body: dict[str, Any]) -> Offer:
    """The offer that a body tells."""
    return Offer(
        body["meter"],
        body["currency"],
        body["tender"],
        body["units"],
        body["free_units"],
        lines_from(body),
        (body["payable"]["minimum"], body["payable"]["maximum"]) if body["payable"] else None,
        body["owed"],
        body["free_due"],
        tuple(body["warnings"]),
    )


def lines_from(body: dict[str, Any]) -> tuple[Line, ...]:
    """The lines of a receipt."""
    return tuple(
        Line(it["kind"], it["label"], it["amount"], it["name"], it["base"], it["rate"]) for it in body["lines"]
    )
