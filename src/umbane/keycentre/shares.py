"""The shares that custodians keep: written in words or as a code, told apart, and known again.

Two things keep a wrong share out. The check inside each finds what was mistyped, at once. The centre's register holds a
digest of every share that was given out, and the register is signed: a share that nobody was given, or that was given
to somebody else, is told by name. A share has 32 bytes of pure chance, so its digest leads nowhere.
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Final, NoReturn

from umbane.keycentre.errors import CustodyError, ShareError
from umbane.keycentre.names import known_as
from umbane.keycentre.sharing import join, split
from umbane.keycentre.words import bytes_of, words_of

__all__ = ["MASTER_KEY", "SET", "Custody", "Share", "give_out", "master_key"]

MASTER_KEY: Final = 32
"""Bytes of the key that shares give."""
SET: Final = 3
"""Bytes of what the shares of one set have in common."""
CHECK: Final = 4
"""Bytes against mistyping."""
LENGTH: Final = SET + 1 + MASTER_KEY + CHECK

WORDS_TO_A_LINE: Final = 5
GROUP: Final = 4
CODE: Final = re.compile(rf"[A-Z2-7]{{{LENGTH * 8 // 5}}}")
LEAST: Final = 2
"""Shares that a key must need: with one, one person could reach it."""


@dataclass(frozen=True, slots=True)
class Share:
    """One custodian's share; its repr doesn't show it."""

    set_id: bytes
    number: int
    value: bytes = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a share is not copied: it stays with its custodian")

    def content(self) -> bytes:
        """Everything of it, without the check."""
        return self.set_id + bytes([self.number]) + self.value

    def whole(self) -> bytes:
        """Everything of it, with the check."""
        return self.content() + check_of(self.content())

    def lines(self) -> list[str]:
        """Its words, five to a line."""
        words = words_of(self.whole())
        return [" ".join(words[start : start + WORDS_TO_A_LINE]) for start in range(0, LENGTH, WORDS_TO_A_LINE)]

    def code(self) -> str:
        """The same in letters and digits, which is what its QR code holds."""
        return b32encode(self.whole()).decode("ascii")

    def digest(self) -> str:
        """What the register keeps of it."""
        return sha256(b"umbane share digest 1\n" + self.content()).hexdigest()

    @classmethod
    def read(cls, text: str) -> "Share":
        """The share that words or a code stand for; how they are spaced and written is no matter.

        Raises:
            ShareError: it is none. The error shows nothing of it.
        """
        compact = re.sub(r"[\s-]", "", text).upper()
        whole = b32decode(compact) if CODE.fullmatch(compact) else bytes_of(text.split())
        if len(whole) != LENGTH:
            problem = f"a share has {LENGTH} words, and these are {len(whole)}"
            raise ShareError("share", problem, "read it again from the first line")
        content, check = whole[:-CHECK], whole[-CHECK:]
        if not compare_digest(check, check_of(content)):
            problem = "the words don't fit each other: one is another than on the paper, or two are swapped"
            raise ShareError("share", problem, "compare each line with the paper")
        return cls(content[:SET], content[SET], content[SET + 1 :])


def check_of(content: bytes) -> bytes:
    """The bytes against mistyping."""
    return sha256(b"umbane share 1\n" + content).digest()[:CHECK]


@dataclass(frozen=True, slots=True)
class Custody:
    """Who has a share, and how many of them it takes.

    Raises:
        CustodyError: fewer than two would do, there are too few custodians, or one is named twice.
    """

    threshold: int
    custodians: tuple[str, ...]
    """In the order of their shares' numbers, from 1 on."""
    set_id: bytes
    digests: tuple[str, ...]
    """Of their shares, in the same order."""

    def __post_init__(self) -> None:
        require_custody(self.threshold, self.custodians)
        if len(self.digests) != len(self.custodians):
            raise CustodyError("there isn't one digest for each custodian")

    def holder(self, share: Share) -> str:
        """The custodian whose share this is.

        Raises:
            CustodyError: it is of another set, or nobody was given it.
        """
        if share.set_id != self.set_id:
            raise CustodyError("this share is of another set: an old one, or of another centre")
        for name, number, digest in zip(self.custodians, range(1, 256), self.digests, strict=False):
            if share.number == number and compare_digest(share.digest(), digest):
                return name
        raise CustodyError(f"this share says that it is number {share.number}, but it isn't one that was given out")


def require_custody(threshold: int, custodians: Sequence[str]) -> None:
    """Refuse custody that would let one person reach the key."""
    if not LEAST <= threshold <= len(custodians) < 256:  # noqa: PLR2004 - a number is one byte
        raise CustodyError(
            f"{threshold} of {len(custodians)} custodians won't do: at least two must be needed, and be there"
        )
    if len(set(map(known_as, custodians))) != len(custodians):
        raise CustodyError("a custodian is named twice: each has one share")


def give_out(
    key: bytes, threshold: int, custodians: Sequence[str], *, set_id: bytes, randomness: bytes
) -> tuple[Custody, list[Share]]:
    """Split a master key among custodians.

    Args:
        key: 32 bytes.
        threshold: how many of them it takes, from 2 on.
        custodians: their names.
        set_id: 3 random bytes.
        randomness: 32 random bytes for each share that it takes but the last one.

    Raises:
        CustodyError: one person could reach the key, or there are too few of them.
    """
    require_custody(threshold, custodians)
    values = split(key, threshold, len(custodians), randomness)
    shares = [Share(set_id, number, value) for number, value in values.items()]
    return Custody(threshold, tuple(custodians), set_id, tuple(share.digest() for share in shares)), shares


def master_key(custody: Custody, shares: Sequence[Share]) -> bytes:
    """The key that custodians' shares give.

    Raises:
        CustodyError: one isn't a share that was given out, is there twice, or there are too few.
    """
    numbers = {}
    for share in shares:
        name = custody.holder(share)
        if share.number in numbers:
            raise CustodyError(f"the share of {name} is there twice")
        numbers[share.number] = share.value
    if len(numbers) < custody.threshold:
        raise CustodyError(f"it takes {custody.threshold} shares, and there are {len(numbers)}")
    return join(numbers)
