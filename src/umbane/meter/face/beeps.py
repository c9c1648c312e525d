"""What the meter sounds like: patterns as data, for a speaker, a terminal or a page to play."""

from enum import Enum
from typing import Final, NamedTuple

__all__ = ["Beep", "Sound"]

SHORT: Final = 100
LONG: Final = 1000
GAP: Final = 150


class Sound(NamedTuple):
    """One pattern.

    Attributes:
        tones: how long each tone is, in ms; between them there are ``GAP`` ms of silence.
        every_s: the pattern comes again after so many seconds; None: it is heard once.
        words: what it means.
    """

    tones: tuple[int, ...]
    every_s: int | None
    words: str

    @property
    def drawn(self) -> str:
        """The pattern for eyes: a dot for a short tone, a dash for a long one."""
        return " ".join("–" if tone >= LONG else "·" for tone in self.tones)

    @property
    def milliseconds(self) -> int:
        """How long one pass takes."""
        return sum(self.tones) + GAP * (len(self.tones) - 1)


class Beep(Enum):
    """Every sound of this meter. No standard lays them down; these are a choice, close to what makers do."""

    KEY = Sound((SHORT,), None, "a key was pressed")
    WRONG_KEY = Sound((SHORT, SHORT), None, "that key does nothing now")
    ACCEPTED = Sound((LONG,), None, "accepted")
    MORE = Sound((LONG, SHORT), None, "taken, and more tokens belong to it")
    REJECTED = Sound((SHORT, SHORT, SHORT), None, "rejected")
    LOCKED = Sound((SHORT,) * 5, None, "the keypad is locked")
    NO_ANSWER = Sound((LONG, LONG), None, "the keypad unit can't reach its meter")
    LOW_CREDIT = Sound((SHORT,), 60, "credit is low")
    CREDIT_USED_UP = Sound((SHORT, SHORT), 300, "credit is used up")
    TAMPER = Sound((LONG, LONG, LONG), 30, "tampering")
