"""One sitting at the keypad: the meter, its face, the house behind it and the shop next door."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.text import Text

from umbane.cli.meter.desk import Desk
from umbane.cli.meter.house import House
from umbane.cli.meter.lcd import WIDTH, draw
from umbane.errors import InputError, shown
from umbane.meter import Event, EventKind, Meter
from umbane.meter.face import Beep, Face, Response, alarm, press, wake
from umbane.meter.face.figures import kwh

__all__ = ["Session", "duration"]

STEP: Final = re.compile(r"(\d{1,7}) ?(s|sec|m|min|h|d|w)[a-z]*", re.ASCII)
SPANS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST_STEP: Final = timedelta(days=3660)
EVENTS_SHOWN: Final = 12

TOLD: Final = frozenset({EventKind.TOKEN_ACCEPTED, EventKind.TOKEN_REFUSED})
"""Events that the answer to a token tells already."""


def duration(words: str) -> timedelta:
    """A length of time such as ``90s``, ``45m``, ``1h`` or ``3d``.

    Raises:
        InputError: it isn't one, or is longer than ten years.
    """
    found = STEP.fullmatch(words)
    if found is None:
        raise InputError("time", f"{shown(words)} is no length of time", "give a number with s, m, h, d or w: +3d")
    length = int(found[1]) * SPANS[found[2][0]]
    if not timedelta(0) < length <= LONGEST_STEP:
        raise InputError("time", f"{shown(words)} is too long or nothing", "give at most 3660d")
    return length


@dataclass(slots=True)
class Session:
    """Everything that a command may look at and change.

    Attributes:
        console: where it prints.
        meter: the meter.
        face: its keypad and display.
        house: what hangs on it.
        desk: where its tokens come from.
        done: whether somebody said goodbye.
    """

    console: Console
    meter: Meter
    face: Face
    house: House
    desk: Desk
    done: bool = False

    def picture(self) -> None:
        """Draw the meter."""
        self.console.print(draw(self.console, self.meter, self.face, self.house))

    def say(self, words: str, style: str = "") -> None:
        """Print a paragraph; what comes from outside can't command the terminal."""
        visible = "".join(sign if sign.isprintable() else "?" for sign in words)
        for line in wrap(visible, WIDTH - 4):
            self.console.print(Text(f"  {line}", style=style))

    def press(self, keys: Iterable[str]) -> Response | None:
        """Press keys one after the other; say what came of the last of them."""
        response = None
        for key in keys:
            response = press(self.face, self.meter, key)
            self.face = response.face
        events = self.settle()
        self.picture()
        if response is not None:
            self.tell(response, events)
        return response

    def tell(self, response: Response, events: tuple[Event, ...]) -> None:
        """Say what came of a key as a customer would be told: what is heard, what it means, what happened."""
        said, outcome = response.answer, response.outcome
        if said.beep is not Beep.KEY:
            self.hear(said.beep)
        self.say(said.words, "bold")
        if outcome is not None:
            for reading in outcome.readings:
                self.say(f"    {reading.label}: {reading.value}")
            events = tuple(event for event in outcome.events if event.kind not in TOLD) + events
        self.list_events(events)

    def hear(self, beep: Beep) -> None:
        """Write down a sound."""
        sound = beep.value
        again = f", every {sound.every_s} s" if sound.every_s else ""
        self.say(f"beep {sound.drawn} ({sound.words}{again})", "dim")

    def settle(self) -> tuple[Event, ...]:
        """Let the meter see the load that hangs on it now, without letting time pass."""
        return self.meter.advance(timedelta(0), self.house.load(self.meter.config.volts))

    def wait(self, length: timedelta) -> None:
        """Let time pass and tell what happened."""
        before = sum(self.meter.imported_wh)
        events = self.meter.advance(length, self.house.load(self.meter.config.volts))
        used = sum(self.meter.imported_wh) - before
        self.happened(events)
        self.say(f"It is now {self.meter.time:%A %d %B %Y %H:%M}. Used in this time: {kwh(used, 3)} kWh.")
        sounding = alarm(self.face, self.meter)
        if sounding is not None:
            self.hear(sounding)

    def happened(self, events: tuple[Event, ...]) -> None:
        """Tell events, draw the meter as it is then."""
        self.face = wake(self.face, self.meter)
        self.picture()
        self.list_events(events)

    def list_events(self, events: tuple[Event, ...]) -> None:
        """Tell what happened, line by line."""
        for event in events[:EVENTS_SHOWN]:
            self.say(line_of(event))
        if len(events) > EVENTS_SHOWN:
            self.say(f"... and {len(events) - EVENTS_SHOWN} more: see log")


def line_of(event: Event) -> str:
    """An event with the instant at which it happened."""
    when = datetime.fromtimestamp(event.at / 1000, tz=UTC)
    return f"{when:%d %b %H:%M:%S}  {event.kind}{f': {event.detail}' if event.detail else ''}"
