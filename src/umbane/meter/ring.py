"""A bounded list that grows at its end and forgets at its beginning; adding to it makes a new one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = ["Ring"]

T = TypeVar("T")

CHUNK: Final = 64
"""Items are kept in tuples of this many, so that adding copies one such tuple and not everything."""


@dataclass(frozen=True, slots=True, eq=False)
class Ring(Generic[T]):
    """The last ``capacity`` items that were added."""

    capacity: int
    full: tuple[tuple[T, ...], ...] = ()
    recent: tuple[T, ...] = ()

    @classmethod
    def of(cls, capacity: int, items: Iterable[T]) -> "Ring[T]":
        """A ring of these items, oldest first."""
        return cls(capacity).extend(items)

    def extend(self, items: Iterable[T]) -> "Ring[T]":
        """A ring with more items at its end."""
        recent = (*self.recent, *items)
        if len(recent) <= CHUNK:
            return Ring(self.capacity, self.full, recent) if self.capacity else self
        chunks = [recent[at : at + CHUNK] for at in range(0, len(recent), CHUNK)]
        kept = -(-self.capacity // CHUNK)
        return Ring(self.capacity, (*self.full, *chunks[:-1])[-kept:], chunks[-1]) if kept else self

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
