"""Time of use: for meters that hold it, and honest with those that don't."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from tests.pricing.support import AT, sell, tariff, text
from umbane.pricing import (
    CustomerState,
    NotInForce,
    Tariff,
    TariffFileError,
    TimeOfUseOnly,
    load_tariff_text,
    payable,
    rates,
)

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]
TIMES = [{"at": "00:00", "rate": "off-peak"}, {"at": "06:00", "rate": "peak"}, {"at": "09:30", "rate": "off-peak"}]
ALL_DAY = [{"at": "00:00", "rate": "off-peak"}]


def section(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Peak from 6:00 to 9:30 on weekdays, except on holidays."""
    return {
        "rates": [
            {"name": "peak", "label": "Peak", "price": "5.00"},
            {"name": "off-peak", "label": "Off-peak", "price": "1.25"},
        ],
        "switching": [
            {"days": WEEKDAYS, "times": TIMES},
            {"days": ["sat", "sun", "holiday"], "times": ALL_DAY},
        ],
        "holidays": ["2026-04-03"],
        **changes,
    }


def time_of_use(**changes: Any) -> Tariff:  # noqa: ANN401 - any field
    """A tariff by time of use."""
    return tariff(energy={"time_of_use": section(**changes)})


def in_force(moment: datetime, it: Tariff) -> str:
    """The register that counts."""
    return rates(it, at=moment).in_force


def test_a_token_is_refused() -> None:
    """A purchase can't know when its energy will be used, so it is refused, with the way out."""
    with pytest.raises(TimeOfUseOnly, match="declare a purchase_rate"):
        sell(time_of_use(), 1_000)
    with pytest.raises(TimeOfUseOnly):
        payable(time_of_use(), CustomerState(), at=AT)


def test_a_declared_purchase_rate() -> None:
    """Where the tariff declares the rate that tokens are sold at, they are."""
    assert sell(time_of_use(purchase_rate="peak"), 1_000).units == 20


def test_registers() -> None:
    """A meter gets the registers, their prices in minor units, and the switching of its day."""
    found = rates(time_of_use(), at=AT)
    assert [(it.name, it.label, it.price) for it in found.registers] == [
        ("peak", "Peak", Fraction(500)),
        ("off-peak", "Off-peak", Fraction(125)),
    ]
    assert found.switching == ((0, "off-peak"), (360, "peak"), (570, "off-peak"))


@pytest.mark.parametrize(
    ("moment", "register"),
    [
        (datetime(2026, 3, 12, 3, 59, tzinfo=UTC), "off-peak"),  # 05:59 in Johannesburg
        (datetime(2026, 3, 12, 4, 0, tzinfo=UTC), "peak"),
        (datetime(2026, 3, 12, 7, 29, tzinfo=UTC), "peak"),
        (datetime(2026, 3, 12, 7, 30, tzinfo=UTC), "off-peak"),
        (datetime(2026, 3, 12, 22, 30, tzinfo=UTC), "off-peak"),
        (datetime(2026, 3, 14, 5, 0, tzinfo=UTC), "off-peak"),
        (datetime(2026, 4, 3, 5, 0, tzinfo=UTC), "off-peak"),
    ],
)
def test_the_register_in_force(moment: datetime, register: str) -> None:
    """The register follows local time, weekends and holidays."""
    assert in_force(moment, time_of_use()) == register


def test_seasons() -> None:
    """Switching may differ by month; a holiday without a way of its own is an ordinary day."""
    switching = [
        {"days": [*WEEKDAYS, "sat", "sun"], "times": ALL_DAY, "months": ["6", "7", "8"]},
        {"days": [*WEEKDAYS, "sat", "sun"], "times": TIMES, "months": ["1", "2", "3", "4", "5", "9", "10", "11", "12"]},
    ]
    it = time_of_use(switching=switching)
    assert in_force(datetime(2026, 7, 7, 5, 0, tzinfo=UTC), it) == "off-peak"
    assert in_force(datetime(2026, 4, 3, 5, 0, tzinfo=UTC), it) == "peak"


def test_one_price_is_one_register() -> None:
    """A flat tariff has one register."""
    found = rates(tariff(), at=AT)
    assert (found.in_force, found.switching) == ("total", ((0, "total"),))
    assert found.registers[0].price == 200


def test_blocks_are_refused() -> None:
    """The price of a block depends on purchases: no register can hold it."""
    with pytest.raises(TimeOfUseOnly, match="no register holds"):
        rates(tariff(energy={"blocks": [{"price": "1"}]}), at=AT)


def test_outside_the_dates() -> None:
    """There are no registers outside the tariff's dates."""
    with pytest.raises(NotInForce):
        rates(time_of_use(), at=datetime(2019, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"rates": []}, "rates", "at least one rate"),
        ({"rates": [{"name": "peak", "label": "P", "price": "1"}] * 2}, "rates", "need a name each"),
        ({"purchase_rate": "noon"}, "purchase_rate", "noon is no rate; one of peak, off-peak"),
        ({"switching": []}, "switching", "mon in month 1 is switched 0 times"),
        ({"switching": [{"days": [*WEEKDAYS, "sat"], "times": TIMES}]}, "switching", "sun in month 1 is switched 0"),
        (
            {"switching": [{"days": [*WEEKDAYS, "sat", "sun"], "times": ALL_DAY}] * 2},
            "switching",
            "mon in month 1 is switched 2 times",
        ),
        (
            {
                "switching": [
                    {"days": [*WEEKDAYS, "sat", "sun", "holiday"], "times": ALL_DAY},
                    {"days": ["holiday"], "times": ALL_DAY},
                ]
            },
            "switching",
            "holidays are switched twice",
        ),
        ({"switching": [{"days": WEEKDAYS, "times": TIMES[1:]}]}, "switching[0].times", "don't rise from midnight"),
        ({"switching": [{"days": WEEKDAYS, "times": []}]}, "switching[0].times", "don't rise from midnight"),
        ({"switching": [{"days": WEEKDAYS, "times": TIMES[::-1]}]}, "switching[0].times", "don't rise"),
        (
            {"switching": [{"days": WEEKDAYS, "times": [{"at": "00:00", "rate": "noon"}]}]},
            "switching[0].times[0].rate",
            "noon is no rate",
        ),
        ({"switching": [{"days": ["monday"], "times": ALL_DAY}]}, "switching[0].days[0]", "none of the words allowed"),
        (
            {"switching": [{"days": WEEKDAYS, "times": [{"at": "24:00", "rate": "peak"}]}]},
            "switching[0].times[0].at",
            "is not a time of day",
        ),
    ],
)
def test_wrong_sections(changes: dict[str, Any], field: str, problem: str) -> None:
    """What doesn't hold together is told by field."""
    with pytest.raises(TariffFileError) as refusal:
        load_tariff_text(text(energy={"time_of_use": section(**changes)}))
    told = [f"{it.problem}; {it.remedy}" for it in refusal.value.problems if it.field == f"energy.time_of_use.{field}"]
    assert problem in " ".join(told)
