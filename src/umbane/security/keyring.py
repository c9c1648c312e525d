"""A vault's keys as a journal knows them.

The journal notes the check value of each vending key when it is first used. A key of the same name that would make
other tokens is refused from then on: the same id gets the same digits for ever, or none.
"""

from collections.abc import Iterable
from typing import Final

from umbane.security.chain import Entry
from umbane.security.counting import key_words
from umbane.security.errors import KeyClashError
from umbane.security.keyvault import KeyVault
from umbane.security.models import KeyName, VendingKeyName

__all__ = ["KEY", "Keyring"]

KEY: Final = "key"
"""What the entry of a key begins with."""


class Keyring:
    """The keys of a vault, and the check values of those that were used."""

    def __init__(self, vault: KeyVault) -> None:
        self.vault = vault
        self.used: dict[str, str] = {}

    def note(self, text: str) -> None:
        """Know of an entry of the journal."""
        _, sgc, krn, kt, value = text.split()
        self.used[f"{sgc} {krn} {kt}"] = value

    def require_unchanged(self) -> None:
        """Look at every key of the vault.

        Raises:
            KeyClashError: one isn't the one that was used.
        """
        for name in self.vault.names():
            self.require_used(name)

    def require_used(self, name: VendingKeyName) -> None:
        """Look at a key before it is used.

        Raises:
            UnknownKeyError: it isn't there.
            KeyClashError: another key of this name was used before.
        """
        self.require_fits(name, self.vault.check_value(name))

    def require_fits(self, name: VendingKeyName, value: str) -> None:
        """Look at the check value of a key.

        Raises:
            KeyClashError: another key of this name was used before.
        """
        used = self.used.get(key_words(name))
        if used is not None and used != value:
            raise KeyClashError(
                f"the key for {name} isn't the one that this module used before:"
                " load that one, or give the new one another KRN"
            )

    def first_used(self, names: Iterable[KeyName]) -> list[Entry]:
        """Entries for those of these keys that were never used."""
        new = {name.vending for name in names if key_words(name) not in self.used}
        return [Entry(0, f"{KEY} {key_words(name)} {self.vault.check_value(name)}") for name in sorted(new)]
