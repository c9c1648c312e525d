"""Requests as the journal has them: a line of text that says all of a request, without a key and without digits.

The line is what a request *is*: two requests with one id are the same when their lines are.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from umbane.errors import UmbaneError
from umbane.security.chain import NUMBER
from umbane.security.errors import JournalError
from umbane.security.models import KeyChangeRequest, KeyName, Record, TokenRequest
from umbane.sts import EA, KRN, KT, SGC, TI, TID, MeterPAN, Token, message, read_message

__all__ = [
    "ChangeOrder",
    "Order",
    "TokenOrder",
    "change_orders",
    "distinct",
    "read_record",
    "text_of",
    "token_orders",
]

TEXT: Final = slice(NUMBER + 3, -1)
"""Where an entry has what it says: behind its number and how many tokens it made."""


FEW: Final = 48
"""Fewer tokens than these are put into bits one by one: that is faster than all together."""


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


class TokenOrder(Struct, frozen=True):
    """A request for a token on its way."""

    pan: MeterPAN
    ea: EA
    key: KeyName
    bits: int
    """The 66 bits of the token before it is encrypted."""
    id: int
    text: str
    """The request in words."""

    @property
    def keys(self) -> tuple[KeyName, ...]:
        """The keys that it needs."""
        return (self.key,)


class ChangeOrder(Struct, frozen=True):
    """A request for a key change on its way."""

    request: KeyChangeRequest
    id: int
    text: str
    """The request in words."""

    @property
    def keys(self) -> tuple[KeyName, ...]:
        """The keys that it needs."""
        return (self.request.key, self.request.new)


def token_orders(requests: Sequence[TokenRequest]) -> list[TokenOrder]:
    """Requests with their words: a token's 66 bits before encryption say all of it."""
    words, orders = keys_in_words(request.key for request in requests), []
    for request, bits in zip(requests, messages_of([request.token for request in requests]), strict=True):
        id_, pan, ea, key, _ = request
        number = id_.int
        text = "%032x token %s %02d %s %017x" % (number, pan.digits, ea, words[id(key)], bits)  # noqa: UP031 - half the time
        orders.append(TokenOrder(pan, ea, key, bits, number, text))
    return orders


def messages_of(tokens: Sequence[Token]) -> list[int]:
    """The 66 bits of each token before encryption."""
    if len(tokens) < FEW:
        return list(map(message, tokens))
    from umbane.sts.batch import messages  # noqa: PLC0415 - who asks for a few doesn't wait for NumPy

    return messages(tokens)


def change_orders(requests: Sequence[KeyChangeRequest]) -> list[ChangeOrder]:
    """Requests with their words: the names of both keys, and the rest."""
    words, orders = keys_in_words(key for request in requests for key in (request.key, request.new)), []
    for request in requests:
        id_ = request.id.int
        meter = f"{id_:032x} key-change {request.pan.digits} {request.ea:02d}"
        keys = f"{words[id(request.key)]} {words[id(request.new)]}"
        orders.append(ChangeOrder(request, id_, f"{meter} {keys} {request.at.minutes} {request.with_sgc:d}"))
    return orders


def keys_in_words(keys: Iterable[KeyName]) -> dict[int, str]:
    """The name of each key in words, by the identity of its object: most requests of a batch share theirs."""
    return {id(key): key_words(key) for key in distinct(keys)}


def distinct(keys: Iterable[KeyName]) -> list[KeyName]:
    """The keys without those that are the same object as another."""
    return list({id(key): key for key in keys}.values())


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
