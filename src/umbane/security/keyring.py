"""A vault's keys as a journal knows them.

The journal notes the check value of each vending key when it is first used. A key of the same name that would make
other tokens is refused from then on: the same id gets the same digits for ever, or none.
"""

from collections.abc import Iterable
from typing import Final

from umbane.security.chain import Entry
from umbane.security.errors import KeyClashError
from umbane.security.models import KeyName
from umbane.security.vault import Vault, check_value
from umbane.sts import VendingKey

__all__ = ["KEY", "Keyring"]

KEY: Final = "key"
"""What the entry of a key begins with."""


class Keyring:
    """The keys of a vault, and the check values of those that were used."""

    def __init__(self, vault: Vault) -> None:
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
        for key in self.vault.keys.values():
            self.require_used(key)

    def require_used(self, key: VendingKey) -> None:
        """Raise KeyClashError if another key of this name was used before."""
        used = self.used.get(name_of(key))
        if used is not None and used != check_value(key):
            raise KeyClashError(
                f"the key for SGC {key.sgc} KRN {key.krn} {key.kt.name} isn't the one that this module used before:"
                " load that one, or give the new one another KRN"
            )

    def vending_key(self, name: KeyName) -> VendingKey:
        """The vending key that a decoder key comes from.

        Raises:
            UnknownKeyError: it isn't there.
            KeyClashError: it isn't the one that was used before.
        """
        key = self.vault.vending_key(name)
        self.require_used(key)
        return key

    def first_used(self, names: Iterable[KeyName]) -> list[Entry]:
        """Entries for those of these keys that were never used."""
        keys = {name_of(key): key for key in map(self.vault.vending_key, dict.fromkeys(names))}
        return [Entry(0, f"{KEY} {name} {check_value(key)}") for name, key in keys.items() if name not in self.used]


def name_of(key: VendingKey) -> str:
    """The name of a vending key in words."""
    return f"{key.sgc} {key.krn} {key.kt.value}"
