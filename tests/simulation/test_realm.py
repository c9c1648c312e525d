"""The test realm: keys that are what they should be, each its own, and known for what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.simulation.realm import vending_key
from umbane.sts import DKGA, KRN, SGC, BaseDate


@pytest.mark.parametrize("dkga", [DKGA.DES, DKGA.KDF_HMAC_SHA256])
def test_length(dkga: DKGA) -> None:
    """A key has the length that its derivation wants."""
    assert len(vending_key(SGC.parse("201457"), KRN(1), dkga=dkga).secret) == dkga.vending_key_bytes


def test_parity() -> None:
    """Every byte of a DES key has odd parity."""
    secret = vending_key(SGC.parse("201457"), KRN(1), dkga=DKGA.DES).secret
    assert {byte.bit_count() % 2 for byte in secret} == {1}


def test_base_date() -> None:
    """The realm counts from 2014."""
    assert vending_key(SGC.parse("201457"), KRN(1)).base_date is BaseDate.Y2014


@given(
    one=st.tuples(st.integers(0, 999_999), st.integers(1, 9)),
    other=st.tuples(st.integers(0, 999_999), st.integers(1, 9)),
)
def test_each_its_own(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Two supply groups or revisions share a key only if they are the same."""
    keys = [vending_key(SGC(sgc), KRN(krn)).secret for sgc, krn in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
