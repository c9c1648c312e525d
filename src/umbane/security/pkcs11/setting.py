"""Which token, in the words of RFC 7512: ``pkcs11:token=vending?module-path=/usr/lib/hsm.so&pin-source=/etc/pin``.

The PIN itself never stands there: settings are seen in lists of processes, in logs and in backups.
"""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

from umbane.errors import shown
from umbane.security.pkcs11.errors import TokenSettingError

__all__ = ["TokenSetting"]

FIELD: Final = "PKCS#11 setting"
SCHEME: Final = "pkcs11:"
NEEDED: Final = {"token", "module-path", "pin-source"}
KNOWN: Final = NEEDED | {"serial"}
OTHERS_MAY: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class TokenSetting:
    """Where a token is, and where its PIN.

    Attributes:
        library: the vendor's PKCS#11 library.
        token: the token's label.
        pin_file: a file that only its owner may read, with the PIN of the token's user on its first line.
        serial: the token's serial number, where several have the same label.
    """

    library: str
    token: str
    pin_file: Path
    serial: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a PKCS#11 URI (RFC 7512) with token, module-path and pin-source, and perhaps serial.

        Raises:
            TokenSettingError: it is none, names something twice, lacks something, or holds a PIN.
        """
        if not text.startswith(SCHEME) or "pin-value" in text:
            problem = "it holds a PIN" if "pin-value" in text else "it doesn't begin with pkcs11:"
            raise TokenSettingError(FIELD, problem, "give pkcs11:token=...?module-path=...&pin-source=...")
        path, _, query = text.removeprefix(SCHEME).partition("?")
        pairs = [part.partition("=")[::2] for part in (*path.split(";"), *query.split("&")) if part]
        found = {name: unquote(value) for name, value in pairs}
        if len(found) < len(pairs) or not NEEDED <= found.keys() <= KNOWN or not all(found.values()):
            names = ", ".join(name for name, _ in pairs) or "nothing"
            raise TokenSettingError(FIELD, f"it says {names}", "say token, module-path and pin-source, each once")
        pin_file = Path(found["pin-source"].removeprefix("file:"))
        return cls(found["module-path"], found["token"], pin_file, found.get("serial"))

    def pin(self) -> str:
        """The PIN, read anew each time: it is kept nowhere.

        Raises:
            TokenSettingError: there is no such file, others may read it, or it is empty.
        """
        try:
            if self.pin_file.stat().st_mode & OTHERS_MAY:
                raise TokenSettingError("PIN file", f"others may read {shown(self.pin_file.name)}", "chmod 600 it")
            first, *_ = [*self.pin_file.read_text(encoding="utf-8").splitlines(), ""]
        except OSError as error:
            problem = f"{shown(self.pin_file.name)} can't be read: {error.strerror}"
            raise TokenSettingError("PIN file", problem, "give a file with the PIN on its first line") from None
        if not first:
            raise TokenSettingError("PIN file", f"{shown(self.pin_file.name)} is empty", "write the PIN into it")
        return first
