"""A vendor's PKCS#11 library: started once in a process, and called by one thread at a time."""

from contextlib import suppress
from functools import cache
from threading import RLock
from typing import Final

import pkcs11
from pkcs11 import PKCS11Error, Session, Token
from pkcs11 import exceptions as refusals

from umbane.errors import shown
from umbane.security.pkcs11.errors import TokenPinError, TokenSettingError
from umbane.security.pkcs11.setting import TokenSetting

__all__ = ["Library", "library", "pin_of"]

WRONG_PIN: Final = (refusals.PinIncorrect, refusals.PinInvalid, refusals.PinLenRange, refusals.PinLocked)


class Library:
    """A library.

    Attributes:
        turn: held during each call: the library is started without locks of its own.
        starts: how often it was started; the sessions of an earlier start are no longer there.
        signed: by their slots, the start in which we signed in with tokens.

    Raises:
        TokenSettingError: it can't be loaded.
    """

    def __init__(self, path: str) -> None:
        self.turn, self.starts = RLock(), 0
        self.signed: dict[int, int] = {}
        try:
            self.lib = pkcs11.lib(path)
        except PKCS11Error:
            problem = f"{shown(path)} can't be loaded as a library"
            raise TokenSettingError("module-path", problem, "give the path of the vendor's PKCS#11 library") from None

    def restart(self) -> None:
        """Start it anew: what it knows of its tokens is then looked at once more."""
        with self.turn:
            self.starts += 1
            self.lib.reinitialize()

    def require(self, starts: int) -> None:
        """Refuse handles of an earlier start: their numbers may be those of other keys by now. Call it in a turn.

        Raises:
            SessionClosed: the library was started anew since.
        """
        if starts != self.starts:
            raise refusals.SessionClosed

    def signed_in(self, setting: TokenSetting, pin: str, *, writing: bool = False, anew: bool = False) -> Session:
        """A new session, after the token's user has signed in.

        A process signs in once, for all of its sessions, and is signed out with the session that did it. So that one is
        kept for nothing else, and all others may be closed.

        Args:
            setting: which token.
            pin: its user's.
            writing: whether the session may alter what is in the token.
            anew: whether to sign in once more: it may be that nobody is any longer.

        Raises:
            PKCS11Error: the token isn't there, or refuses.
            TokenPinError: it refuses the PIN.
        """
        with self.turn:
            if not self.lib.initialized:
                self.starts += 1
                self.lib.initialize()
            token = self.token_of(setting)
            if anew or self.signed.get(token.slot.slot_id) != self.starts:
                try:
                    with suppress(refusals.UserAlreadyLoggedIn):
                        token.open(user_pin=pin)
                except WRONG_PIN as error:
                    raise TokenPinError(
                        f"{setting.title} refuses the PIN ({type(error).__name__}): it isn't tried again"
                    ) from None
                self.signed[token.slot.slot_id] = self.starts
            return token.open(rw=writing)

    def token_of(self, setting: TokenSetting) -> Token:
        """The token that a setting names."""
        if setting.slot is None:
            serial = setting.serial and setting.serial.encode()
            return self.lib.get_token(token_label=setting.token, token_serial=serial)
        for slot in self.lib.get_slots(token_present=True):
            if slot.slot_id == setting.slot:
                return slot.get_token()
        raise refusals.TokenNotPresent


def pin_of(setting: TokenSetting) -> str:
    """The PIN, now.

    Raises:
        TokenPinError: it can't be read.
    """
    try:
        return setting.pin()
    except TokenSettingError as error:
        raise TokenPinError(str(error)) from None


library = cache(Library)
"""The library at a path: one for all who use it in this process."""
