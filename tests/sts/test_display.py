"""Tokens that make a meter test itself or show something."""

import pytest
from hypothesis import given

from tests.sts.support import HUGE, NOT_INTEGERS, display_tokens, each, long_tests, refused, short_tests, values_of
from umbane.sts import Control, InitiateTest, MfrCodeError, UnknownTokenError, decode, encode

SHORT = [0, 2, 11, 12, 13, 14, 15]
LONG = [1, 6, 7, 8, 9, 10]
RESERVED = [3, 4, 5]


@pytest.mark.parametrize(
    ("token", "digits"),
    [
        (InitiateTest.everything(), "56493153725450313471"),
        (InitiateTest.everything(code_digits=4), "02305843005052951967"),
        (InitiateTest(Control.TEST_LOAD_SWITCH), "00000000000150997584"),
        (InitiateTest(Control.TEST_LOAD_SWITCH, subclass=1), "01152921509036054672"),
    ],
)
def test_published_tokens(token: InitiateTest, digits: str) -> None:
    """The published tokens come out without a key, and are read without one."""
    assert encode(token).digits == digits
    assert decode(encode(token)) == token


def test_table_of_tests() -> None:
    """Bit n of the control field asks for test n + 1, in the standard's order."""
    assert [(test.name, test.value) for test in Control] == [
        (name, 1 << bit)
        for bit, name in enumerate(
            [
                "TEST_LOAD_SWITCH",
                "TEST_DISPLAY",
                "DISPLAY_REGISTER_TOTALS",
                "DISPLAY_KRN_AND_KT",
                "DISPLAY_TI",
                "TEST_TOKEN_READER",
                "DISPLAY_MAXIMUM_POWER_LIMIT",
                "DISPLAY_TAMPER_STATUS",
                "DISPLAY_POWER_CONSUMPTION",
                "DISPLAY_SOFTWARE_VERSION",
                "DISPLAY_PHASE_POWER_UNBALANCE_LIMIT",
                "DISPLAY_WATER_METER_FACTOR",
                "DISPLAY_TARIFF_RATE",
                "DISPLAY_EA",
                "DISPLAY_KCT_COUNT",
                "DISPLAY_SGC",
                "DISPLAY_KEN",
                "DISPLAY_DRN",
            ]
        )
    ]


@given(short_tests)
def test_short_layout(token: InitiateTest) -> None:
    """With a code of two digits, 36 bits of control come before 8 bits of code."""
    assert divmod(token.content(), 1 << 8) == (token.control, token.manufacturer_code)
    assert token.control_bits == 36


@given(long_tests)
def test_long_layout(token: InitiateTest) -> None:
    """With a code of four digits, 28 bits of control come before 16 bits of code."""
    assert divmod(token.content(), 1 << 16) == (token.control, token.manufacturer_code)
    assert token.control_bits == 28


def test_code_is_binary() -> None:
    """A manufacturer code is a plain number: 99 is 63 in hexadecimal."""
    assert InitiateTest(0, 99).content() == 0x63


@given(display_tokens)
def test_read_back(token: InitiateTest) -> None:
    """A meter reads the token that was made."""
    assert InitiateTest.from_content(token.subclass, token.content()) == token


@given(values_of(28))
def test_names(control: int) -> None:
    """The tests of a token are those of its bits that have a name, lowest first."""
    tests = InitiateTest(control).tests
    assert sum(tests) == control & (1 << 18) - 1
    assert list(tests) == sorted(tests)


@pytest.mark.parametrize(("code_digits", "bits", "subclass"), [(2, 36, 0), (4, 28, 1)])
def test_everything(code_digits: int, bits: int, subclass: int) -> None:
    """Test number 0 is all bits, for every make, and asks for every test with a name."""
    token = InitiateTest.everything(code_digits=code_digits)
    assert (token.control, token.manufacturer_code, token.subclass) == ((1 << bits) - 1, 0, subclass)
    assert token.asks_for_everything
    assert token.tests == tuple(Control)


@pytest.mark.parametrize("subclass", [*SHORT, *LONG])
def test_not_everything(subclass: int) -> None:
    """One bit less than all is not test number 0, nor are the bits of the shorter field in the longer one."""
    everything = (1 << (36 if subclass in SHORT else 28)) - 1
    assert InitiateTest(everything, subclass=subclass).asks_for_everything
    assert not InitiateTest(everything - 1, subclass=subclass).asks_for_everything
    assert not InitiateTest(everything >> 8, subclass=subclass).asks_for_everything


@each("code_digits", [*NOT_INTEGERS, 0, 1, 3, 5, HUGE])
def test_no_length_of_a_code(code_digits: object) -> None:
    """Manufacturer codes have two or four digits."""
    assert refused(InitiateTest.everything, code_digits=code_digits).field == "code_digits"


@each("control", [*NOT_INTEGERS, -1, HUGE])
def test_no_control(control: object) -> None:
    """A control field is an integer: what could be read as one is not."""
    assert refused(InitiateTest, control).field == "Control"


@pytest.mark.parametrize(("subclass", "bits"), [*((subclass, 36) for subclass in SHORT), *((s, 28) for s in LONG)])
def test_width_of_control(subclass: int, bits: int) -> None:
    """A control field that is one bit too long is refused."""
    assert InitiateTest((1 << bits) - 1, subclass=subclass).control_bits == bits
    assert refused(InitiateTest, 1 << bits, subclass=subclass).field == "Control"


@pytest.mark.parametrize(("subclass", "most"), [*((subclass, 99) for subclass in SHORT), *((s, 9999) for s in LONG)])
def test_no_code(subclass: int, most: int) -> None:
    """A manufacturer code has the digits of its subclass."""
    assert InitiateTest(0, most, subclass).manufacturer_code == most
    for code in (most + 1, -1, "1", None, True):
        assert refused(InitiateTest, 0, code, subclass).field == "MfrCode"


@each("subclass", [*NOT_INTEGERS, *RESERVED, -1, 16, HUGE])
def test_no_subclass(subclass: object) -> None:
    """Reserved subclasses aren't issued, and others don't exist."""
    assert refused(InitiateTest, 0, 0, subclass).field == "SubClass"


@pytest.mark.parametrize("subclass", RESERVED)
def test_reserved_subclass(subclass: int) -> None:
    """A token of a reserved subclass is one that a meter doesn't know."""
    with pytest.raises(UnknownTokenError):
        InitiateTest.from_content(subclass, 0)


@pytest.mark.parametrize(("subclass", "code"), [(0, 100), (0, 255), (2, 100), (15, 200), (1, 10_000), (10, 65_535)])
def test_code_of_no_maker(subclass: int, code: int) -> None:
    """A token with a code that no maker can have is for no meter, which is told apart from an unknown function."""
    with pytest.raises(MfrCodeError):
        InitiateTest.from_content(subclass, code)
