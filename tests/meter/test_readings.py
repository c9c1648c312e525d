"""What test/display tokens show."""

from dataclasses import replace

import pytest

from tests.meter.support import HOUR, KEY, LONG_KEY, Till, config, new_meter, with_credit
from umbane.meter import Load, MeterTariff, Tamper, TokenResult
from umbane.meter.readings import READERS
from umbane.sts import KEN, KRN, SGC, TI, Control, Flag, InitiateTest, encode

READ_FLAG = 0xFC0000000
"""The field of a ReadFlag token (STS 202-5)."""


def shown(control: int, **fields: object) -> dict[str, str]:
    """What a meter with some credit and load shows, label by label."""
    meter, _ = with_credit(config(**fields))
    meter.advance(HOUR, Load.of(1234))
    outcome = meter.enter(encode(InitiateTest(control)))
    assert outcome.accepted
    assert [reading.test for reading in outcome.readings] == list(InitiateTest(control).tests)
    return {reading.label: reading.value for reading in outcome.readings}


@pytest.mark.parametrize(
    ("control", "label", "value"),
    [
        (Control.TEST_LOAD_SWITCH, "load switch", "passed"),
        (Control.TEST_DISPLAY, "display", "passed"),
        (Control.DISPLAY_REGISTER_TOTALS, "total", "1.234 kWh"),
        (Control.DISPLAY_KRN_AND_KT, "KRN, KT", "1 2"),
        (Control.DISPLAY_TI, "TI", "01"),
        (Control.TEST_TOKEN_READER, "keypad", "passed"),
        (Control.DISPLAY_MAXIMUM_POWER_LIMIT, "power limit", "none"),
        (Control.DISPLAY_TAMPER_STATUS, "tamper", "0"),
        (Control.DISPLAY_POWER_CONSUMPTION, "power", "1234 W"),
        (Control.DISPLAY_SOFTWARE_VERSION, "software", "Umbane virtual meter 1"),
        (Control.DISPLAY_PHASE_POWER_UNBALANCE_LIMIT, "unbalance limit", "none"),
        (Control.DISPLAY_WATER_METER_FACTOR, "water factor", "none"),
        (Control.DISPLAY_TARIFF_RATE, "tariff rate", "1: 0"),
        (Control.DISPLAY_EA, "EA", "07"),
        (Control.DISPLAY_KCT_COUNT, "key change tokens", "3"),
        (Control.DISPLAY_SGC, "SGC", "000000"),
        (Control.DISPLAY_KEN, "KEN", "255"),
        (Control.DISPLAY_DRN, "DRN", "00000000000"),
    ],
)
def test_each(control: Control, label: str, value: str) -> None:
    """Each test of the table shows what it is for."""
    assert shown(control) == {label: value}


def test_the_rest_of_the_register() -> None:
    """Limits, tamper, tariff and a long key are shown as they are."""
    key = replace(LONG_KEY, krn=KRN(9), ti=TI(99), ken=KEN(85), sgc=SGC(42))
    meter = new_meter(config(power_limit=9200, unbalance_limit=0, tariff=MeterTariff((77,))), key)
    meter.sense(Tamper.METER_COVER, present=True)
    outcome = meter.enter(encode(InitiateTest.everything()))
    values = {reading.label: reading.value for reading in outcome.readings}
    expected = {
        "KRN, KT": "9 2",
        "TI": "99",
        "KEN": "85",
        "SGC": "000042",
        "EA": "11",
        "key change tokens": "4",
        "power limit": "9200 W",
        "unbalance limit": "0 W",
        "tamper": "4",
        "tariff rate": "1: 77",
    }
    assert expected.items() <= values.items()


def test_everything() -> None:
    """Test number 0 shows all of the table, for meters of both lengths of manufacturer code."""
    for digits in (2, 4):
        outcome = new_meter().enter(encode(InitiateTest.everything(code_digits=digits)))
        assert [reading.test for reading in outcome.readings] == list(Control)
    assert list(READERS) == list(Control)


@pytest.mark.parametrize("control", [0, 1 << 18, 1 << 35])
def test_nothing_to_show(control: int) -> None:
    """A token that asks only for what is reserved is a FunctionError."""
    outcome = new_meter().enter(encode(InitiateTest(control)))
    assert (outcome.result, outcome.readings) == (TokenResult.FUNCTION_ERROR, ())


def test_flags() -> None:
    """A ReadFlag token shows every flag by its name, on or off."""
    meter = new_meter()
    meter.enter(Till().flag(Flag.CTS_TEST, on=True))
    outcome = meter.enter(encode(InitiateTest(READ_FLAG, subclass=2)))
    on = [reading.label for reading in outcome.readings if reading.value == "on"]
    assert on == ["cts test", "detect tamper", "disconnect on tamper", "disconnect on power limit"]
    assert {reading.test for reading in outcome.readings} == {None}


@pytest.mark.parametrize("field", [0, 1, READ_FLAG >> 1])
def test_other_extended_reads(field: int) -> None:
    """Other tokens of STS 202-5 are a FunctionError."""
    assert new_meter().enter(encode(InitiateTest(field, subclass=2))).result is TokenResult.FUNCTION_ERROR


def test_again_and_again() -> None:
    """Test tokens can be entered again and again, under any key, and change nothing."""
    meter = new_meter()
    token = encode(InitiateTest(Control.DISPLAY_TI))
    assert [meter.enter(token).result for _ in range(3)] == ["Accept"] * 3
    assert meter.key == KEY
