"""The life of a vending key: its states, and the ways between them (after NIST SP 800-57 part 1)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from umbane.keycentre.errors import ForbiddenError, TransitionError
from umbane.security import KeyUse

__all__ = ["TRANSITIONS", "USES", "KeyState", "require_transition", "require_uses"]


class KeyState(StrEnum):
    """Where in its life a key is."""

    PRE_ACTIVE = "pre-active"
    """Made, but no meter has it. It may go to modules, which wait for its day."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Under suspicion: it goes nowhere until somebody knows."""
    DEACTIVATED = "deactivated"
    """Its time is over. Meters that still have it are taken away from it."""
    COMPROMISED = "compromised"
    """Somebody may have it. The same holds, in haste."""
    DESTROYED = "destroyed"
    """Its bits are gone. Its name is never used again."""


TRANSITIONS: Final[Mapping[KeyState, frozenset[KeyState]]] = {
    KeyState.PRE_ACTIVE: frozenset({KeyState.ACTIVE, KeyState.COMPROMISED, KeyState.DESTROYED}),
    KeyState.ACTIVE: frozenset({KeyState.SUSPENDED, KeyState.DEACTIVATED, KeyState.COMPROMISED}),
    KeyState.SUSPENDED: frozenset({KeyState.ACTIVE, KeyState.DEACTIVATED, KeyState.COMPROMISED}),
    KeyState.DEACTIVATED: frozenset({KeyState.COMPROMISED, KeyState.DESTROYED}),
    KeyState.COMPROMISED: frozenset({KeyState.DESTROYED}),
    KeyState.DESTROYED: frozenset(),
}
"""From each state, those that may follow. Nothing else may."""

AWAY: Final = frozenset({KeyUse.CHANGE_FROM})
USES: Final[Mapping[KeyState, frozenset[KeyUse]]] = {
    KeyState.PRE_ACTIVE: frozenset(KeyUse),
    KeyState.ACTIVE: frozenset(KeyUse),
    KeyState.SUSPENDED: frozenset(),
    KeyState.DEACTIVATED: AWAY,
    KeyState.COMPROMISED: AWAY,
    KeyState.DESTROYED: frozenset(),
}
"""What a module may be allowed to do with a key in each state; without any use a key is taken away from it."""


def require_transition(name: str, state: KeyState, to: KeyState) -> None:
    """Refuse a way that there isn't.

    Raises:
        TransitionError: there isn't.
    """
    if to not in TRANSITIONS[state]:
        ways = ", ".join(sorted(TRANSITIONS[state])) or "nowhere"
        raise TransitionError(f"the key {name} is {state} and can't become {to}: from there it goes to {ways}")


def require_uses(name: str, state: KeyState, uses: frozenset[KeyUse]) -> None:
    """Refuse uses that a key in this state can't have.

    Raises:
        ForbiddenError: one of them.
    """
    if state is KeyState.DESTROYED:
        raise ForbiddenError(f"the key {name} is destroyed: there is nothing to send")
    if more := uses - USES[state]:
        raise ForbiddenError(f"the key {name} is {state} and can't be sent for {', '.join(sorted(more))}")
