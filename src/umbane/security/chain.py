"""The text of a journal: numbered entries, and after each batch of them a seal over all that was written before.

::

    000000000000 0 journal 1 demo test sample-5d0e3c
    = 000000000000 <sha256>
    000000000000 0 key 123456 1 2 9be1c4
    000000000000 1 018f...c07a token 600727000000000009 07 123456 1 2 01 0019eb2303ec43a91
    000000000001 2 018f...c07b key-change 600727000000000009 07 123456 1 2 01 123456 2 2 01 6675056 0
    = 000000000003 <sha256>

An entry is the number of its first token, how many it made, and what it says. A seal is the count after its batch, and
a hash over the seal before, the entries and the count. A module that has a secret of its own seals with that: then
nobody else can write a seal that fits.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from hmac import digest as hmac_digest
from typing import Final, NamedTuple

from umbane.security.errors import JournalError

__all__ = ["NUMBER", "SEAL", "START", "Batch", "Entry", "Position", "Sealer", "keyed", "plain", "sealed", "unsealed"]

NUMBER: Final = 12
"""Digits of a token's number."""

SEAL_MARK: Final = b"="
SEAL: Final = len(sha256().hexdigest()) + 1
"""Bytes of a seal and the end of its line."""


class Position(NamedTuple):
    """A place between two batches."""

    tokens: int
    """Tokens before it."""
    size: int
    """Bytes before it."""
    seal: str
    """The seal before it."""


START: Final = Position(0, 0, "0" * 64)
"""Before the first batch."""


class Entry(NamedTuple):
    """What is written down at once."""

    made: int
    """Tokens that it made, 0-9."""
    text: str
    """What it says, in ASCII and on one line."""


class Batch(NamedTuple):
    """Entries that were written together, and are sealed."""

    start: Position
    end: Position
    lines: list[bytes]
    """An entry each."""


Sealer = Callable[[bytes], str]
"""Makes the seal of some bytes: 64 hexadecimal digits."""


def plain(content: bytes) -> str:
    """A seal that anybody can check."""
    return sha256(content).hexdigest()


def keyed(secret: bytes) -> Sealer:
    """Seals that only who has the secret can make and check."""
    return lambda content: hmac_digest(secret, content, "sha256").hex()


def sealed(start: Position, entries: Sequence[tuple[int, str]], sealer: Sealer = plain) -> tuple[bytes, Batch]:
    """What to write for these entries, or tuples like them."""
    count, lines = start.tokens, []
    for made, text in entries:
        lines.append(b"%0*d %d %s\n" % (NUMBER, count, made, text.encode("ascii")))
        count += made
    body = b"".join(lines) + b"= %0*d " % (NUMBER, count)
    seal = sealer(start.seal.encode() + body)
    end = Position(count, start.size + len(body) + len(seal) + 1, seal)
    return body + seal.encode() + b"\n", Batch(start, end, lines)


def unsealed(name: str, lines: Iterable[bytes], start: Position, sealer: Sealer = plain) -> Iterator[Batch]:
    """The batches in the lines from ``start`` on; what isn't followed by a seal, at the end, is left out.

    Args:
        name: what to call the journal in an error.
        lines: with their line ends.
        start: where they begin.
        sealer: of the module.

    Raises:
        JournalError: a batch doesn't fit its seal or doesn't go on from the one before.
    """
    entries: list[bytes] = []
    for line in lines:
        if not line.endswith(b"\n"):
            return  # broken off: it is the last
        if line.startswith(SEAL_MARK):
            batch = checked(name, start, entries, line, sealer)
            yield batch
            start, entries = batch.end, []
        else:
            entries.append(line)


def checked(name: str, start: Position, lines: list[bytes], seal_line: bytes, sealer: Sealer) -> Batch:
    """A batch, when its seal fits and its numbers go on from those before."""
    body = b"".join(lines) + seal_line[:-SEAL]
    end, seal = start.size + len(body) + SEAL, sealer(start.seal.encode() + body)
    if seal_line[-SEAL:] != seal.encode() + b"\n":
        raise JournalError(
            f"{name}: bytes {start.size} to {end}, from token {start.tokens} on, don't fit their seal:"
            " they were altered, or something before them was taken out, put in or moved"
        )
    count, numbers_fit = start.tokens, True
    for line in lines:
        numbers_fit &= line.startswith(b"%0*d " % (NUMBER, count))
        count += int(line[NUMBER + 1 : NUMBER + 2])
    if not numbers_fit or seal_line[:-SEAL] != b"= %0*d " % (NUMBER, count):
        raise JournalError(f"{name}: bytes {start.size} to {end} don't count on from token {start.tokens}")
    return Batch(start, Position(count, end, seal), lines)
