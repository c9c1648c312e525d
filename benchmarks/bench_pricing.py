"""How many quotes a second: four blocks, a fixed charge, surcharges, taxes and arrears, for many customers."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from time import perf_counter

from benchmarks.result import Result
from umbane.pricing import Arrears, CustomerState, Quote, load_tariff_text, quote

__all__ = ["benchmarks"]

TARIFF = """\
format: umbane-tariff-1
id: benchmark
version: 1
title: Four blocks with taxes and arrears
utility: Umbane
country: Nowhere
currency: ZAR
time_zone: Africa/Johannesburg
valid_from: 2026-01-01
sources: [{title: made up for this benchmark, retrieved: 2026-01-01}]
energy:
  blocks: [{up_to: 100, price: 3.425}, {up_to: 400, price: 4.044}, {up_to: 650, price: 4.368}, {price: 4.709}]
charges:
  - {name: service, label: Service charge, amount: 70.00}
surcharges:
  - {name: fuel, label: Fuel, basis: unit, value: 0.0412}
taxes:
  - {name: levy, label: Levy, percent: 2.5, on: [energy]}
  - {name: vat, label: VAT, percent: 15, on: [service, energy, fuel, levy]}
arrears:
  - {name: fine, label: Fine, method: instalment, instalment: 50.00}
  - {name: loan, label: Loan, method: percent, percent: 20}
order: [arrears, service, energy]
rounding: {money: half-up, units: up}
"""
AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
TENDERS = (30_000, 45_000, 80_000, 120_000, 200_000)
CUSTOMERS = 2_000
ROUNDS = 7
"""The best counts: machines are noisy."""


def benchmarks() -> Iterator[Result]:
    """The one figure of this room."""
    tariff = load_tariff_text(TARIFF)
    customers = [customer(number) for number in range(CUSTOMERS)]
    count = CUSTOMERS * len(TENDERS)
    best = float("inf")
    for _ in range(ROUNDS):
        start = perf_counter()
        sold = 0
        for state in customers:
            for money in TENDERS:
                sold += quote(tariff, state, at=AT, money=money).units
        best = min(best, perf_counter() - start)
        assert sold > count  # every quote bought something
    check(quote(tariff, customers[0], at=AT, money=2 * TENDERS[-1]))
    yield Result("pricing.quotes", int(count / best), "quotes/s", count)


def customer(number: int) -> CustomerState:
    """One of many customers: in any block, some with a charge due, all with two debts."""
    return CustomerState(
        period_start=date(2026, 3, 1) if number % 3 else None,
        purchased=number * 37 % 7_000,
        arrears=(Arrears("fine", 10_000 + number), Arrears("loan", 50_000 + number)),
        charged_on=date(2026, 3, 1) if number % 4 else date(2026, 2, 3),
    )


def check(sale: Quote) -> None:
    """That a quote of this benchmark is a whole one: every kind of line, and the sum right."""
    assert {line.name for line in sale.lines} >= {"fine", "loan", "service", "block 4", "fuel", "levy", "vat"}
    assert sum(line.amount for line in sale.lines) == sale.tender
