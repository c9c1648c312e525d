"""The bounded list under log and profile."""

from hypothesis import given
from hypothesis import strategies as st

from umbane.meter.ring import CHUNK, Ring


@given(st.integers(0, 3 * CHUNK), st.integers(0, 6 * CHUNK))
def test_keeps_the_last(capacity: int, count: int) -> None:
    """Of all that was added it keeps the last, as many as it has room for, and not much more in memory."""
    ring: Ring[int] = Ring(capacity)
    for number in range(count):
        ring = ring.extend([number])
    assert ring.items == tuple(range(count))[max(0, count - capacity) :]
    assert sum(len(chunk) for chunk in (*ring.full, ring.recent)) <= capacity + 2 * CHUNK


@given(st.integers(0, 3 * CHUNK), st.lists(st.integers(), max_size=4 * CHUNK))
def test_equal_by_what_they_hold(capacity: int, numbers: list[int]) -> None:
    """A ring made at once equals one that grew, and goes on like it."""
    grown: Ring[int] = Ring(capacity)
    for number in numbers:
        grown = grown.extend([number])
    made = Ring.of(capacity, numbers)
    assert made == grown
    assert hash(made) == hash(grown)
    assert made.extend([7, 8]) == grown.extend([7]).extend([8])


def test_unequal() -> None:
    """Rings with other items, another capacity, or other things altogether are unequal."""
    ring = Ring.of(5, [1, 2])
    assert ring not in [Ring.of(5, [1, 3]), Ring.of(6, [1, 2]), (1, 2)]


def test_adding_changes_nothing_else() -> None:
    """Adding makes a new ring; the old one is as it was."""
    ring = Ring.of(5, [1, 2])
    ring.extend([3])
    assert ring.items == (1, 2)
