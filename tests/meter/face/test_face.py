"""Keys, display and meter together."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.face.support import SPLIT, meter_of, new_face, type_keys
from tests.meter.support import HOUR, SECOND, Till, config, new_meter, refuses, wrong
from umbane.meter import LinkState, Load, LockoutPlan, Meter
from umbane.meter.face import Beep, Face, Key, Screen, alarm, press, show, wake
from umbane.meter.face.display import DARK
from umbane.sts import InitiateTest, encode


def test_digits_are_shown_as_they_are_typed() -> None:
    """Each digit appears on the display, in groups of four."""
    face, meter = new_face(), meter_of()
    for key in "123456":
        face = press(face, meter, key).face
    assert show(face, meter) == Screen("1234 56", "", "6 digits")


def test_twenty_digits_and_enter_are_a_token() -> None:
    """A token's twenty digits reach the meter with Enter, not before."""
    face, meter, token = new_face(), meter_of(), Till().kwh(10)
    for key in token.digits:
        face = press(face, meter, key).face
    assert meter.credit() == 0
    response = press(face, meter, Key.ENTER)
    assert meter.credit() == 100
    assert response.outcome is not None
    assert response.outcome.accepted
    assert show(response.face, meter) == Screen("+10.0", "kWh", "accepted")


def test_rejected() -> None:
    """A rejected token shows its reason."""
    meter = meter_of()
    face = type_keys(new_face(), meter, wrong(Till().kwh(1)).digits).face
    assert show(face, meter) == Screen("WRONG", "", "rejected")


def test_an_answer_gives_way() -> None:
    """After a while the answer gives way to the credit, and that to the next screen."""
    meter = meter_of()
    face = type_keys(new_face(), meter, Till().kwh(10).digits).face
    captions = []
    for _ in range(4):
        captions.append(show(face, meter).caption)
        meter.advance(5 * SECOND, Load.of(0))
    assert captions == ["accepted", "credit", "time left", "power"]


def test_enter_alone_goes_on() -> None:
    """Enter alone shows the next screen, and in the end the first one again."""
    face, meter = wake(new_face(), meter_of()), meter_of()
    captions = []
    for _ in range(5):
        captions.append(show(face, meter).caption)
        face = press(face, meter, Key.ENTER).face
    assert captions == ["credit used up: buy a token", "power", "total energy", "time", "credit used up: buy a token"]


def test_a_new_face_shows_the_credit() -> None:
    """A face that nobody touched shows the credit."""
    assert show(new_face(), meter_of()).caption == "credit used up: buy a token"


def test_readings_of_a_test_token_take_turns() -> None:
    """What a test token asks for is shown one after the other."""
    meter = meter_of()
    face = type_keys(new_face(), meter, encode(InitiateTest.everything()).digits).face
    captions = [show(replace(face, page=page), meter).caption for page in range(20)]
    assert captions[:3] == ["load switch", "display", "total"]
    assert captions[17:19] == ["DRN", "credit used up: buy a token"]


def test_half_typed_entries_are_forgotten() -> None:
    """A half-typed token leaves the display after half a minute."""
    face, meter = new_face(), meter_of()
    face = press(face, meter, "1").face
    meter.advance(31 * SECOND, Load.of(0))
    assert show(face, meter).caption != "1 digits"


def test_short_codes_show() -> None:
    """A short code shows its reading with its name."""
    meter = meter_of()
    response = type_keys(new_face("hexing-id"), meter, "807")
    assert show(response.face, meter) == Screen("230", "V", "voltage")
    assert response.answer.words == "voltage: 230 V"


@pytest.mark.parametrize("keys", ["5", "000", "999999", "#", "*1#", "1234567", "1" * 19, "*" * 20])
def test_no_code(keys: str) -> None:
    """What is neither token nor code is refused; what may be most of a token isn't repeated."""
    response = type_keys(new_face(), meter_of(), keys)
    assert (response.answer.lcd, response.answer.beep) == ("NO CODE", Beep.REJECTED)
    assert (keys in response.answer.words) is (len(keys) <= 6)


def test_emergency_credit_by_code() -> None:
    """The code for emergency credit takes it once; then there is none."""
    face, meter = new_face("hexing-bd"), meter_of()
    assert type_keys(face, meter, "811").answer.beep is Beep.ACCEPTED
    assert meter.connected
    assert type_keys(face, meter, "811").answer.lcd == "NOT NOW"


def test_silence() -> None:
    """The alarm is silent for hours when asked to be, and sounds again after that."""
    meter = meter_of()
    face = type_keys(new_face(), meter, "99").face
    assert alarm(face, meter) is None
    meter.advance(8 * HOUR, Load.of(0))
    assert alarm(face, meter) is Beep.CREDIT_USED_UP


def test_a_token_ends_the_silence() -> None:
    """The next accepted token arms the alarm again; a rejected one doesn't."""
    meter, till = meter_of(), Till()
    face = type_keys(new_face(), meter, "99").face
    face = type_keys(face, meter, "1" * 20).face
    assert alarm(face, meter) is None
    face = type_keys(face, meter, till.kwh(1).digits).face
    assert alarm(face, meter) is Beep.LOW_CREDIT


def test_without_power() -> None:
    """Without mains the display is dark, keys do nothing and a half-typed token is gone."""
    face, meter = press(new_face(), meter_of(), "1").face, meter_of()
    meter.cut_power()
    assert show(face, meter) == DARK
    face = press(face, meter, "2").face
    meter.return_power()
    assert face.keypad.typed == ""


def test_a_split_meter_without_link() -> None:
    """The keypad unit still shows what is typed, but its codes get no answer."""
    face, meter = new_face(), meter_of(form=SPLIT)
    meter.set_link(LinkState(present=False))
    assert show(press(face, meter, "1").face, meter).main == "1"
    response = type_keys(face, meter, "01")
    assert response.answer.lcd == "NO LINK"
    assert show(face, meter).caption == "no answer from the meter"


def test_a_split_meter_without_power() -> None:
    """Its keypad unit has a battery: it isn't dark."""
    face, meter = new_face(), meter_of(form=SPLIT)
    meter.cut_power()
    assert show(face, meter) != DARK


def test_no_such_key() -> None:
    """A key that isn't there is refused."""
    with refuses("key"):
        press(new_face(), meter_of(), "x")


def test_time_that_ran_backwards() -> None:
    """A face that was last touched in the future shows the credit."""
    meter = meter_of()
    face = replace(new_face(), since=meter.time + timedelta(days=1))
    assert show(face, meter).caption == "credit used up: buy a token"


TILL = Till()
TOKENS = [TILL.kwh(number) for number in range(1, 5)]
KEYS = st.lists(
    st.one_of(
        st.sampled_from([*"0123456789*#", *Key]),
        st.sampled_from([f"{token.digits}E" for token in TOKENS]),
        st.sampled_from([f"{wrong(token).digits}E" for token in TOKENS]),
        st.sampled_from(["98E", "99E", "30E", "CCE", "wait", "cut", "return"]),
    ),
    max_size=40,
)


def do(face: Face, meter: Meter, deed: str) -> Face:
    """Press keys, or let something else happen."""
    match deed:
        case "wait":
            meter.advance(20 * SECOND, Load.of(500))
        case "cut":
            meter.cut_power()
        case "return":
            meter.return_power()
        case _:
            for key in deed:
                face = press(face, meter, key).face
    return face


@given(KEYS)
def test_no_keys_make_credit(deeds: list[str]) -> None:
    """Whatever is pressed, nothing raises and no credit comes but from tokens, once each."""
    face, meter = new_face(), new_meter(config(lockout=LockoutPlan(after=3)))
    for deed in deeds:
        face = do(face, meter, deed)
        assert isinstance(show(face, meter), Screen)
        alarm(face, meter)
    typed = {token for token in TOKENS if any(token.digits in deed for deed in deeds)}
    received = meter.state.accounts[0].received
    possible = sum(10 * number for number, token in enumerate(TOKENS, start=1) if token in typed)
    assert received <= possible * 360_000_000
    assert len(face.recent) <= len(typed)
    assert meter.state.accounts[0].is_sound


@given(st.text("0123456789*#", max_size=30), st.sampled_from([0, 3, 4]))
def test_no_line_raises(line: str, payer: int) -> None:
    """Any line of keys is answered on any kind of meter, and none makes credit."""
    meter = meter_of(payer)
    response = type_keys(new_face(), meter, line)
    assert response.answer.beep in Beep
    assert meter.credit(payer) == 0
