"""Tariffs as utilities published them, with their own worked examples."""

from datetime import UTC, datetime, time
from fractions import Fraction
from pathlib import Path

import pytest

from umbane.pricing import CustomerState, LineKind, Tariff, load_book, load_tariff, price_of, quote
from umbane.pricing.examples import recompute

FILES = sorted((Path(__file__).parents[2] / "examples" / "tariffs").glob("*.yaml"))
TARIFFS = {path.stem: load_tariff(path) for path in FILES}
EXAMPLES = [(stem, it) for stem, tariff in TARIFFS.items() for it in tariff.document.examples]


@pytest.mark.parametrize("stem", TARIFFS)
def test_published_examples(stem: str) -> None:
    """Every worked example in the file is reproduced."""
    assert [it for it in recompute(TARIFFS[stem]) if it.differences] == []


@pytest.mark.parametrize("stem", TARIFFS)
def test_sources(stem: str) -> None:
    """Every file names its sources with the day they were read, and has a worked example."""
    document = TARIFFS[stem].document
    assert all(source.title and source.retrieved >= document.valid_from for source in document.sources)
    assert document.examples


def test_how_many() -> None:
    """There are at least eight tariffs from five countries."""
    assert len({tariff.id for tariff in TARIFFS.values()}) >= 8
    assert len({tariff.document.country for tariff in TARIFFS.values()}) >= 5


def noon(tariff: Tariff) -> datetime:
    """Noon on the first day of a tariff."""
    return datetime.combine(tariff.valid_from, time(12), tariff.zone)


@pytest.mark.parametrize("stem", TARIFFS)
def test_money_and_back(stem: str) -> None:
    """Under every published tariff, the money asked for 20 units buys 20 units, line by line."""
    tariff = TARIFFS[stem]
    sale = quote(tariff, CustomerState(), at=noon(tariff), units=200)
    assert sale.units == 200
    assert sum(line.amount for line in sale.lines) == sale.tender


def exact(tariff: Tariff, purchased: int, units: int) -> Fraction:
    """The exact price in major units."""
    return price_of(tariff, at=noon(tariff), purchased=purchased, units=units) / tariff.currency.minor_units


@pytest.mark.parametrize(
    ("stem", "thirty", "three_hundred", "next_one"),
    [
        ("gh-ecg-2025-05", "26.582631", "564.734931", "2.4400866"),
        ("gh-ecg-2025-07", "27.182202", "578.318991", "2.49991665"),
    ],
)
def test_ghana_to_every_digit(stem: str, thirty: str, three_hundred: str, next_one: str) -> None:
    """Ghana's published totals are met to every digit, the step from lifeline to other residential included."""
    tariff = TARIFFS[stem]
    service = Fraction("2.13")
    assert exact(tariff, 0, 300) + service == Fraction(thirty)
    assert exact(tariff, 0, 3_000) + service == Fraction(three_hundred)
    assert exact(tariff, 3_000, 10) == Fraction(next_one)


def test_the_edge_in_ghana() -> None:
    """In May 2025 crossing 30 kWh costs 39.5486595, and money below the edge buys no more than 30 kWh and is kept."""
    tariff = TARIFFS["gh-ecg-2025-05"]
    assert exact(tariff, 300, 1) - Fraction("1.84668015") / 10 == Fraction("39.5486595")
    at = datetime(2025, 5, 20, 12, tzinfo=UTC)
    sale = quote(tariff, CustomerState(), at=at, money=6_000)
    assert sale.units == 300
    assert sale.state.credit == 6_000 - 2_659  # 26.582631, and the part of a pesewa is rounding
    assert quote(tariff, sale.state, at=at, money=6_700 - 6_000).units > 0


def test_zimbabwe_bought_in_five() -> None:
    """The first three of five purchases of 50.00 in 2019 buy the published whole units: 82, 54, 54."""
    tariff = TARIFFS["zw-zetdc-2019-10"]
    state, bought = CustomerState(), []
    for _ in range(3):
        sale = quote(tariff, state, at=datetime(2019, 11, 2, 12, tzinfo=UTC), money=5_000)
        state = sale.state
        bought.append(sale.units // 10)
    assert bought == [82, 54, 54]


def test_kenya_in_one_month() -> None:
    """Kenya's second purchase of the month takes up where the first left: no fixed charge, the first block used up."""
    tariff = TARIFFS["ke-kplc-2014"]
    at = datetime(2014, 11, 20, 12, tzinfo=UTC)
    first = quote(tariff, CustomerState(), at=at, money=50_000)
    second = quote(tariff, first.state, at=at, money=50_000)
    assert (first.units, second.units) == (323, 313)
    assert second.amount("fixed") == 0
    assert second.amount("first") == 4_425


def test_books_of_versions() -> None:
    """Files of one tariff make a book."""
    ghana = load_book(path for path in FILES if path.stem.startswith("gh-"))
    assert ghana.at(datetime(2025, 7, 1, 0, 30, tzinfo=UTC)).version == "2025-07"
    zimbabwe = load_book(path for path in FILES if path.stem.startswith("zw-"))
    assert zimbabwe.at(datetime(2020, 11, 28, 22, 30, tzinfo=UTC)).version == "2020-11-29"


def test_free_units_in_ethekwini() -> None:
    """A household on the register gets 65 kWh with its first purchase of the month, and may buy 85 more."""
    tariff = TARIFFS["za-ethekwini-2014-indigent"]
    at = datetime(2014, 7, 10, 12, tzinfo=UTC)
    sale = quote(tariff, CustomerState(free_from=tariff.valid_from), at=at, money=2_000)
    assert [line.base for line in sale.lines if line.kind is LineKind.FREE] == [650]
    assert quote(tariff, sale.state, at=at, units=850 - sale.units).state.purchased == 1_500
