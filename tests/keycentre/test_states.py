"""The life of a key: every way that there is, and every one that there isn't."""

from itertools import product

import pytest

from umbane.keycentre import ForbiddenError, KeyState, TransitionError
from umbane.keycentre.states import TRANSITIONS, USES, require_transition, require_uses
from umbane.security import KeyUse

LEGAL = {
    ("pre-active", "active"),
    ("pre-active", "compromised"),
    ("pre-active", "destroyed"),
    ("active", "suspended"),
    ("active", "deactivated"),
    ("active", "compromised"),
    ("suspended", "active"),
    ("suspended", "deactivated"),
    ("suspended", "compromised"),
    ("deactivated", "compromised"),
    ("deactivated", "destroyed"),
    ("compromised", "destroyed"),
}
AWAY = {KeyUse.CHANGE_FROM}


@pytest.mark.parametrize(("state", "to"), [*product(KeyState, KeyState)])
def test_every_way(state: KeyState, to: KeyState) -> None:
    """A key goes the twelve ways that are legal, and each of the twenty-four others is refused by name."""
    if (state, to) in LEGAL:
        require_transition("123456 1 VUDK", state, to)
    else:
        with pytest.raises(TransitionError, match=f"123456 1 VUDK is {state} and can't become {to}"):
            require_transition("123456 1 VUDK", state, to)


def test_every_state() -> None:
    """Each of the six states has its ways and its uses; what is destroyed goes nowhere."""
    assert len(KeyState) == 6
    assert TRANSITIONS.keys() == USES.keys() == set(KeyState)
    assert not TRANSITIONS[KeyState.DESTROYED]


@pytest.mark.parametrize(("state", "use"), [*product(KeyState, KeyUse)])
def test_every_use(state: KeyState, use: KeyUse) -> None:
    """A key before and in its time may have every use; one that is over leads meters away, and no other has any."""
    may = {"pre-active": set(KeyUse), "active": set(KeyUse), "deactivated": AWAY, "compromised": AWAY}.get(state, set())
    if use in may:
        require_uses("123456 1 VUDK", state, frozenset({use}))
    else:
        with pytest.raises(ForbiddenError, match="123456 1 VUDK is"):
            require_uses("123456 1 VUDK", state, frozenset({use}))


@pytest.mark.parametrize("state", [*KeyState])
def test_taking_away(state: KeyState) -> None:
    """Any key but a destroyed one can be taken away from a module."""
    if state is KeyState.DESTROYED:
        with pytest.raises(ForbiddenError, match="nothing to send"):
            require_uses("123456 1 VUDK", state, frozenset())
    else:
        require_uses("123456 1 VUDK", state, frozenset())
