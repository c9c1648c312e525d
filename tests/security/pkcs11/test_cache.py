"""Decoder keys that are remembered: how many, and for how long."""

import pytest

from tests.security.support import GROUP
from umbane.errors import InputError
from umbane.security import VendingKeyName
from umbane.security.pkcs11.cache import CachePolicy, DecoderKeyCache
from umbane.sts import KRN, KT

NAME = VendingKeyName(GROUP, KRN(1), KT.DUTK)
ROWS = [(NAME, bytes([number])) for number in range(5)]


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


@pytest.mark.parametrize(("meters", "seconds"), [(-1, 300), (10, -1)])
def test_bad_policy(meters: int, seconds: int) -> None:
    """A negative number is no policy."""
    with pytest.raises(InputError, match="negative"):
        CachePolicy(meters, seconds)


def test_nothing_by_default() -> None:
    """Without a word, nothing is remembered."""
    cache = DecoderKeyCache(CachePolicy())
    cache.keep([(ROWS[0], b"key")])
    assert cache.get(ROWS[0]) is None


def test_age() -> None:
    """A key is used until it is as old as the policy lets it be, and then forgotten."""
    clock = Clock()
    cache = DecoderKeyCache(CachePolicy(5, 60), clock)
    cache.keep([(ROWS[0], b"key")])
    clock.now += 59.9
    assert cache.get(ROWS[0]) == b"key"
    clock.now += 0.1
    assert cache.get(ROWS[0]) is None
    assert not cache.keys


def test_number() -> None:
    """When there are too many, those that came first are forgotten; one that comes again counts as new."""
    cache = DecoderKeyCache(CachePolicy(3))
    for row in (0, 1, 2, 0, 3):
        cache.keep([(ROWS[row], bytes([row]))])
    assert [cache.get(row) for row in ROWS] == [b"\0", None, b"\2", b"\3", None]


def test_clear() -> None:
    """All can be forgotten at once."""
    cache = DecoderKeyCache(CachePolicy(3))
    cache.keep([(ROWS[0], b"key")])
    cache.clear()
    assert cache.get(ROWS[0]) is None


def test_not_shown() -> None:
    """A cache shows how much it remembers, and no key."""
    cache = DecoderKeyCache(CachePolicy(3))
    cache.keep([(ROWS[0], b"a secret")])
    assert repr(cache) == "DecoderKeyCache(1 of 3)"
