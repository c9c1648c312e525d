"""Arrays of amounts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tests.sts.batch.columns import NOT_ROWS, objects
from tests.sts.support import HUGE, NOT_INTEGERS, each
from umbane.sts.amounts import (
    AMOUNT_LIMITS,
    BASES,
    CURRENCY_LIMITS,
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    decode_amount,
    decode_currency,
    encode_amount,
    encode_currency,
)
from umbane.sts.batch import decode_amounts, decode_currency_amounts, encode_amounts, encode_currency_amounts
from umbane.sts.errors import AmountError, StsInputError

near_edges = st.sampled_from([*AMOUNT_LIMITS, *BASES[:4]]).flatmap(lambda edge: st.integers(edge - 11, edge + 11))
amounts = st.integers(0, MAX_AMOUNT) | near_edges.filter(lambda units: 0 <= units <= MAX_AMOUNT)
signed64 = st.integers(-(1 << 63), (1 << 63) - 1)
scales = st.integers(0, 62).flatmap(lambda bits: st.integers(-(1 << bits), 1 << bits))
currency_edges = st.sampled_from([*CURRENCY_LIMITS[:15], *BASES[:16]]).flatmap(
    lambda edge: st.integers(edge - 11, edge + 11).flatmap(lambda near: st.sampled_from([near, -near]))
)


@given(st.lists(amounts, min_size=1))
def test_amounts(units: list[int]) -> None:
    """Every amount has the field of a single one, whatever integers the array is made of."""
    expected = [encode_amount(amount) for amount in units]
    for dtype in (np.int64, np.uint32, object):
        assert encode_amounts(np.array(units, dtype)).tolist() == expected
    assert encode_amounts(units).tolist() == expected


@given(st.lists(signed64 | scales | currency_edges, min_size=1))
def test_currency(money: list[int]) -> None:
    """Every currency amount of 64 bits has the field of a single one."""
    assert encode_currency_amounts(np.array(money, np.int64)).tolist() == [encode_currency(amount) for amount in money]


@given(st.lists(st.integers(0, (1 << 64) - 1), min_size=1))
def test_unsigned_currency(money: list[int]) -> None:
    """So has every amount of an array without signs."""
    assert encode_currency_amounts(np.array(money, np.uint64)).tolist() == [encode_currency(amount) for amount in money]


@given(st.lists(st.integers(-MAX_CURRENCY_AMOUNT, MAX_CURRENCY_AMOUNT), min_size=1))
def test_huge_currency(money: list[int]) -> None:
    """Amounts beyond 64 bits come as objects, and have the fields of single ones too."""
    assert encode_currency_amounts(np.array(money, object)).tolist() == [encode_currency(amount) for amount in money]


def test_lowest_of_64_bits() -> None:
    """The lowest number of 64 bits, whose magnitude has no sign to lose, is rounded like any other."""
    lowest = -(1 << 63)
    assert encode_currency_amounts([lowest, -1, 0]).tolist() == [encode_currency(n) for n in (lowest, -1, 0)]


@given(st.lists(st.integers(0, 0xFFFF), min_size=1), st.lists(st.integers(0, 0xFFFFF), min_size=1))
def test_decode(fields: list[int], currency_fields: list[int]) -> None:
    """Every field stands for what a single one stands for."""
    assert decode_amounts(fields).tolist() == [decode_amount(field) for field in fields]
    assert decode_currency_amounts(currency_fields).tolist() == [decode_currency(field) for field in currency_fields]


@each("wrong", [-1, MAX_AMOUNT + 1, 1 << 63, -(1 << 63), 1 << 64, HUGE])
def test_amount_out_of_range(wrong: int) -> None:
    """An amount that doesn't fit one token is refused by its row."""
    with pytest.raises(AmountError) as caught:
        encode_amounts(np.array([1, 2, wrong], object if abs(wrong) >= 1 << 63 else np.int64))
    assert caught.value.field == "Amount[2]"
    assert len(str(caught.value)) < 200


@each("wrong", [MAX_CURRENCY_AMOUNT + 1, -MAX_CURRENCY_AMOUNT - 1, HUGE, *NOT_INTEGERS])
def test_currency_out_of_range(wrong: object) -> None:
    """A currency amount that doesn't fit one token, or isn't an integer, is refused by its row."""
    with pytest.raises(AmountError) as caught:
        encode_currency_amounts(objects(1, wrong, wrong))
    assert caught.value.field == "Currency amount[1]"


@each("wrong", NOT_ROWS)
def test_not_integers(wrong: ArrayLike) -> None:
    """What isn't a row of integers is refused by all who want one."""
    for encode in (encode_amounts, encode_currency_amounts):
        with pytest.raises(StsInputError, match="mount"):
            encode(wrong)
    for decode in (decode_amounts, decode_currency_amounts):
        with pytest.raises(StsInputError, match="field"):
            decode(wrong)


@pytest.mark.parametrize("wrong", [-1, 1 << 16])
def test_not_a_field(wrong: int) -> None:
    """A number that isn't an amount field is refused by its row."""
    with pytest.raises(StsInputError, match=r"Amount field\[1\]"):
        decode_amounts([0, wrong])


@pytest.mark.parametrize("wrong", [-1, 1 << 20])
def test_not_a_currency_field(wrong: int) -> None:
    """A number that isn't a currency field is refused by its row."""
    with pytest.raises(StsInputError, match=r"Currency field\[1\]"):
        decode_currency_amounts([0, wrong])


def test_none_at_all() -> None:
    """No amounts have no fields."""
    assert len(encode_amounts([])) == len(encode_currency_amounts([])) == len(decode_amounts([])) == 0
