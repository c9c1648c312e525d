"""Who may sign in at our side, and the sessions that they have."""

import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import scrypt
from hmac import compare_digest
from secrets import token_bytes, token_hex
from typing import Final

from umbane.security.prism.errors import ApiError, PrismSettingError

__all__ = ["Sessions", "hashed_password", "require_hash"]

COST: Final = 14
"""Of scrypt, as a power of two: 16 MiB and some hundredths of a second for each try."""
FORM: Final = re.compile(r"scrypt:([1-9]|1\d):([A-Za-z0-9+/]{22}==):([A-Za-z0-9+/]{86}==)")
SALT: Final = 16

MOST_SESSIONS: Final = 1000
SECONDS: Final = 8 * 3600


def hashed_password(password: str, salt: bytes | None = None, cost: int = COST) -> str:
    """What is kept of a password."""
    salt = salt or token_bytes(SALT)
    made = scrypt(password.encode(), salt=salt, n=1 << cost, r=8, p=1, maxmem=(1 << 31) - 2)
    return ":".join(("scrypt", str(cost), b64encode(salt).decode(), b64encode(made).decode()))


def fits(password: str, kept: str) -> bool:
    """Whether it is the password of which this was kept."""
    _, cost, salt, _ = kept.split(":")
    return compare_digest(hashed_password(password, b64decode(salt), int(cost)), kept)


def require_hash(user: str, text: str) -> None:
    """Refuse what isn't kept of a password.

    Raises:
        PrismSettingError: it isn't.
    """
    if not FORM.fullmatch(text):
        raise PrismSettingError(f"user {user!r}", "this is no hash of a password", "give what hashed_password makes")


NOBODY: Final = f"scrypt:{COST}:{'A' * 22}==:{'A' * 86}=="
"""Of no password; so that who isn't known takes as long as who is."""


class Sessions:
    """Sessions of users.

    Args:
        users: their names, and what is kept of their passwords.
        clock: seconds that only grow.

    Raises:
        PrismSettingError: what is kept isn't a hash.
    """

    def __init__(self, users: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        for user, text in users.items():
            require_hash(user, text)
        self.users, self.clock = users, clock
        self.ends: dict[str, float] = {}

    def signed_in(self, username: str, password: str) -> str:
        """A session for who knows the password. It takes a while: do it in a thread.

        Raises:
            ApiError: one of the two is wrong; which one isn't told.
        """
        if not fits(password, self.users.get(username, NOBODY)) or username not in self.users:
            raise ApiError("ESignin.Authentication", "user or password is wrong")
        while len(self.ends) >= MOST_SESSIONS:
            del self.ends[next(iter(self.ends))]  # the oldest
        token = token_hex(SALT)
        self.ends[token] = self.clock() + SECONDS
        return token

    def require(self, token: str) -> None:
        """Refuse who has no session.

        Raises:
            ApiError: so it is.
        """
        if self.ends.get(token, 0.0) <= self.clock():
            self.ends.pop(token, None)
            raise ApiError("EAuthentication.Token", "there is no such session, or no longer: sign in again")
