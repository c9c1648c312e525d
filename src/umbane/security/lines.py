"""Requests as they come over a connection: in the words that the journal has for them, a line each.

A line is checked as strictly as a request that somebody made here: what it says must be a token that the standard
knows, with its check bits, for a meter whose number is one.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

import numpy as np

from umbane.errors import UmbaneError
from umbane.security.errors import FrameError
from umbane.security.models import KeyChangeRequest, KeyName
from umbane.security.orders import ChangeOrder, TokenOrder, change_orders, read_change, read_key
from umbane.sts import EA, MeterPAN, read_message
from umbane.sts.batch.crc import crc_rows
from umbane.sts.content import CRC_BITS

__all__ = ["change_orders_of", "token_orders_of"]

TOKENS: Final = re.compile(
    r"(?:[0-9a-f]{32} token [0-9]{18} [0-9]{2} [0-9]{6} [1-9] [0-3] [0-9]{2} [0-3][0-9a-f]{16}\n)*"
)
CHANGES: Final = re.compile(
    r"(?:[0-9a-f]{32} key-change [0-9]{18} [0-9]{2}(?: [0-9]{6} [1-9] [0-3] [0-9]{2}){2} (?:0|[1-9][0-9]{0,7}) [01]\n)*"
)
ID: Final = slice(32)
METER: Final = slice(39, 74)
BITS: Final = slice(75, 92)
"""Where a line for a token has its parts."""

CREDIT: Final = 4 << 60
"""Below this are the class and subclasses of credit in units: any content of theirs means something (6.2)."""
CRC_MASK: Final = (1 << CRC_BITS) - 1
REMEMBERED: Final = 1 << 16
"""Meters whose numbers need not be checked again."""


def token_orders_of(text: bytes) -> list[TokenOrder]:
    """The requests for tokens that some lines are.

    Raises:
        FrameError: they are none.
    """
    lines = lines_of(text, TOKENS)
    try:
        bits = [int(line[BITS], 16) for line in lines]
        require_meaning(bits)
        return [
            TokenOrder(*meter_of(line[METER]), number, int(line[ID], 16), line)
            for line, number in zip(lines, bits, strict=True)
        ]
    except (ValueError, UmbaneError) as error:
        raise FrameError(f"a request for a token has no meaning: {error}") from None


def change_orders_of(text: bytes) -> list[ChangeOrder]:
    """The requests for key changes that some lines are.

    Raises:
        FrameError: they are none.
    """
    try:
        requests = [read_line(line) for line in lines_of(text, CHANGES)]
    except (ValueError, UmbaneError) as error:
        raise FrameError(f"a request for a key change has no meaning: {error}") from None
    return change_orders(requests)


def lines_of(text: bytes, form: re.Pattern[str]) -> list[str]:
    """The lines of a text that has this form."""
    try:
        lines = text.decode("ascii")
    except UnicodeDecodeError:
        lines = "?"
    if not form.fullmatch(lines):
        raise FrameError("requests are not written as they should be")
    return lines.splitlines()


def read_line(line: str) -> KeyChangeRequest:
    """The request for a key change that a line is."""
    id_, _, *words = line.split()
    return read_change(UUID(id_), words)


def require_meaning(bits: Sequence[int]) -> None:
    """Refuse what is no token of the standard.

    Raises:
        UmbaneError: one isn't.
    """
    credit = np.array([number for number in bits if number < CREDIT], np.uint64)
    if (crc_rows(credit >> CRC_BITS) != credit & CRC_MASK).any():
        raise FrameError("check bits are wrong")
    for number in bits if len(credit) < len(bits) else ():
        if number >= CREDIT:
            read_message(number)


@lru_cache(REMEMBERED)
def meter_of(words: str) -> tuple[MeterPAN, EA, KeyName]:
    """A meter, its algorithm and its key."""
    digits, ea, key = words.split(maxsplit=2)
    return MeterPAN(digits), EA(int(ea)), key_of(key)


@lru_cache(REMEMBERED)
def key_of(words: str) -> KeyName:
    """The key of that name: the same object each time, by which those of a batch are told apart quickly."""
    return read_key(words.split())
