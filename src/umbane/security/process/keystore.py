"""The keys of a module on its disk: sealed under its master key, with all that is public of it beside them.

One document, ``module.keys``. What stands outside is bound to what is sealed: if a byte of either is altered, nothing
opens. The journal notes the hash of every store that was ever written, so an older one is told from the newest.
"""

import json
import os
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from umbane.errors import UmbaneError
from umbane.security.disk import PRIVATE, sync_folder, write_at
from umbane.security.documents import canonical, packed, read, unpacked, written
from umbane.security.errors import AlteredError
from umbane.security.identity import CentreCard, ModuleCard
from umbane.security.loadfile import KeyGrant, grant_fields, read_grant
from umbane.security.process.custody import NONCE, Custody, derived
from umbane.security.vault import refuse_copy

__all__ = ["Contents", "KeyStore", "replace_file", "write_file"]

KIND: Final = "umbane module keys"
VERSION: Final = 1
NAMES: Final = {"card", "centre", "custody", "sealed", "witness"}


class Contents:
    """What is sealed: the module's own seed and its vending keys. Never copied, pickled or shown."""

    def __init__(self, seed: bytes, grants: tuple[KeyGrant, ...] = ()) -> None:
        self.seed, self.grants = seed, grants

    def __repr__(self) -> str:
        return f"Contents({len(self.grants)} keys)"

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    def text(self) -> bytes:
        """As it is sealed; it holds the keys."""
        return canonical({"seed": self.seed.hex(), "keys": [grant_fields(grant) for grant in self.grants]})

    @classmethod
    def read(cls, text: bytes, card: ModuleCard) -> "Contents":
        """The same read.

        Raises:
            AlteredError: it can't be.
        """
        try:
            fields = json.loads(text)
            grants = tuple(read_grant(card.realm, it) for it in fields["keys"])
            return cls(bytes.fromhex(fields["seed"]), grants)
        except (KeyError, TypeError, ValueError, UmbaneError):  # nothing of it is repeated: it may be a key
            raise AlteredError("the keys of the module can't be read") from None


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The file.

    Attributes:
        card: the module's.
        centre: whose load files and orders it takes; None if nobody's.
        witness: the file on another disk that remembers how far its journal was, if there is one.
        custody: who unseals it.
        sealed: the keys.
    """

    card: ModuleCard
    centre: CentreCard | None
    witness: str | None
    custody: Custody
    sealed: bytes = b""

    def outside(self) -> dict[str, object]:
        """What can be read without a key."""
        centre = packed(self.centre.text()) if self.centre else None
        card, custody = packed(self.card.text()), self.custody.fields()
        return {"card": card, "centre": centre, "witness": self.witness, "custody": custody}

    def text(self) -> bytes:
        """The file."""
        return written(KIND, VERSION, {**self.outside(), "sealed": packed(self.sealed)})

    @classmethod
    def read(cls, text: bytes) -> "KeyStore":
        """The file read; whether it was altered shows when it is unsealed.

        Raises:
            DocumentError: it is none.
        """
        fields = read(KIND, VERSION, text)
        if set(fields) != NAMES:
            raise AlteredError(f"the {KIND} have other fields than they should")
        centre = None if fields["centre"] is None else CentreCard.read(unpacked(fields["centre"]))
        card = ModuleCard.read(unpacked(fields["card"]))
        witness = None if fields["witness"] is None else str(fields["witness"])
        return cls(card, centre, witness, Custody.of(fields["custody"]), unpacked(fields["sealed"]))

    @property
    def hash(self) -> str:
        """What stands for the file in the journal."""
        return sha256(self.text()).hexdigest()

    def holding(self, contents: Contents, master: bytes) -> "KeyStore":
        """The same with these keys.

        Raises:
            DocumentError: they are too many for one file.
        """
        nonce = os.urandom(NONCE)
        sealed = AESGCM(derived(master, "keys")).encrypt(nonce, contents.text(), canonical(self.outside()))
        store = replace(self, sealed=nonce + sealed)
        return KeyStore.read(store.text())

    def contents(self, master: bytes) -> Contents:
        """The keys.

        Raises:
            AlteredError: the file was altered.
        """
        try:
            aead = AESGCM(derived(master, "keys"))
            text = aead.decrypt(self.sealed[:NONCE], self.sealed[NONCE:], canonical(self.outside()))
        except (InvalidTag, ValueError):
            raise AlteredError("the keys of the module don't open: their file was altered") from None
        return Contents.read(text, self.card)


def write_file(path: Path, text: bytes) -> None:
    """Write a file that only its owner reads, and wait until it and its name are on the disk."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    try:
        write_at(file, text, 0)
        os.fsync(file)
    finally:
        os.close(file)
    sync_folder(path.parent)


def replace_file(new: Path, path: Path) -> None:
    """Put a file in another's place, for good."""
    new.replace(path)
    sync_folder(path.parent)
