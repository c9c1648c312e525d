"""The tree: the vectors that everybody uses, and the definition itself."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.naive import mth, path, subproof
from umbane.audit import AlteredError, Tree, leaf_hash, verify_consistency, verify_inclusion
from umbane.audit.hashing import EMPTY, leaf_hashes, perfect_root
from umbane.audit.proofs import Range, consistency, inclusion, nodes
from umbane.audit.tree import TILE, place_of, root_of

LEAVES = [bytes.fromhex(it) for it in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
"""The entries with which logs of certificates have been tried since RFC 6962."""
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots of the first 0, 1, 2 ... of them."""

some_entries = st.integers(0, 300).map(lambda count: [b"%d" % it for it in range(count)])


def grown(entries: Sequence[bytes], step: int = 100) -> Tree:
    """A tree that grew by so many leaves at a time."""
    tree, leaves = Tree(), leaf_hashes(entries)
    for start in range(0, len(leaves), step):
        tree.append(leaves[start : start + step])
    return tree


def hashes(entries: Sequence[bytes], ranges: Sequence[Range]) -> list[bytes]:
    """The roots above ranges, from nothing but the perfect nodes that they say they need."""
    known = {(level, it): mth(entries[it << level : it + 1 << level]) for level, it in nodes(ranges)}
    return [root_of(start, end, lambda level, it: known[level, it]) for start, end in ranges]


@pytest.mark.parametrize("count", range(9))
def test_known_roots(count: int) -> None:
    """The roots of the well-known leaves are those that everybody computes."""
    assert grown(LEAVES[:count]).root().hex() == mth(LEAVES[:count]).hex() == ROOTS[count]


def test_known_hashes() -> None:
    """A tree without leaves, and a leaf without bytes, have the hashes that RFC 9162 gives them."""
    assert hashlib.sha256().digest() == EMPTY
    assert leaf_hash(b"").hex() == ROOTS[1]


@given(some_entries, st.integers(1, 300))
def test_any_root(entries: list[bytes], step: int) -> None:
    """However a tree grew, its root is that of the definition."""
    assert grown(entries, step).root() == mth(entries)


@settings(max_examples=20)
@given(st.integers(0, 2 * TILE), st.integers(0, TILE))
def test_going_on(first: int, more: int) -> None:
    """A tree that is built anew from its size and its right edge goes on as the one that it was taken from."""
    entries = [b"%d" % it for it in range(first + more)]
    tree = grown(entries[:first])
    again = Tree(tree.size, tree.edge)
    again.append(leaf_hashes(entries[first:]))
    assert again.root() == mth(entries)


def test_tiles() -> None:
    """Tiles are the hashes of their level, 256 at a time; each comes once, and its root is that of all below it."""
    entries = [b"%d" % it for it in range(TILE * TILE + 300)]
    tree, leaves = Tree(), leaf_hashes(entries)
    tiles = {
        (it.level, it.number): it for start in range(0, len(leaves), 999) for it in tree.append(leaves[start:][:999])
    }
    assert tiles.keys() == {*((0, it) for it in range(TILE + 1)), (1, 0)}
    assert tiles[0, 7].hashes == b"".join(leaves[7 * TILE : 8 * TILE])
    assert tiles[1, 0].hashes == b"".join(tiles[0, it].root for it in range(TILE))
    assert tiles[1, 0].root == perfect_root(leaves[: TILE * TILE])


@given(st.integers(0, 30), st.integers(0, 2**20))
def test_where_a_node_is(level: int, index: int) -> None:
    """The hashes below a node lie in one tile, and cover just its leaves."""
    place = place_of(level, index)
    assert place.first + place.width <= TILE
    below = TILE**place.level
    start = (place.number * TILE + place.first) * below
    assert (start, place.width * below) == (index << level, 1 << level)


# --------------------------------------------------------------------------------------------------------------- proofs


@given(st.data())
def test_inclusion_is_proven(data: st.DataObject) -> None:
    """The proof of any entry is that of the definition, and convinces."""
    entries = data.draw(some_entries.filter(bool))
    index = data.draw(st.integers(0, len(entries) - 1))
    proof = hashes(entries, inclusion(index, len(entries)))
    assert proof == path(index, entries)
    verify_inclusion(leaf_hash(entries[index]), index, len(entries), proof, mth(entries))


@given(st.data())
def test_consistency_is_proven(data: st.DataObject) -> None:
    """The proof between any two sizes is that of the definition, and convinces."""
    entries = data.draw(some_entries)
    old = data.draw(st.integers(0, len(entries)))
    proof = hashes(entries, consistency(old, len(entries)))
    assert proof == (subproof(old, entries) if old else [])
    verify_consistency(old, len(entries), mth(entries[:old]), mth(entries), proof)


@given(st.data())
def test_no_false_inclusion(data: st.DataObject) -> None:
    """Another leaf, place, size or root, and a proof that is altered, longer or shorter, convince nobody."""
    count = data.draw(st.integers(2, 100))
    entries = [b"%d" % it for it in range(count)]
    index = data.draw(st.integers(0, count - 1))
    proof, root, leaf = path(index, entries), mth(entries), leaf_hash(entries[index])
    place = data.draw(st.integers(0, len(proof) - 1))
    false = [
        (leaf_hash(b"x"), index, count, proof, root),
        (leaf, (index + 1) % count, count, proof, root),
        (leaf, index - count, count, proof, root),
        (leaf, count, count, proof, root),
        (leaf, index, count, proof, leaf),
        (leaf, index, count, [*proof[:place], bytes(32), *proof[place + 1 :]], root),
        (leaf, index, count, [*proof[:place], *proof[place + 1 :]], root),
        (leaf, index, count, [*proof[:place], proof[place], *proof[place:]], root),
        (leaf, index, count, [], root),
    ]
    for it in false:
        with pytest.raises(AlteredError):
            verify_inclusion(*it)


@given(st.data())
def test_no_false_consistency(data: st.DataObject) -> None:
    """Another beginning, another end, and a proof that is altered, longer or shorter, convince nobody."""
    count = data.draw(st.integers(2, 100))
    entries = [b"%d" % it for it in range(count)]
    old = data.draw(st.integers(1, count - 1))
    was, root, proof = mth(entries[:old]), mth(entries), subproof(old, entries)
    place = data.draw(st.integers(0, len(proof) - 1))
    false = [
        (old, count, bytes(32), root, proof),
        (old, count, was, bytes(32), proof),
        (count, old, root, was, proof),
        (-1, count, was, root, proof),
        (old, count, was, root, []),
        (old, count, was, root, [*proof[:place], bytes(32), *proof[place + 1 :]]),
        (old, count, was, root, [*proof[:place], *proof[place + 1 :]]),
        (old, count, was, root, [*proof[:place], proof[place], *proof[place:]]),
        (count, count, was, root, []),
        (count, count, root, root, proof),
        (0, count, EMPTY, root, proof),
    ]
    for it in false:
        with pytest.raises(AlteredError):
            verify_consistency(*it)


def test_every_small_tree() -> None:
    """In every tree of up to 27 leaves, every leaf and every beginning has the proof of the definition."""
    for count in range(1, 28):
        entries = [b"%d" % it for it in range(count)]
        for it in range(count):
            assert hashes(entries, inclusion(it, count)) == path(it, entries)
            assert hashes(entries, consistency(it + 1, count)) == subproof(it + 1, entries)


def test_a_forged_tail() -> None:
    """Of a log whose last entries were replaced, no proof of the log before convinces."""
    honest = [b"%d" % it for it in range(100)]
    forged = [*honest[:90], b"forged", *honest[91:], b"more"]
    for old in range(91, 101):
        with pytest.raises(AlteredError, match="isn't the beginning"):
            verify_consistency(old, 101, mth(honest[:old]), mth(forged), subproof(old, forged))
