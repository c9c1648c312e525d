"""The line between the meter of a split form and its customer interface unit (keypad and display)."""

from enum import StrEnum
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.meter.errors import MeterInputError

__all__ = ["CLEAR_LINE", "Fate", "LinkState", "require_link"]

MOST_FATES: Final = 1000


class Fate(StrEnum):
    """What becomes of one exchange on a noisy line."""

    PASSES = "passes"
    REQUEST_LOST = "request lost"
    """The meter hears nothing."""
    ANSWER_LOST = "answer lost"
    """The meter has done what was asked, but the keypad unit doesn't hear of it."""


class LinkState(NamedTuple):
    """The state of the line.

    Attributes:
        present: False: the line is cut, or the keypad unit lies in a drawer.
        paired: False: the keypad unit belongs to another meter.
        noise: what becomes of the next exchanges, first things first; those after them pass. Chance is the caller's.
    """

    present: bool = True
    paired: bool = True
    noise: tuple[Fate, ...] = ()

    def next(self) -> tuple[Fate, "LinkState"]:
        """The fate of one exchange, and the line after it."""
        if not self.noise:
            return Fate.PASSES, self
        return self.noise[0], self._replace(noise=self.noise[1:])


CLEAR_LINE: Final = LinkState()


def require_link(link: LinkState) -> LinkState:
    """Return ``link`` if it is one; MeterInputError otherwise."""
    parts: tuple[object, ...] = tuple(link)
    if not all(isinstance(part, bool) for part in parts[:2]):
        raise MeterInputError("link", f"{shown(parts)} isn't sound", "give present and paired as True or False")
    if len(link.noise) > MOST_FATES or not set(link.noise) <= set(Fate):
        raise MeterInputError("noise", "it isn't a short tuple of fates", f"give at most {MOST_FATES} values of Fate")
    return link
