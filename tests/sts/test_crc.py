"""The check bits of a token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import values_of
from umbane.sts.crc import crc, crc_c

MESSAGE_BITS = 50
messages = values_of(MESSAGE_BITS)


def by_the_book(message: bytes) -> int:
    """The CRC of the standard, one bit at a time, its bytes swapped at the end."""
    register = 0xFFFF
    for byte in message:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return int.from_bytes(register.to_bytes(2, "little"), "big")


@pytest.mark.parametrize(
    ("message", "check"), [(0x00004A2D900FF2, 0x0FFA), (0x000B19EB230100, 0xC207), (0x0005C02A552710, 0x1970)]
)
def test_published(message: int, check: int) -> None:
    """The published messages have their published check bits."""
    assert crc(message) == check


@given(messages)
def test_crc_by_the_book(message: int) -> None:
    """Every message has the check bits that the standard's division by hand gives it."""
    assert crc(message) == by_the_book(message.to_bytes(7, "big"))


@given(messages)
def test_crc_c_by_the_book(message: int) -> None:
    """The check bits of a currency token are those of the message with one more byte, 01."""
    assert crc_c(message) == by_the_book(message.to_bytes(7, "big") + b"\x01")


@given(messages, st.integers(1, (1 << 16) - 1), st.data())
def test_bursts(message: int, burst: int, data: st.DataObject) -> None:
    """Bits changed within any sixteen in a row are always noticed, by either sum."""
    changed = message ^ burst << data.draw(st.integers(0, MESSAGE_BITS - burst.bit_length()))
    assert crc(changed) != crc(message)
    assert crc_c(changed) != crc_c(message)


@given(messages, messages.filter(lambda bits: bits.bit_count() % 2 == 1))
def test_odd_changes(message: int, change: int) -> None:
    """Any odd number of changed bits is always noticed, by either sum."""
    assert crc(message ^ change) != crc(message)
    assert crc_c(message ^ change) != crc_c(message)


def test_nothing_has_check_bits() -> None:
    """A message of zeros does not have check bits of zero, so twenty zeros are no token."""
    assert crc(0) != 0
    assert crc_c(0) != 0


@pytest.mark.parametrize("message", [-1, 1 << 56])
def test_no_message(message: int) -> None:
    """What seven bytes can't hold has no check bits."""
    with pytest.raises(OverflowError):
        crc(message)
    with pytest.raises(OverflowError):
        crc_c(message)
