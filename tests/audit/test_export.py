"""Exports: whole ones convince; of any other it is said where it goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audit.naive import mth
from tests.audit.test_heads import KEYS, OTHER, SIGNER
from umbane.audit import AlteredError, ExportError, Head, canonical, exported, leaf_hash, verify_export
from umbane.audit.export import AT_A_TIME, entry_line

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIZES = [3, 3, 8, 40]
"""After so many entries heads were signed; after three of them twice."""


def log(count: int = SIZES[-1]) -> list[bytes]:
    """Entries as they may be."""
    return [canonical({"kind": "thing", "number": it, "text": "with spaces"}) for it in range(count)]


def signed(entries: Sequence[bytes], sizes: Sequence[int] = SIZES) -> list[Head]:
    """Heads over them."""
    return [SIGNER.sign(it, mth(entries[:it]), NOW + timedelta(minutes=n)) for n, it in enumerate(sizes)]


def export(entries: Sequence[bytes], heads: Sequence[Head]) -> list[bytes]:
    """The lines of an export."""

    async def each() -> AsyncIterator[bytes]:
        for it in entries:
            yield it

    async def lines() -> list[bytes]:
        return [it async for it in exported(each(), heads)]

    return asyncio.run(lines())


def renumbered(lines: Sequence[bytes]) -> list[bytes]:
    """The same with places, leaves and chains written anew: what a forger does who knows the format."""
    place, chain, made = 0, b"", []
    for line in lines:
        if line[:1].isdigit():
            entry = line[:-1].split(b" ", 3)[3]
            chain = sha256(chain + leaf_hash(entry)).digest()
            made.append(entry_line(place, leaf_hash(entry), chain, entry))
            place += 1
        else:
            made.append(line)
    return made


WHOLE = export(log(), signed(log()))
ENTRY = 20
LINE = next(it for it, line in enumerate(WHOLE) if line.startswith(b"%d " % ENTRY))
"""Where an entry stands that isn't beside a head."""


def wrong(lines: Sequence[bytes], collected: Sequence[Head] = ()) -> str:
    """What is said of an export that isn't whole."""
    with pytest.raises(ExportError) as caught:
        verify_export(lines, KEYS, collected)
    return str(caught.value)


def test_a_whole_export() -> None:
    """An export that nobody touched is whole, and heads that others collected are found in it."""
    heads = signed(log())
    found = verify_export(WHOLE, KEYS, [*heads, SIGNER.sign(17, mth(log()[:17]), NOW), SIGNER.sign(0, mth([]), NOW)])
    assert (found.entries, found.heads, found.last, found.seen) == (40, 4, heads[-1], 5)


@pytest.mark.parametrize("count", [1, AT_A_TIME, 2 * AT_A_TIME + 1])
def test_any_length(count: int) -> None:
    """However many entries there are, they are checked by the piece, and all of them."""
    entries = log(count)
    assert verify_export(export(entries, signed(entries, [count])), KEYS).entries == count


def test_every_byte_counts() -> None:
    """Whatever byte is altered, in whatever way that a line shows, it is found."""
    text = b"".join(WHOLE)
    for place in range(0, len(text), 2):
        flipped = bytearray(text)
        flipped[place] ^= (0x01, 0x20, 0x80)[place % 3]
        with pytest.raises(AlteredError):
            verify_export(bytes(flipped).splitlines(keepends=True), KEYS)


@given(st.integers(0, len(b"".join(WHOLE)) - 1))
def test_cut_off_anywhere(place: int) -> None:
    """An export that was cut off anywhere is not whole."""
    wrong(b"".join(WHOLE)[:place].splitlines(keepends=True))


def test_the_first_altered_entry_is_named() -> None:
    """An entry that says something else is named, and nothing behind it is."""
    lines = [it.replace(b"spaces", b"graces") if n in {LINE, LINE + 3} else it for n, it in enumerate(WHOLE)]
    assert wrong(lines) == f"line {LINE + 1}: entry 20 was altered"


def test_the_first_dropped_entry_is_named() -> None:
    """An entry that isn't there is named, with what stands in its place."""
    assert "entry 20 was dropped, or stands elsewhere: there is entry 21 instead" in wrong(
        [*WHOLE[:LINE], *WHOLE[LINE + 1 :]]
    )


def test_the_first_moved_entry_is_named() -> None:
    """Two entries that changed places are named by the first of both, and one that stands twice is named too."""
    swapped = [*WHOLE[:LINE], WHOLE[LINE + 1], WHOLE[LINE], *WHOLE[LINE + 2 :]]
    assert "entry 20 was dropped, or stands elsewhere: there is entry 21 instead" in wrong(swapped)
    assert "entry 21 isn't where it belongs: there is entry 20 instead" in wrong([*WHOLE[: LINE + 1], *WHOLE[LINE:]])


def test_numbers_written_anew() -> None:
    """Where an entry was dropped and those behind it got its number, the chain names the place."""
    anew = renumbered([*WHOLE[:LINE], *WHOLE[LINE + 1 :]])
    mixed = [*WHOLE[:LINE], anew[LINE].replace(anew[LINE].split()[2], WHOLE[LINE + 1].split()[2]), *anew[LINE + 1 :]]
    assert "entry 20 isn't what came after entry 19: one was dropped, put in or moved there" in wrong(mixed)


FORGED = {
    "altered": [it.replace(b"spaces", b"graces") if n == LINE else it for n, it in enumerate(WHOLE)],
    "moved": [*WHOLE[:LINE], WHOLE[LINE + 1], WHOLE[LINE], *WHOLE[LINE + 2 :]],
}


@pytest.mark.parametrize("lines", FORGED.values(), ids=FORGED)
def test_everything_written_anew(lines: list[bytes]) -> None:
    """Who writes anew all that helps to find the place is found by the next signed head, and the range is named."""
    assert "entries 8 to 39 aren't those that were signed" in wrong(renumbered(lines))


def test_an_entry_more_or_less() -> None:
    """An entry that was put in or taken out, with all others written anew, leaves a head where it can't stand."""
    for lines in ([*WHOLE[:LINE], *WHOLE[LINE + 1 :]], [*WHOLE[:LINE], WHOLE[LINE], *WHOLE[LINE:]]):
        assert "the head of 40 entries stands after" in wrong(renumbered(lines))


def test_heads() -> None:
    """Heads that changed places, are older than those before, were left out or are of another key, are found."""
    at = [it for it, line in enumerate(WHOLE) if line.startswith(b"head ")]
    first, again, third, last = (WHOLE[it] for it in at)
    swap = {at[0]: third, at[2]: first}
    assert "stands after 3 of them" in wrong([swap.get(n, it) for n, it in enumerate(WHOLE)])
    swap = {at[0]: again, at[1]: first}
    assert "is older than the one before it" in wrong([swap.get(n, it) for n, it in enumerate(WHOLE)])
    assert "the end is that of another export" in wrong([it for it in WHOLE if it is not third])
    unsigned = [*(it for it in WHOLE[:-1] if it is not last), b"end 40 3\n"]
    assert "the entries behind the last head aren't signed" in wrong(unsigned)
    stranger = f"{OTHER.sign(8, mth(log()[:8]), NOW)}\n".encode()
    assert "isn't known here" in wrong([stranger if it is third else it for it in WHOLE])
    assert "no head" in wrong([b"head of cabbage\n" if it is third else it for it in WHOLE])
    forged = f"{SIGNER.sign(8, mth(log()[:7]), NOW + timedelta(hours=1))}\n".encode()
    assert "entries 3 to 7 aren't those" in wrong([forged if it is third else it for it in WHOLE])


def test_what_is_no_export() -> None:
    """Nothing, another file, lines that belong nowhere, and anything behind the end are refused."""
    assert wrong([]) == "line 1: that is no export of a log"
    assert "that is no export" in wrong([b"hello\n", *WHOLE])
    assert wrong(WHOLE[:1]) == "line 1: it ends too early, after 0 entries"
    assert "it ends too early, after 40 entries" in wrong(WHOLE[:-1])
    assert "no line of an export" in wrong([*WHOLE[:LINE], b"\n", *WHOLE[LINE:]])
    assert "something stands behind the end" in wrong([*WHOLE, b"\n"])
    assert "aren't signed" in wrong([WHOLE[0], b"end 0 0\n"])
    assert "entry 0 was altered" in wrong([WHOLE[0], b"0\n"])


def test_another_log() -> None:
    """An export that is whole in itself is refused when a head that others collected is of another log."""
    other = [*log()[:10], b"{}", *log()[11:]]
    lines = export(other, signed(other))
    assert verify_export(lines, KEYS).entries == 40
    assert "another log was signed: entries 8 to 16 aren't" in wrong(lines, [SIGNER.sign(17, mth(log()[:17]), NOW)])
    assert "another log was signed" in wrong(lines, [SIGNER.sign(8, mth(log()[:7]), NOW)])


def test_a_log_that_was_cut_back() -> None:
    """An older export that is whole is refused when a later head is known; a head that nobody signed is no evidence."""
    short = export(log()[:8], signed(log(), SIZES[:3]))
    assert verify_export(short, KEYS).entries == 8
    assert "a head of 40 entries was seen: the log was cut back to 8 entries" in wrong(short, signed(log()))
    with pytest.raises(AlteredError, match="isn't known"):
        verify_export(short, KEYS, [OTHER.sign(40, mth(log()), NOW)])
