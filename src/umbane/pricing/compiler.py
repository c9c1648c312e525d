"""A tariff document → a tariff ready for quoting."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from umbane.pricing import document as doc
from umbane.pricing.card import CardMaker, blocks_of
from umbane.pricing.currency import LARGEST_AMOUNT
from umbane.pricing.fields import MILLION
from umbane.pricing.periods import Period, month_number, month_start
from umbane.pricing.rates import RateCard
from umbane.pricing.rounding import MONEY_RULES, UNIT_RULES
from umbane.pricing.tariff import (
    LARGEST_TOKEN,
    Bounds,
    DebtRule,
    FixedCharge,
    FreeUnits,
    Missing,
    Step,
    Tariff,
    TenderShare,
)

__all__ = ["compile_tariff"]


def compile_tariff(document: doc.TariffDocument) -> Tariff:
    """Compile a document in which all is well: `umbane.pricing.checks` has found nothing wrong."""
    days = _change_days(document)
    return Tariff(
        document=document,
        period=Period(document.period.kind, document.period.days or 0),
        days=days,
        cards=tuple(_card_on(document, day) for day in days) if blocks_of(document) else (),
        steps=tuple(_steps(document)),
        charges={charge.name: _fixed(charge) for charge in document.charges if charge.percent is None},
        collects_arrears="arrears" in document.order,
        tender_shares=dict(_tender_shares(document)),
        debts={rule.name: _debt_rule(document, place) for place, rule in enumerate(document.arrears)},
        free_units=_free(document.free_units),
        bounds=_bounds(document),
        money_rule=MONEY_RULES[document.rounding.money],
        unit_rule=UNIT_RULES[document.rounding.units],
        currency=document.currency,
        zone=document.time_zone,
    )


def _change_days(document: doc.TariffDocument) -> tuple[date, ...]:
    """The days on which any price changes."""
    months = (
        month_number(month) + surcharge.lag_months + after
        for surcharge in document.surcharges
        for month in surcharge.values or ()
        for after in (0, 1)
    )
    changes = {month_start(month) for month in months}
    return tuple(sorted({document.valid_from, *(day for day in changes if day > document.valid_from)}))


def _card_on(document: doc.TariffDocument, day: date) -> RateCard | Missing:
    values: dict[str, Fraction] = {}
    for surcharge in document.surcharges:
        month = month_start(month_number(day) - surcharge.lag_months)
        value = _value_of(surcharge, month)
        if value is None:
            return Missing(surcharge.name, surcharge.lag_months)
        values[surcharge.name] = -value if surcharge.rebate else value
    return CardMaker(document, values).make()


def _value_of(surcharge: doc.Surcharge, month: date) -> Fraction | None:
    if surcharge.values is None:
        return surcharge.value
    if surcharge.carry_forward:
        return max(
            ((known, value) for known, value in surcharge.values.items() if known <= month), default=(None, None)
        )[1]
    return surcharge.values.get(month)


# ------------------------------------------------------------------------------------------------ everything else


def _millionths(ratio: Fraction) -> int:
    """A share of money in millionths, rounded down where taxes make it longer than that."""
    return int(ratio * MILLION)


def _minor(document: doc.TariffDocument, amount: Fraction | None) -> int | None:
    """Whole minor units, or None where nothing is declared."""
    return None if amount is None else int(amount * document.currency.minor_units)


def _steps(document: doc.TariffDocument) -> Iterator[Step]:
    """The declared order before energy; what stands under the ceiling makes one step."""
    capped = document.ceiling.of if document.ceiling else []
    for name in document.order[:-1]:
        if name not in capped:
            yield Step((name,), MILLION)
        elif name == capped[0] and document.ceiling:
            yield Step(tuple(capped), _millionths(document.ceiling.percent))


def _fixed(charge: doc.Charge) -> FixedCharge:
    return FixedCharge(charge.name, charge.every, charge.per_kilowatt, charge.accrues, charge.at_most)


def _tender_shares(document: doc.TariffDocument) -> Iterator[tuple[str, TenderShare]]:
    maker = CardMaker(document, {surcharge.name: Fraction(0) for surcharge in document.surcharges})
    for it in document.charges:
        if it.percent is not None:
            gross = maker.charge(it).gross
            yield it.name, TenderShare(it.name, it.label, it.percent, _millionths(gross), is_tax=False)
    for tax in document.taxes:
        if tax.on == ["tender"]:
            yield tax.name, TenderShare(tax.name, tax.label, tax.percent, _millionths(tax.percent), is_tax=True)


def _debt_rule(document: doc.TariffDocument, place: int) -> DebtRule:
    rule = document.arrears[place]
    return DebtRule(
        priority=place,
        label=rule.label,
        share=MILLION if rule.percent is None else _millionths(rule.percent),
        instalment=_minor(document, rule.instalment),
        at_most_per_purchase=_minor(document, rule.at_most_per_purchase),
        at_most_per_period=_minor(document, rule.at_most_per_period),
    )


def _free(free: doc.FreeUnits | None) -> FreeUnits | None:
    if free is None:
        return None
    return FreeUnits(free.units, free.label, free.claim == "with-purchase", free.counts_toward_blocks)


def _bounds(document: doc.TariffDocument) -> Bounds:
    purchase, period = document.limits.purchase, document.limits.period
    return Bounds(
        min_money=max(_minor(document, purchase.min_money) or 0, 1),
        max_money=_minor(document, purchase.max_money) or LARGEST_AMOUNT,
        min_units=purchase.min_units,
        max_units=min(purchase.max_units or LARGEST_TOKEN, LARGEST_TOKEN),
        period_money=_minor(document, period.max_money),
        period_units=period.max_units,
        hours_of_load=period.hours_of_load,
    )
