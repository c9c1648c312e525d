"""The 16 check bits of a token: CRC-16 with polynomial A001, preset FFFF, stored low byte first (Table 26)."""

from typing import Final

__all__ = ["crc", "crc_c"]

POLYNOMIAL: Final = 0xA001
PRESET: Final = 0xFFFF
MESSAGE_BYTES: Final = 7
"""The 50 bits Class | SubClass | content, with zeros in front."""


def shifted(register: int) -> int:
    """The register after eight zero bits."""
    for _ in range(8):
        register = register >> 1 ^ (POLYNOMIAL if register & 1 else 0)
    return register


TABLE: Final = tuple(shifted(byte) for byte in range(256))


def checksum(message: bytes) -> int:
    """The register after ``message``, its two bytes swapped as the token holds them."""
    register = PRESET
    for byte in message:
        register = register >> 8 ^ TABLE[(register ^ byte) & 0xFF]
    return (register & 0xFF) << 8 | register >> 8


def crc(message: int) -> int:
    """The CRC of the 50 bits Class | SubClass | content, as it stands in the token."""
    return checksum(message.to_bytes(MESSAGE_BYTES, "big"))


def crc_c(message: int) -> int:
    """The CRC_C of a currency token: the same with one more byte, 01."""
    return checksum(message.to_bytes(MESSAGE_BYTES, "big") + b"\x01")
