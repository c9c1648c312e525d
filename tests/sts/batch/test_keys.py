"""Decoder keys of many meters."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tests.sts.support import NOT_INTEGERS, decoder_keys, each, long_drns, pans, short_drns, shows, tis, vending_keys
from umbane.sts import (
    DKGA,
    DRN,
    EA,
    KRN,
    KT,
    SGC,
    TI,
    BaseDate,
    CheckDigitError,
    DecoderKey,
    MeterPAN,
    StsInputError,
    VendingKey,
    derive,
)
from umbane.sts.batch import DecoderKeys, derive_keys
from umbane.sts.batch.arrays import CHUNK

KEY = VendingKey(bytes(range(20)), DKGA.KDF_HMAC_SHA256, SGC(123456), KRN(1), KT.DUTK, BaseDate.Y2014)
PANS = ["600727000000000009", "000001000000000082", "600727111111111153"]


def as_values(keys: DecoderKeys) -> list[int]:
    """The keys as numbers."""
    width = keys.ea.key_bits // 16
    return [int.from_bytes(row.astype(">u8").tobytes()) for row in keys.values] if width else []


def same(keys: DecoderKeys, singles: list[DecoderKey]) -> bool:
    """Whether the columns hold what the single keys do."""
    expected = DecoderKeys.of(singles)
    columns = ("values", "kt", "krn", "ti", "ken", "sgc", "base_date")
    return keys.ea is expected.ea and all(
        getattr(keys, name).tolist() == getattr(expected, name).tolist() for name in columns
    )


meters = st.lists(st.tuples(pans, tis), min_size=1, max_size=20)


@given(vending_keys(DKGA.KDF_HMAC_SHA256), meters, st.sampled_from(EA))
def test_dkga04(key: VendingKey, meters: list[tuple[MeterPAN, TI]], ea: EA) -> None:
    """Every meter has the DKGA04 key that it has alone."""
    keys = derive_keys(key, [pan.digits for pan, _ in meters], [ti.value for _, ti in meters], ea)
    assert same(keys, [derive(key, pan, ti, ea) for pan, ti in meters])


@given(vending_keys(DKGA.DES), meters)
def test_dkga02(key: VendingKey, meters: list[tuple[MeterPAN, TI]]) -> None:
    """Every meter has the DKGA02 key that it has alone, whatever the length of its DRN."""
    keys = derive_keys(key, [pan.digits for pan, _ in meters], [ti.value for _, ti in meters], EA.STA)
    assert same(keys, [derive(key, pan, ti, EA.STA) for pan, ti in meters])


def test_published() -> None:
    """A published DKGA02 key is reproduced."""
    key = VendingKey(b"\xab" * 8, DKGA.DES, SGC(123456), KRN(1), KT.DUTK, BaseDate.Y1993)
    assert as_values(derive_keys(key, PANS[:1], TI(1), EA.STA)) == [0xE653341F9D5BF36F]


def test_one_tariff_for_all() -> None:
    """A single TI is that of all meters, and texts or bytes are the same to a MeterPAN."""
    expected = [derive(KEY, MeterPAN(pan), TI(7), EA.MISTY1) for pan in PANS]
    assert same(derive_keys(KEY, PANS, TI(7), EA.MISTY1), expected)
    assert same(derive_keys(KEY, np.array(PANS, "S18"), 7, EA.MISTY1), expected)
    assert same(derive_keys(KEY, [MeterPAN(it) for it in PANS], 7, EA.MISTY1), expected)


def test_one_meter_with_many_tariffs() -> None:
    """A single meter has a key for each of many TIs."""
    expected = [derive(KEY, MeterPAN(PANS[0]), TI(index), EA.STA) for index in range(100)]
    assert same(derive_keys(KEY, PANS[0], range(100), EA.STA), expected)


def test_more_than_a_chunk() -> None:
    """Rows beyond a chunk have their own keys too."""
    keys = derive_keys(KEY, np.tile(PANS, CHUNK // 2), TI(1), EA.STA)
    assert len(keys) == len(PANS) * (CHUNK // 2)
    assert (keys.values.reshape(-1, 3) == keys.values[:3].reshape(-1)).all()
    assert len(set(as_values(keys)[:3])) == 3


@given(st.sampled_from(EA).flatmap(lambda ea: st.lists(decoder_keys(ea=st.just(ea)), min_size=1)))
def test_of(singles: list[DecoderKey]) -> None:
    """Single keys together keep all that they hold."""
    keys = DecoderKeys.of(singles)
    assert len(keys) == len(singles)
    assert as_values(keys) == [key.value for key in singles]
    for column, values in (
        (keys.kt, [key.kt for key in singles]),
        (keys.krn, [key.krn.value for key in singles]),
        (keys.ti, [key.ti.value for key in singles]),
        (keys.ken, [key.ken.value for key in singles]),
        (keys.base_date, [int(key.base_date.value) for key in singles]),
        (keys.sgc, [-1 if key.sgc is None else key.sgc.value for key in singles]),
    ):
        assert column.tolist() == values


@given(st.sampled_from(EA).flatmap(lambda ea: st.lists(decoder_keys(ea=st.just(ea)), min_size=1)))
def test_rows(singles: list[DecoderKey]) -> None:
    """The key of each row by itself is the single key that was put in, one without an SGC too."""
    singles = [*singles, replace(singles[0], sgc=None)]
    keys = DecoderKeys.of(singles)
    assert [keys[row] for row in range(len(keys))] == singles
    assert [keys.part(slice(1, 2))[0]] == singles[1:2]


@each("columns", ["shorter", "wider", "flat", "of another algorithm"])
def test_columns_that_do_not_fit(columns: str) -> None:
    """Columns of different lengths, and values of another algorithm, are no keys."""
    keys = derive_keys(KEY, PANS, TI(1), EA.STA)
    ea, values = EA.MISTY1 if columns == "of another algorithm" else EA.STA, keys.values
    values = {"shorter": values[:2], "wider": np.tile(values, 2), "flat": values[:, 0]}.get(columns, values)
    with pytest.raises(StsInputError, match="DecoderKeys"):
        DecoderKeys(ea, values, *keys.columns[1:])


def test_of_several_algorithms() -> None:
    """Keys of different algorithms don't go together, and neither do none."""
    singles = [derive(KEY, MeterPAN(PANS[0]), TI(1), ea) for ea in EA]
    for wrong in (singles, []):
        with pytest.raises(StsInputError, match="EA"):
            DecoderKeys.of(wrong)


def test_of_something_else() -> None:
    """What isn't a key is refused."""
    with pytest.raises(StsInputError, match="DecoderKey"):
        DecoderKeys.of([0x0123456789ABCDEF])  # type: ignore[list-item] # what is tested


def test_repr_hides_keys() -> None:
    """The repr of keys shows their algorithm and nothing else."""
    keys = derive_keys(KEY, PANS, TI(1), EA.STA)
    assert repr(keys) == f"DecoderKeys(ea={EA.STA!r})"
    assert not shows(repr(keys), as_values(keys)[0])


@given(st.one_of(short_drns, long_drns), st.integers(0, 17), st.integers(1, 9))
def test_mistyped_pan(drn: DRN, place: int, change: int) -> None:
    """Each single digit that is wrong is found, as it is for a single MeterPAN."""
    digits = MeterPAN.from_drn(drn).digits
    wrong = f"{digits[:place]}{(int(digits[place]) + change) % 10}{digits[place + 1 :]}"
    with pytest.raises(StsInputError) as alone:
        MeterPAN(wrong)
    with pytest.raises(type(alone.value)) as caught:
        derive_keys(KEY, [*PANS, wrong, wrong], TI(1), EA.STA)
    assert caught.value.field == f"{alone.value.field}[3]"
    assert caught.value.problem == alone.value.problem


@given(st.text("0123456789", min_size=18, max_size=18) | st.integers(0, 10**12 - 1).map("600727{:012}".format))
def test_any_digits(number: str) -> None:
    """Eighteen digits are a MeterPAN here exactly when they are one alone."""
    try:
        MeterPAN(number)
    except StsInputError:
        with pytest.raises(StsInputError):
            derive_keys(KEY, [number], TI(1), EA.STA)
    else:
        assert len(derive_keys(KEY, [number], TI(1), EA.STA)) == 1


@given(pans, st.integers(1, 9))
def test_wrong_drn_digit_under_right_pan_digit(pan: MeterPAN, change: int) -> None:
    """A DRN with a wrong check digit is found even if the MeterPAN's own is right."""
    body = f"{pan.digits[:16]}{(int(pan.digits[16]) + change) % 10}"
    with pytest.raises(CheckDigitError):
        derive_keys(KEY, [f"{body}{check}" for check in range(10)], TI(1), EA.STA)


@each("wrong", ["", "6" * 17, "6" * 19, "60072700000000000x", "６" * 18, "6" * 10**6, " 60072700000000009"])
def test_not_a_pan(wrong: str) -> None:
    """What isn't eighteen digits is refused by its row."""
    for number, row in ((wrong, 0), ([PANS[0], wrong], 1)):
        with pytest.raises(StsInputError) as caught:
            derive_keys(KEY, number, TI(1), EA.STA)
        assert caught.value.field == f"MeterPAN[{row}]"


@each("wrong", [600727000000000009, None, 1.5, [1], [[PANS[0]]], [[PANS[0]], PANS[:2]], [PANS[0], MeterPAN(PANS[0])]])
def test_not_texts(wrong: ArrayLike) -> None:
    """What isn't a row of texts is refused."""
    with pytest.raises(StsInputError, match="MeterPAN"):
        derive_keys(KEY, wrong, TI(1), EA.STA)


@each("wrong", [-1, 100, 1 << 64, *(value for value in NOT_INTEGERS if not isinstance(value, list))])
def test_not_a_tariff(wrong: ArrayLike) -> None:
    """What isn't a TI is refused."""
    with pytest.raises(StsInputError, match="TI"):
        derive_keys(KEY, PANS, wrong, EA.STA)


def test_different_lengths() -> None:
    """Two tariffs don't go with three meters."""
    with pytest.raises(StsInputError, match="TI: it has 2 rows, but MeterPAN has 3"):
        derive_keys(KEY, PANS, [1, 2], EA.STA)


def test_ea11_of_dkga02() -> None:
    """EA11 can't be asked of a DKGA02 key."""
    key = VendingKey(b"\xab" * 8, DKGA.DES, SGC(123456), KRN(1), KT.DUTK, BaseDate.Y1993)
    with pytest.raises(StsInputError, match="DKGA02"):
        derive_keys(key, PANS, TI(1), EA.MISTY1)


@pytest.mark.parametrize("wrong", [None, b"\xab" * 20, derive(KEY, MeterPAN(PANS[0]), TI(1), EA.STA)])
def test_not_a_vending_key(wrong: object) -> None:
    """Keys are derived from nothing but a vending key."""
    with pytest.raises(StsInputError, match="VendingKey"):
        derive_keys(wrong, PANS, TI(1), EA.STA)  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize("wrong", [7, 11, None, "STA"])
def test_not_an_algorithm(wrong: object) -> None:
    """The algorithm is an EA and not its number."""
    with pytest.raises(StsInputError, match="EA"):
        derive_keys(KEY, PANS, TI(1), wrong)  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize("ea", EA)
def test_no_meters(ea: EA) -> None:
    """No meters have no keys."""
    assert len(derive_keys(KEY, [], TI(1), ea)) == 0
