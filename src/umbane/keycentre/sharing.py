"""Shamir's sharing over GF(256): any m of n shares give a secret, and fewer say nothing about it.

The field is that of AES. A secret is handled as one big number with a byte in each lane, and only ever multiplied by
numbers that everybody may know (those of the shares), by shifts and masks: no table is looked up at a secret place, and
nothing branches on a secret. That is as even as Python's own integers are: their arithmetic goes through all digits of
a number, but a number whose highest bytes are zero has fewer of them.

Why our own: of the libraries for Python none is both well kept and meant for real secrets; the best known one says of
itself that it isn't hardened. What the standard literature asks for is these few lines.
"""

from collections.abc import Mapping
from typing import Final

__all__ = ["MOST_SHARES", "join", "split"]

MOST_SHARES: Final = 255
"""Numbers but 0, which is the secret's."""
MODULUS: Final = 0x1B
"""x^8 + x^4 + x^3 + x + 1 without its highest bit."""
BITS: Final = 8
ORDER: Final = 255
"""Of the field's multiplicative group."""


def times(lanes: int, by: int, size: int) -> int:
    """Multiply each of ``size`` bytes by a public number 0-255."""
    ones = int.from_bytes(b"\x01" * size, "big")
    low = ones * 0x7F
    product = 0
    for bit in range(BITS):
        product ^= lanes * (by >> bit & 1)
        lanes = (lanes & low) << 1 ^ (lanes >> 7 & ones) * MODULUS
    return product


def inverse(number: int) -> int:
    """What a public number 1-255 is multiplied by to give 1: its power of 254."""
    power = 1
    for bit in f"{ORDER - 1:b}":
        power = times(power, power, 1)
        power = times(power, number, 1) if bit == "1" else power
    return power


def split(secret: bytes, threshold: int, count: int, randomness: bytes) -> dict[int, bytes]:
    """Split a secret.

    Args:
        secret: what is shared.
        threshold: how many shares give it back, 1-``count``.
        count: how many there are, up to 255.
        randomness: ``(threshold - 1) * len(secret)`` random bytes, used for nothing else.

    Returns:
        The shares by their numbers, from 1 on.

    Raises:
        ValueError: one of them is something else.
    """
    size = len(secret)
    if not 1 <= threshold <= count <= MOST_SHARES or len(randomness) != (threshold - 1) * size:
        raise ValueError("a threshold above the count, too many shares, or randomness of another length")
    higher = [int.from_bytes(randomness[n * size : (n + 1) * size], "big") for n in range(threshold - 1)]
    terms = [*higher, int.from_bytes(secret, "big")]
    return {number: value_at(number, terms, size).to_bytes(size, "big") for number in range(1, count + 1)}


def value_at(number: int, terms: list[int], size: int) -> int:
    """The polynomial with these coefficients, highest first, at a public number (Horner's scheme)."""
    value = 0
    for term in terms:
        value = times(value, number, size) ^ term
    return value


def join(shares: Mapping[int, bytes]) -> bytes:
    """The secret behind shares: the polynomial through them at 0 (Lagrange's formula).

    As many shares as the threshold, or more, give the secret; fewer give bytes that have nothing to do with it. Which
    it is can't be told here.

    Args:
        shares: by their numbers, all of one length.

    Raises:
        ValueError: there is none, a number isn't 1-255, or the lengths differ.
    """
    sizes = {len(value) for value in shares.values()}
    if len(sizes) != 1 or not all(1 <= number <= MOST_SHARES for number in shares):
        raise ValueError("no shares, a number that none has, or shares of different lengths")
    [size] = sizes
    secret = 0
    for number, value in shares.items():
        secret ^= times(int.from_bytes(value, "big"), weight(number, shares), size)
    return secret.to_bytes(size, "big")


def weight(number: int, numbers: Mapping[int, bytes]) -> int:
    """What the share of this number counts for among the others; it depends on public numbers only."""
    product = 1
    for other in numbers:
        if other != number:
            product = times(times(product, other, 1), inverse(other ^ number), 1)
    return product
