"""Signed tree heads: how large the log is, its root, and when; signed with Ed25519 (RFC 8032).

A head is a line of text: `head SIZE MOMENT ROOT KEY SIGNATURE`. What is signed are the words before the signature, with
`umbane.audit/1 ` before them, so that the signature is good for nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from umbane.audit.entries import moment
from umbane.audit.errors import AlteredError, ForkError
from umbane.audit.proofs import verify_consistency

__all__ = ["Head", "HeadKeys", "Signer", "parse_head", "require_next"]

PURPOSE: Final = b"umbane.audit/1 "
LINE: Final = re.compile(
    r"head (0|[1-9][0-9]{0,15}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([0-9a-f]{64}) ([0-9a-f]{16}) ([0-9a-f]{128})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Head:
    """A signed tree head.

    Attributes:
        size: entries of the log.
        at: when it was signed.
        root: of the tree.
        key: the id of the key that signed it.
        signature: 64 bytes.
    """

    size: int
    at: datetime
    root: bytes
    key: str
    signature: bytes

    @property
    def words(self) -> str:
        """What is signed, as text."""
        return f"head {self.size} {moment(self.at)} {self.root.hex()} {self.key}"

    def __str__(self) -> str:
        return f"{self.words} {self.signature.hex()}"


def parse_head(line: str) -> Head:
    """The head that a line says; whether anybody signed it is another question.

    Raises:
        AlteredError: it says none.
    """
    matched = LINE.fullmatch(line)
    if matched is None:
        raise AlteredError("that is no head")
    size, at, root, key, signature = matched.groups()
    try:
        when = datetime.fromisoformat(at)
    except ValueError as error:
        raise AlteredError("that is no head: there is no such moment") from error
    return Head(int(size), when, bytes.fromhex(root), key, bytes.fromhex(signature))


class Signer:
    """Signs heads.

    Args:
        key: the private half.

    Attributes:
        id: of the key: the beginning of the SHA-256 hash of its public half.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key()
        self.id = key_id(self.public)

    def __repr__(self) -> str:
        return f"Signer({self.id})"

    def sign(self, size: int, root: bytes, at: datetime) -> Head:
        """Sign a head."""
        bare = Head(size, at, root, self.id, b"")
        return Head(size, at, root, self.id, self._key.sign(PURPOSE + bare.words.encode()))


class HeadKeys:
    """Public halves of keys whose heads are believed.

    Args:
        keys: one, or several where the key was changed.
    """

    def __init__(self, keys: Sequence[Ed25519PublicKey]) -> None:
        self.by_id: Mapping[str, Ed25519PublicKey] = {key_id(it): it for it in keys}

    def require_signed(self, head: Head) -> None:
        """Check who signed a head.

        Raises:
            AlteredError: none of these keys did.
        """
        if (key := self.by_id.get(head.key)) is None:
            raise AlteredError(f"the head of {head.size} entries is signed by key {head.key}, which isn't known here")
        try:
            key.verify(head.signature, PURPOSE + head.words.encode())
        except InvalidSignature as error:
            raise AlteredError(f"the head of {head.size} entries wasn't signed by key {head.key}") from error


def key_id(key: Ed25519PublicKey) -> str:
    """The id of a key."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def require_next(old: Head, new: Head, proof: Sequence[bytes]) -> None:
    """Check that a head comes after another of the same log.

    Args:
        old: that was seen before.
        new: that is shown now.
        proof: that the tree of the old one is the beginning of that of the new one.

    Raises:
        ForkError: it doesn't.
    """
    if new.size < old.size:
        raise ForkError(
            f"the log had {old.size} entries at {moment(old.at)} and is shown with {new.size}: it was cut back"
        )
    if new.at < old.at:
        raise ForkError(f"the head of {new.size} entries is of {moment(new.at)}, before the last one that was seen")
    try:
        verify_consistency(old.size, new.size, old.root, new.root, proof)
    except AlteredError as error:
        raise ForkError(
            f"the first {old.size} of {new.size} entries aren't those that were signed at {moment(old.at)}: "
            "there are two logs"
        ) from error
