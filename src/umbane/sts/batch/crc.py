"""The check bits of arrays of messages (IEC 62055-41 6.3, Table 26).

A CRC is linear but for its preset: that of a message is that of zero, plus what each of its parts adds. Here the parts
are of 16 bits, and what they add is looked up.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from umbane.sts.batch.arrays import U64
from umbane.sts.crc import TABLE, crc

__all__ = ["crc_c_rows", "crc_rows"]

PART_BITS: Final = 16
PART_MASK: Final = (1 << PART_BITS) - 1
MESSAGE_BITS: Final = 50
BYTE_TABLE: Final = np.array(TABLE, np.uint16)


@cache
def part_tables() -> list[NDArray[np.uint16]]:
    """For each 16 bits of a message, lowest first, what they add to its CRC; the first includes the CRC of zero."""
    zero = crc(0)
    tables = [additions(low, zero) for low in range(0, MESSAGE_BITS, PART_BITS)]
    tables[0] = tables[0] ^ np.uint16(zero)
    return tables


def additions(low: int, zero: int) -> NDArray[np.uint16]:
    """What every value of the bits from ``low`` on adds to the CRC of zero."""
    table = np.zeros(1, np.uint16)
    for bit in range(low, min(low + PART_BITS, MESSAGE_BITS)):
        table = np.concatenate([table, table ^ np.uint16(crc(1 << bit) ^ zero)])
    return table


def crc_rows(messages: U64) -> NDArray[np.uint16]:
    """The CRC of each message of 50 bits, as it stands in the token."""
    first, *others = part_tables()
    result = first.take(part(messages, 0), mode="clip")
    for number, table in enumerate(others, start=1):
        result ^= table.take(part(messages, number), mode="clip")
    return result


def part(messages: U64, number: int) -> NDArray[np.int64]:
    """Sixteen bits of each message, as an index."""
    return (messages >> PART_BITS * number & PART_MASK).view(np.int64)


def crc_c_rows(messages: U64) -> NDArray[np.uint16]:
    """The CRC_C of each message of 50 bits: its CRC, taken one byte, 01, further."""
    register = crc_rows(messages).byteswap()
    further: NDArray[np.uint16] = register >> 8 ^ BYTE_TABLE[register & 0xFF ^ 1]
    return further.byteswap()
