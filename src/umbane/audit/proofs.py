"""Proofs: that an entry is in a tree (RFC 9162 2.1.3), and that a tree is the beginning of a later one (2.1.4).

A proof is a list of hashes. Each is the root above a range of leaves; `inclusion` and `consistency` say which ranges.
"""

from collections.abc import Sequence
from typing import NoReturn

from umbane.audit.errors import AlteredError
from umbane.audit.hashing import node_hash

__all__ = ["Range", "consistency", "inclusion", "nodes", "verify_consistency", "verify_inclusion"]

Range = tuple[int, int]
"""Leaves from one to before another."""


def inclusion(index: int, size: int) -> list[Range]:
    """What proves that a leaf is in a tree of this size, from the bottom up (RFC 9162 2.1.3.1).

    Args:
        index: of the leaf, from 0 to below `size`.
        size: leaves of the tree.
    """
    start, end, path = 0, size, list[Range]()
    while end - start > 1:
        middle = start + half(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """What proves that a tree of one size is the beginning of another, from the bottom up (RFC 9162 2.1.4.1).

    Args:
        old: leaves of the earlier tree, from 0 to `new`.
        new: leaves of the later one.
    """
    if old in {0, new}:
        return []  # of an empty tree everything is true; and equal roots need no proof
    start, end, path = 0, new, list[Range]()
    while old != end:
        middle = start + half(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return [*([(start, end)] if start else []), *path[::-1]]


def half(size: int) -> int:
    """The largest power of two below a size of at least 2."""
    return 1 << (size - 1).bit_length() - 1


def nodes(ranges: Sequence[Range]) -> set[tuple[int, int]]:
    """The perfect nodes that stand for ranges of a proof: each by its level and its number from the left."""
    found = set()
    for start, end in ranges:
        position = start
        while position < end:
            level = (end - position).bit_length() - 1
            found.add((level, position >> level))
            position += 1 << level
    return found


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf is in a tree (RFC 9162 2.1.3.2).

    Args:
        leaf: its hash.
        index: its place.
        size: leaves of the tree.
        proof: hashes.
        root: of the tree.

    Raises:
        AlteredError: it isn't, as far as this proof goes.
    """
    if not 0 <= index < size:
        no_proof("no entry of that tree has this place")
    found = leaf
    for it, from_left in zip(proof, sides(index, size - 1, len(proof)), strict=True):
        found = node_hash(it, found) if from_left else node_hash(found, it)
    if found != root:
        no_proof(f"entry {index} isn't in the tree of {size} entries that was signed")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a tree is the beginning of another (RFC 9162 2.1.4.2).

    Args:
        old: leaves of the earlier tree.
        new: leaves of the later one.
        old_root: of the earlier tree.
        new_root: of the later one.
        proof: hashes.

    Raises:
        AlteredError: it isn't, as far as this proof goes.
    """
    if not 0 <= old <= new:
        no_proof("the earlier tree is larger than the later one")
    if old in {0, new}:
        if proof or (old and old_root != new_root):
            no_proof(f"two trees of {new} entries differ, or a proof was given where none is needed")
        return
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        no_proof("there is no proof")
    level = (old & -old).bit_length() - 1  # the first hash is that of the last perfect tree within the earlier one
    found_old = found_new = hashes[0]
    ways = sides(old - 1 >> level, new - 1 >> level, len(hashes) - 1)
    for it, from_left in zip(hashes[1:], ways, strict=True):
        found_old = node_hash(it, found_old) if from_left else found_old
        found_new = node_hash(it, found_new) if from_left else node_hash(found_new, it)
    if found_old != old_root or found_new != new_root:
        no_proof(f"the tree of {old} entries isn't the beginning of the one of {new}")


def sides(place: int, last: int, steps: int) -> list[bool]:
    """For each step from a node up to the root: whether its neighbour stands to the left.

    Args:
        place: of the node on its level.
        last: place of the last node of that level, which has a neighbour only on levels where it is a right one.
        steps: as many as the proof has.

    Raises:
        AlteredError: the way to the root has more steps, or fewer.
    """
    found = []
    while last:
        if place & 1 or place < last:
            found.append(bool(place & 1))
        place, last = place >> 1, last >> 1
    if len(found) != steps:
        no_proof("the proof is too long or too short")
    return found


def no_proof(problem: str) -> NoReturn:
    """Refuse a proof."""
    raise AlteredError(problem)
