"""Custodians: so many of some people, each with a passphrase, give a module its master key, and fewer give nothing.

A passphrase becomes a key by Argon2id (RFC 9106). For every group of custodians that is large enough, the master key is
wrapped (AES-256-GCM) under the keys of all its members together. With seven people at the most there are few groups, so
nothing cleverer is needed. A check value tells each custodian of a slip of the finger; who has stolen the file can try
passphrases with it, one custodian at a time, as slowly as Argon2id makes it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest, digest
from itertools import combinations
from typing import Any, Final, NamedTuple

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from umbane.security.documents import Fields, packed, unpacked
from umbane.security.errors import AlteredError, CustodianError

__all__ = ["MASTER", "USUAL", "Cost", "Custody", "derived"]

MASTER: Final = 32
"""Bytes of a master key, and of every other one here."""
SALT: Final = 16
NONCE: Final = 12
MOST: Final = 7
"""Custodians of one module."""
SHORTEST: Final = 12
FEWEST: Final = 5
"""Characters of a passphrase, and different ones among them."""
DEAREST: Final = (16, 1 << 20, 16)
"""Passes, KiB and lanes beyond which no file is believed: whoever altered it would only stop the process."""


class Cost(NamedTuple):
    """What a guess at a passphrase costs."""

    passes: int
    kibibytes: int
    lanes: int


USUAL: Final = Cost(3, 1 << 16, 4)
"""RFC 9106, 4: the second recommended choice."""


class Custodian(NamedTuple):
    """One of those who unseal a module."""

    name: str
    salt: bytes
    check: bytes
    """Fits the key of the right passphrase."""


@dataclass(frozen=True, slots=True)
class Custody:
    """Who unseals a module, and how many of them it takes."""

    threshold: int
    cost: Cost
    custodians: tuple[Custodian, ...]
    wraps: Mapping[str, bytes]
    """The master key for each group, by the names of its members."""

    @classmethod
    def founded(cls, threshold: int, passphrases: Mapping[str, str], master: bytes, cost: Cost) -> "Custody":
        """Put a master key into the hands of these custodians.

        Raises:
            CustodianError: too few, too many, or a passphrase is too easily guessed.
        """
        require_people(threshold, passphrases)
        custodians, keys = [], {}
        for name, passphrase in sorted(passphrases.items()):
            salt = os.urandom(SALT)
            keys[name] = stretched(passphrase, salt, cost)
            custodians.append(Custodian(name, salt, check_of(keys[name])))
        wraps = {" ".join(group): wrapped(master, group, keys) for group in combinations(keys, threshold)}
        return cls(threshold, cost, tuple(custodians), wraps)

    @property
    def names(self) -> tuple[str, ...]:
        """What the custodians are called."""
        return tuple(custodian.name for custodian in self.custodians)

    def key(self, name: str, passphrase: str) -> bytes:
        """The key of one custodian.

        Raises:
            CustodianError: there is no such one, or the passphrase is another.
        """
        nobody = Custodian("", bytes(SALT), bytes(MASTER))  # takes as long, and never fits
        custodian = next((one for one in self.custodians if one.name == name), nobody)
        key = stretched(passphrase, custodian.salt, self.cost)
        if not compare_digest(check_of(key), custodian.check):
            raise CustodianError("no custodian has that name and passphrase: look at both and try again")
        return key

    def master(self, keys: Mapping[str, bytes]) -> bytes:
        """The master key, from the keys of enough custodians.

        Raises:
            CustodianError: there are too few.
            AlteredError: what was kept for them was altered.
        """
        group = tuple(sorted(keys))[: self.threshold]
        if len(group) < self.threshold:
            raise CustodianError(f"it takes {self.threshold} custodians")
        wrap = self.wraps.get(" ".join(group), bytes(NONCE))
        try:
            return AESGCM(group_key(group, keys)).decrypt(wrap[:NONCE], wrap[NONCE:], " ".join(group).encode())
        except InvalidTag:
            raise AlteredError("what the module keeps for its custodians was altered") from None

    def fields(self) -> Fields:
        """As fields of a document."""
        people = [{"name": it.name, "salt": packed(it.salt), "check": packed(it.check)} for it in self.custodians]
        wraps = {group: packed(wrap) for group, wrap in self.wraps.items()}
        return {"threshold": self.threshold, "cost": list(self.cost), "custodians": people, "wraps": wraps}

    @classmethod
    def of(cls, fields: dict[str, Any]) -> "Custody":
        """The same read.

        Raises:
            AlteredError: it can't be.
        """
        try:
            cost = Cost(*map(int, fields["cost"]))
            people = tuple(
                Custodian(str(it["name"]), unpacked(it["salt"]), unpacked(it["check"])) for it in fields["custodians"]
            )
            wraps = {str(group): unpacked(wrap) for group, wrap in fields["wraps"].items()}
            custody = cls(int(fields["threshold"]), cost, people, wraps)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise AlteredError("what the module keeps of its custodians can't be read") from None
        if not 1 <= custody.threshold <= len(people) <= MOST or any(map(outside, cost, DEAREST)):
            raise AlteredError("what the module keeps of its custodians has no meaning")
        return custody


def outside(value: int, limit: int) -> bool:
    """Whether a number isn't from 1 to its limit."""
    return not 1 <= value <= limit


def require_people(threshold: int, passphrases: Mapping[str, str]) -> None:
    """Refuse custodians that aren't fit for it."""
    if not 1 <= threshold <= len(passphrases) <= MOST:
        raise CustodianError(f"name 1 to {MOST} custodians, and how many of them it takes")
    for name, passphrase in passphrases.items():
        if not name.isidentifier() or not name.isascii():
            raise CustodianError("a custodian's name is letters and digits, and begins with a letter")
        if len(passphrase) < SHORTEST or len(set(passphrase)) < FEWEST:
            raise CustodianError(f"a passphrase has at least {SHORTEST} characters; four words will do")
    if len(set(passphrases.values())) < len(passphrases):
        raise CustodianError("two custodians gave the same passphrase: each has one that nobody else knows")


def stretched(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """The key that a passphrase becomes."""
    secret = passphrase.encode("utf-8", "surrogatepass")
    return hash_secret_raw(secret, salt, cost.passes, cost.kibibytes, cost.lanes, MASTER, Type.ID)


def check_of(key: bytes) -> bytes:
    """What tells the right key, and nothing else of it."""
    return digest(key, b"umbane custodian check", "sha256")


def derived(secret: bytes, use: str) -> bytes:
    """A key for one use."""
    return HKDF(SHA256(), MASTER, None, f"umbane module {use}".encode()).derive(secret)


def group_key(group: tuple[str, ...], keys: Mapping[str, bytes]) -> bytes:
    """The key of a group: that of all its members together."""
    return derived(b"".join(keys[name] for name in group), f"custodians {' '.join(group)}")


def wrapped(master: bytes, group: tuple[str, ...], keys: Mapping[str, bytes]) -> bytes:
    """The master key for one group."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(group_key(group, keys)).encrypt(nonce, master, " ".join(group).encode())
