"""Credit: used by load and time, lent, warned about, and collected from."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import (
    DAY,
    HOUR,
    KILOWATT,
    MINUTE,
    SECOND,
    START,
    Till,
    after,
    config,
    kinds,
    new_meter,
    refuses,
    with_credit,
)
from umbane.meter import (
    SCALES,
    ClockPlan,
    Collection,
    CollectionPlan,
    EmergencyPlan,
    Form,
    Load,
    Meter,
    MeterConfig,
    MeterTariff,
    WeekPlan,
    least_units,
)
from umbane.sts import Service

MILLISECOND = timedelta(milliseconds=1)
FRIENDLY_NIGHTS = WeekPlan.daily((0, 1), (6 * 60, 0), (20 * 60, 1))
MONEY = (4,)
TIME = (3,)


def test_runs_out_to_the_millisecond() -> None:
    """A kWh lasts an hour at 1 kW, and the switch opens at that very instant."""
    meter, _ = with_credit(kwh=1)
    events = meter.advance(DAY, KILOWATT)
    assert kinds(events) == ["credit used up", "disconnected"]
    assert after(events, "disconnected") == HOUR
    assert (meter.credit_wh, meter.imported_wh, meter.holds.words) == (0, (1000,), "credit")


def test_no_instant_too_early() -> None:
    """Where the instant isn't a whole millisecond, the switch opens at the next one, less than a load's ms late."""
    meter, _ = with_credit(kwh=1)
    events = meter.advance(DAY * 7, Load.of(7))
    assert after(events, "disconnected") == timedelta(milliseconds=3_600_000_000 // 7 + 1)
    assert -7 < meter.state.accounts[0].balance < 0


def test_nothing_flows_when_open() -> None:
    """An open switch lets nothing through, in or out."""
    meter = new_meter()
    meter.advance(DAY, KILOWATT)
    meter.advance(DAY, Load.of(-5000))
    assert (meter.imported_wh, meter.exported_wh, meter.drawing) == ((0,), (0,), (0,))
    assert meter.tampers == ()


def test_load_is_shown_while_it_flows() -> None:
    """The meter shows the load that flows, and zero after the switch has opened."""
    meter, _ = with_credit(kwh=1)
    meter.advance(MINUTE, KILOWATT)
    assert meter.drawing == (1000,)
    meter.advance(DAY, KILOWATT)
    assert meter.drawing == (0,)


def test_new_credit_closes_the_switch() -> None:
    """The next token closes the switch, and what was used too much is paid from it."""
    meter, till = with_credit(kwh=1)
    meter.advance(DAY * 7, Load.of(7))
    overdraft = -meter.state.accounts[0].balance
    outcome = meter.enter(till.kwh(1))
    assert outcome.collected == Collection(overdraft, 0, 0, 10 * SCALES[0] - overdraft)
    assert meter.connected


def test_three_phases_are_added() -> None:
    """A three-phase meter counts each phase, charges their sum, and no phase's export pays for another's import."""
    meter, _ = with_credit(config(form=Form.THREE_PHASE), kwh=3)
    assert not meter.advance(HOUR, Load((1000, 0, 500)))
    assert (meter.imported_wh, meter.credit_wh) == ((1000, 0, 500), 1500)


def test_money_by_the_price() -> None:
    """With credit in currency the meter charges its price for each kWh, to the millijoule."""
    meter = new_meter(config(subclasses=MONEY, tariff=MeterTariff((2_500,))))
    meter.enter(Till().money(10_000))
    meter.advance(90 * MINUTE, KILOWATT)
    assert meter.credit(4) == 10_000 - 3_750
    assert after(meter.advance(DAY, KILOWATT), "disconnected") == 4 * HOUR


def test_money_by_the_hour() -> None:
    """The price changes with the rate at the very minute that the plan says."""
    plan = WeekPlan.daily((0, 0), (7 * 60, 1), (19 * 60, 0))
    meter = new_meter(config(subclasses=MONEY, tariff=MeterTariff((1_000, 3_000), plan)))
    meter.enter(Till().money(16_000))
    meter.advance(8 * HOUR, KILOWATT)
    assert meter.rate_wh == (7000, 1000)
    assert meter.credit(4) == 16_000 - 7 * 1_000 - 3_000
    assert meter.rate == 1


def test_free_energy() -> None:
    """At a price of zero credit lasts for ever."""
    meter = new_meter(config(subclasses=MONEY))
    meter.enter(Till().money(1))
    assert meter.advance(DAY * 30, KILOWATT) == ()
    assert meter.credit(4) == 1


def test_new_tariff() -> None:
    """A new tariff holds from the moment it is set; what was used before was paid at the old price."""
    meter = new_meter(config(subclasses=MONEY, tariff=MeterTariff((1_000,))))
    meter.enter(Till().money(10_000))
    meter.advance(HOUR, KILOWATT)
    assert kinds(meter.set_tariff(MeterTariff((2_000,)))) == ["tariff set"]
    meter.advance(HOUR, KILOWATT)
    assert meter.credit(4) == 7_000


def test_tariff_with_too_many_rates() -> None:
    """A tariff with more rates than the meter has registers is refused; without power none is taken."""
    meter = new_meter()
    with refuses("tariff"):
        meter.set_tariff(MeterTariff((1, 2)))
    meter.cut_power()
    assert meter.set_tariff(MeterTariff((3,))) == ()
    assert meter.state.tariff.prices == (0,)


def test_time_runs_by_itself() -> None:
    """Time credit runs whether or not anything is switched on, and the meter disconnects itself when it ends."""
    meter, till = new_meter(config(subclasses=TIME)), Till()
    for _ in range(3):
        meter.enter(till.credit(24 * 600, Service.TIME))
    assert (meter.time_left, meter.supply_until) == (3 * DAY, START + 3 * DAY)
    events = meter.advance(DAY * 5)
    assert after(events, "disconnected") == 3 * DAY
    assert (meter.credit(3), meter.supply_until, meter.time_left) == (0, None, timedelta(0))


def test_time_runs_without_mains() -> None:
    """A power cut doesn't stop time credit while the clock runs; the meter is open when the mains come back."""
    meter = new_meter(config(subclasses=TIME))
    meter.enter(Till().credit(600, Service.TIME))
    meter.cut_power()
    meter.advance(2 * HOUR)
    assert "disconnected" in kinds(meter.return_power())
    assert meter.credit(3) == 0


def test_time_stops_with_the_clock() -> None:
    """When the clock's battery is empty, time without mains isn't counted: the customer has the benefit."""
    meter = new_meter(config(subclasses=TIME, clock=ClockPlan(battery_hours=1)))
    meter.enter(Till().credit(5 * 600, Service.TIME))
    meter.cut_power()
    meter.advance(DAY)
    meter.return_power()
    assert meter.time_left == 4 * HOUR
    assert after(meter.advance(DAY), "disconnected", meter.time - DAY) == 4 * HOUR


@pytest.mark.parametrize(("drift", "length"), [(1000, 5_994_006), (-1000, 6_006_007), (0, 6_000_000)])
def test_time_by_the_meters_clock(drift: int, length: int) -> None:
    """Time credit is time of the meter's own clock, fast or slow."""
    meter = new_meter(config(subclasses=(0, 3), paid_by=(3,), clock=ClockPlan(drift_ppm=drift)))
    meter.enter(Till().credit(1000, Service.TIME))
    until = meter.supply_until
    assert after(meter.advance(DAY), "disconnected") == timedelta(milliseconds=length)
    assert until == START + timedelta(milliseconds=length)


def test_energy_and_time() -> None:
    """A meter that is paid by both is open when either has run out."""
    meter, till = new_meter(config(subclasses=(0, 3), paid_by=(0, 3))), Till()
    assert kinds(meter.enter(till.kwh(100)).events) == ["token accepted"]
    assert kinds(meter.enter(till.credit(600, Service.TIME)).events) == ["token accepted", "connected"]
    assert kinds(meter.advance(HOUR)) == ["credit used up", "disconnected"]
    meter.enter(till.credit(6000, Service.TIME))
    assert after(meter.advance(9 * HOUR, Load.of(20_000)), "disconnected", START + HOUR) == 5 * HOUR


def test_a_meter_that_nothing_pays_for() -> None:
    """A meter without a register that supply depends on is always connected, and collects nothing."""
    meter = new_meter(config(subclasses=(1,), collection=CollectionPlan(charge_per_day=5), low_credit=(10,)))
    assert meter.advance(DAY * 3, KILOWATT) == ()
    assert meter.connected
    assert (meter.charges_due, meter.debt, meter.supply_until, meter.warning_level) == (0, 0, None, 0)
    assert meter.take_emergency_credit() == ()


# --------------------------------------------------------------------------------------------------------- warnings


def test_warnings() -> None:
    """Each level is announced once, at the instant the balance comes down to it."""
    meter, _ = with_credit(config(low_credit=(200, 50)), kwh=30)
    assert meter.warning_level == 0
    events = meter.advance(DAY * 2, KILOWATT)
    assert [event.detail for event in events if event.kind == "low credit"] == ["level 1", "level 2"]
    assert after(events, "low credit") == 10 * HOUR
    assert meter.warning_level == 2


def test_warnings_end_with_credit() -> None:
    """A token takes the warning away, and it comes again when the credit is low again."""
    meter, till = with_credit(config(low_credit=(200,)), kwh=10)
    assert meter.warning_level == 1
    meter.enter(till.kwh(20))
    assert meter.warning_level == 0
    assert kinds(meter.advance(10 * HOUR, KILOWATT)) == ["low credit"]


def test_warning_of_time() -> None:
    """Time credit is warned about too."""
    meter = new_meter(config(subclasses=TIME, low_credit=(600,)))
    meter.enter(Till().credit(3 * 600, Service.TIME))
    assert after(meter.advance(DAY), "low credit") == 2 * HOUR


# --------------------------------------------------------------------------------------- emergency and friendliness


def test_emergency_credit() -> None:
    """Emergency credit is lent once when the credit has run out, and repaid first from the next token."""
    meter, till = with_credit(config(emergency=EmergencyPlan(limit=20)), kwh=1)
    meter.advance(DAY, KILOWATT)
    assert not meter.connected
    assert kinds(meter.take_emergency_credit()) == ["emergency credit taken", "connected"]
    assert after(meter.advance(DAY, KILOWATT), "disconnected", START + DAY) == 2 * HOUR
    assert (meter.credit(), meter.emergency_active) == (-20, True)
    assert meter.take_emergency_credit() == ()
    outcome = meter.enter(till.kwh(5))
    assert outcome.collected == Collection(20 * SCALES[0], 0, 0, 30 * SCALES[0])
    assert (meter.credit(), meter.emergency_active) == (30, False)


def test_emergency_credit_not_repaid() -> None:
    """A token that doesn't repay all of it reconnects the customer, but nothing more is lent."""
    meter, till = with_credit(config(emergency=EmergencyPlan(limit=20)), kwh=1)
    meter.advance(DAY, KILOWATT)
    meter.take_emergency_credit()
    meter.advance(DAY, KILOWATT)
    meter.enter(till.kwh(1))
    assert (meter.credit(), meter.emergency_active, meter.connected) == (-10, True, True)
    assert meter.take_emergency_credit() == ()


@pytest.mark.parametrize(("kwh", "events"), [(2, []), (1, ["emergency credit taken"])])
def test_emergency_credit_offered_early(kwh: int, events: list[str]) -> None:
    """It can be configured to be offered while a little credit is left, not before."""
    meter, _ = with_credit(config(emergency=EmergencyPlan(limit=20, offered_from=10)), kwh=kwh)
    assert kinds(meter.take_emergency_credit()) == events


def test_no_emergency_credit_in_the_plan() -> None:
    """A meter without emergency credit lends none."""
    meter = new_meter()
    assert meter.take_emergency_credit() == ()
    assert not meter.connected


def test_emergency_time() -> None:
    """Emergency credit of time runs off like any other."""
    meter = new_meter(config(subclasses=TIME, emergency=EmergencyPlan(limit=600)))
    meter.take_emergency_credit()
    assert meter.supply_until == START + HOUR
    assert after(meter.advance(DAY), "disconnected") == HOUR
    assert meter.credit(3) == -600


def test_friendly_night() -> None:
    """Credit that runs out in the night doesn't darken the house before six; what is used is paid later."""
    meter, till = with_credit(config(friendly=FRIENDLY_NIGHTS), kwh=1)
    events = meter.advance(DAY, KILOWATT)
    assert after(events, "disconnected") == 6 * HOUR
    assert meter.credit() == -50
    outcome = meter.enter(till.kwh(6))
    assert outcome.collected is not None
    assert outcome.collected.overdraft == 50 * SCALES[0]
    assert meter.credit() == 10


def test_friendliness_reconnects_nobody() -> None:
    """A meter that was disconnected before the friendly period stays so."""
    meter, _ = with_credit(config(friendly=FRIENDLY_NIGHTS), kwh=7)
    assert after(meter.advance(HOUR * 8, KILOWATT), "disconnected") == 7 * HOUR
    assert meter.advance(DAY, KILOWATT) == ()


def test_friendly_without_the_time() -> None:
    """A meter that has lost the time knows no friendly periods."""
    meter, _ = with_credit(config(friendly=FRIENDLY_NIGHTS, clock=ClockPlan(battery_hours=0)), kwh=1)
    meter.cut_power()
    meter.advance(SECOND)
    meter.return_power()
    assert after(meter.advance(DAY, KILOWATT), "disconnected") == HOUR + SECOND


# ------------------------------------------------------------------------------------------------------- collection


def test_debt_from_tokens() -> None:
    """A percentage of each token goes to the debt until it is paid."""
    meter = new_meter(config(collection=CollectionPlan(debt=50, debt_percent=30)))
    till = Till()
    splits = [meter.enter(till.kwh(10)).collected for _ in range(3)]
    assert [split.debt // SCALES[0] for split in splits if split] == [30, 20, 0]
    assert (meter.debt, meter.credit()) == (0, 300 - 50)


def test_order_of_a_token() -> None:
    """A token repays the overdraft first, then debt, then charges; the rest can be used."""
    plan = CollectionPlan(debt=1000, debt_percent=50, charge_per_day=7)
    meter = new_meter(config(collection=plan, emergency=EmergencyPlan(limit=10)))
    till = Till()
    meter.advance(DAY * 2)
    assert meter.charges_due == 14
    meter.take_emergency_credit()
    meter.advance(HOUR * 2, KILOWATT)
    split = meter.enter(till.kwh(11)).collected
    assert split == tuple(units * SCALES[0] for units in (10, 50, 14, 36))
    assert (meter.credit(), meter.debt, meter.charges_due) == (36, 950, 0)


def test_order_at_midnight() -> None:
    """At midnight the instalment goes before the charge; neither takes the credit below zero."""
    plan = CollectionPlan(debt=100, debt_per_day=6, charge_per_day=3)
    meter, _ = with_credit(config(collection=plan), kwh=1)
    events = meter.advance(DAY)
    assert after(events, "charges collected") == DAY
    assert (meter.credit(), meter.debt, meter.charges_due) == (1, 94, 0)
    meter.advance(DAY)
    assert (meter.credit(), meter.debt, meter.charges_due, meter.connected) == (0, 93, 3, False)
    assert kinds(meter.advance(DAY)) == []
    assert (meter.credit(), meter.debt, meter.charges_due) == (0, 93, 6)


def test_midnights_without_mains() -> None:
    """Midnights that pass without mains are made up for when these are back, if the clock kept the time."""
    meter, _ = with_credit(config(collection=CollectionPlan(charge_per_day=2)))
    meter.cut_power()
    meter.advance(DAY * 10)
    assert meter.credit() == 1000
    assert "charges collected" in kinds(meter.return_power())
    assert meter.credit() == 980


def test_midnights_without_the_time() -> None:
    """A meter that has lost the time collects nothing until its clock is set, nor for the days it doesn't know of."""
    plan = CollectionPlan(charge_per_day=2)
    meter, _ = with_credit(config(collection=plan, clock=ClockPlan(battery_hours=1)))
    meter.cut_power()
    meter.advance(DAY * 10)
    meter.return_power()
    meter.advance(DAY * 10)
    assert meter.credit() == 1000
    meter.set_clock(meter.time)
    meter.advance(DAY)
    assert meter.credit() == 998


@pytest.mark.parametrize("jump", [-400, -1, 1, 400])
def test_setting_the_clock_costs_nothing(jump: int) -> None:
    """Midnights that a setting of the clock jumps over are not charged for."""
    meter, _ = with_credit(config(collection=CollectionPlan(charge_per_day=2)))
    meter.set_clock(meter.time + DAY * jump)
    assert meter.credit() == 1000
    meter.advance(DAY)
    assert meter.credit() == 998


def test_local_midnight() -> None:
    """Midnight is that of the meter's time zone."""
    meter, _ = with_credit(config(collection=CollectionPlan(charge_per_day=2), clock=ClockPlan(zone_minutes=120)))
    assert after(meter.advance(DAY), "charges collected") == 22 * HOUR


def test_collection_of_money() -> None:
    """Debt and charges are in units of the paying register."""
    plan = CollectionPlan(debt=5_000, debt_percent=10, charge_per_day=7)
    meter = new_meter(config(subclasses=MONEY, collection=plan))
    meter.enter(Till().money(16_000))
    assert (meter.debt, meter.credit(4)) == (3_400, 14_400)
    meter.advance(DAY)
    assert meter.credit(4) == 14_393


def test_debit_collects_nothing() -> None:
    """A token that takes money back pays no debt."""
    meter = new_meter(config(subclasses=MONEY, collection=CollectionPlan(debt=500, debt_percent=50, charge_per_day=1)))
    assert meter.enter(Till().money(-100)).collected == Collection(0, 0, 0, -100 * SCALES[4])
    assert meter.debt == 500


def test_other_registers_collect_nothing() -> None:
    """Only the paying register is collected from."""
    plan = CollectionPlan(debt=500, debt_percent=50)
    meter = new_meter(config(subclasses=(0, 1), collection=plan))
    meter.enter(Till().credit(80, Service.WATER))
    assert (meter.credit(1), meter.debt) == (80, 500)


# ------------------------------------------------------------------------------------------------------------ books

loads = st.builds(Load.of, st.integers(0, 20_000))
spans = st.integers(0, 40 * 3600 * 1000).map(lambda ms: timedelta(milliseconds=ms))
books = st.sampled_from(
    [
        config(),
        config(low_credit=(100, 30), emergency=EmergencyPlan(limit=15)),
        config(friendly=FRIENDLY_NIGHTS, clock=ClockPlan(drift_ppm=1234)),
        config(collection=CollectionPlan(debt=500, debt_percent=25, debt_per_day=2, charge_per_day=3)),
        config(subclasses=(0, 3), paid_by=(0, 3), clock=ClockPlan(drift_ppm=-77)),
        config(subclasses=MONEY, tariff=MeterTariff((123_457, 7), WeekPlan.daily((0, 0), (421, 1), (1111, 0)))),
    ]
)


def filled(made: MeterConfig) -> Meter:
    """A meter with some credit of every kind that it takes."""
    meter, till = new_meter(made), Till()
    for gate in made.gates:
        meter.enter(till.money(10**7) if gate == 4 else till.credit(600 if gate == 3 else 150, Service(gate)))
    return meter


@given(books, st.lists(st.tuples(spans, loads), max_size=6), st.data())
def test_time_may_be_cut_anywhere(made: MeterConfig, course: list[tuple[timedelta, Load]], data: st.DataObject) -> None:
    """Letting time pass in one go or in pieces cut anywhere leaves the same meter, to the last event."""
    whole, pieces = filled(made), filled(made)
    for span, load in course:
        cut = data.draw(st.integers(0, span // MILLISECOND)) * MILLISECOND
        events = whole.advance(span, load)
        assert pieces.advance(cut, load) + pieces.advance(span - cut, load) == events
    assert whole.state == pieces.state


@given(books, st.lists(st.tuples(spans, loads, st.booleans()), max_size=8))
def test_books_balance(made: MeterConfig, course: list[tuple[timedelta, Load, bool]]) -> None:
    """What came in is what was used, collected, and is left; what was used is what flowed, to the millijoule."""
    meter = filled(made)
    for span, load, cut in course:
        meter.cut_power() if cut else meter.return_power()
        meter.take_emergency_credit()
        meter.advance(span, load)
        assert all(account.is_sound for account in meter.state.accounts)
        assert sum(meter.state.energy.imported) == sum(meter.state.energy.by_rate)
        if 0 in made.gates:
            assert meter.state.accounts[0].consumed == sum(meter.state.energy.imported)
        if 4 in made.gates:
            prices = zip(meter.state.energy.by_rate, made.tariff.prices, strict=True)
            assert meter.state.accounts[4].consumed == sum(energy * price for energy, price in prices)
    paid = sum(account.collected for account in meter.state.accounts)
    owed = made.collection.debt * SCALES[made.gates[0]] - meter.state.standing.debt
    charged = paid - owed + meter.state.standing.charges
    if made.collection.charge_per_day:
        assert charged % (made.collection.charge_per_day * SCALES[made.gates[0]]) == 0
    else:
        assert charged == 0


@given(st.integers(-(10**12), 10**12), st.integers(0, 7))
def test_least_units(amount: int, subclass: int) -> None:
    """What is shown in least units is cut off towards zero: never more than there is, never more than is owed."""
    shown = least_units(amount, subclass)
    assert abs(shown) * SCALES[subclass] <= abs(amount) < (abs(shown) + 1) * SCALES[subclass]
    assert shown * amount >= 0


def test_negative_wh() -> None:
    """Negative credit in Wh is cut off towards zero as well."""
    meter, _ = with_credit(kwh=1)
    meter.advance(DAY * 7, Load.of(7))
    assert meter.state.accounts[0].balance < 0
    assert (meter.credit_wh, meter.credit()) == (0, 0)


@pytest.mark.parametrize(
    ("plan", "fields", "field"),
    [
        (EmergencyPlan, {"limit": -1}, "limit"),
        (EmergencyPlan, {"offered_from": "1"}, "offered_from"),
        (CollectionPlan, {"debt": -1}, "debt"),
        (CollectionPlan, {"debt": 1.5}, "debt"),
        (CollectionPlan, {"debt_percent": 101}, "debt_percent"),
        (CollectionPlan, {"charge_per_day": None}, "charge_per_day"),
        (CollectionPlan, {"debt_per_day": 10**50}, "debt_per_day"),
        (MeterTariff, {"prices": ()}, "prices"),
        (MeterTariff, {"prices": (1,) * 9}, "prices"),
        (MeterTariff, {"prices": (-1,)}, "price"),
        (MeterTariff, {"prices": (0.5,)}, "price"),
        (MeterTariff, {"fallback": 1}, "fallback"),
        (MeterTariff, {"plan": WeekPlan.daily((0, 1))}, "plan"),
    ],
)
def test_wrong_plans(plan: type, fields: dict[str, object], field: str) -> None:
    """A plan or tariff that can't be is refused by the name of its field."""
    with refuses(field):
        plan(**fields)


def test_the_moment_of_a_leap() -> None:
    """Credit lasts over a leap day as over any other."""
    meter = new_meter(start=datetime(2028, 2, 28, tzinfo=UTC))
    meter.enter(Till(first=meter.time).kwh(48))
    events = meter.advance(DAY * 3, KILOWATT)
    assert after(events, "disconnected", datetime(2028, 3, 1, tzinfo=UTC)) == timedelta(0)


def test_charges_beyond_the_token() -> None:
    """Charges that a token doesn't cover take all of it and no more; the rest stays due."""
    meter = new_meter(config(collection=CollectionPlan(charge_per_day=7)))
    meter.advance(DAY * 2)
    assert meter.enter(Till().credit(5)).collected == Collection(0, 0, 5 * SCALES[0], 0)
    assert (meter.credit(), meter.charges_due, meter.connected) == (0, 9, False)
