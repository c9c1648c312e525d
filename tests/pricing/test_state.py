"""What a customer's state may hold."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from umbane.pricing import Arrears, CustomerState, StateError


def test_new_customer() -> None:
    """A new customer owes nothing, has bought nothing, and can't be changed."""
    state = CustomerState()
    assert state.purchased == state.spent == state.credit == 0
    with pytest.raises(AttributeError):
        state.credit = 5  # type: ignore[misc]  # the type checker refuses it as well


@pytest.mark.parametrize(
    "wrong",
    [
        {"purchased": -1},
        {"purchased": 1.5},
        {"purchased": True},
        {"purchased": 10**13},
        {"spent": "5"},
        {"spent": -1},
        {"credit": -1},
        {"credit": 10**4000},
        {"anniversary": 0},
        {"anniversary": 32},
        {"connected_load": 0},
        {"period_start": "2026-03-01"},
        {"charged_on": datetime(2026, 3, 1, tzinfo=UTC)},
        {"free_from": 5},
        {"unpaid_charges": (("fee", -1),)},
        {"unpaid_charges": (("fee", 1),) * 51},
        {"arrears": (Arrears("loan", 1),) * 51},
    ],
)
def test_impossible_states(wrong: dict[str, Any]) -> None:
    """A state that can't be is refused, and the error names a field and what would be right."""
    with pytest.raises(StateError) as refusal:
        CustomerState(**wrong)
    assert refusal.value.field
    assert refusal.value.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": ""},
        {"owed": -1},
        {"owed": 2.0},
        {"paid": -1},
        {"instalment": -1},
        {"percent": "101"},
        {"percent": "-1"},
        {"percent": "5e1"},
        {"percent": "nan"},
        {"percent": "12.34567"},
        {"percent": "５０"},
        {"percent": Decimal("Infinity")},
        {"percent": 101},
    ],
)
def test_impossible_debts(wrong: dict[str, Any]) -> None:
    """A debt that can't be is refused."""
    with pytest.raises(StateError):
        Arrears(**{"kind": "loan", "owed": 5, **wrong})


@pytest.mark.parametrize("percent", [0, 100, "33.3333", Decimal("12.5")])
def test_percentages(percent: Decimal | str | int) -> None:
    """A customer's own percentage may be text, a whole number or a decimal."""
    assert Arrears("loan", 5, percent=percent).percent == percent


def test_dates_are_dates() -> None:
    """Days are plain dates."""
    assert CustomerState(period_start=date(2026, 3, 1)).period_start == date(2026, 3, 1)
