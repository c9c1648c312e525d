"""What the meter says to a token."""

from dataclasses import replace

import pytest

from tests.meter.face.support import SPLIT, meter_of, new_face, type_keys
from tests.meter.support import DAY, KEY, MINUTE, START, Till, another_key, forged, new_meter, wrong
from umbane.meter import (
    AuthenticationResult,
    CollectionPlan,
    Fate,
    LinkState,
    Meter,
    Refusal,
    TokenResult,
    ValidationResult,
)
from umbane.meter.face import ANSWERS, Answer, Beep
from umbane.meter.face.words import WIDEST, did, split
from umbane.sts import (
    KEN,
    KRN,
    KT,
    TI,
    Control,
    EncodedToken,
    Flag,
    InitiateTest,
    Register,
    Service,
    SetTariffRate,
    encode,
)

GOOD_NEWS = {AuthenticationResult.AUTHENTIC, ValidationResult.VALID}
"""Results on the way to another one."""

RESULTS = [*AuthenticationResult, *ValidationResult, *TokenResult, *Refusal]


def said(meter: Meter, token: EncodedToken | str) -> Answer:
    """What the meter says when a token is typed."""
    return type_keys(new_face(), meter, token if isinstance(token, str) else token.digits).answer


def test_every_result_is_answered() -> None:
    """Every result of the standard, and every refusal of ours, has words and a sound."""
    assert set(ANSWERS) == set(RESULTS) - GOOD_NEWS


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
def test_answers_fit(answer: Answer) -> None:
    """A word fits the display, a sentence ends, and neither shouts jargon at a customer."""
    assert len(answer.lcd) <= WIDEST
    assert answer.words.endswith(".")
    assert "Error" not in answer.words


def test_sounds_tell_good_from_bad() -> None:
    """Acceptance, half acceptance and every kind of refusal sound different."""
    good = {ANSWERS[result].beep for result in (TokenResult.ACCEPT, TokenResult.FIRST_KCT)}
    bad = {ANSWERS[result].beep for result in (*ValidationResult, *Refusal) if result not in GOOD_NEWS}
    assert good == {Beep.ACCEPTED, Beep.MORE}
    assert not good & bad


def test_credit() -> None:
    """Credit is announced with its amount and unit."""
    assert said(meter_of(), Till().kwh(10)) == Answer("+10.0 kWh", "Accepted: 10.0 kWh of electricity.", Beep.ACCEPTED)


def test_money_and_time() -> None:
    """So are money, a debit of it, and time."""
    till = Till()
    money = meter_of(4)
    assert said(money, till.money(1_000_000)).words == "Accepted: 10.00 of money for electricity."
    assert said(money, till.money(-100_000)).lcd == "-0.99"
    assert said(meter_of(3), till.credit(14_400, Service.TIME)).lcd == "+1 d 00:00"


def test_credit_that_was_split() -> None:
    """The customer is told what of a token paid debt and what repaid a loan."""
    meter = meter_of(collection=CollectionPlan(debt=100, debt_percent=50))
    assert said(meter, Till().kwh(10)).words == "Accepted: 10.0 kWh of electricity; of that 5.0 kWh paid debt."


def test_used() -> None:
    """A token that was used is said to be used."""
    meter, token = meter_of(), Till().kwh(1)
    assert said(meter, token).beep is Beep.ACCEPTED
    assert said(meter, token).lcd == "USED"


def test_old() -> None:
    """One from before the meter's time is too old."""
    assert said(meter_of(), Till(first=START - 300 * DAY).kwh(1)).lcd == "OLD"


def test_mistyped() -> None:
    """A mistyped digit is said to be wrong, with the meter's number to compare."""
    answer = said(meter_of(), wrong(Till().kwh(1)))
    assert answer.lcd == "WRONG"
    assert "00000000000" in answer.words


def test_expired() -> None:
    """A token beyond the key's expiry asks for key-change tokens."""
    meter = new_meter(key=replace(KEY, ken=KEN(10)))
    assert said(meter, Till().kwh(1)).lcd == "KEY EXPIRED"


def test_not_ready_for_credit() -> None:
    """A meter with the key of the store room refuses credit and says what to do."""
    meter = new_meter(key=replace(KEY, kt=KT.DDTK))
    answer = said(meter, Till().kwh(1))
    assert (answer.lcd, "key-change" in answer.words) == ("NOT READY", True)


def test_full() -> None:
    """A register that would overflow is said to be full, and the token keeps."""
    assert said(meter_of(register_limit=50), Till().kwh(10)).lcd == "FULL"


def test_other_make() -> None:
    """A test token of another maker is said to be that."""
    token = encode(InitiateTest(Control.DISPLAY_TI, manufacturer_code=7))
    assert said(meter_of(), token).lcd == "OTHER MAKE"


def test_not_a_token() -> None:
    """Twenty digits that no token has are no token."""
    assert said(meter_of(), "9" * 20).lcd == "NO TOKEN"


def test_not_for_this_meter() -> None:
    """What the meter doesn't have it can't do, and what it can't be set to is out of range."""
    assert said(meter_of(), Till().credit(10, Service.GAS)).lcd == "CAN'T DO"
    assert said(meter_of(hardware_watts=100), Till().power_limit(5000)).lcd == "RANGE"


def test_a_wrong_kind_of_key() -> None:
    """A key type that a keypad meter mustn't have is refused by name."""
    first = forged(2, 3, 0xF << 40 | 1 << 36 | int(KT.DCTK) << 32 | 0x1234)
    second = forged(2, 4, 0xF << 40 | 1 << 32 | 0x5678)
    meter = meter_of()
    assert said(meter, first).beep is Beep.MORE
    assert said(meter, second).lcd == "KEY TYPE"


def test_key_change() -> None:
    """Sections are counted up and kept for a while, and the last one says which key is in force."""
    meter, till = meter_of(), Till()
    first, second = till.key_change(another_key(KEY, krn=KRN(2), ti=TI(7)))
    answer = said(meter, second)
    assert (answer.lcd, answer.beep) == ("2ND TAKEN", Beep.MORE)
    assert "Taken so far: 2; kept for 10:00 min." in answer.words
    answer = said(meter, first)
    assert answer == Answer("KEY CHANGED", "Key changed: tariff index 07, revision 2.", Beep.ACCEPTED)


def test_locked_out() -> None:
    """After too many wrong tokens the keypad says how long it rests; the count goes down with time."""
    meter = meter_of()
    for number in range(3):
        said(meter, f"{number:020}")
    assert said(meter, Till().kwh(1)) == Answer(
        "LOCKED", "Too many wrong tokens. Wait 1:00 min, then try again.", Beep.LOCKED
    )


@pytest.mark.parametrize(
    ("link", "lcd"),
    [
        (LinkState(present=False), "NO LINK"),
        (LinkState(paired=False), "NOT PAIRED"),
        (LinkState(noise=(Fate.REQUEST_LOST,) * 3), "NO LINK"),
    ],
)
def test_link_lost(link: LinkState, lcd: str) -> None:
    """A keypad unit that can't reach its meter says so, and that the token isn't lost."""
    meter = meter_of(form=SPLIT)
    meter.set_link(link)
    answer = said(meter, Till().kwh(1))
    assert (answer.lcd, answer.beep) == (lcd, Beep.NO_ANSWER)


def test_no_power() -> None:
    """A dark meter says nothing; the words for the customer say that the token isn't lost."""
    meter, token = meter_of(), Till().kwh(1)
    meter.cut_power()
    assert said(meter, token) == ANSWERS[Refusal.NO_POWER]
    meter.return_power()
    assert said(meter, token).beep is Beep.ACCEPTED


def test_management() -> None:
    """Every management token says what it changed."""
    meter, till = meter_of(), Till()
    tokens = {
        "Accepted: power limit 2000 W.": till.power_limit(2000),
        "Accepted: phase unbalance limit 500 W.": till.unbalance_limit(500),
        "Accepted: the tamper condition is forgiven.": till.clear_tamper(),
        "Accepted: credit set to zero: electricity.": till.clear_credit(Register.ELECTRICITY),
        "Accepted: credit set to zero: all of it.": till.clear_credit(),
        "Accepted: flag 3 turned off.": till.flag(Flag.DISCONNECT_ON_TAMPER, on=False),
    }
    assert {words: said(meter, token).words for words, token in tokens.items()} == {words: words for words in tokens}


def test_test_tokens() -> None:
    """A test token says how much there is to look at."""
    answer = said(meter_of(), encode(InitiateTest.everything()))
    assert (answer.lcd, answer.words) == ("TEST", "Test done; 18 readings to look at.")


def test_a_time_out_is_what_it_says() -> None:
    """The time that sections are said to be kept is the meter's own."""
    meter, till = meter_of(key_change_timeout_s=60), Till()
    first, _ = till.key_change(another_key(KEY, krn=KRN(2)))
    assert "kept for 1:00 min" in said(meter, first).words
    assert MINUTE.total_seconds() == 60


def test_what_has_no_words_yet() -> None:
    """A token that no meter of ours executes yet would be called by its name; no collection needs no words."""
    assert did(SetTariffRate(field=1, tid=Till().tid(), rnd=5)) == "SetTariffRate"
    assert split(None, 0) == ""
