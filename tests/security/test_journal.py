"""The journal on the disk: what is written is there, and whatever was altered is found and named."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from threading import Event
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umbane.security import JournalError, ModuleBusyError
from umbane.security.chain import Batch, Entry, plain
from umbane.security.journal import Journal
from umbane.security.mark import Mark

HEADING = "journal 1 tested test 000000"
BATCHES = [
    [Entry(0, "key 123456 1 2 abcdef"), Entry(1, "first")],
    [Entry(2, "second"), Entry(1, "third")],
    [Entry(4, "fourth")],
]


def ignore(_batch: Batch) -> None:
    """What a journal shows to nobody."""


def opened(path: Path) -> Journal:
    """The journal there."""
    return Journal(path, HEADING, ignore)


def texts(path: Path) -> list[str]:
    """What the entries of a closed journal say."""
    lines: list[bytes] = []
    Journal(path, HEADING, lambda batch: lines.extend(batch.lines)).close()
    return [line.decode().rstrip("\n") for line in lines]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal is to be."""
    return tmp_path / "tested.journal"


@pytest.fixture
def written(path: Path) -> Path:
    """A journal of three batches and eight tokens, closed."""
    with closing(opened(path)) as journal:
        for batch in BATCHES:
            journal.append(batch)
    return path


def mark_of(path: Path) -> Path:
    """The mark beside a journal."""
    return path.with_suffix(".mark")


def refused(path: Path) -> str:
    """With which words a journal is not opened; both its files stay as they were."""
    before = path.read_bytes(), mark_of(path).exists() and mark_of(path).read_bytes()
    with pytest.raises(JournalError) as caught:
        opened(path)
    assert (path.read_bytes(), mark_of(path).exists() and mark_of(path).read_bytes()) in {before, (before[0], b"")}
    return str(caught.value)


# ------------------------------------------------------------------------------------------------------------- as meant


def test_written_and_read(written: Path) -> None:
    """What was written is read in its order and with its numbers, when the journal is opened again, too."""
    assert texts(written) == [
        f"000000000000 0 {HEADING}",
        "000000000000 0 key 123456 1 2 abcdef",
        "000000000000 1 first",
        "000000000001 2 second",
        "000000000003 1 third",
        "000000000004 4 fourth",
    ]


def test_goes_on(written: Path) -> None:
    """A journal that was opened again goes on with the next number."""
    with closing(opened(written)) as journal:
        assert journal.append([Entry(1, "ninth"), Entry(1, "tenth")]) == 8
        assert journal.append([Entry(1, "eleventh")]) == 10
    with closing(opened(written)) as journal:
        assert journal.end.tokens == 11


def test_batches_from(written: Path) -> None:
    """From a token's number on, one gets the batch that has it and the later ones."""
    with closing(opened(written)) as journal:
        firsts = [[batch.start.tokens for batch in journal.batches(number)] for number in range(9)]
    assert firsts == [[0, 1, 4], *[[1, 4]] * 3, *[[4]] * 5]


def test_observed(written: Path) -> None:
    """Whoever watches a journal sees every batch once: those from before, and those that are written."""
    seen: list[tuple[int, int]] = []
    watched = Journal(written, HEADING, lambda batch: seen.append((batch.start.tokens, len(batch.lines))))
    with closing(watched) as journal:
        journal.append([Entry(1, "ninth")])
    assert seen == [(0, 1), (0, 2), (1, 2), (4, 1), (8, 1)]


def test_only_its_owner_reads_it(written: Path) -> None:
    """Nobody but its owner may read a journal or its mark."""
    assert {path.stat().st_mode & 0o777 for path in (written, mark_of(written))} == {0o600}


def test_folder_is_made(tmp_path: Path) -> None:
    """The folder of a new journal is made."""
    with closing(opened(tmp_path / "a" / "b" / "tested.journal")) as journal:
        assert journal.end.tokens == 0


ENTRIES = st.tuples(st.integers(0, 9), st.from_regex("[!-~][ -~]{0,30}", fullmatch=True))


@given(st.lists(st.lists(ENTRIES, min_size=1, max_size=5), max_size=5))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_entries(tmp_path: Path, batches: list[list[tuple[int, str]]]) -> None:
    """Whatever entries are written, they are read as they were."""
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.journal"
    with closing(opened(path)) as journal:
        for batch in batches:
            journal.append([Entry(*entry) for entry in batch])
        end = journal.end
    assert [text[15:] for text in texts(path)[1:]] == [text for batch in batches for _, text in batch]
    with closing(opened(path)) as journal:
        assert journal.end == end


# -------------------------------------------------------------------------------------------------------------- altered


@pytest.mark.parametrize("change", [0x01, 0x20, 0x80], ids=["lowest bit", "bit of case", "highest bit"])
def test_every_byte(written: Path, change: int) -> None:
    """A bit wrong in any byte of a journal is found, and the words name bytes among which it is."""
    content = written.read_bytes()
    for place in range(len(content)):
        written.write_bytes(content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
        words = refused(written)
        low, high = map(int, re.findall(r"bytes? (\d+)", words) + re.findall(r"bytes \d+ to (\d+)", words))
        assert min(low, high) <= place < max(low, high), words
    written.write_bytes(content)
    opened(written).close()


@pytest.mark.parametrize("byte", [b"\n", b"\r", b" ", b"=", b"0", b"\0", b"\xff"])
def test_every_byte_by_another(written: Path, byte: bytes) -> None:
    """A byte in the place of any other, those that end or seal a line among them, is found."""
    content = written.read_bytes()
    for place in range(len(content)):
        if content[place : place + 1] != byte:
            written.write_bytes(content[:place] + byte + content[place + 1 :])
            refused(written)


def test_every_byte_of_the_mark(written: Path) -> None:
    """A bit wrong in any byte of the mark is found."""
    content = mark_of(written).read_bytes()
    for place in range(len(content)):
        mark_of(written).write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert "tested" in refused(written)


def test_every_byte_missing(written: Path) -> None:
    """Any byte taken out of a journal is found."""
    content = written.read_bytes()
    for place in range(len(content)):
        written.write_bytes(content[:place] + content[place + 1 :])
        refused(written)


def test_every_end(written: Path) -> None:
    """A journal that is cut off, wherever it is, is found to be: no answer that was given is forgotten."""
    content = written.read_bytes()
    for size in range(len(content)):
        written.write_bytes(content[:size])
        assert "8 tokens end at byte" in refused(written)


def lines_of(path: Path) -> list[bytes]:
    """The lines of a journal."""
    return path.read_bytes().splitlines(keepends=True)


def test_every_line_missing(written: Path) -> None:
    """Any line taken out is found."""
    lines = lines_of(written)
    for number in range(len(lines)):
        written.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        refused(written)


def test_every_line_twice(written: Path) -> None:
    """Any line that is there twice is found, wherever its copy stands, but at the very end."""
    lines = lines_of(written)
    for line in lines:
        for place in range(len(lines)):
            written.write_bytes(b"".join([*lines[:place], line, *lines[place:]]))
            refused(written)


def test_lines_in_another_order(written: Path) -> None:
    """Any two lines that changed places are found."""
    lines = lines_of(written)
    for first in range(len(lines)):
        for second in range(first):
            other = list(lines)
            other[first], other[second] = lines[second], lines[first]
            written.write_bytes(b"".join(other))
            refused(written)


def batches_of(path: Path) -> list[bytes]:
    """The batches of a journal, each with its seal."""
    ends = [0, *(found.end() for found in re.finditer(rb"= .*\n", path.read_bytes()))]
    return [path.read_bytes()[start:end] for start, end in pairwise(ends)]


def test_batches_missing_moved_and_twice(written: Path) -> None:
    """Whole batches, with their seals, that are taken out, put in twice or change places are found."""
    batches = batches_of(written)
    assert len(batches) == 4
    others: list[list[bytes]] = [
        *(batches[:number] + batches[number + 1 :] for number in range(4)),
        *([*batches[:number], batches[number], *batches[number:]] for number in range(4)),
        [batches[0], batches[2], batches[1], batches[3]],
        [batches[0], batches[1], batches[3], batches[2]],
    ]
    for other in others:
        written.write_bytes(b"".join(other))
        refused(written)


def test_a_batch_of_another_journal(tmp_path: Path, written: Path) -> None:
    """A batch that fits its own seal, but was written in another journal, is found."""
    other = tmp_path / "other.journal"
    with closing(Journal(other, "journal 1 other test 000000", ignore)) as journal:
        for batch in BATCHES:
            journal.append(batch)
    written.write_bytes(b"".join(batches_of(written)[:3] + batches_of(other)[3:]))
    refused(written)


def test_forged_numbers(path: Path) -> None:
    """Numbers that don't count on are found even in a batch with a seal of its own."""
    with closing(opened(path)) as journal:
        journal.append([Entry(1, "first")])
        forged = journal.end._replace(tokens=5)
        journal.end = forged
        journal.append([Entry(1, "sixth")])
    assert "count on from token 1" in refused(path)


def test_forged_counts(path: Path) -> None:
    """A seal that has another count than its entries make is found even when it fits."""
    with closing(opened(path)) as journal:
        journal.append([Entry(1, "first")])
        start = journal.end
        body = b"000000000001 1 second\n= 000000000003 "
        seal = plain(start.seal.encode() + body)
    path.write_bytes(path.read_bytes() + body + seal.encode() + b"\n")
    assert "count on from token 1" in refused(path)


def test_no_mark(written: Path) -> None:
    """A journal without its mark isn't trusted to be whole."""
    mark_of(written).unlink()
    assert "its mark is gone" in refused(written)


def test_an_older_journal(written: Path) -> None:
    """An older journal put back beside the newer mark is found."""
    older = written.read_bytes()
    with closing(opened(written)) as journal:
        journal.append([Entry(1, "ninth")])
    written.write_bytes(older)
    assert "one of them is older" in refused(written)


def test_a_mark_of_another_journal(tmp_path: Path, written: Path) -> None:
    """A mark that stood beside another journal is found."""
    other = tmp_path / "other.journal"
    with closing(Journal(other, HEADING, ignore)) as journal:
        journal.append([Entry(8, "x" * 256)])
    mark_of(written).write_bytes(mark_of(other).read_bytes())
    refused(written)


@pytest.mark.parametrize("content", [b"\n", b"hello", b"= 0\n", b"000000000000 0 journal 2\n", bytes(5)])
def test_not_a_journal(path: Path, content: bytes) -> None:
    """A file that is something else is left as it is."""
    path.write_bytes(content)
    assert "no journal" in refused(path) or "seal" in refused(path)


# ---------------------------------------------------------------------------------------------- broken off, not altered


def test_broken_off_while_written(written: Path) -> None:
    """What a crash leaves of a batch, wherever it breaks off, was never answered: it is cut off, and nothing else."""
    marked, before = mark_of(written).read_bytes(), written.read_bytes()
    with closing(opened(written)) as journal:
        journal.append([Entry(1, "ninth"), Entry(1, "tenth")])
    after = written.read_bytes()
    for size in range(len(before), len(after) + 1):
        written.write_bytes(after[:size])
        mark_of(written).write_bytes(marked)
        with closing(opened(written)) as journal:
            assert journal.end.tokens == (10 if size == len(after) else 8)
            assert journal.append([Entry(1, "next")]) == journal.end.tokens - 1
        opened(written).close()


def test_broken_off_when_it_was_made(path: Path) -> None:
    """A journal that a crash left unfinished when it was made is made again."""
    opened(path).close()
    whole, mark = path.read_bytes(), mark_of(path).read_bytes()
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        mark_of(path).write_bytes(b"")
        opened(path).close()
        assert (path.read_bytes(), mark_of(path).read_bytes()) == (whole, mark)


def test_altered_behind_the_mark(written: Path) -> None:
    """A whole batch that doesn't fit its seal is found behind the mark as well."""
    mark = mark_of(written).read_bytes()
    with closing(opened(written)) as journal:
        journal.append([Entry(1, "ninth")])
    content = written.read_bytes().replace(b"ninth", b"tenth")
    written.write_bytes(content)
    mark_of(written).write_bytes(mark)
    assert "seal" in refused(written)


def test_all_behind_the_mark_is_written_again(written: Path) -> None:
    """Batches behind an old mark are taken in, and the mark goes on to the end."""
    mark, end = mark_of(written).read_bytes(), written.read_bytes()
    with closing(opened(written)) as journal:
        journal.append([Entry(1, "ninth")])
        journal.append([Entry(1, "tenth")])
    content, newest = written.read_bytes(), mark_of(written).read_bytes()
    mark_of(written).write_bytes(mark)
    opened(written).close()
    assert (written.read_bytes(), mark_of(written).read_bytes()) == (content, newest)
    assert content.startswith(end)


# ----------------------------------------------------------------------------------------------------- while it is open


@pytest.fixture
def journal(written: Path) -> Iterator[Journal]:
    """A journal of three batches, open."""
    with closing(opened(written)) as journal:
        yield journal


def test_one_at_a_time(journal: Journal, written: Path) -> None:
    """A journal that is open is not opened a second time; its name is told."""
    with pytest.raises(ModuleBusyError, match=r"another process works with tested\.journal"):
        opened(written)
    journal.close()
    opened(written).close()


def test_one_at_a_time_by_any_path(journal: Journal, tmp_path: Path, written: Path) -> None:
    """Nor is it by another path: the file itself is locked, not its name."""
    assert journal.files
    linked = tmp_path / "linked.journal"
    linked.symlink_to(written)
    with pytest.raises(ModuleBusyError):
        opened(linked)


def test_kept_by_two(journal: Journal) -> None:
    """A thread that waited for the disk before another one doesn't put the mark back behind what that one answered."""
    begun, may_go_on = Event(), Event()

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is Mark.write.__code__:
            begun.set()
            may_go_on.wait()

    def keep_slowly() -> None:
        sys.setprofile(profile)
        journal.keep(journal.end)

    journal.append([Entry(1, "one")])
    with ThreadPoolExecutor(2) as others:
        slow = others.submit(keep_slowly)
        begun.wait()
        journal.append([Entry(1, "another")])
        fast = others.submit(journal.keep, journal.end)
        wait([fast], timeout=0.3)
        may_go_on.set()
        slow.result()
        fast.result()
    assert journal.require_open().mark.read() == journal.end


def test_closed(journal: Journal) -> None:
    """A closed journal takes nothing and shows nothing; closing it twice does nothing."""
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="not open"):
        journal.append([Entry(1, "ninth")])
    with pytest.raises(JournalError, match="not open"):
        next(journal.batches(0))


DISTURBANCES: dict[str, Callable[[Path], object]] = {
    "removed": lambda path: path.unlink(),
    "replaced": lambda path: (
        path.with_name("copy").write_bytes(path.read_bytes()),
        path.with_name("copy").replace(path),
    ),
    "added to": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "cut off": lambda path: os.truncate(path, path.stat().st_size - 1),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_disturbed(journal: Journal, written: Path, name: str) -> None:
    """A journal that is removed, replaced or changed while it is open takes nothing more."""
    DISTURBANCES[name](written)
    for words in ("removed or changed", "not open"):
        with pytest.raises(JournalError, match=words):
            journal.append([Entry(1, "ninth")])


@pytest.mark.parametrize("name", DISTURBANCES)
def test_looked_at(journal: Journal, written: Path, name: str) -> None:
    """Whoever looks at a journal that is as it has to be may go on; one that isn't is told before anything is asked."""
    journal.check()
    DISTURBANCES[name](written)
    with pytest.raises(JournalError, match="removed or changed"):
        journal.check()


def test_altered_while_open(journal: Journal, written: Path) -> None:
    """A byte that changes on the disk while a journal is open is found when it is read."""
    content = written.read_bytes()
    written.write_bytes(content.replace(b"second", b"SECOND"))
    assert next(journal.batches(0)).start.tokens == 0
    with pytest.raises(JournalError, match="don't fit their seal"):
        next(journal.batches(1))


def test_sealed_off_while_open(journal: Journal, written: Path) -> None:
    """A batch whose seal is gone is found when it is read, and the journal takes nothing more."""
    content = written.read_bytes()
    place = content.rindex(b"= ")
    written.write_bytes(content[:place] + b"-" + content[place + 1 :])
    with pytest.raises(JournalError, match="from byte"):
        next(journal.batches(4))
    with pytest.raises(JournalError, match="not open"):
        journal.append([Entry(1, "ninth")])
