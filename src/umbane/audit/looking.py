"""What anybody may ask of the log: its head, its entries, and proofs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.json import decode

from umbane.audit import store
from umbane.audit.entries import SALT_BYTES, sealed_in
from umbane.audit.errors import UnknownEntryError
from umbane.audit.hashing import leaf_hash
from umbane.audit.proofs import Range, consistency, inclusion, nodes
from umbane.audit.tree import root_of
from umbane.db import Connection

__all__ = ["Entry", "Inclusion", "consistency_proof", "inclusion_proof", "sale_entry", "some_entries"]

MOST: Final = 1000
"""Entries in one answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log.

    Attributes:
        place: in the tree, from 0; None while it waits for one.
        entry: its bytes.
        salts: of what is sealed in it; for nobody but those who may see what that is.
    """

    place: int | None
    entry: bytes
    salts: tuple[bytes, ...] = ()

    @property
    def leaf(self) -> bytes:
        """The hash of its leaf."""
        return leaf_hash(self.entry)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an entry is in a tree.

    Attributes:
        place: of the entry.
        size: entries of the tree.
        entry: its bytes.
        proof: hashes.
    """

    place: int
    size: int
    entry: bytes
    proof: list[bytes]


async def some_entries(connection: Connection, start: int, count: int) -> list[Entry]:
    """Some entries from a place on, as far as there are any."""
    found: list[Entry] = []
    if start >= 0:
        async for line in store.entries_from(connection, start):
            found.append(Entry(start + len(found), line))
            if len(found) >= min(count, MOST):
                break
    return found


async def inclusion_proof(connection: Connection, place: int, size: int) -> Inclusion:
    """What proves that an entry is in the tree of a size.

    Raises:
        UnknownEntryError: there is no such entry in it, or the log isn't as large.
    """
    await require_size(connection, size)
    if not 0 <= place < size:
        raise UnknownEntryError(f"no entry of {size} has the place {place}")
    [found] = await some_entries(connection, place, 1)
    return Inclusion(place, size, found.entry, await hashes(connection, inclusion(place, size)))


async def consistency_proof(connection: Connection, old: int, new: int) -> list[bytes]:
    """What proves that the log of one size is the beginning of that of another.

    Raises:
        UnknownEntryError: the log isn't as large, or the sizes are the wrong way round.
    """
    await require_size(connection, new)
    if not 0 <= old <= new:
        raise UnknownEntryError(f"a log of {old} entries isn't the beginning of one of {new}")
    return await hashes(connection, consistency(old, new))


async def require_size(connection: Connection, size: int) -> None:
    """Check that the log was ever signed with at least so many entries."""
    head = await store.last_head(connection)
    if head is None:
        raise UnknownEntryError("the log has no head yet: nothing was signed")
    if size > head.size:
        raise UnknownEntryError(f"the log has {head.size} entries, and not {size}")


async def hashes(connection: Connection, ranges: Sequence[Range]) -> list[bytes]:
    """The roots above ranges of leaves."""
    known = await store.load_nodes(connection, nodes(ranges)) if ranges else {}
    return [root_of(start, end, lambda level, number: known[level, number]) for start, end in ranges]


async def sale_entry(connection: Connection, sale_id: UUID, at: datetime) -> Entry:
    """The entry of a sale, whether it has its place already or not.

    Args:
        connection: to read with.
        sale_id: of the sale.
        at: its moment.

    Raises:
        UnknownEntryError: there is none.
    """
    wanted = f'"id":"{sale_id}"'.encode()
    for batch in await store.batches_at(connection, at):
        used = 0
        for number, line in enumerate(batch.lines):
            sealed = len(sealed_in(decode(line)))
            if wanted in line and decode(line).get("id") == str(sale_id):
                salts = batch.salts[used * SALT_BYTES : (used + sealed) * SALT_BYTES]
                place = None if batch.first is None else batch.first + number
                return Entry(place, line, salts_of(salts))
            used += sealed
    raise UnknownEntryError(f"the log has no entry of sale {sale_id}")


def salts_of(salts: bytes) -> tuple[bytes, ...]:
    """Salts that stand one after the other."""
    return tuple(salts[it : it + SALT_BYTES] for it in range(0, len(salts), SALT_BYTES))
