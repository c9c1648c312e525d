"""What a meter writes down: events with a sequence number that never starts again."""

from enum import StrEnum
from typing import NamedTuple

__all__ = ["Event", "EventKind"]


class EventKind(StrEnum):
    """What happened."""

    TOKEN_ACCEPTED = "token accepted"  # noqa: S105 - the name of an event
    TOKEN_REFUSED = "token refused"  # noqa: S105 - the name of an event
    KEY_CHANGED = "key changed"
    KEYPAD_LOCKED = "keypad locked"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    LOW_CREDIT = "low credit"
    CREDIT_USED_UP = "credit used up"
    EMERGENCY_CREDIT = "emergency credit taken"
    CHARGES_COLLECTED = "charges collected"
    LIMIT_TRIPPED = "limit tripped"
    LIMIT_LOCKED = "limit locked"
    LOCK_RELEASED = "lock released"
    PHASE_LOST = "phase lost"
    PHASES_BACK = "phases back"
    TAMPER_DETECTED = "tamper detected"
    TAMPER_CLEARED = "tamper cleared"
    POWER_CUT = "power cut"
    POWER_BACK = "power back"
    CLOCK_SET = "clock set"
    CLOCK_LOST = "clock lost"
    TARIFF_SET = "tariff set"
    BATTERY_REPLACED = "battery replaced"


class Event(NamedTuple):
    """One line of the event log.

    Attributes:
        sequence: 1 for the first event of the meter's life; never used twice.
        at: the true time in ms since 1970 UTC. A real meter doesn't know it: for simulations.
        clock: what the meter's clock read, in ms since 1970 UTC; None while it is lost.
        kind: what happened.
        detail: more about it, in a word or two.
    """

    sequence: int
    at: int
    clock: int | None
    kind: EventKind
    detail: str
