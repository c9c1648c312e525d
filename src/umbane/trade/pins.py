"""The PINs of vouchers: fourteen random digits and two that check them. Pure: chance is an argument.

The check digits are those of ISO 7064, MOD 97-10: every wrong digit and every two that changed places are noticed. They
keep typing errors from being taken for guesses; they are no secret.
"""

import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final
from uuid import UUID

from umbane.trade.errors import TradeInputError

__all__ = ["HASH_KEY", "grouped", "new_pins", "pin_hash", "typed_pin"]

RANDOM: Final = 10**14
MODULUS: Final = 97
HASH_KEY: Final = 32
"""Bytes of the key of the hashes."""
DIGITS: Final = re.compile(r"[0-9]{16}", re.ASCII)
PURPOSE: Final = b"umbane voucher pin\0"


def checked(number: int) -> str:
    """A PIN of a number of fourteen digits."""
    whole = number * 100
    return f"{whole + (MODULUS + 1 - whole % MODULUS) % MODULUS:016}"


def new_pins(count: int, chance: Callable[[int], int]) -> list[str]:
    """As many PINs, no two the same.

    Args:
        count: how many.
        chance: a random number from 0 up to, and not with, the one given; it must be fit for secrets.
    """
    found: dict[str, None] = {}
    while len(found) < count:
        found[checked(chance(RANDOM))] = None
    return list(found)


def typed_pin(text: str) -> str:
    """The PIN that somebody typed, with whatever stood between its digits.

    Raises:
        TradeInputError: it isn't one; the digits are not repeated.
    """
    digits = "".join(it for it in text if it not in " -.\u00a0")
    if not DIGITS.fullmatch(digits):
        raise TradeInputError("pin", "it doesn't have sixteen digits", "type the sixteen digits from the voucher")
    if int(digits) % MODULUS != 1:
        raise TradeInputError("pin", "a digit is wrong", "compare it with the voucher, digit by digit")
    return digits


def grouped(pin: str) -> str:
    """A PIN as it is printed."""
    return " ".join(pin[place : place + 4] for place in range(0, len(pin), 4))


def pin_hash(key: bytes, utility_id: UUID, pin: str) -> bytes:
    """What is kept of a PIN: nobody without the key learns anything from it, not even by trying every PIN.

    Raises:
        TradeInputError: the key is none.
    """
    if len(key) != HASH_KEY:
        raise TradeInputError("key", f"it has {len(key)} bytes", f"give {HASH_KEY}")
    return hmac.new(key, PURPOSE + utility_id.bytes + pin.encode("ascii"), sha256).digest()
