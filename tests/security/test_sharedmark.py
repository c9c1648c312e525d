"""A mark that several processes share: it goes further, and never back."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umbane.security.chain import Position
from umbane.security.errors import JournalError
from umbane.security.mark import SharedMark


def at(size: int) -> Position:
    """A position after so many bytes."""
    return Position(size // 7, size, f"{size:064x}")


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[list[SharedMark]]:
    """Give two of the same file, as two processes have them."""
    both = [SharedMark(tmp_path / "seen") for _ in range(2)]
    yield both
    for mark in both:
        mark.close()


@settings(max_examples=30)
@given(moves=st.lists(st.tuples(st.booleans(), st.integers(1, 10**9)), min_size=1))
def test_never_back(tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[bool, int]]) -> None:
    """Whoever writes what in which order, the furthest position is what is read."""
    path = tmp_path_factory.mktemp("marks") / "seen"
    both = [SharedMark(path) for _ in range(2)]
    for which, size in moves:
        both[which].write(at(size))
    furthest = at(max(size for _, size in moves))
    assert [mark.read() for mark in both] == [furthest] * 2
    for mark in both:
        mark.close()


def test_nobody_waits(marks: list[SharedMark]) -> None:
    """While another process writes, nobody waits for it; the next write is done again."""
    one, other = marks
    one.write(at(10))
    fcntl.flock(other.file, fcntl.LOCK_EX)
    one.write(at(20))
    fcntl.flock(other.file, fcntl.LOCK_UN)
    assert other.read() == at(10)
    one.write(at(30))
    assert other.read() == at(30)


def test_nothing_was_seen(marks: list[SharedMark]) -> None:
    """A new file remembers nothing."""
    assert marks[0].read() is None


@pytest.mark.parametrize("content", [b"x", b"0" * 93, b"\n" * 93])
def test_what_was_altered(marks: list[SharedMark], content: bytes) -> None:
    """What is no mark any more is neither read nor overwritten, and the file isn't kept from others."""
    one, other = marks
    Path(f"/dev/fd/{one.file}").write_bytes(content)
    for _ in range(2):
        with pytest.raises(JournalError):
            one.read()
        with pytest.raises(JournalError):
            other.write(at(7))
