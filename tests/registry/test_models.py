"""Values that are what they say they are."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from tests.registry.town import NEXT_KEY, TARIFF, meter, new_id, utility
from umbane.registry import (
    LEGAL_MOVES,
    ApiKeyLimits,
    Contract,
    Customer,
    KeyPhase,
    MeterState,
    Operator,
    RegistryInputError,
    Role,
    Scope,
    ServicePoint,
    Terminal,
    Vendor,
)

ID = new_id()


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: utility("Sea View"), "code"),
        (lambda: utility("seaview", name="Sea\nview"), "name"),
        (lambda: utility("seaview", languages=()), "languages"),
        (lambda: utility("seaview", languages=("English",)), "language"),
        (lambda: Customer(ID, ""), "name"),
        (lambda: Customer(ID, " Thandi"), "name"),
        (lambda: Customer(ID, "Thandi", phone="082 123 4567"), "phone"),
        (lambda: Customer(ID, "Thandi", email="nobody"), "email"),
        (lambda: Customer(ID, "Thandi", id_number="=1"), "id_number"),
        (lambda: Customer(ID, "Thandi", language="EN"), "language"),
        (lambda: ServicePoint(ID, ""), "address"),
        (lambda: ServicePoint(ID, "12 Church St", pole="P\t4"), "pole"),
        (lambda: ServicePoint(ID, "12 Church St", feeder="@F"), "feeder"),
        (lambda: ServicePoint(ID, "12 Church St", transformer=" T"), "transformer"),
        (lambda: Contract(ID, ID, ID, "7 0", TARIFF, date(2026, 1, 1)), "account"),
        (lambda: Contract(ID, ID, ID, "70", TARIFF, date(2026, 1, 2), date(2026, 1, 1)), "closed"),
        (lambda: meter(1, state=MeterState.INSTALLED), "state"),
        (lambda: meter(1, service_point_id=ID), "state"),
        (lambda: meter(1, contract_id=ID), "contract"),
        (lambda: meter(1, pending=NEXT_KEY), "pending"),
        (lambda: meter(1, key_phase=KeyPhase.ISSUED), "pending"),
        (lambda: meter(1, model="\u202ex"), "model"),
        (lambda: Vendor(ID, "", "Shop"), "code"),
        (lambda: Vendor(ID, "V-1", "Shop "), "name"),
        (lambda: Vendor(ID, "V-1", "Shop", -1), "credit_limit"),
        (lambda: Terminal(ID, ID, "T 1"), "code"),
        (lambda: Operator(ID, "thandi m", "Thandi", frozenset()), "name"),
        (lambda: Operator(ID, "thandi", "", frozenset({Role.CASHIER})), "full_name"),
        (lambda: ApiKeyLimits(requests_per_minute=0), "requests_per_minute"),
        (lambda: ApiKeyLimits(money_per_sale=-5), "money_per_sale"),
        (lambda: ApiKeyLimits(money_per_day=True), "money_per_day"),
        (lambda: Scope(ID, ""), "by"),
    ],
)
def test_what_cannot_be(make: Callable[[], object], field: str) -> None:
    """A value that can't be is never made; the error names the field."""
    with pytest.raises(RegistryInputError) as error:
        make()
    assert error.value.field == field


def test_scrapped_is_for_ever() -> None:
    """Every state of a meter has its ways out, but the last."""
    assert set(LEGAL_MOVES) == set(MeterState)
    assert [it for it in MeterState if not LEGAL_MOVES[it]] == [MeterState.SCRAPPED]
    assert all(it not in LEGAL_MOVES[it] for it in MeterState)


def test_what_is_not_shown() -> None:
    """What is private or secret is in no representation of a value."""
    customer = Customer(ID, "Thandi", "+27821234567", "thandi@example.org", "8001015009087")
    operator = Operator(ID, "thandi", "Thandi", frozenset(), None, "$argon2id$hash", b"sealed secret")
    shown = repr(customer) + repr(operator) + repr(ServicePoint(ID, "12 Church St"))
    assert [it for it in ("8212345", "example.org", "5009087", "argon2id", "sealed") if it in shown] == []


def test_values_stay() -> None:
    """A value is changed by making another."""
    customer = Customer(ID, "Thandi")
    with pytest.raises(AttributeError):
        customer.name = "Lerato"  # type: ignore[misc] # that is what is tested
    assert replace(customer, name="Lerato").id == ID
