"""Vending keys on their way into a token: wrapped where they are known, unwrapped nowhere but inside.

The token has a pair of RSA keys of its own. Who has a vending key in memory (a key centre, on a machine that is never
online) wraps it to the public one; the line of text that comes of it may travel in any way.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from umbane.security.pkcs11.errors import TokenKeyError
from umbane.security.pkcs11.labels import NO_METER, TokenKey
from umbane.security.vault import CHECK_DIGITS, RealmKey
from umbane.sts import DKGA, derive

__all__ = ["HMAC_BYTES", "WrappedKey", "check_digits", "wrapped"]

FORM: Final = "umbane-wrapped-key-1"

HMAC_BYTES: Final = 32
"""A vending key for DKGA04 has 20 bytes; SoftHSM and others take none of fewer than 32 for an HMAC. Zeros behind a key
make no difference to an HMAC."""

PADDING: Final = OAEP(mgf=MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303 - what all tokens have
"""With SHA-1, which is the one that every token knows; OAEP doesn't rest on what is broken in it."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A vending key for one token only.

    Attributes:
        key: what it is called and what it is for.
        secret: its bits, encrypted to the token.
        feedback: of a DES key, its encryption under itself.
        check: six digits that show whether the token got the right key.
    """

    key: TokenKey
    secret: bytes
    feedback: bytes
    check: str

    @property
    def text(self) -> str:
        """A line that says it all."""
        parts = (b64encode(part).decode() for part in (self.secret, self.feedback))
        return ":".join((FORM, self.key.label, *parts, self.check))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the line.

        Raises:
            TokenKeyError: it is none.
        """
        try:
            form, label, secret, feedback, check = text.strip().split(":")
            bits, block = b64decode(secret, validate=True), b64decode(feedback, validate=True)
        except ValueError:
            raise TokenKeyError("this is not the line of a wrapped key: give it whole, as it was written") from None
        key = cls(TokenKey.parse(label), bits, block, check)
        if form != FORM or key.text != text.strip():
            raise TokenKeyError("this is not a wrapped key in the form that is known here")
        return key


def wrapped(held: RealmKey, public_key: bytes) -> WrappedKey:
    """A vending key in memory, encrypted to a token.

    Args:
        held: the key.
        public_key: the token's, as ``TokenLoader.public_key`` gives it.

    Raises:
        TokenKeyError: that isn't the public half of a pair of RSA keys.
    """
    try:
        to = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        to = None
    if not isinstance(to, RSAPublicKey):
        raise TokenKeyError("this is not the public key of a token: give the one that it showed")
    key, secret = TokenKey.of(held), held.key.secret
    check = check_digits(key, derive(held.key, *NO_METER).value)
    if key.dkga is DKGA.KDF_HMAC_SHA256:
        return WrappedKey(key, to.encrypt(secret.ljust(HMAC_BYTES, b"\0"), PADDING), b"", check)
    des = Cipher(TripleDES(secret * 3), modes.ECB())  # noqa: S305 - a single block: DKGA02 is made of it
    return WrappedKey(key, to.encrypt(secret * 3, PADDING), des.encryptor().update(secret), check)


def check_digits(key: TokenKey, value: int) -> str:
    """Six digits of the key of a meter that doesn't exist."""
    return sha256(f"umbane wrapped key {key.label} {value:016x}".encode()).hexdigest()[:CHECK_DIGITS]
