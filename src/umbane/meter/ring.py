"""A bounded list that grows at its end and forgets at its beginning; appending makes a new one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, Self, TypeVar

__all__ = ["Ring"]

T = TypeVar("T")

CHUNK: Final = 64
"""Items are kept in tuples of this many, so that appending copies one such tuple and not everything."""


@dataclass(frozen=True, slots=True, eq=False)
class Ring(Generic[T]):
    """The last ``capacity`` items that were appended."""

    capacity: int
    full: tuple[tuple[T, ...], ...] = ()
    recent: tuple[T, ...] = ()

    @classmethod
    def of(cls, capacity: int, items: Iterable[T]) -> Self:
        """A ring of these items, oldest first."""
        everything = tuple(items)
        start = max(0, len(everything) - capacity)
        chunks = [everything[at : at + CHUNK] for at in range(start, len(everything), CHUNK)]
        return cls(capacity, tuple(chunks[:-1]), chunks[-1] if chunks else ())

    def append(self, item: T) -> "Ring[T]":
        """A ring with one more item."""
        if len(self.recent) < CHUNK:
            return Ring(self.capacity, self.full, (*self.recent, item)) if self.capacity else self
        kept = -(-self.capacity // CHUNK)
        return Ring(self.capacity, (*self.full, self.recent)[-kept:], (item,))

    @property
    def items(self) -> tuple[T, ...]:
        """The items, oldest first."""
        held = tuple(item for chunk in (*self.full, self.recent) for item in chunk)
        return held[max(0, len(held) - self.capacity) :]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ring):
            return NotImplemented
        return (self.capacity, self.items) == (other.capacity, other.items)

    def __hash__(self) -> int:
        return hash((self.capacity, self.items))
