"""What is seen and heard while nobody types: screens in turns, icons, alarms."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.meter.face.support import SPLIT, meter_of, new_face
from tests.meter.support import HOUR, SECOND, Till, config, new_meter
from umbane.meter import ClockPlan, Form, LinkState, Load, LockoutPlan, Meter, Tamper, TamperPlan, TripPlan
from umbane.meter.face import Beep, Icon, Screen, alarm, icons, rotation
from umbane.meter.face.display import screen
from umbane.sts import Flag


def fed(kwh: int = 10, **fields: Any) -> Meter:  # noqa: ANN401 - whatever a configuration has
    """A meter with credit."""
    meter = meter_of(**fields)
    assert meter.enter(Till().kwh(kwh)).accepted
    return meter


def test_the_unit_stands_by_itself() -> None:
    """A reading is split into figures and unit; words stay together."""
    assert screen("8.7 kWh", "credit") == Screen("8.7", "kWh", "credit")
    assert screen("open: no credit", "load switch") == Screen("open: no credit", "", "load switch")
    assert screen("42", "power cuts") == Screen("42", "", "power cuts")


def test_turns() -> None:
    """A healthy meter shows credit first, then how long it lasts, power, energy and time."""
    meter = fed()
    meter.advance(HOUR, Load.of(1000))
    assert [(one.main, one.unit, one.caption) for one in rotation(meter)] == [
        ("9.0", "kWh", "credit"),
        ("09:00", "", "time left"),
        ("1000", "W", "power"),
        ("1.0", "kWh", "total energy"),
        ("01:00", "", "time"),
    ]


def test_turns_in_time_credit() -> None:
    """A meter fed with time shows days left as its credit, and doesn't repeat it."""
    meter = meter_of(3)
    captions = [one.caption for one in rotation(meter)]
    assert "time left" not in captions


def test_turns_of_a_meter_that_is_not_paid_in_advance() -> None:
    """Without credit there is what was used."""
    assert rotation(new_meter(config(paid_by=())))[0].caption == "used so far"


def test_turns_after_tampering() -> None:
    """The tamper code comes right after the credit."""
    meter = fed()
    meter.sense(Tamper.MAGNETIC_FIELD, present=True)
    first, second, *_ = rotation(meter)
    assert first.caption == "TAMPER 1: call your supplier"
    assert (second.main, second.caption) == ("1: magnetic field", "tamper")


def overloaded(**trips: Any) -> Meter:  # noqa: ANN401 - whatever a plan has
    """A meter that tripped."""
    meter = fed(power_limit=100, trips=TripPlan(**trips))
    meter.advance(11 * SECOND, Load.of(1000))
    return meter


def phase_lost() -> Meter:
    """A meter that misses a phase."""
    meter = fed(form=Form.THREE_PHASE)
    meter.advance(SECOND, Load((10, 0, 10), lost_phases=(2,)))
    return meter


def locked() -> Meter:
    """A meter whose keypad is locked."""
    meter = fed(lockout=LockoutPlan(after=1))
    meter.enter("1" * 20)
    return meter


def in_emergency() -> Meter:
    """A meter that lends."""
    meter = meter_of()
    meter.take_emergency_credit()
    return meter


def disconnected() -> Meter:
    """A meter that was told to disconnect."""
    meter, till = meter_of(), Till()
    meter.enter(till.kwh(10))
    meter.enter(till.flag(Flag.DISCONNECT_SERVICE, on=True))
    return meter


def exporting() -> Meter:
    """A meter through which energy flows out."""
    meter = fed()
    meter.enter(Till(first=meter.time + HOUR).flag(Flag.DISCONNECT_ON_TAMPER, on=False))
    meter.advance(SECOND, Load.of(-100))
    return meter


def without_clock() -> Meter:
    """A meter whose clock was lost."""
    meter = fed(clock=ClockPlan(battery_hours=1))
    meter.cut_power()
    meter.advance(2 * HOUR, Load.of(0))
    meter.return_power()
    return meter


STATES = [
    (meter_of, {Icon.LOW_CREDIT}, "credit used up: buy a token"),
    (fed, {Icon.SUPPLY}, "credit"),
    (lambda: fed(4), {Icon.SUPPLY, Icon.LOW_CREDIT}, "credit is low: buy a token"),
    (in_emergency, {Icon.SUPPLY, Icon.LOW_CREDIT, Icon.EMERGENCY}, "emergency credit in use"),
    (overloaded, {Icon.OVERLOAD}, "too much power: switch something off"),
    (lambda: overloaded(recloses=0), {Icon.OVERLOAD}, "too much power: switch off, press the button"),
    (phase_lost, {Icon.SUPPLY, Icon.PHASE}, "credit"),
    (locked, {Icon.SUPPLY, Icon.KEYPAD_LOCKED}, "keypad locked for 1:00 min"),
    (disconnected, set(), "disconnected by your supplier"),
    (exporting, {Icon.SUPPLY, Icon.TAMPER, Icon.REVERSE}, "credit"),
    (without_clock, {Icon.SUPPLY, Icon.BATTERY}, "credit"),
]


@pytest.mark.parametrize(("state", "lit", "caption"), STATES)
def test_icons_and_words(state: Callable[[], Meter], lit: set[Icon], caption: str) -> None:
    """In each state exactly its icons are lit, and the words below the credit say what a customer has to know."""
    meter = state()
    assert set(icons(meter)) == lit
    assert rotation(meter)[0].caption == caption


def test_icons_keep_their_order() -> None:
    """Icons come in the order in which they stand on the display."""
    meter = exporting()
    assert list(icons(meter)) == [icon for icon in Icon if icon in icons(meter)]


def test_no_icons_without_power() -> None:
    """A meter without mains is dark."""
    meter = fed()
    meter.cut_power()
    assert icons(meter) == ()


@pytest.mark.parametrize("link", [LinkState(present=False), LinkState(paired=False)])
def test_no_link(link: LinkState) -> None:
    """A keypad unit that lost its meter lights that icon and no other, and sounds no alarm that it can't know of."""
    meter = meter_of(form=SPLIT)
    meter.set_link(link)
    assert icons(meter) == (Icon.NO_LINK,)
    assert alarm(new_face(), meter) is None


def test_phase_loss_that_disconnects() -> None:
    """A meter that opens for a lost phase says so."""
    meter = fed(form=Form.THREE_PHASE, tamper=TamperPlan(opens_on_phase_loss=True))
    meter.advance(SECOND, Load((10, 0, 10), lost_phases=(2,)))
    assert rotation(meter)[0].caption == "a phase is missing"


def test_uneven_phases() -> None:
    """A meter that opened for uneven phases says so."""
    meter = fed(form=Form.THREE_PHASE, unbalance_limit=100)
    meter.advance(11 * SECOND, Load((1000, 0, 0)))
    assert rotation(meter)[0].caption == "phases too uneven: switch something off"


@pytest.mark.parametrize(
    ("state", "sound"),
    [(meter_of, Beep.CREDIT_USED_UP), (fed, None), (lambda: fed(4), Beep.LOW_CREDIT), (exporting, Beep.TAMPER)],
)
def test_alarms(state: Callable[[], Meter], sound: Beep | None) -> None:
    """Tampering, used-up credit and low credit each sound different, and a healthy meter is silent."""
    assert alarm(new_face(), state()) is sound


def test_sounds_are_told_apart() -> None:
    """No two sounds of the same kind have the same pattern."""
    once = [beep.value.tones for beep in Beep if beep.value.every_s is None]
    again = [(beep.value.tones, beep.value.every_s) for beep in Beep if beep.value.every_s is not None]
    assert len(set(once)) == len(once)
    assert len(set(again)) == len(again)


def test_a_sound_for_eyes_and_ears() -> None:
    """A pattern can be drawn, and says how long it takes."""
    assert (Beep.MORE.value.drawn, Beep.MORE.value.milliseconds) == ("– ·", 1250)
