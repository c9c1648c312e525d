"""Check bits of arrays of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.batch.columns import words
from umbane.sts.batch.crc import crc_c_rows, crc_rows
from umbane.sts.crc import crc, crc_c


@pytest.mark.parametrize(
    ("message", "check"), [(0x4A2D900FF2, 0x0FFA), (0x0B19EB230100, 0xC207), (0x5C02A552710, 0x1970)]
)
def test_published(message: int, check: int) -> None:
    """Published check bits are reproduced."""
    assert crc_rows(words([message])).tolist() == [check]


@given(st.lists(st.integers(0, (1 << 50) - 1), min_size=1))
def test_like_one_by_one(messages: list[int]) -> None:
    """Every message has the CRC and the CRC_C of a single one."""
    assert crc_rows(words(messages)).tolist() == [crc(message) for message in messages]
    assert crc_c_rows(words(messages)).tolist() == [crc_c(message) for message in messages]
