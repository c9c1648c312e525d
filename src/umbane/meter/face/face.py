"""The face of a meter: what its keys do, what its display shows, what it sounds like.

A ``Face`` is a value like everything here: a key makes a new one. The meter behind it is the only thing that changes,
and only when a token is complete or a short code asks for a deed.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from umbane.meter.face.beeps import Beep
from umbane.meter.face.display import DARK, NO_LINK, Screen, rotation, screen
from umbane.meter.face.items import Look, read
from umbane.meter.face.keypad import TOKEN_DIGITS, Keypad
from umbane.meter.face.memory import LastCredit, remember
from umbane.meter.face.packs import CodePack, Deed
from umbane.meter.face.reach import obstacle
from umbane.meter.face.words import ANSWERS, Answer, answer
from umbane.meter.meter import Meter
from umbane.meter.results import Refusal, TokenOutcome
from umbane.meter.state import Hold
from umbane.meter.view import MeterView

__all__ = ["Face", "Response", "alarm", "press", "show", "wake"]

EACH: Final = timedelta(seconds=5)
"""How long each screen stays."""

LONGEST_CODE: Final = 6
"""Keys that an error repeats."""

SILENT_FOR: Final = timedelta(hours=8)
"""How long the alarm is silent when the customer asks for it."""


@dataclass(frozen=True, slots=True)
class Face:
    """Keypad and display.

    Attributes:
        pack: the short codes it knows.
        keypad: what is half typed.
        messages: the screens of the last answer, shown one after the other before the rotation begins.
        silent_until: until when alarms aren't sounded.
        recent: the last credit tokens, the latest first.
        since: when somebody last looked or pressed a key: the rotation starts again there.
        page: how many screens Enter alone has gone further.
    """

    pack: CodePack
    keypad: Keypad = field(default_factory=Keypad)
    messages: tuple[Screen, ...] = ()
    silent_until: datetime | None = None
    recent: tuple[LastCredit, ...] = ()
    since: datetime | None = None
    page: int = 0


class Response(NamedTuple):
    """What came of a key.

    Attributes:
        face: the face after it.
        answer: what is seen, read and heard; its words are empty for a key that only adds to the line.
        outcome: the meter's answer, if a token was sent to it.
    """

    face: Face
    answer: Answer
    outcome: TokenOutcome | None = None


def press(face: Face, meter: Meter, key: str) -> Response:
    """Press one key now; Enter behind 20 digits sends a token to the meter, behind fewer a short code.

    Raises:
        MeterInputError: there is no such key.
    """
    pressed = face.keypad.press(key, meter.time)
    if obstacle(meter) is Refusal.NO_POWER:
        return Response(replace(face, keypad=Keypad()), ANSWERS[Refusal.NO_POWER])
    after = replace(face, keypad=pressed.keypad)
    heard = Answer("", "", pressed.beep)
    if pressed.entry == "":
        return Response(replace(after, page=face.page + 1), heard)
    after = wake(after, meter)
    if pressed.entry is None:
        return Response(after, heard)
    if len(pressed.entry) == TOKEN_DIGITS and pressed.entry.isdigit():
        return send_token(after, meter, pressed.entry)
    return enter_code(after, meter, pressed.entry)


def wake(face: Face, meter: MeterView) -> Face:
    """The face when somebody comes to look: the last answer is gone, the rotation starts again with the credit."""
    return replace(face, messages=(), since=meter.time, page=0)


def send_token(face: Face, meter: Meter, digits: str) -> Response:
    """Give twenty digits to the meter and show what it says."""
    outcome = meter.enter(digits)
    face = replace(face, recent=remember(face.recent, digits, outcome, meter.clock))
    if outcome.accepted:
        face = replace(face, silent_until=None)
    readings = [screen(reading.value, reading.label) for reading in outcome.readings]
    return respond(face, answer(outcome, meter), *readings)._replace(outcome=outcome)


def enter_code(face: Face, meter: Meter, keys: str) -> Response:
    """Do or show what a short code asks for."""
    blocked, code = obstacle(meter), face.pack.find(keys)
    if blocked is not None:
        return respond(face, ANSWERS[blocked])
    if code is None:
        return respond(face, unknown_code(keys))
    if isinstance(code.does, Deed):
        return respond(*do(face, meter, code.does))
    reading = read(code.does, Look(meter, face.recent, code.nth))
    said = Answer("", f"{code.words}: {reading}", Beep.KEY)
    return respond(face, said, screen(reading, code.words))


def unknown_code(keys: str) -> Answer:
    """The answer to what is neither a token nor a short code; what may be most of a token isn't repeated."""
    known = f"{keys} is no short code of this meter" if len(keys) <= LONGEST_CODE else f"That has {len(keys)}"
    return Answer("NO CODE", f"{known}; a token has {TOKEN_DIGITS} digits.", Beep.REJECTED)


def do(face: Face, meter: Meter, deed: Deed) -> tuple[Face, Answer]:
    """What a short code does, other than to show something."""
    if deed is Deed.SILENCE:
        hours = SILENT_FOR // timedelta(hours=1)
        words = f"The alarm is silent for {hours} hours, or until the next token."
        return replace(face, silent_until=meter.time + SILENT_FOR), Answer("SILENT", words, Beep.ACCEPTED)
    if meter.take_emergency_credit():
        words = "Emergency credit taken; the next token repays it."
        return face, Answer("EMERGENCY", words, Beep.ACCEPTED)
    return face, Answer("NOT NOW", "There is no emergency credit now.", Beep.REJECTED)


def respond(face: Face, said: Answer, *screens: Screen) -> Response:
    """An answer on the display: screens of its own, or its word."""
    return Response(replace(face, messages=screens or (screen(said.lcd, said.beep.value.words),)), said)


def show(face: Face, meter: MeterView) -> Screen:
    """What the display shows now."""
    blocked, time = obstacle(meter), meter.time
    if blocked is Refusal.NO_POWER:
        return DARK
    typed = face.keypad.settled(time)
    if typed.typed:
        return Screen(typed.grouped, "", f"{len(typed.typed)} digits")
    turns = face.page + (0 if face.since is None else max(timedelta(0), time - face.since) // EACH)
    if turns < len(face.messages):
        return face.messages[turns]
    screens = (NO_LINK,) if blocked is not None else rotation(meter)
    return screens[(turns - len(face.messages)) % len(screens)]


def alarm(face: Face, meter: MeterView) -> Beep | None:
    """The alarm that sounds from time to time, if one does."""
    silent = face.silent_until is not None and meter.time < face.silent_until
    if silent or obstacle(meter) is not None:
        return None
    if meter.tampers:
        return Beep.TAMPER
    if Hold.CREDIT in meter.holds:
        return Beep.CREDIT_USED_UP
    return Beep.LOW_CREDIT if meter.warning_level else None
