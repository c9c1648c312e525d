"""Tariffs as data: what a purchase costs, line by line, exactly.

::

    tariff = load_tariff("examples/tariffs/za-tshwane-2025.yaml")
    sale = quote(tariff, CustomerState(), at=datetime(2026, 3, 12, 9, 0, tzinfo=UTC), money=20_000)
    sale.units        # 584: 58.4 kWh
    sale.lines        # they sum to the 200.00 tendered
    sale.state        # the customer after the sale: hand it to the next quote

A quote is a pure function: no clock, no memory. Money is counted in minor units, energy in tenths of a unit.
"""

from umbane.pricing.currency import CURRENCIES, Currency
from umbane.pricing.errors import (
    AboveMaximum,
    BelowMinimum,
    MissingValue,
    NotInForce,
    Payable,
    PricingError,
    Problem,
    StateError,
    TariffFileError,
    TenderRefused,
    TimeOfUseOnly,
)
from umbane.pricing.loader import load_book, load_tariff, load_tariff_text
from umbane.pricing.quotes import Line, LineKind, Quote
from umbane.pricing.quoting import claim_free_units, free_units_due, payable, price_of, quote
from umbane.pricing.state import Arrears, CustomerState
from umbane.pricing.tariff import Tariff, TariffBook
from umbane.pricing.time_of_use import Rates, Register, rates

__all__ = [
    "CURRENCIES",
    "AboveMaximum",
    "Arrears",
    "BelowMinimum",
    "Currency",
    "CustomerState",
    "Line",
    "LineKind",
    "MissingValue",
    "NotInForce",
    "Payable",
    "PricingError",
    "Problem",
    "Quote",
    "Rates",
    "Register",
    "StateError",
    "Tariff",
    "TariffBook",
    "TariffFileError",
    "TenderRefused",
    "TimeOfUseOnly",
    "claim_free_units",
    "free_units_due",
    "load_book",
    "load_tariff",
    "load_tariff_text",
    "payable",
    "price_of",
    "quote",
    "rates",
]
