"""The key that signs heads, in a file that only its owner can read; its public half in another, for everybody.

Both are PEM, as other programs read them: `openssl pkey -in audit.key -pubout` gives the public half.
"""

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from umbane.audit.errors import HeadKeyError
from umbane.audit.heads import HeadKeys, Signer
from umbane.ownfile import read_own_file

__all__ = ["head_keys", "make_signer", "read_head_keys", "read_signer", "signer_at", "signer_from"]

END: Final = b"-----END PUBLIC KEY-----"
PRIVATE: Final = "the key of the log"
PUBLIC: Final = "the public key of the log"


def make_signer(file: Path) -> Signer:
    """Make a new key in a new file that only its owner can read, and put its public half beside it, named `.pub`.

    Raises:
        HeadKeyError: the file exists, or can't be made.
    """
    key = Ed25519PrivateKey.generate()
    signer = Signer(key)
    try:
        write_new(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        public_file = file.with_suffix(".pub")
        public_file.unlink(missing_ok=True)  # of a key that is gone
        write_new(public_file, signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except FileExistsError as error:
        raise HeadKeyError(PRIVATE, f"{file} exists", "name another file, or use that key") from error
    except OSError as error:
        raise HeadKeyError(PRIVATE, f"{file} can't be made ({error.strerror})", "name another place") from error
    return signer


def signer_at(file: Path) -> Signer:
    """The key in a file; where there is none, a new one is made.

    Raises:
        HeadKeyError: as those of `make_signer` and `read_signer`.
    """
    if not file.exists():
        with suppress(HeadKeyError):  # of several processes one is first
            return make_signer(file)
    return read_signer(file)


def read_signer(file: Path) -> Signer:
    """The key in a file.

    Raises:
        HeadKeyError: it can't be read, others can read it, or it holds none.
    """
    text = read_own_file(file, partial(HeadKeyError, PRIVATE), "make one: umbane audit key FILE")
    return signer_from(text, str(file))


def signer_from(text: bytes, where: str) -> Signer:
    """The key that a text holds.

    Raises:
        HeadKeyError: it holds none.
    """
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise HeadKeyError(PRIVATE, f"{where} holds no Ed25519 key in PEM", "make one: umbane audit key FILE")
    return Signer(key)


def read_head_keys(file: Path) -> HeadKeys:
    """The public keys in a file; several stand one after the other.

    Raises:
        HeadKeyError: it can't be read, or holds none.
    """
    try:
        text = file.read_bytes()
    except OSError as error:
        problem = f"{file} can't be read ({error.strerror})"
        raise HeadKeyError(PUBLIC, problem, "name the file audit.pub of whoever runs the log") from error
    return head_keys(text, str(file))


def head_keys(text: bytes, where: str) -> HeadKeys:
    """The public keys that a text holds.

    Raises:
        HeadKeyError: it holds none, or something else too.
    """
    found = []
    for part in text.split(END)[:-1]:
        try:
            key = load_pem_public_key(part + END)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise HeadKeyError(PUBLIC, f"{where} holds something else", "give Ed25519 keys in PEM")
        found.append(key)
    if not found:
        raise HeadKeyError(PUBLIC, f"{where} holds none", "give Ed25519 keys in PEM")
    return HeadKeys(found)


def write_new(file: Path, text: bytes, mode: int) -> None:
    """Write a file that didn't exist: whoever sees it sees all of it."""
    with NamedTemporaryFile("wb", dir=file.parent) as opened:
        os.fchmod(opened.fileno(), mode)
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
        os.link(opened.name, file)
