"""Sharing over GF(256): any m of n shares give the secret, and fewer give nothing."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.keycentre.sharing import inverse, join, split, times, value_at

bytes_ = st.integers(0, 255)


def slow_times(a: int, b: int) -> int:
    """The product in the field, as it is defined: polynomials over GF(2), modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << bit - 8
    return product


def test_field() -> None:
    """Every product of two numbers is the one of the definition."""
    assert all(times(a, b, 1) == slow_times(a, b) for a in range(256) for b in range(256))


def test_inverses() -> None:
    """Every number but 0 times its inverse is 1."""
    assert all(times(number, inverse(number), 1) == 1 for number in range(1, 256))


@given(st.binary(min_size=1, max_size=40), bytes_)
def test_lanes(content: bytes, by: int) -> None:
    """Multiplying a row of bytes at once is multiplying each of them."""
    product = times(int.from_bytes(content, "big"), by, len(content)).to_bytes(len(content), "big")
    assert product == bytes(slow_times(byte, by) for byte in content)


@st.composite
def shared(draw: st.DrawFn) -> tuple[bytes, int, dict[int, bytes]]:
    """A secret, how many shares give it, and all its shares."""
    secret = draw(st.binary(min_size=1, max_size=33))
    threshold = draw(st.integers(1, 5))
    number = draw(st.integers(threshold, 7))
    randomness = draw(st.binary(min_size=(threshold - 1) * len(secret), max_size=(threshold - 1) * len(secret)))
    return secret, threshold, split(secret, threshold, number, randomness)


@given(shared())
def test_any_enough(case: tuple[bytes, int, dict[int, bytes]]) -> None:
    """Any m of n shares give the secret, in any order, and so do more."""
    secret, threshold, shares = case
    for numbers in combinations(sorted(shares, reverse=True), threshold):
        assert join({number: shares[number] for number in numbers}) == secret
    assert join(shares) == secret


@pytest.mark.parametrize("number", [1, 2, 127, 255])
@pytest.mark.parametrize("secret", [0, 1, 0x53, 0xFF])
def test_one_of_two_gives_nothing(number: int, secret: int) -> None:
    """Over all randomness, one of two shares takes every value once, whatever the secret is."""
    values = every_value(number, [bytes(range(256))], secret)
    assert Counter(values) == dict.fromkeys(range(256), 1)


@pytest.mark.parametrize("numbers", [(1, 2), (3, 5), (7, 254)])
@pytest.mark.parametrize("secret", [0, 1, 0x53, 0xFF])
def test_two_of_three_give_nothing(numbers: tuple[int, int], secret: int) -> None:
    """Over all randomness, two of three shares take every pair of values once, whatever the secret is."""
    every = bytes(range(256))
    randomness = [every * 256, b"".join(bytes([value]) * 256 for value in every)]
    first, second = (every_value(number, randomness, secret) for number in numbers)
    assert len(set(zip(first, second, strict=True))) == 256**2


def every_value(number: int, randomness: list[bytes], secret: int) -> bytes:
    """The shares of one number for each of many draws, which lie side by side in lanes."""
    size = len(randomness[0])
    terms = [int.from_bytes(term, "big") for term in (*randomness, bytes([secret]) * size)]
    return value_at(number, terms, size).to_bytes(size, "big")


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
def test_one_too_few(secret: bytes, randomness: bytes) -> None:
    """From m-1 shares any other secret could follow as well: one more share can be found that leads to it."""
    shares = split(secret, 3, 5, randomness)
    wanted = bytes(16)
    fewer = {1: shares[1], 2: shares[2]}
    lagrange = join({**fewer, 3: bytes(16)})
    missing = bytes(slow_times(a ^ b, inverse(weight_of_third())) for a, b in zip(lagrange, wanted, strict=True))
    assert join({**fewer, 3: missing}) == wanted


def weight_of_third() -> int:
    """What the third of the shares 1, 2, 3 counts for."""
    return slow_times(slow_times(1, inverse(1 ^ 3)), slow_times(2, inverse(2 ^ 3)))


@pytest.mark.parametrize(
    ("threshold", "count", "size"), [(0, 3, 0), (4, 3, 24), (2, 256, 8), (2, 3, 7), (2, 3, 9), (3, 3, 8), (1, 0, 0)]
)
def test_wrong_splits(threshold: int, count: int, size: int) -> None:
    """A threshold of nobody or above the count, too many shares, or too little randomness is refused."""
    with pytest.raises(ValueError, match="threshold"):
        split(b"12345678", threshold, count, bytes(size))


@pytest.mark.parametrize("shares", [{}, {0: b"x"}, {256: b"x"}, {1: b"x", 2: b"xy"}, {-1: b"x", 1: b"y"}])
def test_wrong_joins(shares: dict[int, bytes]) -> None:
    """No shares, a share of the secret's own number, and shares of different lengths are refused."""
    with pytest.raises(ValueError, match="shares"):
        join(shares)
