"""Many tokens before they are encrypted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from tests.sts.batch.columns import NOT_ROWS
from tests.sts.support import each, shows, tids
from umbane.sts import (
    LAST_TID,
    MAX_AMOUNT,
    TID,
    AmountError,
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    ExtendedManagement,
    InitiateTest,
    Register,
    Service,
    Set1stSectionDecoderKey,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
    StsInputError,
    Token,
)
from umbane.sts.batch import Tokens, credit, currency_credit, management
from umbane.sts.content import message
from umbane.sts.management import ManagementToken, PowerLimit

services = st.sampled_from(Service)
rnds = st.integers(0, 15)
units = st.integers(0, MAX_AMOUNT) | st.integers(0, 20_000)
money = st.integers(-(10**15), 10**15)
credit_rows = st.lists(st.tuples(units, tids, rnds), min_size=1)
POWER_LIMITS = [SetMaximumPowerLimit, SetMaximumPhasePowerUnbalanceLimit]
FIELDS = [ClearCredit, SetTariffRate, SetWaterMeterFactor]


def bits(tokens: list[Token]) -> list[int]:
    """The 50 bits of single tokens."""
    return [message(token) >> 16 for token in tokens]


@given(services, credit_rows)
def test_credit(service: Service, rows: list[tuple[int, TID, int]]) -> None:
    """Every row of credit is the single token."""
    tokens = credit(
        service, [row[0] for row in rows], tid=[row[1].minutes for row in rows], rnd=[row[2] for row in rows]
    )
    assert tokens.bits.tolist() == bits([Credit(service, amount, tid=tid, rnd=rnd) for amount, tid, rnd in rows])
    assert tokens.is_stamped.all()
    assert not tokens.is_currency.any()


@given(services, st.lists(st.tuples(money, tids), min_size=1))
def test_currency_credit(service: Service, rows: list[tuple[int, TID]]) -> None:
    """Every row of credit in currency is the single token."""
    tokens = currency_credit(service, [amount for amount, _ in rows], tid=[tid.minutes for _, tid in rows])
    assert tokens.bits.tolist() == bits([CurrencyCredit(service, amount, tid) for amount, tid in rows])
    assert tokens.is_stamped.all()
    assert tokens.is_currency.all()


@given(st.sampled_from(POWER_LIMITS), credit_rows)
def test_power_limits(kind: type[SetMaximumPowerLimit], rows: list[tuple[int, TID, int]]) -> None:
    """Every row of a power limit is the single token."""
    watts, minutes, rnd = zip(*((watts, tid.minutes, rnd) for watts, tid, rnd in rows), strict=True)
    tokens = management(kind, watts, tid=minutes, rnd=rnd)
    assert tokens.bits.tolist() == bits([kind(watts, tid=tid, rnd=rnd) for watts, tid, rnd in rows])


@given(st.sampled_from(FIELDS), st.lists(st.tuples(st.integers(0, 0xFFFF), tids, rnds), min_size=1))
def test_fields(kind: type[ClearCredit], rows: list[tuple[int, TID, int]]) -> None:
    """Every row of a token with a plain field is the single token."""
    values, minutes, rnd = zip(*((value, tid.minutes, rnd) for value, tid, rnd in rows), strict=True)
    tokens = management(kind, values, tid=minutes, rnd=rnd)
    assert tokens.bits.tolist() == bits([kind(value, tid=tid, rnd=rnd) for value, tid, rnd in rows])


@given(st.integers(0, 63), st.integers(0, 1023), tids, rnds)
def test_extended_and_tamper(index: int, data: int, tid: TID, rnd: int) -> None:
    """Index and data go as one number, and clearing the tamper condition needs none."""
    extended = management(ExtendedManagement, index << 10 | data, tid=tid, rnd=rnd)
    assert extended.bits.tolist() == bits([ExtendedManagement(index, data, tid=tid, rnd=rnd)])
    cleared = management(ClearTamperCondition, tid=tid, rnd=rnd)
    assert cleared.bits.tolist() == bits([ClearTamperCondition(tid=tid, rnd=rnd)])


@given(st.lists(st.tuples(units, tids, rnds), min_size=1))
def test_parts(rows: list[tuple[int, TID, int]]) -> None:
    """The parts of the tokens are those of the single ones."""
    singles = [Credit(Service.GAS, amount, tid=tid, rnd=rnd) for amount, tid, rnd in rows]
    tokens = Tokens.of(singles)
    assert len(tokens) == len(singles)
    assert set(tokens.token_class.tolist()) == {0}
    assert set(tokens.subclass.tolist()) == {2}
    assert tokens.content.tolist() == [token.content() for token in singles]
    assert tokens.tid.tolist() == [token.tid.minutes for token in singles]
    assert tokens.rnd.tolist() == [token.rnd for token in singles]
    assert tokens.value.tolist() == [token.value() for token in singles]
    assert tokens.currency_field.tolist() == [token.rnd << 16 | token.value() for token in singles]


def test_which_are_stamped() -> None:
    """Tokens of class 1 and key-change sections carry no TID, all others do."""
    at = TID(7)
    stamped: list[Token] = [
        Credit(Service.TIME, 1, tid=at, rnd=0),
        CurrencyCredit(Service.TIME, 1, at),
        ClearCredit(Register.ALL, tid=at, rnd=0),
        ExtendedManagement(63, 1, tid=at, rnd=0),
    ]
    others: list[Token] = [InitiateTest(1), InitiateTest(1, subclass=1)]
    assert Tokens.of(stamped).is_stamped.all()
    assert not Tokens.of(others).is_stamped.any()
    sections = Tokens(np.array([2 << 48 | subclass << 44 for subclass in (3, 4, 8, 9)], np.uint64))
    assert not sections.is_stamped.any()
    assert not Tokens(np.array([3 << 48], np.uint64)).is_stamped.any()


@pytest.mark.parametrize(
    "bits",
    [np.zeros(3, np.int64), np.zeros((2, 2), np.uint64), np.array([0, 1 << 50], np.uint64), np.zeros(3)],
    ids=["signed", "a table", "51 bits", "floats"],
)
def test_not_bits(bits: NDArray[np.uint64]) -> None:
    """Tokens are one row of 50 bits each, and nothing else."""
    with pytest.raises(StsInputError, match="Tokens"):
        Tokens(bits)


def test_single_values_go_with_all() -> None:
    """A single value is that of every row."""
    tokens = credit(Service.WATER, [1, 2, 3], tid=TID(9), rnd=4)
    assert tokens.bits.tolist() == credit(Service.WATER, [1, 2, 3], tid=[9] * 3, rnd=[4] * 3).bits.tolist()
    assert len(credit(Service.WATER, 1, tid=range(5), rnd=4)) == 5
    assert len(credit(Service.WATER, [], tid=TID(9), rnd=4)) == 0


def test_repr_hides_tokens() -> None:
    """The repr of tokens shows nothing of them."""
    tokens = credit(Service.WATER, [1234567], tid=TID(7654321), rnd=4)
    assert not shows(repr(tokens), 1234567)
    assert not shows(repr(tokens), int(tokens.bits[0]))


@pytest.mark.parametrize("service", [0, 1, None, "ELECTRICITY", 9])
def test_not_a_service(service: object) -> None:
    """A service is a Service and not its number."""
    with pytest.raises(StsInputError, match="Service"):
        credit(service, [1], tid=1, rnd=1)  # type: ignore[arg-type] # what is tested
    with pytest.raises(StsInputError, match="Service"):
        currency_credit(service, [1], tid=1)  # type: ignore[arg-type] # what is tested


@each("wrong", [*NOT_ROWS, -1, [1, LAST_TID + 1], [1 << 64]])
def test_not_a_tid(wrong: ArrayLike) -> None:
    """What isn't TIDs is refused."""
    with pytest.raises(StsInputError, match="TID"):
        credit(Service.GAS, [1, 2], tid=wrong, rnd=1)
    with pytest.raises(StsInputError, match="TID"):
        currency_credit(Service.GAS, [1, 2], tid=wrong)


@each("wrong", [*NOT_ROWS, -1, [1, 16]])
def test_not_an_rnd(wrong: ArrayLike) -> None:
    """What isn't four bits is refused."""
    with pytest.raises(StsInputError, match="RND"):
        credit(Service.GAS, [1, 2], tid=1, rnd=wrong)
    with pytest.raises(StsInputError, match="RND"):
        management(ClearCredit, [1, 2], tid=1, rnd=wrong)


@pytest.mark.parametrize("wrong", [-1, MAX_AMOUNT + 1])
def test_amount_out_of_range(wrong: int) -> None:
    """Units and watts that don't fit one token are refused by their row."""
    with pytest.raises(AmountError, match=r"Amount\[1\]"):
        credit(Service.GAS, [1, wrong], tid=1, rnd=1)
    with pytest.raises(AmountError, match=r"Amount\[1\]"):
        management(SetMaximumPowerLimit, [1, wrong], tid=1, rnd=1)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(ClearCredit, 1 << 16), (SetTariffRate, -1), (ExtendedManagement, 1 << 16), (ClearTamperCondition, 1)],
)
def test_field_out_of_range(kind: type[ManagementToken], value: int) -> None:
    """A field that doesn't fit, and any pad of a token that has none, is refused by its row."""
    with pytest.raises(StsInputError) as caught:
        management(kind, [0, value], tid=1, rnd=1)
    assert caught.value.field == f"{kind.__name__}[1]"


@pytest.mark.parametrize("kind", [Credit, ManagementToken, PowerLimit, Set1stSectionDecoderKey, None, 5, "ClearCredit"])
def test_not_a_management_token(kind: type[ManagementToken]) -> None:
    """What isn't a class 2 token with a TID is refused, with those that are."""
    with pytest.raises(StsInputError, match="SetMaximumPowerLimit") as caught:
        management(kind, 0, tid=1, rnd=1)
    assert caught.value.field == "kind"


def test_different_lengths() -> None:
    """Columns of different lengths don't make tokens."""
    with pytest.raises(StsInputError, match="3 rows"):
        credit(Service.GAS, [1, 2], tid=[1, 2, 3], rnd=1)
    with pytest.raises(StsInputError, match="3 rows"):
        credit(Service.GAS, [1, 2], tid=1, rnd=[1, 2, 3])
