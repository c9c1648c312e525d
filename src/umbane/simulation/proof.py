"""Two figures, counted in different places, that must be one."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Proof"]


@dataclass(frozen=True, slots=True)
class Proof:
    """Two figures, counted in different places, that must be one.

    Attributes:
        claim: what is claimed, in a sentence.
        left: the one figure.
        right: the other.
        show: writes such a figure for people.
    """

    claim: str
    left: int
    right: int
    show: Callable[[int], str]

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.left == self.right

    @property
    def words(self) -> str:
        """Both figures for people."""
        return f"{self.show(self.left)} {'=' if self.holds else '≠'} {self.show(self.right)}"
