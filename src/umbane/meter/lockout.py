"""The keypad's defence against guessing: after some wrong tokens it rests, and each time twice as long.

A token guessed at random authenticates once in 65 536 tries; the standard leaves the defence to the maker.
"""

from typing import Final

from umbane.meter.events import EventKind
from umbane.meter.state import NO_LOCKOUT, Lockout
from umbane.meter.units import MS_PER_SECOND
from umbane.meter.work import Work

__all__ = ["is_locked", "note_right_token", "note_wrong_token"]

MOST_DOUBLINGS: Final = 30


def is_locked(work: Work) -> bool:
    """Whether the keypad takes nothing now."""
    return work.state.uptime < work.state.lockout.until


def note_wrong_token(work: Work) -> None:
    """Count a wrong token, and lock the keypad if it was one too many."""
    state, plan = work.state, work.config.lockout
    wrong, level, until = state.lockout
    if wrong + 1 < plan.after or plan.after == 0:
        state.lockout = Lockout(wrong + 1, level, until)
        return
    seconds = min(plan.first_s << min(level, MOST_DOUBLINGS), plan.longest_s)
    state.lockout = Lockout(0, level + 1, state.uptime + seconds * MS_PER_SECOND)
    work.note(EventKind.KEYPAD_LOCKED, f"{seconds} s")


def note_right_token(work: Work) -> None:
    """Forget the wrong tokens: only somebody with a token that this meter had never seen can do this."""
    work.state.lockout = NO_LOCKOUT
