"""The face of a meter: what its keys do, what its display shows, what it sounds like.

A ``Face`` is a value like everything here: a key makes a new one. The meter behind it is the only thing that changes,
and only when a token is complete or a short code asks for a deed.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from umbane.meter.face.beeps import Beep
from umbane.meter.face.display import DARK, NO_LINK, Screen, rotation, screen, screen_of
from umbane.meter.face.items import Look, read
from umbane.meter.face.keypad import TOKEN_DIGITS, Key, Keypad
from umbane.meter.face.memory import LastCredit, remember
from umbane.meter.face.packs import CodePack, Deed
from umbane.meter.face.reach import obstacle
from umbane.meter.face.words import ANSWERS, Answer, answer
from umbane.meter.meter import Meter
from umbane.meter.results import Refusal, TokenOutcome
from umbane.meter.state import Hold
from umbane.meter.view import MeterView

__all__ = ["Face", "Response", "alarm", "press", "show", "type_line", "wake"]

MESSAGE_FOR: Final = timedelta(seconds=10)
"""How long an answer stays on the display."""

EACH: Final = timedelta(seconds=5)
"""How long each screen of the rotation stays."""

SILENT_FOR: Final = timedelta(hours=8)
"""How long the alarm is silent when the customer asks for it."""


@dataclass(frozen=True, slots=True)
class Face:
    """Keypad and display.

    Attributes:
        pack: the short codes it knows.
        keypad: what is half typed.
        message: an answer that is on the display.
        until: how long it stays.
        silent_until: until when alarms aren't sounded.
        recent: the last credit tokens, the latest first.
        since: when somebody last looked or pressed a key: the rotation starts again there.
        page: which of its screens it started with; Enter alone goes one further.
    """

    pack: CodePack
    keypad: Keypad = field(default_factory=Keypad)
    message: Screen | None = None
    until: datetime | None = None
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
    after = wake(replace(face, keypad=pressed.keypad), meter)
    if pressed.entry is None:
        return Response(after, Answer("", "", pressed.beep))
    if pressed.entry == "":
        return Response(replace(after, page=face.page + 1), Answer("", "", pressed.beep))
    if len(pressed.entry) == TOKEN_DIGITS and pressed.entry.isdigit():
        return send_token(after, meter, pressed.entry)
    return enter_code(after, meter, pressed.entry)


def type_line(face: Face, meter: Meter, line: str) -> Response:
    """Press the keys of a whole line, one after the other, and then Enter; spaces and dashes are passed over.

    Raises:
        MeterInputError: a character is no key.
    """
    for key in line.translate(PASSED_OVER):
        face = press(face, meter, key).face
    return press(face, meter, Key.ENTER)


PASSED_OVER: Final = str.maketrans("", "", " -")


def wake(face: Face, meter: MeterView) -> Face:
    """The face when somebody comes to look: the last answer is gone, the rotation starts again with the credit."""
    return replace(face, message=None, until=None, since=meter.time, page=0)


def send_token(face: Face, meter: Meter, digits: str) -> Response:
    """Give twenty digits to the meter and show what it says."""
    outcome = meter.enter(digits)
    said = answer(outcome, meter)
    face = replace(face, recent=remember(face.recent, digits, outcome, meter.clock))
    if outcome.accepted:
        face = replace(face, silent_until=None)
    return Response(with_message(face, meter, screen(said.lcd, said.beep.value.words)), said, outcome)


def enter_code(face: Face, meter: Meter, keys: str) -> Response:
    """Do or show what a short code asks for."""
    blocked, code = obstacle(meter), face.pack.find(keys)
    if blocked is not None:
        said = ANSWERS[blocked]
        return Response(with_message(face, meter, screen(said.lcd, said.beep.value.words)), said)
    if code is None:
        known = f"A token has {TOKEN_DIGITS} digits; {keys} is no short code of this meter."
        return Response(with_message(face, meter, Screen("NO CODE", "", keys)), Answer("NO CODE", known, Beep.REJECTED))
    if isinstance(code.does, Deed):
        return do(face, meter, code.does)
    look = Look(meter, face.recent, code.nth)
    said = Answer("", f"{code.words}: {read(code.does, look)}", Beep.KEY)
    return Response(with_message(face, meter, screen_of(code.does, look)), said)


def do(face: Face, meter: Meter, deed: Deed) -> Response:
    """What a short code does, other than to show something."""
    if deed is Deed.SILENCE:
        silent = replace(face, silent_until=meter.time + SILENT_FOR)
        return Response(silent, Answer("SILENT", "The alarm is silent until tomorrow or the next token.", Beep.KEY))
    if meter.take_emergency_credit():
        said = Answer("EMERGENCY", "Emergency credit taken; the next token repays it.", Beep.ACCEPTED)
    else:
        said = Answer("NOT NOW", "There is no emergency credit now.", Beep.REJECTED)
    return Response(with_message(face, meter, screen(said.lcd, said.beep.value.words)), said)


def with_message(face: Face, meter: MeterView, screen: Screen) -> Face:
    """The face with an answer on its display."""
    return replace(face, message=screen, until=meter.time + MESSAGE_FOR)


def show(face: Face, meter: MeterView) -> Screen:
    """What the display shows now."""
    blocked, time = obstacle(meter), meter.time
    if blocked is Refusal.NO_POWER:
        return DARK
    typed = face.keypad.settled(time)
    if typed.typed:
        return Screen(typed.grouped, "", f"{len(typed.typed)} digits")
    if face.message is not None and face.until is not None and time < face.until:
        return face.message
    if blocked is not None:
        return NO_LINK
    turns = face.page + (0 if face.since is None else max(timedelta(0), time - face.since) // EACH)
    screens = rotation(meter)
    return screens[turns % len(screens)]


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
