"""From the body of a request to what the engine is asked, and from its answer to the body of ours."""

from collections.abc import Iterable
from decimal import Context, Inexact
from functools import lru_cache
from typing import Final

from msgspec import UNSET, UnsetType

from umbane.api import wire
from umbane.api.bodies import words_of
from umbane.errors import InputError, shown
from umbane.pricing import CURRENCIES, Line
from umbane.registry import EngineeringAction
from umbane.vending import Buy, ChangeKey, ClaimFree, Engineer, Give, Offer, Order, Pay, Sold, Verdict

__all__ = ["offer_out", "order_from", "sale_out", "verdict_out"]

EXACT: Final = Context(prec=30)


def order_from(order: wire.OrderIn) -> Order:
    """What a body orders.

    Raises:
        InputError: a value in it can't be what it says.
    """
    match order:
        case wire.Buy():
            return buy_from(order)
        case wire.ClaimFree():
            return ClaimFree()
        case wire.Pay():
            return Pay(money_from(order.money, order.currency), order.currency or None)
        case wire.ChangeKey():
            return ChangeKey()
        case wire.Engineer():
            return Engineer(action_from(order.action), order.value, order.manufacturer_code, order.subclass)
        case wire.Give():
            return Give(action_from(order.action), order.units, words_of("reason", order.reason))


def buy_from(order: wire.Buy) -> Buy:
    """A purchase, for money or by units and not both."""
    currency = order.currency or None
    match order.money, order.units:
        case (UnsetType(), int(units)):
            return Buy(units=units, currency=currency)
        case (int() | str() as money, UnsetType()):
            return Buy(money=money_from(money, order.currency), currency=currency)
        case _:
            raise InputError("order", "a purchase is either for money or by units", "give one of the two")


def money_from(money: int | str, currency: str | UnsetType) -> int:
    """Minor units. What is written in major units needs its currency, which says how many minor ones they are."""
    if isinstance(money, int):
        return money
    if currency is UNSET or currency not in CURRENCIES:
        remedy = "give the currency beside it (ISO 4217), or a whole number of minor units"
        raise InputError("money", f"{shown(money)} could be any currency", remedy)
    return CURRENCIES[currency].parse(money)


def action_from(name: str) -> EngineeringAction:
    """The engineering action of this name."""
    try:
        return EngineeringAction(name)
    except ValueError as error:
        known = ", ".join(sorted(EngineeringAction))
        raise InputError("action", f"{shown(name)} is none", f"one of: {known}") from error


# ------------------------------------------------------------------------------------------------------------- answers


def sale_out(sold: Sold) -> wire.SaleOut:
    """A sale as it is answered."""
    return wire.SaleOut(
        id=sold.id,
        at=sold.at,
        kind=sold.kind,
        message_id=sold.message_id,
        meter=sold.meter,
        currency=sold.currency,
        tender=sold.tender,
        units=sold.units,
        free_units=sold.free_units,
        lines=lines_out(sold.lines),
        tokens=[
            wire.TokenOut(kind=it.kind, units=it.units, digits=it.token.digits if it.token else None)
            for it in sold.tokens
        ],
        warnings=list(sold.warnings),
        released=sold.released,
        reversed=sold.reversed,
        repeated=sold.repeated,
    )


def offer_out(offer: Offer) -> wire.OfferOut:
    """A trial quote as it is answered."""
    limits = offer.payable
    return wire.OfferOut(
        meter=offer.meter,
        currency=offer.currency,
        tender=offer.tender,
        units=offer.units,
        free_units=offer.free_units,
        lines=lines_out(offer.lines),
        payable=wire.PayableOut(minimum=limits.minimum, maximum=limits.maximum) if limits else None,
        owed=offer.owed,
        free_due=offer.free_due,
        warnings=list(offer.warnings),
    )


def lines_out(lines: Iterable[Line]) -> list[wire.LineOut]:
    """The lines of a receipt."""
    return [
        wire.LineOut(
            kind=it.kind, name=it.name, label=it.label, amount=it.amount, base=it.base,
            rate=None if it.rate is None else rate_out(it.rate.numerator, it.rate.denominator),
        )
        for it in lines
    ]  # fmt: skip


@lru_cache(1 << 12)
def rate_out(numerator: int, denominator: int) -> str:
    """A rate as a decimal, or as a fraction where no decimal says it exactly."""
    context = EXACT.copy()
    value = context.divide(numerator, denominator)
    return f"{numerator}/{denominator}" if context.flags[Inexact] else f"{value:f}"


def verdict_out(verdict: Verdict) -> wire.VerdictOut:
    """What is known of twenty digits, as it is answered."""
    first = next(iter(verdict.readings), None)
    origin = verdict.origin
    return wire.VerdictOut(
        meter=verdict.meter,
        readable=first is not None,
        issued=origin is not None,
        withheld=verdict.is_withheld,
        key=first.status if first else None,
        content=type(first.token).__name__ if first else None,
        origin=wire.OriginOut(
            sale_id=origin.sale_id, at=origin.at, order=origin.order, vendor=origin.vendor, terminal=origin.terminal,
            kind=origin.kind, units=origin.units, tender=origin.tender, currency=origin.currency,
            reversed=origin.is_reversed,
        )
        if origin
        else None,
    )  # fmt: skip
