"""Which token, and where its PIN is: never the PIN itself, for settings are seen in lists of processes and backups."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from umbane.ownfile import read_own_file
from umbane.security.pkcs11.errors import TokenSettingError

__all__ = ["TokenSetting"]


@dataclass(frozen=True, slots=True)
class TokenSetting:
    """Where a token is, and where its PIN.

    Attributes:
        library: the vendor's PKCS#11 library.
        token: the token's label; or else ``slot`` says which one.
        pin_file: a file that only its owner may read, with the PIN of the token's user on its first line.
        serial: the token's serial number, where several have the same label.
        slot: the number of the slot that the token is in.
        pin_variable: a variable of the environment with the PIN, instead of a file.
        typed: gives a PIN that somebody typed, instead of a file.

    Raises:
        TokenSettingError: it is said twice or not at all which token it is, or where its PIN is.
    """

    library: str
    token: str | None = None
    pin_file: Path | None = None
    serial: str | None = None
    slot: int | None = None
    pin_variable: str | None = None
    typed: Callable[[], str] | None = None

    def __post_init__(self) -> None:
        if (self.token is None) == (self.slot is None):
            raise TokenSettingError("token", "it takes one of two", "give the token's label, or the number of its slot")
        if [self.pin_file, self.pin_variable, self.typed].count(None) != 2:  # noqa: PLR2004 - one of three
            remedy = "give one place: a file, a variable of the environment, or somebody who types it"
            raise TokenSettingError("PIN", "it isn't said where it is, or twice", remedy)

    @property
    def title(self) -> str:
        """What to call the token in an error."""
        return f"the token {self.token!r}" if self.token is not None else f"the token in slot {self.slot}"

    def pin(self) -> str:
        """The PIN, read anew each time: but for one that was typed it is kept nowhere.

        Raises:
            TokenSettingError: there is none, or others may read the file.
        """
        if self.typed is not None:
            pin, where = self.typed(), "what was typed"
        elif self.pin_file is None:
            pin, where = os.environ.get(self.pin_variable or "", ""), f"the variable {self.pin_variable}"
        else:
            refusal = partial(TokenSettingError, "PIN file")
            content = read_own_file(self.pin_file, refusal, "give a file with the PIN on its first line")
            pin, where = content.partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace"), f"{self.pin_file}"
        if not pin:
            raise TokenSettingError("PIN", f"{where} is empty", "give the PIN of the token's user")
        return pin
