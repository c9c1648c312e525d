"""Requests as the journal has them: a line of text that says all of a request, without a key and without digits.

The line is what a request *is*: two requests with one id are the same when their lines are.
"""

from typing import Final, NamedTuple, Protocol
from uuid import UUID

from umbane.errors import UmbaneError
from umbane.security.chain import NUMBER
from umbane.security.errors import JournalError
from umbane.security.models import KeyChangeRequest, KeyName, Record, TokenRequest
from umbane.sts import EA, KRN, KT, SGC, TI, TID, MeterPAN, message, read_message

__all__ = ["ChangeOrder", "Order", "TokenOrder", "change_order", "read_record", "text_of", "token_order"]

TEXT: Final = slice(NUMBER + 3, -1)
"""Where an entry has what it says: behind its number and how many tokens it made."""


class Order(Protocol):
    """A request on its way."""

    @property
    def id(self) -> int:
        """The request's."""

    @property
    def text(self) -> str:
        """The request in words."""

    @property
    def keys(self) -> tuple[KeyName, ...]:
        """The keys that it needs."""


class TokenOrder(NamedTuple):
    """A request for a token on its way."""

    request: TokenRequest
    bits: int
    """The 66 bits of the token before it is encrypted."""
    id: int
    text: str
    """The request in words."""

    @property
    def keys(self) -> tuple[KeyName, ...]:
        """The keys that it needs."""
        return (self.request.key,)


class ChangeOrder(NamedTuple):
    """A request for a key change on its way."""

    request: KeyChangeRequest
    id: int
    text: str
    """The request in words."""

    @property
    def keys(self) -> tuple[KeyName, ...]:
        """The keys that it needs."""
        return (self.request.key, self.request.new)


def token_order(request: TokenRequest) -> TokenOrder:
    """A request with its words: its token's 66 bits before encryption say all of it."""
    id_, bits = request.id.int, message(request.token)
    text = f"{id_:032x} token {request.pan.digits} {request.ea:02d} {key_words(request.key)} {bits:017x}"
    return TokenOrder(request, bits, id_, text)


def change_order(request: KeyChangeRequest) -> ChangeOrder:
    """A request with its words: the names of both keys, and the rest."""
    id_ = request.id.int
    meter = f"{id_:032x} key-change {request.pan.digits} {request.ea:02d}"
    keys = f"{key_words(request.key)} {key_words(request.new)}"
    return ChangeOrder(request, id_, f"{meter} {keys} {request.at.minutes} {request.with_sgc:d}")


def key_words(key: KeyName) -> str:
    """The name of a key in words."""
    return f"{key.sgc.value:06} {key.krn.value} {key.kt:d} {key.ti.value:02}"


def text_of(line: bytes) -> str:
    """What an entry of the journal says."""
    return line[TEXT].decode("ascii")


def read_record(line: bytes) -> Record:
    """The request behind an entry of the journal.

    Raises:
        JournalError: it is no such entry.
    """
    number, made, id_, kind, *words = line.decode("ascii").split()
    read = read_token if kind == "token" else read_change
    try:
        return Record(int(number), int(made), read(UUID(id_), words))
    except (ValueError, UmbaneError) as error:
        raise JournalError(f"token {number} of the journal was made for a request that has no meaning") from error


def read_token(id_: UUID, words: list[str]) -> TokenRequest:
    """The request for a token."""
    pan, ea, *key, bits = words
    return TokenRequest(id_, MeterPAN(pan), EA(int(ea)), read_key(key), read_message(int(bits, 16)))


def read_change(id_: UUID, words: list[str]) -> KeyChangeRequest:
    """The request for a key change."""
    pan, ea, *keys, at, with_sgc = words
    return KeyChangeRequest(
        id_, MeterPAN(pan), EA(int(ea)), read_key(keys[:4]), read_key(keys[4:]), TID(int(at)), with_sgc == "1"
    )


def read_key(words: list[str]) -> KeyName:
    """The name of a key."""
    sgc, krn, kt, ti = words
    return KeyName(SGC.parse(sgc), KRN(int(krn)), KT(int(kt)), TI.parse(ti))
