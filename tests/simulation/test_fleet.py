"""Houses with virtual meters: time passes, the light goes out, digits bring it back, nothing is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.support import ANNA, BEN, accounts
from umbane.meter import TokenResult, ValidationResult
from umbane.simulation.account import meter_key
from umbane.simulation.fleet import MILLIJOULES_PER_TENTH, House
from umbane.simulation.models import Household
from umbane.sts import TID, Credit, EncodedToken, MeterPAN, Service, encode

START = datetime(2025, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[MeterPAN, Household]:
    """The households of the small world."""
    return {it.household.pan: it.household for it in accounts(tmp_path_factory.mktemp("people"))}


@pytest.fixture
def anna(people: dict[MeterPAN, Household]) -> House:
    """A house with 20 kWh in its meter."""
    return House.open(people[MeterPAN.parse(ANNA)], START, UTC)


def token(house: House, units: int, minute: int = 10) -> EncodedToken:
    """A credit token for this house."""
    key = meter_key(house.household, house.household.krn, house.household.ti)
    tid = TID.at(START + timedelta(minutes=minute), key.base_date)
    return encode(Credit(Service.ELECTRICITY, units, tid=tid, rnd=0), key)


def test_opening_credit(anna: House) -> None:
    """A house begins with the credit that its household has, and with light."""
    assert anna.credit == anna.given == 200 * MILLIJOULES_PER_TENTH
    assert anna.meter.connected
    assert anna.used == 0


def test_no_opening_credit(people: dict[MeterPAN, Household]) -> None:
    """A house without credit begins in the dark."""
    house = House.open(people[MeterPAN.parse(BEN)], START, UTC)
    house.live_until(START + DAY)
    assert not house.meter.connected
    assert house.dark == DAY
    assert house.used == house.given == 0


def test_the_light_goes_out(anna: House) -> None:
    """When the credit is used up the light goes out, and from then on the time and the energy missed are counted."""
    anna.live_until(START + 10 * DAY)
    assert anna.meter.credit_wh == 0
    assert -MILLIJOULES_PER_TENTH < anna.credit <= 0
    assert anna.used == anna.given - anna.credit
    assert timedelta(0) < anna.dark < 10 * DAY
    assert anna.unserved_wh > 0
    went_out = next(reading.time for reading in anna.readings if not reading.lit and reading.time > START)
    assert went_out == START + 10 * DAY - anna.dark


def test_the_light_comes_back(anna: House) -> None:
    """A token in the dark brings the light back, and the dark time ends."""
    anna.live_until(START + 10 * DAY)
    dark = anna.dark
    typed = anna.type_token(token(anna, 1000))
    anna.live_until(START + 11 * DAY)
    assert typed.result is TokenResult.ACCEPT
    assert anna.meter.connected
    assert anna.dark == dark


def test_time_does_not_run_back(anna: House) -> None:
    """A moment that is past changes nothing."""
    anna.live_until(START + DAY)
    state, readings = anna.meter.state, len(anna.readings)
    anna.live_until(START)
    assert anna.meter.state == state
    assert len(anna.readings) == readings


def test_a_used_token(anna: House) -> None:
    """A token that is typed again is answered with the standard's word and a sentence, and gives nothing."""
    digits = token(anna, 100)
    assert anna.type_token(digits).accepted
    given = anna.given
    again = anna.type_token(digits)
    assert again.result is ValidationResult.USED_ERROR
    assert again.words.startswith("Already used")
    assert not again.accepted
    assert anna.given == given


def test_a_question_changes_nothing(anna: House) -> None:
    """Asking what a meter would answer leaves it as it was, however often wrong digits are asked about."""
    state = anna.meter.state
    good, wrong = token(anna, 100), EncodedToken(12345)
    assert [anna.would_answer(wrong).accepted for _ in range(20)] == [False] * 20
    assert anna.would_answer(good).accepted
    assert anna.would_answer(good).accepted
    assert anna.meter.state == state


def test_readings_are_in_order(anna: House) -> None:
    """Readings follow one another in time, the first where the house was opened."""
    anna.live_until(START + 3 * DAY)
    times = [reading.time for reading in anna.readings]
    assert times == sorted(times)
    assert times[0] == START


def test_a_glance(anna: House) -> None:
    """Somebody who looks sees the credit, how many days it lasts, and the light."""
    glance = anna.glance(was_lit=False)
    assert glance.credit_wh == 20_000
    assert glance.days == 20_000 // 6_710
    assert glance.lit
    assert not glance.was_lit


@given(steps=st.lists(st.tuples(st.integers(1, 100), st.integers(0, 300)), max_size=6))
def test_nothing_is_lost(people: dict[MeterPAN, Household], steps: list[tuple[int, int]]) -> None:
    """Whatever is typed and however time passes, credit given is energy used and credit left."""
    house = House.open(replace(people[MeterPAN.parse(ANNA)], opening_units=30), START, UTC)
    now, minute = START, 10
    for hours, units in steps:
        if units:
            minute += 1
            assert house.type_token(token(house, units, minute)).accepted
        now += hours * HOUR
        house.live_until(now)
    assert house.given == house.used + house.credit
    assert house.given == (30 + sum(units for _, units in steps)) * MILLIJOULES_PER_TENTH
    assert timedelta(0) <= house.dark <= now - START
    assert (house.dark == timedelta(0)) == (house.unserved_wh == 0)
