"""Where key bytes must not be: on the disk, in what a module says, in what it leaves behind, and in memory once sealed.

The search sees a process as somebody with every right on the machine does. Where the tests run without that right, the
system refuses the search itself, and that is the promise then.
"""

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.db.program import begin, finish
from tests.project.tree import ROOT
from tests.security.process.support import CHEAP, PEOPLE
from tests.security.process.test_host import CENTRE, file_of, grant
from tests.security.support import requests, tokens_of
from umbane.security import JournalError, Realm, RealmKey
from umbane.security.process.founding import found_module
from umbane.security.process.hardening import Hardened, may_lock
from umbane.security.process.host import Host
from umbane.security.process.keystore import KeyStore
from umbane.security.process.remote import Place, open_remote_module

SERVE = "from umbane.cli import main; main()"
SECRET = bytes.fromhex("f00dcafe5eed0badbeefd00dfeedface12345678")
"""A vending key of no published name."""
WRONG = "some other words"
PART = 6
"""Bytes of a secret that count as a part of it, in what is written."""


class Running(NamedTuple):
    """A module's process."""

    process: subprocess.Popen[str]
    folder: Path
    place: Place
    said: list[str]

    def await_ready(self) -> None:
        """Read what it says until it is ready."""
        assert self.process.stderr
        while not self.said or not self.said[-1].startswith("It is sealed"):
            self.said.append(self.process.stderr.readline())
            assert self.said[-1], self.said
        self.said.append("")


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """A module that is served by the program that people start, in an empty folder with an empty one for its files."""
    (folder / "temporary").mkdir()
    found_module(folder / "m", "shop", Realm.TEST, PEOPLE, 2, centre=CENTRE.card, cost=CHEAP)
    words = "module", "serve", folder / "m"
    process = begin(f"import os; os.chdir({str(folder)!r}); {SERVE}", *words, TMPDIR=str(folder / "temporary"))
    try:
        it = Running(process, folder / "m", Place(folder / "m" / "socket"), [])
        it.await_ready()
        yield it
    finally:
        process.kill()
        it.said.append("".join(process.communicate()))


async def worked(it: Running) -> None:
    """Unseal it, load a key, and make tokens."""
    held = RealmKey(Realm.TEST, replace(grant().key, secret=SECRET))
    card = KeyStore.read((it.folder / "module.keys").read_bytes()).card
    async with open_remote_module(it.place, patience=60) as module:
        for name in ("ada", "ben"):
            await module.unseal(name, PEOPLE[name])
        await module.load(file_of(card, 1, replace(grant(), held=held)))
        tokens_of(await module.issue(requests(5)))


def secrets(folder: Path) -> list[bytes]:
    """What must not be seen: the vending key, the module's own seed, the master key and the passphrases."""
    store = KeyStore.read((folder / "module.keys").read_bytes())
    master = store.custody.master({name: store.custody.key(name, PEOPLE[name]) for name in ("ada", "ben")})
    seed = store.contents(master).seed
    return [SECRET, master, seed[:32], seed[32:], *(words.encode() for words in PEOPLE.values())]


def seen_in_memory(process: int, wanted: list[bytes]) -> set[bytes]:
    """Those of some secrets that are in the memory of a process, all of which is looked at."""
    found = set()
    with Path(f"/proc/{process}/maps").open() as maps, Path(f"/proc/{process}/mem").open("rb", 0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) (r)", line)
            if not area or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            start, end = int(area[1], 16), int(area[2], 16)
            memory.seek(start)
            try:
                content = memory.read(end - start)
            except OSError:
                continue
            found |= {secret for secret in wanted if secret in content}
    return found


def core_limit(process: int) -> tuple[int, int]:
    """How large a core of a process may become."""
    return resource.prlimit(process, resource.RLIMIT_CORE)


def names_in(folder: Path) -> set[str]:
    """What is in a folder."""
    return {path.name for path in folder.iterdir()}


def everything_in(folder: Path) -> bytes:
    """All files of a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def status_of(process: int, name: str) -> str:
    """What the system says of a process's memory."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


async def test_memory(tmp_path: Path) -> None:
    """While a module works its key is in its memory and not swapped, or it said so; sealed, it has no secret there."""
    with running(tmp_path) as it:
        await worked(it)
        wanted = secrets(it.folder)
        may_be_swapped = any("may be swapped" in line for line in it.said)
        assert may_be_swapped == (status_of(it.process.pid, "VmLck") == "0")
        assert may_be_swapped or status_of(it.process.pid, "VmSwap") == "0"
        try:
            assert SECRET in seen_in_memory(it.process.pid, wanted), "the search sees nothing"
        except PermissionError:
            pytest.skip("the system lets nobody look, which is what was asked of it")
        async with open_remote_module(it.place, patience=60) as module:
            await module.seal()
        it.await_ready()
        assert it.process.poll() is None
        assert seen_in_memory(it.process.pid, wanted) == set()


async def test_memory_after_a_refusal(tmp_path: Path) -> None:
    """A module that its custodians unsealed and that refuses to work has none of their secrets after that."""
    with running(tmp_path) as it:
        wanted = secrets(it.folder)
        (it.folder / "shop.mark").write_bytes(b"something else")
        async with open_remote_module(it.place, patience=60) as module:
            await module.unseal("ada", PEOPLE["ada"])
            with pytest.raises(JournalError):
                await module.unseal("ben", PEOPLE["ben"])
        it.await_ready()
        try:
            assert seen_in_memory(it.process.pid, wanted) == set()
        except PermissionError:
            pytest.skip("the system lets nobody look, which is what was asked of it")


async def test_left_behind(tmp_path: Path) -> None:
    """A module that crashes leaves no core, no temporary file, and no secret on the disk or in what it said."""
    with running(tmp_path) as it:
        await worked(it)
        wanted = secrets(it.folder)
        assert core_limit(it.process.pid) == (0, 0)
        it.process.send_signal(signal.SIGSEGV)
        assert it.process.wait() == -signal.SIGSEGV
    assert names_in(tmp_path) == {"m", "temporary"}
    assert names_in(tmp_path / "temporary") == set()
    content = everything_in(tmp_path) + "".join(it.said).encode()
    assert b"shop" in content
    for secret in wanted:
        for part in (secret[:PART], secret[-PART:]):
            assert not any(text in content for text in (part, part.hex().encode(), part.hex().upper().encode()))


def test_errors(tmp_path: Path) -> None:
    """What goes wrong with keys at hand is told without them: a clash, an old file, another master key, a slip."""
    found_module(tmp_path / "m", "shop", Realm.TEST, PEOPLE, 2, centre=CENTRE.card, cost=CHEAP)
    held = RealmKey(Realm.TEST, replace(grant().key, secret=SECRET))
    other = RealmKey(Realm.TEST, replace(grant().key, secret=SECRET[::-1]))
    with closing(Host(tmp_path / "m")) as host:
        for name in ("ada", "ben"):
            host.give(name, PEOPLE[name])
        card = host.store.card
        host.load(file_of(card, 1, replace(grant(), held=held)))
        said = []

        def slip() -> None:
            host.seal()
            host.give("ada", WRONG)

        for act in (
            lambda: host.load(file_of(card, 2, replace(grant(), held=other))),
            lambda: host.load(file_of(card, 1)),
            lambda: host.store.contents(SECRET + bytes(12)),
            slip,
        ):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
                act()
            said.append(repr(caught.getrepr(showlocals=False, style="native")))
    shown = "\n".join(said)
    assert len(said) == 4
    assert not any(text in shown for text in (SECRET.hex(), SECRET[::-1].hex(), repr(SECRET)[2:-1], WRONG))


COLLECTING = """
import gc
from umbane.security.process.serving import collect_seldom
before = gc.get_threshold()
collect_seldom()
print(gc.get_freeze_count() > 10_000, gc.get_threshold() > before, gc.isenabled())
"""


def test_collecting(tmp_path: Path) -> None:
    """What a module's process starts with is never looked through for garbage again, and the rest seldom, but it is."""
    assert finish(begin(COLLECTING, tmp_path)) == "True True True"


AGAIN = """
import sys
from pathlib import Path
Path("json.py").write_text("print('planted')")
from umbane.security.process.hardening import start_again
print("once" if len(sys.argv) < 3 else "again", flush=True)
sys.orig_argv.append("x")
if len(sys.argv) < 3: start_again()
import json
"""


def test_started_again(tmp_path: Path) -> None:
    """To seal it, the program is started as it was at first: nobody gets a file of theirs in by the folder it is in."""
    begun = subprocess.run(
        [sys.executable, "-P", "-c", AGAIN, "word"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert begun.stdout.split() == ["once", "again"]


HARDENED = """
import ctypes
from umbane.security.process.hardening import harden, may_lock
done = harden()
locked = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmLck"))
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), done.no_core, done.private, done.locked == (locked != "0"))
print(len(done.lacking()))
"""


def test_hardened(tmp_path: Path) -> None:
    """The system was told that nobody may look into the process, and says so; what couldn't be done is named."""
    dumpable, *done, lacking = finish(begin(HARDENED, tmp_path)).split()
    assert dumpable == "0"
    assert done == ["True"] * 3
    assert int(lacking) in {0, 1}
    assert len(Hardened(no_core=False, private=False, locked=False).lacking()) == 3
    assert isinstance(may_lock(), bool)


def test_the_search_finds(tmp_path: Path) -> None:
    """The search sees a secret wherever it is in a process, so that it proves something when it sees none."""
    program = "import sys; kept = bytes.fromhex(sys.stdin.readline()); print('kept', flush=True); sys.stdin.read()"
    process = begin(program, tmp_path)
    assert process.stdin
    assert process.stdout
    process.stdin.write(SECRET.hex() + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "kept\n"
    try:
        assert seen_in_memory(process.pid, [SECRET, os.urandom(20)]) == {SECRET}
    finally:
        process.communicate()
