"""The health tests of chance: what is stuck or uneven makes no key."""

from collections.abc import Callable
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keycentre.support import stream
from umbane.keycentre import Entropy, EntropyError
from umbane.keycentre.entropy import PROPORTION, REPETITIONS, WINDOW


def after(good: int, bad: bytes) -> Callable[[int], bytes]:
    """A source that gives so many good windows, and then something else."""
    source, asked = stream("good"), iter(range(1000))
    return lambda size: source(size) if next(asked) < good else bad


def test_the_systems_own() -> None:
    """The operating system's chance passes, and gives other bytes each time."""
    entropy = Entropy()
    assert len({entropy.draw(32) for _ in range(20)}) == 20


@given(st.integers(0, WINDOW))
def test_sizes(size: int) -> None:
    """As many bytes are drawn as are asked for."""
    assert len(Entropy(stream("a")).draw(size)) == size


@pytest.mark.parametrize("size", [-1, WINDOW + 1, 10**9])
def test_wrong_sizes(size: int) -> None:
    """More than a window is not drawn at once."""
    with pytest.raises(EntropyError, match="more than are drawn"):
        Entropy(stream("a")).draw(size)


@pytest.mark.parametrize("value", [0, 1, 0x55, 0xFF])
def test_dead_source(value: int) -> None:
    """A source that gives one byte only is found at the start."""
    with pytest.raises(EntropyError, match="stuck"):
        Entropy(lambda size: bytes([value]) * size)


def test_source_that_dies() -> None:
    """A source that dies after a while is found at the next draw."""
    entropy = Entropy(after(3, bytes(WINDOW)))
    entropy.draw(32)
    with pytest.raises(EntropyError, match="stuck"):
        entropy.draw(32)


def test_runs_over_windows() -> None:
    """A run that begins in one window and ends in the next is found."""
    good = bytes(range(256)) * 2
    windows = iter([good, good[:-2] + b"\x07\x07", b"\x07\x07\x07" + good[3:]])
    entropy = Entropy(lambda _: next(windows))
    with pytest.raises(EntropyError, match="5 times in a row"):
        entropy.draw(1)


@pytest.mark.parametrize("run", [REPETITIONS - 1, REPETITIONS])
def test_run_length(run: int) -> None:
    """Four equal bytes in a row pass, five fail."""
    window = bytes([9]) * run + bytes(range(10, 250)) * 3
    if run < REPETITIONS:
        Entropy(lambda _: window[:WINDOW])
    else:
        with pytest.raises(EntropyError, match="stuck"):
            Entropy(lambda _: window[:WINDOW])


@pytest.mark.parametrize("times", [PROPORTION - 1, PROPORTION])
def test_proportion(times: int) -> None:
    """A window whose first byte comes 15 times passes, and 16 times fails."""
    others = (bytes(range(1, 256)) * 3)[: WINDOW - 2 * times]
    window = b"\x00" + b"".join(bytes([1 + n, 0]) for n in range(times - 1)) + others
    window = (window + bytes(range(100, 200)))[:WINDOW]
    assert window.count(0) == times
    if times < PROPORTION:
        Entropy(lambda _: window)
    else:
        with pytest.raises(EntropyError, match="uneven"):
            Entropy(lambda _: window)


@pytest.mark.parametrize("size", [0, 1, WINDOW - 1, WINDOW + 1])
def test_short_source(size: int) -> None:
    """A source that gives another number of bytes is refused."""
    with pytest.raises(EntropyError, match=f"gave {size} bytes"):
        Entropy(after(0, bytes(size)))


def test_cutoffs() -> None:
    """The cut-offs are those of SP 800-90B for one false alarm in 2^30 at eight bits of entropy a byte."""
    rate, byte = Fraction(1, 2**30), Fraction(1, 256)

    def at_least(times: int) -> Fraction:
        terms = [comb(WINDOW, k) * byte**k * (1 - byte) ** (WINDOW - k) for k in range(times)]
        return 1 - sum(terms, Fraction(0))

    assert at_least(PROPORTION) <= rate < at_least(PROPORTION - 1)
    assert 256 ** -(REPETITIONS - 1) < rate < 256 ** -(REPETITIONS - 2)
