"""Who a module is and who a key management centre is: pairs of keys, and the cards that tell others the public halves.

A module has two pairs: what is sealed to its X25519 key only it can open, and its Ed25519 key signs what it says. A
centre has one Ed25519 pair. Cards are read aloud by their fingerprints: eight groups of four digits.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NoReturn

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from umbane.errors import shown
from umbane.security.documents import packed, read, unpacked, written
from umbane.security.errors import AlteredError, ModuleNameError
from umbane.security.models import Realm
from umbane.security.vault import refuse_copy

__all__ = ["CENTRE_SEED", "MODULE_SEED", "CentreCard", "CentreIdentity", "ModuleCard", "ModuleIdentity"]

KEY: Final = 32
"""Bytes of each of the keys."""
CENTRE_SEED: Final = KEY
"""Random bytes that a centre's identity is made from."""
MODULE_SEED: Final = 2 * KEY
"""Random bytes that a module's identity is made from."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
FINGERPRINT: Final = 32
"""Hexadecimal digits of a fingerprint: 128 bits, beyond anybody's search for a second card with the same one."""
GROUP: Final = 4

MODULE_CARD: Final = "umbane module card"
CENTRE_CARD: Final = "umbane centre card"
VERSION: Final = 1

SUITE: Final = (KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
"""RFC 9180, base mode; who sealed it is told by the signature around it."""


def require_name(name: str) -> None:
    """Refuse a name that can't be the name of a file."""
    if not NAME.fullmatch(name):
        remedy = "give up to 40 lower-case letters, digits and hyphens"
        raise ModuleNameError("name", f"{shown(name)} is not the name of a file", remedy)


def fingerprint(card: bytes) -> str:
    """What stands for a card: short enough to be read aloud, long enough that no other card has it."""
    digits = sha256(card).hexdigest()[:FINGERPRINT]
    return "-".join(digits[start : start + GROUP] for start in range(0, FINGERPRINT, GROUP))


def verify(key: bytes, signature: bytes, message: bytes) -> None:
    """Refuse a signature that doesn't fit.

    Raises:
        AlteredError: it doesn't.
    """
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise AlteredError("the signature doesn't fit: it was altered, or another key signed it") from None


def require_key(key: bytes) -> None:
    """Refuse a public key of another length."""
    if len(key) != KEY:
        raise AlteredError(f"a public key on a card has {len(key)} bytes, and should have {KEY}")


@dataclass(frozen=True, slots=True)
class ModuleCard:
    """The public half of a module's identity.

    Raises:
        ModuleNameError: a module can't be called that.
        AlteredError: a key isn't 32 bytes.
    """

    name: str
    realm: Realm
    sealing: bytes
    """X25519: what is sealed to it only the module opens."""
    verifying: bytes
    """Ed25519: it checks what the module signed."""

    def __post_init__(self) -> None:
        require_name(self.name)
        require_key(self.sealing)
        require_key(self.verifying)

    def text(self) -> bytes:
        """The card as a document."""
        fields = {"name": self.name, "realm": str(self.realm), "sealing": packed(self.sealing)}
        return written(MODULE_CARD, VERSION, {**fields, "verifying": packed(self.verifying)})

    @classmethod
    def read(cls, text: bytes) -> "ModuleCard":
        """The card that a document is.

        Raises:
            DocumentError: it is none.
            ModuleNameError: a module can't be called what it says.
        """
        fields = read(MODULE_CARD, VERSION, text)
        require_fields(MODULE_CARD, fields, "name", "realm", "sealing", "verifying")
        keys = unpacked(fields["sealing"]), unpacked(fields["verifying"])
        return cls(str(fields["name"]), realm(fields["realm"]), *keys)

    @property
    def fingerprint(self) -> str:
        """What stands for the card."""
        return fingerprint(self.text())

    def seal(self, content: bytes, head: bytes) -> bytes:
        """Seal something so that only this module opens it, and only with this ``head`` beside it.

        Raises:
            AlteredError: the card's key is one of the few that nothing can be sealed to.
        """
        try:
            return Suite(*SUITE).encrypt(content, X25519PublicKey.from_public_bytes(self.sealing), info=head)
        except ValueError:
            raise AlteredError(f"nothing can be sealed to the key on the card of {self.name}") from None

    def verify(self, signature: bytes, message: bytes) -> None:
        """Refuse what this module didn't sign.

        Raises:
            AlteredError: it didn't.
        """
        verify(self.verifying, signature, message)


@dataclass(frozen=True, slots=True)
class CentreCard:
    """The public half of a key management centre's identity; a centre is of one realm.

    Raises:
        ModuleNameError: a centre can't be called that.
        AlteredError: the key isn't 32 bytes.
    """

    name: str
    realm: Realm
    verifying: bytes
    """Ed25519: it checks what the centre signed."""

    def __post_init__(self) -> None:
        require_name(self.name)
        require_key(self.verifying)

    def text(self) -> bytes:
        """The card as a document."""
        fields = {"name": self.name, "realm": str(self.realm), "verifying": packed(self.verifying)}
        return written(CENTRE_CARD, VERSION, fields)

    @classmethod
    def read(cls, text: bytes) -> "CentreCard":
        """The card that a document is.

        Raises:
            DocumentError: it is none.
            ModuleNameError: a centre can't be called what it says.
        """
        fields = read(CENTRE_CARD, VERSION, text)
        require_fields(CENTRE_CARD, fields, "name", "realm", "verifying")
        return cls(str(fields["name"]), realm(fields["realm"]), unpacked(fields["verifying"]))

    @property
    def fingerprint(self) -> str:
        """What stands for the card."""
        return fingerprint(self.text())

    def verify(self, signature: bytes, message: bytes) -> None:
        """Refuse what this centre didn't sign.

        Raises:
            AlteredError: it didn't.
        """
        verify(self.verifying, signature, message)


def realm(text: object) -> Realm:
    """The realm of that name."""
    if text not in tuple(Realm):
        raise AlteredError(f"there is no realm {shown(text)}")
    return Realm(str(text))


def require_fields(kind: str, fields: dict[str, object], *names: str) -> None:
    """Refuse a document with other fields than these."""
    if set(fields) != set(names):
        raise AlteredError(f"the {kind} has other fields than it should: {shown(', '.join(sorted(fields)))}")


class ModuleIdentity:
    """Both halves of a module's identity. Its repr shows the public one, and it can't be copied or pickled.

    Args:
        name: what the module is called.
        realm: where it works.
        seed: 64 random bytes; whoever has them is the module.

    Raises:
        ModuleNameError: it can't be called that.
    """

    def __init__(self, name: str, realm: Realm, seed: bytes) -> None:
        require_seed(seed, MODULE_SEED)
        self.unsealing = X25519PrivateKey.from_private_bytes(seed[:KEY])
        self.signing = Ed25519PrivateKey.from_private_bytes(seed[KEY:])
        sealing, verifying = self.unsealing.public_key(), self.signing.public_key()
        self.card = ModuleCard(name, realm, sealing.public_bytes_raw(), verifying.public_bytes_raw())

    def __repr__(self) -> str:
        return f"ModuleIdentity({self.card.name}, {self.card.realm}, {self.card.fingerprint})"

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    def sign(self, message: bytes) -> bytes:
        """The module's signature; messages of different kinds begin differently, as documents do."""
        return self.signing.sign(message)

    def unseal(self, sealed: bytes, head: bytes) -> bytes:
        """What was sealed to this module with this ``head``.

        Raises:
            AlteredError: it was sealed to another one, with another head, or was altered.
        """
        try:
            return Suite(*SUITE).decrypt(sealed, self.unsealing, info=head)
        except (InvalidTag, ValueError):  # ValueError: its first bytes are no key to agree with
            raise AlteredError("the seal doesn't open: it was altered, or is for another module") from None


class CentreIdentity:
    """Both halves of a centre's identity. Its repr shows the public one, and it can't be copied or pickled.

    Args:
        name: what the centre is called.
        realm: whose keys it keeps.
        seed: 32 random bytes; whoever has them is the centre.

    Raises:
        ModuleNameError: it can't be called that.
    """

    def __init__(self, name: str, realm: Realm, seed: bytes) -> None:
        require_seed(seed, CENTRE_SEED)
        self.signing = Ed25519PrivateKey.from_private_bytes(seed)
        self.card = CentreCard(name, realm, self.signing.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"CentreIdentity({self.card.name}, {self.card.realm}, {self.card.fingerprint})"

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    def sign(self, message: bytes) -> bytes:
        """The centre's signature; messages of different kinds begin differently, as documents do."""
        return self.signing.sign(message)


def require_seed(seed: bytes, size: int) -> None:
    """Refuse a seed of another length, without showing it."""
    if len(seed) != size:
        raise AlteredError(f"the seed of an identity has {size} bytes, not {len(seed)}")
