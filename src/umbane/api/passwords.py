"""Passwords: what is kept of them, whether one is right, and which are good enough."""

import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from umbane.errors import InputError

__all__ = ["NOBODY", "hash_password", "require_good", "verified"]

SHORTEST: Final = 12
LONGEST: Final = 256
FEWEST_LETTERS: Final = 5
"""Different characters; "aaaaaaaaaaaa" is long and no secret."""

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=65536, parallelism=1)
NOBODY: Final = "$argon2id$v=19$m=65536,t=2,p=1$y6MlXvzWsgEgOTPMj1xtAQ$aqN7RYOXjtmBCusP5IZUw2HwVN/k1O58o3HrEYb6FIY"
"""The hash of a password that nobody knows, checked when nobody has that name, so that it takes as long."""


def hash_password(password: str) -> str:
    """What is kept of a password: Argon2id (RFC 9106)."""
    return HASHER.hash(normal(password))


def verified(kept: str, password: str) -> bool:
    """Whether a password is the one of which this was kept; nobody's never is."""
    try:
        HASHER.verify(kept, normal(password))
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return kept != NOBODY


def require_good(password: str, name: str) -> None:
    """Refuse a new password that is easily guessed. Length is what counts; no kind of character has to be in it.

    Args:
        password: the new one.
        name: of whom it is to be.

    Raises:
        InputError: it is too short or too long, holds the name or what can't be seen, or is few characters again and
            again.
    """
    length = len(password)
    if not SHORTEST <= length <= LONGEST:
        raise InputError("password", f"it has {length} characters", f"give {SHORTEST} to {LONGEST}; four words will do")
    if not password.isprintable():
        raise InputError("password", "it has characters that can't be seen", "use letters, digits, signs and spaces")
    if name.casefold() in password.casefold():
        raise InputError("password", "the name is in it", "leave the name out")
    if len(set(password)) < FEWEST_LETTERS:
        raise InputError("password", "it is few characters again and again", "take four words, for example")


def normal(password: str) -> str:
    """The form in which a password is compared: an accent is the same from every keyboard (Unicode's form NFC)."""
    return unicodedata.normalize("NFC", password)
