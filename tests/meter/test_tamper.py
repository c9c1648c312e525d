"""Interference: noticed, punished, forgiven by a token only."""

import pytest

from tests.meter.support import DAY, HOUR, KILOWATT, THREE_PHASES, after, config, kinds, refuses, with_credit
from umbane.meter import ClockPlan, Hold, Load, Tamper, TamperPlan
from umbane.sts import Flag

SENSORS = [Tamper.MAGNETIC_FIELD, Tamper.TERMINAL_COVER, Tamper.METER_COVER]
BACKWARDS = Load.of(-200)
STARVED = Load((1000,), neutral_connected=False)
BYPASSED = Load((230,), neutral_milliamps=5000)
CURRENTS = [(BACKWARDS, Tamper.REVERSE_ENERGY), (STARVED, Tamper.NEUTRAL_MISSING), (BYPASSED, Tamper.BYPASS)]


@pytest.mark.parametrize("tamper", SENSORS)
def test_sensors(tamper: Tamper) -> None:
    """What a sensor reports opens the switch at once and shows its code until a token clears it."""
    meter, till = with_credit()
    assert kinds(meter.sense(tamper, present=True)) == ["tamper detected", "disconnected"]
    assert (meter.tampers, meter.tamper_code, meter.holds) == ((tamper,), tamper.value, Hold.TAMPER)
    assert meter.sense(tamper, present=False) == ()
    meter.enter(till.kwh(1))
    meter.press_button()
    meter.advance(DAY)
    assert not meter.connected
    assert kinds(meter.enter(till.clear_tamper()).events) == ["tamper cleared", "token accepted", "connected"]
    assert (meter.tampers, meter.tamper_code) == ((), 0)


@pytest.mark.parametrize(("load", "tamper"), CURRENTS)
def test_currents(load: Load, tamper: Tamper) -> None:
    """What the current shows opens the switch before any of it has flowed."""
    meter, _ = with_credit()
    meter.advance(HOUR, KILOWATT)
    before = meter.state.energy
    events = meter.advance(HOUR, load)
    assert kinds(events) == ["tamper detected", "disconnected"]
    assert events[0].detail == tamper.words
    assert (meter.tampers, meter.state.energy) == ((tamper,), before)


@pytest.mark.parametrize(("load", "tamper"), CURRENTS)
def test_it_goes_on_after_forgiveness(load: Load, tamper: Tamper) -> None:
    """When the token comes but the wires are as before, the switch opens again as soon as current flows."""
    meter, till = with_credit()
    meter.advance(HOUR, load)
    meter.enter(till.clear_tamper())
    assert meter.connected
    meter.advance(HOUR, load)
    assert meter.tampers == (tamper,)


def test_cover_still_open() -> None:
    """A token while the cover is still open is used up, and the condition is detected again at once."""
    meter, till = with_credit()
    meter.sense(Tamper.METER_COVER, present=True)
    events = meter.enter(till.clear_tamper()).events
    assert kinds(events) == ["tamper cleared", "tamper detected", "token accepted"]
    assert not meter.connected


def test_several_at_once() -> None:
    """Conditions add up in the code; each is written down once."""
    meter, _ = with_credit()
    meter.sense(Tamper.TERMINAL_COVER | Tamper.MAGNETIC_FIELD, present=True)
    assert meter.sense(Tamper.TERMINAL_COVER, present=True) == ()
    assert (meter.tamper_code, meter.log[-2].detail) == (3, "magnetic field, terminal cover")


@pytest.mark.parametrize("tamper", [Tamper.BYPASS, Tamper.REVERSE_ENERGY, Tamper.BYPASS | Tamper.METER_COVER])
def test_no_sensor(tamper: Tamper) -> None:
    """Conditions without a sensor are shown by the load, never by a call."""
    meter, _ = with_credit()
    with refuses("tamper"):
        meter.sense(tamper, present=True)


def test_not_looked_for() -> None:
    """A condition that the meter isn't made to detect goes unnoticed."""
    meter, _ = with_credit(config(tamper=TamperPlan(detects=Tamper.METER_COVER)))
    assert meter.sense(Tamper.MAGNETIC_FIELD, present=True) == ()
    assert kinds(meter.sense(Tamper.METER_COVER, present=True)) == ["tamper detected", "disconnected"]


def test_export_allowed() -> None:
    """Where export is allowed it is registered, phase by phase, and never becomes credit."""
    meter, _ = with_credit(config(form=THREE_PHASES, tamper=TamperPlan(export_allowed=True)))
    assert meter.advance(HOUR, Load((-3000, 1000, 0))) == ()
    assert (meter.exported_wh, meter.imported_wh) == ((3000, 0, 0), (0, 1000, 0))
    assert meter.credit_wh == 99_000


@pytest.mark.parametrize(
    ("milliamps", "noticed"), [(4347, False), (4847, False), (4848, True), (3847, False), (3846, True)]
)
def test_mismatch(milliamps: int, *, noticed: bool) -> None:
    """Phase and neutral current may differ by the configured amount, and no more."""
    meter, _ = with_credit()
    meter.advance(HOUR, Load((1000,), neutral_milliamps=milliamps))
    assert bool(meter.tampers) is noticed


def test_mismatch_by_power_factor() -> None:
    """A poor power factor means more current for the same power, and is no bypass."""
    meter, _ = with_credit()
    meter.advance(HOUR, Load((1150,), neutral_milliamps=10_000, power_factor=500))
    assert meter.tampers == ()


def test_neutral_of_three_phases() -> None:
    """With three phases the neutral carries what is left over, which tells nothing about a bypass."""
    meter, _ = with_credit(config(form=THREE_PHASES))
    meter.advance(HOUR, Load((1000, 1000, 1000), neutral_milliamps=0))
    assert meter.tampers == ()


def test_detection_switched_off() -> None:
    """Without the flag DETECT_TAMPER nothing is noticed."""
    meter, till = with_credit()
    meter.enter(till.flag(Flag.DETECT_TAMPER, on=False))
    assert meter.sense(Tamper.METER_COVER, present=True) == ()
    meter.advance(HOUR, STARVED)
    assert meter.tampers == ()


def test_disconnection_switched_off() -> None:
    """Without the flag DISCONNECT_ON_TAMPER it is noticed, but the switch stays closed."""
    meter, till = with_credit()
    meter.enter(till.flag(Flag.DISCONNECT_ON_TAMPER, on=False))
    assert kinds(meter.sense(Tamper.METER_COVER, present=True)) == ["tamper detected"]
    assert meter.connected
    meter.enter(till.flag(Flag.DISCONNECT_ON_TAMPER, on=True))
    assert not meter.connected


def test_in_the_dark() -> None:
    """Covers are watched without mains too, on the battery; the switch is open when the mains come back."""
    meter, _ = with_credit()
    meter.cut_power()
    assert kinds(meter.sense(Tamper.TERMINAL_COVER, present=True)) == ["tamper detected"]
    meter.sense(Tamper.TERMINAL_COVER, present=False)
    assert "disconnected" in kinds(meter.return_power())


def test_in_the_dark_without_battery() -> None:
    """With an empty battery only what still goes on when the mains come back is noticed."""
    meter, _ = with_credit(config(clock=ClockPlan(battery_hours=0)))
    meter.cut_power()
    for tamper in (Tamper.TERMINAL_COVER, Tamper.METER_COVER):
        assert meter.sense(tamper, present=True) == ()
    meter.sense(Tamper.TERMINAL_COVER, present=False)
    meter.return_power()
    assert meter.tampers == (Tamper.METER_COVER,)


def test_forgiving_nothing() -> None:
    """A token that clears tamper where there is none is accepted and changes nothing else."""
    meter, till = with_credit()
    assert kinds(meter.enter(till.clear_tamper()).events) == ["token accepted"]


def test_lost_phase() -> None:
    """A lost phase is written down when it goes and when all are back."""
    meter, _ = with_credit(config(form=THREE_PHASES))
    events = meter.advance(HOUR, Load((0, 500, 500), lost_phases=(1,)))
    assert [(event.kind.value, event.detail) for event in events] == [("phase lost", "L1")]
    assert kinds(meter.advance(HOUR, Load((0, 500, 0), lost_phases=(1, 3)))) == ["phase lost"]
    assert kinds(meter.advance(HOUR, Load((0, 500, 0), lost_phases=(1,)))) == []
    assert kinds(meter.advance(HOUR, Load((0, 500, 0)))) == ["phases back"]
    assert meter.connected


def test_open_while_a_phase_is_lost() -> None:
    """Where the plan says so, the switch is open while a phase is lost, and closes by itself."""
    meter, _ = with_credit(config(form=THREE_PHASES, tamper=TamperPlan(opens_on_phase_loss=True)))
    events = meter.advance(HOUR, Load((0, 500, 500), lost_phases=(1,)))
    assert after(events, "disconnected").total_seconds() == 0
    assert meter.holds is Hold.PHASE_LOSS
    assert "connected" in kinds(meter.advance(HOUR, Load((500, 500, 500))))


def test_wrong_plan() -> None:
    """A plan that can't be is refused by the name of its field."""
    with refuses("mismatch_milliamps"):
        TamperPlan(mismatch_milliamps=-1)
