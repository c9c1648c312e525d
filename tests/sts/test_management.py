"""Management tokens but for the key change."""

import dataclasses

import pytest
from hypothesis import given

from tests.sts.support import (
    HUGE,
    NOT_INTEGERS,
    each,
    extended_tokens,
    field_tokens,
    limit_tokens,
    management_tokens,
    nibbles,
    refused,
    tamper_tokens,
    tids,
)
from umbane.sts import (
    MAX_AMOUNT,
    TID,
    AmountError,
    ClearCredit,
    ClearTamperCondition,
    ExtendedManagement,
    Flag,
    Register,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
    StampedToken,
    encode_amount,
)
from umbane.sts.crc import crc
from umbane.sts.management import FieldToken, ManagementToken, PowerLimit

MOMENT = TID(6_675_056)
LIMITS = [SetMaximumPowerLimit, SetMaximumPhasePowerUnbalanceLimit]
FIELDS = [ClearCredit, SetTariffRate, SetWaterMeterFactor]


@pytest.mark.parametrize(
    ("kind", "subclass"),
    [
        (SetMaximumPowerLimit, 0),
        (ClearCredit, 1),
        (SetTariffRate, 2),
        (ClearTamperCondition, 5),
        (SetMaximumPhasePowerUnbalanceLimit, 6),
        (SetWaterMeterFactor, 7),
        (ExtendedManagement, 10),
    ],
)
def test_subclasses(kind: type[ManagementToken], subclass: int) -> None:
    """Each token has the class and subclass that the standard gives it."""
    assert (kind.token_class, kind.subclass) == (2, subclass)


@given(management_tokens)
def test_layout(token: StampedToken) -> None:
    """RND, TID and a field of 16 bits follow one another, under the ordinary check bits."""
    content = token.content()
    assert (content >> 40, content >> 16 & 0xFFFFFF, content & 0xFFFF) == (token.rnd, token.tid.minutes, token.value())
    assert token.check_bits(content) == crc(content)


@pytest.mark.parametrize("kind", [*LIMITS, *FIELDS])
@each("tid", [None, 0, "0", 6_675_056])
def test_no_tid(kind: type[PowerLimit | FieldToken], tid: object) -> None:
    """A management token is stamped with a TID, not with a number of minutes."""
    assert refused(kind, 0, tid=tid, rnd=5).field == "TID"
    assert refused(ClearTamperCondition, tid=tid, rnd=5).field == "TID"
    assert refused(ExtendedManagement, 0, 0, tid=tid, rnd=5).field == "TID"


@each("rnd", [*NOT_INTEGERS, -1, 16])
def test_no_rnd(rnd: object) -> None:
    """RND has four bits."""
    assert refused(ClearTamperCondition, tid=MOMENT, rnd=rnd).field == "RND"
    assert refused(ClearCredit, 0, tid=MOMENT, rnd=rnd).field == "RND"


def test_no_token_of_no_kind() -> None:
    """A stamped token that is none of the standard's can't be made."""
    with pytest.raises(TypeError):
        StampedToken(tid=MOMENT, rnd=5)  # type: ignore[abstract]  # that it is abstract is what is tested


# -------------------------------------------------------------------------------------------------------------- limits


@given(limit_tokens)
def test_limits(token: PowerLimit) -> None:
    """A limit is coded as an amount and rounded up, and the meter reads what the token carries."""
    assert token.value() == encode_amount(token.watts)
    assert token.carried >= token.watts
    assert type(token).from_content(token.subclass, token.content()) == dataclasses.replace(token, watts=token.carried)


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize(("watts", "carried"), [(0, 0), (16_385, 16_394), (180_215, 180_224), (MAX_AMOUNT, MAX_AMOUNT)])
def test_limits_go_up(kind: type[PowerLimit], watts: int, carried: int) -> None:
    """A limit between two that a token can say becomes the higher one."""
    assert kind(watts, tid=MOMENT, rnd=5).carried == carried


@pytest.mark.parametrize("kind", LIMITS)
@each("watts", [*NOT_INTEGERS, -1, MAX_AMOUNT + 1, HUGE])
def test_no_watts(kind: type[PowerLimit], watts: object) -> None:
    """A limit that one token can't carry is refused."""
    error = refused(kind, watts, tid=MOMENT, rnd=5)
    assert isinstance(error, AmountError)
    assert error.field == "watts"


# -------------------------------------------------------------------------------------------------------------- fields


@given(field_tokens)
def test_fields(token: FieldToken) -> None:
    """A plain field is carried as it is."""
    assert token.value() == token.field
    assert type(token).from_content(token.subclass, token.content()) == token


@pytest.mark.parametrize("kind", FIELDS)
@each("field", [*NOT_INTEGERS, -1, 0x10000, HUGE])
def test_no_field(kind: type[FieldToken], field: object) -> None:
    """A field has 16 bits; the error names its token."""
    assert refused(kind, field, tid=MOMENT, rnd=5).field == kind.__name__


def test_registers() -> None:
    """The registers have the standard's numbers."""
    assert {register.name: register.value for register in Register} == {
        "ELECTRICITY": 0,
        "WATER": 1,
        "GAS": 2,
        "TIME": 3,
        "ELECTRICITY_CURRENCY": 4,
        "WATER_CURRENCY": 5,
        "GAS_CURRENCY": 6,
        "TIME_CURRENCY": 7,
        "ALL": 0xFFFF,
    }


@each("number", [-1, 8, 0xFFFE, "0", None, 1.5, 10**4000])
def test_reserved_registers(number: object) -> None:
    """A reserved number is no Register."""
    assert refused(Register, number).field == "Register"


@pytest.mark.parametrize("register", Register)
def test_clear_credit(register: Register) -> None:
    """ClearCredit carries the number of its register, and what a meter reads equals it."""
    token = ClearCredit(register, tid=MOMENT, rnd=5)
    assert token.content() & 0xFFFF == register.value
    assert ClearCredit.from_content(1, token.content()).field == register


# -------------------------------------------------------------------------------------------------------------- tamper


@given(tamper_tokens)
def test_tamper(token: ClearTamperCondition) -> None:
    """The pad of ClearTamperCondition is zeros."""
    assert token.content() & 0xFFFF == 0
    assert ClearTamperCondition.from_content(5, token.content()) == token


@given(tids, nibbles)
def test_pad_is_not_looked_at(tid: TID, rnd: int) -> None:
    """A meter that is sent another pad reads the same token."""
    token = ClearTamperCondition(tid=tid, rnd=rnd)
    assert ClearTamperCondition.from_content(5, token.content() | 0xBEEF) == token


# ------------------------------------------------------------------------------------------------------------ extended


@given(extended_tokens)
def test_extended(token: ExtendedManagement) -> None:
    """An extended token is six bits of index and ten of data."""
    assert divmod(token.value(), 1 << 10) == (token.index, token.data)
    assert ExtendedManagement.from_content(10, token.content()) == token


@pytest.mark.parametrize(("on", "value"), [(False, 0xFC00), (True, 0xFC01)])
def test_published_flag(*, on: bool, value: int) -> None:
    """The published tokens for flag 0 carry FC00 to turn it off and FC01 to turn it on."""
    token = ExtendedManagement.set_flag(Flag.CTS_TEST, on=on, tid=MOMENT, rnd=5)
    assert token.value() == value
    assert token.flag == (0, on)


def test_flag_numbers() -> None:
    """The flags are numbered from 0 in this order."""
    assert [flag.name for flag in sorted(Flag)] == [
        "CTS_TEST",
        "DETECT_TAMPER",
        "DISCONNECT_SERVICE",
        "DISCONNECT_ON_TAMPER",
        "DISCONNECT_ON_POWER_LIMIT",
        "DISCONNECT_ON_UNDER_FREQUENCY",
        "PREPAYMENT_ELECTRICITY",
        "PREPAYMENT_WATER",
        "PREPAYMENT_GAS",
        "PREPAYMENT_TIME",
        "COMMISSIONING_MODE",
        "TI_FALLBACK_POWER_LIMIT",
    ]
    assert list(Flag) == list(range(12))


@pytest.mark.parametrize("flag", [*Flag, 12, 511])
def test_flags(flag: int) -> None:
    """Every flag can be turned on and off, those without a name included."""
    for on in (False, True):
        assert ExtendedManagement.set_flag(flag, on=on, tid=MOMENT, rnd=5).flag == (flag, on)


@given(extended_tokens.filter(lambda token: token.index != 63))
def test_no_flag_elsewhere(token: ExtendedManagement) -> None:
    """Under any other index there is no flag."""
    assert token.flag is None


@each("flag", [*NOT_INTEGERS, -1, 512, HUGE])
def test_no_flag(flag: object) -> None:
    """A flag has nine bits."""
    assert refused(ExtendedManagement.set_flag, flag, on=True, tid=MOMENT, rnd=5).field == "Flag"


@each("on", [None, 0, 1, 2, "on", ""])
def test_on_or_off(on: object) -> None:
    """A flag is turned on by True and off by False, and by nothing that could spill into its number."""
    assert refused(ExtendedManagement.set_flag, 0, on=on, tid=MOMENT, rnd=5).field == "on"


@each("number", [-1, 12, 511, "0", None, 10**4000])
def test_flags_without_a_name(number: object) -> None:
    """A number without a name is no Flag."""
    assert refused(Flag, number).field == "Flag"


@each("number", [*NOT_INTEGERS, -1, HUGE])
def test_no_index_or_data(number: object) -> None:
    """Index and data are integers of their width."""
    assert refused(ExtendedManagement, number, 0, tid=MOMENT, rnd=5).field == "Index"
    assert refused(ExtendedManagement, 0, number, tid=MOMENT, rnd=5).field == "Data"
    assert refused(ExtendedManagement, 64, 0, tid=MOMENT, rnd=5).field == "Index"
    assert refused(ExtendedManagement, 0, 1024, tid=MOMENT, rnd=5).field == "Data"
