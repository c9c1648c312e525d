"""Readings with names."""

import pytest

from tests.meter.face.support import OURS, meter_of, new_face, type_keys
from tests.meter.support import HOUR, KEY, MINUTE, START, Till, another_key, config, new_meter
from umbane.meter import ClockPlan, CollectionPlan, Form, Load, Meter, MeterConfig, MeterTariff, Tamper
from umbane.meter.face import Item, Look, read
from umbane.meter.face.items import NOTHING
from umbane.sts import SGC, DecoderKey, Service


def reading(meter: Meter, item: Item) -> str:
    """A reading of a meter."""
    return read(item, Look(meter))


def lived(made: MeterConfig | None = None) -> Meter:
    """A meter with 10 kWh less one hour of 1234 W."""
    meter = new_meter(made)
    meter.enter(Till().kwh(10))
    meter.advance(HOUR, Load.of(1234))
    return meter


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (Item.CREDIT, "8.7 kWh"),
        (Item.FINE_CREDIT, "8.76 kWh"),
        (Item.TIME_LEFT, "07:06"),
        (Item.TOTAL_ENERGY, "1.2 kWh"),
        (Item.EXPORTED_ENERGY, "0.0 kWh"),
        (Item.POWER, "1234 W"),
        (Item.VOLTAGE, "230 V"),
        (Item.CURRENT, "5.36 A"),
        (Item.METER_NUMBER, "0000 0000 000"),
        (Item.SUPPLY_GROUP, NOTHING),
        (Item.KEY, "KRN 1 KT 2"),
        (Item.TARIFF_INDEX, "01"),
        (Item.KEY_EXPIRY, "255"),
        (Item.ALGORITHM, "07"),
        (Item.SOFTWARE, "Umbane virtual meter 1"),
        (Item.POWER_LIMIT, NOTHING),
        (Item.UNBALANCE_LIMIT, NOTHING),
        (Item.SWITCH, "closed"),
        (Item.TAMPER, "0"),
        (Item.RATE, "1"),
        (Item.PRICE, "0.0000 per kWh"),
        (Item.DEBT, "0.0 kWh"),
        (Item.CHARGES, "0.0 kWh"),
        (Item.EMERGENCY, NOTHING),
        (Item.WARNING_LEVEL, NOTHING),
        (Item.DATE, "02.03.2026"),
        (Item.TIME, "01:00"),
        (Item.BATTERY, "1825 d"),
        (Item.OUTAGES, "0"),
        (Item.LAST_TOKEN, NOTHING),
        (Item.LAST_CREDIT, NOTHING),
        (Item.LAST_DATE, NOTHING),
        (Item.LAST_TIME, NOTHING),
        (Item.LAST_TID, NOTHING),
    ],
)
def test_readings(item: Item, value: str) -> None:
    """Every reading of a plain meter after an hour of 1234 W is what it should be."""
    assert reading(lived(), item) == value


def test_every_reading_is_tested() -> None:
    """The table above leaves none out."""
    tested = test_readings.pytestmark[0].args[1]  # type: ignore[attr-defined]  # what parametrize puts there
    assert [item for item, _ in tested] == list(Item)


@pytest.mark.parametrize(
    ("payer", "item", "value"),
    [
        (4, Item.CREDIT, "10.00"),
        (4, Item.TIME_LEFT, "1 d 16:00"),
        (4, Item.PRICE, "0.2500 per kWh"),
        (4, Item.EMERGENCY, "up to 0.00"),
        (3, Item.CREDIT, "1 d 00:00"),
        (3, Item.TIME_LEFT, "1 d 00:00"),
        (3, Item.WARNING_LEVEL, "5:00 min"),
    ],
)
def test_readings_of_other_modes(payer: int, item: Item, value: str) -> None:
    """A meter in currency shows money, and one in time shows time; both say how long it lasts."""
    meter, till = meter_of(payer), Till()
    meter.enter(till.money(1_000_000) if payer == 4 else till.credit(14_400, Service.TIME))
    meter.advance(0 * HOUR, Load.of(1000))
    assert reading(meter, item) == value


def test_a_meter_that_is_not_paid_in_advance() -> None:
    """A meter without a paying register shows what was used, and nothing about credit."""
    meter = new_meter(config(paid_by=()))
    meter.advance(HOUR, Load.of(1500))
    assert reading(meter, Item.CREDIT) == "1.5 kWh"
    nothing = (Item.TIME_LEFT, Item.DEBT, Item.CHARGES, Item.EMERGENCY, Item.WARNING_LEVEL)
    assert {reading(meter, item) for item in nothing} == {NOTHING}


def test_no_forecast_without_use() -> None:
    """Where nothing is used or nothing is left, nothing is foretold."""
    meter = new_meter()
    assert reading(meter, Item.TIME_LEFT) == NOTHING
    meter.enter(Till().kwh(10))
    assert reading(meter, Item.TIME_LEFT) == NOTHING


@pytest.mark.parametrize(("watts", "shown"), [(1, "416 d 16:00"), (60_000, "10:00 min")])
def test_forecasts_are_short_or_long(watts: int, shown: str) -> None:
    """A forecast is given in days and hours, or in minutes when it is close."""
    meter = new_meter()
    meter.enter(Till().kwh(10))
    meter.advance(0 * HOUR, Load.of(watts))
    assert reading(meter, Item.TIME_LEFT) == shown


def test_a_forecast_ends_somewhere() -> None:
    """Credit for thousands of years is shown as 999 days."""
    meter = new_meter()
    meter.enter(Till().kwh(1_000_000))
    meter.advance(0 * HOUR, Load.of(1))
    assert reading(meter, Item.TIME_LEFT) == "999 d 00:00"


def test_a_new_tariff() -> None:
    """The price is that of the tariff which was set last."""
    meter = meter_of(4)
    meter.set_tariff(MeterTariff(prices=(31_000,)))
    assert reading(meter, Item.PRICE) == "0.3100 per kWh"


def test_limits_and_owing() -> None:
    """Limits, debt, charges and warnings are shown in their units once they are there."""
    made = config(
        power_limit=3000, unbalance_limit=700, low_credit=(50,), collection=CollectionPlan(debt=100, debt_percent=10)
    )
    meter = lived(made)
    wanted = {
        Item.POWER_LIMIT: "3000 W",
        Item.UNBALANCE_LIMIT: "700 W",
        Item.WARNING_LEVEL: "5.0 kWh",
        Item.DEBT: "9.0 kWh",
        Item.CREDIT: "7.7 kWh",
    }
    assert {item: reading(meter, item) for item in wanted} == wanted


def test_emergency_credit_in_use() -> None:
    """Emergency credit is offered, and then in use."""
    meter = meter_of()
    assert reading(meter, Item.EMERGENCY) == "up to 3.0 kWh"
    assert meter.take_emergency_credit()
    assert reading(meter, Item.EMERGENCY) == "in use 3.0 kWh"


def test_why_the_switch_is_open() -> None:
    """The load switch says why it is open; without mains it says that."""
    meter = lived()
    meter.sense(Tamper.TERMINAL_COVER, present=True)
    assert reading(meter, Item.SWITCH) == "open: tamper"
    assert reading(meter, Item.TAMPER) == "2: terminal cover"


def test_without_power() -> None:
    """Without mains there is no voltage, no current, and the switch says why nothing comes through."""
    meter = lived()
    meter.cut_power()
    assert [reading(meter, item) for item in (Item.VOLTAGE, Item.SWITCH)] == ["0 V", "open: no power"]


def test_outages_are_counted() -> None:
    """Each power cut counts."""
    meter = lived()
    for _ in range(3):
        meter.cut_power()
        meter.return_power()
    assert reading(meter, Item.OUTAGES) == "3"


def test_three_phases() -> None:
    """A meter with three phases shows the current of each."""
    meter = new_meter(config(form=Form.THREE_PHASE))
    meter.enter(Till().kwh(10))
    meter.advance(MINUTE, Load((230, 0, 460)))
    assert reading(meter, Item.CURRENT) == "1.00 0.00 2.00 A"


def test_the_supply_group_when_it_is_known() -> None:
    """A key that brought its supply group shows it with all six digits."""
    key: DecoderKey = another_key(KEY, sgc=SGC(42))
    assert reading(new_meter(key=key), Item.SUPPLY_GROUP) == "000042"


def test_a_lost_clock() -> None:
    """A meter that lost the time shows none."""
    meter = new_meter(config(clock=ClockPlan(battery_hours=1)))
    meter.cut_power()
    meter.advance(2 * HOUR, Load.of(0))
    meter.return_power()
    assert [reading(meter, item) for item in (Item.DATE, Item.TIME)] == [NOTHING, NOTHING]


def test_local_time() -> None:
    """The clock is shown in the local time of its zone."""
    assert reading(new_meter(config(clock=ClockPlan(zone_minutes=120))), Item.TIME) == "02:00"


def test_last_tokens() -> None:
    """The last five credit tokens can be shown again, the latest first, with amount, moment and identifier."""
    face, meter, till = new_face(), meter_of(), Till()
    tokens = [till.kwh(number) for number in range(1, 7)]
    for token in tokens:
        face = type_keys(face, meter, token.digits).face
    looks = [Look(meter, face.recent, nth) for nth in range(1, 7)]
    assert [read(Item.LAST_TOKEN, look) for look in looks] == [*[t.grouped for t in tokens[:0:-1]], NOTHING]
    assert [read(Item.LAST_CREDIT, look) for look in looks[:2]] == ["6.0 kWh", "5.0 kWh"]
    assert read(Item.LAST_TID, looks[0]) == str(till.minute)
    assert (read(Item.LAST_DATE, looks[0]), read(Item.LAST_TIME, looks[0])) == ("02.03.2026", "00:00")


def test_only_credit_is_remembered() -> None:
    """Neither a rejected token nor one that isn't credit is among the last tokens."""
    face, meter, till = new_face(), meter_of(), Till()
    token = till.kwh(1)
    for digits in (till.power_limit(1000).digits, "1" * 20, token.digits, token.digits):
        face = type_keys(face, meter, digits).face
    assert len(face.recent) == 1


def test_digits_of_last_tokens_are_in_no_repr() -> None:
    """What is remembered of a token doesn't show its digits by accident."""
    token = Till().kwh(1)
    face = type_keys(new_face(), meter_of(), token.digits).face
    assert token.digits not in repr(face)
    assert START.year == 2026
    assert OURS.find("30") is not None
