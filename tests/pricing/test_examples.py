"""Worked examples in a tariff file."""

from typing import Any

import pytest

from tests.pricing.support import tariff
from umbane.pricing import PricingError
from umbane.pricing.examples import recompute

SECTIONS: dict[str, Any] = {
    "charges": [{"name": "service", "label": "Service", "amount": "10"}],
    "arrears": [{"name": "loan", "label": "Loan", "method": "all"}],
    "free_units": {"units": "50", "label": "Free"},
    "order": ["arrears", "service", "energy"],
}


def differences(**example: Any) -> tuple[str, ...]:  # noqa: ANN401 - any field
    """How one example differs from what we compute."""
    it = tariff(**SECTIONS, examples=[{"title": "one", "at": "2026-03-12", **example}])
    [found] = recompute(it)
    return found.differences


@pytest.mark.parametrize(
    "example",
    [
        {"money": "20", "units": "10"},
        {"money": "20", "charges_due": "true", "units": "5", "lines": {"service": "10"}},
        {"money": "20", "owed": {"loan": "10"}, "units": "5"},
        {"money": "20", "owed": {"service": "10"}, "units": "5"},
        {"buy": "10", "total": "20"},
        {"buy": "10", "total": "20.30", "within": "0.30"},
        {"money": "20", "entitled": "true", "free": "50"},
        {"money": "20", "purchased": "5", "lines": {"energy": "20"}},
    ],
)
def test_reproduced(example: dict[str, Any]) -> None:
    """An example that comes out as published has no differences."""
    assert differences(**example) == ()


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"money": "20", "units": "10.1"}, "10.0 kWh, published 10.1"),
        ({"buy": "10", "total": "20.30", "within": "0.29"}, "total 20, published 20.3"),
        ({"money": "20", "lines": {"energy": "19.99"}}, "energy 20, published 19.99"),
        ({"money": "20", "free": "50"}, "0.0 kWh free, published 50.0"),
    ],
)
def test_different(example: dict[str, Any], told: str) -> None:
    """What differs is told with both figures."""
    assert differences(**example) == (told,)


def test_an_impossible_example() -> None:
    """An example that can't be sold is refused as any sale would be."""
    with pytest.raises(PricingError):
        differences(money="0.10", units="0.1")
