"""The substitution and permutation tables of EA07, as data (IEC 62055-41 6.5, Standard Transfer Algorithm).

The tables that meters in the field use are licensed by the STS Association and are not part of this project. The set
here is the one that the standard prints as a sample.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.sts.errors import StaTablesError

__all__ = ["SAMPLE_TABLES", "Network", "StaTables"]

NIBBLE_VALUES: Final = 16
BLOCK_BITS: Final = 64
BLOCK_BYTES: Final = 8

SELECTED: Final = NIBBLE_VALUES
"""The bit above a nibble in an expanded state: set when the round key picks the second substitution table."""

Lookup = tuple[list[int], ...]
"""Eight tables, one for each byte of a block (or byte pair of an expanded state), whose entries are ORed together."""


def spread(block: int) -> int:
    """An expanded state: byte ``i`` of the result is nibble ``i`` of ``block``, with its selector bit clear."""
    return sum((block >> 4 * nibble & 15) << 8 * nibble for nibble in range(NIBBLE_VALUES))


class Network(NamedTuple):
    """One direction of EA07, its substitution and permutation fused into lookups of two nibbles at a time.

    Attributes:
        enter: block byte -> expanded state, eight tables of 256.
        mix: expanded byte pair -> expanded state after one round, eight tables of 2**13, a fifth of them in use.
        leave: expanded byte pair -> block after the last round.
    """

    enter: Lookup
    mix: Lookup
    leave: Lookup


@dataclass(frozen=True)
class StaTables:
    """One set of EA07 tables: those for encryption are given, those for decryption follow from them.

    Attributes:
        name: what to call the set; it does not make it one, see ``tablefile.recognise``.
        substitution1: nibble -> nibble where the round key's selecting bit is 0; a permutation of 0-15.
        substitution2: the same where it is 1.
        permutation: bit ``j`` of a block goes to bit ``permutation[j]``; a permutation of 0-63.

    Raises:
        StaTablesError: a table is not a permutation of its range; the error names the field.
    """

    name: str
    substitution1: tuple[int, ...] = field(repr=False)
    substitution2: tuple[int, ...] = field(repr=False)
    permutation: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        require_name(self.name)
        require_permutation("substitution1", self.substitution1, NIBBLE_VALUES)
        require_permutation("substitution2", self.substitution2, NIBBLE_VALUES)
        require_permutation("permutation", self.permutation, BLOCK_BITS)

    @property
    def decrypt_substitution1(self) -> tuple[int, ...]:
        """The first table for decryption: the inverse of the *second* one for encryption."""
        return inverse(self.substitution2)

    @property
    def decrypt_substitution2(self) -> tuple[int, ...]:
        """The second table for decryption: the inverse of the *first* one for encryption."""
        return inverse(self.substitution1)

    @property
    def decrypt_permutation(self) -> tuple[int, ...]:
        """The inverse of the permutation."""
        return inverse(self.permutation)

    @cached_property
    def encryption(self) -> Network:
        """Encryption as lookups, fused on first use and kept with the set."""
        substitutions = (*self.substitution1, *self.substitution2)
        return Network(
            enter=entering(spread),
            mix=fused(substitutions, lambda block: spread(moved(block, self.permutation))),
            leave=fused(substitutions, lambda block: moved(block, self.permutation)),
        )

    @cached_property
    def decryption(self) -> Network:
        """Decryption as lookups: its rounds permute *before* they substitute.

        So the first permutation moves into ``enter``, and the last round (``leave``) has none.
        """
        substitutions = (*self.decrypt_substitution1, *self.decrypt_substitution2)
        permutation = self.decrypt_permutation
        return Network(
            enter=entering(lambda block: spread(moved(block, permutation))),
            mix=fused(substitutions, lambda block: spread(moved(block, permutation))),
            leave=fused(substitutions, lambda block: block),
        )


def require_name(name: object) -> None:
    """Raise StaTablesError unless ``name`` is text."""
    if not isinstance(name, str) or not name:
        raise StaTablesError("name", f"{shown(name)} does not name a set of tables", "give a short text")


def require_permutation(name: str, table: object, size: int) -> tuple[int, ...]:
    """Return ``table`` if it is a tuple that holds each of ``0..size-1`` once.

    Raises:
        StaTablesError: it isn't; the error names the table.
    """
    if isinstance(table, tuple) and all(type(entry) is int for entry in table) and sorted(table) == list(range(size)):
        return table
    raise StaTablesError(
        name, f"it is not a permutation of 0-{size - 1}", f"give {size} integers, each of 0-{size - 1} once"
    )


def inverse(table: tuple[int, ...]) -> tuple[int, ...]:
    """The table that undoes ``table``."""
    return tuple(sorted(range(len(table)), key=table.__getitem__))


def moved(block: int, permutation: tuple[int, ...]) -> int:
    """``block`` with bit ``j`` moved to bit ``permutation[j]``."""
    return sum((block >> source & 1) << target for source, target in enumerate(permutation))


def entering(place: Callable[[int], int]) -> Lookup:
    """Tables that take each byte of a block to its part of ``place(block)``; ``place`` only moves bits."""
    return tuple(
        [place(high << 8 * byte + 4) | place(low << 8 * byte) for high in range(16) for low in range(16)]
        for byte in range(BLOCK_BYTES)
    )


def fused(substitutions: tuple[int, ...], place: Callable[[int], int]) -> Lookup:
    """Tables that substitute each pair of nibbles with their selecting bits, and then ``place`` them.

    Args:
        substitutions: both tables, indexed by selecting bit and nibble.
        place: where the bits of a block go; it only moves bits.
    """
    unused = [0] * (256 - len(substitutions))

    def table(shift: int) -> list[int]:
        lows = [place(nibble << shift) for nibble in substitutions]
        highs = [place(nibble << shift + 4) for nibble in substitutions]
        return [entry for high in highs for entry in (*(high | low for low in lows), *unused)]

    return tuple(table(8 * byte) for byte in range(BLOCK_BYTES))


# IEC 62055-41, the substitution and permutation tables printed as samples.
SAMPLE_TABLES: Final = StaTables(
    name="sample",
    substitution1=(12, 10, 8, 4, 3, 15, 0, 2, 14, 1, 5, 13, 6, 9, 7, 11),
    substitution2=(6, 9, 7, 4, 3, 10, 12, 14, 2, 13, 1, 15, 0, 11, 8, 5),
    permutation=(
        *(29, 27, 34, 9, 16, 62, 55, 2, 40, 49, 38, 25, 33, 61, 30, 23),
        *(1, 41, 21, 57, 42, 15, 5, 58, 19, 53, 22, 17, 48, 28, 24, 39),
        *(3, 60, 36, 14, 11, 52, 54, 12, 31, 51, 10, 26, 0, 45, 37, 43),
        *(44, 6, 59, 4, 7, 35, 56, 50, 13, 18, 32, 47, 46, 63, 20, 8),
    ),
)
