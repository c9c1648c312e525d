"""Disks that are full, that may not be written, and folders that are none."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.db.program import begin, finish
from tests.security.support import KEYS, expected, requests, tokens_of
from tests.security.test_journal import HEADING, mark_of, opened
from umbane.security import JournalError, Realm, Vault, open_software_module
from umbane.security.chain import Entry
from umbane.security.journal import Journal
from umbane.security.software import SoftwareModule

UNSHARE = shutil.which("unshare") or ""
NOBODY = 65534

PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from tests.security.crash import opened
from tests.security.support import requests
from umbane.security import JournalError

DISK = Path(sys.argv[1])

async def main():
    module, answered = opened(DISK), {}
    with (DISK / "ballast").open("wb") as ballast:
        free = os.statvfs(DISK)
        os.posix_fallocate(ballast.fileno(), 0, free.f_bavail * free.f_frsize - 40_000)
    while True:
        asked = requests(100)
        try:
            answers = await module.issue(asked)
        except JournalError as error:
            print(error)
            break
        answered |= {one.id: answer for one, answer in zip(asked, answers)}
    try:
        await module.fetch(list(answered))
    except JournalError as error:
        print(error)
    module.close()
    (DISK / "ballast").unlink()
    module = opened(DISK)
    print(await module.fetch(list(answered)) == answered, (await module.status()).count - len(answered))
    print((await module.issue(asked))[-1].first - len(answered))
    module.close()
    os.system(f"mount -o remount,ro {DISK}")
    try:
        opened(DISK)
    except JournalError as error:
        print(error)

asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0 or not UNSHARE, reason="only root makes a small disk")
def test_full_disk(tmp_path: Path) -> None:
    """On a full disk nothing is answered any more until the module is opened again; what was answered is there."""
    mount = 'mount -t tmpfs -o size=1m,mode=711 tmpfs "$0" && exec "$@"'
    inside = [UNSHARE, "--mount", "/bin/sh", "-c", mount, str(tmp_path)]
    if subprocess.run([*inside, "/bin/true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    assert finish(begin(PROGRAM, tmp_path, before=inside)).splitlines() == [
        "tested.journal can't be used: No space left on device; nothing is issued without it",
        "tested.journal is not open here: nothing is issued without it; open the module again",
        "True 0",
        "99",
        "tested.journal can't be used: Read-only file system; nothing is issued without it",
    ]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: the system refuses as it does when a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 50, 94, 95, 188])
def test_no_room_for_a_batch(tmp_path: Path, room: int) -> None:
    """Wherever the room ends in a batch, it isn't written, the journal takes nothing more, and it opens again."""
    path = tmp_path / "tested.journal"
    with closing(opened(path)) as journal:
        journal.append([Entry(1, "first")])
        before = journal.end
        with largest_file(before.size + room), pytest.raises(JournalError, match="can't be used: File too large"):
            journal.append([Entry(1, "second"), Entry(1, "third" * 20)])
        with pytest.raises(JournalError, match="not open"):
            journal.append([Entry(1, "second")])
    assert path.stat().st_size == before.size + room
    with closing(opened(path)) as journal:
        assert journal.end == before
        assert journal.append([Entry(1, "second")]) == 1
    assert path.stat().st_size == journal.end.size


async def test_module_without_room(tmp_path: Path) -> None:
    """A module that can't write answers nothing to anybody until it is opened again; then all is as it was."""
    asked, more = requests(40), requests(40, units=500)
    with closing(SoftwareModule("tested", tmp_path, Vault(Realm.TEST, KEYS.values()))) as module:
        answers = await module.issue(asked)
        with largest_file(module.core.journal.end.size + 1000), pytest.raises(JournalError, match="File too large"):
            await module.issue(more)
        for call in (module.issue(asked), module.issue(more), module.fetch([asked[0].id]), module.status()):
            with pytest.raises(JournalError, match="not open"):
                await call
        with pytest.raises(JournalError, match="not open"):
            assert [record async for record in module.since(0)] == []
    async with open_software_module("tested", tmp_path, Vault(Realm.TEST, KEYS.values())) as module:
        assert await module.issue(asked) == answers
        assert await module.fetch([one.id for one in more]) == {}
        assert tokens_of(await module.issue(more)) == [expected(one) for one in more]
        assert (await module.status()).count == 80


def test_disk_that_fails(tmp_path: Path) -> None:
    """When the disk doesn't confirm what was written, the mark stays where it was and nothing more is written."""
    journal = opened(tmp_path / "tested.journal")
    journal.append([Entry(1, "first")])
    journal.keep(journal.end)
    files, marked = journal.files, mark_of(tmp_path / "tested.journal").read_bytes()
    assert files
    reader, writer = os.pipe()  # which no disk is behind
    journal.append([Entry(1, "second")])
    journal.files = files._replace(journal=writer)
    with pytest.raises(JournalError, match="can't be used: Invalid argument"):
        journal.keep(journal.end)
    journal.files = files
    for act in (lambda: journal.append([Entry(1, "third")]), lambda: journal.keep(journal.end)):
        with pytest.raises(JournalError, match="not open"):
            act()
    journal.close()
    os.close(reader)
    os.close(writer)
    assert mark_of(tmp_path / "tested.journal").read_bytes() == marked
    with closing(opened(tmp_path / "tested.journal")) as again:
        assert again.end.tokens == 2


# --------------------------------------------------------------------------------------------------- not to be written


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, if one has them."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter, but only its owner may write to."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def test_read_only_folder(public: Path) -> None:
    """A journal isn't made where nobody may write."""
    public.chmod(0o511)
    with as_nobody(), pytest.raises(JournalError, match=r"tested\.journal can't be used: Permission denied"):
        opened(public / "tested.journal")
    assert list(public.iterdir()) == []


@pytest.mark.parametrize("which", ["journal", "mark"])
def test_read_only_file(public: Path, which: str) -> None:
    """A journal that may not be written isn't opened, and neither is one whose mark may not be; nothing is locked."""
    path = public / "tested.journal"
    opened(path).close()
    for file in (path, mark_of(path)):
        file.chmod(0o666)
    {"journal": path, "mark": mark_of(path)}[which].chmod(0o444)
    with as_nobody(), pytest.raises(JournalError, match="Permission denied"):
        opened(path)
    opened(path).close()


@pytest.mark.parametrize("name", ["tested.journal", "tested.mark"])
def test_folder_in_its_place(tmp_path: Path, name: str) -> None:
    """A folder where a file should be is no journal and no mark."""
    (tmp_path / name).mkdir()
    with pytest.raises(JournalError, match="Is a directory"):
        opened(tmp_path / "tested.journal")


def test_file_in_the_folders_place(tmp_path: Path) -> None:
    """A file where the folder should be holds no journal."""
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(JournalError, match=r"tested\.journal can't be used: (Not a directory|File exists)"):
        opened(tmp_path / "folder" / "tested.journal")


def test_watcher_that_fails(tmp_path: Path) -> None:
    """Whatever goes wrong while a journal is opened, it is not left locked."""

    def fail(_batch: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Journal(tmp_path / "tested.journal", HEADING, fail)
    opened(tmp_path / "tested.journal").close()


def test_module_on_a_broken_disk(tmp_path: Path) -> None:
    """A module whose journal can't be opened isn't made."""
    (tmp_path / "tested.journal").mkdir()
    with pytest.raises(JournalError):
        SoftwareModule("tested", tmp_path, Vault(Realm.TEST, KEYS.values()))
