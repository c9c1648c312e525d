"""Who asked for what: fingerprints that tell a repetition from another message, and ids for the security module."""

from hashlib import blake2b
from typing import Final
from uuid import UUID

from msgspec.structs import astuple

from umbane.db import uuid_of
from umbane.vending.models import Order, SaleRequest

__all__ = ["BYTES", "fingerprint", "request_id"]

BYTES: Final = 16
"""Of a fingerprint."""
VERSION_AND_VARIANT: Final = 0x8 << 76 | 0b10 << 62
"""UUID version 8: made by a rule of our own (RFC 9562)."""
OTHERS: Final = ~(0xF << 76 | 0b11 << 62)


def fingerprint(request: SaleRequest, pan: str) -> bytes:
    """What a message asks for, in 16 bytes; the same for every way of writing the meter's number.

    Who signed for it doesn't count: a repetition may come from the next shift.
    """
    words = f"{pan or request.meter}\0{in_words(request.order)}".encode("utf-8", "surrogatepass")
    return blake2b(words, digest_size=BYTES).digest()


def in_words(order: Order) -> str:
    """What an order says, so that two of them say the same only if they are."""
    try:
        return repr(order)
    except ValueError:  # CPython writes no number of thousands of digits; such an order is refused, and kept as refused
        return " ".join(hex(it) if isinstance(it, int) else repr(it) for it in astuple(order))


def request_id(request: SaleRequest, attempt: int, ordinal: int) -> UUID:
    """The id under which the module is asked for a token of a message: anyone who has the message finds it again.

    Args:
        request: the message.
        attempt: 0, and one more for each time that tokens were made which no longer fit when the message came again.
        ordinal: which token of the sale.
    """
    words = b"%b%b%b/%d/%d" % (
        request.utility_id.bytes, request.terminal_id.bytes, request.message_id.encode(), attempt, ordinal,
    )  # fmt: skip
    number = int.from_bytes(blake2b(words, digest_size=BYTES).digest())
    return uuid_of(number & OTHERS | VERSION_AND_VARIANT)
