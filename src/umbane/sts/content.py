"""What all tokens have in common: a class, a subclass, and 44 bits of content (IEC 62055-41 6.2)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from umbane.sts.checks import require_int, require_type
from umbane.sts.crc import crc
from umbane.sts.tid import TID

__all__ = ["CONTENT_BITS", "StampedToken", "Token", "message", "unchecked"]

CONTENT_BITS: Final = 44
SUBCLASS_BITS: Final = 4
CRC_BITS: Final = 16
RND_SHIFT: Final = 40
TID_SHIFT: Final = 16


class Token(Protocol):
    """A token before it is encrypted: any of the classes of this room."""

    @property
    def token_class(self) -> int:
        """0 credit, 1 test and display, 2 management."""

    @property
    def subclass(self) -> int:
        """0-15: what the token does within its class."""

    def content(self) -> int:
        """The 44 bits between subclass and CRC."""

    def check_bits(self, message: int) -> int:
        """The 16 check bits of the 50-bit ``message``."""


def message(token: Token) -> int:
    """The 66 bits Class | SubClass | content | CRC, before encryption (6.2)."""
    bits = unchecked(token)
    return bits << CRC_BITS | token.check_bits(bits)


def unchecked(token: Token) -> int:
    """The first 50 of them."""
    return (token.token_class << SUBCLASS_BITS | token.subclass) << CONTENT_BITS | token.content()


def split_content(content: int) -> tuple[int, TID, int]:
    """RND, TID and the low 16 bits of a content that has all three."""
    return content >> RND_SHIFT, TID(content >> TID_SHIFT & 0xFFFFFF), content & 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedToken(ABC):
    """A token that carries a TID, and so works once: all of class 0, and class 2 but for the key change.

    Attributes:
        tid: the minute of issue.
        rnd: 0-15; the low four bits of a millisecond clock, so that equal requests differ.
    """

    token_class: ClassVar[int]

    tid: TID
    rnd: int

    def __post_init__(self) -> None:
        require_type("TID", self.tid, TID)
        require_int("RND", self.rnd, 0, 15)

    def content(self) -> int:
        """RND (4) | TID (24) | a field of 16 bits."""
        return self.rnd << RND_SHIFT | self.tid.minutes << TID_SHIFT | self.value()

    @abstractmethod
    def value(self) -> int:
        """The 16 bits behind the TID."""

    def check_bits(self, message: int) -> int:
        """The CRC of the 50-bit ``message``."""
        return crc(message)
