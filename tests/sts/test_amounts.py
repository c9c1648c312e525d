"""Amounts in exponent and mantissa."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import HUGE, NOT_INTEGERS, each, refused
from umbane.sts import (
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    AmountError,
    decode_amount,
    decode_currency,
    encode_amount,
    encode_currency,
    rounded_amount,
    rounded_currency,
)

GAPS = [*range(180_215, 180_224), *range(1_818_525, 1_818_624)]
STEPS = [(0, 16_383, 1), (16_384, 180_214, 10), (180_224, 1_818_524, 100), (1_818_624, 18_201_624, 1000)]


def by_the_book(exponent: int, mantissa: int) -> int:
    """The least units of a field, by the formula of the standard."""
    return int(10**exponent) * mantissa + sum(2**14 * int(10**n) for n in range(exponent))


def near_ends(exponent: int) -> list[int]:
    """Magnitudes around the first and the last that an exponent has, and around those of its neighbours."""
    ends = (by_the_book(exponent, 0), by_the_book(exponent, 2**14 - 1))
    return [max(0, end + step) for end in ends for step in (-(10**exponent), -1, 0, 1, 10**exponent)]


amounts = st.integers(0, MAX_AMOUNT) | st.sampled_from(GAPS)
magnitudes = st.integers(0, 31).flatmap(
    lambda exponent: st.sampled_from(near_ends(exponent)) | st.integers(0, by_the_book(exponent, 2**14 - 1))
)
currency_amounts = st.builds(
    lambda magnitude, sign: sign * min(magnitude, MAX_CURRENCY_AMOUNT), magnitudes, st.sampled_from([1, -1])
)
currency_fields = st.integers(0, 0xFFFFF).filter(lambda field: field != 0x80000)


# --------------------------------------------------------------------------------------------------------------- units


@pytest.mark.parametrize(
    ("units", "field"),
    [
        (0, 0x0000),
        (1, 0x0001),
        (256, 0x0100),
        (16_383, 0x3FFF),
        (16_384, 0x4000),
        (16_385, 0x4001),
        (180_214, 0x7FFF),
        (180_215, 0x8000),
        (180_224, 0x8000),
        (1_818_524, 0xBFFF),
        (1_818_525, 0xC000),
        (18_201_624, 0xFFFF),
    ],
)
def test_published_fields(units: int, field: int) -> None:
    """The ends of every exponent, and what lies behind them, have the fields of the test plan."""
    assert encode_amount(units) == field


def test_every_field() -> None:
    """Each of the 65 536 fields stands for the amount of the formula, and that amount has no other field."""
    for field in range(1 << 16):
        units = decode_amount(field)
        assert units == by_the_book(field >> 14, field & 0x3FFF)
        assert encode_amount(units) == field


def test_fields_are_in_order() -> None:
    """A larger field is a larger amount, so the least field that reaches an amount is the least amount too."""
    decoded = [decode_amount(field) for field in range(1 << 16)]
    assert all(low < high for low, high in pairwise(decoded))


@given(amounts)
def test_never_less(units: int) -> None:
    """Nobody gets less than was asked for, and no smaller field would do."""
    field = encode_amount(units)
    assert decode_amount(field) >= units
    assert field == 0 or decode_amount(field - 1) < units


@given(amounts)
def test_less_than_a_step_more(units: int) -> None:
    """What is given on top is less than one step of the field's exponent."""
    excess = decode_amount(encode_amount(units)) - units
    assert excess < 10 ** (encode_amount(units) >> 14)


@pytest.mark.parametrize(("low", "high", "step"), STEPS)
def test_steps(low: int, high: int, step: int) -> None:
    """Each exponent covers its published range in its published step."""
    assert [rounded_amount(units) for units in (low, low + step, high)] == [low, low + step, high]
    if step > 1:
        assert rounded_amount(low + 1) == low + step


@pytest.mark.parametrize(
    ("gap", "units"), [(range(180_215, 180_224), 180_224), (range(1_818_525, 1_818_624), 1_818_624)]
)
def test_gaps(gap: range, units: int) -> None:
    """Every amount in a gap between two exponents goes up to the first of the higher one."""
    assert {rounded_amount(asked) for asked in gap} == {units}


@given(st.tuples(amounts, amounts).map(sorted))
def test_more_is_never_less(two: list[int]) -> None:
    """Who asks for more never gets less."""
    assert rounded_amount(two[0]) <= rounded_amount(two[1])


@given(amounts)
def test_rounded_once(units: int) -> None:
    """What was rounded stays as it is."""
    assert rounded_amount(rounded_amount(units)) == rounded_amount(units)


@pytest.mark.parametrize("function", [encode_amount, rounded_amount])
@each("units", [*NOT_INTEGERS, -1, MAX_AMOUNT + 1, -HUGE, HUGE])
def test_no_amount(function: type, units: object) -> None:
    """An amount that one token can't carry is refused, never clipped: fractions, negatives and one unit too many."""
    error = refused(function, units)
    assert isinstance(error, AmountError)
    assert error.field == "Amount"


@each("field", [*NOT_INTEGERS, -1, 0x10000, HUGE])
def test_no_field(field: object) -> None:
    """A field has 16 bits."""
    assert refused(decode_amount, field).field == "Amount field"


# ------------------------------------------------------------------------------------------------------------ currency


@pytest.mark.parametrize(
    ("amount", "carried"),
    [
        (0, 0),
        (1, 1),
        (-1, -1),
        (16_383, 16_383),
        (100_000, 100_004),
        (-100_000, -99_994),
        (180_215, 180_224),
        (-180_215, -180_214),
        (-180_223, -180_214),
        (-180_224, -180_224),
    ],
)
def test_published_currency(amount: int, carried: int) -> None:
    """A credit goes up and a debit down, as the published token for one unit of currency taken back has it."""
    assert rounded_currency(amount) == carried


@pytest.mark.parametrize(
    ("amount", "field"),
    [(0, 0x00000), (1, 0x00001), (-1, 0x80001), (16_384, 0x04000), (-16_384, 0x84000), (-MAX_CURRENCY_AMOUNT, 0xFFFFF)],
)
def test_currency_fields(amount: int, field: int) -> None:
    """The sign comes first, then five bits of exponent, then the mantissa."""
    assert encode_currency(amount) == field


@given(currency_fields)
def test_currency_by_the_book(field: int) -> None:
    """Each field stands for the amount of the formula, and that amount has no other field; minus zero apart."""
    amount = decode_currency(field)
    assert amount == (-1) ** (field >> 19) * by_the_book(field >> 14 & 31, field & 0x3FFF)
    assert encode_currency(amount) == field


@given(currency_amounts)
def test_currency_towards_the_customer(amount: int) -> None:
    """Nobody is credited less or debited more than was asked for, and no closer field would do."""
    field = encode_currency(amount)
    assert decode_currency(field) >= amount
    if 0 < field <= 0x7FFFF:
        assert decode_currency(field - 1) < amount
    elif 0x80000 < field < 0xFFFFF:
        assert decode_currency(field + 1) < amount


@given(currency_amounts.filter(bool))
def test_currency_keeps_its_sign(amount: int) -> None:
    """A credit stays a credit, and a debit a debit that is more than nothing."""
    assert (rounded_currency(amount) > 0) == (amount > 0)
    assert rounded_currency(amount) != 0


@given(st.tuples(currency_amounts, currency_amounts).map(sorted))
def test_more_currency_is_never_less(two: list[int]) -> None:
    """Who is credited more never gets less, nor pays more who is debited less."""
    assert rounded_currency(two[0]) <= rounded_currency(two[1])


@given(currency_amounts)
def test_minus_zero_is_not_sent(amount: int) -> None:
    """No amount is encoded as minus zero."""
    assert encode_currency(amount) != 0x80000


def test_minus_zero_is_nothing() -> None:
    """A meter that is sent minus zero adds nothing."""
    assert decode_currency(0x80000) == 0


@given(amounts)
def test_small_currency_like_units(units: int) -> None:
    """Where both reach, credit in currency is coded like credit in units."""
    assert encode_currency(units) == encode_amount(units)


def test_largest_currency() -> None:
    """The most that one currency token carries is the last field of exponent 31."""
    assert by_the_book(31, 2**14 - 1) == MAX_CURRENCY_AMOUNT
    assert decode_currency(0x7FFFF) == MAX_CURRENCY_AMOUNT


@pytest.mark.parametrize("function", [encode_currency, rounded_currency])
@each("amount", [*NOT_INTEGERS, MAX_CURRENCY_AMOUNT + 1, -MAX_CURRENCY_AMOUNT - 1, HUGE, -HUGE])
def test_no_currency(function: type, amount: object) -> None:
    """An amount of currency that one token can't carry is refused on either side."""
    error = refused(function, amount)
    assert isinstance(error, AmountError)
    assert error.field == "Currency amount"


@each("field", [*NOT_INTEGERS, -1, 0x100000, HUGE])
def test_no_currency_field(field: object) -> None:
    """A currency field has 20 bits."""
    assert refused(decode_currency, field).field == "Currency field"
