"""The module in software, in this process."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest

from tests.security.contract import ModuleContract
from tests.security.support import (
    DES_KEY,
    GROUP,
    KEY,
    KEYS,
    NEXT,
    change,
    expected,
    reasons,
    request,
    requests,
    tokens_of,
)
from tests.security.test_vault import OWN
from umbane.security import (
    Issued,
    JournalError,
    KeyClashError,
    ModuleNameError,
    ModuleStatus,
    Realm,
    RealmError,
    RealmKey,
    Refused,
    SecurityModule,
    UnknownKeyError,
    UnsupportedError,
    Vault,
    open_software_module,
    published_key,
)
from umbane.security.core import ModuleCore
from umbane.security.index import Index
from umbane.security.software import SoftwareModule
from umbane.sts import KEN, KRN, SAMPLE_TABLES, KeyExpiredError, StaTables

OTHER_KEY = RealmKey(Realm.TEST, OWN)
"""Another one of the name of KEY."""


def vault(*keys: RealmKey) -> Vault:
    """A vault of these keys, or of all."""
    return Vault(Realm.TEST, keys or KEYS.values())


class Software:
    """A software module in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> AbstractAsyncContextManager[SecurityModule]:
        """Open it."""
        return open_software_module("tested", self.folder, vault())


class TestSoftwareModule(ModuleContract):
    """It keeps the contract."""

    @pytest.fixture
    def kind(self, tmp_path: Path) -> Callable[[], Software]:
        """Modules, each in a folder of its own."""
        numbers = count()
        return lambda: Software(tmp_path / str(next(numbers)))


# -------------------------------------------------------------------------------------------------------- what it takes


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a/b", "-a", "a.b", "a" * 41, "ä", "a\n", "a\0"])
def test_names(tmp_path: Path, name: str) -> None:
    """A module is called by a name that a file can have, in no other folder; nothing is made for another one."""
    with pytest.raises(ModuleNameError) as caught:
        SoftwareModule(name, tmp_path, vault())
    assert caught.value.field == "module name"
    assert list(tmp_path.iterdir()) == []


def test_production(tmp_path: Path) -> None:
    """A module in software takes no production keys, and makes no journal for them."""
    for keys in ([], [RealmKey(Realm.PRODUCTION, OWN)]):
        with pytest.raises(RealmError, match="test keys only"):
            SoftwareModule("tested", tmp_path, Vault(Realm.PRODUCTION, keys))
    assert list(tmp_path.iterdir()) == []


async def test_no_identity(tmp_path: Path) -> None:
    """A module in this process signs nothing: anybody could say that he was it."""
    async with open_software_module("tested", tmp_path, vault()) as module:
        with pytest.raises(UnsupportedError, match="no identity"):
            await module.attest(b"challenge")


async def test_in_this_process(tmp_path: Path) -> None:
    """A module in this process says so, and how many keys it has now."""
    keys = vault(published_key(GROUP, KRN(1)))
    async with open_software_module("a-1", tmp_path, keys) as module:
        assert module.external is False
        assert (await module.status()).name == "a-1"
        assert reasons(await module.issue([request(key=NEXT)])) == {0: UnknownKeyError}
        keys.add(published_key(GROUP, KRN(2)))
        assert (await module.status()).keys == 2
        asked = request(key=NEXT)
        assert tokens_of(await module.issue([asked])) == [expected(asked)]


# ------------------------------------------------------------------------------------------------- whose journal it is


def test_journal_of_production(tmp_path: Path) -> None:
    """A production journal isn't continued with test keys, nor the other way round."""
    ModuleCore("tested", tmp_path, Vault(Realm.PRODUCTION), SAMPLE_TABLES).close()
    with pytest.raises(RealmError, match="production"):
        SoftwareModule("tested", tmp_path, vault())
    SoftwareModule("other", tmp_path, vault()).close()
    with pytest.raises(RealmError, match="production"):
        ModuleCore("other", tmp_path, Vault(Realm.PRODUCTION), SAMPLE_TABLES)


def test_journal_of_another_module(tmp_path: Path) -> None:
    """A journal under another module's name is refused, and stays free for its own."""
    SoftwareModule("tested", tmp_path, vault()).close()
    for suffix in ("journal", "mark"):
        shutil.copy(tmp_path / f"tested.{suffix}", tmp_path / f"other.{suffix}")
    for _ in range(2):
        with pytest.raises(JournalError, match="journal 1 tested test"):
            SoftwareModule("other", tmp_path, vault())
    SoftwareModule("tested", tmp_path, vault()).close()


def test_journal_of_other_tables(tmp_path: Path) -> None:
    """A journal whose tokens were made with other EA07 tables is refused: the same digits wouldn't come again."""
    permutation = (*SAMPLE_TABLES.permutation[1:], SAMPLE_TABLES.permutation[0])
    turned = StaTables("sample", SAMPLE_TABLES.substitution1, SAMPLE_TABLES.substitution2, permutation)
    SoftwareModule("tested", tmp_path, vault()).close()
    with pytest.raises(KeyClashError):
        SoftwareModule("tested", tmp_path, vault(), tables=turned)
    SoftwareModule("tested", tmp_path, vault()).close()


# ------------------------------------------------------------------------------------------ the same digits, or none


async def test_another_key_when_opened(tmp_path: Path) -> None:
    """A module isn't opened with another key under a name that it made tokens with."""
    async with open_software_module("tested", tmp_path, vault()) as module:
        await module.issue([request()])
    for _ in range(2):
        with pytest.raises(KeyClashError, match="another KRN"):
            SoftwareModule("tested", tmp_path, vault(OTHER_KEY))
    async with open_software_module("tested", tmp_path, vault()) as module:
        assert (await module.status()).count == 1


async def test_another_key_later(tmp_path: Path) -> None:
    """Nor does it use one that it is given later, neither for the old tokens nor for new ones."""
    asked, changed = request(), change(key=NEXT, new=KEY)
    async with open_software_module("tested", tmp_path, vault()) as module:
        await module.issue([asked])
    keys = vault(published_key(GROUP, KRN(2)))
    async with open_software_module("tested", tmp_path, keys) as module:
        keys.add(OTHER_KEY)
        assert reasons(await module.issue([asked, request()])) == {0: KeyClashError, 1: KeyClashError}
        assert reasons(await module.change_keys([changed])) == {0: KeyClashError}
        answer = (await module.fetch([asked.id]))[asked.id]
        assert isinstance(answer, Refused)
        assert isinstance(answer.reason, KeyClashError)
        assert (await module.status()).count == 1


async def test_a_key_that_is_gone(tmp_path: Path) -> None:
    """What was made with a key that is gone can't be shown again, but it is still counted and told."""
    asked, other = request(), request(key=DES_KEY)
    async with open_software_module("tested", tmp_path, vault()) as module:
        answers = await module.issue([asked, other])
    async with open_software_module("tested", tmp_path, vault(KEYS[DES_KEY[:3]])) as module:
        found = await module.fetch([asked.id, other.id])
        assert found[other.id] == answers[1]
        assert reasons([found[asked.id]]) == {0: UnknownKeyError}
        assert [record.request async for record in module.since(0)] == [asked, other]
    async with open_software_module("tested", tmp_path, vault()) as module:
        assert (await module.fetch([asked.id]))[asked.id] == answers[0]


async def test_a_key_that_expired(tmp_path: Path) -> None:
    """A token beyond an expiry that its key got later is not shown again: no meter takes it."""
    asked = request()
    async with open_software_module("tested", tmp_path, vault()) as module:
        await module.issue([asked])
    async with open_software_module("tested", tmp_path, vault(published_key(GROUP, KRN(1), ken=KEN(0)))) as module:
        assert reasons(await module.issue([asked])) == {0: KeyExpiredError}


async def test_each_key_is_noted_once(tmp_path: Path) -> None:
    """The journal has the check value of each key from its first token on, and only once."""
    for _ in range(2):
        async with open_software_module("tested", tmp_path, vault()) as module:
            await module.issue(requests(3))
            await module.change_keys([change(), change(key=DES_KEY, new=KEY)])
            await module.issue([request(key=NEXT)])
    words = [line.split()[2:] for line in (tmp_path / "tested.journal").read_text().splitlines() if " key " in line]
    assert [name for _, *name, _ in words] == [["123456", "1", "2"], ["123456", "2", "2"], ["600675", "1", "2"]]


def test_ids_with_equal_halves(tmp_path: Path) -> None:
    """Ids whose lower halves are equal, as the index has them, are told apart by the journal."""
    core = ModuleCore("tested", tmp_path, vault(), SAMPLE_TABLES)
    core.index = Index(full=2)
    asked = [one._replace(id=UUID(int=row << 64 | 5)) for row, one in enumerate(requests(50))]
    answers = [answer for one in asked for answer in core.issue([one])]
    assert core.issue(asked) == answers
    assert core.fetch([one.id for one in asked]) == dict(zip([one.id for one in asked], answers, strict=True))
    assert core.fetch([UUID(int=99 << 64 | 5)]) == {}
    assert core.issue([asked[3]._replace(id=UUID(int=51 << 64 | 5))])[0] == Issued(50, expected(asked[3]))
    core.close()


# ----------------------------------------------------------------------------------------------------- first the disk


async def until(done: Callable[[], bool]) -> None:
    """Let others work until something is done."""
    while not done():
        await asyncio.to_thread(done)


async def test_no_answer_before_the_disk(tmp_path: Path) -> None:
    """Tokens are made and written while the disk is slow, but nobody hears of them until they are on it."""
    module, disk = SoftwareModule("tested", tmp_path, vault()), Event()
    module.keeper.submit(disk.wait)  # a disk that takes its time
    asked = requests(6)
    calls = [asyncio.create_task(module.issue([one])) for one in asked]
    await until(lambda: module.core.journal.end.tokens == len(asked))
    others = [asyncio.create_task(module.fetch([asked[0].id])), asyncio.create_task(module.status())]
    answers, _ = await asyncio.to_thread(module.worker.submit(lambda: (module.core.issue(asked), None)).result)
    assert not any(call.done() for call in (*calls, *others))
    assert module.core.journal.kept.tokens == 0
    disk.set()
    assert [answer for call in calls for answer in await call] == answers
    assert [type(await other) for other in others] == [dict, ModuleStatus]
    assert module.core.journal.kept.tokens == len(asked)
    module.close()


async def test_failure_before_the_disk(tmp_path: Path) -> None:
    """What was written but is not on the disk yet when the journal fails is answered to nobody."""
    module, disk = SoftwareModule("tested", tmp_path, vault()), Event()
    answered = await module.issue(requests(1))
    module.keeper.submit(disk.wait)
    calls = [asyncio.create_task(module.issue(requests(1))) for _ in range(3)]
    await until(lambda: module.core.journal.end.tokens == 4)
    (tmp_path / "tested.journal").unlink()
    with pytest.raises(JournalError, match="removed"):
        module.core.issue(requests(1))
    disk.set()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, JournalError)
    assert tokens_of(answered)
    module.close()


# -------------------------------------------------------------------------------------------------------------- its end


async def test_closed(tmp_path: Path) -> None:
    """A closed module answers nobody, and closing it twice does nothing."""
    module = SoftwareModule("tested", tmp_path, vault())
    await module.issue(requests(1))
    module.close()
    module.close()
    for call in (module.issue([]), module.change_keys([]), module.fetch([]), module.status()):
        with pytest.raises(JournalError, match="not open"):
            await call


async def test_closed_in_the_middle(tmp_path: Path) -> None:
    """To close a module is to wait for what was begun."""
    asked = requests(60)
    module = SoftwareModule("tested", tmp_path, vault())
    calls = [asyncio.create_task(module.issue([one])) for one in asked]
    await asyncio.sleep(0)
    await asyncio.to_thread(module.close)
    answers = [answer for (answer,) in await asyncio.gather(*calls)]
    async with open_software_module("tested", tmp_path, vault()) as again:
        assert await again.issue(asked) == answers


def test_any_loop(tmp_path: Path) -> None:
    """A module serves one event loop after the other."""
    module = SoftwareModule("tested", tmp_path, vault())
    asked = requests(2)
    answers = [asyncio.run(module.issue(asked)) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    module.close()


async def test_a_short_call_while_the_thread_works(tmp_path: Path) -> None:
    """A few requests wait for a call that the module's thread is at, and disturb it in nothing."""
    module, going_on, may_end = SoftwareModule("tested", tmp_path, vault()), Event(), Event()

    def slow() -> int:
        going_on.set()
        may_end.wait()
        return module.core.journal.end.tokens

    long = asyncio.create_task(module.run(slow))
    await asyncio.to_thread(going_on.wait)
    short = asyncio.create_task(module.issue(requests(3)))
    await asyncio.to_thread(bool)  # meanwhile it has begun
    assert module.core.journal.end.tokens == 0
    may_end.set()
    assert await long == 0
    assert len(await short) == 3
    module.close()
