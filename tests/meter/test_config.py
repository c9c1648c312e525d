"""Configurations, and the front of the meter."""

from dataclasses import FrozenInstanceError

import pytest

from tests.meter.support import HOUR, KEY, KILOWATT, PAN, START, Till, config, new_meter, refuses, with_credit
from umbane.errors import UmbaneError
from umbane.meter import (
    CutPower,
    Form,
    Meter,
    MeterConfig,
    MeterError,
    PassTime,
    Sense,
    Tamper,
    TokenRefusedError,
    TokenResult,
    WeekPlan,
    step,
)
from umbane.meter.actions import EnterToken
from umbane.sts import SAMPLE_TABLES, StaTables


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"pan": "600727000000000009"}, "pan"),
        ({"form": "split"}, "form"),
        ({"tct": 2}, "tct"),
        ({"software": 1}, "software"),
        ({"software": "x" * 65}, "software"),
        ({"subclasses": (8,)}, "subclasses"),
        ({"subclasses": [0]}, "subclasses"),
        ({"subclasses": (0,) * 17}, "subclasses"),
        ({"subclasses": (-1,)}, "subclasses"),
        ({"paid_by": (3,)}, "paid_by"),
        ({"paid_by": (0, 0)}, "paid_by"),
        ({"paid_by": (1,), "subclasses": (0, 1)}, "paid_by"),
        ({"paid_by": (0, 4), "subclasses": (0, 4)}, "paid_by"),
        ({"paid_by": 0}, "paid_by"),
        ({"register_limit": -1}, "register_limit"),
        ({"hardware_watts": 1.5}, "hardware_watts"),
        ({"tid_memory": 49}, "tid_memory"),
        ({"tid_memory": "50"}, "tid_memory"),
        ({"manufacturer_code": 10_000}, "manufacturer_code"),
        ({"key_change_timeout_s": 0}, "key_change_timeout_s"),
        ({"low_credit": (5, 10)}, "low_credit"),
        ({"low_credit": (5, 5)}, "low_credit"),
        ({"low_credit": 5}, "low_credit"),
        ({"friendly": WeekPlan.daily((0, 2))}, "friendly"),
        ({"volts": 0}, "volts"),
        ({"power_limit": True}, "power_limit"),
        ({"unbalance_limit": -5}, "unbalance_limit"),
        ({"log_capacity": 0}, "log_capacity"),
        ({"link_tries": 0}, "link_tries"),
    ],
)
def test_wrong_configuration(fields: dict[str, object], field: str) -> None:
    """A configuration that can't be is refused by the name of its field."""
    with refuses(field):
        MeterConfig(**{"pan": PAN} | fields)  # type: ignore[arg-type]  # wrong types are what is tested


@pytest.mark.parametrize(
    ("subclasses", "gates"),
    [((0,), (0,)), ((4,), (4,)), ((3,), (3,)), ((3, 4), (4,)), (tuple(range(8)), (0,)), ((1, 2), ()), ((), ())],
)
def test_what_pays(subclasses: tuple[int, ...], gates: tuple[int, ...]) -> None:
    """Unless it is said, supply depends on kWh, or on money, or on time, whichever there is first."""
    made = config(subclasses=subclasses)
    assert made.gates == gates
    assert made.payer == (gates[0] if gates else None)


def test_forms() -> None:
    """Forms have one phase or three."""
    assert [form.phases for form in Form] == [1, 3, 1]
    assert new_meter(config(form=Form.THREE_PHASE)).imported_wh == (0, 0, 0)


def test_configurations_are_values() -> None:
    """A configuration doesn't change, and two of the same are equal."""
    assert config(volts=120) == config(volts=120)
    with pytest.raises(FrozenInstanceError):
        config().volts = 5  # type: ignore[misc]  # the type checker refuses it as well


def test_pure_steps() -> None:
    """`step` gives the same for the same arguments and leaves its arguments alone."""
    meter, _ = with_credit()
    state = meter.state
    action = PassTime(state.time + 3_600_000, KILOWATT)
    first, second = step(meter.config, state, action), step(meter.config, state, action)
    assert first == second
    assert meter.state is state
    assert meter.advance(HOUR, KILOWATT) == first.events
    assert meter.state == first.state
    assert first.outcome is None


def test_doing_by_hand() -> None:
    """What the methods do can be done by actions too."""
    meter = new_meter()
    assert [event.kind for event in meter.do(CutPower())] == ["power cut"]
    assert meter.do(Sense(Tamper.METER_COVER, present=True))
    assert "1234" not in repr(EnterToken("1234"))


def test_tables_are_the_meters_own() -> None:
    """A meter with other EA07 tables than the till doesn't understand its tokens."""
    tables = SAMPLE_TABLES
    other = StaTables("other", tables.substitution2, tables.substitution1, tables.permutation)
    meter = Meter(config(), KEY, START, tables=other)
    assert meter.enter(Till().kwh(1)).result == "CRCError"
    assert Meter.restore(meter.snapshot(), key=KEY, tables=other).tables is other


def test_errors() -> None:
    """The errors of the room are Umbane's; that of a refused token carries its result."""
    error = TokenRefusedError(TokenResult.RANGE_ERROR)
    assert isinstance(error, MeterError)
    assert isinstance(error, UmbaneError)
    assert (error.result, str(error)) == (TokenResult.RANGE_ERROR, "RangeError")
