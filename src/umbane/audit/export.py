"""An export: the whole log, or its beginning, as a file that anybody can check without a database.

It is text, ASCII, a line for each entry, in their order::

    umbane-audit-export 1
    0 <leaf> <chain> <entry>
    1 <leaf> <chain> <entry>
    head 2 <moment> <root> <key> <signature>
    ...
    end <entries> <heads>

What protects it are the signed heads. A head stands behind the last entry that it is about, and the last line before
the end is one. `leaf` and `chain` only help to find the place: the beginnings of the leaf's hash, and of a hash over
all leaves so far. Whoever alters an entry and writes both anew is found by the next head.

An entry that isn't for whoever asked for the export stands there as `=` and the hash of its leaf.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from umbane.audit.errors import AlteredError, ExportError
from umbane.audit.hashing import HASH_BYTES, leaf_hash
from umbane.audit.heads import Head, HeadKeys, parse_head
from umbane.audit.tree import Tree

__all__ = ["Verified", "Writer", "exported", "hidden", "verify_export"]

FIRST: Final = b"umbane-audit-export 1\n"
SHORT: Final = 8
"""Bytes of a hash that help to find a place."""
AT_A_TIME: Final = 4096


class Writer:
    """Writes the lines of an export."""

    def __init__(self) -> None:
        self.size = self.heads = 0
        self.chain = b""

    def entry(self, entry: bytes) -> bytes:
        """The line of the next entry."""
        leaf = leaf_of(entry)
        self.chain = sha256(self.chain + leaf).digest()
        line = entry_line(self.size, leaf, self.chain, entry)
        self.size += 1
        return line

    def head(self, head: Head) -> bytes:
        """The line of a head."""
        self.heads += 1
        return f"{head}\n".encode()

    def end(self) -> bytes:
        """The last line."""
        return f"end {self.size} {self.heads}\n".encode()


def hidden(leaf: bytes) -> bytes:
    """What stands for an entry that isn't for everybody."""
    return f"={leaf.hex()}".encode()


def leaf_of(entry: bytes) -> bytes:
    """The hash of the leaf of an entry, or of one that is hidden."""
    if entry[:1] == b"=":
        leaf = bytes.fromhex(entry[1:].decode("ascii", "replace"))
        if len(leaf) != HASH_BYTES or hidden(leaf) != entry:
            raise ValueError("that is no leaf")
        return leaf
    return leaf_hash(entry)


def entry_line(place: int, leaf: bytes, chain: bytes, entry: bytes) -> bytes:
    """The line of an entry."""
    return b"%d %b %b %b\n" % (place, leaf[:SHORT].hex().encode(), chain[:SHORT].hex().encode(), entry)


async def exported(entries: AsyncIterator[bytes], heads: Sequence[Head]) -> AsyncIterator[bytes]:
    """The lines of an export up to the last of these heads.

    Args:
        entries: all of them, in their order.
        heads: in their order; the last one's size is that of the export.
    """
    writer = Writer()
    yield FIRST
    for head in heads:
        while writer.size < head.size:
            yield writer.entry(await anext(entries))
        yield writer.head(head)
    yield writer.end()


@dataclass(frozen=True, slots=True)
class Verified:
    """An export that is whole.

    Attributes:
        entries, heads: how many it has.
        last: the last head.
        seen: of the heads that were collected elsewhere, how many were held against it.
        hidden: how many of the entries aren't for whoever asked.
    """

    entries: int
    heads: int
    last: Head
    seen: int
    hidden: int


@dataclass(slots=True)
class Reading:
    """How far an export was read."""

    keys: HeadKeys
    collected: list[Head]
    tree: Tree = field(default_factory=Tree)
    leaves: list[bytes] = field(default_factory=list)
    chain: bytes = b""
    line: int = 0
    place: int = 0
    heads: int = 0
    last: Head | None = None
    seen: int = 0
    hidden: int = 0

    def take(self, line: bytes) -> Verified | None:
        """Take the next line; what came of all of them, if it was the last.

        Raises:
            ExportError: it isn't what has to come.
        """
        self.line += 1
        if line[-1:] != b"\n":
            raise ExportError(self.line, f"it ends in the middle of a line, after {self.place} entries")
        if line[:1].isdigit():
            self.take_entry(line)
        elif line.startswith(b"head "):
            self.take_head(line)
        elif line.startswith(b"end "):
            return self.take_end(line)
        else:
            raise ExportError(self.line, f"that is no line of an export, after entry {self.place - 1}")
        return None

    def take_entry(self, line: bytes) -> None:
        """Take the line of an entry."""
        parts = line[:-1].split(b" ", 3)
        entry = parts[-1]
        try:
            leaf = leaf_of(entry)
        except ValueError as error:
            raise ExportError(self.line, f"entry {self.place} was altered") from error
        chain = sha256(self.chain + leaf).digest()
        self.hidden += entry[:1] == b"="
        if line != entry_line(self.place, leaf, chain, entry):
            raise ExportError(self.line, self.wrong(parts, leaf))
        self.chain, self.place = chain, self.place + 1
        self.leaves.append(leaf)
        if self.collected and self.collected[-1].size == self.place:
            self.hold_against()
        elif len(self.leaves) == AT_A_TIME:
            self.plant()

    def wrong(self, parts: Sequence[bytes], leaf: bytes) -> str:
        """What is wrong with the line of an entry."""
        number = parts[0]
        if number != b"%d" % self.place:
            later = number.isdigit() and int(number[:18]) > self.place
            what = "was dropped, or stands elsewhere" if later else "isn't where it belongs"
            return f"entry {self.place} {what}: there is entry {number[:18].decode('ascii', 'replace')} instead"
        if len(parts) < 4 or parts[1] != leaf[:SHORT].hex().encode():  # noqa: PLR2004 - place, leaf, chain, entry
            return f"entry {self.place} was altered"
        return (
            f"entry {self.place} isn't what came after entry {self.place - 1}: one was dropped, put in or moved there"
        )

    def plant(self) -> None:
        """Add what was read to the tree."""
        self.tree.append(self.leaves)
        self.leaves.clear()

    def hold_against(self) -> None:
        """Hold heads that were collected elsewhere against the tree as it is here."""
        self.plant()
        root = self.tree.root()
        while self.collected and self.collected[-1].size == self.place:
            if (seen := self.collected.pop()).root != root:
                raise ExportError(self.line, f"another log was signed: {self.between(seen)}")
            self.seen += 1

    def take_head(self, line: bytes) -> None:
        """Take the line of a head."""
        try:
            head = parse_head(line[:-1].decode("ascii", "replace"))
            self.keys.require_signed(head)
        except AlteredError as error:
            raise ExportError(self.line, str(error)) from error
        if f"{head}\n".encode() != line or head.size != self.place:
            raise ExportError(self.line, f"the head of {head.size} entries stands after {self.place} of them")
        if self.last and head.at < self.last.at:
            raise ExportError(self.line, f"the head of {head.size} entries is older than the one before it")
        self.plant()
        if self.tree.root() != head.root:
            raise ExportError(self.line, self.between(head))
        self.last, self.heads = head, self.heads + 1

    def between(self, head: Head) -> str:
        """Where something is wrong when all that is known is that it isn't what a head says."""
        first = self.last.size if self.last else 0
        return (
            f"entries {first} to {head.size - 1} aren't those that were signed: one of them was altered, dropped or "
            "moved, and what helps to find it was written anew"
        )

    def take_end(self, line: bytes) -> Verified:
        """Take the last line."""
        if line != b"end %d %d\n" % (self.place, self.heads):
            raise ExportError(self.line, f"the end is that of another export: {self.place} entries were here")
        if self.last is None or self.last.size != self.place:
            raise ExportError(self.line, "the entries behind the last head aren't signed")
        if self.collected:
            size = self.collected[0].size
            problem = f"the log was cut back to {self.place} entries, or this is an older export"
            raise ExportError(self.line, f"a head of {size} entries was seen: {problem}")
        return Verified(self.place, self.heads, self.last, self.seen, self.hidden)


def verify_export(lines: Iterable[bytes], keys: HeadKeys, collected: Sequence[Head] = ()) -> Verified:
    """Check an export from its first byte to its last.

    Args:
        lines: as they stand in the file, with their ends.
        keys: whose heads are believed.
        collected: heads of this log that somebody else has kept; each is held against it.

    Raises:
        ExportError: something was altered, dropped, moved or cut off; it says what, as far as that can be known.
        AlteredError: a head that was collected isn't signed.
    """
    for head in collected:
        keys.require_signed(head)
    reading = Reading(keys, sorted((it for it in collected if it.size), key=lambda it: -it.size))
    rest = iter(lines)
    reading.line = 1
    if next(rest, b"") != FIRST:
        raise ExportError(1, "that is no export of a log")
    verified = next((found for line in rest if (found := reading.take(line))), None)
    if verified is None:
        raise ExportError(reading.line, f"it ends too early, after {reading.place} entries")
    if next(rest, None) is not None:
        raise ExportError(reading.line + 1, "something stands behind the end")
    return verified
