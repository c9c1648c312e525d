"""Decoder keys whose vending key is applied by somebody else: the data that goes out and the bits that come back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sts.support import pans, tis, vending_keys
from umbane.sts import (
    DKGA,
    EA,
    TI,
    DecoderKey,
    MeterPAN,
    StsInputError,
    VendingKey,
    derivation_data,
    derive,
    derived_key,
)
from umbane.sts.batch import derivation_rows, derive_keys, derived_keys
from umbane.sts.hazmat.dkga import dkga02, dkga04

any_keys = vending_keys(DKGA.DES) | vending_keys(DKGA.KDF_HMAC_SHA256)
meters = st.lists(st.tuples(pans, tis), min_size=1, max_size=20)


def applied(key: VendingKey, data: bytes) -> int:
    """What a device that holds the vending key would answer."""
    return dkga02(key.secret, data) if key.dkga is DKGA.DES else dkga04(key.secret, data)


def by_device(key: VendingKey, pan: MeterPAN, ti: TI) -> DecoderKey:
    """A decoder key that was made in two places."""
    return derived_key(key, applied(key, derivation_data(key, pan, ti, EA.STA)), ti, EA.STA)


@given(any_keys, pans, tis)
def test_two_places(key: VendingKey, pan: MeterPAN, ti: TI) -> None:
    """The key that a device makes from the data is the one that is made at once."""
    assert by_device(key, pan, ti) == derive(key, pan, ti, EA.STA)


@given(any_keys, meters)
@settings(max_examples=30)
def test_rows(key: VendingKey, asked: list[tuple[MeterPAN, TI]]) -> None:
    """The rows of many meters are the data of each, and the keys made of them are those made at once."""
    digits, indices = [pan.digits for pan, _ in asked], [ti.value for _, ti in asked]
    rows, tariffs = derivation_rows(key, digits, indices, EA.STA)
    assert [row.tobytes() for row in rows] == [derivation_data(key, pan, ti, EA.STA) for pan, ti in asked]
    values = np.array([[applied(key, row.tobytes())] for row in rows], np.uint64)
    made, wanted = derived_keys(key, values, tariffs, EA.STA), derive_keys(key, digits, indices, EA.STA)
    assert [made[row] for row in range(len(asked))] == [wanted[row] for row in range(len(asked))]


@given(vending_keys(DKGA.DES), pans, tis)
def test_des_for_misty1(key: VendingKey, pan: MeterPAN, ti: TI) -> None:
    """A DES key is not asked for a key of 128 bits, for one meter or for many."""
    with pytest.raises(StsInputError, match="64 bits only"):
        derivation_data(key, pan, ti, EA.MISTY1)
    with pytest.raises(StsInputError, match="64 bits only"):
        derivation_rows(key, [pan.digits], [ti.value], EA.MISTY1)
