"""Vending keys in a token, and what they do there.

DKGA04 is an HMAC, made inside. DKGA02 is a DES encryption fed forward with its input *and with the vending key*, and no
mechanism of PKCS#11 adds a key to data. But CBC adds what it decrypts to the block before: beside each DES key stands
its own encryption under itself, the *feedback*, and a chain of (data, feedback) pairs decrypts to vending key xor data
inside the token. What that means for whoever has the PIN stands in docs/pkcs11.md.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from pkcs11 import Attribute, KeyType, Mechanism, Object, ObjectClass
from pkcs11.exceptions import KeyHandleInvalid

from umbane.security.pkcs11.errors import TokenKeyError
from umbane.security.pkcs11.labels import DES_BLOCK, SEAL_BYTES, TokenKey, sealed_text
from umbane.security.pkcs11.library import Library
from umbane.security.vault import CHECK_DIGITS
from umbane.sts import DKGA

__all__ = ["FEEDBACK_BYTES", "GUARDED", "KINDS", "Handle", "HeldKey", "checked", "seal", "value_of"]

GUARDED: Final = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
"""What must be so of every key, or it could be taken out."""

HARMFUL: Final = (Attribute.VALUE, Attribute.DERIVE, Attribute.WRAP)
"""What a token must not give, and what a key must not be for: whatever it says of guarding it, these take keys out."""

KINDS: Final = {DKGA.DES: KeyType.DES3, DKGA.KDF_HMAC_SHA256: KeyType.GENERIC_SECRET}
FEEDBACK_BYTES: Final = {DKGA.DES: DES_BLOCK, DKGA.KDF_HMAC_SHA256: 0}
ZEROS: Final = bytes(DES_BLOCK)


class Handle:
    """A key in a token, by what may be done with it; calls take turns, for a library takes one at a time.

    A handle is a number. After the library was started anew the same number may be another key's, so that it would
    make wrong tokens: a handle of an earlier start is refused.
    """

    def __init__(self, handle: Object, of: Library) -> None:
        self.handle, self.library, self.starts = handle, of, of.starts

    def attributes(self, *names: Attribute) -> dict[Attribute, Any]:
        """Attributes by their names."""
        found: dict[Attribute, Any] = self.operate("get_attributes", list(names))
        return found

    def authenticate(self, data: bytes) -> bytes:
        """HMAC-SHA-256."""
        mac: bytes = self.operate("sign", data, mechanism=Mechanism.SHA256_HMAC)
        return mac

    def encipher(self, blocks: bytes) -> bytes:
        """DES of each block."""
        enciphered: bytes = self.operate("encrypt", blocks, mechanism=Mechanism.DES3_ECB)
        return enciphered

    def decipher_chain(self, blocks: bytes) -> bytes:
        """DES in reverse of each block, xor the block before it."""
        chain: bytes = self.operate("decrypt", blocks, mechanism=Mechanism.DES3_CBC, mechanism_param=ZEROS)
        return chain

    def unwrap(self, kind: KeyType, secret: bytes, **how: object) -> Object:
        """A secret key that came wrapped; it is in the session only."""
        key: Object = self.operate("unwrap_key", ObjectClass.SECRET_KEY, kind, secret, **how)
        return key

    def operate(self, verb: str, *what: object, **how: object) -> Any:  # noqa: ANN401 - whatever the token gives
        """Let the token do it, if this key is for that."""
        operation = getattr(self.handle, verb, None)
        if operation is None:
            raise TokenKeyError(f"a key in the token may not {verb}: load it again")
        with self.library.turn:
            self.library.require(self.starts)
            return operation(*what, **how)


class HeldKey(NamedTuple):
    """A vending key in the token."""

    key: TokenKey
    handle: Handle
    feedback: bytes
    """Of a DES key: its encryption under itself."""
    value: str
    """The check value, which tells it from any other key that would make other tokens."""

    def derive(self, rows: Sequence[bytes]) -> list[bytes]:
        """Apply it to the data of many meters: 8 bytes for each under DKGA02, 32 under DKGA04.

        Raises:
            KeyHandleInvalid: the handle is another key's; then so may be what was made.
        """
        made = (
            self.fed_forward(b"".join(rows))
            if self.key.dkga is DKGA.DES
            else [self.handle.authenticate(row) for row in rows]
        )
        if value_of(self.handle, self.key) != self.value:
            raise KeyHandleInvalid
        return made

    def fed_forward(self, data: bytes) -> list[bytes]:
        """DES, xor the data, xor the key: two calls for however many meters."""
        enciphered = int.from_bytes(self.handle.encipher(data), "big")
        fed = (enciphered ^ int.from_bytes(data, "big")).to_bytes(len(data), "big")
        chain = b"".join(fed[place : place + DES_BLOCK] + self.feedback for place in range(0, len(fed), DES_BLOCK))
        keys = self.handle.decipher_chain(chain)
        return [keys[place : place + DES_BLOCK] for place in range(DES_BLOCK, len(keys), 2 * DES_BLOCK)]


def mark(handle: Handle, dkga: DKGA, text: bytes) -> bytes:
    """What only this key makes of a text."""
    if dkga is DKGA.DES:
        return handle.encipher(sha256(text).digest()[:DES_BLOCK])
    return handle.authenticate(text)


def value_of(handle: Handle, key: TokenKey) -> str:
    """The check value of a key."""
    return mark(handle, key.dkga, key.check_context).hex()[:CHECK_DIGITS]


def seal(handle: Handle, key: TokenKey, feedback: bytes) -> bytes:
    """What a key makes of its own label and feedback: the beginning of its CKA_ID."""
    return mark(handle, key.dkga, sealed_text(key, feedback))[:SEAL_BYTES]


def checked(handle: Handle, label: str) -> HeldKey:
    """A key of ours that is what its label says, and stays where it is.

    Raises:
        TokenKeyError: it isn't, or it could be taken out.
    """
    key = TokenKey.parse(label)
    found = handle.attributes(*GUARDED, *HARMFUL, Attribute.KEY_TYPE, Attribute.ID)
    identity, kind = bytes(found.pop(Attribute.ID)), found.pop(Attribute.KEY_TYPE)
    if any(found.pop(name, None) for name in HARMFUL) or found != GUARDED:
        raise TokenKeyError(f"{label!r} could be taken out of the token: it must be sensitive and not extractable")
    feedback = identity[SEAL_BYTES:]
    if kind != KINDS[key.dkga] or len(feedback) != FEEDBACK_BYTES[key.dkga]:
        raise TokenKeyError(f"{label!r} in the token is a key of another kind")
    if seal(handle, key, feedback) != identity[:SEAL_BYTES]:
        raise TokenKeyError(f"{label!r} in the token doesn't fit its seal: it is another key, or its label was altered")
    return HeldKey(key, handle, feedback, value_of(handle, key))
