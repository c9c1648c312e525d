"""Loads that can't be."""

import math

import pytest

from tests.meter.support import HOUR, KILOWATT, THREE_PHASES, config, refuses, with_credit
from umbane.meter import NO_LOAD, Load


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"watts": ()}, "watts"),
        ({"watts": (1, 2)}, "watts"),
        ({"watts": [1]}, "watts"),
        ({"watts": 1000}, "watts"),
        ({"watts": None}, "watts"),
        ({"watts": (1.0,)}, "watts"),
        ({"watts": (math.nan,)}, "watts"),
        ({"watts": (True,)}, "watts"),
        ({"watts": ("1",)}, "watts"),
        ({"watts": (10**10,)}, "watts"),
        ({"watts": (0, 0, -(10**10))}, "watts"),
        ({"watts": (1,), "power_factor": 0}, "power_factor"),
        ({"watts": (1,), "power_factor": 1001}, "power_factor"),
        ({"watts": (1,), "neutral_milliamps": -1}, "neutral_milliamps"),
        ({"watts": (1,), "lost_phases": (1,)}, "lost_phases"),
        ({"watts": (0,), "lost_phases": (2,)}, "lost_phases"),
        ({"watts": (0, 0, 0), "lost_phases": (0,)}, "lost_phases"),
    ],
)
def test_wrong_load(fields: dict[str, object], field: str) -> None:
    """A load that can't be is refused by the name of its field."""
    with refuses(field):
        Load(**fields)  # type: ignore[arg-type]  # wrong types are what is tested


def test_wrong_number_of_phases() -> None:
    """A load must have as many phases as the meter."""
    meter, _ = with_credit()
    with refuses("load"):
        meter.advance(HOUR, NO_LOAD[3])
    three, _ = with_credit(config(form=THREE_PHASES))
    with refuses("load"):
        three.advance(HOUR, KILOWATT)


def test_what_follows_from_a_load() -> None:
    """Import, export, total and unbalance are worked out once."""
    load = Load((1000, -300, 50))
    assert (load.imported, load.exported, load.total, load.unbalance) == ((1000, 0, 50), (0, 300, 0), 1050, 1300)
    assert not load.is_plain
    assert KILOWATT.is_plain


def test_equal_loads() -> None:
    """Loads are values: two of the same are equal."""
    assert Load.of(5) == Load((5,))
    assert hash(Load.of(5)) == hash(Load((5,)))


def test_current() -> None:
    """The current follows from power, voltage and power factor, whichever way it flows."""
    assert Load.of(2300).milliamps(230) == 10_000
    assert Load((-2300,), power_factor=500).milliamps(230) == 20_000
