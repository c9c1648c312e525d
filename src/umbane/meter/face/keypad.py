"""The keypad: twelve keys and Enter, one after the other, into a line of at most twenty digits."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.meter.errors import MeterInputError
from umbane.meter.face.beeps import Beep
from umbane.meter.face.figures import grouped

__all__ = ["TOKEN_DIGITS", "Key", "Keypad", "Pressed"]

TOKEN_DIGITS: Final = 20

SIGNS: Final = tuple("0123456789*#")


class Key(StrEnum):
    """The keys that are neither a digit nor ``*`` nor ``#``."""

    BACKSPACE = "<"
    CLEAR = "C"
    ENTER = "E"


class Pressed(NamedTuple):
    """What one key did.

    Attributes:
        keypad: the keypad after it.
        entry: what was typed, if the key was Enter; otherwise None.
        beep: what is heard.
    """

    keypad: "Keypad"
    entry: str | None
    beep: Beep


@dataclass(frozen=True, slots=True)
class Keypad:
    """A keypad with what is half typed; a token in it is nobody else's business, so its repr doesn't show it.

    Attributes:
        typed: the keys since the last Enter.
        at: when the last key was pressed.
        patience: how long a half-typed entry waits for its next key before it is forgotten. Half a minute, as some
            makers have it.
    """

    typed: str = field(default="", repr=False)
    at: datetime | None = None
    patience: timedelta = timedelta(seconds=30)

    def press(self, key: str, at: datetime) -> Pressed:
        """Press one key: a digit, ``*``, ``#`` or a Key.

        Args:
            key: which.
            at: when; an entry whose time is over is forgotten first.

        Raises:
            MeterInputError: there is no such key.
        """
        typed = self.settled(at).typed
        if key == Key.ENTER:
            return Pressed(replace(self, typed="", at=None), typed, Beep.KEY)
        if key == Key.BACKSPACE:
            return self.holding(typed[:-1], at, Beep.KEY if typed else Beep.WRONG_KEY)
        if key == Key.CLEAR:
            return self.holding("", at, Beep.KEY)
        if key not in SIGNS:
            raise MeterInputError(
                "key", f"there is no key {shown(key)}", "press 0-9, *, #, < (back), C (clear), E (enter)"
            )
        full = len(typed) == TOKEN_DIGITS
        return self.holding(typed if full else typed + key, at, Beep.WRONG_KEY if full else Beep.KEY)

    def holding(self, typed: str, at: datetime, beep: Beep) -> Pressed:
        """The keypad with this line, without an entry."""
        return Pressed(replace(self, typed=typed, at=at if typed else None), None, beep)

    def settled(self, at: datetime) -> "Keypad":
        """The keypad at a later moment: a half-typed entry that waited too long is gone."""
        return replace(self, typed="", at=None) if self.at is not None and at - self.at > self.patience else self

    @property
    def grouped(self) -> str:
        """The line in groups of four."""
        return grouped(self.typed)
