"""Sessions with a token: opened when they are needed, lent to one caller at a time, and opened again after a loss.

Calls of a library take turns; several sessions are there so that a single token needn't wait for the end of a large
batch. The PIN is read from its file whenever somebody has to sign in, and kept nowhere.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import LifoQueue
from typing import Final, TypeVar

from pkcs11 import Attribute, ObjectClass, PKCS11Error, Session
from pkcs11.exceptions import UserNotLoggedIn

from umbane.security.errors import KeyClashError
from umbane.security.models import VendingKeyName
from umbane.security.pkcs11.errors import TokenLostError, TokenPinError
from umbane.security.pkcs11.keys import Handle, HeldKey, checked
from umbane.security.pkcs11.labels import OWNER
from umbane.security.pkcs11.library import Library, library, pin_of
from umbane.security.pkcs11.setting import TokenSetting

__all__ = ["Keys", "TokenPool", "keys_in"]

Keys = dict[VendingKeyName, HeldKey]
"""The vending keys of a token, as one session has them."""

SESSIONS: Final = 4

Answer = TypeVar("Answer")


@dataclass(slots=True)
class OpenSession:
    """A session, the keys it sees, and when it was opened."""

    session: Session
    library: Library
    starts: int
    losses: int
    keys: Keys = field(default_factory=dict)
    is_closed: bool = False

    def close(self) -> None:
        """Give it back to the token, once: later its number may be another one's."""
        with self.library.turn, suppress(PKCS11Error):
            if not self.is_closed and self.starts == self.library.starts:
                self.is_closed = True
                self.session.close()


class TokenPool:
    """The sessions.

    Args:
        setting: which token.
        size: how many sessions at most.

    Raises:
        TokenSettingError: the library can't be loaded.
    """

    def __init__(self, setting: TokenSetting, size: int = SESSIONS) -> None:
        self.setting, self.library = setting, library(setting.library)
        self.places: LifoQueue[OpenSession | None] = LifoQueue()
        self.size, self.losses, self.refused = size, 0, False
        for _ in range(size):
            self.places.put(None)

    def run(self, work: Callable[[Keys], Answer]) -> Answer:
        """Do something with the keys; when the token fails, once more, with a new session.

        Raises:
            TokenLostError: it failed again.
            TokenPinError: it refused the PIN, now or before, or the PIN can't be read.
            TokenKeyError, KeyClashError: as ``keys_in``.
        """
        place = self.places.get()
        try:
            try:
                place = self.usable(place)
                return work(place.keys)
            except PKCS11Error:
                self.losses += 1  # other sessions that were opened before are not to be trusted either
                place = self.usable(place, anew=True)
                return work(place.keys)
        except PKCS11Error as error:
            self.losses += 1
            raise TokenLostError(
                f"{self.setting.title} can't be reached ({type(error).__name__}); nothing was made"
            ) from None
        finally:
            self.places.put(place)

    def usable(self, place: OpenSession | None, *, anew: bool = False) -> OpenSession:
        """A session that was opened after the last loss; nobody who isn't signed in sees a key."""
        if place is not None and place.losses == self.losses:
            return place
        if place is not None:
            place.close()
        if self.refused:
            raise TokenPinError(f"{self.setting.title} refused the PIN: put it right, and open it again")
        losses = self.losses
        with self.library.turn:  # nobody starts the library anew before the keys are known
            found = OpenSession(self.opened(anew=anew), self.library, self.library.starts, losses)
            try:
                found.keys = keys_in(found.session, self.library)
            except BaseException:
                found.close()
                raise
        if not found.keys and not anew:
            found.close()
            raise UserNotLoggedIn
        return found

    def opened(self, *, anew: bool) -> Session:
        """A new session. A library may not notice that a token came back, until it is started anew."""
        pin = pin_of(self.setting)
        try:
            with suppress(PKCS11Error):
                return self.library.signed_in(self.setting, pin, anew=anew)
            self.library.restart()
            return self.library.signed_in(self.setting, pin)
        except TokenPinError:
            self.refused = True
            raise

    def close(self) -> None:
        """Close the sessions, when they are given back."""
        for place in [self.places.get() for _ in range(self.size)]:
            if place:
                place.close()
            self.places.put(None)


def keys_in(session: Session, of: Library) -> Keys:
    """Our keys in a token, each looked at.

    Raises:
        TokenKeyError: one isn't what its label says, or could be taken out.
        KeyClashError: two have one name.
    """
    found: Keys = {}
    with of.turn:
        secrets = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.TOKEN: True})
        labelled = [(str(handle[Attribute.LABEL]), handle) for handle in secrets]
    for label, handle in labelled:
        if label.split(" ")[0] == OWNER:
            held = checked(Handle(handle, of), label)
            if found.setdefault(held.key.name, held) is not held:
                raise KeyClashError(f"the token has two keys for {held.key.name}: a new key needs a new KRN")
    return found
