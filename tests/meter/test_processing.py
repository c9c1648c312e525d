"""From twenty digits to a result of the standard."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import (
    DAY,
    HOUR,
    KEY,
    LONG_KEY,
    START,
    Till,
    config,
    forged,
    new_meter,
    patient,
    refuses,
    results,
    with_credit,
    wrong,
)
from umbane.meter import (
    AuthenticationResult,
    Collection,
    Meter,
    MeterConfig,
    Refusal,
    TokenResult,
    ValidationResult,
)
from umbane.sts import (
    KEN,
    KT,
    TID,
    BaseDate,
    ClearTamperCondition,
    Control,
    Credit,
    DecoderKey,
    EncodedToken,
    ExtendedManagement,
    Flag,
    InitiateTest,
    MeterPAN,
    Register,
    Service,
    SetTariffRate,
    SetWaterMeterFactor,
    encode,
)
from umbane.sts.content import message


@pytest.mark.parametrize("key", [KEY, LONG_KEY], ids=["EA07", "EA11"])
def test_credit_is_accepted_once(key: DecoderKey) -> None:
    """A credit token is worth its amount the first time, and nothing the second."""
    meter, till = new_meter(key=key), Till(key)
    token = till.kwh(25)
    assert meter.enter(token).accepted
    outcome = meter.enter(token)
    assert (outcome.authentication, outcome.validation, outcome.execution) == ("Authentic", "UsedError", None)
    assert meter.credit() == 250
    assert meter.credit_wh == 25_000


def test_answer_to_credit() -> None:
    """The answer carries the token, its three results, where the credit went, and the events."""
    outcome = new_meter().enter(Till().credit(7))
    assert outcome.result is TokenResult.ACCEPT
    assert outcome.authentication is AuthenticationResult.AUTHENTIC
    assert outcome.validation is ValidationResult.VALID
    assert outcome.execution is TokenResult.ACCEPT
    assert isinstance(outcome.token, Credit)
    assert outcome.collected == Collection(0, 0, 0, 7 * 360_000_000)
    assert [event.kind for event in outcome.events] == ["token accepted", "connected"]


@pytest.mark.parametrize(
    "typed",
    ["", "1", "1" * 19, "1" * 21, "9" * 20, "1234 5678 9012 3456 789O", "１" * 20, "-" * 20, "x" * 10_000, "\0" * 20],
)
def test_format_error(typed: str) -> None:
    """What isn't a 66-bit number of 20 ASCII digits is a FormatError, and no guess at the key."""
    meter = new_meter(config())
    outcome = meter.enter(typed)
    assert (outcome.result, outcome.authentication, outcome.validation) == (TokenResult.FORMAT_ERROR, None, None)
    assert meter.state.lockout.wrong == 0


def test_what_is_no_text() -> None:
    """Something that isn't even text is a FormatError too."""
    assert new_meter().enter(None).result is TokenResult.FORMAT_ERROR  # type: ignore[arg-type]  # a wrong type is tested


@pytest.mark.parametrize("separator", [" ", "-", "\t", "\u00a0"])
def test_typed_in_groups(separator: str) -> None:
    """The digits may be typed in groups."""
    token = Till().kwh(1)
    assert new_meter().enter(token.grouped.replace(" ", separator)).accepted


def test_token_of_another_meter() -> None:
    """A token for another key is a CRCError that shows no token, and leaves credit and TIDs alone."""
    meter = new_meter()
    before = meter.state.tids
    outcome = meter.enter(Till(replace(KEY, value=KEY.value ^ 1)).kwh(1))
    assert (outcome.result, outcome.validation, outcome.execution, outcome.token) == ("CRCError", None, None, None)
    assert (meter.credit(), meter.state.tids) == (0, before)


@given(st.integers(0, (1 << 66) - 1))
def test_random_digits(bits: int) -> None:
    """Random digits never make credit."""
    meter = new_meter()
    meter.enter(EncodedToken(bits))
    assert meter.credit() == 0


def test_older_than_the_meter() -> None:
    """A token from before the meter was made is an OldError; one from the day it was switched on is good."""
    meter = Meter(config(), KEY, START, manufactured=START - timedelta(days=30))
    old, good = Till(first=START - timedelta(days=31)), Till(first=START - timedelta(days=29))
    assert results(meter, [old.kwh(1), good.kwh(1)]) == ["OldError", "Accept"]


def test_made_before_its_base_date() -> None:
    """A meter made before the base date of its key takes every TID but the first."""
    key = replace(KEY, base_date=BaseDate.Y2035)
    assert new_meter(key=key).state.tids.minutes == (0,) * 50


def test_made_after_its_base_date_ended() -> None:
    """A meter made after all TIDs of its base date takes none."""
    meter = new_meter(key=replace(KEY, base_date=BaseDate.Y1993))
    assert meter.state.tids.minutes[0] == 0xFFFFFF


def test_out_of_order() -> None:
    """Tokens may come in any order, as long as none is older than all that are remembered."""
    till = Till()
    tokens = [till.kwh(1) for _ in range(50)]
    meter = new_meter()
    assert set(results(meter, tokens[::-1])) == {"Accept"}
    assert set(results(meter, tokens)) == {"UsedError"}
    assert meter.credit() == 500


@pytest.mark.parametrize("size", [50, 51, 120])
def test_memory_size(size: int) -> None:
    """The memory holds as many TIDs as configured; the one that falls out is an OldError for ever."""
    till, meter = Till(), new_meter(config(tid_memory=size))
    tokens = [till.kwh(1) for _ in range(size + 1)]
    assert set(results(meter, tokens)) == {"Accept"}
    assert results(meter, tokens[:2]) == ["OldError", "UsedError"]


def test_expired_key() -> None:
    """A token beyond the key's KEN is a KeyExpiredError."""
    ken = Till().minute >> 16
    meter = new_meter(key=replace(KEY, ken=KEN(ken)))
    late = Till(first=datetime(2027, 1, 1, tzinfo=UTC))
    assert results(meter, [Till().kwh(1), late.kwh(1)]) == ["Accept", "KeyExpiredError"]


@pytest.mark.parametrize(("kt", "checks"), [(KT.DITK, True), (KT.DUTK, False)])
def test_key_that_does_not_expire(kt: KT, *, checks: bool) -> None:
    """A DITK never expires, nor does any key in a meter that doesn't check."""
    meter = new_meter(config(check_ken=checks), replace(KEY, kt=kt, ken=KEN(0)))
    assert meter.enter(Till().kwh(1)).accepted


def test_default_key() -> None:
    """Under a DDTK credit is a DDTKError, while management tokens work; the refused token isn't used up."""
    meter, till = new_meter(key=replace(KEY, kt=KT.DDTK)), Till()
    credit = till.kwh(1)
    assert results(meter, [credit, till.power_limit(5000), credit]) == ["DDTKError", "Accept", "DDTKError"]


def test_expiry_before_default_key() -> None:
    """Where both the key has expired and it is a DDTK, the meter says KeyExpiredError."""
    meter = new_meter(key=replace(KEY, kt=KT.DDTK, ken=KEN(0)))
    assert meter.enter(Till().kwh(1)).result is ValidationResult.KEY_EXPIRED_ERROR


def test_overflow_keeps_the_token() -> None:
    """A token that the register has no room for is an OverflowError, and works later when there is room."""
    meter, till = new_meter(config(register_limit=100)), Till()
    big = till.credit(60)
    assert results(meter, [till.credit(60), big]) == ["Accept", "OverflowError"]
    assert results(meter, [till.clear_credit(), big]) == ["Accept", "Accept"]
    assert meter.credit() == 60


@pytest.mark.parametrize("service", [Service.WATER, Service.GAS, Service.TIME])
def test_service_that_is_not_here(service: Service) -> None:
    """Credit for a service without a register is a FunctionError and doesn't use the token up."""
    meter, till = new_meter(), Till()
    token = till.credit(1, service)
    assert results(meter, [token, token]) == ["FunctionError", "FunctionError"]


@pytest.mark.parametrize("service", Service)
def test_every_service(service: Service) -> None:
    """A meter with all registers keeps each service's credit apart."""
    meter, till = new_meter(config(subclasses=tuple(range(8)))), Till()
    assert results(meter, [till.credit(70 + service, service), till.money(7, service)]) == ["Accept", "Accept"]
    assert [meter.credit(n) for n in range(8) if meter.credit(n)] == [70 + service, 7]


def test_money_taken_back() -> None:
    """A negative currency token takes credit away, below zero if need be."""
    meter, till = new_meter(config(subclasses=(4,))), Till()
    assert results(meter, [till.money(1000), till.money(-1500)]) == ["Accept", "Accept"]
    assert meter.credit(4) == -500
    assert not meter.connected


@pytest.mark.parametrize("register", [8, 9, 0xFFFE, Register.WATER])
def test_register_that_is_not_there(register: int) -> None:
    """Clearing a register that isn't defined, or isn't in this meter, is a RangeError."""
    assert new_meter().enter(Till().clear_credit(register)).result is TokenResult.RANGE_ERROR


def test_clear_one_and_clear_all() -> None:
    """ClearCredit sets one register to zero, or all."""
    meter, till = new_meter(config(subclasses=(0, 1, 3))), Till()
    results(meter, [till.credit(5), till.credit(6, Service.WATER), till.credit(7, Service.TIME)])
    assert meter.enter(till.clear_credit(Register.WATER)).accepted
    assert [meter.credit(n) for n in (0, 1, 3)] == [5, 0, 7]
    assert meter.enter(till.clear_credit()).accepted
    assert [meter.credit(n) for n in (0, 1, 3)] == [0, 0, 0]


def test_limits_are_set() -> None:
    """Limits start unset and take what a token says, as the token rounds it."""
    meter, till = new_meter(), Till()
    assert (meter.mpl, meter.mppul) == (None, None)
    assert results(meter, [till.power_limit(20_001), till.unbalance_limit(0)]) == ["Accept", "Accept"]
    assert (meter.mpl, meter.mppul) == (20_004, 0)


def test_limit_beyond_the_hardware() -> None:
    """A limit that the load switch can't carry is a RangeError."""
    meter, till = new_meter(config(hardware_watts=9200)), Till()
    assert results(meter, [till.power_limit(9201), till.power_limit(9200)]) == ["RangeError", "Accept"]
    assert results(meter, [till.unbalance_limit(9201)]) == ["RangeError"]
    assert (meter.mpl, meter.mppul) == (9200, None)


@pytest.mark.parametrize("kind", [SetTariffRate, SetWaterMeterFactor])
def test_functions_without_a_meaning(kind: type[SetTariffRate | SetWaterMeterFactor]) -> None:
    """Tokens whose meaning is reserved are a FunctionError and aren't used up."""
    meter, till = new_meter(), Till()
    token = till.print(kind(1, tid=till.tid(), rnd=5))
    assert results(meter, [token, token]) == ["FunctionError"] * 2


@pytest.mark.parametrize(
    ("token_class", "subclass"),
    [(0, 8), (0, 15), (1, 3), (1, 5), (2, 11), (2, 15), (3, 0), (3, 15)],
)
def test_reserved_subclass(token_class: int, subclass: int) -> None:
    """An authentic token of a reserved class or subclass is a FunctionError."""
    assert new_meter().enter(forged(token_class, subclass, 0x5_000000_0000)).result is TokenResult.FUNCTION_ERROR


def test_key_section_with_impossible_fields() -> None:
    """An authentic key-change section with a KRN or TI that can't be is a FormatError."""
    meter = new_meter()
    assert meter.enter(forged(2, 3, 0)).result is TokenResult.FORMAT_ERROR
    assert meter.enter(forged(2, 4, 0xFF << 32)).result is TokenResult.FORMAT_ERROR
    assert meter.pending_sections == ()


def test_manufacturer_code_that_can_not_be() -> None:
    """A class 1 token with a code of more than two digits in eight bits is a MfrCodeError."""
    assert new_meter().enter(forged(1, 0, 1 << 8 | 200)).result is AuthenticationResult.MFR_CODE_ERROR


@pytest.mark.parametrize(
    ("subclass", "code", "result"),
    [
        (0, 0, "Accept"),
        (0, 21, "Accept"),
        (0, 22, "MfrCodeError"),
        (1, 0, "Accept"),
        (1, 21, "Accept"),
        (1, 2100, "MfrCodeError"),
        (6, 21, "FunctionError"),
        (6, 0, "MfrCodeError"),
        (11, 21, "FunctionError"),
        (15, 0, "MfrCodeError"),
    ],
)
def test_manufacturer_code(subclass: int, code: int, result: str) -> None:
    """Class 1 tokens are for everybody, for this manufacturer's meters, or refused; proprietary ones aren't known."""
    meter = new_meter(config(manufacturer_code=21))
    assert meter.enter(encode(InitiateTest(1, code, subclass))).result == result


def test_manufacturer_code_of_the_number() -> None:
    """Where none is configured, the code is that of the meter's number."""
    pan = MeterPAN.parse("0100000000008")
    meter = Meter(MeterConfig(pan=pan), KEY, START)
    assert meter.enter(encode(InitiateTest(1, 100, 1))).accepted
    assert not meter.enter(encode(InitiateTest(1, 21, 1))).accepted


def test_flags() -> None:
    """Flags that the meter knows are set and cleared by tokens; others are a FunctionError."""
    meter, till = new_meter(), Till()
    assert results(meter, [till.flag(Flag.CTS_TEST, on=True)]) == ["Accept"]
    assert meter.state.flags & 1
    assert results(meter, [till.flag(Flag.CTS_TEST, on=False)]) == ["Accept"]
    assert not meter.state.flags & 1
    assert results(meter, [till.flag(Flag.PREPAYMENT_WATER, on=True), till.flag(500, on=True)]) == ["FunctionError"] * 2
    other = ExtendedManagement(0, 123, tid=till.tid(), rnd=5)
    assert results(meter, [till.print(other)]) == ["FunctionError"]


def test_service_switched_off_by_a_flag() -> None:
    """The flag DISCONNECT_SERVICE opens the load switch and lets it close again."""
    meter, till = with_credit()
    meter.enter(till.flag(Flag.DISCONNECT_SERVICE, on=True))
    assert meter.holds.words == "command"
    meter.enter(till.flag(Flag.DISCONNECT_SERVICE, on=False))
    assert meter.connected


def test_nothing_typed_without_power() -> None:
    """Without mains nobody looks at a token, and it isn't used up."""
    meter, till = new_meter(), Till()
    token = till.kwh(1)
    meter.cut_power()
    outcome = meter.enter(token)
    assert (outcome.result, outcome.authentication, outcome.accepted) == (Refusal.NO_POWER, None, False)
    meter.return_power()
    assert meter.enter(token).accepted


@pytest.mark.parametrize("tids", [[], [-1], [1 << 24], [True], ["1"], [0] * 51])
def test_wrong_memory(tids: list[int]) -> None:
    """A memory that can't be is refused when the meter is made."""
    with refuses("tids"):
        Meter(config(), KEY, START, tids=tids)


@pytest.mark.parametrize("start", [None, "2026-03-02", 0, datetime(2026, 3, 2)])  # noqa: DTZ001 - naive is what is tested
def test_wrong_start(start: datetime) -> None:
    """A meter is switched on at a moment with a time zone."""
    with refuses("start"):
        Meter(config(), KEY, start)
    with pytest.raises(ValueError, match="time zone"):
        Meter(config(), KEY, START, manufactured=datetime(2026, 3, 1))  # noqa: DTZ001 - naive is what is tested


def test_no_secret_is_shown() -> None:
    """Neither the meter nor its state, answers or log show key bits or what was typed."""
    till = Till()
    meter = new_meter(patient())
    sections = till.key_change(replace(KEY, value=0xABCDABCDABCDABCD))
    shown = [repr(meter.enter(token)) for token in (*sections[:1], till.kwh(1), wrong(till.kwh(2)))]
    text = " ".join([*shown, repr(meter), repr(meter.state), repr(meter.log), repr(meter.config)])
    for secret in (0x0123456789ABCDEF, 0xABCDABCD):
        assert str(secret) not in text
        assert f"{secret:x}" not in text.lower()
    assert sections[0].digits not in text


def test_the_log_names_kinds_and_reasons() -> None:
    """The log says which token was accepted, and why one was refused."""
    meter, till = new_meter(), Till()
    results(meter, [till.print(ClearTamperCondition(tid=till.tid(), rnd=1)), wrong(till.kwh(1))])
    assert [event.detail for event in meter.log] == ["ClearTamperCondition", "CRCError"]


def test_a_step_leaves_the_old_state_alone() -> None:
    """The state before a token is the same after it: a power cut finds the one or the other."""
    meter = new_meter()
    before, copy = meter.state, meter.state.copy()
    meter.enter(Till().kwh(1))
    assert before == copy
    assert meter.state != before


def test_message_of_forged_tokens() -> None:
    """The tests' own way to build tokens agrees with the standard's."""
    token = Credit(Service.ELECTRICITY, 9, tid=TID(77), rnd=3)
    assert forged(0, 0, token.content()) == encode(token, KEY)
    test = InitiateTest(int(Control.DISPLAY_TI))
    assert forged(1, 0, test.content()) == encode(test)
    assert message(test) >> 64 == 1


def test_time_matters_not_to_tids() -> None:
    """The meter's clock plays no part in judging a TID: tokens may be years older or newer than it."""
    meter = Meter(config(), KEY, START, tids=[0])
    meter.advance(DAY * 1000)
    assert results(meter, [Till(first=START - DAY * 400).kwh(1), Till(first=START + HOUR).kwh(1)]) == ["Accept"] * 2
